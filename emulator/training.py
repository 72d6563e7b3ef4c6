"""Runs executed for real: queued for nodes, supervised, watched to their end; and mishaps on demand."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.collecting import Collector
from emulator.planes import Cluster
from emulator.references import Unusable
from emulator.runs_state import (
    CANCEL_REQUESTED,
    CANCELED,
    FAILED,
    FINALIZING,
    PREPARING,
    QUEUED,
    RUNNING,
    STARTING,
    SYSTEM,
    Plane,
    Run,
    now,
    written,
)
from emulator.serverless import compute_of
from emulator.staging import Staged, stage
from emulator.sweep_form import is_sweep
from emulator.sweeping import Sweeping
from emulator.verdicts import error, verdict
from specrun.engines.local import roles, state

ROOT = Path(__file__).resolve().parents[1]
TICK = 0.1
"""Seconds between two looks at a run."""

END_PATIENCE = 15.0
"""Seconds for a run's processes to be gone once its supervisor was killed."""

_FILES = {"ProcessInfoFile": "process_info", "ProcessStatusFile": "process_status"}
_COMPUTE_STATUS = '{"AllocationState":"steady","PreparingNodeCount":0,"RunningNodeCount":1,"CurrentNodeCount":1}'

_LEASHED = """
import os, sys
from specrun.engines.local import processes, supervisor
processes.die_with(int(sys.argv[1]))
os._exit(supervisor.main(sys.argv[2:]))
"""
# A supervisor outlives who started it. This one is killed when the emulator dies, and its guards then end the run.


@dataclass(frozen=True)
class Mishap:
    """What is to befall a run once it is in `phase`: it ends with `status` and `error`. `runs` is a pattern of ids."""

    phase: str
    error: Mapping[str, Any] | None = None
    status: str = FAILED
    runs: str = "*"
    by: str | None = None


def preempted(runs: str = "*") -> Mishap:
    """Its node is taken away while it runs."""
    told = "AzureMLCompute job failed.\nPreempted: The node was preempted and the job was stopped."
    return Mishap(RUNNING, error("ServiceError", told), runs=runs)


def no_capacity(runs: str = "*") -> Mishap:
    """It never starts: no node can be had."""
    told = "AzureMLCompute job failed.\nAllocationFailed: No capacity is available for the VM size in this region."
    return Mishap(QUEUED, error("ServiceError", told), runs=runs)


def cancelled(runs: str = "*", by: str = "somebody else") -> Mishap:
    """Somebody else cancels it while it runs."""
    return Mishap(RUNNING, None, CANCELED, runs, by)


def began(run: Run, when: str | None = None) -> None:
    """A run's processes were started: from then on the service says where it keeps what it knows of them."""
    run.started = when or now()
    run.properties |= {name: f"azureml-logs/{file}.json" for name, file in _FILES.items()}
    run.tags[f"{SYSTEM}ComputeTargetStatus"] = _COMPUTE_STATUS


@dataclass
class Training:
    """All executions. `mishaps`: what is to go wrong, each once; `starved`: nobody gets a node while it is set."""

    mishaps: list[Mishap] = field(default_factory=list)
    starved: bool = False
    _executions: dict[tuple[str, str], Execution | Sweeping] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: bool = False

    def start(self, plane: Plane, run: Run) -> None:
        """Execute a run that was accepted; of a sweep its trials, one after the other."""
        execution = (Sweeping if is_sweep(run) else Execution)(self, plane, run)
        with self._lock:
            if not self._closed:
                self._executions[plane.place.id, run.id] = execution
                execution.start()

    def strike(self, run_id: str, mishap: Mishap) -> None:
        """Have something befall a run now, in whatever phase it is; every one of that name, where there are several."""
        for (_, name), execution in list(self._executions.items()):
            if name == run_id:
                execution.mishap = mishap

    def mishap_for(self, run: Run, phase: str) -> Mishap | None:
        """The mishap that is waiting for this run in this phase; it does not wait any longer."""
        for mishap in self.mishaps:
            if mishap.phase == phase and fnmatch.fnmatch(run.id, mishap.runs):
                self.mishaps.remove(mishap)
                return mishap
        return None

    def close(self) -> None:
        """End all runs, and return when no process of them is left."""
        with self._lock:
            self._closed = True
        for execution in self._executions.values():
            execution.end = True
        for execution in self._executions.values():
            execution.join(END_PATIENCE)


