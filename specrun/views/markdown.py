"""A plan as a pull request's comment: counts and deletions in sight, the rest folded away."""

from __future__ import annotations

from specrun.plan.changes import Action, Plan
from specrun.views.plan_text import plan_text, summary
from specrun.views.text import Paint

MARKER = "<!-- specrun plan -->"
"""Lets a bot find its own comment and replace it."""

LIMIT = 60_000
"""Characters of a body; GitHub refuses comments of more than 65,535."""


def plan_markdown(plan: Plan) -> str:
    """The comment, with refusals and what would be destroyed before the fold."""
    lines = [MARKER, f"### specrun: {summary(plan)}", ""]
    for diagnostic in (*plan.refusals, *plan.problems):
        lines.append(f"> ⛔ **{diagnostic.summary}** at `{diagnostic.location}`: {diagnostic.detail}")
        lines.append("")
    destroyed = [c for c in plan.changes if c.action in (Action.DELETE, Action.REPLACE)]
    lines += [f"- ⚠️ `{change.resource.key}` would be deleted: {change.reason}" for change in destroyed]
    if destroyed:
        lines.append("")
    if plan.pending:
        lines += ["| | resource | why |", "| --- | --- | --- |"]
        lines += [
            f"| {change.action.sign} | `{change.resource.key}` | {_cell(change.reason)} |" for change in plan.pending
        ]
        lines.append("")
    body = plan_text(plan, Paint(False), 120)
    if len(body) > LIMIT:
        body = f"{body[:LIMIT]}\n… cut here: `specrun plan` shows the rest"
    fence = "```" if "```" not in body else "~~~~~~"
    lines += ["<details><summary>The whole plan</summary>", "", f"{fence}text", body, fence, "", "</details>"]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
