"""A plan by the specs that ask for it: a row for each, and one for each thing that several of them share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from specrun.plan.changes import Action
from specrun.plan.resources import Place
from specrun.plan.shown import Shown, ShownChange
from specrun.spec.frozen import dataclass
from specrun.views.comment import code, few, folded, size
from specrun.views.costs import IDLE, cost_lines, run_lines, sweep_lines
from specrun.views.markdown_text import cell, prose
from specrun.views.plan_text import VERBS, reading_lines
from specrun.views.text import count

DESTROYS = (Action.DELETE, Action.REPLACE)
_LINES = 4
"""Changes, and differences from an earlier run, that a row tells of."""

_IN_SIGHT = 20


@dataclass(frozen=True, slots=True)
class SpecRow:
    """What is done for one spec in one place, or to one thing of `specs`."""

    place: Place
    specs: Sequence[str]
    changes: Sequence[ShownChange]

    @property
    def destroys(self) -> bool:
        """Whether it deletes anything."""
        return any(change.action in DESTROYS for change in self.changes)


def rows_of(plan: Shown) -> list[SpecRow]:
    """Those of which something is done, first those that destroy."""
    found: dict[object, list[ShownChange]] = {}
    for change in plan.changes:
        if change.action is Action.NO_OP and not (change.run and (change.run.cancels or change.run.held)):
            continue
        specs = change.specs
        of = specs[0] if len(specs) == 1 else change.key
        found.setdefault((change.key.place, of), []).append(change)
    rows = [SpecRow(changes[0].key.place, changes[0].specs, changes) for changes in found.values()]
    return sorted(rows, key=lambda row: not row.destroys)


def unchanged(plan: Shown) -> int:
    """Of how many specs nothing is to be done."""
    every = {(change.key.place, name) for change in plan.changes for name in change.specs}
    return len(every - {(row.place, name) for row in rows_of(plan) for name in row.specs})


def table(rows: Sequence[SpecRow], room: int) -> list[str]:
    """The rows as tables in so many bytes: the first in sight, the others folded away, and how many are left out."""
    first, rest = rows[:_IN_SIGHT], rows[_IN_SIGHT:]
    shown = _table(first, room // 2 if rest else room)
    if not rest:
        return [*shown, ""]
    title = f"{count(len(rest), 'more row')}{_destroying(rest)}"
    left = room - sum(map(size, shown)) - size(folded(title))
    return [*shown, "", folded(title, *_table(rest, left))] if left > 1000 else [*shown, "", f"… and {title}", ""]


def _table(rows: Sequence[SpecRow], room: int) -> list[str]:
    titles = ["spec", "what would be done, and why", "costs"]
    if not any(_costs(row.changes) for row in rows):
        titles.pop()
    head = [f"| {' | '.join(titles)} |", "|" + " --- |" * len(titles)]

    def more(left: int) -> str:
        empty = "| " * (len(titles) - 1) + "|"
        return f"| … and {count(left, 'more row')}{_destroying(rows[len(rows) - left :])} {empty}"

    def line(row: SpecRow) -> str:
        return f"| {' | '.join(map(cell, _cells(row)[: len(titles)]))} |"

    return [*head, *few(rows, line, room - sum(map(size, head)), more, len(rows))]


def _destroying(rows: Iterable[SpecRow]) -> str:
    number = sum(row.destroys for row in rows)
    return f", {number} of them destroy something" if number else ""


def _cells(row: SpecRow) -> tuple[str, str, str]:
    """The spec, what is done and why, and what that costs."""
    order = [Action.DELETE, Action.REPLACE, Action.SUBMIT]
    changes = sorted(row.changes, key=lambda one: order.index(one.action) if one.action in order else len(order))
    who = f"{code(row.specs[0])}{f' and {len(row.specs) - 1} more' if len(row.specs) > 1 else ''}"
    shown = changes[:_LINES] if len(changes) > _LINES + 1 else changes
    done = [_done(change) for change in shown]
    if rest := Counter(change.action for change in changes[len(shown) :]):
        done.append(f"… and {', '.join(f'{number} more {VERBS[action]}' for action, number in rest.items())}")
    return who, "<br>".join(done), "<br>".join(prose(line, 200) for line in _costs(changes))


def _done(change: ShownChange) -> str:
    run, sign = change.run, change.action.sign.strip()
    if run is None:
        return f"{sign} {code(change.key.title)}: {prose(change.reason, 200)}"
    cancels = f"; cancels {', '.join(map(code, run.cancels[:_LINES]))}" if run.cancels else ""
    if run.held:
        return f"{code(run.name)}: {prose(change.reason, 200)}"
    if change.action is not Action.SUBMIT:
        return f"{sign} {code(run.follows)}: {prose(change.reason, 200)}{cancels}".lstrip()
    told = "".join(f"<br>{prose(line, 200)}" for line in sweep_lines(change))
    told += "".join(f"<br>{prose(line, 200)}" for line in reading_lines(run))
    told += "".join(f"<br>{prose(line, 120)}" for line in run.differences[:_LINES])
    if len(run.differences) > _LINES:
        told += f"<br>… and {count(len(run.differences) - _LINES, 'more difference')}"
    return f"{sign} {code(run.name)}: {prose(change.reason, 200)}{cancels}{told}"


def _costs(changes: Sequence[ShownChange]) -> list[str]:
    """What the runs are on, and cost at most; without any, what clusters have."""
    runs = [line for change in changes for line in run_lines(change)]
    clusters = (change for change in changes[:_LINES] if change.kind == "compute")
    lines = runs or [line for change in clusters for line in cost_lines(change)]
    return [line for line in dict.fromkeys(lines) if line != IDLE and "always" not in line]