class Execution(threading.Thread):
    """One run's way through the service. `end`: the emulator ends; `mishap`: what befalls the run next."""

    def __init__(self, training: Training, plane: Plane, run: Run) -> None:
        super().__init__(name=f"run {run.id}", daemon=True)
        self.training = training
        self.plane = plane
        self.record = run
        self.end = False
        self.mishap: Mishap | None = None

    def run(self) -> None:
        """From acceptance to the last status."""
        try:
            self.record.become(PREPARING)
            cluster = self._queue()
            if cluster is not None:
                try:
                    self._execute(cluster)
                finally:
                    cluster.give_back(self.record.id)
        finally:  # a run never hangs, whatever the emulator's own defects
            self.record.become(FAILED, error("ServiceError", "The emulator ended, or failed, before the run was over."))

    def _queue(self) -> Cluster | None:
        """Wait for nodes; None when the run was over before it had any."""
        run = self.record
        assert run.definition is not None
        run.become(QUEUED)
        while not self._struck(QUEUED):
            cluster = compute_of(self.plane, run)
            if cluster is None:
                run.become(
                    FAILED, error("UserError", f"Compute target {run.target} was deleted while the run was queued.")
                )
                return None
            nodes = int(run.definition.get("nodeCount") or 1)
            if not self.training.starved and cluster.state() == "Succeeded" and cluster.take(run.id, nodes):
                return cluster
            time.sleep(TICK)
        self._finish_struck()
        return None

    def _struck(self, phase: str) -> bool:
        """Whether something ends the run from outside."""
        self.mishap = self.mishap or self.training.mishap_for(self.record, phase)
        return self.end or self.mishap is not None or self.record.status == CANCEL_REQUESTED

    def _finish_struck(self) -> None:
        if self.mishap is not None:
            self.record.canceled_by = self.mishap.by or self.record.canceled_by
            self.record.become(self.mishap.status, self.mishap.error)
        elif self.record.status == CANCEL_REQUESTED:
            self.record.become(CANCELED)

    def _execute(self, cluster: Cluster) -> None:
        run = self.record
        run.become(STARTING)
        try:
            staged = stage(self.plane, run, cluster)
        except Unusable as problem:
            run.become(FAILED, error("UserError", str(problem)))
            return
        collector = Collector(self.plane, run, staged)
        collector.begin()
        supervisor = self._supervise(staged)
        self._watch(staged, collector, supervisor)
        self._begun(staged)
        collector.logs()
        if self.end or self.mishap is not None:
            self._finish_struck()
            return
        result = state.observe(staged.folder)
        if result.status != state.CANCELLED:
            run.become(FINALIZING)
        if (run.definition or {}).get("history", {}).get("outputCollection", True):
            collector.files("outputs", *self._watched())
        collector.data()
        run.become(*verdict(run, staged.shape.kind, result))

    def _supervise(self, staged: Staged) -> subprocess.Popen[bytes]:
        with (staged.folder / "supervisor.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-S", "-s", "-c", _LEASHED, str(os.getpid()), str(staged.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=roles.inherited(os.environ) | {"PYTHONPATH": str(ROOT)},
                start_new_session=True,
            )

    def _watch(self, staged: Staged, collector: Collector, supervisor: subprocess.Popen[bytes]) -> None:
        """Follow the run until its supervisor has ended, by itself or by what befalls it."""
        while supervisor.poll() is None:
            if self._begun(staged):
                self._struck(RUNNING)
            if self.mishap is None and compute_of(self.plane, self.record) is None:
                self.mishap = Mishap(RUNNING, error("UserError", f"Compute target {self.record.target} was deleted."))
            if self.end or self.mishap is not None:
                supervisor.kill()
                self._await_end(staged.folder)
            elif self.record.status == CANCEL_REQUESTED:
                state.cancel(staged.folder)
            collector.logs()
            collector.files(*self._watched())
            with contextlib.suppress(subprocess.TimeoutExpired):
                supervisor.wait(TICK)

    def _begun(self, staged: Staged) -> bool:
        """Whether the run's processes were started; the record says so from then on."""
        local = state.read(staged.folder)
        if local.started is not None and self.record.started is None:
            began(self.record, written(local.started))
            self.record.become(RUNNING)
        return local.status == state.RUNNING

    def _await_end(self, folder: Path) -> None:
        """The guards hold the run's lock until the last process is gone."""
        give_up = time.monotonic() + END_PATIENCE
        while state.held(folder) and time.monotonic() < give_up:
            time.sleep(0.02)

    def _watched(self) -> list[str]:
        history = (self.record.definition or {}).get("history") or {}
        return [name for name in history.get("directoriesToWatch") or [] if name not in (".", "") and ".." not in name]
