"""Azure says nothing, or not yet: calls are given up, what was accepted is found, and nothing is made twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.emulator.faults import BlackHole, FailedOperation, LostAnswer, Status, missing
from tests.emulator.progress import Progress
from tests.emulator.resources import SUCCEEDED, Deployment
from tests.emulator.router import Request
from tests.faults.cloud import (
    DEPLOY,
    DEPLOYMENTS,
    GET_BLOB,
    GET_CLUSTER,
    GET_WORKSPACE,
    LIST_BLOBS,
    PARTS,
    PLANE,
    PUT_BLOB,
    PUT_CLUSTER,
    SUBMIT,
    TRAIN,
    azure_in,
    check_whole,
)

pytestmark = pytest.mark.slow

Outcomes = dict[str, Future[None]]
PATIENCE = "6"
SIDE_BY_SIDE = 6
SLOWLY = TRAIN + "import time\ntime.sleep(3)\n"
RUNS = f"api.azureml.ms /history/v1.0{PLANE}"

HOLES = {
    "sign-in": ("POST login.microsoftonline.com /{tenant}/oauth2/v2.0/token", "error: workspace/ws-faults: no answer"),
    "resource manager": (GET_WORKSPACE, "error: workspace/ws-faults: no answer"),
    "deployments": (f"GET {DEPLOYMENTS}", "✗ workspace/ws-faults: no answer"),
    "cluster read": (GET_CLUSTER, "✗ compute/cluster: observing compute/cluster: no answer"),
    "cluster made": (PUT_CLUSTER, "✗ compute/cluster: no answer"),
    "blobs listed": (LIST_BLOBS, "✗ data/default/numbers: observing data/default/numbers: no answer"),
    "blob sent": (PUT_BLOB, "✗ data/default/numbers: no answer"),
    "submission": (SUBMIT, "✗ run/job: job-"),
    "run read": (f"GET {RUNS}/experiments/{{experiment}}/runs/{{run}}", "lost sight of job-"),
    "log read": (GET_BLOB, "lost sight of job-"),
}
ACCEPTED = {"workspace": DEPLOY, "cluster": PUT_CLUSTER, "blob": PUT_BLOB, "submission": SUBMIT}
LATE = {
    "workspace": (GET_WORKSPACE, DEPLOY, 3),
    "cluster": (GET_CLUSTER, PUT_CLUSTER, 3),
    "datastore": (f"GET api.azureml.ms /datastore/v1.0{PLANE}/default", DEPLOY, 2),
    "run": (f"GET {RUNS}/experiments/{{experiment}}/runs/{{run}}", SUBMIT, 2),
    "run's details": (f"GET {RUNS}/experiments/{{experiment}}/runs/{{run}}/details", SUBMIT, 2),
}


def gives_up(name: str, folder: Path) -> None:
    """A call into a black hole ends when patience does, in a sentence that says which it was."""
    route, words = HOLES[name]
    with azure_in(folder, train=SLOWLY) as azure:
        azure.variables["SPECRUN_PATIENCE"] = PATIENCE
        azure.emulator.faults.add(route, BlackHole(), times=None)
        said = azure.apply()
        assert said.code == 1, said
        assert "Traceback" not in said.err
        assert any(words in line and f"no answer for {PATIENCE} s" in line for line in said.err.splitlines()), said.err
        if name in ("submission", "run read", "log read"):
            return
        azure.emulator.faults.clear()
        assert azure.apply().code == 0
        check_whole(azure)


def is_found(name: str, folder: Path) -> None:
    """What was accepted, although nobody ever answered, is found and not asked for again."""
    with azure_in(folder) as azure:
        azure.variables["SPECRUN_PATIENCE"] = PATIENCE
        azure.emulator.faults.add(ACCEPTED[name], LostAnswer(never=True))
        said = azure.apply()
        assert said.code == 0, said
        check_whole(azure)
        assert name == "blob" or len(azure.asked(ACCEPTED[name])) == 1


def comes_late(name: str, folder: Path) -> None:
    """What was made, and is not seen everywhere yet, is waited for and not made again."""
    route, after, times = LATE[name]
    with azure_in(folder, train=SLOWLY) as azure:
        rule = azure.emulator.faults.add(route, missing(), after=after, times=times)
        said = azure.apply()
        assert said.code == 0, said
        assert rule.hit == times
        check_whole(azure)
        assert len(azure.asked(after)) == 1


CASES: dict[str, Callable[[Path], None]] = {f"silence: {name}": partial(gives_up, name) for name in HOLES}
CASES |= {f"accepted: {name}": partial(is_found, name) for name in ACCEPTED}
CASES |= {f"late: {name}": partial(comes_late, name) for name in LATE}


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    """What came of the cases that were chosen; they wait more than they work, so several go side by side."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    here = [item.callspec.params for item in items if item.module is request.module and hasattr(item, "callspec")]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        names = [str(parameters["case"]) for parameters in here if "case" in parameters]
        yield {name: pool.submit(CASES[name], tmp_path_factory.mktemp("case") / "azure") for name in names}


@pytest.mark.parametrize("case", CASES)
def test_a_service_that_says_nothing(case: str, outcomes: Outcomes) -> None:
    outcomes[case].result()


def test_a_deployment_of_somebody_else_is_waited_for(tmp_path: Path) -> None:
    with azure_in(tmp_path) as azure:
        service = azure.emulator.service
        service.put_group("rg-faults", "westeurope", {})
        theirs = Deployment("theirs", "rg-faults", {}, [])
        theirs.progress = Progress(5, lambda: setattr(theirs, "state", SUCCEEDED))
        service.deployments["rg-faults", "theirs"] = theirs
        seen: list[str] = []

        def look(number: int, request: Request, phase: str) -> None:
            if (request.method, phase) == ("PUT", "before") and "/deployments/" in request.path:
                seen.append(theirs.state)

        azure.emulator.on_request = look
        assert azure.apply().code == 0
        assert seen == [SUCCEEDED], "begun while somebody else's deployment was under way"
        check_whole(azure)


def test_what_a_failed_deployment_leaves_is_not_there_twice(tmp_path: Path) -> None:
    with azure_in(tmp_path) as azure:
        azure.emulator.faults.add(DEPLOY, FailedOperation("InternalServerError", "Key vault broke."))
        said = azure.apply()
        assert said.code == 1
        assert "cannot create the workspace ws-faults" in said.err
        assert "Key vault broke." in said.err
        assert azure.made() == dict.fromkeys(PARTS, 0), "the SDK removes what it asked for"
        assert azure.apply().code == 0
        check_whole(azure)


def test_a_workspace_of_which_the_sdk_removes_what_it_stands_on(tmp_path: Path) -> None:
    with azure_in(tmp_path) as azure:
        azure.emulator.faults.add(f"GET {DEPLOYMENTS}/{{name}}", Status(403, "Forbidden", "no"), times=None)
        said = azure.apply()
        assert said.code == 1
        (line,) = [line for line in said.err.splitlines() if line.startswith("✗ workspace/ws-faults")]
        assert "the workspace ws-faults was made, but the SDK lost sight of it and removed what it stands on" in line
        assert "/providers/Microsoft.Storage/storageAccounts/" in line
        assert "Delete and purge the workspace in the portal, and apply again" in line
