from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from record import Screen

from specrun.apply.events import (
    Event,
    Finished,
    LockAwaited,
    LocksDenied,
    LogLines,
    OpenLines,
    OperationProgressed,
    OperationSettled,
    OperationStarted,
    PlanReady,
    StatusChanged,
)
from specrun.apply.locks import told as words
from specrun.engines.base import LogLine, OpenLine, Progress
from specrun.engines.locks import Holder
from specrun.plan.changes import Action, Plan
from specrun.plan.kinds.run import RunChange
from specrun.plan.observed import Run, RunStatus
from specrun.spec import codes
from specrun.spec.diagnostics import Location
from specrun.spec.visible import visible
from specrun.views.data import event_data
from specrun.views.diagnostics import diagnostic_data
from specrun.views.narration import Narration
from tests.engine_double import HERE, Double, key, plan_for, read_specs, wait_until, write_spec

FAILED = Run("job-a", "job", "a", 1, RunStatus.FAILED, "worker/1 exited with 3", None, 10.0, 75.5, (), "worker/1")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(
    *events: Event, out: io.StringIO | None = None, err: io.StringIO | None = None, quiet: bool = False
) -> tuple[str, str]:
    out, err = out or io.StringIO(), err or io.StringIO()
    narration = Narration(out, err, 100, quiet=quiet)
    try:
        for event in events:
            narration(event)
    finally:
        narration.close()
    return out.getvalue(), err.getvalue()


def lines(run: str, *texts: tuple[str, str]) -> LogLines:
    return LogLines(run, tuple(LogLine(role, text) for role, text in texts))


def test_the_jobs_lines_have_their_role_in_front() -> None:
    out, err = told(lines("job-a", ("worker/0", "step 1"), ("ps/0", ""), ("worker/0", "  two | three")))
    assert out == "worker/0 | step 1\nps/0 | \nworker/0 |   two | three\n"
    assert err == ""


def test_two_runs_have_their_name_too() -> None:
    out, _ = told(lines("job-a", ("main", "1")), lines("job-b", ("main", "2")), lines("job-a", ("main", "3")))
    assert out == "main | 1\njob-b main | 2\njob-a main | 3\n"


def test_of_a_progress_bar_its_last_state_is_shown() -> None:
    states = [OpenLines("job-a", (OpenLine("main", f"{done}%"),)) for done in (10, 10, 20)]
    whole = lines("job-a", ("main", "30%"))
    terminal = Terminal()
    told(*states, whole, out=terminal)
    assert shown_by(terminal.getvalue()) == ["main | 30%"]
    assert [part in terminal.getvalue() for part in ("10%", "20%")] == [True, True]
    # Without a terminal the first one is a line, and the next one only after a while.
    out, _ = told(*states, whole)
    assert out == "main | 10%\nmain | 30%\n"


def test_a_bar_gives_way_to_what_specrun_tells() -> None:
    screen = Terminal()
    bar = OpenLines("job-a", (OpenLine("worker/0", "10%"), OpenLine("worker/1", "x" * 200)))
    told(bar, StatusChanged(FAILED), bar, Finished(FAILED, "outputs"), bar, out=screen, err=screen)
    assert [line[:30] for line in shown_by(screen.getvalue())] == [
        "▶ job-a is failed: worker/1 ex",
        "✗ job-a failed (worker/1 exite",
    ]


def shown_by(written: str) -> list[str]:
    """What stands on a terminal in the end, or at a moment."""
    screen = Screen(200)
    screen.feed(written.replace("\n", "\r\n"))
    return [row for cells in screen.rows if (row := "".join(char for char, _ in cells).rstrip())]


def test_operations() -> None:
    _, err = told(
        OperationStarted(key("compute/c"), Action.CREATE),
        OperationProgressed(key("compute/c"), Progress(1, 2)),
        OperationSettled(key("compute/c"), Action.CREATE, 2.0),
        OperationSettled(key("data/d"), Action.UPDATE, 0.5, error="no room"),
        OperationSettled(key("run/r"), Action.SUBMIT, 0.0, skipped="data/d was not done"),
    )
    assert err.splitlines() == [
        "+ compute/c: creating",
        "+ compute/c: done in 2.0 s",
        "✗ data/d: no room",
        "○ run/r: skipped, since data/d was not done",
    ]


