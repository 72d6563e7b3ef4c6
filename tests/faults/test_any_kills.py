"""SIGKILL of any process of an apply or its run, at any of its writes, several in a row; then `apply`: one success.

Nothing waits for ever, and nothing is left: no process, no ticket, no lock, nothing half made.
"""

from __future__ import annotations

import json
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from specrun.engines.local import state
from tests import commands
from tests.faults.test_apply_kills import environment_in, make_spec
from tests.local.runs import Run, needs_proc, wait_until
from tests.searching import Search

JOB = """\
  command: >-
    if [[ $TF_CONFIG == *'"type": "ps"'* ]]; then exec sleep 600; fi;
    (setsid sleep 600 &) ; echo ran >> "$COUNT" && cat ${{ inputs.numbers }}/*
    && echo done > ${{ outputs.result }}/done.txt
  distribution: {type: tensorflow, parameter_server_count: 1, worker_count: 1}
"""
SIDE_BY_SIDE = 4
MOST = {"apply": 60, "starter": 3, "supervisor": 28, "guard": 4, "role": 12, "run": 28}
"""How many writes each kind of process makes, and some more: a kill at one that it does not make is none."""

LIKELY = {"apply": 6, "starter": 1, "supervisor": 10, "guard": 2, "role": 1, "run": 4}
PATIENCE = 90.0
"""Seconds after which an apply waits for ever."""

STALE, RUN_FAILED = 5, 100


def apply(folder: Path, orders: str, *arguments: str) -> int:
    """The exit status of an apply, processes of which are killed; see `killing`. Fails when it does not end."""
    environment = {**environment_in(folder), "LC_KILL": orders, "PYTHONPATH": str(commands.ROOT)}
    called = ["apply", str(folder / "job.yaml"), "--quiet", *arguments]
    done = commands.run(called, folder, environment, "local", PATIENCE, "tests.faults.killing")
    with (folder / "output.txt").open("a") as output:
        output.write(f"--- {orders}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.returncode


def orders_by(random: Random) -> str:
    """A kill, or two of different processes in one apply."""
    kinds = random.choices(list(LIKELY), list(LIKELY.values()), k=random.choice([1, 1, 1, 2]))
    return " ".join(f"{kind}:{random.randint(1, MOST[kind])}" for kind in dict.fromkeys(kinds))


def applies_by(random: Random) -> list[str]:
    """The orders of one apply, or of two at once."""
    return [orders_by(random) for _ in range(random.choice([1, 1, 1, 2]))]


def killed_in_turn(folder: Path, kills: list[list[str]]) -> Counter[str]:
    """What the kills came to; the state after an apply that nobody killed has been checked."""
    make_spec(folder)
    spec = folder / "job.yaml"
    text = spec.read_text()
    begin = text.index("  command:")
    spec.write_text(text[:begin] + JOB + text[text.index("  inputs:") :])
    said: list[int] = []
    where = f"{kills}:\n"
    with ThreadPoolExecutor(2) as pool:
        for at_once in kills:
            said += pool.map(apply, [folder] * len(at_once), at_once)
    assert {*said} <= {0, 1, STALE, RUN_FAILED, -signal.SIGKILL}, where + (folder / "output.txt").read_text()
    last = apply(folder, "")
    if last == RUN_FAILED:  # of a guard or a role that was killed, or three times before anything had started
        last = apply(folder, "", "--rerun")
    assert last == 0, where + (folder / "output.txt").read_text()
    check_one_success(folder, where + (folder / "output.txt").read_text())
    return Counter("apply" if code < 0 else "run" if code else "none" for code in said)


def check_one_success(folder: Path, where: str) -> None:
    home = folder / "home"
    runs = [Run(one) for one in (home / "runs").iterdir()]
    ended = [json.loads((run.folder / "state.json").read_text())["status"] for run in runs]
    assert ended.count("succeeded") == 1, where
    assert (folder / "count").read_text().count("ran") <= len(runs), where
    (run,) = (run for run, status in zip(runs, ended, strict=True) if status == "succeeded")
    assert (run.folder / "outputs" / "result" / "done.txt").read_text() == "done\n", where
    assert (run.folder / "logs" / "worker-0.txt").read_text() == "0\n1\n2\n", where
    for one in runs:
        one.nothing_left()
        wait_until(lambda one=one: not state.held(one.folder), f"nobody to have the lock of {one.folder}")
    assert [path.name for path in (home / "slots").iterdir()] == ["lock"], where
    assert not list((home / "staging").iterdir()), where
    strangers = {path.name for path in home.iterdir()} - {
        ".gitignore", "cache", "code", "datastores", "going", "journal.jsonl", "locks", "resources", "runs", "slots",
        "staging",
    }  # fmt: skip
    assert not strangers, where


@needs_proc
@pytest.mark.long
@pytest.mark.slow
def test_kills_of_any_process_leave_one_success(tmp_path: Path, search: Search) -> None:
    random = search.random
    series = [[applies_by(random) for _ in range(random.randint(1, 3))] for _ in range(search.rounds(3, 600))]
    came_to: Counter[str] = Counter()
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        folders = [tmp_path / f"{number}" for number in range(len(series))]
        for one in pool.map(killed_in_turn, folders, series):
            came_to += one
    print(f"{came_to.total()} applies in {len(series)} series, of which were killed: {dict(came_to)}")
    assert came_to["apply"] + came_to["run"], "the hook did not kill"
