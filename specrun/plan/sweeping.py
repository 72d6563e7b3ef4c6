"""How many trials a sweep has that is to be submitted, and how many of these have been run before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from specrun.plan.observed import Run, RunStatus
from specrun.plan.planning import Planning
from specrun.plan.submission import Submission
from specrun.plan.trials import STOPPED_EARLY, Fingerprints, Trial
from specrun.spec.errors import Error
from specrun.spec.frozen import dataclass
from specrun.spec.model import Scalar
from specrun.spec.sweep import BAYESIAN, Sweep


@dataclass(frozen=True, slots=True)
class TrialCounts:
    """The trials of a sweep, at most so many; `to_run` are those that will be begun.

    `there` are not run again: they have succeeded, were stopped early, or run now, as `running` of them do. `failed`
    did so before; with --rerun they are among `to_run`. `again` have succeeded before and are among `to_run` all the
    same, since the service runs all trials of a sweep; where that could not be read, `unread` says why.
    """

    trials: int
    to_run: int
    there: int = 0
    running: int = 0
    failed: int = 0
    again: int = 0
    unread: str = ""

    @property
    def failed_stay(self) -> int:
        """How many have failed and are not run again."""
        return self.trials - self.there - self.to_run


def count_trials(planning: Planning, submission: Submission, runs: Sequence[Run]) -> TrialCounts | None:
    """What is known of the trials of a run that is to be submitted; None of one that is no sweep.

    `runs` are those of its spec, newest first.
    """
    sweep = submission.sweep
    if sweep is None:
        return None
    if not planning.view.takes_trials:
        return _by_service(planning, submission, sweep, runs)
    if sweep.sampling_algorithm == BAYESIAN:
        return _as_before(planning, submission, sweep, runs)
    from specrun.plan.sampling import draws  # late: few specs have a sweep

    wanted = list(dict.fromkeys(fingerprints(submission.content, draws(sweep))))
    found = planning.view.history.trials_there(submission.spec, wanted)
    return _counted(sweep, len(wanted), [(run.status, run.reason) for run in found.values()], submission.rerun)


def shared(submission: Submission) -> frozenset[str]:
    """The fingerprints of the runs that a submission will have, as far as anybody knows them beforehand."""
    if submission.sweep is None:
        return frozenset({submission.fingerprint})
    if submission.sweep.sampling_algorithm == BAYESIAN:
        return frozenset()
    from specrun.plan.sampling import draws  # late: few specs have a sweep

    return frozenset(fingerprints(submission.content, draws(submission.sweep)))


def fingerprints(content: Mapping[str, object], several: Iterable[Mapping[str, Scalar]]) -> Iterator[str]:
    """The fingerprints of the trials with these parameters; `content` is what that of their sweep was taken of."""
    yield from map(Fingerprints(content).of, several)


def _as_before(planning: Planning, submission: Submission, sweep: Sweep, runs: Sequence[Run]) -> TrialCounts:
    """Of a sweep whose next trials depend on how the others went: those of earlier attempts at it are taken over."""
    earlier = [run for run in runs if run.is_of(submission.fingerprint)]
    trials, unread = _read(planning, earlier)
    known = {trial.run or str(trial.number): (trial.status, trial.reason) for trial in trials}
    counts = _counted(sweep, sweep.most_trials, list(known.values()), submission.rerun)
    return TrialCounts(counts.trials, counts.to_run, counts.there, counts.running, counts.failed, unread=unread)


def _by_service(planning: Planning, submission: Submission, sweep: Sweep, runs: Sequence[Run]) -> TrialCounts:
    """Of one that the service runs: what the newest sweep before it has done, if it was of the same job."""
    most = sweep.most_trials
    before = next((run for run in runs if run.is_sweep), None)
    if before is None:
        return TrialCounts(most, most)
    identities = (planning.view.identity(before.name), submission.identity)
    was, now = ({name: value for name, value in one.items() if name != "sweep"} for one in identities)
    if was != now:
        return TrialCounts(most, most)
    from specrun.plan.sampling import is_within

    def within(parameters: Mapping[str, Scalar]) -> bool:
        if parameters.keys() != sweep.search_space.keys():
            return False
        space = sweep.search_space
        return all(is_within(space[name], value, sweep.logbase) for name, value in parameters.items())

    trials, unread = _read(planning, [before])
    done = [trial for trial in trials if trial.status is RunStatus.SUCCEEDED and within(trial.parameters)]
    return TrialCounts(most, most, again=min(len(done), most), unread=unread)


def _read(planning: Planning, sweeps: Sequence[Run]) -> tuple[Sequence[Trial], str]:
    """The trials of the newest of these, and why they could not be read."""
    if not sweeps:
        return (), ""
    try:
        return planning.view.history.trials(sweeps[0].name), ""
    except Error as error:
        return (), str(error)


def _counted(sweep: Sweep, most: int, ends: Sequence[tuple[RunStatus, str]], rerun: bool) -> TrialCounts:
    """The trials there are, each with its status and the reason of that.

    One that was stopped early is done with for a sweep that may stop trials early, too.
    """
    stops = sweep.early_termination is not None
    running = sum(not status.ended for status, _ in ends)
    failed = sum(status is RunStatus.FAILED for status, _ in ends)
    done = sum(
        status is RunStatus.SUCCEEDED or (stops and status is RunStatus.CANCELLED and reason.startswith(STOPPED_EARLY))
        for status, reason in ends
    )
    there = min(done + running, most)
    return TrialCounts(most, max(most - there - (0 if rerun else failed), 0), there, running, failed)
