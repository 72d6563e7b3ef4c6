"""The data planes of all workspaces, what they need of the rest of the cloud, and how routes get at them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from emulator.blobs import Blobs
from emulator.router import Answer, Refused, Request, Routes
from emulator.runs_state import Plane, Run

if TYPE_CHECKING:
    from emulator.state import Service

HOST = "api.azureml.ms"
WORKSPACE = "/subscriptions/{sub}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices/workspaces/{ws}"

PlaneHandler = Callable[..., Answer]


class Cluster(Protocol):
    """What a run needs of a compute."""

    name: str

    @property
    def size(self) -> str:
        """The VM size of its nodes."""

    @property
    def max_nodes(self) -> int:
        """How many nodes it can have."""

    def state(self) -> str:
        """Its provisioning state: "Creating", "Succeeded", "Failed", "Deleting", or "" when it is gone."""

    def take(self, run: str, nodes: int) -> bool:
        """Take nodes for a run; False while there are not enough."""

    def give_back(self, run: str) -> None:
        """The run needs its nodes no more."""


@dataclass(frozen=True)
class Account:
    """A storage account. `keyless`: it refuses keys and all that is signed with them."""

    blobs: Blobs
    keyless: bool = False


class Cloud(Protocol):
    """What lies around a data plane."""

    @property
    def folder(self) -> Path:
        """Where runs are executed."""

    def account(self, name: str) -> Account | None:
        """The storage account of that name in all the world."""

    def cluster(self, plane: Plane, name: str) -> Cluster | None:
        """A compute of the plane's workspace."""

    def variables(self) -> Mapping[str, str]:
        """Environment variables by which a program reaches the emulator (proxy, certificates), no credentials."""

    def start(self, plane: Plane, run: Run) -> None:
        """Execute a run that was accepted."""

    def run_token(self, plane: Plane, run: Run) -> tuple[str, float]:
        """A token with which the run's own processes may call the data plane, and when it ends (Unix seconds)."""


def on(routes: Routes, method: str, service: str, rest: str) -> Callable[[PlaneHandler], PlaneHandler]:
    """Declares `handler(plane, request, **names)` for `/{service}{workspace}{rest}` of the data plane."""

    def declare(handler: PlaneHandler) -> PlaneHandler:
        def handle(service: Service, request: Request, sub: str, group: str, ws: str, **names: str) -> Answer:
            from emulator.dataplane import data_of

            return handler(data_of(service).plane(sub, group, ws), request, **names)

        routes.on(method, HOST, f"/{service}{WORKSPACE}{rest}")(handle)
        return handler

    return declare


def page(items: Sequence[Any], token: str | None, size: int) -> tuple[Sequence[Any], str | None]:
    """One page of items, and the token for the next."""
    try:
        start = int(base64.b64decode(token, validate=True)) if token else 0
    except ValueError:
        raise Refused(400, "UserError", f"The continuation token '{token}' is not valid.") from None
    end = start + max(1, size)
    return items[start:end], base64.b64encode(str(end).encode()).decode() if end < len(items) else None


def require(condition: object, message: str, *, status: int = 400, code: str = "UserError") -> None:
    """Refuse the request unless the condition holds."""
    if not condition:
        raise Refused(status, code, message)
