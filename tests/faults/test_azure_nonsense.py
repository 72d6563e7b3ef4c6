"""Every route that `apply` asks, answering what is none of its answers: never a bug's status, never for ever."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator.faults import Fault, Faults, Proceed, Status, Truncated
from emulator.router import Request
from emulator.wire import Outgoing
from tests.faults.cloud import azure_in
from tests.faults.needs import NEEDS
from tests.faults.routes import ENGINES
from tests.searching import Search

pytestmark = pytest.mark.slow

PAGE = b"<!DOCTYPE html><html><body>Sign in to the guest network</body></html>"
DEEP = b"[" * 100_000


@dataclass(frozen=True)
class Swapped:
    """It is done, and every value in the answer that is no mapping or list is another one."""

    value: Any
    deep: bool = True

    def __call__(self, faults: Faults, request: Request, proceed: Proceed) -> Outgoing:
        outgoing = proceed(request)
        try:
            answer = json.loads(outgoing.body if isinstance(outgoing.body, bytes) else b"")
        except ValueError:
            return Outgoing(outgoing.status, outgoing.headers, b"\x00\xff")
        return Outgoing(outgoing.status, outgoing.headers, json.dumps(self._in(answer)).encode())

    def _in(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._in(inner) if self.deep else self.value for key, inner in value.items()}
        return [self._in(inner) for inner in value] if isinstance(value, list) else self.value


def said(body: bytes, kind: str = "application/json", **headers: str) -> Status:
    return Status(200, headers={"Content-Type": kind, **headers}, body=body)


KINDS: dict[str, Fault] = {
    "a page": said(PAGE, "text/html"),
    "a page as JSON": said(PAGE),
    "nothing": said(b""),
    "null": said(b"null"),
    "a list": said(b'[1, null, "x"]'),
    "a text": said(b'"x"'),
    "an empty mapping": said(b"{}"),
    "a number": said(b"1e999"),
    "a long number": said(b"9" * 5000),
    "bytes": said(b"\xff\xfe\x00\x01"),
    "what is nested": said(DEEP),
    "a list of nothing": said(b'{"value": null, "nextLink": 5}'),
    "a list of texts": said(b'{"value": ["x", null, {}]}'),
    "headers": said(b"{}", **{f"X-{number}": "x" for number in range(120)}),
    "a header": said(b"{}", X="x" * 100_000),
    "cut": Truncated(),
    "nulls inside": Swapped(None),
    "numbers inside": Swapped(-1e999),
    "texts inside": Swapped("\x1b[2J::error::"),
    "lists inside": Swapped([], deep=False),
    "404": Status(404, headers={"Content-Type": "text/html"}, body=PAGE),
    "400 without words": Status(400, body=b"[]"),
    "500 of a proxy": Status(502, headers={"Content-Type": "text/html", "Retry-After": "x"}, body=PAGE),
}
NO_WAIT = {f"AZUREML_DEFAULT_{kind}BACKOFF": "0" for kind in ("", "500_", "503_")}
VERBS: tuple[tuple[str, ...], ...] = (("plan",), ("apply", "--yes"), ("status",), ("logs",), ("outputs",), ("runs",))


def answers_nonsense(engine: str, route: str, kind: str, made: bool, folder: Path) -> None:
    with azure_in(folder, engine=engine, made=made) as azure:
        azure.variables |= NO_WAIT | {"SPECRUN_PATIENCE": "10"}
        azure.emulator.faults.add(route, KINDS[kind], times=None)
        for verb in VERBS:
            told = azure.specrun(*verb)
            assert "Traceback" not in told.err, f"{verb}: {told.err[-2000:]}"
            assert told.code not in (70, -9, 137), told
            assert not told.code or told.err.strip() or told.out.strip(), f"{verb} says nothing"
            assert "\x1b[2J" not in told.out + told.err


def cases(engine: str) -> list[tuple[str, str]]:
    return [(route, kind) for route in NEEDS[engine] for kind in KINDS]


@pytest.mark.long
@pytest.mark.parametrize("engine", ENGINES)
def test_nonsense(engine: str, search: Search, tmp_path: Path) -> None:
    every = cases(engine)
    search.random.shuffle(every)
    for number, (route, kind) in enumerate(every[: search.rounds(sample=1, whole=len(every))]):
        print(f"{route}: {kind}")
        answers_nonsense(engine, route, kind, "{name}" not in route or number % 2 == 0, tmp_path / str(number))
