"""The example of a team's repository, as one: planned for two targets, which are two workspaces."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specrun.plan.observed import Observed, Status
from specrun.spec.load import load
from tests.cli.conftest import Command, bare, specrun
from tests.engine_double import HERE, Double, offer

ROOT = Path(__file__).parents[2]
__all__ = ["bare", "specrun"]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare: None) -> Path:
    """The example in a repository of its own: it lies in that of specrun."""
    folder = Path(shutil.copytree(ROOT / "specs" / "examples" / "team", tmp_path / "team"))
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", "00000000-0000-0000-0000-000000000000")
    monkeypatch.delenv("SPECRUN_TARGET", raising=False)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def workspaces(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Double]:
    found = {name: Double(replace(HERE, workspace=name, title=f"workspace {name}")) for name in ("ml-dev", "ml-prod")}
    for name, double in found.items():
        double.there[f"workspace/{name}"] = Observed(Status.READY)
    offer(monkeypatch, "azureml", *found.values(), by_workspace=True)
    return found


def plan_of(said: Any) -> tuple[str, dict[str, Any]]:
    """Where a plan goes, and what it would make, by address."""
    assert said.code == 0, said.err
    plan = json.loads(said.out)
    return plan["target"], {change["address"]: change for change in plan["resource_changes"]}


@pytest.mark.parametrize(
    ("target", "workspace", "cluster", "machines"),
    [("dev", "ml-dev", "cpu-small", 1), ("prod", "ml-prod", "cpu-large", 4)],
)
def test_each_target_is_a_workspace_with_a_cluster_that_both_jobs_share(
    specrun: Command,
    team: Path,
    workspaces: Mapping[str, Double],
    target: str,
    workspace: str,
    cluster: str,
    machines: int,
) -> None:
    where, changes = plan_of(specrun("plan", "jobs/line.yaml", "jobs/slow.yaml", "--target", target, "-o", "json"))
    assert where == f"workspace {workspace}"
    assert [address for address in changes if not address.startswith(("environment", "data"))] == [
        f"workspace/{workspace}",
        f"compute/{cluster}",
        "run/line",
        "run/slow",
    ]
    assert changes[f"compute/{cluster}"]["change"]["after"]["max_instances"] == machines
    assert changes[f"compute/{cluster}"]["location"].startswith("bases/places.yaml:")
    assert [double.place.workspace for double in workspaces.values() if double.calls] == [workspace]


def test_what_differs_between_the_targets_is_what_they_say(team: Path, specrun: Command) -> None:
    jobs = {
        (spec.name, target): spec.job
        for target in ("dev", "prod")
        for spec in load(["jobs/line.yaml", "jobs/slow.yaml"], target=target).specs
    }
    commands = {key: job.command.partition("--steps ")[2].split() for key, job in jobs.items() if job and job.command}
    assert commands == {
        ("line", "dev"): ["50", "--rate", "0.05"],
        ("line", "prod"): ["2000", "--rate", "0.05"],
        ("slow", "dev"): ["2000", "--rate", "0.001"],
        ("slow", "prod"): ["2000", "--rate", "0.001"],
    }
    fingerprints = [
        json.loads(specrun("plan", "jobs/slow.yaml", "--engine", "local", "--target", target, "-o", "json").out)
        for target in ("dev", "prod")
    ]
    assert fingerprints[0]["fingerprints"] == fingerprints[1]["fingerprints"]


def test_the_usual_target_and_a_file_of_variables(
    specrun: Command, team: Path, workspaces: Mapping[str, Double]
) -> None:
    where, _ = plan_of(specrun("plan", "jobs/line.yaml", "-o", "json"))
    assert where == "workspace ml-dev"
    thorough = ("--target", "prod", "--var-file", "vars/thorough.yaml")
    _, changes = plan_of(specrun("plan", "jobs/line.yaml", *thorough, "-o", "json"))
    assert changes["compute/cpu-large"]["change"]["after"]["max_instances"] == 8
    shown = specrun("show", "jobs/line.yaml", *thorough).out
    assert "# vars/thorough.yaml:2\n" in shown


@pytest.mark.parametrize("engine", ["azureml", "azureml-v1", "local"])
def test_all_of_it_is_valid_on_every_engine(specrun: Command, team: Path, engine: str) -> None:
    files = ["jobs/line.yaml", "jobs/slow.yaml", "bases/places.yaml", "bases/fitting.yaml", ".specrun.yaml"]
    said = specrun("validate", *files, "--engine", engine)
    assert (said.code, said.out) == (0, "no mistakes in 5 files\n")


def test_the_pages_show_what_is_printed(specrun: Command, team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    page = (ROOT / "docs" / "repositories.md").read_text(encoding="utf-8")
    command = "specrun show jobs/line.yaml --target prod --var steps=100"
    assert f"$ {command}\n{specrun(*command.split()[1:]).out}" in page
