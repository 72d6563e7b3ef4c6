"""`specrun plan --check PLAN`: whether a saved plan still holds, for whoever decides on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from specrun.cli.exit_codes import FAILED, WRONG_USAGE, Exit
from specrun.cli.reading import Reading
from specrun.cli.saved import Saved, Spent, Stale, find_saved
from specrun.cli.saving import planned_anew
from specrun.cli.session import report_unseen, show
from specrun.plan.changes import Plan
from specrun.plan.planning import PlanOptions
from specrun.spec.visible import json_text, visible
from specrun.views.data import run_data
from specrun.views.text import count


def check_plan(file: str, reading: Reading, options: PlanOptions, output: str, others: Mapping[str, bool]) -> None:
    """Say whether what is planned now is what was saved; else end the command with 5, also if all of it has run.

    What it takes to be allowed is not asked for: nothing is done. `others` are options that mean nothing here.
    """
    for option in (name for name, is_given in others.items() if is_given):
        raise click.UsageError(f"{option} goes with a plan that is made: --check PLAN only compares one.")
    if output not in ("text", "json"):
        raise click.UsageError(f"--check PLAN has no {output}: -o text or -o json.")
    saved = find_saved(reading.named)
    if saved is None:
        raise Exit(WRONG_USAGE, f"{file} is no saved plan: `specrun plan --out PLAN` saves one")
    try:
        _, _, made = planned_anew(saved, reading, options)
    except Stale as stale:
        _tell(saved, output, "stale", stale.differences)
        raise
    except Spent as spent:
        runs = [{**run_data(one.run), "place": one.key.place.title} for one in spent.runs]
        _tell(saved, output, "spent", runs=runs)
        raise
    show(made.problems)
    report_unseen(made)
    if made.unseen or made.problems:
        raise Exit(FAILED)
    _tell(saved, output, "equal", made=made)


def _tell(
    saved: Saved,
    output: str,
    result: str,
    differences: Sequence[str] = (),
    runs: Sequence[object] = (),
    made: Plan | None = None,
) -> None:
    """The result on standard output; of what is not the same people are told elsewhere."""
    left = len(made.pending) if made is not None else None
    if output == "json":
        told = {
            "format_version": "1.0",
            "plan": saved.file,
            "result": result,
            "differences": list(differences),
            "runs": list(runs),
            "changes": saved.pending,
            "left": left,
        }
        print(json_text(told, 2))
    elif left is not None:
        done = f", {saved.pending - left} of them done" if left < saved.pending else ""
        print(visible(f"{saved.file} holds: {count(saved.pending, 'change')}{done}"))
