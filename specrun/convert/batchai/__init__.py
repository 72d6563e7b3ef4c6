"""Azure Batch AI's job and cluster files, of all three versions of its service."""

from __future__ import annotations

from specrun.convert.batchai.importer import (
    BatchaiOptions,
    folder_imports,
    import_batchai,
    import_cluster,
    kind_of,
    write_parts,
)

__all__ = [
    "BatchaiOptions",
    "folder_imports",
    "import_batchai",
    "import_cluster",
    "kind_of",
    "write_parts",
]
