"""The engines by name. An engine's module is imported when it is chosen, and not before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    from specrun.engines.base import Engine
    from specrun.plan.hashes import HashCache
    from specrun.spec.diagnostics import Path as SpecPath


def _local(home: Path, hashes: HashCache) -> Engine:
    from specrun.engines.local.engine import LocalEngine

    return LocalEngine(home, hashes)


Factory: TypeAlias = "Callable[[Path, HashCache], Engine]"

ENGINES: Mapping[str, Factory] = {"local": _local}

OTHER_ENGINES = frozenset({"azureml", "azureml-v1"}) - ENGINES.keys()
"""Names that a spec may give to engines which this specrun does not have."""

UNREAD: Mapping[str, tuple[SpecPath, ...]] = {
    "local": (
        ("workspace",),
        ("datastores",),
        ("compute", "network_settings"),
        ("compute", "ssh_settings"),
        ("compute", "identity"),
    ),
}
"""Fields that an engine never reads: an unset variable there stops nobody."""
