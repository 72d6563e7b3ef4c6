"""What runs write: logs, read piece by piece while they are written, and files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from emulator.dataplane import data_of
from emulator.faults import Status, Truncated
from emulator.router import Request
from specrun.engines.azure import artifacts, logs
from specrun.engines.azure.containers import Container
from specrun.engines.azureml_v1 import engine as v1
from specrun.engines.base import Cursor, EngineError, LogLine, Missing
from specrun.plan.observed import RunStatus
from tests.azure_engines.launching import PATIENCE, Launch, launch
from tests.azureml_v2.place import GET_BLOB, LIST_BLOBS, Place

GATED = """
import os, sys, time
print("first", flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
print("second\\rthird")
sys.stdout.write("last without an end")
"""
JOB = "code: src\nscript: train.py\narguments: [{gate}]\nenvironment: {{image: 'python:3.11'}}\n"


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


def is_log(request: Request, route: str) -> bool:
    return route == GET_BLOB and "user_logs" in request.path


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


def test_a_look_reads_what_is_new_and_nothing_else(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    launched, starts, read_piece = gated(place), list[int](), artifacts.read_piece

    def noted(container: Container, path: str, start: int, length: int) -> bytes:
        starts.append(start)
        return read_piece(container, path, start, length)

    monkeypatch.setattr(artifacts, "read_piece", noted)
    name = launched.submit()
    _, cursor = follow(launched, name, {}, 1)
    assert place.routes(lambda: launched.engine.runs.logs(name, cursor)) == [LIST_BLOBS]
    starts.clear()
    (place.folder / "gate").touch()
    follow(launched, name, cursor, 100)
    # How many pieces the rest comes in is the machine's business, and a line without an end is read until it has one.
    assert starts, "the rest was read"
    assert min(starts) == len(b"first\n"), "what was read before is not read again"


def test_a_queued_run_has_no_logs_to_ask_for(place: Place) -> None:
    launched = gated(place)
    data_of(place.emulator.service).training.starved = True
    name = launched.submit()
    assert launched.run(name).wait("Queued", timeout=PATIENCE)
    launched.engine.runs.get(name)
    assert place.routes(lambda: launched.engine.runs.logs(name, {})) == []


@pytest.mark.parametrize(
    ("distribution", "said"),
    [
        (
            "type: tensorflow, worker_count: 2, parameter_server_count: 1",
            {"worker/0": "worker 0", "worker/1": "worker 1", "ps/0": "ps 0"},
        ),
        ("type: pytorch, process_count_per_instance: 2", {f"worker/{rank}": f"rank {rank}" for rank in range(4)}),
    ],
    ids=["tensorflow", "pytorch"],
)
def test_every_role_has_its_own_place_in_its_own_log(place: Place, distribution: str, said: dict[str, str]) -> None:
    job = f"""
    code: src
    command: python train.py {place.folder / "said"}
    resources: {{instance_count: 2}}
    distribution: {{{distribution}}}
    environment: {{image: 'python:3.11'}}
    """
    script = """
    import json, os, pathlib, sys, time
    task = json.loads(os.environ["TF_CONFIG"])["task"] if "TF_CONFIG" in os.environ else {}
    print(*task.values() if task else ("rank", os.environ["RANK"]), flush=True)
    said = pathlib.Path(sys.argv[1])
    if task.get("type") == "ps":
        said.touch()
    while task and not said.exists():
        time.sleep(0.01)
    """
    launched = launch(place, job, script)
    name = launched.finish()
    lines, cursor = follow(launched, name, {}, 100)
    assert {line.role: line.text for line in lines} == said
    assert set(cursor) == set(said)
    assert launched.engine.runs.tail(name, None) == lines
    assert launched.engine.runs.tail(name, "worker/1") == [LogLine("worker/1", said["worker/1"])]
    assert {role.name for role in launched.engine.runs.get(name).roles} == set(said)


def test_a_log_larger_than_a_piece_comes_whole(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (artifacts, logs):
        monkeypatch.setattr(module, "CHUNK", 50)
    script = "for n in range(20): print('line', n)\nprint('x' * 120)\nprint('ü' * 20, end='')"
    launched = launch(place, JOB.format(gate="none"), script)
    name = launched.finish()
    lines, _ = follow(launched, name, {}, 1000)
    said = texts(lines)
    assert said[:20] == [f"line {n}" for n in range(20)]
    assert "".join(said[20:]).count("x") == 120
    # Of its end no more is read than is wanted, and no piece of a line is shown.
    monkeypatch.setattr(artifacts, "TAIL", 171)
    ends: list[LogLine] = []
    assert place.routes(lambda: ends.extend(launched.engine.runs.tail(name, "main/0"))) == [LIST_BLOBS, GET_BLOB]
    assert texts(ends) == ["line 19", "x" * 120, "ü" * 20]
    assert launched.engine.runs.tail(name, "worker/0") == []


def test_a_log_that_breaks_off_is_read_again_from_there(place: Place) -> None:
    launched = launch(place, JOB.format(gate="none"), "print('hello')\nprint('there')")
    name = launched.finish()
    launched.engine.runs.get(name)
    rule = place.emulator.faults.add(is_log, Truncated(3))
    assert texts(launched.engine.runs.logs(name, {})[0]) == ["hello", "there"]
    assert rule.hit == 1


def test_a_log_that_cannot_be_read_says_no_secret(place: Place) -> None:
    launched = launch(place, JOB.format(gate="none"), "print('hello')")
    name = launched.finish()
    launched.engine.runs.get(name)
    place.emulator.faults.add(is_log, Status(403, "AuthenticationFailed"), times=None)
    with pytest.raises(EngineError, match="what the datastore is registered with is wrong") as caught:
        launched.engine.runs.logs(name, {})
    assert "sig=" not in str(caught.value)


def test_a_signature_reads_logs_and_files(place: Place, tmp_path: Path) -> None:
    launched = launch(place, JOB.format(gate="none"), "print('hello')\nopen('outputs/a.txt', 'w').write('1')")
    name = launched.finish()
    assert texts(launched.renew().runs.logs(name, {})[0]) == ["hello"]
    assert launched.engine.connection.open_datastore(artifacts.STORE).opened_with == "key"
    launched.engine.runs.fetch(name, "default/a.txt", tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text() == "1"


OUTPUTS = """
code: src
command: cd / && python $OLDPWD/train.py ${{ outputs.model }} ${{ outputs.placed }}
outputs:
  model: {}
  placed: {path: azureml://datastores/workspaceblobstore/paths/placed}
environment: {image: 'python:3.11'}
"""
WRITES = """
import sys
from pathlib import Path
model, placed = map(Path, sys.argv[1:])
(model / "deep").mkdir(parents=True)
(model / "deep" / "weights.bin").write_bytes(b"1234")
(placed / "a.txt").write_text("placed")
here = Path(__file__).parent / "outputs"
(here / "sub").mkdir(parents=True, exist_ok=True)
(here / "report.txt").write_text("fine")
(here / "sub" / "more.txt").write_text("12")
"""


def test_outputs_are_listed_and_fetched(place: Place, tmp_path: Path) -> None:
    launched = launch(place, OUTPUTS, WRITES)
    name = launched.finish()
    engine = launched.engine
    assert engine.runs.get(name).status is RunStatus.SUCCEEDED
    assert [(file.path, file.size) for file in engine.runs.outputs(name)] == [
        ("default/report.txt", 4),
        ("model/deep/weights.bin", 4),
        ("sub/more.txt", 2),
    ]
    for path, content in (
        ("model/deep/weights.bin", b"1234"),
        ("default/report.txt", b"fine"),
        ("sub/more.txt", b"12"),
    ):
        engine.runs.fetch(name, path, tmp_path / "fetched" / path)
        assert (tmp_path / "fetched" / path).read_bytes() == content
    assert launched.plane.blobs.read(engine.connection.open_datastore(None).name, "placed/a.txt") == b"placed"


def test_a_file_that_is_not_there(place: Place, tmp_path: Path) -> None:
    launched = launch(place, OUTPUTS, WRITES)
    name = launched.finish()
    for path in ("model/nothing.txt", "default/nothing.txt"):
        with pytest.raises(Missing, match=r"nothing\.txt"):
            launched.engine.runs.fetch(name, path, tmp_path / "nothing.txt")
    assert list(tmp_path.glob("*nothing*")) == []


def test_a_run_that_wrote_nothing(place: Place) -> None:
    launched = launch(place, "command: echo\nenvironment: {image: 'python:3.11'}\n")
    name = launched.finish()
    assert launched.engine.runs.outputs(name) == []


def test_files_of_another_run_are_not_listed(place: Place) -> None:
    """A folder in ./outputs that is called as an output is, and a run whose name begins alike."""
    launched = launch(place, OUTPUTS, WRITES)
    name = launched.finish()
    container = launched.engine.connection.open_datastore(None).name
    launched.plane.blobs.write(container, f"azureml/{name}-2/model/theirs", b"1")
    launched.plane.blobs.write(container, f"azureml/{name}/logs/theirs", b"1")
    assert "theirs" not in str(launched.renew().runs.outputs(name))


def test_files_of_a_run_of_sdk_v1(place: Place, tmp_path: Path) -> None:
    job = "code: src\ncommand: python train.py ${{ outputs.model }}\noutputs: {model: {}}\n"
    script = "import sys, pathlib\npathlib.Path(sys.argv[1], 'a.txt').write_text('1')"
    launched = launch(place, job, script)
    name = launched.finish(engine=place.engine(launched.spec, v1.open_engine))
    engine = launched.renew()
    assert [file.path for file in engine.runs.outputs(name)] == ["model/a.txt"]
    engine.runs.fetch(name, "model/a.txt", tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text() == "1"