def test_a_mistake_in_a_file_is_shown_there() -> None:
    place = Location("job.yaml", 3, 7, 5, "pip: [six==9]")
    found = codes.diagnostic("environment-not-built", "No such version.", (), place)
    settled = OperationSettled(key("environment/e"), Action.CREATE, 1.0, error="No such version.", diagnostic=found)
    _, err = told(settled, quiet=True)
    assert err.splitlines() == [
        "✗ environment/e: not created",
        "job.yaml:3:7: error[environment-not-built]: The environment could not be built.",
        "    3 | pip: [six==9]",
        "      |       ^^^^^",
        "  No such version.",
    ]
    assert event_data(settled)["diagnostic"] == diagnostic_data(found)


def test_a_failed_run_ends_with_the_last_lines_of_its_role_and_one_line_that_says_all() -> None:
    last = (LogLine("worker/1", "Traceback"), LogLine("worker/1", "boom"))
    out, err = told(Finished(FAILED, "/runs/job-a/outputs", last, role="worker/1", hint="Write `x`."), quiet=True)
    assert err.splitlines() == [
        "Last lines of worker/1:",
        "  Traceback",
        "  boom",
        "All of it: specrun logs job-a --role worker/1",
        "hint: Write `x`.",
    ]
    assert out == "✗ job-a failed (worker/1 exited with 3) after 1 min 6 s; outputs in /runs/job-a/outputs\n"


@pytest.mark.parametrize("status", [status for status in RunStatus if status.ended])
def test_every_end_has_a_line(status: RunStatus) -> None:
    out, _ = told(Finished(Run("r", "s", "f", 1, status), "there"))
    assert f"r {status.value}; outputs in there\n" in out


@pytest.mark.parametrize(
    ("outputs", "out", "shown"),
    [
        ("", Terminal(), ["✓ r succeeded"]),
        ("/a", Terminal(), ["✓ r succeeded; outputs in /a"]),
        ("/a" * 50, Terminal(), ["✓ r succeeded; outputs in", f"  {'/a' * 50}"]),
        ("/a" * 50, io.StringIO(), [f"✓ r succeeded; outputs in {'/a' * 50}"]),
        ("https://portal/r", Terminal(), ["✓ r succeeded; in the portal: https://portal/r"]),
        (f"https://{'p' * 99}", Terminal(), ["✓ r succeeded; in the portal:", f"  https://{'p' * 99}"]),
    ],
)
def test_outputs_are_told_where_there_are_some(outputs: str, out: io.StringIO, shown: list[str]) -> None:
    told(Finished(Run("r", "s", "f", 1, RunStatus.SUCCEEDED), outputs), out=out)
    assert shown_by(out.getvalue()) == shown


def test_of_a_line_without_end_the_beginning_is_shown() -> None:
    _, err = told(Finished(FAILED, "", (LogLine("worker/1", "x" * 70_000),), role="worker/1"))
    assert err.splitlines()[1] == f"  {'x' * 500}…"


def test_a_reason_that_is_too_long_is_broken_between_words() -> None:
    out, err = Terminal(), Terminal()
    run = replace(FAILED, name="n" * 51, reason=f"worker/1 {'was lost ' * 12}")
    told(Finished(run, "/a" * 20, hint="Write `x` and run it again. " * 6), out=out, err=err)
    assert shown_by(out.getvalue()) == [
        f"✗ {'n' * 51} failed",
        "  (worker/1 was lost was lost was lost was lost was lost was lost was lost was lost was lost was",
        f"  lost was lost was lost ) after 1 min 6 s; outputs in {'/a' * 20}",
    ]
    assert [len(line) <= 100 for line in shown_by(err.getvalue())] == [True, True]


def test_states() -> None:
    _, err = told(StatusChanged(Run("r", "s", "f", 1, RunStatus.QUEUED, "waits for 2 of 2 nodes")))
    assert err == "▶ r is queued: waits for 2 of 2 nodes\n"


def test_quiet_leaves_out_progress_and_never_what_is_wrong() -> None:
    _, err = told(
        OperationStarted(key("compute/c"), Action.CREATE),
        OperationSettled(key("compute/c"), Action.CREATE, 2.0),
        OperationSettled(key("data/d"), Action.UPDATE, 0.5, error="no room"),
        OperationSettled(key("run/r"), Action.SUBMIT, 0.0, skipped="data/d was not done"),
        quiet=True,
    )
    assert err.splitlines() == ["✗ data/d: no room", "○ run/r: skipped, since data/d was not done"]


