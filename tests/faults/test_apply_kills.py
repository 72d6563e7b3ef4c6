"""SIGKILL of `apply` at every write that it makes, then `apply` again: one run, nothing lost, nothing left over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import commands
from tests.local.runs import Run
from tests.searching import Search

SPEC = """\
apiVersion: specrun/v1
name: killed
compute: {name: cluster, max_instances: 2}
datastores:
  store: {type: azure_blob, account_name: account, container_name: container}
data:
  numbers: {path: data, datastore: store, target: numbers}
job:
  code: src
  command: echo ran >> "$COUNT" && cat ${{ inputs.numbers }}/* && echo done > ${{ outputs.result }}/done.txt
  inputs:
    numbers: {data: numbers}
  outputs:
    result: {}
  environment_variables:
    COUNT: COUNT_FILE
"""


def apply(folder: Path, kill_at: int) -> int:
    """The exit status of an apply that is killed at that write, or at none when there is none; 0: never."""
    environment = {**environment_in(folder), "KILL_AT": f"{kill_at}", "PYTHONPATH": str(commands.ROOT)}
    done = commands.run(arguments_in(folder), folder, environment, "local", 120, "tests.faults.killing")
    with (folder / "output.txt").open("a") as output:
        output.write(done.stdout + done.stderr)
    return done.returncode


def begin_apply(folder: Path, **variables: str) -> subprocess.Popen[bytes]:
    """An apply that is this process' own child, and hears from its first line on of $KILL_AT or $STOP_AT."""
    path = os.pathsep.join([str(Path(__file__).parent / "killer"), str(commands.ROOT)])
    environment = {**environment_in(folder), "PYTHONPATH": path, **variables}
    command = [sys.executable, "-m", "specrun", *arguments_in(folder)]
    with (folder / "output.txt").open("ab") as output:
        return subprocess.Popen(command, env=environment, stdout=output, stderr=output)


def arguments_in(folder: Path) -> list[str]:
    return ["apply", str(folder / "job.yaml"), "--quiet"]


def environment_in(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "SPECRUN_HOME": str(folder / "home")}


def make_spec(folder: Path) -> None:
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "code.txt").write_text("code")
    (folder / "data").mkdir()
    for number in range(3):
        (folder / "data" / f"{number}.txt").write_text(f"{number}\n")
    (folder / "job.yaml").write_text(SPEC.replace("COUNT_FILE", str(folder / "count")))


def check_whole(folder: Path) -> None:
    home = folder / "home"
    runs = list((home / "runs").iterdir())
    assert len(runs) == 1
    state = json.loads((runs[0] / "state.json").read_text())
    assert state["status"] == "succeeded"
    assert (folder / "count").read_text() == "ran\n"
    assert (runs[0] / "outputs" / "result" / "done.txt").read_text() == "done\n"
    assert (runs[0] / "logs" / "main-0.txt").read_text() == "0\n1\n2\n"
    stored = home / "datastores" / "store" / "numbers"
    assert {path.name: path.read_text() for path in stored.iterdir()} == {f"{n}.txt": f"{n}\n" for n in range(3)}
    assert not list((home / "staging").iterdir())
    strangers = {path.name for path in home.iterdir()} - {
        ".gitignore", "cache", "code", "datastores", "going", "journal.jsonl", "locks", "resources", "runs", "slots",
        "staging",
    }  # fmt: skip
    assert not strangers
    Run(runs[0]).nothing_left()


def killed_and_applied_again(folder: Path, kill_at: int) -> bool:
    """Whether the n-th write exists; the state after a kill there and a second apply has been checked."""
    make_spec(folder)
    first = apply(folder, kill_at)
    assert first in (0, -signal.SIGKILL), (folder / "output.txt").read_text()
    second = apply(folder, 0)
    assert second == 0, f"killed at write {kill_at}: {(folder / 'output.txt').read_text()}"
    check_whole(folder)
    return first != 0


@pytest.mark.long
@pytest.mark.slow
def test_a_kill_at_any_write_leaves_one_run(tmp_path: Path, search: Search) -> None:
    step = 1 if search.whole else 6
    batch = 8 * step
    killed = 0
    with ThreadPoolExecutor(max_workers=3) as pool:
        for start in range(1 + search.random.randrange(step), 1000, batch):
            numbers = range(start, start + batch, step)
            results = list(pool.map(lambda n: killed_and_applied_again(tmp_path / str(n), n), numbers))
            killed += sum(results)
            if not all(results):
                break
    assert killed >= 30 // step, "fewer writes than apply makes: the hook did not work"


@pytest.mark.slow
def test_two_applies_at_once_are_one_run(tmp_path: Path) -> None:
    make_spec(tmp_path)
    with ThreadPoolExecutor(max_workers=4) as pool:
        results = list(pool.map(lambda _: apply(tmp_path, 0), range(4)))
    assert results == [0, 0, 0, 0], (tmp_path / "output.txt").read_text()
    check_whole(tmp_path)
