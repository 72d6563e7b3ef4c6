"""Which engine a call is about, and what of the specs it must know beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from specrun.cli.exit_codes import WRONG_USAGE, Exit
from specrun.engines.base import Engine, Scope
from specrun.engines.registry import ENGINES
from specrun.plan.hashes import HashCache
from specrun.spec.model import Spec


def choose_engine(chosen: str | None, specs: Sequence[Spec]) -> str:
    """The name of the one engine that all the specs go to. Ends the command when there are several."""
    names = {chosen or spec.engine or "local" for spec in specs}
    if len(names) > 1:
        listed = ", ".join(sorted(names))
        raise Exit(WRONG_USAGE, f"the specs name several engines ({listed}): choose one with --engine")
    return names.pop()


def make_engine(name: str, home: Path, hashes: HashCache, scope: Scope) -> Engine:
    """The engine of this name. Ends the command when this specrun has none."""
    require_engine(name)
    return ENGINES[name](home, hashes, scope)


def require_engine(name: str) -> None:
    """End the command when this specrun has no such engine."""
    if name not in ENGINES:
        have = ", ".join(ENGINES)
        raise Exit(
            WRONG_USAGE, f"This specrun has no engine `{name}` (it has: {have}). Try `--engine local` on this machine."
        )


def scope_of(specs: Sequence[Spec]) -> Scope:
    """What an engine must know of the specs. Ends the command when they name several workspaces.

    Names of clusters and datastores mean something in one workspace only, and so does a plan.
    """
    named = {_coordinates(spec): spec for spec in specs if spec.workspace is not None}
    if len(named) > 1:
        listed = ", ".join(str(spec.workspace.get("name", spec.file)) for spec in named.values() if spec.workspace)
        raise Exit(WRONG_USAGE, f"the specs name several workspaces ({listed}): give those of one workspace at a time")
    experiments = {spec.name: spec.experiment for spec in specs}
    for spec in named.values():
        return Scope(spec.workspace, spec.folder, experiments)
    return Scope(experiments=experiments)


def _coordinates(spec: Spec) -> tuple[str, ...]:
    workspace = spec.workspace or {}
    if "from_config" in workspace:
        return (str((spec.folder / str(workspace["from_config"])).resolve()),)
    return tuple(str(workspace.get(name, "")).lower() for name in ("subscription_id", "resource_group", "name"))
