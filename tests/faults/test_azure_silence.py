"""Azure says nothing, or not yet: calls are given up, what was accepted is found, and nothing is made twice."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import pytest

from emulator.faults import BlackHole, FailedOperation, LostAnswer, Status, Where, missing
from emulator.progress import Progress
from emulator.resources import SUCCEEDED, Deployment
from emulator.router import Request
from tests.faults.cloud import PARTS, TRAIN, azure_in, check_whole
from tests.faults.routes import (
    DEPLOY,
    DEPLOYMENTS,
    ENGINES,
    GET_BLOB,
    GET_WORKSPACE,
    LIST_BLOBS,
    PUT_BLOB,
    PUT_CLUSTER,
    ROUTES,
    TOKEN,
    Routes,
)
from tests.searching import WHOLE

pytestmark = [pytest.mark.slow, pytest.mark.long]

PATIENCE = ("10", "60")
"""Seconds. Where so much else goes on that an honest answer takes longer than the first, the second decides."""

SIDE_BY_SIDE = 8
LEFT = {"azureml": 1, "azureml-v1": 0}
"""How many of each part of a workspace an engine's SDK leaves behind when the workspace does not come about."""

SLOWLY = TRAIN + "import time\ntime.sleep(3)\n"


def sends_data(request: Request, route: str) -> bool:
    """Whether it writes a blob of the data, and none of a lock."""
    return route == PUT_BLOB and "/numbers/" in request.path


def holes(at: Routes) -> dict[str, tuple[Where, str]]:
    """Routes on which nobody answers, and what is said then; "run read": once the run was submitted."""
    return {
        "sign-in": (TOKEN, "error: workspace/ws-faults: no answer"),
        "resource manager": (GET_WORKSPACE, "error: workspace/ws-faults: no answer"),
        "deployments": (f"GET {DEPLOYMENTS}", "✗ workspace/ws-faults: no answer"),
        "cluster read": (at.get_cluster, "compute/cluster: no answer"),
        "cluster made": (PUT_CLUSTER, "✗ compute/cluster: no answer"),
        "blobs listed": (LIST_BLOBS, "data/default/numbers: no answer"),
        "blob sent": (sends_data, "✗ data/default/numbers: no answer"),
        "run found": (at.find_run, "error: the runs so far: runs of job: no answer"),
        "submission": (at.submit, "✗ run/job: job-"),
        "run read": (at.get_run, "lost sight of job-"),
        "log read": (GET_BLOB, "lost sight of job-"),
    }


def accepted(at: Routes) -> dict[str, Where]:
    """What is asked for on which route."""
    return {"workspace": DEPLOY, "cluster": PUT_CLUSTER, "blob": sends_data, "submission": at.submit}


def late(at: Routes) -> dict[str, tuple[str, str, int]]:
    """Where something is not seen, after what was made, and how often."""
    return {
        "workspace": (GET_WORKSPACE, DEPLOY, 3),
        "cluster": (at.get_cluster, PUT_CLUSTER, 3),
        "datastore": (at.default, DEPLOY, 2),
        "run": (at.get_run, at.submit, 2),
        "run's details": (at.details, at.submit, 2),
    }


def gives_up(name: str, engine: str, folder: Path, patience: str) -> None:
    """A call into a black hole ends when patience does, in a sentence that says which it was."""
    routes = ROUTES[engine]
    route, words = holes(routes)[name]
    with azure_in(folder, train=SLOWLY, engine=engine, made=name != "deployments") as azure:
        if name == "deployments":
            azure.emulator.service.put_group("rg-faults", "westeurope", {})
        azure.variables["SPECRUN_PATIENCE"] = patience
        after = routes.submit if name == "run read" else None
        azure.emulator.faults.add(route, BlackHole(), times=None, after=after)
        said = azure.apply()
        assert said.code == 1, said
        assert "Traceback" not in said.err
        assert any(words in line and f"no answer for {patience} s" in line for line in said.err.splitlines()), said.err
        if name in ("submission", "run read", "log read"):
            return
        azure.emulator.faults.clear()
        azure.variables.clear()
        assert azure.apply().code == 0
        check_whole(azure)


