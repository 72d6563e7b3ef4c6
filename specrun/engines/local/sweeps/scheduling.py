"""A sweep from its first trial to its end: what its supervisor does once it holds the lock.

It only schedules. Each trial is a run with a supervisor of its own, which goes on when this one is killed; what has
become of it is read from its run, never from what is remembered here.
"""

from __future__ import annotations

import contextlib
import gc
import math
import os
import select
import signal
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from specrun.engines.local import disk, gpus, processes, state, supervisor
from specrun.engines.local.execution import SHUTDOWN, TICK
from specrun.engines.local.request import Request, Withheld
from specrun.engines.local.sweeps import request as sweeps
from specrun.engines.local.sweeps.followed import Followed, has_ended
from specrun.engines.local.sweeps.judging import Judge
from specrun.engines.local.sweeps.proposals import Proposals, proposals
from specrun.engines.local.sweeps.record import Record, read_trials
from specrun.engines.local.sweeps.results import BEFORE, Results, ended
from specrun.engines.local.sweeps.room import refusal, room
from specrun.engines.local.sweeps.standing import ITS_SWEEP, TRIES, earlier_attempts, is_same, stand, sweeping
from specrun.engines.local.sweeps.sweep_run import SweepRun
from specrun.engines.local.sweeps.trial_runs import TAKEN, UNPREPARED, Child, TrialRuns
from specrun.plan.observed import Run, RunStatus
from specrun.plan.trials import Trial
from specrun.spec.errors import Error
from specrun.spec.sweep import BAYESIAN

_UNFINISHED, _LIMIT, _BROKEN = "unfinished", "limit", "broken"


