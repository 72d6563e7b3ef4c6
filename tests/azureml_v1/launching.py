"""Runs of a small job in an emulated workspace, submitted as apply does it."""

from __future__ import annotations

import shutil
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from specrun.apply.stage import stage
from specrun.engines.azureml_v1.engine import AzureMLv1Engine
from specrun.plan.attempts import run_name
from specrun.plan.changes import Action, Change, Submission
from specrun.plan.files import list_code
from specrun.plan.fingerprint import fingerprint, identify
from specrun.plan.hashes import HashCache
from specrun.spec.model import Spec
from tests.azureml_v1.place import Place, resource
from tests.emulator import history
from tests.emulator.dataplane import data_of
from tests.emulator.runs_state import Plane, Run

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
    engine: AzureMLv1Engine
    staged: list[Path] = field(default_factory=list)

    @property
    def plane(self) -> Plane:
        """The workspace as the emulator keeps it."""
        service = self.place.emulator.service
        return data_of(service).plane(service.subscription, "ml-rg", "ml-ws")

    def run(self, name: str) -> Run:
        """The service's own idea of a run."""
        return history.find(self.plane, None, name)

    def renew(self) -> AzureMLv1Engine:
        """An engine that has seen nothing, as in another process."""
        self.engine = self.place.engine(self.spec)
        return self.engine

    def change(self, attempt: int = 1) -> Change:
        """The submission of the spec's job."""
        job = self.spec.job
        assert job is not None
        hashes = HashCache(self.place.folder / ".specrun")
        code = list_code(self.spec.folder / job.code, (), hashes) if job.code else ()
        identity = identify(job, {}, code, {})
        digest = fingerprint(identity)
        staged = self.place.folder / "staged" / str(len(self.staged))
        staged.parent.mkdir(exist_ok=True)
        stage(code, staged)
        self.staged.append(staged)
        name = run_name(self.spec.name, digest, attempt)
        submission = Submission(name, digest, attempt, identity, self.spec, code, staged)
        return Change(resource(self.spec, "run/job"), Action.SUBMIT, "", submission=submission)

    def submit(self, attempt: int = 1) -> str:
        """Submit the spec's job; the run's name."""
        change = self.change(attempt)
        self.engine.begin(change, self.place.reports.append)
        assert change.submission is not None
        return change.submission.name

    def finish(self, attempt: int = 1) -> str:
        """Submit the spec's job and let it run to its end; the run's name."""
        name = self.submit(attempt)
        assert self.run(name).wait(timeout=PATIENCE)
        return name


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
    place.change(place.engine(spec), Action.CREATE, resource(spec, "compute/cpu-cluster"))
    return Launch(place, spec, place.engine(spec))
