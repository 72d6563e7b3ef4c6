"""What pages ask of a workspace: all of them together once in a while, and nothing of what has ended."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from emulator.dataplane import data_of
from specrun.apply.runs_of import RunsOf
from specrun.engines.reliable import Reliable
from specrun.plan.makers import NOBODY
from specrun.ui import details, fresh, place_runs
from specrun.ui.answers import Answers
from tests.azure_engines.launching import PATIENCE, Launch, launch
from tests.azureml_v2.place import GET_JOB, LIST_JOBS, Place

JOB = """
code: src
command: python train.py --lr 0.125
environment: {image: "python:3.11"}
"""
READING = ("reading for a page", "runs of ", "details of runs")
"""How the threads are called that ask."""

HOUR = 3600.0


class Pages:
    """Pages that are open on a run, all in one server, and the clock that they look at."""

    def __init__(self, launched: Launch, name: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1e6
        for module in (details, fresh, place_runs):
            monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.now, time=time.time))
        self.place = launched.place
        self.engine = Reliable(launched.renew())
        answers = Answers([RunsOf(NOBODY, self.engine, self.place.folder / ".specrun")])
        paths = (f"runs/{name}", f"runs/{name}/logs/state", f"runs/{name}/metrics")
        self.watches = [answers.watched(path) for _ in range(count) for path in paths]
        self.told = [watch.look() for watch in self.watches]
        self.look()

    def look(self) -> None:
        """Have all look several times, and wait for what that asks."""
        for _ in range(3):
            for watch in self.watches:
                watch.look()
            for thread in threading.enumerate():
                if thread.name.startswith(READING):
                    thread.join(PATIENCE)
                    assert not thread.is_alive()

    def asked_after(self, seconds: float) -> list[str]:
        """The routes that are asked once so much time has gone by."""
        self.now += seconds
        return sorted(self.place.routes(self.look))


def test_a_page_asks_nothing_of_a_run_that_has_ended(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    launched = launch(place, JOB, "print('it has learned')")
    name = launched.finish()
    pages = Pages(launched, name, 2, monkeypatch)
    run, logs, _ = pages.told[:3]
    assert run["run"]["status"] == "succeeded"
    assert logs["total"]
    for _ in range(3):
        assert pages.asked_after(HOUR) == []


def test_two_pages_ask_no_more_than_one(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    data_of(place.emulator.service).training.starved = True
    launched = launch(place, JOB)
    name = launched.submit()
    asked = []
    for count in (1, 2):
        pages = Pages(launched, name, count, monkeypatch)
        poll = pages.engine.poll
        assert pages.asked_after(poll / 2) == []
        asked.append([pages.asked_after(seconds) for seconds in (poll / 2, poll, poll)])
    assert asked[0] == asked[1]
    for once in asked[1]:
        assert once.count(GET_JOB) == once.count(LIST_JOBS) == 1
