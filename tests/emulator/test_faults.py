"""What can go wrong goes wrong when and where it was asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from emulator import Emulator, Request
from emulator.faults import BlackHole, Delay, FailedOperation, LostAnswer, Reset, Status, Truncated, missing
from tests.emulator.emulated import bearer, emulated

GROUP = "https://management.azure.com/subscriptions/{}/resourcegroups/{}"
GET = "GET management.azure.com /subscriptions/{sub}/resourcegroups/{group}"
PUT = "PUT management.azure.com /subscriptions/{sub}/resourcegroups/{group}"
BODY = {"location": "westeurope"}


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with emulated(tmp_path) as emulator:
        yield emulator


def send(emulator: Emulator, method: str = "PUT", name: str = "rg") -> requests.Response:
    url = GROUP.format(emulator.service.subscription, name)
    body = BODY if method == "PUT" else None
    return requests.request(method, url, json=body, headers=bearer(emulator), timeout=20)


def test_a_status_with_its_headers_at_the_call_that_was_named(emulator: Emulator) -> None:
    emulator.faults.add(PUT, Status(429, "TooManyRequests", "slowly", retry_after=3), nth=2, times=2)
    answers = [send(emulator) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 429, 429, 200]
    assert answers[1].headers["Retry-After"] == "3"
    assert answers[1].json()["error"]["code"] == "TooManyRequests"


def test_a_fault_may_be_for_good_and_for_any_request(emulator: Emulator) -> None:
    rule = emulator.faults.add(lambda request, route: request.method == "GET", Status(503), times=None)
    assert [send(emulator, "GET").status_code for _ in range(3)] == [503] * 3
    assert send(emulator).status_code == 201
    assert rule.hit == 3
    emulator.faults.clear()
    assert send(emulator, "GET").status_code == 200


def test_a_reset_does_nothing_and_a_lost_answer_did_it(emulator: Emulator) -> None:
    emulator.faults.add(PUT, Reset())
    with pytest.raises(requests.ConnectionError):
        send(emulator)
    assert not emulator.service.groups
    emulator.faults.add(PUT, LostAnswer())
    with pytest.raises(requests.ConnectionError):
        send(emulator)
    assert list(emulator.service.groups) == ["rg"]
    assert [one.status for one in emulator.requests] == [0, 0]


def test_a_reset_is_one_and_no_plain_end(emulator: Emulator) -> None:
    emulator.faults.add(lambda request, route: True, Reset())
    with pytest.raises(requests.ConnectionError, match="Connection reset by peer"):
        requests.get("http://management.azure.com/metadata/endpoints")  # Python's TLS hides the difference


def test_a_truncated_answer_breaks_off(emulator: Emulator) -> None:
    emulator.faults.add(PUT, Truncated(10))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        send(emulator)


def test_a_black_hole_holds_until_it_is_released(emulator: Emulator) -> None:
    emulator.faults.add(PUT, BlackHole())
    raised = []

    def call() -> None:
        try:
            send(emulator)
        except requests.ConnectionError as error:
            raised.append(error)

    caller = threading.Thread(target=call)
    held = threading.Event()
    emulator.on_request = lambda number, request, phase: held.set()
    caller.start()
    assert held.wait(20)
    caller.join(0.2)
    assert caller.is_alive()
    emulator.faults.clear()
    caller.join(20)
    assert raised


def test_a_delayed_request_is_done_all_the_same(emulator: Emulator) -> None:
    emulator.faults.add(PUT, Delay(0.01))
    assert send(emulator).status_code == 201


def test_what_was_just_made_may_not_be_there_yet(emulator: Emulator) -> None:
    emulator.service.put_group("rg", "westeurope", {})
    emulator.faults.add(GET, missing(), times=2, after=PUT)
    assert [send(emulator, "GET").status_code for _ in range(2)] == [200, 200]
    assert send(emulator).status_code == 200
    assert [send(emulator, "GET").status_code for _ in range(3)] == [404, 404, 200]


def test_the_hook_sees_a_request_before_and_after_it_is_done(emulator: Emulator) -> None:
    seen = []

    def look(number: int, request: Request, phase: str) -> None:
        seen.append((number, request.method, phase, list(emulator.service.groups)))

    emulator.on_request = look
    send(emulator)
    assert seen == [(1, "PUT", "before", []), (1, "PUT", "after", ["rg"])]


def test_an_operation_that_was_accepted_ends_failed(emulator: Emulator) -> None:
    send(emulator)
    route = "PUT management.azure.com /subscriptions/{sub}/resourcegroups/{group}/providers/"
    emulator.faults.add(route + "Microsoft.Resources/deployments/{name}", FailedOperation("Conflict", "not today"))
    template = {"$schema": "x", "contentVersion": "1.0.0.0", "resources": []}
    body = {"properties": {"mode": "Incremental", "template": template}}
    url = GROUP.format(emulator.service.subscription, "rg") + "/providers/Microsoft.Resources/deployments/d"
    assert requests.put(url, json=body, headers=bearer(emulator)).status_code == 201
    shown = requests.get(url, headers=bearer(emulator)).json()["properties"]
    assert shown["provisioningState"] == "Failed"
    assert shown["error"]["details"] == [{"code": "Conflict", "message": "not today"}]


def test_an_emulator_ends_though_somebody_is_held(tmp_path: Path) -> None:
    with emulated(tmp_path) as emulator:
        emulator.faults.add(PUT, BlackHole())

        def call() -> None:
            with pytest.raises(requests.ConnectionError):
                send(emulator)

        caller = threading.Thread(target=call)
        held = threading.Event()
        emulator.on_request = lambda number, request, phase: held.set()
        caller.start()
        assert held.wait(20)
    caller.join(20)
    assert not caller.is_alive()
