"""Every route that `apply` asks, failing once and failing for good; and all of them at once, being busy."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import pytest

from emulator.emulator import Recorded
from emulator.faults import Fault, LostAnswer, Reset, Status, Truncated
from tests.faults.cloud import TRAIN, Azure, Said, azure_in, check_whole
from tests.faults.needs import AFTERWARDS, DELETE_BLOB, HANG, LATER, LISTED, LOST, MAKING, NEEDS, SIGHT, TOLD
from tests.faults.routes import ARM, DEPLOYMENTS, ENGINES, GET_BLOB, GET_WORKSPACE, LIST_BLOBS, PLANE, ROUTES, TOKEN
from tests.searching import WHOLE

pytestmark = [pytest.mark.slow, pytest.mark.long]

WAIT = 2.0
"""Seconds of Retry-After in these tests."""

SDK_WAIT = 1.0
"""What SDK v1 waits by itself in these tests. It has its own way for clusters, for the list of services, and for all
that is not a GET on a workspace's data plane: there it does not look at Retry-After."""

HASTE = {f"AZUREML_DEFAULT_{kind}BACKOFF": str(int(SDK_WAIT)) for kind in ("", "500_", "503_")}
NO_WAIT = dict.fromkeys(HASTE, "0")
SIDE_BY_SIDE = 8
APPLIES = 8
USUAL = 60
"""Requests of an apply of everything where nothing goes wrong, at most. Those that follow what goes on do not count:
the longer it takes, the more there are."""

PATIENCE = 60
BRIEFLY = 15
"""Patience, in seconds; the brief one where it will be lost, five times."""

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
BUSY = (ONCE["429"], ONCE["503"])
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

MOST = 24
"""How often one and the same thing is asked for before it counts as failed: the SDK's own tries, or ours; those of the
storage and of the sign-in are both, three or four times five."""


def fails_once(engine: str, kind: str, folder: Path) -> None:
    """An apply during which every route fails at its first request succeeds, and makes everything once."""
    needs = set(NEEDS[engine])
    with azure_in(folder, train=SLOWLY, engine=engine) as azure:
        azure.variables |= HASTE
        # When SDK v1 loses sight of a deployment that has ended, the workspace cannot be saved: see …_silence.
        spared = (*TOLD, *((f"GET {DEPLOYMENTS}/{{name}}",) if kind == "cut answer" else ()))
        struck = azure.fail_each_once(ONCE[kind], spared)
        # SDK v1 does not try again where an answer breaks off: not all of its calls come through in one apply.
        for _ in range(APPLIES if kind == "cut answer" else 1):
            said = azure.apply()
            assert said.code in (0, 1), said
            if said.code == 0:
                break
        assert said.code == 0, said
        check_whole(azure, asked_twice="answer" in kind)
        if "answer" not in kind:  # whose lack leads elsewhere
            assert not needs - struck - AFTERWARDS[engine], "not asked at all"
            assert not struck - needs - AFTERWARDS[engine], "asked, and not among the routes above"
            once = [one for one in azure.emulator.requests if not follows(azure, one)]
            assert len(once) <= USUAL + 2 * len(struck), "asked too often"
        # A lock that cannot be given back at once runs out: it is not tried again.
        for route in struck - {DELETE_BLOB} if ONCE[kind] in BUSY else ():
            first, *rest = azure.asked(route)
            check_waited(azure, first, next((one for one in rest if one.path == first.path), rest[0]))


def follows(azure: Azure, request: Recorded) -> bool:
    """Whether it looks at what is under way: a deployment, a cluster in the making, a run and its logs."""
    looked_at = (azure.routes.get_run, azure.routes.details, GET_BLOB, LIST_BLOBS)
    return request.route in looked_at or any(part in request.route for part in ("peration", "/artifacts/"))


def check_waited(azure: Azure, refused: Recorded, again: Recorded) -> None:
    plane = refused.host.endswith("api.azureml.ms")
    own = (plane and refused.method != "GET") or refused.route.endswith(("/computes/{compute}", "/discovery"))
    assert refused.answered is not None
    waited = again.at - refused.answered
    least = SDK_WAIT if own and azure.engine == "azureml-v1" else WAIT
    assert waited >= least - 0.05, f"{refused.route} was asked again after {waited:.2f} s"


