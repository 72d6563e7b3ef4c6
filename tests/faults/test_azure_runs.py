"""How runs end on Azure ML, and what the exit status, the terminal and the next apply make of it."""

from __future__ import annotations

import json
import shlex
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

import pytest

from emulator.dataplane import data_of
from emulator.router import Request
from emulator.runs_state import RUNNING
from emulator.training import Mishap, cancelled, error, no_capacity, preempted
from tests.faults.cloud import SPEC, TRAIN, Azure, azure_in

pytestmark = pytest.mark.slow

T = TypeVar("T")

SERVERS = SPEC.replace(
    "  environment:",
    "  distribution: {type: tensorflow, parameter_server_count: 1, worker_count: 2}\n"
    "  resources: {instance_count: 2}\n"
    "  environment:",
)
REASONS = {"azureml": "exited with status code 1", "azureml-v1": "worker_1 exited with 1"}
"""What the service says of that, by the way in which the run was submitted."""
WAITS = """\
import time
print("began", flush=True)
time.sleep(600)
"""


def one_fails(folder: Path) -> str:
    """A script of which one process fails, once the others have written what they have to say; those go on."""
    return f"""\
import json, os, pathlib, time
task = json.loads(os.environ["TF_CONFIG"])["task"]
for step in range(15):
    print(task["type"], task["index"], "step", step, flush=True)
said = pathlib.Path({str(folder)!r})
if (task["type"], task["index"]) == ("worker", 1):
    while len(list(said.iterdir())) < 2:
        time.sleep(0.01)
    raise SystemExit("there is no data for me")
(said / task["type"]).touch()
time.sleep(600)
"""


def waits_for(path: Path) -> str:
    """A script that never ends, unless there is a file when it begins."""
    return f"import pathlib, time\nif not pathlib.Path({str(path)!r}).exists():\n    time.sleep(600)\n{TRAIN}"


def befalls(azure: Azure, mishap: Mishap) -> None:
    """Have it befall the next run."""
    data_of(azure.emulator.service).training.mishaps.append(mishap)


def test_a_role_that_fails(tmp_path: Path, engine: str) -> None:
    others = tmp_path / "others"
    others.mkdir()
    with azure_in(tmp_path, SERVERS, one_fails(others), engine=engine, made=True) as azure:
        said = azure.apply()
        assert said.code == 100
        last = said.err[said.err.index("Last lines of worker/1:") :]
        *shown, command = [line.strip() for line in last.splitlines()[1:] if line.strip()]
        assert shown == [*(f"worker 1 step {step}" for step in range(6, 15)), "there is no data for me"]
        assert "worker/0 | worker 0 step 14" in said.out
        assert REASONS[engine] in said.out
        submissions = len(azure.asked(azure.routes.submit))
        again = azure.apply()
        assert again.code == 100
        assert "failed" in again.err
        assert "--rerun" in again.err
        assert last in again.err, "why it failed is said again"
        named, _, words = command.partition(": specrun ")
        assert named == "All of it"
        assert azure.specrun(*shlex.split(words)).out.splitlines()[-1] == "worker/1 | there is no data for me"
        assert len(azure.asked(azure.routes.submit)) == submissions, "what failed is not tried again by itself"


def test_a_run_that_is_asked_for_again(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, train="raise SystemExit(3)\n", engine=engine, made=True) as azure:
        assert azure.apply().code == 100
        assert azure.apply("--rerun").code == 100
        first, second = azure.runs
        assert second.id == f"{first.id}-2"


@pytest.mark.parametrize(
    ("mishap", "words"), [(preempted(), "preempted"), (no_capacity(), "No capacity")], ids=["preempted", "no capacity"]
)
def test_what_the_platform_ends_is_submitted_again(tmp_path: Path, engine: str, mishap: Mishap, words: str) -> None:
    go_on = tmp_path / "go on"
    with azure_in(tmp_path, train=waits_for(go_on), engine=engine, made=True) as azure:
        befalls(azure, mishap)
        said = azure.apply()
        assert said.code == 100
        assert words in said.out
        go_on.touch()
        said = azure.apply()
        assert said.code == 0, said
        assert "trained" in said.out
        first, second = azure.runs
        assert (first.status, second.status) == ("Failed", "Completed")
        assert second.id == f"{first.id}-2"
        assert azure.plane.doubled == []


def test_what_never_starts_is_submitted_three_times(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, engine=engine, made=True) as azure:
        for attempt in (1, 2, 3, 3):
            befalls(azure, no_capacity())
            said = azure.apply()
            assert (said.code, len(azure.runs)) == (100, attempt), said
        assert "3 attempts never started or ended by a service error" in said.err


def test_the_service_fails_while_the_run_goes(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, train=WAITS, engine=engine, made=True) as azure:
        befalls(azure, Mishap(RUNNING, error("ServiceError", "Something broke on our side.")))
        said = azure.apply()
        assert said.code == 100
        assert "Something broke on our side." in said.out
        assert "-2: 1 process" in azure.specrun("plan").out + azure.specrun("plan").err


def test_a_run_that_takes_too_long(tmp_path: Path, engine: str) -> None:
    spec = SPEC.replace("  environment:", "  limits: {timeout: 2}\n  environment:")
    with azure_in(tmp_path, spec, WAITS, engine=engine, made=True) as azure:
        said = azure.apply()
        assert said.code == 100
        assert "timed out after 2 s" in said.out
        assert azure.apply().code == 100
        assert len(azure.runs) == 1


def test_somebody_cancels_it_in_the_portal(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, train=WAITS, engine=engine, made=True) as azure:
        befalls(azure, cancelled())
        said = azure.apply()
        assert said.code == 103
        assert "cancelled" in said.out
        assert azure.apply().code == 103
        assert len(azure.runs) == 1


def test_specrun_cancels_it_while_apply_follows(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, train=WAITS, engine=engine, made=True) as azure:
        cancelling = when_running(azure, lambda: azure.specrun("cancel").code)
        said = azure.apply()
        assert said.code == 103, said
        assert "main/0 | began" in said.out
        assert cancelling.result(60) == 0
        assert json.loads(azure.specrun("status", "-o", "json").out)["status"] == "cancelled"


def test_its_cluster_is_deleted_while_it_runs(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, train=WAITS, engine=engine, made=True) as azure:
        when_running(azure, lambda: azure.workspace.computes.clear())
        said = azure.apply()
        assert said.code == 100
        assert "was deleted" in said.out


def when_running(azure: Azure, act: Callable[[], T]) -> Future[T]:
    """Do something, once, when a run is seen running; what came of it."""
    done: Future[T] = Future()
    first = threading.Lock()

    def look(number: int, request: Request, phase: str) -> None:
        looks = "/runs/" in request.path or "/jobs/" in request.path
        running = looks and any(run.status == RUNNING for run in azure.runs)
        if running and first.acquire(blocking=False):
            threading.Thread(target=lambda: done.set_result(act()), daemon=True).start()

    azure.emulator.on_request = look
    return done
