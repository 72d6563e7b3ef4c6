"""One planned change carried out: looked at again, begun, waited for, and looked at once more.

Nothing is decided here. What is not as the plan saw it, and not already as the plan wants it, is left alone.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from specrun.apply.locks import Stopped
from specrun.apply.stage import Stale, check_environment, stage
from specrun.apply.survey import outputs_there
from specrun.engines.base import Conflict, EngineError, Missing, Progress, Report, Runs, Transient
from specrun.engines.calls import ATTEMPTS, Abandoned, pause_after, read_all
from specrun.engines.reliable import Reliable
from specrun.plan.attempts import run_name
from specrun.plan.changes import Action, ResourceChange
from specrun.plan.diff import diff
from specrun.plan.hashes import md5_of
from specrun.plan.home import scratch
from specrun.plan.kinds.data import DataTarget, Upload
from specrun.plan.kinds.environment import JobEnvironment
from specrun.plan.kinds.model import Register
from specrun.plan.kinds.run import RunChange, RunDeletion, Submit
from specrun.plan.models import RegisteredModel, registration_of
from specrun.plan.observed import Observed, Run, RunStatus, Status, Written
from specrun.plan.remote import NotFetched, download
from specrun.plan.resources import Capability
from specrun.plan.submission import Submission, Upstream
from specrun.plan.sweeping import shared
from specrun.plan.transfer import is_same, plan_transfer
from specrun.plan.trials import best
from specrun.spec.frozen import dataclass
from specrun.spec.model import Download

MOST_ABOVE = 100
"""Runs above one that are asked what they have read."""

FIRST_POLL = 0.2
"""Seconds between the first looks at a resource that is being made; later ones are as far apart as the engine says."""


def cancel_previous(engine: Reliable, change: RunChange) -> None:
    """End the runs whose place a run takes, but not the trials of theirs that it has, too. Raises EngineError."""
    keep = shared(change.submission) if any(run.is_sweep for run in change.cancel) else ()
    for run in change.cancel:
        engine.cancel(run.name, keep)


@dataclass(frozen=True, slots=True)
class Operation:
    """One change on its way. `report` is told how far it is, `stop` is set when the user asks to stop.

    `check` raises LockLost once somebody else may be changing the same: nothing is begun any more then.
    """

    engine: Reliable
    home: Path
    report: Report
    stop: threading.Event
    check: Callable[[], None] = lambda: None

    def carry_out(self, change: ResourceChange | Upload) -> None:
        """Make one resource what the plan says; of runs only their deletion, see `submit`.

        Raises EngineError (LockLost among them), Stale and Stopped.
        """
        if change.action is Action.NO_OP:
            if not change.before.status.settled:
                self._await_maker(change)
            return
        if isinstance(change, RunDeletion):
            self.engine.delete_runs(change.resource.maker, change.ended_before, self.report)
            return
        now = self.engine.observe(change.resource)
        if change.action is Action.CREATE and now.status is Status.CREATING:
            now = self._settle(change)  # another apply of the same has begun with it
        if self._achieved(change, now):
            return
        if change.before.status is Status.DELETING:
            if self._settle(change).status is not Status.MISSING:
                raise Stale(f"{change.key} was being deleted and is there again: plan again")
        elif (_seen(now) != _seen(change.before) and not _on_the_way(change, now)) or _is_of_another(change, now):
            raise Stale(f"{change.key} changed since the plan: plan again")
        if isinstance(change.resource, JobEnvironment):
            check_environment(change.resource.content)
        if isinstance(change, Upload):
            change = self._fetched(change)
        self._begin(change)
        settled = self._settle(change)
        self.check()
        if not self._achieved(change, settled):
            why = settled.reason or "it is not as it was asked for afterwards: plan again"
            raise EngineError(f"{change.key}: {why}")

    def submit(self, change: Submit, runs: Mapping[str, str] = {}) -> str:
        """Submit a planned run, or find the one that somebody submitted for the same in the meantime; its name.

        `runs` are those that there are by now of what it reads from, by their addresses. Raises EngineError and Stale.
        """
        submission = self._from_upstream(change.submission, runs)
        cancel_previous(self.engine, change)
        gave_up: EngineError | None = None
        for attempt in range(ATTEMPTS):
            # Looked for before each try: the last one may have been accepted all the same, or somebody else's was.
            twin = self._twin(submission)
            if twin is not None:
                return twin.name
            try:
                # Staged anew for each try: an engine may take the folder away.
                with scratch(self.home) as folder:
                    self.engine.submit(submission, stage(submission, folder), self.report)
            except (Transient, Abandoned) as error:
                gave_up = error
                if attempt < ATTEMPTS - 1:
                    time.sleep(pause_after(error, attempt))
                    continue
                if (twin := self._twin(submission)) is None:
                    raise
                return twin.name
            except Conflict as conflict:
                if (twin := self._twin(submission)) is None:
                    # What stands in the way may be the try before, which hangs.
                    raise gave_up or conflict from conflict
                return twin.name
            else:
                return submission.name
        raise AssertionError("the last try returns or raises")

    def register(self, change: Register, name: str) -> RegisteredModel:
        """Register the output of a run that has succeeded. Raises EngineError."""
        run, resource = self.engine.run(name), change.resource
        trial = self._best_trial(run) if run.objective is not None else ""
        registration = registration_of(
            resource.model, resource.type, resource.output, resource.maker, run, trial, self._read_above(run)
        )
        return self.engine.register(registration)

    def _read_above(self, run: Run) -> list[str]:
        """The data that the runs have read from which a run reads, however far up, as far as that is known: one day
        these may be gone, and what was made of them stays.
        """
        found: dict[str, None] = {}
        known, level = {run.name}, [run]
        while level and len(known) < MOST_ABOVE:
            above = dict.fromkeys(name for one in level for name in one.upstream.values())
            names = [name for name in above if name not in known]
            known.update(names)
            seen = read_all(self.engine.looking(name, partial(_get, name)) for name in names)
            level = [one for one in seen if isinstance(one, Run)]
            found |= dict.fromkeys(one for run in level for one in run.reads if one.startswith("data/"))
        return list(found)

    def _best_trial(self, run: Run) -> str:
        found = best(self.engine.trials(run.name), run.objective) if run.objective is not None else None
        if found is None:
            raise Stale(f"{run.name} has no best trial any more: plan again")
        return found.run

    def _from_upstream(self, submission: Submission, runs: Mapping[str, str]) -> Submission:
        """The submission with the runs that it reads from as they are now: they have succeeded, and are what the plan
        says they are. Of a sweep it is the best trial. Raises EngineError and Stale.
        """
        if not submission.upstream:
            return submission
        specs = {one.spec: one for one in submission.upstream.values()}
        names = [runs.get(f"run/{one.spec}", one.run) for one in specs.values()]
        found = read_all(self.engine.looking(name, partial(_get, name)) for name in names)
        writers = {one.spec: self._writer(one, run) for one, run in zip(specs.values(), found, strict=True)}
        upstream = {name: replace(one, run=writers[one.spec]) for name, one in submission.upstream.items()}
        # Of what has been there for a while: what a run has just written nobody has deleted.
        there = outputs_there(
            self.engine, [Written(one.run, one.output, one.path) for one in upstream.values() if not one.waits]
        )
        for gone in (written for written, is_there in there.items() if not is_there):
            raise Stale(f"nothing is there any more of {gone.output} of {gone.run}, which it reads: run that again")
        return replace(submission, upstream=upstream)

    def _writer(self, upstream: Upstream, run: Run | EngineError) -> str:
        if isinstance(run, EngineError):
            raise run
        if not run.is_of(upstream.fingerprint) or run.status is not RunStatus.SUCCEEDED:
            raise Stale(f"{run.name}, which it reads from, is not what was planned: plan again")
        return self._best_trial(run) if run.objective is not None else run.name

    def _twin(self, submission: Submission) -> Run | None:
        """The run of the same fingerprint that makes this submission superfluous: under its name, or a later one.

        It was not there for the plan. Even one that is lost already has been submitted since: how it ended is told.
        """
        attempts = [run for run in self._attempts_since(submission) if run.is_of(submission.fingerprint)]
        return attempts[-1] if attempts else None

    def _attempts_since(self, submission: Submission) -> Iterator[Run]:
        with contextlib.suppress(Missing):
            for attempt in itertools.count(submission.attempt):
                yield self.engine.run(run_name(submission.spec, submission.fingerprint, attempt))

    def _fetched(self, change: Upload) -> Upload:
        source = change.resource.source
        if not isinstance(source, Download):
            return change
        try:
            path = download(source.url, source.sha256, self.home, self._report_fetched)
        except (NotFetched, OSError) as error:
            raise EngineError(f"{change.key}: {error}") from error
        size, md5 = path.stat().st_size, md5_of(path)
        files = tuple(replace(file, size=size, md5=md5) for file in change.transfer.send)
        return replace(change, transfer=replace(change.transfer, new=files, changed=()))

    def _report_fetched(self, done: int, total: int) -> None:
        self.report(Progress(done, total, "fetching"))

    def _begin(self, change: ResourceChange | Upload) -> None:
        for attempt in range(ATTEMPTS):
            self.check()
            try:
                self.engine.begin(change, self.report)
            except (Transient, Abandoned) as error:
                now = self.engine.observe(change.resource)
                if not now.status.settled or self._achieved(change, now):
                    return
                if attempt == ATTEMPTS - 1:
                    raise
                if isinstance(change, Upload):
                    change = _unsent(change, now)
                time.sleep(pause_after(error, attempt))
            except Conflict:
                # Somebody was faster. When that was another apply of the same, it is what was wanted.
                now = self.engine.observe(change.resource)
                if change.action is Action.CREATE and (not now.status.settled or self._achieved(change, now)):
                    return
                raise
            else:
                return

    def _await_maker(self, change: ResourceChange | Upload) -> None:
        """Wait for what somebody else, or an apply that was killed, is making; it must then be what the spec says."""
        settled = self._settle(change)
        if settled.status is not Status.READY:
            why = settled.reason or "plan again"
            raise EngineError(f"{change.key} was being made and is {settled.status.value}: {why}")
        if change.resource.managed and not self._achieved(change, settled):
            raise Stale(f"{change.key} was being made, and is not as declared now that it is there: plan again")

    def _settle(self, change: ResourceChange | Upload) -> Observed:
        begun = time.monotonic()
        while not (now := self.engine.observe(change.resource)).status.settled:
            # What is there after seconds is seen after seconds; what takes minutes is not asked for all the time.
            if self.stop.wait(max(FIRST_POLL, min(self.engine.poll, (time.monotonic() - begun) / 10))):
                raise Stopped(f"{change.key} is still being made: the next apply waits for it")
        return now

    def _achieved(self, change: ResourceChange | Upload, now: Observed) -> bool:
        resource = change.resource
        if change.action is Action.DELETE:
            if isinstance(resource, DataTarget):  # what other people put there stays
                return not any(file.maker.is_of(resource.maker) for file in now.files.values())
            return now.status is Status.MISSING
        if now.status is not Status.READY:
            return False
        if isinstance(change, Upload):
            again = plan_transfer(change.transfer.source, now.files, sha256=change.resource.sha256)
            return not again.send and not any(path in now.files for path in change.transfer.prune)
        capability = self.engine.facts.capabilities.get(resource.kind, Capability())
        return not diff(resource.wanted, now.properties, capability)


def _get(name: str, runs: Runs) -> Run:
    return runs.get(name)


def _unsent(change: Upload, now: Observed) -> Upload:
    """The same without the files that are there by now: what was sent is not sent again."""
    left = plan_transfer(change.transfer.send, now.files, sha256=change.resource.sha256)
    there = (*change.transfer.unchanged, *left.unchanged)
    return replace(change, transfer=replace(change.transfer, new=left.new, changed=left.changed, unchanged=there))


def _on_the_way(change: ResourceChange | Upload, now: Observed) -> bool:
    """Whether all that changed on a data target is as planned: another apply of the same is sending it right now."""
    if not isinstance(change, Upload):
        return False
    wanted = {file.path: file for file in change.transfer.send}
    before = change.before.files
    changed = [path for path in {**before, **now.files} if before.get(path) != now.files.get(path)]
    return all(
        path in wanted and is_same(wanted[path], now.files[path], change.resource.sha256)
        if path in now.files
        else path in change.transfer.prune
        for path in changed
    )


def _is_of_another(change: ResourceChange | Upload, now: Observed) -> bool:
    """Whether what is to be deleted was deleted since, and made again by somebody else, just as it was."""
    return change.action is Action.DELETE and now.maker != change.before.maker


def _seen(observed: Observed) -> tuple[object, ...]:
    return observed.status, dict(observed.properties), dict(observed.files)
