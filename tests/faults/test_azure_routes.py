"""Every route that `apply` asks, failing once and failing for good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.emulator.emulator import Recorded
from tests.emulator.faults import Fault, LostAnswer, Reset, Status, Truncated
from tests.faults.cloud import (
    ARM,
    DEPLOY,
    DEPLOYMENTS,
    GET_BLOB,
    GET_CLUSTER,
    GET_WORKSPACE,
    GROUP,
    LIST_BLOBS,
    PLANE,
    PUT_BLOB,
    PUT_CLUSTER,
    SUBMIT,
    TRAIN,
    Said,
    azure_in,
    check_whole,
)

pytestmark = pytest.mark.slow

Outcomes = dict[str, Future[None]]

WAIT = 2.0
"""Seconds of Retry-After in these tests."""

SDK_WAIT = 1.0
"""What the SDK waits by itself in these tests. It has its own way for clusters, for the list of services, and for all
that is not a GET on a workspace's data plane: there it does not look at Retry-After."""

HASTE = {f"AZUREML_DEFAULT_{kind}BACKOFF": str(int(SDK_WAIT)) for kind in ("", "500_", "503_")}
NO_WAIT = dict.fromkeys(HASTE, "0")
SIDE_BY_SIDE = 8
APPLIES = 8
USUAL = 75
"""Requests of an apply of everything, at most, where nothing goes wrong."""

SLOWLY = TRAIN + "import time\ntime.sleep(3)\n"
"""For a run that is seen while it goes."""

ONCE: dict[str, Fault] = {
    "429": Status(429, "TooManyRequests", retry_after=WAIT),
    "503": Status(503, "ServerBusy", retry_after=WAIT),
    "500": Status(500, "InternalServerError"),
    "reset": Reset(),
    "lost answer": LostAnswer(),
    "cut answer": Truncated(),
}

H, A = f"api.azureml.ms /history/v1.0{PLANE}", f"api.azureml.ms /artifact/v2.0{PLANE}"
SNAPSHOTS = f"{PLANE}/snapshots"
RUN = f"{H}/experiments/{{experiment}}/runs/{{run}}"
LOGIN = "login.microsoftonline.com /{tenant}"
SPACE, LOST = "workspace/ws-faults: cannot create the workspace ws-faults", "the SDK lost sight of it and removed"
SUBMITTING, SIGHT = "run/job: cannot submit the run job-", "lost sight of job-"

HANGS = "HEAD blob.core.windows.net /{container}/{blob+}"
"""Where the SDK tries again for longer than anybody waits."""

