"""A plan as a pull request's comment: counts and deletions in sight, the rest folded away."""

from __future__ import annotations

from specrun.plan.changes import Action, Change, Plan
from specrun.views.diagnostics import Finding, findings
from specrun.views.markdown_text import cell, code_span, fenced, prose
from specrun.views.plan_text import plan_text, summary
from specrun.views.text import Paint, shorten

MARKER = "<!-- specrun plan -->"
"""Lets a bot find its own comment and replace it."""

LIMIT = 60_000
"""Characters of a comment; GitHub refuses one of more than 65,535."""

MANY = 30
"""Entries of one list in sight; the plan below the fold goes on."""


def plan_markdown(plan: Plan) -> str:
    """The comment, with refusals and what would be destroyed before the fold."""
    head, *more = summary(plan).splitlines()
    lines = [MARKER, f"### specrun: {prose(head)}", *map(prose, _few(more)), ""]
    wrong = (*plan.refusals, *plan.problems)
    for line in _few([_finding(found) for found in findings(wrong)]):
        lines += [line, ""]
    destroyed = [c for c in plan.changes if c.action in (Action.DELETE, Action.REPLACE)]
    lines += _few([f"- ⚠️ {_code(str(change.key))} would be deleted: {prose(change.reason)}" for change in destroyed])
    if destroyed:
        lines.append("")
    if plan.pending:
        lines += ["| | resource | why |", "| --- | --- | --- |"]
        lines += _few([_row(change) for change in plan.pending], "| | {} | |")
        lines.append("")
    head = "\n".join(lines)
    body = plan_text(plan, Paint(False), 120)
    room = max(0, LIMIT - len(head))
    if len(body) > room:
        body = f"{body[:room]}\n… cut here: `specrun plan` shows the rest"
    fold = ["<details><summary>The whole plan</summary>", "", fenced(body, "text"), "", "</details>"]
    return "\n".join([head, *fold])


def _few(entries: list[str], form: str = "{}") -> list[str]:
    return entries if len(entries) <= MANY else [*entries[:MANY], form.format(f"… and {len(entries) - MANY} more")]


def _finding(found: Finding) -> str:
    one = found.diagnostic
    also = "".join(f" and {_code(str(place))}" for place in one.others)
    elsewhere = f" ({said})" if (said := found.elsewhere(_code)) else ""
    return f"> ⛔ **{one.summary}** at {_code(str(one.location))}{also}: {prose(one.detail)}{elsewhere}"


def _row(change: Change) -> str:
    key, reason = cell(_code(str(change.key))), cell(prose(change.reason, 300))
    return f"| {change.action.sign} | {key} | {reason} |"


def _code(text: str) -> str:
    return code_span(shorten(text, 150))
