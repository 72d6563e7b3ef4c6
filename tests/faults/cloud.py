"""An apply against an emulated Azure, for the tests of what goes wrong there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.emulator.dataplane import data_of
from tests.emulator.emulator import Emulator
from tests.emulator.router import Request
from tests.emulator.runs_state import Plane

ROOT = Path(__file__).parents[2]
SPEC = """\
apiVersion: specrun/v1
name: job
workspace:
  name: ws-faults
  resource_group: rg-faults
  subscription_id: ${{ env.AZURE_SUBSCRIPTION_ID }}
  location: westeurope
  create: true
compute: {name: cluster, size: STANDARD_DS3_V2, max_instances: 2}
data:
  numbers: {path: data, target: numbers}
job:
  code: src
  command: cat ${{ inputs.numbers }}/*.txt && python train.py ${{ outputs.result }}
  inputs:
    numbers: {data: numbers}
  outputs:
    result: {}
  environment: {image: python:3.11}
"""
TRAIN = """\
import pathlib, sys
pathlib.Path(sys.argv[1], "done.txt").write_text("done")
print("trained")
"""
PATIENCE = 300.0


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit status."""

    code: int
    out: str
    err: str


@dataclass
class Azure:
    """One emulated Azure and one folder with a spec; every command has a HOME of its own there."""

    emulator: Emulator
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What a command sees: nothing of this machine's home, and no second look at the clock to find the emulator."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "AZUREML_"))}
        return {
            **kept,
            "HOME": str(self.folder / "user"),
            "AZURE_CONFIG_DIR": str(self.folder / "user" / ".azure"),
            "SPECRUN_HOME": str(self.folder / "state"),
            "SPECRUN_ENGINE": "azureml-v1",
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "120",
            **self.emulator.environment,
            **self.variables,
        }

    @property
    def plane(self) -> Plane:
        """The data plane of the only workspace."""
        service = self.emulator.service
        (workspace,) = service.workspaces.values()
        return data_of(service).plane(workspace.subscription, workspace.group, workspace.name)

    def stored(self, prefix: str) -> dict[str, bytes]:
        """What lies below a prefix of the default datastore, by path from its root."""
        plane = self.plane
        container = plane.datastores[plane.default].container
        return {path: plane.blobs.read(container, path) for path in plane.blobs.paths(container, f"{prefix}/")}

    def requested(self, number: int) -> str:
        """What the n-th request was."""
        return next((one.route for one in self.emulator.requests if one.number == number), "none")

    def specrun(self, *arguments: str) -> Said:
        """Run a verb to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "specrun", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def apply(self, *arguments: str) -> Said:
        """`specrun apply --yes`."""
        return self.specrun("apply", "--yes", *arguments)

    def apply_killed_at(self, number: int, phase: str) -> bool:
        """An apply that is killed when the emulator is at its n-th request; False when it never gets so far."""
        start = len(self.emulator.requests)
        process = subprocess.Popen(
            [sys.executable, "-m", "specrun", "apply", "--yes"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def kill(at: int, request: Request, at_phase: str) -> None:
            if at - start == number and at_phase == phase:
                process.send_signal(signal.SIGKILL)

        self.emulator.on_request = kill
        try:
            return process.wait(PATIENCE) == -signal.SIGKILL
        finally:
            self.emulator.on_request = None


@contextmanager
def azure_in(folder: Path, spec: str = SPEC, train: str = TRAIN) -> Iterator[Azure]:
    """An empty subscription, and a spec beside its code and data."""
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "train.py").write_text(train)
    (folder / "data").mkdir()
    for number in range(2):
        (folder / "data" / f"{number}.txt").write_text(f"{number}\n")
    (folder / "user").mkdir()
    (folder / "job.yaml").write_text(spec)
    with Emulator(folder / "azure") as emulator:
        yield Azure(emulator, folder)