def test_quiet_leaves_the_jobs_lines_and_the_result() -> None:
    out, err = told(
        OperationStarted(key("compute/c"), Action.CREATE),
        OperationSettled(key("compute/c"), Action.CREATE, 2.0),
        lines("r", ("main", "hello")),
        Finished(Run("r", "s", "f", 1, RunStatus.SUCCEEDED), "there"),
        quiet=True,
    )
    assert (out, err) == ("main | hello\n✓ r succeeded; outputs in there\n", "")


def test_colours_go_to_terminals_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    events = (lines("r", ("main", "hello")), OperationSettled(key("compute/c"), Action.CREATE, 2.0))
    out, err = told(*events, out=io.StringIO(), err=Terminal())
    assert "\x1b" not in out
    assert "\x1b[32m" in err
    out, err = told(*events, out=Terminal(), err=io.StringIO())
    assert out.startswith("\x1b[36mmain |\x1b[0m hello")
    assert "\x1b" not in err
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in "".join(told(*events, out=Terminal(), err=Terminal()))


def test_a_terminal_gets_a_bar_while_something_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out, err = io.StringIO(), Terminal()
    narration = Narration(out, err, 100)
    narration(OperationStarted(key("data/d"), Action.UPDATE))
    narration(OperationProgressed(key("data/d"), Progress(1_000_000, 4_000_000)))
    wait_until(lambda: "1.0 MB of 4.0 MB" in err.getvalue(), "the bar to be drawn")
    narration(OperationSettled(key("data/d"), Action.UPDATE, 1.0))
    narration(lines("r", ("main", "hello")))
    narration.close()
    assert "data/d: done in 1.0 s" in re.sub(r"\x1b\[[\d;]*m", "", err.getvalue())
    assert out.getvalue() == "main | hello\n"


def test_without_a_terminal_a_long_operation_says_from_time_to_time_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, err = io.StringIO(), io.StringIO()
    narration = Narration(out, err, 100)
    clock = iter([0.0, 29.9, 30.1, 59.0, 61.0])
    monkeypatch.setattr("specrun.views.narration.time.monotonic", lambda: next(clock))
    for done in (0, 100, 200, 300, 400):
        narration(OperationProgressed(key("data/d"), Progress(done * 1000, 1_000_000, "0.1 MB/s, 0:08 left")))
    assert err.getvalue().splitlines() == [
        "  data/d: 200 kB of 1.0 MB, 0.1 MB/s, 0:08 left",
        "  data/d: 400 kB of 1.0 MB, 0.1 MB/s, 0:08 left",
    ]


def plan_of(folder: Path, *names: str) -> Plan:
    specs = read_specs(*(write_spec(folder / name, f"name: {name}\njob: {{command: ls}}\n") for name in names))
    return plan_for(Double(), specs, folder / "home")


def run_in(plan: Plan, spec: str, status: RunStatus, reason: str = "") -> Run:
    (name,) = (
        one.submission.name for one in plan.changes if isinstance(one, RunChange) and one.submission.spec == spec
    )
    return Run(name, spec, "f", 1, status, reason)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setenv("LINES", "8")
    return Terminal()


def of_several(plan: Plan, screen: Terminal, out: io.StringIO, **options: Any) -> tuple[Narration, list[Run]]:
    """The narration of a plan whose runs have begun and have written a line each."""
    narration = Narration(out, screen, 90, **options)
    narration(PlanReady(plan))
    specs = [change.resource.name for change in plan.changes]
    runs = [run_in(plan, spec, RunStatus.RUNNING if spec != "d" else RunStatus.QUEUED, "it waits") for spec in specs]
    for run, change in zip(runs, plan.changes, strict=True):
        narration(StatusChanged(run, change.key))
        narration(LogLines(run.name, (LogLine("main", f"line of {run.spec}"),), change.key))
    return narration, runs