FOR_GOOD = {
    f"GET {LOGIN}/v2.0/.well-known/openid-configuration": "cannot sign in to Azure with service principal",
    f"POST {LOGIN}/oauth2/v2.0/token": "cannot sign in to Azure with service principal",
    "GET management.azure.com /subscriptions": "workspace/ws-faults: cannot find the workspace ws-faults",
    GET_WORKSPACE: "workspace/ws-faults: cannot find the workspace ws-faults",
    f"GET {DEPLOYMENTS}": "workspace/ws-faults: cannot list the deployments of rg-faults",
    f"GET {ARM}/providers/{{namespace}}": SPACE,
    f"GET {GROUP}": SPACE,
    f"PUT {GROUP}": SPACE,
    f"GET {ARM}/providers/Microsoft.Resources/deployments": SPACE,
    DEPLOY: SPACE,
    f"GET {DEPLOYMENTS}/{{name}}/operationStatuses/{{operation}}": "ws-faults",
    f"GET {DEPLOYMENTS}/{{name}}": LOST,
    "GET api.azureml.ms /discovery": "compute/cluster: cannot find the cluster cluster",
    GET_CLUSTER: "compute/cluster: cannot find the cluster cluster",
    f"GET api.azureml.ms /datastore/v1.0{PLANE}/default": "data/default/numbers: cannot find the default datastore",
    PUT_CLUSTER: "compute/cluster: cannot create the cluster cluster",
    LIST_BLOBS: "data/default/numbers: container azureml-blobstore-",
    PUT_BLOB: "data/default/numbers: container azureml-blobstore-",
    f"POST {H}/experiments:query": "run/job: cannot list the experiments of ws-faults",
    f"{PUT_BLOB}?comp=lease": "leasing specrun/runs/job-",
    f"GET {H}/runs/{{run}}": "run/job: cannot find the run job-",
    f"GET {H}/experiments/{{experiment}}": "run/job: cannot make the experiment job",
    f"POST {H}/experiments/{{experiment}}": "run/job: cannot make the experiment job",
    f"GET api.azureml.ms /content/v1.0{SNAPSHOTS}/latest/metadata": SUBMITTING,
    f"POST api.azureml.ms /content/v2.0{SNAPSHOTS}/getblob": SUBMITTING,
    HANGS: "run/job: job-",
    f"POST api.azureml.ms /content/v2.0{SNAPSHOTS}/{{snapshot}}": SUBMITTING,
    f"PATCH {H}/experimentids/{{experiment}}": "run/job: cannot tag the experiment job",
    SUBMIT: SUBMITTING,
    f"PATCH {RUN}": "",
    f"GET {RUN}": SIGHT,
    f"GET {RUN}/details": SIGHT,
    f"GET {A}/artifacts/prefix/contentinfo/{{origin}}/{{container}}/{{path+}}": SIGHT,
    GET_BLOB: SIGHT,
}
"""Routes, and what is said of the first thing that cannot be done without: its key, and the call. "": it is not
needed for the run's success, as the tags."""
KINDS: dict[str, Fault] = {
    "500": Status(500, "InternalServerError", "Something broke."),
    "403": Status(
        403,
        "AuthorizationFailed",
        "The client 'x' with object id 'y' does not have authorization to perform action 'Some/thing/read' over scope "
        "'/subscriptions/s'.",
    ),
    "reset": Reset(),
}
ADVICE = {
    "500": ("Try again", "try again later", "answers 500", LOST),
    "403": (
        "may not do `Some/thing/read` on `/subscriptions/s`. Ask the owner of that scope for the role",
        "who signed in has no right to do that. Ask for the role",
    ),
    "reset": ("cannot be reached: the connection failed or broke. Is this machine online",),
}
SOMEBODY_ELSES = ("login.", "blob.", "PATCH", "operationStatuses", f"GET {DEPLOYMENTS}/{{name}}")
"""Whoever answers 403 there, does it in another way, or changes nothing by it."""

CHOSEN = [
    *(("500", route) for route in FOR_GOOD),
    *(("403", route) for route in FOR_GOOD if not any(part in route for part in SOMEBODY_ELSES)),
    *(("reset", route) for route in (f"POST {LOGIN}/oauth2/v2.0/token", GET_WORKSPACE, GET_CLUSTER, SUBMIT, GET_BLOB)),
]
MOST = 24
"""How often one and the same thing is asked for before it counts as failed: the SDK's own tries, or ours; those of the
storage and of the sign-in are both, three or four times five."""


def fails_once(kind: str, folder: Path) -> None:
    """An apply during which every route fails at its first request succeeds, and makes everything once."""
    with azure_in(folder, train=SLOWLY) as azure:
        azure.variables |= HASTE
        # When the SDK loses sight of a deployment that has ended, the workspace cannot be saved: see …_silence.
        spared = (f"GET {DEPLOYMENTS}/{{name}}",) if kind == "cut answer" else ()
        struck = azure.fail_each_once(ONCE[kind], spared)
        # The SDK does not try again where an answer breaks off: not all of its calls come through in one apply.
        for _ in range(APPLIES if kind == "cut answer" else 1):
            said = azure.apply()
            assert said.code in (0, 1), said
            if said.code == 0:
                break
        assert said.code == 0, said
        check_whole(azure, asked_twice="answer" in kind)
        if "answer" not in kind:  # whose lack leads elsewhere
            assert not set(FOR_GOOD) - struck, "not asked at all"
            assert not struck - set(FOR_GOOD) - {TWINS}, "asked, and not among the routes above"
            assert len(azure.emulator.requests) <= USUAL + 2 * len(struck), "asked too often"
        for route in struck if ONCE[kind] in BUSY else ():
            first, *rest = azure.asked(route)
            check_waited(first, next((one for one in rest if one.path == first.path), rest[0]))


