"""Where the runners of a history are at work: this machine, or an emulated Azure. Commands can be held up there."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobLeaseClient

from emulator.clusters import SUCCEEDED, Cluster, Settings
from emulator.emulator import SIGN_IN
from emulator.router import Request
from emulator.runs_state import ARTIFACTS
from specrun.engines.local.locks import LocalLocks
from tests import commands
from tests.commands import Command
from tests.faults.cloud import SPEC as IN_AZURE
from tests.faults.cloud import Azure, Said, azure_in

RUNNERS = ("ours", "theirs")
CLOCKS = {"ours": "0", "theirs": "-600"}
"""By how many seconds each runner's clock is wrong: the service takes signatures of no clock that is 15 minutes off."""

PATIENCE = 120.0
LOOK = 0.003
READS = ("query", "listSecrets", "listNodes")
"""How requests end that are no writes though their method says so."""


class Held:
    """A command that goes on until it has ended, or stands still at a moment that was chosen."""

    def __init__(self, command: Command, go_on: Callable[[bool], object] = lambda _: None) -> None:
        self.command = command
        self._go_on = go_on

    def rest(self, patience: float = PATIENCE) -> bool:
        """Wait until it has ended, or stands still; whether it does one of these."""
        give_up = time.monotonic() + patience
        while not self.ended and not self.stands:
            if time.monotonic() > give_up:
                return False
            time.sleep(LOOK)
        return True

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.command.poll() is not None

    @property
    def stands(self) -> bool:
        """Whether it stands still."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            return Path(f"/proc/{self.command.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
        return False

    def go_on(self, *, beside: bool = False) -> None:
        """Let it go on from where it stands; `beside` another that does not stand still."""
        self._go_on(beside)
        self.command.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL; what it has asked for is done all the same."""
        self.command.kill()
        self._go_on(True)
        self.command.wait(PATIENCE)

    def said(self) -> Said:
        """What an ended command said."""
        assert self.command.stdout is not None
        assert self.command.stderr is not None
        with self.command.stdout as out, self.command.stderr as err:
            return Said(self.command.wait(PATIENCE), out.read(), err.read())


class World(Protocol):
    """One place, and the folder with both clones. What is there is seen past specrun."""

    words: Mapping[str, str]
    folder: Path

    def start(self, runner: str, arguments: Sequence[str], at: Sequence[int] = ()) -> Held:
        """Begin a command, which is held up at some of its writes, counted from 1."""

    def cluster(self, name: str) -> int | None:
        """How many instances a cluster may have; None where there is none."""

    def set_cluster(self, name: str, most: int | None) -> None:
        """By hand: make a cluster, change it, or delete it."""

    def blobs(self, target: str) -> Mapping[str, bytes]:
        """What lies on a target."""

    def set_blob(self, target: str, name: str, content: bytes | None) -> None:
        """By hand: write a file of a target, or delete it."""

    def runs(self) -> Mapping[str, str]:
        """How each run is, by its name."""

    def submitted_twice(self) -> Sequence[str]:
        """The runs that were begun more than once."""

    def let_time_pass(self) -> None:
        """What was held by who is dead runs out."""

    def held(self) -> Sequence[str]:
        """The locks that somebody holds."""

    def left(self) -> Sequence[str]:
        """What is half done, when nobody is at work."""


