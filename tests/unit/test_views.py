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
from specrun.plan.metrics import Last, Logged
from specrun.plan.observed import RoleStatus, Run, RunStatus
from specrun.plan.provenance import Provenance
from specrun.plan.run_facts import Column, Facts
from specrun.spec.model import LocalPath
from specrun.spec.wording import size
from specrun.views.data import run_data
from specrun.views.graph import graph_dot, graph_mermaid
from specrun.views.run_table import Row, going_text, roles_text, runs_text
from specrun.views.runs import Surroundings, changed_since, origin_text, status_text
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


def rows_of(*runs: Run) -> list[Row]:
    """A table's rows, each with what changed since the run after it."""
    older = [[one] for one in runs[1:]] + [[]]
    return [Row(one, changes=changed_since(one, before, command_of)) for one, before in zip(runs, older, strict=True)]


def test_runs_newest_first_with_what_changed() -> None:
    runs = [
        run(2, RunStatus.RUNNING, "b", submitted=7200.0),
        run(1, RunStatus.LOST, "b", "its supervisor is gone", 3600.0),
        run(1, RunStatus.SUCCEEDED, "a"),
    ]
    assert runs_text(rows_of(*runs), 7206.5, PLAIN, 100) == (
        "run               status     elapsed    submitted\n"
        "job-bbbbbbbbbb-2  running    5.5 s      1970-01-01 02:00\n"
        "  ~ the same again (attempt 2)\n"
        "job-bbbbbbbbbb    lost       1 min 5 s  1970-01-01 01:00\n"
        "  its supervisor is gone\n"
        "  ~ command: a → b\n"
        "job-aaaaaaaaaa    succeeded  1 min 5 s  1970-01-01 00:00"
    )
    assert runs_text([], 0.0, PLAIN, 100) == "no runs yet"
    assert changed_since(runs[-1], [], command_of) == ()


def test_a_table_of_several_specs_and_places_fits_at_80_columns() -> None:
    name = "n" * 40
    longest = replace(run(1, RunStatus.RUNNING, submitted=0.0), name=f"{name}-aaaaaaaaaa-12")
    rows = [Row(longest, name, "workspace team-eastus-prod"), Row(run(1, RunStatus.SUCCEEDED), "job", "this machine")]
    lines = runs_text(rows, 10_000.0, PLAIN, 80).splitlines()
    assert lines[:3] == [
        "  status     elapsed     submitted         spec" + " " * 38 + "place",
        longest.name,
        "  running    2 h 46 min  1970-01-01 00:00  " + name + "  workspace team-eastus-prod",
    ]
    alone = runs_text([Row(longest)], 10_000.0, PLAIN, 80)
    assert max(map(len, alone.splitlines())) <= 80
    beside = runs_text([Row(run(1, RunStatus.SUCCEEDED), "job", "east"), rows[1]], 0.0, PLAIN, 80).splitlines()
    assert beside[0].split() == ["run", "status", "elapsed", "submitted", "place"]
    assert beside[1].endswith("  east")


def test_what_goes_on_with_its_roles() -> None:
    roles = [RoleStatus("ps/0", "running"), *(RoleStatus(f"worker/{n}", "running") for n in range(2))]
    going = replace(run(1, RunStatus.RUNNING), roles=(*roles, RoleStatus("worker/2", "succeeded", 0)))
    waiting = replace(run(1, RunStatus.QUEUED, "b", "1 of 1 node of gpu is in use", submitted=3.0), started=None)
    rows = [Row(waiting, "", "this machine", (), "local"), Row(going, "job.yaml", "this machine", (), "local")]
    assert going_text(rows, 12.0, PLAIN, 80) == (
        "run             status   elapsed  roles                   engine  spec\n"
        "job-bbbbbbbbbb  queued   9.0 s    -                       local   -\n"
        "  1 of 1 node of gpu is in use\n"
        "job-aaaaaaaaaa  running  11.0 s   ps/0 worker/0 worker/1  local   job.yaml"
    )
    beside = going_text([*rows, Row(going, "b.yaml", "workspace east", (), "azureml")], 12.0, PLAIN, 120)
    assert beside.splitlines()[-1].endswith("  workspace east  b.yaml")
    many = tuple(RoleStatus(f"worker/{n}", "running") for n in range(64))
    assert roles_text(replace(going, roles=(*roles[:1], *many))) == "ps/0 worker/0-63"


