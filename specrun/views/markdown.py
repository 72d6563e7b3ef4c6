"""A plan as a pull request's comment: counts and deletions in sight, the rest folded away."""

from __future__ import annotations

import re

from specrun.plan.changes import Action, Change, Plan
from specrun.views.plan_text import plan_text, summary
from specrun.views.text import Paint, shorten

MARKER = "<!-- specrun plan -->"
"""Lets a bot find its own comment and replace it."""

LIMIT = 60_000
"""Characters of a comment; GitHub refuses one of more than 65,535."""

MANY = 30
"""Entries of one list in sight; the plan below the fold goes on."""

LONG = 500
"""Characters of one entry."""


def plan_markdown(plan: Plan) -> str:
    """The comment, with refusals and what would be destroyed before the fold."""
    lines = [MARKER, f"### specrun: {summary(plan)}", ""]
    wrong = (*plan.refusals, *plan.problems)
    for line in _few([f"> ⛔ **{one.summary}** at `{one.location}`: {_line(one.detail)}" for one in wrong]):
        lines += [line, ""]
    destroyed = [c for c in plan.changes if c.action in (Action.DELETE, Action.REPLACE)]
    lines += _few([f"- ⚠️ `{change.key}` would be deleted: {_line(change.reason)}" for change in destroyed])
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
    fence = "`" * max(3, *(len(ticks) + 1 for ticks in re.findall("`+", body)), 3)
    fold = ["<details><summary>The whole plan</summary>", "", f"{fence}text", body, fence, "", "</details>"]
    return "\n".join([head, *fold])


def _few(entries: list[str], form: str = "{}") -> list[str]:
    shown = [shorten(entry, LONG) for entry in entries[:MANY]]
    return shown if len(entries) <= MANY else [*shown, form.format(f"… and {len(entries) - MANY} more")]


def _row(change: Change) -> str:
    key, reason = shorten(_cell(str(change.key)), 150), shorten(_cell(change.reason), 300)
    return f"| {change.action.sign} | `{key}` | {reason} |"


def _line(text: str) -> str:
    return text.replace("\n", " ")


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")
