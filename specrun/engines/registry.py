"""Engines made: the one place where an engine's module is imported, when it is chosen and not before."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from specrun.engines.base import Scope
from specrun.engines.facts import ENGINES
from specrun.engines.reliable import Reliable
from specrun.plan.hashes import HashCache
from specrun.plan.resources import Place
from specrun.spec.model import Properties

THIS_MACHINE = "this machine"


def find_place(engine: str, workspace: Properties | None) -> Place:
    """The place that a spec's `workspace` means to an engine."""
    if not ENGINES[engine].in_workspace:
        return Place(engine, title=THIS_MACHINE)
    from specrun.engines.azure.coordinates import place_of

    return place_of(engine, workspace)


def make_engine(place: Place, home: Path, hashes: HashCache, scope: Scope) -> Reliable:
    """The engine of a place; `home` is the state folder, `hashes` what the planner uses, too."""
    module, _, factory = ENGINES[place.engine].factory.partition(":")
    return Reliable(getattr(import_module(module), factory)(place, home, hashes, scope))
