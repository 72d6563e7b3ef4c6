"""Compute clusters: their settings, their life and their nodes. No HTTP."""

from __future__ import annotations

import dataclasses
import datetime
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from emulator.progress import Progress
from emulator.regions import SIZES, Quota
from emulator.router import Failure, Refused

CREATING, UPDATING, DELETING = "Creating", "Updating", "Deleting"
SUCCEEDED, FAILED = "Succeeded", "Failed"
IDLE = "PT2M"
"""How long a node idles where nobody says."""


def timestamp() -> str:
    """Now, as ARM writes it."""
    return f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%dT%H:%M:%S.%f0+00:00}"


@dataclass(frozen=True)
class Settings:
    """What one asks of a cluster. `idle` is an ISO 8601 duration, `tier` Dedicated or LowPriority; credentials are
    kept as given, and a password is never shown again. None: it was left to the service.
    """

    size: str
    max_nodes: int
    min_nodes: int = 0
    idle: str | None = None
    tier: str = "Dedicated"
    description: str | None = None
    location: str = ""
    subnet: str | None = None
    ssh_port: str = "NotSpecified"
    credentials: dict[str, str] = field(default_factory=dict)
    node_public_ip: bool | None = None
    local_auth_disabled: bool = False

    @property
    def shown_idle(self) -> str:
        """How long a node may idle, once the service has decided what was left to it."""
        return self.idle or IDLE

    @property
    def shown_ssh_port(self) -> str:
        """Whether the nodes' SSH port is open, once the service has decided what was left to it."""
        if self.ssh_port != "NotSpecified":
            return self.ssh_port
        return "Disabled" if self.subnet else "Enabled"

    def fixed(self, new: Settings) -> Iterator[tuple[str, object, object]]:
        """What cannot change: its name for users, the value it has, and the value that new settings want."""
        yield "vmSize", self.size, new.size
        yield "vmPriority", self.tier, new.tier
        yield "subnet", self.subnet, new.subnet
        yield "computeLocation", self.location, new.location
        yield "enableNodePublicIp", self.node_public_ip is not False, new.node_public_ip is not False
        if new.ssh_port != "NotSpecified":
            yield "remoteLoginPortPublicAccess", self.shown_ssh_port, new.ssh_port
        for key, value in new.credentials.items():
            if value != self.credentials.get(key):
                # neither keys nor passwords are told
                yield "userAccountCredentials", "as they were made", f"with another {key}"

    def changed(self, new: Settings) -> Settings:
        """These settings with what can change as the new ones want it."""
        return dataclasses.replace(
            self, min_nodes=new.min_nodes, max_nodes=new.max_nodes, idle=new.idle, description=new.description
        )


class Cluster:
    """A compute of kind AmlCompute. `made`: it has been there, if it is being changed now."""

    kind = "AmlCompute"

    def __init__(self, name: str, settings: Settings, tags: dict[str, str], identity: dict[str, Any] | None) -> None:
        self.name, self.settings, self.tags, self.identity = name, settings, tags, identity
        self.principal = str(uuid.uuid4())
        self.provisioning = CREATING
        self.made = False
        self.errors: list[Failure] = []
        self.created = self.modified = self.resized = timestamp()
        self.progress = Progress(0, lambda: None)
        self.operations: set[str] = set()
        self.failure: Failure | None = None
        self._taken: dict[str, int] = {}
        self._idle_nodes = 0
        self._idle_until = 0.0
        self._lock = threading.Lock()

    @property
    def size(self) -> str:
        return self.settings.size

    @property
    def max_nodes(self) -> int:
        return self.settings.max_nodes

    def state(self) -> str:
        """The provisioning state; "" when it is gone."""
        return self.provisioning

    def begin(self, state: str, reads: int, failure: Failure | None, settled: Callable[[], None]) -> str:
        """A change that ends after so many reads, as `failure` says or well; returns the operation's id."""

        def settle() -> None:
            self.failure = failure
            self.errors = [failure] if failure else []
            self.provisioning = FAILED if failure else SUCCEEDED
            self.modified = timestamp()
            if not failure:
                self.made = True
                settled()

        self.provisioning, self.failure = state, None
        operation = str(uuid.uuid4())
        self.operations.add(operation)
        self.progress = Progress(reads, settle)
        return operation

    def take(self, run: str, nodes: int) -> bool:
        """Nodes for a run; False while there are not enough."""
        with self._lock:
            if self.provisioning != SUCCEEDED or sum(self._taken.values()) + nodes > self.settings.max_nodes:
                return False
            self._taken[run] = nodes
            self.resized = timestamp()
            return True

    def give_back(self, run: str) -> None:
        """The run needs its nodes no more; they idle for a while."""
        with self._lock:
            nodes = self._taken.pop(run, 0)
            self._idle_nodes = nodes
            self._idle_until = time.monotonic() + _seconds(self.settings.shown_idle)

    def nodes(self) -> dict[str, int]:
        """Nodes that run something and nodes that idle: {"running": …, "idle": …}."""
        with self._lock:
            running = sum(self._taken.values())
            idle = self._idle_nodes if time.monotonic() < self._idle_until else 0
            if self.provisioning != SUCCEEDED and not self.made:
                return {"running": running, "idle": 0}
            return {
                "running": running,
                "idle": max(min(idle, self.max_nodes - running), self.settings.min_nodes - running, 0),
            }

    def node_runs(self) -> list[str | None]:
        """One entry for each node: the run that has it, None when it idles."""
        with self._lock:
            taken = [run for run, nodes in self._taken.items() for _ in range(nodes)]
        return [*taken, *[None] * self.nodes()["idle"]]


def _seconds(duration: str) -> float:
    """Of an ISO 8601 duration with days, hours, minutes and seconds."""
    total, number, units = 0.0, "", {"D": 86400, "H": 3600, "M": 60, "S": 1}
    for letter in duration:
        if letter in units:
            total += float(number or 0) * units[letter]
            number = ""
        elif letter.isdigit() or letter == ".":
            number += letter
    return total


def check_size(settings: Settings, quota: Quota) -> None:
    """Raises Refused when the size is not in the region, or the quota is not enough for the smallest cluster."""
    size = SIZES.get(settings.size.lower())
    if size is None or (size.regions is not None and settings.location not in size.regions):
        known = ",".join(
            sorted(one.name for one in SIZES.values() if not one.regions or settings.location in one.regions)
        )
        raise Refused(
            400,
            "InvalidPropertyValue",
            f"The specified vmSize '{settings.size}' is not supported in region '{settings.location}'. The "
            "supported VM "
            f"sizes in this region are: {known}. Find out more on the valid VM sizes in each region at "
            "https://aka.ms/azure-regionservices.",
        )
    name, limit = quota.limit(size, settings.tier == "LowPriority")
    nodes = max(settings.min_nodes, 1)
    if nodes * size.cores > limit:
        raise Refused(
            400,
            "ClusterMinNodesExceedCoreQuota",
            f"The specified subscription has a {name} vCPU quota of {limit} and cannot accomodate for at least {nodes} "
            f"requested managed compute nodes which maps to {nodes * size.cores} vCPUs. Talk to your Subscription "
            "Admin or "
            "refer to "
            "https://docs.microsoft.com/azure/machine-learning/how-to-manage-quotas#request-quota-increases to "
            f"increase the {name} vCPU quota.",
        )
