"""SIGKILL of `apply` at every request that it makes, then `apply` again: everything once, nothing lost."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.emulator.emulator import SIGN_IN, Recorded
from tests.faults.cloud import azure_in, check_whole

MOST_READS = 2
"""How many times a kill at one and the same reading route is worth its while: what is polled is asked for often."""


def killed_and_applied_again(folder: Path, number: int, phase: str) -> bool:
    """Whether apply got as far as that request; the state after a second apply has been checked."""
    with azure_in(folder) as azure:
        killed = azure.apply_killed_at(number, phase)
        said = azure.apply()
        where = f"killed {phase} request {number} ({azure.requested(number)})"
        assert said.code == 0, f"{where}: {said.err}\n{said.out}"
        assert "trained" in said.out or not killed or "succeeded" in said.out, where
        check_whole(azure)
        return killed


def worth_a_kill(requests: list[Recorded]) -> list[tuple[int, str]]:
    """Numbers and phases: each write before it is done and after, reads of each kind a few times, sign-in once."""
    seen: Counter[str] = Counter()
    chosen = []
    for request in requests:
        seen[request.route] += 1
        if request.method == "GET" or request.host.endswith(SIGN_IN) or request.path.endswith("query"):
            if seen[request.route] <= MOST_READS:
                chosen.append((request.number, "after"))
        else:
            chosen += [(request.number, "before"), (request.number, "after")]
    return chosen


@pytest.mark.slow
def test_a_kill_at_any_request_leaves_everything_once(tmp_path: Path) -> None:
    with azure_in(tmp_path / "first") as azure:
        assert azure.apply().code == 0
        check_whole(azure)
        points = worth_a_kill(list(azure.emulator.requests))
    with ThreadPoolExecutor(max_workers=3) as pool:
        results = list(pool.map(lambda at: killed_and_applied_again(tmp_path / f"{at[0]}-{at[1]}", *at), points))
    assert sum(results) > 0.9 * len(points), "the hook did not kill"
    assert len(points) > 60, "fewer requests than apply makes"


@pytest.mark.slow
def test_two_applies_at_once_are_one_of_everything(tmp_path: Path) -> None:
    with azure_in(tmp_path) as azure, ThreadPoolExecutor(max_workers=2) as pool:
        said = list(pool.map(lambda _: azure.apply(), range(2)))
        # Either may find that the other has just made what it wanted to make: then it says so, and does nothing.
        assert {one.code for one in said} <= {0, 1, 5}, said
        assert azure.apply().code == 0
        check_whole(azure)
