"""Logs of runs, read piece by piece while they are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import requests

from emulator import faults
from specrun.engines.azure import logs
from specrun.engines.azureml_v1 import logs as reading
from specrun.engines.azureml_v1.logs import Expired, read_range
from specrun.engines.base import Cursor, Denied, EngineError, LogLine, Transient
from tests.azure_engines.launching import PATIENCE, Launch, launch
from tests.azureml_v1.place import Place

GATED = """
import os, sys, time
print("first", flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
print("second\\rthird")
sys.stdout.write("last without an end")
"""
JOB = "code: src\nscript: train.py\narguments: [{gate}]\n"
LOG = "GET blob.core.windows.net /{container}/{blob+}"


def is_log(request: Any, route: str) -> bool:
    return route == LOG and "azureml-logs" in request.path


def gated(place: Place) -> Launch:
    return launch(place, JOB.format(gate=place.folder / "gate"), GATED)


def follow(launched: Launch, name: str, cursor: Cursor, enough: int) -> tuple[list[LogLine], Cursor]:
    """Lines until there are so many, or the run has ended and there are no more."""
    lines: list[LogLine] = []
    while len(lines) < enough:
        over = launched.engine.runs.get(name).status.ended
        more, cursor = launched.engine.runs.logs(name, cursor)
        lines += more
        if over and not more:
            break
    return lines, cursor


def texts(lines: Sequence[LogLine]) -> list[str]:
    return [line.text for line in lines]


def test_lines_come_while_the_run_writes_and_each_once(place: Place) -> None:
    launched = gated(place)
    name = launched.submit()
    lines, cursor = follow(launched, name, {}, 1)
    assert lines == [LogLine("main/0", "first")]
    assert dict(cursor) == {"main/0": len(b"first\n")}
    (place.folder / "gate").touch()
    lines, cursor = follow(launched, name, cursor, 100)
    assert texts(lines) == ["third", "last without an end"]
    assert launched.engine.runs.logs(name, cursor) == ([], cursor)
    assert texts(launched.renew().runs.logs(name, {})[0]) == ["first", "third", "last without an end"]


def test_a_look_reads_what_is_new_and_nothing_else(place: Place) -> None:
    launched = gated(place)
    name = launched.submit()
    _, cursor = follow(launched, name, {}, 1)
    assert place.routes(lambda: launched.engine.runs.logs(name, cursor)) == [LOG]
    (place.folder / "gate").touch()
    _, cursor = follow(launched, name, cursor, 100)
    assert place.routes(lambda: launched.engine.runs.logs(name, cursor)) == []


def test_a_queued_run_has_no_logs_to_ask_for(place: Place) -> None:
    from emulator.dataplane import data_of

    launched = gated(place)
    data_of(place.emulator.service).training.starved = True
    name = launched.submit()
    assert launched.run(name).wait("Queued", timeout=PATIENCE)
    launched.engine.runs.get(name)
    assert place.routes(lambda: launched.engine.runs.logs(name, {})) == []


def test_every_role_has_its_own_place_in_its_own_log(place: Place) -> None:
    job = f"""
    code: src
    command: python train.py {place.folder}
    distribution: {{type: tensorflow, worker_count: 2, parameter_server_count: 1}}
    """
    script = """
    import json, os, pathlib, sys, time
    task = json.loads(os.environ["TF_CONFIG"])["task"]
    print(task["type"], task["index"], flush=True)
    said = pathlib.Path(sys.argv[1], "said")
    if task["type"] == "ps":
        said.touch()
    while not said.exists():
        time.sleep(0.01)
    """
    launched = launch(place, job, script)
    name = launched.finish()
    lines, cursor = follow(launched, name, {}, 100)
    assert {line.role: line.text for line in lines} == {"worker/0": "worker 0", "worker/1": "worker 1", "ps/0": "ps 0"}
    assert set(cursor) == {"worker/0", "worker/1", "ps/0"}
    assert launched.engine.runs.tail(name, None) == lines
    assert launched.engine.runs.tail(name, "worker/1") == [LogLine("worker/1", "worker 1")]


def test_a_log_larger_than_a_piece_comes_whole(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (reading, logs):
        monkeypatch.setattr(module, "CHUNK", 50)
    script = "for n in range(20): print('line', n)\nprint('x' * 120)\nprint('ü' * 20, end='')"
    launched = launch(place, JOB.format(gate="none"), script)
    name = launched.finish()
    lines, _ = follow(launched, name, {}, 1000)
    said = texts(lines)
    assert said[:20] == [f"line {n}" for n in range(20)]
    assert "".join(said[20:]).count("x") == 120
    # Of its end no more is read than is wanted, and no piece of a line is shown.
    monkeypatch.setattr(reading, "TAIL", 171)
    ends: list[LogLine] = []
    assert place.routes(lambda: ends.extend(launched.engine.runs.tail(name, "main/0"))) == [LOG, LOG]
    assert texts(ends) == ["line 19", "x" * 120, "ü" * 20]
    assert launched.engine.runs.tail(name, "worker/0") == []


def test_an_address_that_has_run_out_is_asked_for_anew(place: Place) -> None:
    launched = launch(place, JOB.format(gate="none"), "print('hello')")
    name = launched.finish()
    launched.engine.runs.get(name)
    place.emulator.faults.add(is_log, faults.Status(403, "AuthenticationFailed"), times=1)
    assert texts(launched.engine.runs.logs(name, {})[0]) == ["hello"]
    place.emulator.faults.add(is_log, faults.Status(403, "AuthenticationFailed"), times=None)
    with pytest.raises(Denied, match="storage account"):
        launched.engine.runs.logs(name, {"main/0": 1})


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.Status(503, retry_after=7), Transient),
        (faults.Status(500), Transient),
        (faults.Status(400), EngineError),
        (faults.Reset(), Transient),
    ],
)
def test_what_goes_wrong_says_no_signature(place: Place, fault: Any, error: type[EngineError]) -> None:
    place.emulator.faults.add(lambda request, route: route == LOG, fault, times=None)
    with pytest.raises(error) as raised:
        read_range(requests.Session(), "https://somebody.blob.core.windows.net/azureml/log.txt?sig=hush", 0, 10)
    assert "hush" not in str(raised.value)
    assert "somebody.blob.core.windows.net" in str(raised.value)
    if isinstance(raised.value, Transient) and isinstance(fault, faults.Status) and fault.retry_after:
        assert raised.value.after == 7


def test_a_log_that_is_not_there_yet_is_empty(place: Place) -> None:
    launched = launch(place, JOB.format(gate="none"))
    account = launched.plane.blobs
    address = account.link("azureml", "ExperimentRun/nothing.txt")
    place.emulator.faults.add(lambda request, route: route == LOG, faults.missing("BlobNotFound"), times=1)
    assert read_range(requests.Session(), address, 0, 10) == (b"", 0)
    place.emulator.faults.add(lambda request, route: route == LOG, faults.Status(401), times=1)
    with pytest.raises(Expired):
        read_range(requests.Session(), address, 0, 10)
