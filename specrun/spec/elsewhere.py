"""What holds for a repository's specs as another place says it, such as the branch that a pull request goes to.

Of its `.specrun.yaml` that is what a change must not loosen for itself: `rules`, `prices` and `env`. All else is taken
from the working tree.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from specrun.spec import codes
from specrun.spec.diagnostics import Diagnostic, Location, Severity
from specrun.spec.repository_file import NAME, RepositoryFile, understood
from specrun.spec.source import Document, parse

TAKEN = ("rules", "prices", "env")
"""The keys that are taken from there."""


class Elsewhere(Protocol):
    """Files of a repository as they are somewhere else."""

    @property
    def name(self) -> str:
        """What people call that place, such as `origin/main`."""

    def read(self, root: str, path: str) -> bytes | None:
        """A file of the repository at `root`, None where there is none. Raises OSError where that cannot be said."""


def taken_from(place: Elsewhere, root: str, here: RepositoryFile, today: str) -> RepositoryFile:
    """What the file `here` says, in the repository at `root`, with what the other place says of the keys in TAKEN.

    A note says where the two are different, or where there is no file.
    """
    file = f"{place.name}:{NAME}"
    try:
        data = place.read(root, NAME)
    except OSError as error:
        found = codes.diagnostic("unreadable", f"It cannot be read: {error}.", (), Location(file, 1, 1))
        return replace(here, env=None, closed=True, rules=None, prices=None, diagnostics=(found,))
    if data is None:
        there = RepositoryFile(file)
    else:
        there = understood(file, *parse(file, data), root, partial(_price_file, place, root), today)
    notes = () if _is_wrong(there) or _is_wrong(here) else tuple(_differences(place.name, here, there, data is None))
    return replace(
        here,
        path=file,
        env=there.env,
        closed=there.closed,
        lock_required=there.lock_required,
        prices=there.prices,
        rules=there.rules,
        document=there.document,
        diagnostics=(*there.diagnostics, *notes),
    )


def _price_file(place: Elsewhere, root: str, name: str) -> tuple[Document | None, Sequence[Diagnostic]]:
    """A file of prices as that place has it. Raises NoPrices."""
    from specrun.spec.prices import NoPrices

    path = posixpath.normpath(name)
    try:
        data = place.read(root, path)
    except OSError as error:
        raise NoPrices("unreadable", f"{path} of {place.name} cannot be read: {error}.") from error
    if data is None:
        raise NoPrices("missing-prices", f"There is no {path} in {place.name}.")
    return parse(f"{place.name}:{path}", data)


def _is_wrong(file: RepositoryFile) -> bool:
    return any(one.severity is Severity.ERROR for one in file.diagnostics)


def _differences(name: str, here: RepositoryFile, there: RepositoryFile, is_missing: bool) -> Iterator[Diagnostic]:
    changed = list(_keys(here.document, there.document))
    if is_missing:
        detail = f"There is no {NAME} in {name}: no rules and no prices hold, and no list of variables."
    elif changed:
        detail = f"`rules`, `prices` and `env` are those of {name}."
    else:
        return
    if changed:
        others = ", ".join(f"`{key}`" for key in changed)
        detail += f" What this branch changes of them counts once it is there: {others}."
    yield codes.diagnostic("rules-from-elsewhere", detail, (), _first(here, changed))


def _first(here: RepositoryFile, changed: list[str]) -> Location:
    if here.document is None:
        return Location(here.path, 1, 1)
    path = tuple(changed[0].split(".")) if changed else ()
    return here.document.location(path, key=True)


def _keys(here: Document | None, there: Document | None) -> Iterator[str]:
    """The keys whose values are different, with a dot those of rules."""
    was, now = _values(there), _values(here)
    for key in TAKEN:
        if key == "rules" and isinstance(was.get(key, {}), dict) and isinstance(now.get(key, {}), dict):
            before, after = was.get(key, {}), now.get(key, {})
            yield from (f"{key}.{rule}" for rule in {**before, **after} if before.get(rule) != after.get(rule))
        elif was.get(key) != now.get(key):
            yield key


def _values(document: Document | None) -> dict[str, Any]:
    return document.values if document is not None else {}
