"""The lines of runs: of which roles, since when, with their time, and what is not known of that; in this process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.engines.base import LogLine
from specrun.plan.observed import RoleStatus, Run, RunStatus
from specrun.spec.moments import here, moment_in, rfc3339, seconds_in
from tests.cli.conftest import Command
from tests.engine_double import Double, offer, write_spec

ROLES = tuple(RoleStatus(name, "succeeded") for name in ("ps/0", *(f"worker/{n}" for n in range(8))))
RUN = Run("job-0123456789", "job", "0123456789", 1, RunStatus.SUCCEEDED, started=1000.0, ended=5000.0, roles=ROLES)
TWO = replace(RUN, name="two-0123456789", spec="two")
LINES = [LogLine("ps/0", "old", 1500.0), LogLine("worker/0", "new", 2500.0), LogLine("worker/1", "newer", 4000.0)]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Double:
    double = Double(asks=False, all_runs=[TWO, RUN], lines=list(LINES))
    offer(monkeypatch, "local", double)
    write_spec(Path.cwd(), "name: job\njob: {command: ls}\n")
    write_spec(Path.cwd(), "name: two\njob: {command: ls}\n", "two.yaml")
    return double


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "XXX-02:00")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_each_line_has_its_time_behind_its_role(specrun: Command, engine: Double) -> None:
    said = specrun("logs", "-t")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "ps/0 | 1970-01-01T02:25:00+02:00 old",
        "worker/0 | 1970-01-01T02:41:40+02:00 new",
        "worker/1 | 1970-01-01T03:06:40+02:00 newer",
    ]
    assert specrun("logs").out.splitlines()[0] == "ps/0 | old"


@pytest.mark.parametrize("since", ["1970-01-01T00:40:00Z", "1970-01-01T02:40:00", "1970-01-01 02:40:00+02:00"])
def test_lines_since_a_moment(specrun: Command, engine: Double, since: str) -> None:
    assert specrun("logs", "--since", since).out.splitlines() == ["worker/0 | new", "worker/1 | newer"]
    assert specrun("logs", "--since", since, "--tail", "1", "--role", "worker/0").out == "worker/0 | new\n"
    assert specrun("logs", "--since", "10m").out == ""


@pytest.mark.parametrize("since", ["", "soon", "10", "10 minutes", "2026-13-01", "-5m", "99999999999999"])
def test_what_is_no_moment(specrun: Command, engine: Double, since: str) -> None:
    for verb in ("logs", "runs"):
        said = specrun(verb, "--since", since)
        assert (said.code, "2026-11-30T08:00:00Z" in said.err) == (64, True)


def test_moments_in_words() -> None:
    assert seconds_in("1h30m") == 5400
    assert moment_in("1970-01-02") == moment_in("1970-01-01T22:00:00Z") == 79_200.0
    assert [rfc3339(moment) for moment in (None, 0.0, 1e30)] == [None, "1970-01-01T00:00:00.000Z", None]
    assert here(0.0) == "1970-01-01T02:00:00+02:00"


@pytest.mark.parametrize(
    ("words", "shown", "note"),
    [
        (("-t",), 3, "they stand without a time"),
        (("--since", "1970-01-01T00:40:00Z"), 3, "--since leaves none out"),
        (("-t", "--since", "1970-01-01T00:40:00Z"), 3, "they stand without a time, and --since leaves none out"),
        (("--since", "1970-01-01T00:10:00Z"), 3, ""),
        (("--since", "1970-01-01T02:00:00Z"), 0, ""),
    ],
)
def test_where_times_are_not_kept_that_is_said_and_nothing_invented(
    specrun: Command, engine: Double, words: tuple[str, ...], shown: int, note: str
) -> None:
    engine.lines = [replace(line, when=None) for line in LINES]
    said = specrun("logs", *words)
    assert (said.code, len(said.out.splitlines())) == (0, shown)
    told = f"note: when the lines of {RUN.name} were written is not kept: {note}\n" if note else ""
    assert said.err == told
    if shown:
        assert said.out.splitlines()[0] == "ps/0 | old"


def test_a_role_that_there_is_not(specrun: Command, engine: Double) -> None:
    said = specrun("logs", "--role", "worker", "--role", "nope")
    assert (said.code, said.out) == (64, "")
    assert said.err == f"{RUN.name} has no role nope: its roles are ps/0, worker/0-7\n"
    said = specrun("logs", "--role", "worker/7")
    assert (said.code, said.out, said.err) == (0, "", ""), "it has written nothing"
    engine.all_runs = [replace(RUN, roles=(), status=RunStatus.RUNNING)]
    engine.statuses = {RUN.name: [RunStatus.RUNNING]}
    assert specrun("logs", "--role", "worker/7").err.endswith("its roles are ps/0, worker/0, worker/1\n")
    engine.lines = []
    assert specrun("logs", "--role", "worker/7").code == 0, "nobody knows its roles yet"


def test_of_several_runs_each_line_has_its_runs_name(specrun: Command, engine: Double) -> None:
    said = specrun("logs", "job.yaml", "two.yaml", "--tail", "1", "--role", "ps")
    assert said.out.splitlines() == [f"{RUN.name} ps/0 | old", f"{TWO.name} ps/0 | old"]


def test_runs_since_a_moment(specrun: Command, engine: Double) -> None:
    engine.all_runs = [replace(RUN, name=f"job-{n:010}", submitted=1000.0 * n) for n in range(5)]
    said = specrun("runs", "--since", "1970-01-01T00:50:00Z")
    assert [line[:14] for line in said.out.splitlines() if line[0] == "j"] == ["job-0000000004", "job-0000000003"]
