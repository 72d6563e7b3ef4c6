"""What moves at the lower end of a terminal, line by line and at given times; and what stands for it elsewhere."""

from __future__ import annotations

import io
import os
from dataclasses import replace

import pytest
from record import Screen

from specrun.apply.events import Finished, LogLines, Looked, OpenLines, StatusChanged
from specrun.engines.base import LogLine, OpenLine, Progress
from specrun.plan.observed import RoleStatus, Run, RunStatus
from specrun.views import bars, going_on, live, moving, role_lines
from specrun.views.bars import Bar
from specrun.views.going_on import GoingOn, status_line
from specrun.views.live import Live, is_shared
from specrun.views.narration import Narration
from specrun.views.role_lines import RoleLines, Row
from specrun.views.text import Paint
from tests.engine_double import key

ROLES = tuple(RoleStatus(name, "running") for name in ("ps/0", "worker/0", "worker/1"))
RUN = Run("digits-ps-28f2d2e8a6", "digits-ps", "f", 1, RunStatus.RUNNING, submitted=90.0, started=100.0, roles=ROLES)
PLAIN = Paint(False)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """The time of what moves: seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    time = monotonic


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (bars, going_on, live, moving, role_lines):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    return clock


def shown_by(terminal: io.StringIO, columns: int = 80) -> list[str]:
    screen = Screen(columns)
    screen.feed(terminal.getvalue().replace("\n", "\r\n"))
    return [row for cells in screen.rows if (row := "".join(char for char, _ in cells).rstrip())]


@pytest.mark.parametrize(
    ("run", "columns", "line"),
    [
        (RUN, 80, "⠋ digits-ps-28f2d2e8a6 running 0:12 · ps/0 worker/0 worker/1"),
        (RUN, 49, "⠋ digits-ps-28f2d2e8a6 running 0:12 · ps/0 worke…"),
        (RUN, 40, "⠋ digits-ps-28f2d2e8a6 running 0:12"),
        (replace(RUN, name="n" * 60), 40, f"⠋ {'n' * 24}… running 0:12"),
        (replace(RUN, roles=(ROLES[0], RoleStatus("worker/0", "succeeded"))), 80, RUN.name + " running 0:12 · ps/0"),
        (
            replace(RUN, status=RunStatus.QUEUED, started=None, reason="it waits for 2 of 2 nodes"),
            80,
            "⠋ digits-ps-28f2d2e8a6 queued 0:22 · it waits for 2 of 2 nodes",
        ),
        (replace(RUN, started=100.0 - 3723, roles=()), 80, "⠋ digits-ps-28f2d2e8a6 running 1:02:15"),
    ],
)
def test_the_line_of_a_run(run: Run, columns: int, line: str, clock: Clock) -> None:
    clock.now = 112.0
    assert status_line(GoingOn(run), "⠋", columns, PLAIN).endswith(line)


def test_a_run_that_is_silent_has_a_line_below_its_own_and_it_goes_with_the_run(clock: Clock) -> None:
    screen = Terminal()
    narration = Narration(screen, screen, 80)
    narration(StatusChanged(RUN))
    narration(LogLines(RUN.name, (LogLine("worker/0", "step 1"),)))
    narration(Looked(RUN))
    assert shown_by(screen) == ["▶ digits-ps-28f2d2e8a6 is running", "worker/0 | step 1"]
    clock.now += 12
    narration(Looked(RUN))
    assert shown_by(screen)[2][2:] == "digits-ps-28f2d2e8a6 running 0:12 · ps/0 worker/0 worker/1"
    narration(LogLines(RUN.name, (LogLine("worker/1", "step 1"),)))
    assert [row[:8] for row in shown_by(screen)] == ["▶ digits", "worker/0", "worker/1", shown_by(screen)[3][:8]]
    assert "running 0:12" in shown_by(screen)[3]
    narration(Finished(replace(RUN, status=RunStatus.SUCCEEDED), ""))
    narration.close()
    assert [row[:8] for row in shown_by(screen)] == ["▶ digits", "worker/0", "worker/1", "✓ digits"]


@pytest.mark.parametrize("quiet", [False, True])
def test_elsewhere_a_run_that_is_silent_has_a_line_a_minute(quiet: bool, clock: Clock) -> None:
    out, err = io.StringIO(), io.StringIO()
    narration = Narration(out, err, 80, quiet=quiet)
    for seconds in (0, 59, 2, 30, 31, 30):
        clock.now += seconds
        narration(Looked(RUN))
        if seconds == 2:
            narration(LogLines(RUN.name, (LogLine("worker/0", "step 1"),)))
    said = [f"▶ {RUN.name} is running {when} · ps/0 worker/0 worker/1" for when in ("1:01", "2:02")]
    assert err.getvalue().splitlines() == ([] if quiet else said)


def test_bars_of_all_roles_are_open_together(clock: Clock) -> None:
    screen = Terminal()
    narration = Narration(screen, screen, 80)
    roles = ("ps/0", "worker/0", "worker/1")
    narration(OpenLines("job-a", tuple(OpenLine(role, f"10% of {role}") for role in roles)))
    narration(OpenLines("job-a", tuple(OpenLine(role, f"20% of {role}") for role in roles)))
    assert shown_by(screen) == [f"{role} | 20% of {role}" for role in roles]
    narration(LogLines("job-a", (LogLine("worker/0", "all of worker/0"),)))
    assert shown_by(screen) == ["worker/0 | all of worker/0", "ps/0 | 20% of ps/0", "worker/1 | 20% of worker/1"]
    narration(OpenLines("job-a", (OpenLine("ps/0", "   "), OpenLine("worker/1", "30%"))))
    assert shown_by(screen)[1:] == ["worker/1 | 30%"]
    narration.close()
    assert shown_by(screen) == ["worker/0 | all of worker/0"]


def test_elsewhere_bars_are_told_at_once_and_then_every_ten_seconds(clock: Clock) -> None:
    out = io.StringIO()
    lines = RoleLines(out, PLAIN, draws=False)
    for seconds, text in ((0, "1%"), (9, "50%"), (2, "60%"), (5, "70%"), (5, "60%"), (9, "80%"), (2, "80%")):
        clock.now += seconds
        lines.rewrite([Row("worker/0", "epoch 1", "cyan"), Row("worker/0", text, "cyan")])
    assert out.getvalue().splitlines() == [
        *("worker/0 | epoch 1", "worker/0 | 1%"),
        *("worker/0 | 60%", "worker/0 | 80%"),
    ]


def test_where_there_is_little_room_each_role_has_its_last_line() -> None:
    lines = RoleLines(io.StringIO(), PLAIN, draws=True)
    lines.rewrite([Row(f"worker/{n}", text, "cyan") for n in range(4) for text in ("outer", "inner")])
    assert len(list(lines.lines(40, 8))) == 8
    assert list(lines.lines(40, 4)) == [f"worker/{n} | inner" for n in range(4)]
    assert list(lines.lines(14, 2)) == ["worker/0 | in…", "worker/1 | in…"]


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (100, "⠋ data/digits 0:10 ━━━━━━━━━━────────── 5.0 MB/s 0:10 50.0 MB of 100.0 MB"),
        (40, "⠋ data/digits 0:10 50.0 MB of 100.0 MB"),
        (30, "⠋ data/digits 0:10 50.0 MB of…"),
    ],
)
def test_the_bar_of_an_operation(columns: int, line: str, clock: Clock) -> None:
    bar = Bar("data/digits", "creating", begun=100.0)
    assert bar.line("⠋", 11, columns, PLAIN) == "⠋ data/digits 0:00 creating"[:columns]
    bar.advance(0, 100_000_000, "")
    clock.now += 10
    bar.advance(50_000_000, 100_000_000, "50.0 MB of 100.0 MB")
    assert bar.line("⠋", 11, columns, PLAIN) == line


def test_what_is_written_while_a_bar_moves_stands_above_it(clock: Clock) -> None:
    screen = Terminal()
    drawn = ["a bar", "and another"]
    live = Live(screen)
    live.show(lambda width, height: drawn)
    live.redraw()
    with live.above():
        screen.write("a line\n")
    assert shown_by(screen) == ["a line", "a bar", "and another"]
    drawn.pop()
    live.redraw()
    assert shown_by(screen) == ["a line", "a bar"]
    live.close()
    live.close()
    assert shown_by(screen) == ["a line"]


def test_nothing_is_drawn_where_another_program_may_write() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader), os.fdopen(writer, "w") as out:
        assert is_shared(out)
    assert not is_shared(io.StringIO())


def test_progress_without_a_bar_is_for_others_to_tell() -> None:
    shown = moving.Moving(
        io.StringIO(), io.StringIO(), PLAIN, RoleLines(io.StringIO(), PLAIN, draws=False), quiet=False
    )
    assert not shown.advance(key("data/d"), Progress(1, 2))