def test_several_runs_have_a_row_each_and_settle_into_lines(tmp_path: Path, terminal: Terminal) -> None:
    plan = plan_of(tmp_path, "a", "b", "c", "d")
    narration, runs = of_several(plan, terminal, terminal)
    wait_until(lambda: "4 runs: 3 running, 1 queued" in terminal.getvalue(), "the table to be drawn")
    wait_until(lambda: f"{runs[2].name}  running" in terminal.getvalue(), "its rows to be drawn")
    assert "main | line of a" in terminal.getvalue()
    assert "\nmain | line" not in terminal.getvalue(), "it is no line of its own"
    ended = [replace(run, status=RunStatus.SUCCEEDED, reason="") for run in runs]
    for run, change in zip(ended, plan.changes, strict=True):
        narration(Finished(run, "there", (), change.key))
    narration.close()
    for run in ended:
        assert f"✓ {run.name} succeeded; outputs in there" in terminal.getvalue()


def test_no_more_rows_than_the_terminal_has(tmp_path: Path, terminal: Terminal) -> None:
    """Eight lines: two are left to what stands above, and two say how many there are."""
    narration, runs = of_several(plan_of(tmp_path, *"abcdefgh"), terminal, terminal)
    wait_until(lambda: "… and 4 more: 3 running, 1 queued" in terminal.getvalue(), "the rest to be counted")
    assert not [row for row in shown_by(terminal.getvalue()) if runs[3].name in row and "queued" in row]
    narration.close()


def test_lines_are_shown_of_runs_that_are_named(tmp_path: Path, terminal: Terminal) -> None:
    narration, runs = of_several(plan_of(tmp_path, "a", "b"), terminal, terminal, logs=("b*",))
    narration.close()
    lines = shown_by(terminal.getvalue())
    assert f"{runs[1].name} main | line of b" in lines
    assert f"{runs[0].name} main | line of a" not in lines


@pytest.mark.parametrize(("logs", "seen"), [((), "ab"), (("a",), "a"), (("*",), "ab")])
def test_without_a_terminal_lines_have_their_runs_name_from_the_first_on(
    tmp_path: Path, terminal: Terminal, logs: tuple[str, ...], seen: str
) -> None:
    plan = plan_of(tmp_path, "a", "b")
    for err in (io.StringIO(), terminal):  # what is redirected has every line, whatever the terminal shows
        out = io.StringIO()
        narration, runs = of_several(plan, err, out, logs=logs)  # type: ignore[arg-type]
        narration.close()
        shown = [f"{run.name} main | line of {run.spec}" for run in runs if run.spec in seen]
        assert out.getvalue().splitlines() == shown


def test_a_run_that_fails_fast_says_what_that_means_once(tmp_path: Path) -> None:
    plan, out, err = plan_of(tmp_path, "a", "b"), io.StringIO(), io.StringIO()
    narration = Narration(out, err, 100, fail_fast=True)
    narration(PlanReady(plan))
    for spec in "ab":
        last = (LogLine("main", "boom"),)
        narration(Finished(run_in(plan, spec, RunStatus.FAILED), "there", last, plan.changes[0].key))
    narration(OperationSettled(key("run/c"), Action.SUBMIT, 0.0, skipped="--fail-fast: a-1 failed"))
    assert err.getvalue().count("--fail-fast: nothing more is begun") == 1
    assert "○ run/c: not submitted: --fail-fast: a-1 failed\n" in err.getvalue()


def test_who_waits_for_a_lock_says_for_whom() -> None:
    """The whole in one line, its holder's words visible; the bar, where there is one, has a few."""
    gpu = key("compute/gpu")
    holder = Holder("ada\x1b[2J", "desk-3", "update compute/gpu (job)", 1e9, 7)
    waiting = [OperationStarted(gpu, Action.UPDATE), LockAwaited(gpu, holder)]
    _, err = told(*waiting)
    assert err.splitlines()[1:] == [f"  compute/gpu: waiting for {visible(words(holder))}"]
    assert "\x1b" not in err
    assert told(*waiting, quiet=True) == ("", "")
    terminal = Terminal()
    told(*waiting, err=terminal)
    assert (
        "compute/gpu: waiting for ada\\x1b[2J at desk-3 (process 7), update compute/gpu (job), since 2001-"
        in terminal.getvalue()
    )


def test_work_without_locks_is_told_whatever_is_quiet() -> None:
    denied = LocksDenied(HERE, "Forbidden\nlook \x1b[31m there")
    _, err = told(denied, quiet=True)
    assert err.startswith("! warning: what is changed on a double is changed without locks: Forbidden\n")
    assert "\x1b" not in err
