"""Names of runs: in use by somebody else's job, taken although nobody said so, and far back in a long history."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from emulator.faults import Faults, Proceed, Status
from emulator.router import Request
from emulator.runs_state import COMPLETED
from emulator.wire import Outgoing
from tests.faults.cloud import Azure, azure_in, check_whole
from tests.faults.routes import ROUTES

pytestmark = pytest.mark.slow

PAGE = 2
OTHERS = 5
SUBMIT = ROUTES["azureml"].submit


@dataclass(frozen=True)
class DoneAndRefused:
    """It is done, and the answer is another one."""

    answer: Status

    def __call__(self, faults: Faults, request: Request, proceed: Proceed) -> Outgoing:
        proceed(request)
        return self.answer(faults, request, proceed)


def name_of_run(azure: Azure) -> str:
    """What the plan says that the run will be called."""
    planned = azure.specrun("plan")
    found = re.search(r"job-[0-9a-f]{10}", planned.out)
    assert found, planned
    return found[0]


def somebody_elses(azure: Azure, name: str) -> None:
    """A job of this name, which specrun did not submit."""
    plane = azure.plane
    definition = {"command": "echo theirs", "target": "theirs", "framework": "Python", "communicator": "None"}
    run = plane.add_run(plane.ensure_experiment("theirs"), name, "somebody", definition=definition, target="theirs")
    run.become(COMPLETED)


@pytest.mark.parametrize("answer", [None, Status(409, "Conflict", "The name is in use.")], ids=["settings", "409"])
def test_a_name_that_is_somebody_elses(tmp_path: Path, answer: Status | None) -> None:
    with azure_in(tmp_path, made=True) as azure:
        name = name_of_run(azure)
        somebody_elses(azure, name)
        if answer is not None:
            azure.emulator.faults.add(SUBMIT, answer, times=None)
        said = azure.apply()
        assert said.code == 1, said
        (line,) = [line for line in said.err.splitlines() if line.startswith("✗ run/job: ")]
        assert f"cannot submit the run {name}: a job of that name is there, which specrun did not submit" in line
        assert "Give the spec another `name`" in line
        assert len(azure.asked(SUBMIT)) == 1, "asked again although the answer will be the same"
        assert [run.experiment.name for run in azure.runs] == ["theirs"]


@pytest.mark.parametrize("status", [408, 504])
@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
def test_a_job_that_was_accepted_although_the_answer_is_a_timeout(
    tmp_path: Path, status: int, times: int | None
) -> None:
    with azure_in(tmp_path, made=True) as azure:
        answer = DoneAndRefused(Status(status, "GatewayTimeout", "The operation timed out."))
        azure.emulator.faults.add(SUBMIT, answer, times=times)
        said = azure.apply()
        assert said.code == 0, said
        assert "trained" in said.out
        check_whole(azure, asked_twice=True)
        assert azure.apply().code == 0
        assert len(azure.runs) == 1


def test_a_run_on_the_last_page(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, engine=engine, made=True) as azure:
        assert azure.apply().code == 0
        (ours,) = azure.runs
        azure.plane.page_size = PAGE
        for number in range(OTHERS):  # of a spec that is called as ours begins
            add_like(azure, f"job-of-others-{number:010x}")
        submissions = len(azure.asked(azure.routes.submit))
        again = azure.apply()
        assert again.code == 0, again
        assert f"{ours.id} succeeded" in again.out
        assert len(azure.asked(azure.routes.submit)) == submissions, "not found, and submitted again"
        (azure.folder / "src" / "train.py").write_text("print('trained better')\n")
        assert azure.apply().code == 0
        assert len(azure.runs) == OTHERS + 2


def add_like(azure: Azure, name: str) -> None:
    """A run that is like the first one but for its name."""
    first, plane = azure.runs[0], azure.plane
    run = copy.copy(first)
    run.id, run.number = name, len(plane.runs) + 1
    plane.runs[name] = run
