"""The trials of the sweeps on this machine, and which runs there are that a sweep would take for its own."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from specrun.engines.local import state
from specrun.engines.local.marks import Marks
from specrun.engines.local.request import RequestInvalid
from specrun.engines.local.run_files import own_folder
from specrun.engines.local.run_names import written
from specrun.engines.local.run_reading import read_run
from specrun.engines.local.submission import run_folder
from specrun.engines.local.sweeps.record import FILE, read_trials
from specrun.engines.local.sweeps.request import is_sweep, read
from specrun.plan.attempts import NAME
from specrun.plan.observed import Run, RunStatus
from specrun.plan.trials import STOPPED_EARLY, Trial
from specrun.spec.sweep import Objective

GONE = "its run is not there any more"


class LocalSweeps:
    """The sweeps below a state folder. What a look at one costs depends on its own trials alone."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._marks = Marks(home)
        self._known: dict[str, tuple[object, Sequence[Trial]]] = {}

    def trials(self, name: str) -> Sequence[Trial]:
        """All that a sweep has begun, as it has noted them. Those that it has left are as their runs are. Raises
        Missing.
        """
        folder = own_folder(self._home, name)
        if not is_sweep(folder):
            return ()
        is_going = state.held(folder)  # before its record is read: what it writes last is in that then
        found = self._noted(name, folder)
        if is_going or all(trial.status.ended for trial in found):
            return found
        try:
            objective = read(folder).sweep.objective
        except RequestInvalid:
            return found
        return [trial if trial.status.ended else self._as_its_run_is(trial, objective) for trial in found]

    def there(self, spec: str, fingerprints: Collection[str]) -> Mapping[str, Run]:
        """The runs under a spec's name that a sweep would not run again: of each fingerprint the newest that has
        succeeded, else the last attempt, if it goes on, has failed by itself or was stopped early.

        Whose last attempt was lost or cancelled is not among them: that is run again.
        """
        wanted = {fingerprint[:10]: fingerprint for fingerprint in fingerprints}
        attempts: dict[str, list[tuple[int, str]]] = {}
        for name in _names_in(self._home / "runs"):
            if name.startswith(f"{spec}-") and (match := NAME.fullmatch(name)) and match["spec"] == spec:
                fingerprint = wanted.get(match["fingerprint"])
                if fingerprint is not None:
                    attempts.setdefault(fingerprint, []).append((int(match["attempt"] or 1), name))
        found: dict[str, Run] = {}
        for fingerprint, several in attempts.items():
            names = [name for _, name in sorted(several, reverse=True)]
            run = _that_stands(run for name in names if (run := self._read(name)) and run.is_of(fingerprint))
            if run is not None:
                found[fingerprint] = run
        return found

    def _noted(self, name: str, folder: Path) -> Sequence[Trial]:
        seen = written(folder, FILE)
        known = self._known.get(name)
        if known is None or known[0] != seen:
            known = self._known[name] = seen, tuple(read_trials(folder))
        return known[1]

    def _as_its_run_is(self, trial: Trial, objective: Objective) -> Trial:
        run = self._read(trial.run) if NAME.fullmatch(trial.run) else None
        if run is None:
            return replace(trial, status=RunStatus.LOST, reason=GONE)
        if not run.status.ended:
            return replace(trial, status=run.status, reason=run.reason, started=run.started)
        # Late: it is a supervisor's, and of sweeps that somebody has killed.
        from specrun.engines.local.sweeps.results import ended

        return ended(trial, run, run_folder(self._home, run.name), objective)

    def _read(self, name: str) -> Run | None:
        return read_run(run_folder(self._home, name), self._marks)


def _that_stands(runs: Iterable[Run]) -> Run | None:
    """Of the attempts at a trial, newest first, the one that spares another; None: there has to be another."""
    newest: Run | None = None
    for run in runs:
        if run.status is RunStatus.SUCCEEDED:
            return run
        newest = newest or run
    if newest is None or newest.status is RunStatus.LOST:
        return None
    is_cancelled = newest.status is RunStatus.CANCELLED and not newest.reason.startswith(STOPPED_EARLY)
    return None if is_cancelled else newest


def _names_in(folder: Path) -> Sequence[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names are wanted
    except OSError:
        return ()
