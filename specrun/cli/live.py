"""`specrun import live`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from specrun.cli.exit_codes import FAILED, Exit
from specrun.spec.nearest import nearest

if TYPE_CHECKING:
    from specrun.convert.imported import Imported
    from specrun.convert.live import Live
    from specrun.convert.options import ImportOptions
    from specrun.engines.reliable import Reliable
    from specrun.plan.observed import Observed
    from specrun.plan.resources import Kind, Resource
    from specrun.spec.diagnostics import Diagnostic

_NAMES = {
    "compute": re.compile("[A-Za-z][A-Za-z0-9-]{1,30}[A-Za-z0-9]"),
    "datastore": re.compile("[A-Za-z0-9_]{1,255}"),
}
"""How what can be taken over is called, by its kind."""

_FILES = (".yaml", ".yml", ".json")
_ALIASES = {"cluster": "compute", "computes": "compute", "clusters": "compute", "datastores": "datastore"}
_SHOWN = 20


def sorted_out(named: Sequence[str], workspace: str | None) -> tuple[list[tuple[Kind, str]], str | None]:
    """The things among what was named, and where they are: a file may say it as well as --workspace does.

    Raises click.UsageError.
    """
    files = [text for text in named if text.endswith(_FILES)]  # names have no dots
    if len({*files, *([workspace] if workspace else [])}) > 1:
        raise click.UsageError("import live looks into one workspace: name one file, or say --workspace.")
    return things_of([text for text in named if text not in files]), next(iter(files), workspace)


def things_of(named: Sequence[str]) -> list[tuple[Kind, str]]:
    """Kind and name of each thing that was named, once. Raises click.UsageError."""
    if not named:
        raise click.UsageError("import live wants compute/NAME or datastore/NAME.")
    found: dict[str, tuple[Kind, str]] = {}
    for text in named:
        kind, slash, name = text.partition("/")
        if not slash or kind not in _NAMES:
            near = _ALIASES.get(kind.lower()) or nearest(kind, tuple(_NAMES))
            hint = f" Did you mean `{near}/{name}`?" if near and name else ""
            raise click.UsageError(f"import live wants compute/NAME or datastore/NAME, not `{text}`.{hint}")
        if not _NAMES[kind].fullmatch(name):
            what = "3 to 32 letters, digits and hyphens" if kind == "compute" else "letters, digits and underscores"
            raise click.UsageError(f"import live {text}: a spec cannot declare a {kind} of that name ({what}).")
        found.setdefault(text.lower(), ("compute" if kind == "compute" else "datastore", name))
    return list(found.values())


def made_of(things: Sequence[tuple[Kind, str]], engine: Reliable, options: ImportOptions) -> list[Imported]:
    """Look at the things, and make specs of them. Ends the command where one cannot be taken over."""
    from specrun.convert.live import import_live

    return import_live(_looked_at(things, engine), engine.place.engine, options, partial(_wrong_with, engine))


def _looked_at(things: Sequence[tuple[Kind, str]], engine: Reliable) -> list[Live]:
    from specrun.convert.live import Live
    from specrun.engines.base import EngineError
    from specrun.engines.calls import read_all

    engine.sign_in()
    seen = read_all([engine.observation(_resource(kind, name, engine)) for kind, name in things])
    wrong: dict[str, None] = {}
    found = []
    for (kind, name), one in zip(things, seen, strict=True):
        if isinstance(one, EngineError):
            wrong[f"error: {kind}/{name}: {one}"] = None
        elif why := _why_not(kind, name, one, engine):
            wrong[f"error: {why}"] = None
        else:
            found.append(Live(kind, name, one))
    if wrong:
        raise Exit(FAILED, *wrong)
    return found


def _why_not(kind: Kind, name: str, seen: Observed, engine: Reliable) -> str:
    """Why something cannot be taken over, in words; "" where nothing is in the way."""
    from specrun.convert.live import STORES
    from specrun.plan.observed import Status

    if seen.status is Status.MISSING:
        return f"there is no {kind} {name} on {engine.place.title}{_others(kind, name, engine)}"
    if not seen.status.settled:
        return f"{kind}/{name} is {seen.status.value}: look again when that is over"
    held = seen.properties.get("type")
    if kind == "datastore" and held not in STORES:
        return (
            f"datastore/{name} is of type {held}, and a spec declares {', '.join(STORES)}: it is used by its "
            "name, without being declared"
        )
    return ""


def _others(kind: Kind, name: str, engine: Reliable) -> str:
    """What there is in its place, in words."""
    from specrun.engines.base import EngineError

    try:
        names = [one.name for one in engine.existing(kind)]
    except EngineError as error:  # there is no workspace, most likely
        return f": {error}"
    if not names:
        return f", and no other {kind}"
    near = nearest(name, tuple(names))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f". There is {', '.join(names[:_SHOWN])}{more}." + (f" Did you mean `{kind}/{near}`?" if near else "")


def _resource(kind: Kind, name: str, engine: Reliable) -> Resource:
    """What is looked for: nothing is known of it, and all is to be told."""
    from specrun.plan.kinds.compute import Cluster
    from specrun.plan.kinds.datastore import Datastore
    from specrun.plan.makers import NOBODY
    from specrun.spec.model import Origin
    from specrun.spec.source import Document

    typed = Origin(Document(f"{kind}/{name}", "", {}), ())
    if kind == "datastore":
        return Datastore(place=engine.place, name=name, maker=NOBODY, origin=typed, properties={})
    asked = {"enable_node_public_ip": None}  # which costs SDK v1 a request of its own
    return Cluster(place=engine.place, name=name, maker=NOBODY, origin=typed, properties=asked)


def _wrong_with(engine: Reliable, text: str) -> Iterator[Diagnostic]:
    """What is wrong with the text of a spec for this engine."""
    from specrun.engines.facts import unread
    from specrun.spec.load import load

    with TemporaryDirectory() as folder:
        file = Path(folder, "spec.yaml")
        file.write_text(text, encoding="utf-8", newline="\n")
        loaded = load([str(file)], unread=unread())
        yield from loaded.diagnostics
        for spec in loaded.specs:
            yield from engine.check(spec)
