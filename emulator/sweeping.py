"""Sweeps carried out: trials that are real jobs, as many at once as may be, and which of them is the best.

How points are chosen is the emulator's own; a policy of early termination is kept, and nobody is stopped by it.
"""

from __future__ import annotations

import itertools
import json
import math
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from emulator.jobs_form import definition_of, place_on_compute
from emulator.metrics import keep
from emulator.runs_state import (
    CANCEL_REQUESTED,
    CANCELED,
    COMPLETED,
    FAILED,
    SYSTEM,
    Plane,
    Run,
    now,
)
from emulator.sampling import points, size_of
from emulator.sweep_form import most_trials, timeout_of, trial_of
from emulator.verdicts import error

if TYPE_CHECKING:
    from emulator.training import Mishap, Training

TICK = 0.05
"""Seconds between two looks at the trials."""

AT_ONCE = 16
"""How many trials run at once of a sweep that says nothing of it: this machine has to bear them."""

LOG = "azureml-logs/hyperdrive.txt"
BEST = "best_child_by_primary_metric"
_COLUMNS = {
    "metric_name": "string",
    "timestamp": "string",
    "run_id": "string",
    "metric_value": "double",
    "final": "bool",
}


class Sweeping(threading.Thread):
    """One sweep's way through the service. `end`: the emulator ends; `mishap`: what befalls the sweep next."""

    def __init__(self, training: Training, plane: Plane, run: Run) -> None:
        super().__init__(name=f"sweep {run.id}", daemon=True)
        assert run.job is not None
        self.training = training
        self.plane = plane
        self.record = run
        self.job: dict[str, Any] = run.job
        self.end = False
        self.mishap: Mishap | None = None
        self.trials: list[Run] = []
        self._seen: Counter[str] = Counter()
        self._best: tuple[Run, float] | None = None

    def run(self) -> None:
        """From acceptance to the last status."""
        try:
            self._carry_out()
        finally:  # a run never hangs, whatever the emulator's own defects
            self.record.become(FAILED, error("ServiceError", "The emulator ended, or failed, before the run was over."))

    def _carry_out(self) -> None:
        space, sampling = self.job["searchSpace"], self.job["samplingAlgorithm"]
        size = size_of(space)
        most = most_trials(self.job, size)
        if size is not None:
            self.record.properties["space_size"] = str(size)
        seed = sampling.get("seed")
        drawn = points(space, sampling["samplingAlgorithmType"], self.record.id if seed is None else seed)
        self._log("API", "Experiment created")
        self._log("GENERATOR", f"Trying to sample '{most}' jobs from the hyperparameter space")
        left = enumerate(itertools.islice(drawn, most))
        late = time.monotonic() + timeout_of(self.job)
        while not self._struck() and time.monotonic() < late and (self._begin(left) or self._running()):
            self._look()
            time.sleep(TICK)
        over = not self._struck() and not self._running() and time.monotonic() < late
        if not over:
            self._stop()
        if self.end:
            return
        self._look()
        self._finish(over=over)

    def _struck(self) -> bool:
        """Whether something ends the sweep from outside. A mishap has to name it: one for all is for its trials."""
        if self.mishap is None:
            waiting = (one for one in self.training.mishaps if one.runs == self.record.id)
            self.mishap = next(waiting, None)
            if self.mishap is not None:
                self.training.mishaps.remove(self.mishap)
        return self.end or self.mishap is not None or self.record.status == CANCEL_REQUESTED

    def _running(self) -> list[Run]:
        return [one for one in self.trials if not one.over]

    def _begin(self, left: Iterator[tuple[int, dict[str, Any]]]) -> bool:
        """Begin as many trials as there is room for; whether there was one to begin."""
        most = self.job["limits"]["maxConcurrentTrials"] or AT_ONCE
        room = max(most - len(self._running()), 0)
        begun = list(itertools.islice(left, room))
        if len(begun) < room:
            self.record.tags[f"{SYSTEM}all_jobs_generated"] = "true"
        for number, point in begun:
            self._start(number, point)
        return bool(begun)

    def _start(self, number: int, point: dict[str, Any]) -> None:
        parent = self.record
        name = f"{parent.id}_{number}"
        job = trial_of(self.job, point)
        with self.plane.lock:
            if name in self.plane.runs:  # somebody has a job of that name: the service's is another, whatever it does
                return
            child = self.plane.add_run(
                parent.experiment, name, parent.user, job=job, definition=definition_of(job), parent=parent.id
            )
            child.kind, child.shown = "azureml.scriptrun", name
            place_on_compute(child, job)
            parent.tags[f"{SYSTEM}{name}"] = json.dumps(point)
            parent.tags[f"{SYSTEM}samples_generated_count"] = str(number + 1)
        self._log("SCHEDULER", f"Scheduling job, id='{name}'")
        self.trials.append(child)
        self.training.start(self.plane, child)
        self._log("SCHEDULER", f"Successfully scheduled a job. Id='{name}'")

    def _stop(self) -> None:
        """Nothing new begins, and what runs is canceled."""
        self.record.tags[f"{SYSTEM}cancellation_requested"] = "true"
        for child in self._running():
            child.canceled_by = (self.mishap.by if self.mishap else "") or self.record.canceled_by
            child.become(CANCEL_REQUESTED)
        while self._running() and not self.end:
            time.sleep(TICK)

    def _look(self) -> None:
        """Take note of a new best value, whatever becomes of the trial that has logged it."""
        objective = self.job["objective"]
        metric, sign = objective["primaryMetric"], 1 if objective["goal"] == "Maximize" else -1
        for child in self.trials:
            known = child.metrics.get(metric)
            rows = known.rows[self._seen[child.id] :] if known and set(known.columns) == {metric} else []
            self._seen[child.id] += len(rows)
            for row in rows:
                value = row["data"].get(metric)
                if not isinstance(value, int | float) or math.isnan(value):
                    continue
                if self._best is None or sign * value > sign * self._best[1]:
                    self._best = child, float(value)
                    self._note_best(final=False)

    def _note_best(self, *, final: bool) -> None:
        if self._best is None:
            return
        child, value = self._best
        told = {
            "metric_name": self.job["objective"]["primaryMetric"],
            "timestamp": f"{now()[:26]}+00:00".replace("T", " "),
            "run_id": child.id,
        }
        row = {
            "metricId": str(uuid.uuid4()),
            "createdUtc": now(),
            "data": {**told, "metric_value": value, "final": final},
        }
        keep(self.plane, self.record, BEST, _COLUMNS, "azureml.v1.table", [row])

    def _finish(self, *, over: bool) -> None:
        run = self.record
        self._note_best(final=True)
        if self._best is not None:
            child, value = self._best
            run.properties |= {
                "best_child_run_id": child.id,
                "score": repr(value),
                "best_metric_status": "Succeeded",
                "best_data_container_id": child.container,
            }
        status, problem = self._verdict(over=over)
        self._log("CONTROLLER", f"Experiment was 'ExperimentStatus.RUNNING', is 'ExperimentStatus.{_WORDS[status]}'.")
        run.become(status, problem)

    def _verdict(self, *, over: bool) -> tuple[str, Mapping[str, Any] | None]:
        if self.mishap is not None:
            self.record.canceled_by = self.mishap.by or self.record.canceled_by
            return self.mishap.status, self.mishap.error
        if self.record.status == CANCEL_REQUESTED:
            return CANCELED, None
        if not over:
            told = f"The run exceeded its maximum run duration of {timeout_of(self.job)} seconds and was canceled."
            return CANCELED, error("UserError", told)
        failed = [one for one in self.trials if one.status == FAILED]
        if not failed or any(one.status == COMPLETED for one in self.trials):
            return COMPLETED, None
        if any((one.error or {}).get("code") == "UserError" for one in failed):
            return FAILED, error("UserError", "User errors were found in at least one of the child runs.")
        return FAILED, failed[0].error

    def _log(self, source: str, text: str) -> None:
        artifact = self.plane.artifact_blob(self.record, LOG)
        if LOG not in self.record.artifacts:
            self.plane.blobs.append(artifact.container, artifact.blob, b"")
        when = now()[:26]
        self.plane.blobs.append(artifact.container, artifact.blob, f"[{when}][{source}][INFO]{text}\n".encode())
        self.record.artifacts.setdefault(LOG, artifact)


_WORDS = {COMPLETED: "FINISHED", FAILED: "FAILED", CANCELED: "CANCELLED"}
