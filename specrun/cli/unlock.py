"""`specrun unlock`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TextIO

import click

from specrun.apply.locks import KINDS, told
from specrun.apply.project import Project
from specrun.cli.exit_codes import FAILED, Exit
from specrun.cli.options import color_option, every_option, output_option
from specrun.cli.reading import Reading, reading_options
from specrun.cli.session import open_specs
from specrun.cli.telling import quiet, tell
from specrun.engines.base import EngineError
from specrun.engines.locks import Holder
from specrun.engines.reliable import Reliable
from specrun.spec.frozen import dataclass
from specrun.spec.visible import json_text, visible
from specrun.spec.wording import listed
from specrun.views.data import holder_data, place_data


@dataclass(frozen=True, slots=True)
class Seen:
    """A lock that somebody holds. `asked` is whether it is one of those that are to be freed; `freed`, that it was."""

    engine: Reliable
    name: str
    holder: Holder
    asked: bool
    freed: bool = False


@click.command()
@reading_options
@every_option
@click.option("--lock", "locks", multiple=True, metavar="NAME", help="Only this lock of those places, any of them.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@output_option("text", "json")
@color_option
def unlock(reading: Reading, locks: tuple[str, ...], yes: bool, output: str) -> None:
    """Free the locks on what the specs declare, whoever holds them."""
    project = open_specs(reading)
    found = list(_held(project, {name.casefold() for name in locks}))
    if not quiet() or not yes:  # else it would be asked about what nobody sees
        _tell(project, found, sys.stdout if output == "text" else sys.stderr)
    try:
        if any(lock.asked for lock in found):
            _confirm(found, yes=yes)
            found = _freed(found)
    finally:
        if output == "json":
            print(json_text({"locks": [_data(lock) for lock in found]}, 2))
    if any(lock.asked and not lock.freed for lock in found):
        raise Exit(FAILED)


def _held(project: Project, names: set[str]) -> Iterator[Seen]:
    """The locks held where the specs go. Those of their resources are meant, or those that are named."""
    for place, engine in project.engines.items():
        engine.sign_in()
        holders = engine.locks.holders()
        own = set[str]()
        if holders and not names:
            things = (one for one in project.graph.in_place(place) if one.managed and one.kind in KINDS)
            own = {engine.locks.name(thing) for thing in things}
        for name, holder in holders.items():
            yield Seen(engine, name, holder, name in (names or own))


def _tell(project: Project, found: Sequence[Seen], out: TextIO) -> None:
    several = len(project.engines) > 1
    for lock in found:
        if lock.asked:
            where = f" on {lock.engine.place.title}" if several else ""
            print(visible(f"{lock.name}{where}: locked by {told(lock.holder)}"), file=out)
    if not any(lock.asked for lock in found):
        titles = listed([place.title for place in project.engines], "and", code=False)
        print(visible(f"no lock of these is held on {titles}"), file=out)
    if others := [lock.name for lock in found if not lock.asked]:
        few = ", ".join(others[:3]) + (f", … and {len(others) - 3} more" if len(others) > 3 else "")
        tell(f"note: other locks are held there ({few}): --lock NAME frees one")


def _confirm(found: Sequence[Seen], *, yes: bool) -> None:
    """Ask a person whether that is meant. Ends the command without one, or when the answer is no."""
    asked = [lock for lock in found if lock.asked]
    lapses = max(lock.engine.locks.lapse for lock in asked)
    if lapses:
        print(f"A holder that was killed frees its locks by itself, within {lapses:g} s.", file=sys.stderr)
    for lock in asked:
        if not lock.engine.locks.lapse and lock.holder.process:
            print(visible(f"The process {lock.holder.process} that holds {lock.name} is alive."), file=sys.stderr)
    if yes:
        return
    if not is_somebody_here():
        raise Exit(FAILED, "nobody is here to ask: say --yes to free what is locked")
    one = visible(asked[0].name) if len(asked) == 1 else f"these {len(asked)} locks"
    print("Who holds a lock that is freed begins nothing more and ends with 5.", file=sys.stderr)
    if not click.confirm(f"Free {one}?", err=True):
        raise Exit(FAILED, "nothing was freed")


def is_somebody_here() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _freed(found: Sequence[Seen]) -> list[Seen]:
    """The same, after those that are still held by whom they were have been freed."""
    engines = {lock.engine.place: lock.engine for lock in found}
    now = {place: engine.locks.holders() for place, engine in engines.items()}
    after = []
    for lock in found:
        holder = now[lock.engine.place].get(lock.name)
        if lock.asked and holder is not None and holder != lock.holder:
            print(visible(f"{lock.name} is by now locked by {told(holder)}: left alone"), file=sys.stderr)
        elif lock.asked:
            try:
                if holder is not None:
                    lock.engine.locks.free(lock.name)
            except EngineError as error:
                print(visible(f"error: {lock.name}: {error}"), file=sys.stderr)
            else:
                tell(f"{lock.name} is free")
                lock = replace(lock, freed=True)
        after.append(lock)
    return after


def _data(lock: Seen) -> dict[str, object]:
    place, holder = place_data(lock.engine.place), holder_data(lock.holder)
    return {"name": lock.name, "place": place, "holder": holder, "asked": lock.asked, "freed": lock.freed}
