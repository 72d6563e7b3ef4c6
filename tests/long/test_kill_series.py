"""Applies that are killed one after the other, or held up while another goes on: everything once in the end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from tests.faults.cloud import azure_in
from tests.faults.cloud import check_whole as check_azure
from tests.faults.routes import ENGINES
from tests.faults.test_apply_kills import apply, begin_apply, check_whole, make_spec
from tests.faults.test_azure_kills import CREATING_READS, Point, points_of, requests_of
from tests.searching import Search

pytestmark = [pytest.mark.long, pytest.mark.slow]
T = TypeVar("T")
SIDE_BY_SIDE = 3
MOST_WRITES = 60
"""More than an apply makes: a kill there is an apply that nothing befalls."""

HEAD_START = 2.0
"""Seconds that an apply stands still while the other does not stop."""


def all_of(cases: list[Callable[[], T]]) -> list[T]:
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return [done.result() for done in [pool.submit(case) for case in cases]]


def killed_in_turn(folder: Path, kills: list[int]) -> None:
    make_spec(folder)
    said = [apply(folder, kill_at) for kill_at in kills]
    assert {*said} <= {0, -signal.SIGKILL}, f"{kills}: {(folder / 'output.txt').read_text()}"
    assert apply(folder, 0) == 0, f"{kills}: {(folder / 'output.txt').read_text()}"
    check_whole(folder)


def test_a_series_of_kills_leaves_one_run(tmp_path: Path, search: Search) -> None:
    random = search.random
    series = [random.choices(range(1, MOST_WRITES), k=random.randint(2, 4)) for _ in range(search.rounds(4, 500))]
    all_of([lambda n=n, kills=kills: killed_in_turn(tmp_path / f"{n}", kills) for n, kills in enumerate(series)])


class Turns:
    """Two applies, each of which stops at some of its writes until the other has stopped at one of its own.

    One that stands still may hold what the other waits for: then it goes on after some time.
    """

    def __init__(self, folder: Path, stops: list[list[int]]) -> None:
        self._applies = [begin_apply(folder, STOP_AT=" ".join(map(str, at))) for at in stops]
        self._moved = [threading.Event() for _ in stops]

    def go(self) -> list[int]:
        """Exit statuses."""
        try:
            with ThreadPoolExecutor(len(self._applies)) as pool:
                return list(pool.map(self._one, range(len(self._applies)), timeout=120))
        finally:
            for one in self._applies:
                one.kill()  # one that stands still ends, too

    def _one(self, number: int) -> int:
        own, other = self._applies[number], self._moved[1 - number]
        while True:
            state = os.waitid(os.P_PID, own.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            self._moved[number].set()
            if state is None or state.si_code != os.CLD_STOPPED:
                return own.wait()
            if self._applies[1 - number].returncode is None:
                other.clear()
                other.wait(HEAD_START)
            own.send_signal(signal.SIGCONT)


def one_by_turns(folder: Path, stops: list[list[int]]) -> None:
    make_spec(folder)
    said = Turns(folder, stops).go()
    where = f"stops at {stops}: {(folder / 'output.txt').read_text()}"
    assert said == [0, 0], where
    assert apply(folder, 0) == 0, where
    check_whole(folder)


def test_two_applies_by_turns_are_one_run(tmp_path: Path, search: Search) -> None:
    random = search.random
    pairs = [
        [random.choices(range(1, MOST_WRITES), k=random.randint(1, 4)) for _ in range(2)]
        for _ in range(search.rounds(4, 500))
    ]
    all_of([lambda n=n, stops=stops: one_by_turns(tmp_path / f"{n}", stops) for n, stops in enumerate(pairs)])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_series_of_kills_leaves_everything_in_azure_once(tmp_path: Path, engine: str, search: Search) -> None:
    points = list(points_of(requests_of(tmp_path / "asked", engine, made=True)))
    series = [search.random.sample(points, 2) for _ in range(search.rounds(1, 250))]

    def case(folder: Path, kills: list[Point], made: bool) -> int:
        with azure_in(folder, engine=engine, made=made) as azure:
            azure.emulator.service.creating_reads = CREATING_READS
            killed = sum(azure.apply_killed_at(*point) for point in kills)
            said = azure.apply()
            assert said.code == 0, f"{kills}: {said.err}\n{said.out}"
            check_azure(azure)
            assert not list((folder / "state" / "staging").iterdir())
            return killed

    # To make a workspace takes long: each fourth is without one.
    cases = [lambda n=n, kills=kills: case(tmp_path / f"{n}", kills, n % 4 > 0) for n, kills in enumerate(series)]
    print(f"{sum(all_of(cases))} applies were killed in {len(series)} series")
