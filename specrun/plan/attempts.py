"""Submitted or not: what the attempts at a fingerprint so far mean for the next apply."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from specrun.plan.changes import Action
from specrun.plan.observed import Run, RunStatus

NAME = re.compile(r"(?P<spec>.+)-(?P<fingerprint>[0-9a-f]{10})(?:-(?P<attempt>\d+))?")
"""What `run_name` makes."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Submit a new attempt, or follow the one there is."""

    action: Action
    attempt: int
    reason: str
    follow: Run | None = None


def decide(runs: Sequence[Run], fingerprint: str, rerun: bool) -> Decision:
    """What to do about a run, from all runs of its spec (newest first)."""
    attempts = sorted((run for run in runs if run.is_of(fingerprint)), key=lambda run: run.attempt)
    if not attempts:
        reason = "the first run of this spec" if not runs else "something changed since the last run"
        return Decision(Action.SUBMIT, 1, reason)
    newest = attempts[-1]
    following = newest.attempt + 1
    if not newest.status.ended:
        return Decision(Action.NO_OP, newest.attempt, f"{newest.name} is {newest.status.value}", newest)
    if rerun:
        return Decision(Action.SUBMIT, following, f"--rerun: {newest.name} {_ended(newest)}")
    if newest.status is RunStatus.LOST:
        return Decision(Action.SUBMIT, following, f"{newest.name} was ended by the platform: {newest.reason}")
    if newest.status is RunStatus.SUCCEEDED:
        return Decision(Action.NO_OP, newest.attempt, f"{newest.name} has succeeded for exactly this", newest)
    reason = f"{newest.name} {_ended(newest)} for exactly this: change it, or --rerun"
    return Decision(Action.NO_OP, newest.attempt, reason, newest)


def run_name(spec: str, fingerprint: str, attempt: int) -> str:
    """`<spec>-<first 10 of fingerprint>`, with `-2`, `-3`, … for later attempts."""
    name = f"{spec}-{fingerprint[:10]}"
    return name if attempt == 1 else f"{name}-{attempt}"


def _ended(run: Run) -> str:
    return f"{run.status.value}" + (f" ({run.reason})" if run.reason else "")