def is_found(name: str, engine: str, folder: Path, patience: str) -> None:
    """What was accepted, although nobody ever answered, is found and not asked for again."""
    route = accepted(ROUTES[engine])[name]
    with azure_in(folder, engine=engine, made=name != "workspace") as azure:
        azure.variables["SPECRUN_PATIENCE"] = patience
        azure.emulator.faults.add(route, LostAnswer(never=True))
        said = azure.apply()
        assert said.code == 0, said
        check_whole(azure)
        # After so many seconds SDK v2 asks for the same deployment again, if it is still there to do so.
        asked = [one.path for one in azure.asked(str(route))]
        assert name == "blob" or len(set(asked) if name == "workspace" else asked) == 1


def comes_late(name: str, engine: str, folder: Path) -> None:
    """What was made, and is not seen everywhere yet, is waited for and not made again."""
    route, after, times = late(ROUTES[engine])[name]
    with azure_in(folder, train=SLOWLY, engine=engine, made=after != DEPLOY) as azure:
        rule = azure.emulator.faults.add(route, missing(), after=after, times=times)
        said = azure.apply()
        assert said.code == 0, said
        assert rule.hit == times
        check_whole(azure)
        assert len(azure.asked(after)) == 1


def patiently(case: Callable[[str, str, Path, str], None], name: str, engine: str, folder: Path) -> None:
    """With little patience, and with more where that was not enough."""
    little, more = PATIENCE
    try:
        case(name, engine, folder, little)
    except AssertionError:
        case(name, engine, folder.with_name("patiently"), more)


def chosen(engine: str) -> list[str]:
    """The routes on which nobody answers; of those that both ask in the same way a half for each, in a sample."""
    one, other = map(holes, ROUTES.values())
    both = [name for name in one if one[name] == other[name]]
    others = () if WHOLE in os.environ else both[ENGINES.index(engine) :: len(ENGINES)]
    return [name for name in one if name not in others]


def taken(engine: str) -> list[str]:
    """What is accepted without an answer. Both send a cluster and a blob in the same way: one for each, in a sample."""
    others = () if WHOLE in os.environ else ("cluster", "blob")[ENGINES.index(engine) :][:1]
    return [name for name in accepted(ROUTES[engine]) if name not in others]


CASES: dict[str, Callable[[Path], None]] = {}
for engine, routes in ROUTES.items():
    CASES |= {f"{engine}, silence: {name}": partial(patiently, gives_up, name, engine) for name in chosen(engine)}
    CASES |= {f"{engine}, accepted: {name}": partial(patiently, is_found, name, engine) for name in taken(engine)}
    CASES |= {f"{engine}, late: {name}": partial(comes_late, name, engine) for name in late(routes)}


@pytest.mark.parametrize("case", CASES)
def test_a_service_that_says_nothing(case: str, outcomes: dict[str, Future[None]]) -> None:
    outcomes[case].result()


def test_a_deployment_of_somebody_else_is_waited_for(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, engine=engine) as azure:
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


def test_a_deployment_that_fails_is_begun_again(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, engine=engine) as azure:
        azure.emulator.faults.add(DEPLOY, FailedOperation("InternalServerError", "Key vault broke."))
        said = azure.apply()
        assert said.code == 1
        assert "cannot create the workspace ws-faults" in said.err
        assert "Key vault broke." in said.err
        assert "HTTP 200" not in said.err
        assert azure.made() == dict.fromkeys(PARTS, LEFT[engine]), "SDK v1 removes what it asked for, SDK v2 leaves it"
        assert ("stays in the resource group rg-faults" in said.err) == bool(LEFT[engine])
        assert azure.apply().code == 0
        check_whole(azure, parts=1 + LEFT[engine])


def test_a_workspace_of_which_the_sdk_removes_what_it_stands_on(tmp_path: Path) -> None:
    with azure_in(tmp_path, engine="azureml-v1") as azure:
        azure.emulator.faults.add(f"GET {DEPLOYMENTS}/{{name}}", Status(403, "Forbidden", "no"), times=None)
        said = azure.apply()
        assert said.code == 1
        (line,) = [line for line in said.err.splitlines() if line.startswith("✗ workspace/ws-faults")]
        assert "the workspace ws-faults was made, but the SDK lost sight of it and removed what it stands on" in line
        assert "/providers/Microsoft.Storage/storageAccounts/" in line
        assert "Delete and purge the workspace in the portal, and apply again" in line
