"""Runs of this machine that never were processes, and who asks a server about them: as a browser, or as none would."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from specrun.engines.local import state
from specrun.engines.local.marks import RECORD, Marks
from specrun.engines.local.state import RoleState, State
from specrun.plan.private import write_private

TOKEN = "t0k3n-of-the-tests-and-of-nobody-else"
NAME = "digits-0123456789"


def past_run(home: Path, name: str = NAME, *, status: str = state.SUCCEEDED, ended: float = 1000.0) -> Path:
    """The folder of a run as if it had been; what is written into it is looked at."""
    folder = home / "runs" / name
    for part in ("logs", "outputs", "code"):
        (folder / part).mkdir(parents=True)
    spec, _, digest = name.rpartition("-")
    record = {"spec": spec, "fingerprint": digest + "0" * 54, "attempt": 1, "submitted": ended - 20}
    write_private(folder / RECORD, json.dumps(record))
    (folder / state.LOCK).touch()
    role = RoleState("succeeded" if status == state.SUCCEEDED else "failed", 0)
    seen = State(status, "", ended - 20, ended - 10, ended, None, {"worker/0": role})
    mark = Marks(home).of_run(folder, state.encode(seen))
    write_private(folder / state.FILE, state.encode(replace(seen, mark=mark)))
    return folder


@dataclass
class Asked:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """Asks a server; `own` are the headers of every request."""

    port: int
    own: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, method: str = "GET", body: str | None = None, **headers: str) -> Asked:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {**self.own, **named})
        answer = connection.getresponse()
        asked = Asked(answer.status, dict(answer.getheaders()), answer.read())
        connection.close()
        return asked

    def post(self, path: str, value: object, **headers: str) -> Asked:
        own = {"X_Specrun": "1", "Content_Type": "application/json", **headers}
        return self.ask(path, "POST", json.dumps(value), **own)


Serve = Callable[..., Client]
