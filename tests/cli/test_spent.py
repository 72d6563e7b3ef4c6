"""What runs have cost, by the prices of their repository: of their own size, whatever the spec says now."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.plan.observed import Run, RunStatus
from specrun.spec.cost import Instances
from tests.cli.conftest import Command
from tests.engine_double import Double, offer, write_spec

D4, T4 = "STANDARD_D4S_V3", "STANDARD_NC4AS_T4_V3"
PRICES = f"""\
prices:
  currency: EUR
  updated: 2026-11-01
  {D4}: {{dedicated: 0.5, low_priority: 0.1}}
"""
SPEC = f"""\
name: job
workspace: {{name: east, resource_group: rg, subscription_id: 7e1c2f3a-0000-4000-8000-000000000001}}
compute: {{name: cpu, size: {T4}, max_instances: 9}}
job: {{command: ls}}
"""
RUN = Run(
    "job-0123456789",
    "job",
    "0123456789",
    1,
    RunStatus.SUCCEEDED,
    submitted=10.0,
    started=100.0,
    ended=172.0,
    instances=Instances(D4, 2),
)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Run]:
    """Those of a workspace and of this machine alike; the folder is a repository with a list of prices."""
    Path(".git").mkdir()
    Path(".specrun.yaml").write_text(PRICES)
    service, machine = Double(), Double(tells_going=True)
    service.place = replace(service.place, workspace="east", title="workspace east")
    offer(monkeypatch, "azureml", service, by_workspace=True)
    offer(monkeypatch, "local", machine)
    write_spec(tmp_path, SPEC)
    machine.all_runs = service.all_runs
    return service.all_runs


@pytest.mark.parametrize(
    ("run", "cell", "line"),
    [
        (RUN, "0.02 EUR", f"0.02 EUR (2 × {D4} at 0.50 EUR an hour, by the prices of 2026-11-01)"),
        (
            replace(RUN, ended=36_100.0, instances=Instances(D4, 2, "low_priority")),
            "2.00 EUR",
            f"2.00 EUR (2 × {D4} at 0.10 EUR an hour, by the prices of 2026-11-01; Spot: the price varies)",
        ),
        (
            replace(RUN, ended=36_100.0, instances=Instances(T4, 1)),
            "40 vCPU-hours, 10 GPU-hours",
            f"40 vCPU-hours, 10 GPU-hours (no price of {T4})",
        ),
        (replace(RUN, status=RunStatus.CANCELLED, started=None), "", ""),
        (replace(RUN, instances=None), "", ""),
    ],
)
def test_what_a_run_has_cost(specrun: Command, runs: list[Run], run: Run, cell: str, line: str) -> None:
    runs.append(run)
    listed = specrun("runs", "job.yaml", "--engine", "azureml")
    assert (f"  {cell}  " in listed.out and " cost " in listed.out) if cell else " cost " not in listed.out
    assert ("cost: by the prices of 2026-11-01" in listed.err) == ("EUR" in cell)
    said = specrun("status", "job.yaml", "--engine", "azureml").out
    told = " ".join(said.split())  # it may be broken where the line ends
    assert f" cost {line} " in told if line else " cost " not in told


def test_on_this_machine_it_is_what_it_would_have_cost_on_azure(specrun: Command, runs: list[Run]) -> None:
    runs.append(RUN)
    assert "  on Azure 0.02 EUR  " in specrun("runs", "job.yaml").out
    assert "  cost         on Azure 0.02 EUR (2 × " in specrun("status", "job.yaml").out
    (told,) = json.loads(specrun("runs", "job.yaml", "-o", "json").out)
    assert told["cost"] == json.loads(specrun("status", "job.yaml", "-o", "json").out)["cost"]
    assert (told["cost"]["amount"], told["cost"]["currency"], told["cost"]["charged"]) == ("0.02", "EUR", False)
    assert (told["cost"]["vcpu_hours"], told["cost"]["gpu_hours"]) == (0.16, 0.0)
    Path(".specrun.yaml").unlink()
    assert " cost " not in specrun("runs", "job.yaml").out
    assert f"cost         on Azure 0.16 vCPU-hours (2 × {D4})" in specrun("status", "job.yaml").out
    (told,) = json.loads(specrun("runs", "job.yaml", "-o", "json").out)
    assert (told["cost"]["amount"], told["cost"]["vcpu_hours"]) == (None, 0.16)


def test_one_that_goes_on_costs_until_now(specrun: Command, runs: list[Run]) -> None:
    runs.append(replace(RUN, status=RunStatus.RUNNING, ended=None))
    (told,) = json.loads(specrun("ps", "-o", "json").out)
    assert float(told["cost"]["amount"]) > 100_000
    assert "  on Azure " in specrun("ps").out
    assert "cost: by the prices of 2026-11-01" in specrun("ps").err


def test_a_run_keeps_what_it_is_on(specrun: Command) -> None:
    """The spec may have another size by now."""
    Path(".git").mkdir()
    Path(".specrun.yaml").write_text(PRICES)
    spec = f"apiVersion: specrun/v1\nname: job\ncompute: {{name: cpu, size: {D4.lower()}, max_instances: 1}}\n"
    spec += "job: {command: 'true'}\n"
    Path("job.yaml").write_text(spec)
    said = specrun("apply", "job.yaml", "-q")
    assert said.code == 0, said.err
    Path("job.yaml").write_text(spec.replace(D4.lower(), T4))
    (told,) = json.loads(specrun("runs", "job.yaml", "-o", "json").out)
    assert (told["cost"]["size"], told["cost"]["per_hour"]) == (D4.lower(), "0.50")
