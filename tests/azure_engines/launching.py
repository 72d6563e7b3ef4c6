"""Runs of a small job in an emulated workspace, submitted as apply does it: for the tests of both Azure engines."""

from __future__ import annotations

import shutil
import textwrap
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from emulator import history
from emulator.runs_state import Plane, Run
from specrun.apply.stage import stage
from specrun.engines.azure.engine import AzureEngine
from specrun.engines.base import Staged
from specrun.engines.history import History
from specrun.engines.reliable import Reliable
from specrun.plan.attempts import run_name
from specrun.plan.changes import Action
from specrun.plan.hashes import HashCache
from specrun.plan.kinds.run import Submit
from specrun.plan.observed import Survey
from specrun.plan.planning import Planning, PlanOptions, View
from specrun.plan.submission import Submission
from specrun.spec.model import Spec
from tests.azure_engines.place import Place, resource
from tests.engine_double import Double

PATIENCE = 60.0
TOP = """
compute: {name: cpu-cluster, size: STANDARD_DS3_V2, max_instances: 4}
data: {digits: {path: data, target: sets/digits}}
experiment: digits
"""


@dataclass
class Launch:
    """A workspace with a cluster. `spec` is the last one that was written; its engine has seen nothing."""

    place: Place
    spec: Spec
    engine: AzureEngine

    @property
    def plane(self) -> Plane:
        """The workspace as the emulator keeps it."""
        return self.place.plane

    def run(self, name: str) -> Run:
        """The service's own idea of a run."""
        return history.find(self.plane, None, name)

    def renew(self) -> AzureEngine:
        """An engine that has seen nothing, as in another process."""
        self.engine = self.place.engine(self.spec)
        return self.engine

    def submission(self, attempt: int = 1) -> Submission:
        """What is planned of the spec's job, as whatever attempt."""
        return planned(self.spec, attempt)

    def staged(self, submission: Submission) -> Staged:
        """Copies of what a run consists of, in a folder of their own."""
        return copied(submission, self.place.folder / "staged")

    def submit(self, attempt: int = 1, engine: AzureEngine | None = None) -> str:
        """Submit the spec's job; the run's name."""
        submission = self.submission(attempt)
        (engine or self.engine).runs.submit(submission, self.staged(submission), self.place.reports.append)
        return submission.name

    def finish(self, attempt: int = 1, engine: AzureEngine | None = None) -> str:
        """Submit the spec's job and let it run to its end; the run's name."""
        name = self.submit(attempt, engine)
        assert self.run(name).wait(timeout=PATIENCE)
        return name


def planned(spec: Spec, attempt: int = 1) -> Submission:
    """What is planned of a spec's job where nothing has run yet, as whatever attempt."""
    request, home = resource(spec, f"run/{spec.name}"), spec.file.parent / ".specrun"
    view = View({}, False, Survey({}, {}), History(Reliable(Double())), lambda name: {})
    planning = Planning(request.place, view, PlanOptions(), home, HashCache(home))
    request.draft(planning)
    change = request.plan(planning)
    assert isinstance(change, Submit)
    submission = change.submission
    return replace(submission, name=run_name(spec.name, submission.fingerprint, attempt), attempt=attempt)


def copied(submission: Submission, every: Path) -> Staged:
    """Copies of what a run consists of, in a new folder of `every`."""
    folder = every / str(len(list(every.iterdir())) if every.exists() else 0)
    folder.mkdir(parents=True)
    return stage(submission, folder)


def launch(place: Place, job: str, script: str = "", top: str = TOP) -> Launch:
    """A workspace and a cluster, and a spec with this job whose `train.py` is this script."""
    source = place.folder / "src"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir()
    (source / "train.py").write_text(textwrap.dedent(script))
    (place.folder / "data").mkdir(exist_ok=True)
    (place.folder / "data" / "digits.csv").write_text("1,2\n")
    spec = place.spec(f"{top}job:\n{textwrap.indent(textwrap.dedent(job), '  ')}")
    service = place.emulator.service
    service.creating_reads = 0
    if not service.workspaces:
        place.make_workspace()
    if spec.compute is not None:
        before = set(threading.enumerate())
        place.change(place.engine(spec), Action.CREATE, resource(spec, "compute/cpu-cluster"))
        _await_pollers(set(threading.enumerate()) - before)
    return Launch(place, spec, place.engine(spec))


def _await_pollers(begun: Iterable[threading.Thread]) -> None:
    """SDK v2 looks once more, in a thread of its own, at what it has made: that is no request of what comes next.

    Those of earlier tests sleep for half a minute, and ask an Azure that is gone.
    """
    for thread in begun:
        if thread.name.startswith("LROPoller"):
            thread.join(PATIENCE)
            assert not thread.is_alive(), thread.name
