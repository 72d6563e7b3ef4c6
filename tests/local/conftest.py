from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.machine import Machine
from tests.local.runs import Runs, runs_in


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    with runs_in(tmp_path) as runs:
        yield runs


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "home")


@pytest.fixture
def installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says how an installer was called that installs nothing."""
    tools, calls = tmp_path / "tools", tmp_path / "calls"
    tools.mkdir()
    (tools / "uv").write_text(
        f'#!/bin/sh\necho "$@" >> {calls}\nfor last; do :; done\n'
        f'[ $1 = venv ] && mkdir "$last" || cat "$last" >> {calls}\n'
    )
    (tools / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    return calls
