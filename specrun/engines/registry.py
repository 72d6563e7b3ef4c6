"""The engines by name. An engine's module is imported when it is chosen, and not before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    from specrun.engines.base import Engine, Scope
    from specrun.plan.hashes import HashCache
    from specrun.spec.diagnostics import Path as SpecPath


def _local(home: Path, hashes: HashCache, scope: Scope) -> Engine:
    from specrun.engines.local.engine import LocalEngine

    return LocalEngine(home, hashes)


def _azureml(home: Path, hashes: HashCache, scope: Scope) -> Engine:
    from specrun.engines.azureml_v2.engine import AzureMLEngine

    return AzureMLEngine(home, hashes, scope)


def _azureml_v1(home: Path, hashes: HashCache, scope: Scope) -> Engine:
    from specrun.engines.azureml_v1.engine import AzureMLv1Engine

    return AzureMLv1Engine(home, hashes, scope)


Factory: TypeAlias = "Callable[[Path, HashCache, Scope], Engine]"

ENGINES: Mapping[str, Factory] = {"local": _local, "azureml": _azureml, "azureml-v1": _azureml_v1}

IN_WORKSPACES = frozenset({"azureml", "azureml-v1"})
"""Engines whose resources and runs live in a workspace."""

UNREAD: Mapping[str, tuple[SpecPath, ...]] = {
    "local": (
        ("workspace",),
        ("datastores",),
        ("compute", "network_settings"),
        ("compute", "ssh_settings"),
        ("compute", "identity"),
    ),
    "azureml-v1": (("job", "identity"), ("job", "resources", "instance_type")),
}
"""Fields that an engine never reads: an unset variable there stops nobody."""
