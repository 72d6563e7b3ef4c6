"""The nearest right name to a wrong one."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `name` (case and `-`/`_` do not count), or None where none is like it."""
    import difflib

    plain = {_plain(candidate): candidate for candidate in candidates}
    found = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else None


def suggestion(name: str, candidates: Iterable[str], *, kind: str) -> str:
    """A sentence that names the nearest candidate, else all of them, else says that there is none."""
    names = sorted(candidates)
    found = nearest(name, names)
    if found is not None:
        return f"Did you mean `{found}`?"
    if not names:
        return f"This file declares no {kind}."
    return f"The {kind} here are: {', '.join(f'`{name}`' for name in names)}."


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
