"""Which specs changed since a commit, and why, as lines for people and as JSON values."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from specrun.plan.since.reasons import Reason
from specrun.plan.since.specs import Changed
from specrun.spec.visible import visible
from specrun.views.comment import folded_text
from specrun.views.markdown_text import code_span
from specrun.views.text import count, shorten

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
    "upstream": "what it reads from changed",
    "place": "renamed from",
}
_HOW = {"new": " (new)", "deleted": " (deleted)", "mode": " (executable bit)"}


def changed_lines(changed: Changed, since: str) -> Iterator[str]:
    """A line for each spec; before them how many there are, behind them what is gone, and what is not known."""
    found = f"{len(changed.specs):,} of {count(changed.total, 'spec')}"
    yield f"changed since {since}: {found}" if changed.specs else f"nothing changed since {since}: {found}"
    for file, reasons in changed.specs.items():
        yield f"  {file}: {'; '.join(_reason(_data(one)) for one in reasons)}"
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


def changed_markdown(data: Mapping[str, Any]) -> list[str]:
    """What programs are told, in a comment: how many specs it is about, and folded away why each."""
    specs, since = data["specs"], code_span(data["since"])
    lines = [f"{len(specs):,} of {count(data['of'], 'spec')} changed since {since}.", ""]
    why = [f"{one['file']}: {'; '.join(map(_reason, one['reasons']))}" for one in specs]
    why += [f"deleted: {path}" for path in data["deleted"]]
    text = "\n".join(visible(shorten(line, 300)) for line in why)
    return [*lines, folded_text("Why these", text, "text", 6000, "") if why else ""]


def _reason(data: Mapping[str, Any]) -> str:
    """A reason as programs are told it."""
    what, paths, more = data["what"], data["paths"], data["count"] - min(data["count"], _SHOWN)
    if what == "unreadable":
        return "it cannot be read"
    if what == "text":
        return "it is new" if any(one["how"] == "new" for one in paths) else _SAID["text"]
    told = [f"{one['path']}{_HOW.get(one['how'], '') if what != 'place' else ''}" for one in paths[:_SHOWN]]
    between = " " if what in ("place", "untracked") else ": "
    return f"{_SAID.get(what, what)}{between}{', '.join(told)}{f' and {more:,} more' if more else ''}"


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _SHOWN:,} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more


def _shown(path: str) -> str:
    """A path as it is seen from here."""
    return os.path.relpath(path)
