"""Which specs changed since a commit, and why, as lines for people and as JSON values."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from specrun.plan.since.reasons import Reason
from specrun.plan.since.specs import Changed
from specrun.views.text import count

_SHOWN, _MOST = 3, 20
"""Paths of one reason, to people and to programs: a thousand specs may share code of which a thousand files changed."""
_SAID = {
    "text": "its text changed",
    "base": "what it extends changed",
    "var file": "a var file changed",
    "target": "its usual target changed",
    "code": "its code changed",
    "data": "its data changed",
    "input": "its input changed",
    "environment": "its environment changed",
    "workspace": "its workspace's file changed",
    "untracked": "git does not track",
    "place": "renamed from",
}
_HOW = {"new": " (new)", "deleted": " (deleted)", "mode": " (executable bit)"}


def changed_lines(changed: Changed, since: str) -> Iterator[str]:
    """A line for each spec; before them how many there are, behind them what is gone, and what is not known."""
    found = f"{len(changed.specs):,} of {count(changed.total, 'spec')}"
    yield f"changed since {since}: {found}" if changed.specs else f"nothing changed since {since}: {found}"
    for file, reasons in changed.specs.items():
        yield f"  {file}: {'; '.join(map(_reason, reasons))}"
    for path in changed.deleted:
        yield f"  deleted since {since}: {_shown(path)}"
    if changed.untracked and not any(reason.what == "untracked" for why in changed.specs.values() for reason in why):
        few = [f"{_shown(path)} (of {count(specs, 'spec')})" for path, specs in changed.untracked.items()]
        yield f"note: git does not track {_listed(few)}: it counts as unchanged, and --undecided takes its specs in"


def changed_data(changed: Changed, since: str) -> dict[str, object]:
    """The same for programs."""
    return {
        "since": since,
        "of": changed.total,
        "specs": [{"file": file, "reasons": [*map(_data, why)]} for file, why in changed.specs.items()],
        "deleted": [*map(_shown, changed.deleted)],
        "untracked": [*map(_shown, changed.untracked)],
    }


def _data(reason: Reason) -> dict[str, object]:
    few = [{"path": _shown(one.path), "how": one.how} for one in reason.changes[:_MOST]]
    return {"what": reason.what, "paths": few, "count": len(reason.changes)}


def _reason(reason: Reason) -> str:
    if reason.what == "unreadable":
        return "it cannot be read"
    if reason.what == "text":
        return "it is new" if any(change.how == "new" for change in reason.changes) else _SAID["text"]
    paths = [f"{_shown(one.path)}{_HOW.get(one.how, '') if reason.what != 'place' else ''}" for one in reason.changes]
    between = " " if reason.what in ("place", "untracked") else ": "
    return f"{_SAID[reason.what]}{between}{_listed(paths)}"


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _SHOWN:,} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more


def _shown(path: str) -> str:
    """A path as it is seen from here."""
    return os.path.relpath(path)