def fails_for_good(engine: str, kind: str, route: str, after: str | None, words: str, folder: Path) -> None:
    """An apply for which one route fails always, or once another has answered, says what could not be done and what to
    do, and leaves the rest."""
    patience = BRIEFLY if route in HANG else PATIENCE
    with azure_in(folder, train=SLOWLY, engine=engine, made=route not in MAKING) as azure:
        if route == LISTED:
            azure.emulator.service.put_group("rg-faults", "westeurope", {})
        azure.variables |= NO_WAIT | {"SPECRUN_PATIENCE": str(patience)}
        rule = azure.emulator.faults.add(route, KINDS[kind], times=None, after=after)
        said = azure.apply()
        assert "Traceback" not in said.err
        assert rule.hit, "not asked at all"
        (_, tries), *_ = Counter(one.path for one in azure.asked(route)).most_common(1)
        assert tries <= MOST, f"asked for {tries} times"
        if not words:
            assert said.code == 0, said
            return
        assert said.code == 1, said
        failed = [line for line in said.err.splitlines() if line.startswith(("✗ ", "error: "))]
        told = [line for line in failed if words in line]
        advice = (f"no answer for {patience} s",) if route in HANG else ADVICE[kind]
        assert any(word in line for line in told for word in advice), said.err
        check_skipped(said)
        there = azure.runs if azure.emulator.service.workspaces else []
        assert len(there) == (1 if words == SIGHT else 0)


def check_skipped(said: Said) -> None:
    """What depends on what failed was not begun."""
    if "✗ workspace/ws-faults" in said.err:
        for key in ("compute/cluster", "data/default/numbers", "run/job"):
            assert f"○ {key}: skipped, since workspace/ws-faults was not done" in said.err
    elif "✗ compute/cluster" in said.err or "✗ data/default/numbers" in said.err:
        assert "○ run/job: skipped, since" in said.err
        assert "▶ run/job: submitting" not in said.err


def once(engine: str) -> Iterator[str]:
    """How every route fails once. One that is busy says so in two ways, which both know: one for each, in a sample."""
    busy = list(ONCE)[: len(BUSY)]
    yield from (kind for kind in ONCE if WHOLE in os.environ or kind not in busy or kind == busy[ENGINES.index(engine)])


def chosen(engine: str) -> Iterator[tuple[str, str]]:
    """What fails for good, and how: the longest first. In a sample, of what both ask in the same way half for each, and
    of what fails in the same words one."""
    routes = sorted(NEEDS[engine], key=lambda route: "blob." not in route)
    both = sorted(NEEDS["azureml"].keys() & NEEDS["azureml-v1"].keys())
    others = () if WHOLE in os.environ else both[ENGINES.index(engine) :: len(ENGINES)]
    mine = [route for route in routes if route not in others]
    if WHOLE not in os.environ:
        words = {NEEDS[engine][route]: route for route in mine}
        mine = [route for route in mine if not NEEDS[engine][route] or words[NEEDS[engine][route]] == route]
    yield from (("500", route) for route in mine)
    denied = [route for route in routes if not any(part in route for part in SOMEBODY_ELSES)]
    yield from (("403", route) for route in denied[:: 1 if WHOLE in os.environ else 4])
    at = ROUTES[engine]
    breaking = (TOKEN, GET_WORKSPACE, at.get_cluster, at.find_run, at.submit, GET_BLOB)
    yield from (("reset", route) for route in breaking if route not in others)


CASES: dict[str, Callable[[Path], None]] = {}
for name in ENGINES:
    CASES |= {f"{name}, {kind} once": partial(fails_once, name, kind) for kind in once(name)}
    CASES |= {
        f"{name}, {kind} for good: {route}": partial(fails_for_good, name, kind, route, None, NEEDS[name][route])
        for kind, route in chosen(name)
    }
    CASES |= {
        f"{name}, {kind} for good: {route} after {after}": partial(fails_for_good, name, kind, route, after, words)
        for kind in ("500", *(["403"] if WHOLE in os.environ else []))
        for route, after, words in LATER[name]
    }


@pytest.mark.parametrize("case", CASES, ids=[name.replace(PLANE, "").replace(ARM, "") for name in CASES])
def test_a_route_that_fails(case: str, outcomes: dict[str, Future[None]]) -> None:
    outcomes[case].result()
