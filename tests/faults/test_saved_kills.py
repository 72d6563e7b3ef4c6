"""SIGKILL of `apply PLAN` on this machine, then the same file again: one run, and then it is spent."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests import commands
from tests.faults.test_apply_kills import check_whole, environment_in, make_spec


@pytest.mark.slow
def test_a_killed_apply_goes_on_from_the_same_file(tmp_path: Path) -> None:
    make_spec(tmp_path)

    def specrun(*arguments: str, kill_at: int = 0) -> subprocess.CompletedProcess[str]:
        environment = {**environment_in(tmp_path), "KILL_AT": f"{kill_at}", "PYTHONPATH": str(commands.ROOT)}
        return commands.run(arguments, tmp_path, environment, "local", 120, "tests.faults.killing")

    plan = str(tmp_path / "the.plan")
    assert specrun("plan", "job.yaml", "--out", plan).returncode == 0
    assert specrun("apply", plan, kill_at=25).returncode == -signal.SIGKILL
    assert specrun("apply", plan).returncode == 0
    check_whole(tmp_path)
    spent = specrun("apply", plan)
    assert (spent.returncode, "the.plan is spent" in spent.stderr, " by " in spent.stderr) == (5, True, True)
    check_whole(tmp_path)
