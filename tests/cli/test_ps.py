"""What goes on, on this machine and elsewhere; in this process."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.engines.base import Denied
from specrun.plan.observed import RoleStatus, Run, RunStatus
from tests.cli.conftest import Command
from tests.engine_double import Double, offer, write_spec

ROLES = tuple(RoleStatus(name, "running") for name in ("ps/0", "worker/0", "worker/1"))
GOING = Run("job-0123456789", "job", "0123456789", 1, RunStatus.RUNNING, submitted=1.0, started=2.0, roles=ROLES)
WAITING = Run("other-0123456789", "other", "0123456789", 1, RunStatus.QUEUED, "all nodes are in use", submitted=3.0)
ENDED = Run("job-9999999999", "job", "9999999999", 1, RunStatus.SUCCEEDED)
WHERE = "workspace: {name: east, resource_group: rg, subscription_id: 7e1c2f3a-0000-4000-8000-000000000001}\n"
JOB = f"name: job\n{WHERE}job: {{command: ls}}\n"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Double:
    double = Double(all_runs=[GOING, ENDED, WAITING], tells_going=True)
    offer(monkeypatch, "local", double)
    return double


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Double:
    double = Double()
    double.place = replace(double.place, workspace="east", title="workspace east")
    offer(monkeypatch, "azureml", double, by_workspace=True)
    return double


def test_all_that_goes_on_here_without_any_spec(specrun: Command, machine: Double) -> None:
    said = specrun("ps")
    assert (said.code, said.err) == (0, "")
    head, waiting, why, going = said.out.splitlines()
    assert head.split() == ["run", "status", "elapsed", "roles", "engine", "spec"]
    assert (waiting.split()[:2], why) == ([WAITING.name, "queued"], "  all nodes are in use")
    assert (going.split()[:2], "  ps/0 worker/0 worker/1  local" in going) == ([GOING.name, "running"], True)
    assert machine.calls == ["going"]
    assert specrun("ps", "-q").out == f"{WAITING.name}\n{GOING.name}\n"
    told = json.loads(specrun("ps", "-o", "json").out)
    assert [run["name"] for run in told] == [WAITING.name, GOING.name]
    assert (told[1]["submitted"], told[1]["ended"]) == ("1970-01-01T00:00:01.000Z", None)
    assert told[1]["elapsed"] > 1e9


def test_nothing_goes_on(specrun: Command, machine: Double) -> None:
    machine.all_runs = [ENDED]
    said = specrun("ps")
    assert (said.code, said.out) == (0, "")
    assert "nothing goes on here: `specrun ps FILE`" in said.err
    assert specrun("ps", "-o", "json").out == "[]\n"
    said = specrun("ps", "-q")
    assert (said.code, said.out, said.err) == (0, "", "")


def test_of_files_only_what_is_theirs(specrun: Command, machine: Double) -> None:
    write_spec(Path.cwd(), JOB)
    said = specrun("ps", "job.yaml")
    assert [line.split()[0] for line in said.out.splitlines()] == ["run", GOING.name]
    assert said.out.endswith("  job.yaml\n")
    assert specrun("ps", "absent.yaml").code == 65


def test_elsewhere_it_is_each_specs_and_not_read_to_the_end_of_history(
    specrun: Command, service: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("specrun.cli.ps.ENDED", 5)
    write_spec(Path.cwd(), JOB)
    older = [replace(ENDED, name=f"job-{n:010}") for n in range(40)]
    service.all_runs = [*older, GOING, ENDED]
    service.page = 4
    for words in (("--engine", "azureml"), ("job.yaml", "--engine", "azureml")):
        service.calls.clear()
        assert specrun("ps", *words, "-q").out == f"{GOING.name}\n"
        assert [call for call in service.calls if call.startswith("run")] == ["runs job"] * 2
    monkeypatch.setenv("SPECRUN_ENGINE", "azureml")
    assert "  azureml  job.yaml" in specrun("ps").out
    service.faults = {"sign_in": [Denied("nobody is let in")]}
    said = specrun("ps")
    assert (said.code, said.err) == (1, "error: nobody is let in\n"), said.err