class Here:
    """This machine: both runners have one state folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "state"
        self.count = folder / "count"
        self.words = {
            "place": "datastores: {store: {type: azure_blob, account_name: storage, container_name: container}}",
            "store": "datastore: store, ",
            "note": f'echo "$SPECRUN_FINGERPRINT" >> {self.count}',
            "environment": "",
        }

    def start(self, runner: str, arguments: Sequence[str], at: Sequence[int] = ()) -> Held:
        environment = {
            **os.environ,
            "HOME": str(self.folder),
            "SPECRUN_HOME": str(self.home),
            "PYTHONPATH": str(commands.ROOT),
            "STOP_AT": " ".join(map(str, at)),
            "CLOCK_OFF": CLOCKS[runner],
        }
        return Held(commands.start(arguments, self.folder / runner, environment, "local", "tests.long.clock"))

    def cluster(self, name: str) -> int | None:
        try:
            return int(json.loads(self._record(name).read_text())["properties"]["max_instances"])
        except FileNotFoundError:
            return None

    def set_cluster(self, name: str, most: int | None) -> None:
        record = self._record(name)
        if most is None:
            record.unlink(missing_ok=True)
            return
        content = json.loads(record.read_text()) if record.exists() else {"owner": "", "properties": {}}
        content["properties"]["max_instances"] = most
        record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        record.write_text(json.dumps(content))

    def blobs(self, target: str) -> Mapping[str, bytes]:
        folder = self.home / "datastores" / "store" / target
        return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}

    def set_blob(self, target: str, name: str, content: bytes | None) -> None:
        file = self.home / "datastores" / "store" / target / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        if content is not None:
            file.write_bytes(content)

    def runs(self) -> Mapping[str, str]:
        folder = self.home / "runs"
        states = {one.name: one / "state.json" for one in folder.iterdir()} if folder.is_dir() else {}
        return {name: str(json.loads(file.read_text())["status"]) for name, file in states.items()}

    def submitted_twice(self) -> Sequence[str]:
        lines = self.count.read_text().split() if self.count.exists() else []
        return [one for one in set(lines) if lines.count(one) > sum(one[:10] in name for name in self.runs())]

    def let_time_pass(self) -> None:
        pass  # a lock here goes with who held it

    def held(self) -> Sequence[str]:
        return list(LocalLocks(self.home).holders())

    def left(self) -> Sequence[str]:
        staging = self.home / "staging"
        return [one.name for one in staging.iterdir()] if staging.is_dir() else []

    def _record(self, cluster: str) -> Path:
        return self.home / "resources" / "compute" / f"{cluster}.json"


@dataclass
class _Moments:
    """The writing requests of one command at which it is held up: at each other one before it is done, else after."""

    at: Sequence[int]
    gate: threading.Event = dataclasses.field(default_factory=threading.Event)
    asked: int = 0
    command: Command | None = None
    begun: threading.Event = dataclasses.field(default_factory=threading.Event)

    def see(self, request: Request, phase: str) -> None:
        """To be told of every request while no other command asks."""
        if request.method in ("GET", "HEAD") or request.host.endswith(SIGN_IN) or request.path.endswith(READS):
            return
        self.asked += phase == "before"
        if self.asked not in self.at or (phase == "before") is not (self.asked % 2 == 1):
            return
        self.begun.wait(PATIENCE)
        assert self.command is not None
        self.gate.clear()
        self.command.send_signal(signal.SIGSTOP)
        self.gate.wait(PATIENCE)


class There:
    """An emulated Azure: each runner is a machine of its own."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        self.folder = azure.folder
        self._moments: _Moments | None = None
        head = IN_AZURE.split("compute:")[0].partition("name: job\n")[2].rstrip()
        self.words = {
            "place": head,
            "store": "",
            "note": "true",
            "environment": "  environment: {image: python:3.11}\n",
        }
        azure.emulator.on_request = self._see

    def _see(self, number: int, request: Request, phase: str) -> None:
        if (moments := self._moments) is not None:
            moments.see(request, phase)

    def start(self, runner: str, arguments: Sequence[str], at: Sequence[int] = ()) -> Held:
        moments = self._moments = _Moments(at)
        environment = {
            **self.azure.environment,
            "HOME": str(self.folder / f"home-{runner}"),
            "AZURE_CONFIG_DIR": str(self.folder / f"home-{runner}" / ".azure"),
            "SPECRUN_HOME": str(self.folder / f"state-{runner}"),
            "CLOCK_OFF": CLOCKS[runner],
        }
        engine = self.azure.engine
        moments.command = commands.start(arguments, self.folder / runner, environment, engine, "tests.long.clock")
        moments.begun.set()

        def go_on(beside: bool) -> None:
            self._moments = None if beside else moments  # a request does not say who asks
            moments.gate.set()

        return Held(moments.command, go_on)

    def cluster(self, name: str) -> int | None:
        found = self.azure.workspace.cluster(name)
        return found.settings.max_nodes if found is not None else None

    def set_cluster(self, name: str, most: int | None) -> None:
        workspace = self.azure.workspace
        with self.azure.emulator.service.lock:
            if most is None:
                workspace.computes.pop(name, None)
                return
            found = workspace.cluster(name)
            if found is None:
                found = Cluster(name, Settings("STANDARD_DS3_V2", most, location=workspace.location), {}, None)
                found.provisioning = SUCCEEDED
                workspace.computes[name] = found
            found.settings = dataclasses.replace(found.settings, max_nodes=most)

    def blobs(self, target: str) -> Mapping[str, bytes]:
        stored = self.azure.stored(target)
        return {path.removeprefix(f"{target}/"): content for path, content in stored.items()}

    def set_blob(self, target: str, name: str, content: bytes | None) -> None:
        plane = self.azure.plane
        container = plane.datastores[plane.default].container
        plane.blobs.ensure(container)
        if content is not None:
            plane.blobs.write(container, f"{target}/{name}", content)
        elif plane.blobs.exists(container, f"{target}/{name}"):
            plane.blobs.container(container).delete_blob(f"{target}/{name}")

    def runs(self) -> Mapping[str, str]:
        return {run.id: run.status for run in self.azure.runs}

    def submitted_twice(self) -> Sequence[str]:
        return []  # its name is the lock, and there is one of each name

    def let_time_pass(self) -> None:
        for container, path in self._leased():
            client = self.azure.plane.blobs.container(container).get_blob_client(path)
            BlobLeaseClient(client).break_lease(lease_break_period=0)

    def held(self) -> Sequence[str]:
        return [path for _, path in self._leased()]

    def left(self) -> Sequence[str]:
        kept = [self.folder / f"state-{runner}" / "staging" for runner in RUNNERS]
        return [one.name for staging in kept[:1] if staging.is_dir() for one in staging.iterdir()]

    def _leased(self) -> Iterator[tuple[str, str]]:
        """Blobs that somebody holds a lease on, of no more than a minute."""
        plane = self.azure.plane
        for container in {plane.datastores[plane.default].container, ARTIFACTS}:
            with contextlib.suppress(ResourceNotFoundError):
                for blob in plane.blobs.container(container).list_blobs():
                    if blob.lease.state == "leased":
                        assert blob.lease.duration == "fixed", f"the lease on {blob.name} never ends"
                        yield container, blob.name


@contextlib.contextmanager
def azure_world(folder: Path, engine: str) -> Iterator[There]:
    """An emulated Azure with the workspace of the specs."""
    with azure_in(folder, engine=engine, made=True) as azure:
        yield There(azure)
