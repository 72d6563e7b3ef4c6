"""SIGKILL of `apply` at every request that it makes, then `apply` again: everything once, nothing lost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from emulator.emulator import SIGN_IN, Recorded
from emulator.router import Request
from tests.faults.cloud import PATIENCE, azure_in, check_whole
from tests.searching import Search

MOST_READS = 2
"""How many times a kill at one and the same reading route is worth its while: what is polled is asked for often."""

CREATING_READS = 6
"""After how many looks something is made: it is still being made when the next apply has made its plan."""

SIDE_BY_SIDE = 4
LEAST = {"azureml": (2, 50), "azureml-v1": (2, 60)}
"""Points at which apply is killed, at least: after every ninth of its writes, and all of them."""

Point = tuple[str, int, str]
"""A route, which of the requests there, and the phase."""


def killed_and_applied_again(folder: Path, engine: str, made: bool, point: Point) -> bool:
    """Whether apply got as far as that request; the state after a second apply has been checked."""
    with azure_in(folder, engine=engine, made=made) as azure:
        azure.emulator.service.creating_reads = CREATING_READS
        killed = azure.apply_killed_at(*point)
        said = azure.apply()
        where = f"killed at {point}"
        assert said.code == 0, f"{where}: {said.err}\n{said.out}"
        assert "trained" in said.out or not killed or "succeeded" in said.out, where
        check_whole(azure)
        return killed


def worth_a_kill(folder: Path, engine: str, whole: bool) -> Iterator[tuple[bool, Point]]:
    """Whether the workspace is there already, and where to kill. Making one takes long: not where it need not be.

    After each write, once it is done and nobody has heard of it: until the next one nothing changes in Azure. `whole`:
    before each, too, and at reads.
    """
    usual = requests_of(folder / "made", engine, made=True)
    known = {one.route for one in usual}
    making = [one for one in requests_of(folder / "first", engine, made=False) if one.route not in known]
    yield from ((True, point) for point in points_of(usual, whole))
    yield from ((False, point) for point in points_of(making, whole))


def requests_of(folder: Path, engine: str, made: bool) -> list[Recorded]:
    """What an apply asks for that nothing befalls."""
    with azure_in(folder, engine=engine, made=made) as azure:
        assert azure.apply().code == 0
        check_whole(azure)
        return list(azure.emulator.requests)


def points_of(requests: list[Recorded], whole: bool = True) -> Iterator[Point]:
    """Each write after it is done; `whole`: and before, reads of each kind a few times, sign-in once."""
    seen: Counter[str] = Counter()
    for request in requests:
        seen[request.route] += 1
        if request.method == "GET" or request.host.endswith(SIGN_IN) or request.path.endswith("query"):
            if whole and seen[request.route] <= MOST_READS:
                yield request.route, seen[request.route], "after"
        else:
            phases = ("before", "after") if whole else ("after",)
            yield from ((request.route, seen[request.route], phase) for phase in phases)


@pytest.mark.long
@pytest.mark.slow
def test_a_kill_at_any_request_leaves_everything_once(tmp_path: Path, engine: str, search: Search) -> None:
    step = 1 if search.whole else 9
    points = list(worth_a_kill(tmp_path, engine, search.whole))[search.random.randrange(step) :: step]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        folders = [tmp_path / f"{number}" for number in range(len(points))]
        results = list(pool.map(lambda folder, at: killed_and_applied_again(folder, engine, *at), folders, points))
    assert sum(results) > 0.9 * len(points), "the hook did not kill"
    assert len(points) >= LEAST[engine][search.whole], "fewer requests than apply makes"


@pytest.mark.slow
def test_two_applies_at_once_are_one_of_everything(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, engine=engine, made=True) as azure, ThreadPoolExecutor(max_workers=2) as pool:
        said = list(pool.map(lambda _: azure.apply(), range(2)))
        # What the other has just made counts as done: what is changed is locked meanwhile, and looked at again then.
        assert [one.code for one in said] == [0, 0], said
        written = [one.path for one in azure.emulator.requests if one.method == "PUT" and one.status < 300]
        assert sum(path.endswith("/computes/cluster") for path in written) == 1
        assert sum("/numbers/" in path for path in written) == 2
        assert azure.stored("specrun/locks") == {}
        assert azure.apply().code == 0
        # At the same moment both may ask for the same; it is there once all the same.
        check_whole(azure, asked_twice=True)


@pytest.mark.slow
def test_two_applies_are_one_workspace(tmp_path: Path, engine: str) -> None:
    """The second finds the deployment that the first has begun, and nothing else yet."""
    with azure_in(tmp_path, engine=engine) as azure, ThreadPoolExecutor(max_workers=2) as pool:
        azure.emulator.service.creating_reads = CREATING_READS
        begun = threading.Event()

        def see(number: int, request: Request, phase: str) -> None:
            if (request.method, phase) == ("PUT", "after") and "/deployments/" in request.path:
                begun.set()

        azure.emulator.on_request = see
        first = pool.submit(azure.apply)
        assert begun.wait(PATIENCE)
        second = pool.submit(azure.apply)
        assert {first.result().code, second.result().code} <= {0, 1, 5}
        assert azure.apply().code == 0
        # From the moment the workspace is there both do the same at the same time, and may ask for the run twice.
        check_whole(azure, asked_twice=True)
