"""An apply against an emulated Azure, for the tests of what goes wrong there."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from azure.storage.blob import BlobLeaseClient

from emulator.dataplane import data_of
from emulator.emulator import Emulator, Recorded
from emulator.faults import Fault
from emulator.router import Request
from emulator.runs_state import Plane, Run
from emulator.spaces import Workspace
from tests import commands
from tests.faults.routes import ROUTES, Routes

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
PATIENCE = 600.0
PARTS = ("microsoft.storage/storageaccounts", "microsoft.keyvault/vaults", "microsoft.insights/components")
"""What a workspace stands on: one of each, made with it."""


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
    engine: str
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
            "SPECRUN_ENGINE": self.engine,
            "PYTHONPATH": str(commands.ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "120",
            **self.emulator.environment,
            **self.variables,
        }

    @property
    def routes(self) -> Routes:
        """Where the engine asks for what."""
        return ROUTES[self.engine]

    @property
    def workspace(self) -> Workspace:
        """The only workspace."""
        (workspace,) = self.emulator.service.workspaces.values()
        return workspace

    @property
    def plane(self) -> Plane:
        """The data plane of the only workspace."""
        at = self.workspace
        return data_of(self.emulator.service).plane(at.subscription, at.group, at.name)

    def stored(self, prefix: str) -> dict[str, bytes]:
        """What lies below a prefix of the default datastore, by path from its root."""
        plane = self.plane
        container = plane.datastores[plane.default].container
        return {path: plane.blobs.read(container, path) for path in plane.blobs.paths(container, f"{prefix}/")}

    def specrun(self, *arguments: str) -> Said:
        """Run a verb to its end."""
        done = commands.run(arguments, self.folder, self.environment, self.engine, PATIENCE)
        return Said(done.returncode, done.stdout, done.stderr)

    @property
    def runs(self) -> list[Run]:
        """What was submitted, oldest first."""
        return list(self.plane.runs.values())

    def make_workspace(self, group: str) -> None:
        """A workspace of the spec's name, made by somebody else."""
        service = self.emulator.service
        service.put_group(group, "westeurope", {})
        kinds = {
            "storageAccount": "Microsoft.Storage/storageAccounts",
            "keyVault": "Microsoft.KeyVault/vaults",
            "applicationInsights": "microsoft.insights/components",
        }
        parts = {part: service.add_resource(kind, "ours", group, "westeurope").id for part, kind in kinds.items()}
        service.put_workspace(group, "ws-faults", {"location": "westeurope", "properties": parts})

    def made(self) -> dict[str, int]:
        """How many there are of the kinds of which a workspace has one each."""
        kinds = Counter(resource.kind.lower() for resource in self.emulator.service.resources.values())
        return {kind: kinds[kind] for kind in PARTS}

    def asked(self, route: str) -> list[Recorded]:
        """The requests on a route."""
        return [one for one in self.emulator.requests if one.route == route]

    def fail_each_once(self, fault: Fault, spared: tuple[str, ...] = ()) -> set[str]:
        """Have every route but some fail at its first request; the set fills with those that have."""
        struck: set[str] = set()

        def first(request: Request, route: str) -> bool:
            return route not in spared and route not in struck and (struck.add(route) or True)

        self.emulator.faults.add(first, fault, times=None)
        return struck

    def apply(self, *arguments: str) -> Said:
        """`specrun apply --yes`."""
        return self.specrun("apply", "--yes", *arguments)

    def killed(self, start: Callable[[], commands.Command], due: Callable[[int, Request, str], bool]) -> bool:
        """Start a command and kill it at the request that is due; False when it ended by itself.

        The emulator is told before the command begins: on a busy machine it may have asked a lot once `start` returns.
        """
        begun: Future[commands.Command] = Future()

        def look(number: int, request: Request, phase: str) -> None:
            if due(number, request, phase):
                begun.result(PATIENCE).send_signal(signal.SIGKILL)

        self.emulator.on_request = look
        try:
            begun.set_result(start())
            return begun.result().wait(PATIENCE) == -signal.SIGKILL
        finally:
            self.emulator.on_request = None

    def apply_killed_at(self, route: str, nth: int, phase: str, *arguments: str) -> bool:
        """An apply that is killed when the emulator is at its n-th request on a route; False when it never gets so far.

        Not at the n-th of all requests: those that go side by side come in any order.
        """
        start = len(self.emulator.requests)

        def due(at: int, request: Request, at_phase: str) -> bool:
            seen = [one.number for one in self.asked(route) if start < one.number <= at]
            return at_phase == phase and len(seen) == nth and seen[-1] == at

        killed = self.killed(
            lambda: commands.start(["apply", "--yes", *arguments], self.folder, self.environment, self.engine),
            due,
        )
        if killed:
            self.end_leases()
        return killed

    def end_leases(self) -> None:
        """Have what nobody renews any more run out now, and not in a while."""
        for workspace in self.emulator.service.workspaces.values():
            plane = data_of(self.emulator.service).plane(workspace.subscription, workspace.group, workspace.name)
            container = plane.blobs.container(plane.datastores[plane.default].container)
            for blob in container.list_blobs("specrun/"):
                if blob.lease.state == "leased":
                    BlobLeaseClient(container.get_blob_client(blob.name)).break_lease(0)


@contextmanager
def azure_in(
    folder: Path, spec: str = SPEC, train: str = TRAIN, *, engine: str = "azureml", made: bool = False
) -> Iterator[Azure]:
    """A spec beside its code and data, for one of the engines, and an empty subscription.

    `made`: the workspace is there already. Making one takes SDK v2 ten seconds.
    """
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "train.py").write_text(train)
    (folder / "data").mkdir()
    for number in range(2):
        (folder / "data" / f"{number}.txt").write_text(f"{number}\n")
    (folder / "user").mkdir()
    (folder / "job.yaml").write_text(spec)
    with Emulator(folder / "azure") as emulator:
        emulator.service.retry_after = 0  # SDKs that are told nothing look every 30 s
        emulator.service.retry_after = 0  # or else the SDKs wait for half a minute between two looks at a deployment
        emulator.service.stores.start()  # before anybody waits for it: it takes seconds where other things go on
        azure = Azure(emulator, folder, engine)
        if made:
            azure.make_workspace("rg-faults")
        yield azure


def check_whole(azure: Azure, *, asked_twice: bool = False, parts: int = 1) -> None:
    """Everything is there once, and the run has succeeded. `asked_twice`: the SDK may have asked again for what was
    done, since an answer was lost. `parts`: how many there are of each of what a workspace stands on."""
    service = azure.emulator.service
    assert [workspace.name for workspace in service.workspaces.values()] == ["ws-faults"]
    assert azure.made() == dict.fromkeys(PARTS, parts), "the workspace's own resources are not there once"
    assert list(azure.workspace.computes) == ["cluster"]
    assert asked_twice or azure.plane.doubled == []
    assert [(run.status, run.experiment.name) for run in azure.runs] == [("Completed", "job")]
    assert azure.stored("numbers") == {"numbers/0.txt": b"0\n", "numbers/1.txt": b"1\n"}
    sent = Counter(
        request.path
        for request in azure.emulator.requests
        if request.method == "PUT" and "/numbers/" in request.path and request.status == 201
    )
    assert asked_twice or set(sent.values()) == {1}, f"sent twice: {sent}"
    assert azure.emulator.unserved == []
