"""Runs of a small job in an emulated workspace, submitted as apply does it: for the tests of both Azure engines."""

from __future__ import annotations

import shutil
import textwrap
from dataclasses import dataclass
from typing import Any, Generic

from emulator import history
from emulator.runs_state import Plane, Run
from specrun.apply.stage import stage
from specrun.plan.attempts import run_name
from specrun.plan.changes import Action, Change, Submission
from specrun.plan.files import list_code
from specrun.plan.fingerprint import fingerprint, identify
from specrun.plan.hashes import HashCache
from specrun.spec.model import Spec
from tests.azure_engines.place import E, Place, resource

PATIENCE = 60.0
TOP = """
compute: {name: cpu-cluster, size: STANDARD_DS3_V2, max_instances: 4}
data: {digits: {path: data, target: sets/digits}}
experiment: digits
"""


@dataclass
class Launch(Generic[E]):
    """A workspace with a cluster. `spec` is the last one that was written; its engine has seen nothing."""

    place: Place[E]
    spec: Spec
    engine: E

    @property
    def plane(self) -> Plane:
        """The workspace as the emulator keeps it."""
        return self.place.plane

    def run(self, name: str) -> Run:
        """The service's own idea of a run."""
        return history.find(self.plane, None, name)

    def renew(self) -> E:
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
        every = self.place.folder / "staged"
        every.mkdir(exist_ok=True)
        staged = every / str(len(list(every.iterdir())))
        stage(code, staged)
        name = run_name(self.spec.name, digest, attempt)
        submission = Submission(name, digest, attempt, identity, self.spec, code, staged)
        return Change(resource(self.spec, "run/job"), Action.SUBMIT, "", submission=submission)

    def submit(self, attempt: int = 1, engine: Any = None) -> str:
        """Submit the spec's job; the run's name."""
        change = self.change(attempt)
        (engine or self.engine).begin(change, self.place.reports.append)
        assert change.submission is not None
        return change.submission.name

    def finish(self, attempt: int = 1, engine: Any = None) -> str:
        """Submit the spec's job and let it run to its end; the run's name."""
        name = self.submit(attempt, engine)
        assert self.run(name).wait(timeout=PATIENCE)
        return name


def launch(place: Place[E], job: str, script: str = "", top: str = TOP) -> Launch[E]:
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
        place.change(place.engine(spec), Action.CREATE, resource(spec, "compute/cpu-cluster"))
    return Launch(place, spec, place.engine(spec))