BUSY = (ONCE["429"], ONCE["503"])
TWINS = f"POST {H}/experiments/{{experiment}}/runs:query"
"""Asked before something is submitted a second time."""


def check_waited(refused: Recorded, again: Recorded) -> None:
    plane = refused.host.endswith("api.azureml.ms")
    own = (plane and refused.method != "GET") or refused.route.endswith(("/computes/{compute}", "/discovery"))
    assert refused.answered is not None
    waited = again.at - refused.answered
    assert waited >= (SDK_WAIT if own else WAIT) - 0.05, f"{refused.route} was asked again after {waited:.2f} s"


def fails_for_good(kind: str, route: str, folder: Path) -> None:
    """An apply for which one route fails always says what could not be done and what to do, and leaves the rest."""
    with azure_in(folder, train=SLOWLY) as azure:
        azure.variables |= NO_WAIT | {"SPECRUN_PATIENCE": "30"}
        azure.emulator.faults.add(route, KINDS[kind], times=None)
        said = azure.apply()
        assert "Traceback" not in said.err
        assert azure.asked(route), "not asked at all"
        (_, tries), *_ = Counter(one.path for one in azure.asked(route)).most_common(1)
        assert tries <= MOST, f"asked for {tries} times"
        if not FOR_GOOD[route]:
            assert said.code == 0, said
            return
        assert said.code == 1, said
        failed = [line for line in said.err.splitlines() if line.startswith(("✗ ", "error: "))]
        told = [line for line in failed if FOR_GOOD[route] in line]
        advice = ("no answer for 30 s",) if route == HANGS else ADVICE[kind]
        assert any(word in line for line in told for word in advice), said.err
        check_skipped(said)
        there = azure.runs if azure.emulator.service.workspaces else []
        assert len(there) == (1 if FOR_GOOD[route] == SIGHT else 0)


def check_skipped(said: Said) -> None:
    """What depends on what failed was not begun."""
    if "✗ workspace/ws-faults" in said.err:
        for key in ("compute/cluster", "data/default/numbers", "run/job"):
            assert f"- {key}: skipped, since workspace/ws-faults was not done" in said.err
    elif "✗ compute/cluster" in said.err or "✗ data/default/numbers" in said.err:
        assert "- run/job: skipped, since" in said.err
        assert "▶ run/job: submitting" not in said.err


CASES: dict[str, Callable[[Path], None]] = {f"{kind} once": partial(fails_once, kind) for kind in ONCE}
CASES |= {
    f"{kind} for good: {route}": partial(fails_for_good, kind, route)
    for kind, route in sorted(CHOSEN, key=lambda chosen: "blob." not in chosen[1])  # the longest first
}


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    """What came of the cases that were chosen; they wait more than they work, so several go side by side."""
    here = [
        item for item in request.session.items if isinstance(item, pytest.Function) and item.module is request.module
    ]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        names = [str(item.callspec.params["case"]) for item in here]
        yield {name: pool.submit(CASES[name], tmp_path_factory.mktemp("case") / "azure") for name in names}


@pytest.mark.parametrize("case", CASES, ids=[name.replace(PLANE, "").replace(ARM, "") for name in CASES])
def test_a_route_that_fails(case: str, outcomes: Outcomes) -> None:
    outcomes[case].result()
