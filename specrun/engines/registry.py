"""Engines made: the one place where an engine's module is imported, when it is chosen and not before."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from specrun.engines.base import Scope
from specrun.engines.facts import ENGINES
from specrun.engines.reliable import Reliable
from specrun.plan.hashes import HashCache
from specrun.plan.resources import Place
from specrun.spec.errors import UsageError
from specrun.spec.model import Properties

THIS_MACHINE = "this machine"


def check_engine(name: str | None, hint: Callable[[str], str] = lambda _: "") -> None:
    """Raise UsageError when this specrun has no such engine; `hint` says which is meant ("": nobody knows)."""
    if name is not None and name not in ENGINES:
        meant = hint(name) or "Try `--engine local` on this machine."
        raise UsageError(f"This specrun has no engine `{name}` (it has: {', '.join(ENGINES)}). {meant}")


def find_place(engine: str, workspace: Properties | None) -> Place:
    """The place that a spec's `workspace` means to an engine."""
    facts = ENGINES[engine]
    if not facts.in_workspace:
        return Place(engine, title=THIS_MACHINE)
    place: Place = _imported(facts.find_place)(engine, workspace)
    return place


def surroundings(engine: str) -> str:
    """What a job without `environment` runs in, in words; "" where that is not of this machine."""
    name = ENGINES[engine].surroundings
    return str(_imported(name)()) if name else ""


def make_engine(place: Place, home: Path, hashes: HashCache, scope: Scope) -> Reliable:
    """The engine of a place; `home` is the state folder, `hashes` what the planner uses, too."""
    return Reliable(_imported(ENGINES[place.engine].factory)(place, home, hashes, scope))


def _imported(name: str) -> Any:
    module, _, member = name.partition(":")
    return getattr(import_module(module), member)
