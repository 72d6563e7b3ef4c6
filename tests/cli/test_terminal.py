"""What moves on a terminal while something goes on, and that nothing of it is left."""

from __future__ import annotations

import os
from pathlib import Path

from tests.terminal import CTRL_C, in_terminal


def environment(**others: str) -> dict[str, str]:
    return {**os.environ, **others}


def test_a_command_has_a_terminal_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(
        "apiVersion: specrun/v1\nname: slow\njob: {command: echo begun; exec sleep 60}\n"
    )
    with in_terminal(["apply", "job.yaml", "--yes"], tmp_path, environment(), columns=120) as terminal:
        terminal.wait_for("main/0 | begun")
        terminal.press(CTRL_C)
        terminal.wait_for("goes on:")
        assert terminal.finish() == 130
        assert not terminal.screen.cursor_hidden
        *_, name, _, to_end_it = terminal.lines()
    with in_terminal(to_end_it.partition("specrun ")[2].split(), tmp_path, environment()) as terminal:
        assert terminal.finish() == 0
        assert terminal.lines() == [f"{name.removesuffix(' goes on:')} is cancelled"]
