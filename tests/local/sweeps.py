"""Real sweeps on this machine, for tests: with a note of each trial that has begun, outside of what specrun keeps."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from specrun.apply.project import open_project
from specrun.engines.base import Missing
from specrun.engines.local import state
from specrun.engines.local.sweeps.record import read_trials
from specrun.plan.observed import Run, RunStatus
from specrun.plan.planning import PlanOptions
from specrun.plan.trials import Trial, best
from specrun.spec.model import Spec
from specrun.spec.sweep import Objective
from tests.engine_double import read_specs, write_spec
from tests.local.machine import Machine
from tests.local.runs import _pids, _read, wait_until

LOGS = """log() {
  s=${MLFLOW_TRACKING_URI#file://}/0/a; mkdir -p $s/metrics
  echo "start_time: 1" > $s/meta.yaml; echo "1000 $2 0" >> $s/metrics/$1
}
"""
"""A function of bash that logs a metric as MLflow does."""


class Place:
    """A folder with one spec, which is applied to a machine of its own."""

    def __init__(self, folder: Path, machine: Machine | None = None) -> None:
        self.folder = folder
        self.machine = machine or Machine(folder / "home")
        self.began = folder / "began"
        """A line for each trial that has begun, by the job itself."""

    def spec(self, command: str, values: Sequence[Any] = (1, 2, 3), **changes: Any) -> Spec:
        """A grid over x, which writes down that it began; `changes` are of the whole file, or of `sweep`."""
        script = f'set -e\n{LOGS}echo "${{{{ search_space.x }}}}" >> {self.began}\n{command}\n'
        sweep = {
            "sampling_algorithm": "grid",
            "search_space": {"x": {"type": "choice", "values": list(values)}},
            "objective": {"goal": "maximize", "primary_metric": "accuracy"},
            **changes.pop("sweep", {}),
        }
        document = {"name": "tune", "job": {"command": script}, "sweep": sweep, **changes}
        file = write_spec(self.folder / "spec", yaml.safe_dump(document, sort_keys=False))
        (spec,) = read_specs(file, engine="local")
        return spec

    def apply(self, spec: Spec, **options: Any) -> Run:
        """Apply it, and wait for the end."""
        project = open_project([spec], "local", self.machine.home)
        plan = project.plan(PlanOptions(**options))
        assert (plan.unseen, plan.problems, plan.refusals) == ({}, (), ())
        outcome = project.carry_out(plan, self.machine.events.append, threading.Event(), detach=False)
        assert len(outcome.ended) == 1, self.machine.errors()
        return outcome.ended[0]

    def submit(self, spec: Spec, **options: Any) -> Path:
        """Apply it, and do not wait; the folder of the sweep."""
        project = open_project([spec], "local", self.machine.home)
        project.carry_out(
            project.plan(PlanOptions(**options)), self.machine.events.append, threading.Event(), detach=True
        )
        return max(self.sweeps(), key=lambda folder: state.read(folder).submitted or 0)

    def sweeps(self) -> list[Path]:
        return [file.parent for file in (self.machine.home / "runs").glob("*/sweep.json")]

    def trials(self, sweep: str) -> dict[Any, Trial]:
        """The trials of a sweep by the value of x."""
        return {trial.parameters["x"]: trial for trial in read_trials(self.folder_of(sweep))}

    def folder_of(self, name: str) -> Path:
        return self.machine.home / "runs" / name

    def counts(self) -> dict[str, int]:
        """How often a trial with each value has begun."""
        return dict(Counter(self.began.read_text().splitlines())) if self.began.exists() else {}

    def best(self, sweep: str) -> Any:
        found = best(read_trials(self.folder_of(sweep)), Objective("maximize", "accuracy"))
        return None if found is None else found.parameters["x"]

    def successes(self, spec: str = "tune") -> dict[Any, int]:
        """How many runs have succeeded with each value of x."""
        found: Counter[Any] = Counter()
        for folder in (self.machine.home / "runs").glob("*"):
            with contextlib.suppress(Missing):  # it is made, and not started
                run = self.machine.engine.runs.get(folder.name)
                if run.status is RunStatus.SUCCEEDED and not run.is_sweep:
                    found[run.parameters["x"]] += 1
        return dict(found)

    def supervisors(self) -> dict[str, int]:
        """The supervisors of sweeps here by what they are called, and those forked of them: trials' and guards."""
        home = str(self.machine.home).encode()
        found = {}
        for pid in _pids():
            if any(word.startswith(home) for word in _read(pid, "cmdline").split(b"\0")):
                found[f"{_read(pid, 'comm').decode().strip()} {pid}"] = pid
        return found

    def sweeper(self) -> int:
        """The process that schedules."""
        return wait_until(
            lambda: next((pid for name, pid in self.supervisors().items() if name.startswith("specrun sweep")), 0),
            "a sweep's supervisor",
            self.supervisors,
        )

    def end_all(self) -> None:
        """End whatever is left here."""
        for pid in self.supervisors().values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        return wait_until(condition, what, lambda: {f.name: replace(state.observe(f), roles={}) for f in self.sweeps()})
