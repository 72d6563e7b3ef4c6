"""Submitted or not: what the attempts at a fingerprint so far mean for the next apply."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from specrun.plan.changes import Action
from specrun.plan.observed import Loss, Run, RunStatus
from specrun.spec.frozen import dataclass

NAME = re.compile(r"(?P<spec>[\w.-]+)-(?P<fingerprint>[0-9a-f]{10})(?:-(?P<attempt>[0-9]{1,9}))?", re.ASCII)
"""What `run_name` makes: it is also the name of a folder, and part of addresses."""


OF_TRIALS = re.compile(NAME.pattern + r"(?:_(?P<trial>[0-9]{1,9}))?", re.ASCII)
"""The same, or what Azure ML calls a trial: as its sweep, with the number behind it."""


def spec_of(run: str) -> str:
    """The spec that a run of this name is of; "" for what is no run's name."""
    found = OF_TRIALS.fullmatch(run)
    return found["spec"] if found else ""


def trial_of(run: str) -> tuple[str, int] | None:
    """The sweep and the number of a trial that has its name from Azure ML; None for other names."""
    found = OF_TRIALS.fullmatch(run)
    return (run.rpartition("_")[0], int(found["trial"])) if found and found["trial"] else None


TRIES = 3
"""How many attempts may end so that it may well happen again, before somebody has to ask for the next."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Submit a new attempt, or follow the one there is. `loss` is what an attempt is to make up for."""

    action: Action
    attempt: int
    reason: str
    follow: Run | None = None
    loss: Loss | None = None


def decide(
    runs: Sequence[Run], fingerprint: str, rerun: bool, most: int | None = None, planned: Collection[str] = ()
) -> Decision:
    """What to do about a run, from all runs of its spec (newest first); without `rerun` it has `most` attempts.

    An attempt that is there and was `planned`, by its name, is the last that a saved plan has, whatever became of it.
    """
    attempts = sorted((run for run in runs if run.is_of(fingerprint)), key=lambda run: run.attempt)
    if not attempts:
        reason = "the first run of this spec" if not runs else "something changed since the last run"
        return Decision(Action.SUBMIT, 1, reason)
    following = attempts[-1].attempt + 1
    counted = [run for run in attempts if run.loss is not Loss.UNMARKED]
    if not counted:
        reason = f"{', '.join(run.name for run in attempts)}: not counted, since {attempts[-1].reason}"
        return Decision(Action.SUBMIT, following, reason)
    newest = next((run for run in counted if run.name in planned), counted[-1])
    if newest.name in planned and newest.status.ended:
        return Decision(Action.NO_OP, newest.attempt, f"{newest.name} {_ended(newest)}, as planned", newest)
    if not newest.status.ended:
        return Decision(Action.NO_OP, newest.attempt, f"{newest.name} is {newest.status.value}", newest)
    if rerun:
        reason = f"--rerun: {newest.name} {_ended(newest)}"
        return Decision(Action.SUBMIT, following, reason, loss=newest.loss)
    if newest.status is RunStatus.LOST:
        return _again(counted, following, None if most is None else most + len(attempts) - len(counted))
    if newest.status is RunStatus.SUCCEEDED:
        reason = f"{newest.name} has succeeded for exactly this"
        reason += f", as a trial of {newest.parent}" if newest.parent else ""
        reason += f": {newest.why}" if newest.is_sweep and newest.why else ""  # trials may be missing
        return Decision(Action.NO_OP, newest.attempt, reason, newest)
    reason = f"{newest.name} {_ended(newest)} for exactly this: change it, or --rerun"
    return Decision(Action.NO_OP, newest.attempt, reason, newest)


def _again(attempts: Sequence[Run], following: int, most: int | None) -> Decision:
    """What follows the newest of the attempts, which the platform ended."""
    newest = attempts[-1]
    tried = sum(run.loss is not None and run.loss.counts for run in attempts)
    counts = newest.loss is not None and newest.loss.counts
    ended = "is lost" if newest.loss is Loss.DAMAGED else "was ended by the platform"
    lost = f"{newest.name} {ended}: {_cause(newest)}"
    if counts and tried >= TRIES:
        what = f"{tried} attempts never started or ended by a service error"
        return Decision(
            Action.NO_OP, newest.attempt, f"{lost}; {what}, so nothing is submitted without --rerun", newest
        )
    if most is not None and following > most:
        bound = f"limits.max_attempts is {most}, so nothing is submitted without --rerun"
        return Decision(Action.NO_OP, newest.attempt, f"{lost}; {bound}", newest)
    # Those that do not count, such as preemptions, come on top.
    bounds = [bound for bound in (newest.attempt - tried + TRIES if counts else None, most) if bound is not None]
    stands = (
        f"attempt {following} of at most {min(bounds)}" if bounds else f"attempt {following} (no limits.max_attempts)"
    )
    return Decision(Action.SUBMIT, following, f"{lost}; {stands}", loss=newest.loss)


def run_name(spec: str, fingerprint: str, attempt: int) -> str:
    """`<spec>-<first 10 of fingerprint>`, with `-2`, `-3`, … for later attempts."""
    name = f"{spec}-{fingerprint[:10]}"
    return name if attempt == 1 else f"{name}-{attempt}"


def _cause(run: Run) -> str:
    """What the platform did, and in its own words, where these say more."""
    said = run.loss.value if run.loss is not None else ""
    if not said or not run.reason:
        return said or run.reason or "nobody says how"
    return run.reason if said in run.reason.lower() else f"{said} ({run.reason})"


def _ended(run: Run) -> str:
    return run.status.value + (f" ({run.why})" if run.why else "")
