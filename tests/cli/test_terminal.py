"""What moves on a terminal while something goes on, and that nothing of it is left."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from tests.engine_double import write_spec
from tests.terminal import CTRL_C, in_terminal

SILENT = "name: slow\njob: {command: echo begun; exec sleep 60}\n"
BARS = """\
name: bars
job:
  distribution: {type: tensorflow, worker_count: 2}
  command: |
    printf '\\r  5%%|#    |\\r 50%%|##   |'
    until [ -e "$GATE" ]; do sleep 0.02; done
    printf '\\r100%%|#####|\\nall of it\\n'
  environment_variables: {GATE: FOLDER/gate}
  limits: {timeout: 300}  # of a test that is ended nothing stays behind
"""
PATIENT = {"SLOW_LOOKS_PATIENCE": "60"}
LINE = r"[^ -~] slow-\w+ running 0:\d\d · main/0"


@pytest.mark.parametrize(("columns", "ending"), [(80, "Ctrl-C"), (120, "SIGTERM")])
def test_a_silent_run_has_one_line_that_goes_as_its_command_goes(columns: int, ending: str, tmp_path: Path) -> None:
    write_spec(tmp_path, SILENT)
    with in_terminal(["apply", "--yes"], tmp_path, dict(os.environ), columns=columns) as terminal:
        rows = terminal.wait_for(lambda rows: re.fullmatch(LINE, rows[-1] if rows else "") is not None)
        assert rows[-2] == "main/0 | begun"
        if ending == "Ctrl-C":
            terminal.press(CTRL_C)
        else:
            terminal.command.send_signal(signal.SIGTERM)
        assert terminal.finish() == 130
    rows = terminal.lines()
    assert not [row for row in rows if re.search(LINE, row)]
    assert not terminal.screen.cursor_hidden
    (to_end_it,) = [row for row in rows if "specrun cancel" in row]
    with in_terminal(to_end_it.partition("specrun ")[2].split(), tmp_path, dict(os.environ)) as terminal:
        assert terminal.finish() == 0
        (row,) = terminal.lines()
        assert re.fullmatch(r"slow-\w+ is cancelled", row)


def test_a_command_that_is_asked_to_end_leaves_nothing_of_it(tmp_path: Path) -> None:
    write_spec(tmp_path, SILENT)
    with in_terminal(["plan"], tmp_path, {**os.environ, **PATIENT}, first="tests.slow_looks") as terminal:
        terminal.wait_for("looking at this machine")
        terminal.command.send_signal(signal.SIGTERM)
        assert terminal.finish() == -signal.SIGTERM
    assert terminal.lines() == []


@pytest.mark.parametrize("columns", [80, 120])
def test_each_role_has_its_bar_and_leaves_its_last_state(columns: int, tmp_path: Path) -> None:
    write_spec(tmp_path, BARS.replace("FOLDER", str(tmp_path)))
    with in_terminal(["apply", "--yes", "-q"], tmp_path, dict(os.environ), columns=columns) as terminal:
        bars = [f"worker/{number} |  50%|##   |" for number in (0, 1)]
        terminal.wait_for(lambda rows: sorted(rows[-2:]) == bars)
        (tmp_path / "gate").touch()
        assert terminal.finish() == 0
    kept = [row for row in terminal.lines() if row.startswith("worker/")]
    assert sorted(kept) == [f"worker/{n} | {text}" for n in (0, 1) for text in ("100%|#####|", "all of it")]
    with in_terminal(["logs"], tmp_path, dict(os.environ), columns=columns) as terminal:
        assert terminal.finish() == 0
        assert sorted(terminal.lines()) == sorted(kept)


@pytest.mark.parametrize(("options", "shown"), [((), True), (("-q",), False), (("-o", "json"), False)])
def test_who_waits_for_a_service_sees_what_for(options: tuple[str, ...], shown: bool, tmp_path: Path) -> None:
    write_spec(tmp_path, SILENT)
    arguments, environment = ["plan", *options], {**os.environ, **(PATIENT if shown else {})}
    with in_terminal(arguments, tmp_path, environment, columns=40, first="tests.slow_looks") as terminal:
        if shown:
            rows = terminal.wait_for("looking at this machine")
            assert len(rows) == 1
            assert len(rows[0]) < 40
            (tmp_path / "answer").touch()
        assert terminal.finish() == 0
    assert ("looking at" in terminal.raw) is shown
    assert not [row for row in terminal.lines() if "looking at" in row]


def test_a_dumb_terminal_is_not_drawn_on(tmp_path: Path) -> None:
    write_spec(tmp_path, BARS.replace("FOLDER", str(tmp_path)))
    (tmp_path / "gate").touch()
    with in_terminal(["apply", "--yes"], tmp_path, {**os.environ, "TERM": "dumb"}) as terminal:
        assert terminal.finish() == 0
    assert "\x1b" not in terminal.raw
    assert "100%|#####|" in terminal.raw
