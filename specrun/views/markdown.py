"""A plan as a pull request's comment: counts and deletions in sight, the rest folded away."""

from __future__ import annotations

from collections.abc import Sequence

from specrun.plan.changes import Action, Plan
from specrun.plan.resources import Place
from specrun.plan.shown import Shown, ShownChange, shown
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.wording import listed
from specrun.views.costs import always_on, cost_lines, run_lines
from specrun.views.diagnostics import Finding, findings
from specrun.views.markdown_text import cell, code_span, fenced, prose
from specrun.views.plan_text import plan_text, summary, targets_in, unseen
from specrun.views.text import Paint, shorten

MARKER = "<!-- specrun plan -->"
"""Lets a bot find its own comment and replace it."""

LIMIT = 60_000
"""Characters of a comment; GitHub refuses one of more than 65,535."""

MANY = 30
"""Entries of one list in sight; the plan below the fold goes on."""


def plan_markdown(plan: Plan | Shown) -> str:
    """The comment, with refusals and what would be destroyed before the fold."""
    plan = shown(plan)
    head, *more = summary(plan).splitlines()
    of = targets_in(plan, *plan.places)
    lines = [MARKER, f"### specrun{f', {prose(of)}' if of else ''}: {prose(head)}", *map(prose, few(more)), ""]
    wrong = (*plan.refusals, *plan.problems)
    for line in few([_finding(found) for found in findings(wrong)]):
        lines += [line, ""]
    several = len(plan.places) + len(plan.unseen) > 1
    for one in unseen(plan):
        said = f"{_code(one.what)}: {prose(one.reason)}" if one.what else prose(one.reason)
        of = listed([_place(place) for place in one.places], "and", code=False)
        lines += [f"> ⛔ **Nothing can be said of {of}**: {said}{one.rest}", ""]
    destroyed = [c for c in plan.changes if c.action in (Action.DELETE, Action.REPLACE)]
    lines += few([_deletion(change, several=several) for change in destroyed])
    lines += few([_always_on(change, several=several) for change in plan.changes if always_on(change)])
    if lines[-1]:
        lines.append("")
    left = MANY
    for place in plan.places if plan.pending else ():
        rows = [_row(change) for change in plan.in_place(place) if change.action is not Action.NO_OP]
        if several:
            lines += [f"#### {_place(place)}", ""]
        if rows:
            lines += ["| | resource | why |", "| --- | --- | --- |", *few(rows, "| | {} | |", left)]
        elif several:
            lines.append("No changes.")
        left = max(0, left - len(rows))
        lines.append("")
    return above("\n".join(lines), "The whole plan", plan_text(plan, Paint(False), 120), "specrun plan")


def failure_markdown(verb: str, errors: Sequence[str], diagnostics: Sequence[Diagnostic]) -> str:
    """The comment where there is no plan, or no comparison: what is wrong, each at its place."""
    marker = MARKER if verb == "plan" else MARKER.replace("plan", verb)
    wrong = [one for one in diagnostics if one.severity is Severity.ERROR]
    head = f"### specrun: {'the spec is invalid' if wrong else 'there is an error'}, there is no {verb}"
    said = [*map(_finding, findings(wrong)), *(f"> ⛔ {prose(error)}" for error in errors)]
    return "\n".join([marker, head, *(f"\n{line}" for line in few(said))])


def above(head: str, title: str, body: str, command: str) -> str:
    """What a reader sees, above all of it, folded away and cut to what a comment takes; `command` shows the rest."""
    room = max(0, LIMIT - len(head))
    if len(body) > room:
        body = f"{body[:room]}\n… cut here: `{command}` shows the rest"
    fold = [f"<details><summary>{title}</summary>", "", fenced(body, "text"), "", "</details>"]
    return "\n".join([head, *fold])


def few(entries: list[str], form: str = "{}", most: int = MANY) -> list[str]:
    """The first of the entries, and how many more there are."""
    return entries if len(entries) <= most else [*entries[:most], form.format(f"… and {len(entries) - most} more")]


def _place(place: Place) -> str:
    return f"{prose(place.title)} (engine {prose(place.engine)})"


def _deletion(change: ShownChange, *, several: bool) -> str:
    where = f" on {prose(change.key.place.title)}" if several else ""
    return f"- ⚠️ {_code(str(change.key))}{where} would be deleted: {prose(change.reason)}"


def _always_on(change: ShownChange, *, several: bool) -> str:
    where = f" on {prose(change.key.place.title)}" if several else ""
    (line,) = (line for line in cost_lines(change) if "always on" in line)
    return f"- 💰 {_code(str(change.key))}{where}: {prose(line)}"


def _finding(found: Finding) -> str:
    one = found.diagnostic
    also = "".join(f" and {_code(str(place))}" for place in one.others)
    elsewhere = f" ({said})" if (said := found.elsewhere(_code)) else ""
    return f"> ⛔ **{one.summary}** at {_code(str(one.location))}{also}: {prose(one.detail)}{elsewhere}"


def _row(change: ShownChange) -> str:
    key, reason = cell(_code(str(change.key))), cell(prose(change.reason, 300))
    costs = run_lines(change) if change.run is not None else cost_lines(change)
    reason = "<br>".join([reason, *(cell(prose(line)) for line in costs)])
    return f"| {change.action.sign} | {key} | {reason} |"


def _code(text: str) -> str:
    return code_span(shorten(text, 150))
