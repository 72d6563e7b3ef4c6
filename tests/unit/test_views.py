"""The smaller views: runs, graphs, words."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from specrun.plan.attempts import decide
from specrun.plan.graph import Graph
from specrun.plan.kinds.data import DataTarget
from specrun.plan.makers import Maker
from specrun.plan.observed import RoleStatus, Run, RunStatus
from specrun.plan.provenance import Provenance
from specrun.spec.model import LocalPath
from specrun.spec.wording import size
from specrun.views.data import run_data
from specrun.views.graph import graph_dot, graph_mermaid
from specrun.views.runs import Surroundings, changed_since, origin_text, runs_text, status_text
from specrun.views.text import Paint, duration, shorten, terminal_width
from tests.engine_double import HERE, addresses, graph_for, read_specs, write_spec

PLAIN = Paint(False)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def run(attempt: int, status: RunStatus, command: str = "a", reason: str = "", submitted: float | None = 0.0) -> Run:
    name = f"job-{command * 10}" + (f"-{attempt}" if attempt > 1 else "")
    started = None if submitted is None else submitted + 1
    ended = None if started is None or not status.ended else started + 65
    return Run(name, "job", command * 64, attempt, status, reason, submitted, started, ended)


def command_of(name: str) -> dict[str, object]:
    return {"command": name[4]}


def test_runs_newest_first_with_what_changed() -> None:
    runs = [
        run(2, RunStatus.RUNNING, "b", submitted=7200.0),
        run(1, RunStatus.LOST, "b", "its supervisor is gone", 3600.0),
        run(1, RunStatus.SUCCEEDED, "a"),
    ]
    assert runs_text(runs, command_of, PLAIN, 100) == (
        "run               status     duration     submitted         fingerprint\n"
        "job-bbbbbbbbbb-2  running    -            1970-01-01 02:00  bbbbbbbbbb\n"
        "  ~ the same again (attempt 2)\n"
        "job-bbbbbbbbbb    lost       1 min 5 s    1970-01-01 01:00  bbbbbbbbbb\n"
        "  its supervisor is gone\n"
        "  ~ command: a → b\n"
        "job-aaaaaaaaaa    succeeded  1 min 5 s    1970-01-01 00:00  aaaaaaaaaa"
    )
    assert runs_text([], command_of, PLAIN, 100) == "no runs yet"
    assert changed_since(runs[-1], [], command_of) == ()


def test_status_of_one_run() -> None:
    roles = (
        RoleStatus("worker/0", "succeeded", 0),
        RoleStatus("ps/0", "failed", None, 9),
        RoleStatus("ps/1", "waiting"),
    )
    around = Surroundings("/there", "gpu", {"running": 2, "idle": 0, "preparing": 1}, {"loss": 0.25})
    text = status_text(replace(run(1, RunStatus.FAILED, reason="ps/0 was killed"), roles=roles), around, PLAIN)
    assert text.splitlines() == [
        "job-aaaaaaaaaa  failed",
        "  reason       ps/0 was killed",
        f"  fingerprint  {'a' * 64}",
        "  submitted    1970-01-01 00:00:00",
        "  started      1970-01-01 00:00:01",
        "  ended        1970-01-01 00:01:06",
        "  duration     1 min 5 s",
        "  outputs      /there",
        "  cluster      gpu: 2 running, 1 preparing",
        "  loss         0.25",
        "  worker/0     succeeded (exit 0)",
        "  ps/0         failed (signal 9)",
        "  ps/1         waiting",
    ]


@pytest.mark.parametrize("status", RunStatus)
@pytest.mark.parametrize("reason", ["", "STATUS", "Canceled", "Failed.", "STATUS; ps/0 wrote to data", "it broke"])
def test_no_ending_says_nothing(status: RunStatus, reason: str) -> None:
    roles = tuple(
        RoleStatus(f"worker/{number}", ended, exit, signal)
        for number, (ended, exit, signal) in enumerate(
            product(("waiting", "running", "succeeded", "failed", "stopped", "ended"), (None, 0, 3), (None, 9))
        )
    )
    ended = replace(run(1, status, reason=reason.replace("STATUS", status.value)), roles=roles, compute="")
    around = Surroundings("", "", {}, {}, {})
    texts = [status_text(ended, around, PLAIN), runs_text([ended], command_of, PLAIN, 80), origin_text(ended)]
    texts += [decide([ended], ended.fingerprint, rerun).reason for rerun in (False, True)]
    for text in texts:
        assert "None" not in text
        assert f"{status.value} ({status.value}" not in text
        assert not re.search(rf"(reason +|\(){status.value}\b", text)
        assert "outputs" not in text
    assert all("ps/0 wrote to data" in text for text in texts[:2] if "ps/0" in reason and status.ended)


@pytest.mark.parametrize(
    ("outputs", "room", "shown"),
    [
        ("/there", 80, ["  outputs      /there"]),
        (f"/{'t' * 80}", 80, ["  outputs", f"  /{'t' * 80}"]),
        (f"/{'t' * 80}", None, [f"  outputs      /{'t' * 80}"]),
        ("https://ml.azure.com/runs/x", 120, ["  portal       https://ml.azure.com/runs/x"]),
    ],
)
def test_what_is_too_long_for_a_line_has_one_of_its_own(outputs: str, room: int | None, shown: list[str]) -> None:
    lines = status_text(run(1, RunStatus.SUCCEEDED), Surroundings(outputs), PLAIN, room).splitlines()
    assert lines[6:] == shown


HERS = Provenance("0123456789abcdef", True, "feature/x", "12", "ann", "https://ci.example.org/7", "0.1.0")


def test_where_a_run_comes_from_as_far_as_that_is_known() -> None:
    known = replace(run(1, RunStatus.SUCCEEDED), repository="github.com/org/repo", target="prod", provenance=HERS)
    partly = replace(run(1, RunStatus.SUCCEEDED, "b"), provenance=Provenance(user="ann", specrun_version="0.1.0"))
    lines = status_text(known, Surroundings("/there"), PLAIN).splitlines()
    assert lines[6:] == [
        "  repository   github.com/org/repo",
        "  target       prod",
        "  commit       0123456789 (dirty), feature/x, pull request 12",
        "  by           ann, specrun 0.1.0",
        "  pipeline     https://ci.example.org/7",
        "  outputs      /there",
    ]
    assert max(map(len, lines)) <= 80
    assert status_text(partly, Surroundings(""), PLAIN).splitlines()[6:] == ["  by           ann, specrun 0.1.0"]
    assert runs_text([known, partly], command_of, PLAIN, 60, shown=2).splitlines()[2:5] == [
        "  prod, 0123456789 (dirty), feature/x, pull request 12",
        "  ~ command: b → a",
        "job-bbbbbbbbbb  succeeded  1 min 5 s    1970-01-01 00:00  bbbbbbbbbb",
    ]
    origin = ("repository", "target", "commit", "dirty", "branch", "pull_request", "user", "ci", "specrun_version")
    assert [run_data(known)[name] for name in origin] == [
        *("github.com/org/repo", "prod", "0123456789abcdef", True, "feature/x", "12", "ann"),
        *("https://ci.example.org/7", "0.1.0"),
    ]
    older = run(1, RunStatus.SUCCEEDED)
    assert [run_data(older)[name] for name in origin] == [None] * len(origin)
    assert "None" not in status_text(older, Surroundings(""), PLAIN) + runs_text([older], command_of, PLAIN, 80)


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    (spec,) = read_specs(write_spec(tmp_path, "name: n\njob: {command: ls}\n"))
    data = DataTarget(
        place=HERE,
        name="a",
        maker=Maker("n"),
        origin=spec.at(),
        datastore="x",
        target='a"b\\n<i>#1',
        source=LocalPath(tmp_path),
        prune=False,
    )
    run = addresses(graph_for([spec], tmp_path))["run/n"]
    return Graph({data.key: data, run.key: replace(run, needs=(data.key,))}, {})


def test_mermaid_escapes_what_it_would_read(graph: Graph) -> None:
    assert graph_mermaid(graph).splitlines() == [
        "flowchart LR",
        '  n0["data/x/a#quot;b#92;n#lt;i#gt;#35;1"]',
        '  n1["run/n"]',
        "  n0 --> n1",
    ]


def test_dot_escapes_what_it_would_read(graph: Graph) -> None:
    assert graph_dot(graph).splitlines()[3:] == [
        r'  "data/x/a\"b\\n<i>#1";',
        '  "run/n";',
        r'  "data/x/a\"b\\n<i>#1" -> "run/n";',
        "}",
    ]


def test_words() -> None:
    sizes = [size(n) for n in (0, 999, 1000, 1_500, 34_000_000, 2_500_000_000, 7e12)]
    assert sizes == ["0 B", "999 B", "1.0 kB", "1.5 kB", "34 MB", "2.5 GB", "7.0 TB"]
    times = [duration(s) for s in (None, 0.04, 59.9, 60, 200, 7500)]
    assert times == ["-", "0.0 s", "59.9 s", "1 min 0 s", "3 min 20 s", "2 h 5 min"]
    assert [shorten("abcdef", n) for n in (6, 5, 1)] == ["abcdef", "abcd…", "…"]


@pytest.mark.parametrize(("columns", "width"), [("1", 40), ("80", 80), ("500", 120)])
def test_the_width_is_good_to_read(monkeypatch: pytest.MonkeyPatch, columns: str, width: int) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert terminal_width() == width
