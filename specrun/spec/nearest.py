"""The nearest right name to a wrong one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

_LISTED = 20
_MANY = 100
"""Each comparison takes some 10 µs, and a file may have a mistake in each of its lines."""


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `name` (case and `-`/`_` do not count), or None where none is like it."""
    import difflib

    wanted = _plain(name)
    plain = {_plain(candidate): candidate for candidate in candidates}
    if wanted in plain:
        return plain[wanted]
    if len(plain) > _MANY:
        alike = (candidate for candidate in plain if abs(len(candidate) - len(wanted)) <= 1)
        plain = {candidate: plain[candidate] for candidate in islice(alike, _MANY)}
    found = difflib.get_close_matches(wanted, plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else None


def suggestion(name: str, candidates: Iterable[str], *, kind: str) -> str:
    """A sentence that names the nearest candidate, else all of them, else says that there is none."""
    names = sorted(candidates)
    found = nearest(name, names)
    if found is not None:
        return f"Did you mean `{found}`?"
    if not names:
        return f"This file declares no {kind}."
    listed = ", ".join(f"`{name}`" for name in names[:_LISTED])
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return f"The {kind} here are: {listed}{more}."


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