class Scheduling:
    """The one writer of a sweep's state and record. `lock` is the sweep's lock, which no other process shares."""

    def __init__(self, rundir: Path, request: Request, withheld: Withheld, lock: int) -> None:
        self.rundir = rundir
        self.lock = lock
        asked = sweeps.read(rundir)
        self.sweep = asked.sweep
        self.objective = self.sweep.objective
        self.run = SweepRun(rundir)
        present = () if request.gpu is False else gpus.present()
        self.runs = TrialRuns(rundir, request, withheld, present)
        self.record = Record(rundir)
        self.results = Results(self.sweep)
        self.proposals: Proposals | None = None
        self.count = 0
        self.going: dict[int, Followed] = {}
        self.ahead: Followed | None = None
        """The next trial, made ready while others still run."""
        self.left: list[Child] = []
        """Processes that were made ready and are not needed: they end by themselves."""
        self.judge = Judge(self.sweep)
        self.ending: tuple[str, str] | None = None
        """What has ended the sweep before it was through, and in words."""
        self.kept: Collection[str] = ()
        """The trials that go on when it is cancelled."""
        self.signalled = False
        timeout = self.sweep.timeout
        self.deadline = math.inf if timeout is None else time.monotonic() + timeout
        self.most = room(request, self.sweep, present)
        self.waits = self.sweep.max_failed_trials is not None or self.sweep.sampling_algorithm == BAYESIAN
        """Whether what a trial comes to may end the sweep, or says what comes next."""
        if why := refusal(request, present):
            self._break(f"no trial can run: {why}")
        self.earlier = earlier_attempts(rundir)
        self.asking = sweeping(rundir, asked, self.run.submitted, self.earlier)

    def carry_out(self) -> None:
        """Run the trials, and write what came of it. The sweep is over when this returns."""
        wake = processes.listen(self._asked_to_end)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # heard, or nothing would wake the loop
        gc.collect()
        gc.freeze()  # what is here now is shared with all forks, as long as nobody writes to it
        for _ in range(2):  # the second time nothing more is begun
            try:
                self._watch(wake)
            except Error as error:
                self._break(str(error))
            except Exception as error:  # noqa: BLE001 - told in the state: a sweep that is lost would be begun again
                import traceback

                traceback.print_exc()  # into its log
                self._break(f"it went wrong ({type(error).__name__}: {error}); see {self.rundir / supervisor.LOG}")
            else:
                break
        self._finish()

    def _asked_to_end(self, *_: object) -> None:
        self.signalled = True

    # --- while it runs

    def _watch(self, wake: int) -> None:
        while True:
            self._collect()
            self._look()
            if not self._begin_more() and not self.going:
                return
            reports = {going.child.report: going for going in self.going.values() if going.child and not going.is_over}
            waits = [wake, *reports, *self.run.times.descriptors]
            ready = select.select(waits, [], [], min(TICK, self.run.times.pause()))[0]
            processes.drain(wake)
            self.run.times.take()
            for report in filter(reports.__contains__, ready):
                reports[report].hear()

    def _collect(self) -> None:
        """Take in which trials have ended."""
        self.left = [child for child in self.left if not has_ended(child)]
        for going in list(self.going.values()):
            if going.child is not None:
                code, said = going.exit()
                if code is None:
                    continue
                if code == UNPREPARED:
                    self._break(f"trial {going.trial.number} could not be prepared: {said}")
                elif code == TAKEN:
                    going.begun -= 1
            self._advance(going)

    def _advance(self, going: Followed) -> None:
        """Do what is next for a trial: it has ended, it goes on, or it is begun, once more perhaps."""
        attempts = self.runs.attempts(going.fingerprint)
        attempt, number = stand(attempts, self.asking, going.begun)
        going.attempt = attempt
        if attempt is not None and attempt.status.ended:
            self._settle(going, attempt)
        elif attempt is not None:
            if going.trial.run != attempt.name:
                self._note(going, replace(going.trial, run=attempt.name, started=attempt.started or attempt.submitted))
        else:
            if going.begun >= TRIES:
                self._break(f"trial {going.trial.number} does not begin, tried {TRIES} times; see supervisor.log")
            self._begin(going, number)

    def _begin(self, going: Followed, number: int) -> None:
        name = self.runs.name(going.fingerprint, number)
        if self.ending is None:
            self._note(going, replace(going.trial, run=name, started=time.time()))
        try:
            if self.ending is None:
                is_ready = going.spare is not None and going.ready == number
                child = going.spare if is_ready else None
                going.child = child or self.runs.begin(going.fingerprint, number, going.trial.parameters)
                going.spare = None if is_ready else going.spare
                going.child.go()
        except OSError as error:
            self._break(f"no process could be had for trial {going.trial.number}: {disk.why(error)}")
        if self.ending is not None:
            del self.going[going.trial.number]
            self._keep(replace(going.trial, status=RunStatus.CANCELLED, reason=self.ending[1], ended=time.time()))
            return
        going.begun += 1
        going.stopping, going.told = "", False

    def _begin_more(self) -> bool:
        """Have as many trials run as may; those of which there is an end already take no time. False: there are no
        more to come.
        """
        while self.ending is None and self._running() < self.most:
            going, self.ahead = self.ahead or self._draw(), None
            if going is None:
                return self.proposals is None or not self.proposals.done
            self.going[going.trial.number] = going
            self._advance(going)
            self._leave(going)
            self._look()
        if self.ending is not None and self.ahead is not None:
            self._leave(self.ahead)
            self.ahead = None
        if self.ending is None and self.ahead is None and not self.waits:
            self._make_ready()
        return self.ending is None

    def _draw(self) -> Followed | None:
        """The next trial; None where there is none, or none yet."""
        if self.proposals is None:
            trials = [trial for folder in reversed(self.earlier) for trial in read_trials(folder)]
            self.proposals = proposals(self.sweep, trials)
        parameters = self.proposals.next()
        if parameters is None:
            return None
        self.count += 1
        return Followed(Trial(self.count - 1, parameters, status=RunStatus.RUNNING), self.runs.fingerprint(parameters))

    def _make_ready(self) -> None:
        """Have the next trial be made ready, so that it begins at once when there is room."""
        self.ahead = self._draw()
        if self.ahead is None:
            return
        attempt, self.ahead.ready = stand(self.runs.attempts(self.ahead.fingerprint), self.asking, 0)
        if attempt is None:
            with contextlib.suppress(OSError):  # it is told when the trial is to begin
                going = self.ahead
                going.spare = self.runs.begin(going.fingerprint, going.ready, going.trial.parameters)

    def _leave(self, going: Followed) -> None:
        """Do without what was made ready for a trial."""
        if going.spare is not None:
            going.spare.leave()
            self.left.append(going.spare)
            going.spare = None

    def _running(self) -> int:
        """How many trials take up room. One that is just over does not, but where others wait for what it comes to."""
        return sum(self.waits or not going.is_over for going in self.going.values())

    def _settle(self, going: Followed, attempt: Run) -> None:
        """Note how a trial has ended."""
        folder = self.runs.folder(attempt.name)
        trial = ended(going.trial, attempt, folder, self.objective)
        trial = replace(trial, notes=() if going.begun else (BEFORE,))
        self.judge.settle(trial.number, folder)
        del self.going[trial.number]
        self.runs.forget(going.fingerprint)
        self._keep(trial)
        self.run.say(self.results.take(trial))
        if self.proposals is not None:
            self.proposals.tell(trial)

    def _note(self, going: Followed, trial: Trial) -> None:
        going.trial = trial
        self._keep(trial)

    def _keep(self, trial: Trial) -> None:
        try:
            self.record.append(trial)
        except OSError as error:
            self._break(f"what became of trial {trial.number} could not be written down: {disk.why(error)}")

    # --- what ends a sweep, or a trial

    def _look(self) -> None:
        """Whether something asks for the end of the sweep, or of a trial."""
        if self.ending is None:
            if self.signalled:
                self.ending = (_UNFINISHED, SHUTDOWN)
            elif (why := state.cancelled_for(self.rundir)) is not None:
                self.ending = (state.CANCELLED, why)
                self.kept = sweeps.kept_trials(self.rundir)
            elif time.monotonic() >= self.deadline:
                self.ending = (_LIMIT, f"limits.timeout ({self.sweep.timeout:g} s)")
            elif self.sweep.max_failed_trials is not None and self.results.failed > self.sweep.max_failed_trials:
                self.ending = (_LIMIT, f"limits.max_failed_trials ({self.sweep.max_failed_trials})")
            else:
                running = {number: self.runs.folder(going.trial.run) for number, going in self.going.items()}
                for number, reason in self.judge.look(running).items():
                    self.going[number].stopping = self.going[number].stopping or reason
        elif self.signalled and self.ending[0] == _BROKEN:  # else its trials are ending already
            self.ending = (_UNFINISHED, SHUTDOWN)
        if self.ending is not None and self.ending[0] != _BROKEN:
            for going in list(self.going.values()):
                self._end(going)
        for going in self.going.values():
            self._tell(going)

    def _end(self, going: Followed) -> None:
        """Have a trial end with the sweep; one that another has, or will have, goes on without it."""
        assert self.ending is not None
        kind, why = self.ending
        if kind == _UNFINISHED:
            if going.child is not None and not going.told:
                going.told = True
                with contextlib.suppress(ProcessLookupError):
                    os.kill(going.child.pid, signal.SIGTERM)
            elif going.child is None:
                del self.going[going.trial.number]
        elif going.fingerprint not in self.kept and (going.child is not None or self._is_its_own(going.attempt)):
            how = "was cancelled" if kind == state.CANCELLED else f"ended: {why}"
            going.stopping = going.stopping or f"{ITS_SWEEP}{self.rundir.name} {how}"
        else:
            del self.going[going.trial.number]

    def _is_its_own(self, attempt: Run | None) -> bool:
        """Whether nobody else waits for a trial that another process has begun: not the sweep for which it did."""
        if attempt is None or not attempt.parent:
            return False
        return is_same(attempt.parent, self.rundir.name) or not state.held(self.runs.folder(attempt.parent))

    def _tell(self, going: Followed) -> None:
        """Ask for the end of a trial that is to end, once its run is there."""
        if not going.stopping or going.told:
            return
        with contextlib.suppress(OSError):  # it is not there yet, or the disk is full: the next look tries again
            state.cancel(self.runs.folder(going.trial.run), going.stopping)
            going.told = True

    def _break(self, why: str) -> None:
        """Begin nothing more: it would not work either. What runs goes on to its end."""
        if self.ending is None:
            self.ending = (_BROKEN, why)

    # --- the end

    def _finish(self) -> None:
        kind, why = self.ending or ("", "")
        for child in self.left:
            has_ended(child, wait=True)
        if kind == _UNFINISHED:
            self.run.leave(why)
        elif kind == state.CANCELLED:
            self.run.end(state.CANCELLED, why)
        elif kind == _BROKEN:
            self.run.end(state.FAILED, self.results.broken(why))
        else:
            self.run.end(*self.results.conclude(why))
