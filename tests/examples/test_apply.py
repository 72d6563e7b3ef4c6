"""The examples through the command line, as a reader of README.md runs them: each trains for real."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.runs import Run, needs_proc, wait_until
from tests.searching import Search

ROOT = Path(__file__).parents[2]
ACCURACY = re.compile(r"accuracy (\d\.\d+)")


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """The examples in a folder of their own, so that their state is too."""
    return Path(shutil.copytree(ROOT / "specs" / "examples", tmp_path / "examples"))


def specrun(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "specrun", *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SPECRUN_", "AZURE_"))}
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize(
    ("example", "roles"),
    [
        ("digits-ps", {"ps/0", "worker/0", "worker/1"}),
        ("digits-pytorch", {"worker/0", "worker/1"}),
        ("digits-single", {"main/0"}),
    ],
)
def test_an_example_trains(examples: Path, example: str, roles: set[str], search: Search) -> None:
    if example == "digits-pytorch" and not search.whole:
        pytest.skip("only with -m long: its script is trained by two processes in test_scripts.py")
    applied = specrun("apply", f"{example}/job.yaml", "--environment", "current", cwd=examples)
    assert applied.returncode == 0, applied.stdout + applied.stderr
    reached = ACCURACY.search(applied.stdout)
    assert reached is not None, applied.stdout
    assert float(reached[1]) >= 0.90
    assert {line.split(" |")[0] for line in applied.stdout.splitlines() if " | " in line} == roles

    status = json.loads(specrun("status", f"{example}/job.yaml", "-o", "json", cwd=examples).stdout)
    assert status["status"] == "succeeded"
    assert {role["name"] for role in status["roles"]} == roles
    if example == "digits-ps":
        assert status["metrics"]["accuracy"] >= 0.90
    listed = json.loads(specrun("outputs", f"{example}/job.yaml", "-o", "json", cwd=examples).stdout)
    assert listed["files"], "the model is kept"

    again = specrun("apply", f"{example}/job.yaml", "--environment", "current", cwd=examples)
    assert again.returncode == 0
    assert "No changes" in again.stderr
    assert "|" not in again.stdout, "nothing runs twice"


@needs_proc
def test_a_training_that_is_taken_away_goes_on_where_it_was(examples: Path) -> None:
    job = ("digits-resume/job.yaml", "--environment", "current")
    assert specrun("apply", "--detach", *job, cwd=examples).returncode == 0
    (folder,) = (examples / "digits-resume" / ".specrun" / "runs").iterdir()
    first = Run(folder)
    wait_until(lambda: list((examples / "digits-resume" / ".specrun").rglob("checkpoints/*/*.npz")), "a checkpoint")
    os.kill(first.supervisor(), signal.SIGKILL)
    first.nothing_left()

    applied = specrun("apply", *job, cwd=examples)
    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert f"{folder.name} was ended by the platform: its machine was lost" in applied.stderr
    assert "attempt 2 of at most 10" in applied.stderr
    assert "finds checkpoints as the attempt before left it" in applied.stderr
    assert re.search(r"goes on after epoch \d*[05]\n", applied.stdout)
    assert "epoch   5/200" not in applied.stdout
    reached = ACCURACY.search(applied.stdout)
    assert reached is not None
    assert float(reached[1]) >= 0.95
    assert f"{folder.name}-2 succeeded" in applied.stdout


def test_the_seeds_job_is_valid_and_planned(examples: Path) -> None:
    valid = specrun("validate", "mnist-gpu/job.yaml", "--engine", "local", cwd=examples)
    assert valid.returncode == 0, valid.stdout
    planned = specrun("plan", "mnist-gpu/job.yaml", "--engine", "local", "-o", "json", cwd=examples)
    assert planned.returncode == 0, planned.stderr
    plan = json.loads(planned.stdout)
    actions = {change["address"].partition("/")[0]: change["specrun_action"] for change in plan["resource_changes"]}
    assert actions == {
        "workspace": "no-op",
        "compute": "create",
        "datastore": "create",
        "data": "create",
        "environment": "create",
        "run": "submit",
    }


def test_a_platform_teams_cluster_is_applied_by_itself(examples: Path) -> None:
    applied = specrun("apply", "cluster.yaml", "--engine", "local", cwd=examples)
    assert applied.returncode == 0, applied.stderr
    assert specrun("plan", "cluster.yaml", "--engine", "local", "--exit-code", cwd=examples).returncode == 0