def test_columns_for_which_there_is_no_room_are_counted() -> None:
    known = Facts(run(1, RunStatus.FAILED), params={f"parameter-{n}": n * 1.5 for n in range(9)}, now=70.0)
    wanted = [Column(name) for name in known.params] + [Column("submitted"), Column("age"), Column("elapsed")]
    rows = [Row(known.run, facts=known)]
    lines = runs_text(rows, 70.0, PLAIN, 80, wanted, only=True).splitlines()
    assert lines == [
        "  status  parameter-0  parameter-1  parameter-2  parameter-3  +8 more",
        "job-aaaaaaaaaa",
        "  failed  0            1.5          3            4.5",
    ]
    few = runs_text(rows, 70.0, PLAIN, 80, wanted[-4:], only=True).splitlines()
    assert few == [
        "run             status  parameter-8  submitted         age         elapsed",
        "job-aaaaaaaaaa  failed  12           1970-01-01 00:00  1 min 10 s  1 min 5 s",
    ]


def test_of_many_parameters_the_first_are_told_and_the_others_counted() -> None:
    params = {"note": "x" * 99, **{f"p{number}": number for number in range(40)}}
    (line,) = [
        line
        for line in status_text(run(1, RunStatus.RUNNING), Surroundings("", params=params), PLAIN).splitlines()
        if "parameters" in line
    ]
    assert line.startswith(f"  parameters   note={'x' * 39}…  p0=0  p1=1  ")
    assert line.endswith("  p22=22  and 17 more (-o json)")


def test_status_of_one_run() -> None:
    roles = (
        RoleStatus("worker/0", "succeeded", 0, started=1.0, ended=62.5),
        RoleStatus("ps/0", "failed", None, 9, started=1.0),
        RoleStatus("ps/1", "waiting"),
    )
    around = Surroundings(
        "/there",
        "gpu",
        {"running": 2, "idle": 0, "preparing": 1},
        Logged({"loss": Last(0.25, 3), "worker/1/loss": Last(1.0, 3, role="worker/1")}),
    )
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
        "  worker/0     succeeded (exit 0), 1 min 2 s",
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
    around = Surroundings("")
    texts = [status_text(ended, around, PLAIN), runs_text(rows_of(ended), 0.0, PLAIN, 80), origin_text(ended)]
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


def test_a_long_reason_breaks_between_words() -> None:
    why = "the image could not be built: " + "no matching distribution " * 6
    lines = status_text(run(1, RunStatus.FAILED, reason=why), Surroundings(""), PLAIN, 80).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1].startswith("  reason       the image could not be built")
    assert lines[2].startswith(f"{' ' * 15}matching distribution no")


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
    assert runs_text(rows_of(known, partly), 0.0, PLAIN, 60).splitlines()[2:5] == [
        "  prod, 0123456789 (dirty), feature/x, pull request 12",
        "  ~ command: b → a",
        "job-bbbbbbbbbb  succeeded  1 min 5 s  1970-01-01 00:00",
    ]
    origin = ("repository", "target", "commit", "dirty", "branch", "pull_request", "user", "ci", "specrun_version")
    assert [run_data(known)[name] for name in origin] == [
        *("github.com/org/repo", "prod", "0123456789abcdef", True, "feature/x", "12", "ann"),
        *("https://ci.example.org/7", "0.1.0"),
    ]
    older = run(1, RunStatus.SUCCEEDED)
    assert [run_data(older)[name] for name in origin] == [None] * len(origin)
    assert "None" not in status_text(older, Surroundings(""), PLAIN) + runs_text(rows_of(older), 0.0, PLAIN, 80)


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
