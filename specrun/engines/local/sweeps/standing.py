"""What is to be done about a trial, from the attempts that there are at it: the heart of "none twice, none missed"."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from specrun.engines.local import state
from specrun.engines.local.request import RequestInvalid
from specrun.engines.local.sweeps.request import SweepRequest, is_sweep, read
from specrun.plan.attempts import NAME, run_name
from specrun.plan.observed import Loss, Run, RunStatus
from specrun.plan.trials import STOPPED_EARLY
from specrun.spec.frozen import dataclass

ITS_SWEEP = "its sweep "
"""How the reason of a trial begins that was cancelled because its sweep has ended."""

TRIES = 3
"""Attempts at a trial that one sweep begins, when the platform ends each of them."""


@dataclass(frozen=True, slots=True)
class Sweeping:
    """The sweep that asks. `submitted` is when it was (Unix seconds); `since` is when `--rerun` asked for what had
    failed before (None: it did not). `stops`: it ends trials early.
    """

    name: str
    submitted: float
    since: float | None = None
    stops: bool = False


class Standing(NamedTuple):
    """Where a trial stands: by the attempt that counts, or with the attempt `number` still to be begun.

    Neither is given of one that was lost too often: then it is by the attempt that was lost last.
    """

    attempt: Run | None = None
    number: int = 0


def stand(attempts: Sequence[Run], sweep: Sweeping, begun: int) -> Standing:
    """Where a trial stands; this sweep has `begun` so many attempts at it.

    What has succeeded counts, whoever ran it and whatever else came of it; what goes on is waited for; what failed by
    itself has failed. What the platform has ended is begun again, and so is what was cancelled before the sweep was
    submitted, or with another sweep.
    """
    following = attempts[-1].attempt + 1 if attempts else 1
    known = [attempt for attempt in attempts if attempt.loss not in (Loss.DAMAGED, Loss.UNMARKED)]
    for attempt in reversed(known):
        if attempt.status is RunStatus.SUCCEEDED:
            return Standing(attempt)
    newest = known[-1] if known else None
    if newest is None:
        return Standing(number=following)
    if newest.status is RunStatus.LOST:
        return Standing(newest) if begun >= TRIES else Standing(number=following)
    was_before = sweep.since is not None and _moment(newest) < sweep.since
    again = (newest.status is RunStatus.FAILED and was_before) or (
        newest.status is RunStatus.CANCELLED and not _counts(newest, sweep)
    )
    return Standing(number=following) if again else Standing(newest)


def sweeping(rundir: Path, asked: SweepRequest, submitted: float, earlier: Sequence[Path]) -> Sweeping:
    """The sweep in a folder; `earlier` are the attempts before it.

    What `--rerun` has asked of one that was lost since is asked of the next, too.
    """
    since = asked.since
    for folder in earlier if since is None else ():
        if state.observe(folder).status != state.LOST:
            break
        with contextlib.suppress(RequestInvalid):
            since = read(folder).since
        if since is not None:
            break
    return Sweeping(rundir.name, submitted, since, asked.sweep.early_termination is not None)


def earlier_attempts(rundir: Path) -> list[Path]:
    """The folders of the attempts at the same sweep before this one, the newest first."""
    match = NAME.fullmatch(rundir.name)
    numbers = range(int(match["attempt"] or 1) - 1, 0, -1) if match is not None else ()
    found = (rundir.parent / run_name(match["spec"], match["fingerprint"], number) for number in numbers if match)
    return [folder for folder in found if is_sweep(folder)]


def is_same(one: str, other: str) -> bool:
    """Whether two names are of attempts at the same run."""
    found = [match.group("spec", "fingerprint") for name in (one, other) if (match := NAME.fullmatch(name))]
    return len(found) == 2 and found[0] == found[1]


def _counts(cancelled: Run, sweep: Sweeping) -> bool:
    """Whether a trial that was cancelled is done with that."""
    if cancelled.reason.startswith(STOPPED_EARLY):
        return sweep.stops
    if cancelled.reason.startswith(ITS_SWEEP) and cancelled.parent != sweep.name:
        return False
    return _moment(cancelled) >= sweep.submitted


def _moment(run: Run) -> float:
    """When a run has ended (Unix seconds), as far as that is known."""
    return run.ended or run.submitted or 0.0
