"""Azure Batch AI's job and cluster files, of all three versions of its service."""

from __future__ import annotations

from specrun.convert.batchai.importer import (
    BatchaiOptions,
    folder_imports,
    import_batchai,
    import_cluster,
    import_folder,
    write_parts,
)
from specrun.convert.batchai.kinds import kind_of

__all__ = [
    "BatchaiOptions",
    "folder_imports",
    "import_batchai",
    "import_cluster",
    "import_folder",
    "kind_of",
    "write_parts",
]
