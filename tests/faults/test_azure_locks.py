"""Of two applies in one workspace one is killed, or loses its network, with the lock held: the other goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.faults import BlackHole
from emulator.router import Request
from tests import commands
from tests.faults.cloud import PATIENCE, Azure, azure_in
from tests.faults.routes import PUT_BLOB

pytestmark = pytest.mark.slow

SPEC = """\
apiVersion: specrun/v1
name: job
workspace: {name: ws-faults, resource_group: rg-faults, subscription_id: "${{ env.AZURE_SUBSCRIPTION_ID }}"}
data: {numbers: {path: data, target: numbers}}
"""
FIRST = "the-first-apply"
MINUTE = 60.0
CHANGING = ("PUT", "DELETE", "PATCH")


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Azure]:
    with azure_in(tmp_path / "azure", SPEC, engine="azureml", made=True) as azure:
        yield azure


def sends_data(request: Request, route: str) -> bool:
    return route == PUT_BLOB and "/numbers/" in request.path and FIRST in request.headers.get("user-agent", "")


def begin(azure: Azure) -> commands.Command:
    """The apply that gets the lock."""
    environment = {**azure.environment, "AZURE_HTTP_USER_AGENT": FIRST}
    return commands.start(["apply", "--yes"], azure.folder, environment, azure.engine, "tests.faults.brief_leases")


def check_second(azure: Azure, since: float) -> None:
    """The other apply has the lock within a minute, and does all of it."""
    said = azure.apply()
    assert said.code == 0, said
    assert time.monotonic() < since + MINUTE
    assert "waiting for" in said.err
    assert "create data/default/numbers (job)" in said.err
    assert azure.stored("numbers") == {"numbers/0.txt": b"0\n", "numbers/1.txt": b"1\n"}


@pytest.mark.long
def test_a_holder_that_is_killed_keeps_the_next_waiting_for_a_while(azure: Azure) -> None:
    killed: list[float] = []

    def due(number: int, request: Request, phase: str) -> bool:
        if killed or phase != "before" or request.method != "PUT" or "/numbers/" not in request.path:
            return False
        killed.append(time.monotonic())
        return True

    assert azure.killed(lambda: begin(azure), due)
    check_second(azure, killed[0])


def test_a_network_that_goes_silent_with_the_lock_held(azure: Azure) -> None:
    silent: list[float] = []
    fell_silent = threading.Event()
    sent: list[str] = []

    def falls_silent(request: Request, route: str) -> bool:
        mine = FIRST in request.headers.get("user-agent", "")
        if not silent and sends_data(request, route):
            silent.append(time.monotonic())
            fell_silent.set()
        return mine and bool(silent)

    def note(number: int, request: Request, phase: str) -> None:
        if phase == "before" and FIRST in request.headers.get("user-agent", "") and request.method in CHANGING:
            sent.append(f"{request.method} {request.path}")

    azure.emulator.on_request = note
    azure.emulator.faults.add(falls_silent, BlackHole(), times=None)
    first = begin(azure)
    assert fell_silent.wait(PATIENCE)
    check_second(azure, silent[0])
    before = list(sent)
    assert any("/numbers/" in one for one in before)
    azure.emulator.faults.clear()  # and is back again
    assert first.wait(PATIENCE) == 5
    assert first.stderr is not None
    said = first.stderr.read()
    assert "was lost" in said, said
    assert sent == before, "something more was sent"
    assert azure.stored("specrun/locks") == {}
