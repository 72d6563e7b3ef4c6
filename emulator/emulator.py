"""Puts the emulator together: the proxy, the routes, the state, the faults, and what was asked."""

from __future__ import annotations

import itertools
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qsl

from emulator import (
    arm,
    artifacts,
    assets_v2,
    certificates,
    codes,
    computes,
    datastores,
    datastores_v2,
    deployments,
    execution,
    history,
    jobs,
    keyless,
    metrics,
    mlflow,
    refusals,
    retail,
    run_data,
    sign_in,
    sizes,
    snapshots,
    workspaces,
)
from emulator.access import admit
from emulator.faults import Faults
from emulator.forward import Forwarder
from emulator.router import Refused, Request, Response, Route, Routes
from emulator.state import Service
from emulator.wire import Dropped, Incoming, Outgoing, Server, Wire

BLOBS = "blob.core.windows.net"
SIGN_IN = ("login.microsoftonline.com", "169.254.169.254")
AZURE = (sign_in, arm, deployments, workspaces, computes, sizes, datastores_v2, codes, assets_v2, retail)
DATA_PLANE = (datastores, snapshots, execution, history, artifacts, metrics, jobs, run_data, mlflow)


@dataclass
class Recorded:
    """One request. `status` None: no answer yet; 0: the connection was dropped instead. `at`: when it came, and
    `answered`: when its answer was ready, in seconds of a clock of its own.
    """

    number: int
    method: str
    host: str
    path: str
    query: dict[str, str]
    route: str
    status: int | None = None
    at: float = field(default_factory=time.monotonic)
    answered: float | None = None


class Emulator:
    """Azure on a port of 127.0.0.1, while the `with` lasts.

    `environment` is what a client's process needs; `requests` what was asked so far; `service` the state; `faults`
    the rules of what goes wrong. `on_request(number, request, phase)` is called "before" a request is looked at and
    "after" it was done, before its answer is sent. `latency`: seconds that every request takes at least.
    `unserved`: hosts and requests nobody here knows. `routes`: the table, to which a test may add. With `keyless` no
    storage account takes keys, nor signatures made with them: whoever wants blobs has to sign in.
    """

    def __init__(self, home: Path, *, keyless: bool = False) -> None:
        self.home = home
        self.service = Service(home)
        self.service.keyless = keyless
        self.faults = Faults()
        self.requests: list[Recorded] = []
        self.unserved: list[str] = []
        self.latency = 0.0
        self.on_request: Callable[[int, Request, str], None] | None = None
        self.routes = Routes(module.routes for module in (*AZURE, *DATA_PLANE))
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._blobs: Forwarder | None = None

    def __enter__(self) -> Emulator:
        self.home.mkdir(parents=True, exist_ok=True)
        self._authority = self.home / "ca.pem"
        certificates.write_authority(self._authority)
        self._server = Server(Wire(self._answer, self._knows, self._refuse_host, certificates.server_context()))
        self.service.variables = self._way()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.faults.clear()
        self._server.close()
        self.service.close()

    @property
    def proxy(self) -> str:
        """The proxy's URL."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that send a process here and let it sign in as the subscription's owner."""
        owner = self.service.owner
        return self._way() | {
            "AZURE_SUBSCRIPTION_ID": self.service.subscription,
            "AZURE_TENANT_ID": self.service.tenant.id,
            "AZURE_CLIENT_ID": owner.client_id,
            "AZURE_CLIENT_SECRET": owner.secret or "",
        }

    def _way(self) -> dict[str, str]:
        variables = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), self.proxy)
        variables |= dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
        return variables | dict.fromkeys(
            ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"), str(self._authority)
        )

    def count(self, since: int = 0) -> int:
        """Requests after number `since`, without those that sign in."""
        with self._lock:
            return sum(1 for one in self.requests if one.number > since and not one.host.endswith(SIGN_IN))

    def _knows(self, host: str) -> bool:
        return host.endswith("." + BLOBS) or self.routes.serves(_answering(host))

    def _refuse_host(self, host: str) -> None:
        self.unserved.append(host)
        print(f"emulator: nobody here is {host}", file=sys.stderr)

    def _answer(self, incoming: Incoming) -> Outgoing:
        path, _, query = incoming.target.partition("?")
        blobs = incoming.host.endswith("." + BLOBS)
        found = None if blobs else self.routes.find(incoming.method, _answering(incoming.host), path)
        route, parameters = found or (None, {})
        body = b"" if blobs else incoming.body.read()
        values = dict(parse_qsl(query, keep_blank_values=True))
        request = Request(incoming.method, _answering(incoming.host), path, values, incoming.headers, body)
        recorded = self._record(request, route)

        def proceed(request: Request) -> Outgoing:
            outgoing = self._blob(request, incoming) if blobs else self._serve(request, route, parameters)
            self._tell(recorded.number, request, "after")
            return outgoing

        try:
            self._tell(recorded.number, request, "before")
            if self.latency:
                time.sleep(self.latency)
            outgoing = self.faults.apply(request, recorded.route, proceed)
        except Dropped:
            recorded.status = 0
            raise
        finally:
            recorded.answered = time.monotonic()
        recorded.status = outgoing.status
        return outgoing

    def _record(self, request: Request, route: Route | None) -> Recorded:
        if route:
            name = route.name
        elif request.host.endswith(BLOBS):
            name = _blob_route(request)
        else:
            name = f"{request.method} {request.host} ?"
            self.unserved.append(f"{request.method} {request.host}{request.path}")
        with self._lock:
            number = next(self._numbers)
            recorded = Recorded(number, request.method, request.host, request.path, dict(request.query), name)
            self.requests.append(recorded)
        return recorded

    def _tell(self, number: int, request: Request, phase: str) -> None:
        told = self.on_request  # a test may take it away at any time
        if told:
            told(number, request, phase)

    def _serve(self, request: Request, route: Route | None, parameters: dict[str, str]) -> Outgoing:
        try:
            if route is None:
                raise Refused(404, "NotFound", f"The emulator has no route {request.method} {request.path}.")
            response = route(self.service, admit(self.service, request), parameters)
        except Refused as refused:
            response = refusals.answer(refused, request, self.service.region_of(request.path, request.host))
        except Exception:  # noqa: BLE001 - a defect of the emulator must show as one, and not hang its client
            traceback.print_exc()
            response = Response(500, {"error": {"code": "EmulatorDefect", "message": traceback.format_exc()}})
        body, headers = response.encode()
        return Outgoing(response.status, headers, body)

    def _blob(self, request: Request, incoming: Incoming) -> Outgoing:
        refused = keyless.refusal(self.service, request)
        if refused:
            return refused
        if self._blobs is None:
            self._blobs = Forwarder(self.service.stores.port)
        return self._blobs.send(incoming)


def _answering(host: str) -> str:
    """Who answers for a host: a region's services have several names, and discovery tells them."""
    name = next((name for name in workspaces.OTHERS if host.endswith(f".{name}")), None)
    return f"{host.removesuffix(f'.{name}')}.{workspaces.DATA}" if name else host


def _blob_route(request: Request) -> str:
    """What azure-storage asks for, without the names: "PUT blob.core.windows.net /{container}/{blob+}?comp=block"."""
    parts = [part for part in request.path.split("/") if part]
    path = ("/", "/{container}", "/{container}/{blob+}")[min(len(parts), 2)]
    operation = "&".join(f"{key}={request.query[key]}" for key in ("comp", "restype") if key in request.query)
    return f"{request.method} {BLOBS} {path}" + (f"?{operation}" if operation else "")
