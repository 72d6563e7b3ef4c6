"""A plan as a pull request's comment: what hurts first, then a row for each spec; all of it is folded away below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from specrun.plan.changes import Action, Plan
from specrun.plan.resources import Key
from specrun.plan.shown import Shown, ShownChange, shown
from specrun.spec.diagnostics import Severity
from specrun.spec.wording import listed
from specrun.views.comment import (
    LIMIT,
    Sticky,
    code,
    few,
    finding_blocks,
    folded,
    folded_text,
    place_title,
    places_title,
    size,
)
from specrun.views.costs import cost_lines, total
from specrun.views.graph import mermaid
from specrun.views.markdown_text import code_span, fenced, prose
from specrun.views.plan_diff import change_diff
from specrun.views.plan_rows import DESTROYS, rows_of, table, unchanged
from specrun.views.plan_text import Unseen, counted, plan_text, summary, targets_in, unseen, value_text
from specrun.views.text import Paint, count, shorten

_REASONS = 3

NODES = 20
"""Of a graph that is still read."""

_PLAIN = Sticky("plan")
_WRONG, _HURTS, _COSTS, _NOTES, _ROWS = 16_000, 10_000, 3_000, 5_000, 24_000
"""Bytes that a part has at most; what is folded away shares what is left."""


def plan_markdown(plan: Plan | Shown, sticky: Sticky = _PLAIN, of_changed: Sequence[str] = ()) -> str:
    """The comment. `of_changed` says how the specs were chosen."""
    plan = shown(plan)
    rest = sticky.rest("specrun plan")
    lines = [sticky.marker, f"### {_title(plan)}", "", *of_changed]
    lines += few(_said(plan), lambda line: f"{prose(line)}\n", 3000)
    lines += few(list(unseen(plan)), _unseen, 8000)
    lines += finding_blocks((*plan.refusals, *plan.problems), _WRONG)
    several = len(plan.places) > 1
    paid = [f"- 💰 **{prose(line)}**" for line in [total(plan)] if line]
    paid += [line for change in plan.changes for line in _always(change, several=several)]
    lines += [*_few(_hurting(plan), _HURTS), *few(paid, str, _COSTS), ""]
    lines += _tables(plan)
    said = dict.fromkeys((*plan.warnings, *plan.notes))
    lines += finding_blocks([one for one in said if one.severity is not Severity.NOTE], _NOTES)
    if notes := [one for one in said if one.severity is Severity.NOTE]:
        lines.append(folded(count(len(notes), "note"), *finding_blocks(notes, _NOTES)))
    changes = [change for change in plan.changes if change.action is not Action.NO_OP]
    graph = _graph(plan) if changes else ""

    def left() -> int:
        return LIMIT - size("\n".join([*lines, graph]))

    first = sorted(changes, key=lambda change: change.action not in DESTROYS)
    diff = [line for one in first for line in change_diff(one, one.key.place.title if several else "")]
    lines.append(
        folded_text("What changes, field by field", "\n".join(diff), "diff", left() // 2, rest) if diff else ""
    )
    whole = plan_text(plan, Paint(False), 120)
    lines.append(folded_text("The whole plan", whole, "text", left() - 300, rest) if plan.changes else "")
    if plan.changes and not lines[-1]:
        lines.append(f"The whole plan has no room here: {rest}.\n")
    return "\n".join([*lines, graph]).rstrip("\n")


def _said(plan: Shown) -> list[str]:
    """What the command line leaves out, and why nothing is to be done, where that is said in a few lines."""
    left_out = f"{plan.left_out}." if plan.left_out else ""
    why = [line for line in summary(plan).splitlines()[1:] if line not in (left_out, total(plan))]
    return [*(why if len(why) <= _REASONS else []), *([left_out] if left_out else [])]


def _title(plan: Shown) -> str:
    numbers = counted(plan)
    said = numbers or (
        prose(summary(plan).splitlines()[0].rstrip(".").replace("No", "no", 1)) if not plan.unseen else ""
    )
    wrong = "refused" if plan.refusals else "not possible" if plan.problems else "incomplete" if plan.unseen else ""
    told = " · ".join(filter(None, (prose(targets_in(plan, *plan.places)), places_title(plan.places))))
    return f"{'⛔ ' * bool(wrong)}specrun plan: {'; '.join(filter(None, [wrong, said]))}{f' · {told}' if told else ''}"


def _unseen(one: Unseen) -> str:
    said = f"{code(one.what)}: {prose(one.reason, 1000)}" if one.what else prose(one.reason, 1000)
    of = listed([place_title(place) for place in one.places[:10]], "and", code=False)
    return f"⛔ **Nothing can be said of {of}**: {said}{one.rest}\n"


def _few(entries: Sequence[tuple[str, str]], room: int) -> list[str]:
    """What hurts, in lines, each with what it does to something; of those that are left out that is counted."""

    def more(left: int) -> str:
        rest = Counter(what for what, _ in entries[len(entries) - left :])
        return f"- … and {', '.join(f'{number} more {what}' for what, number in rest.items())}"

    return few(entries, lambda entry: entry[1], room, more, 40)


def _hurting(plan: Shown) -> list[tuple[str, str]]:
    """What is deleted, overwritten and ended."""
    several = len(plan.places) > 1
    found: list[tuple[str, str]] = []
    for change in sorted(plan.changes, key=lambda change: change.action not in DESTROYS):
        name = code(str(change.key)) + (f" on {prose(change.key.place.title, 150)}" if several else "")
        if change.action is Action.DELETE:
            found.append(("deleted", f"- ❌ {name} is **deleted**: {prose(change.reason)}"))
        elif change.action is Action.REPLACE:
            found.append(("replaced", f"- ❌ {name} is **deleted and made again**: {_forced(change)}"))
        elif (sent := change.transfer) is not None and change.action is not Action.NO_OP:
            done = [(len(sent.prune), "removed"), (len(sent.changed), "overwritten")]
            if told := [f"{count(number, 'file')} {word}" for number, word in done if number]:
                found.append(("overwritten", f"- ⚠️ {name}: {', '.join(told)}"))
        runs = change.run.cancels if change.run is not None else ()
        found += [("cancelled", f"- ⚠️ {code(run)} is cancelled") for run in runs]
    return found


def _forced(change: ShownChange) -> str:
    forced = [
        f"{code(field.path)} {_short(field.before)} → {_short(field.after)}"
        for field in change.fields
        if field.forces_replace
    ]
    return ", ".join([*forced[:3], *([f"… and {len(forced) - 3} more"] if len(forced) > 3 else [])]) or prose(
        change.reason
    )


def _short(value: object) -> str:
    return "(not set)" if value is None else code_span(shorten(value_text(value), 60))


def _always(change: ShownChange, *, several: bool) -> Iterator[str]:
    """What a cluster costs also when there is nothing to do, and what comes with a workspace."""
    if change.kind not in ("compute", "workspace"):
        return
    where = f" on {prose(change.key.place.title, 150)}" if several else ""
    for line in cost_lines(change):
        if "always" in line or change.kind == "workspace":
            yield f"- 💰 {code(str(change.key))}{where}: {prose(line)}"


def _tables(plan: Shown) -> Iterator[str]:
    rows = rows_of(plan)
    for place in plan.places if rows else ():
        here = [row for row in rows if row.place == place]
        if len(plan.places) > 1:
            of = targets_in(plan, place)
            numbers = counted(plan, place) or "no changes"
            yield f"#### {place_title(place)}{f' · {prose(of)}' if of else ''}: {numbers}\n"
        if here:
            yield from table(here, _ROWS * max(1, len(here)) // len(rows))
    if rows and (same := unchanged(plan)):
        yield f"Nothing is to be done for {count(same, 'other spec')}.\n"


def _graph(plan: Shown) -> str:
    """What needs what, where that is small enough to be looked at."""
    if not 2 <= len(plan.changes) <= NODES:
        return ""
    several = len(plan.places) > 1
    labels = {}
    for change in plan.changes:
        where = f" ({change.key.place.title})" if several else ""
        labels[change.key] = shorten(f"{change.action.sign} {change.key.title}{where}".strip(), 80)
    arrows = [(Key(one.key.place, need), one.key) for one in plan.changes for need in one.needs]
    drawn = mermaid(labels, [(need, key) for need, key in arrows if need in labels])
    return folded("What needs what", fenced(drawn, "mermaid"))
