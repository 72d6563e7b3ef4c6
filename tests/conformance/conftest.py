"""The fixtures of the conformance suite: each test gets a desk, once for every place."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conformance.desk import Desk
from tests.conformance.places import PLACES, Place

MARKS = {
    "azureml": pytest.mark.slow,
    "azureml-v1": pytest.mark.slow,
    "live-azureml": pytest.mark.live,
    "live-azureml-v1": pytest.mark.live,
}

CLUSTER = "compute: {name: <cluster>, size: <size>, max_instances: 4, idle_time_before_scale_down: 1200}\n"


@pytest.fixture(scope="session", params=[pytest.param(name, marks=MARKS.get(name, ())) for name in PLACES])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One place for all tests, with a cluster that jobs may run on."""
    folder = tmp_path_factory.mktemp(request.param)
    with PLACES[request.param](folder) as place:
        if place.compute:
            yield place
            return
        desk = Desk(folder, place)
        cluster = f"conf-{uuid.uuid4().hex[:8]}"
        desk.spec(CLUSTER, cluster=cluster, size=place.size)
        try:
            desk.apply()
            yield replace(place, compute=cluster)
        finally:
            desk.close()


@pytest.fixture
def desk(tmp_path: Path, place: Place) -> Iterator[Desk]:
    """A folder and a command line at the place."""
    desk = Desk(tmp_path, place)
    try:
        yield desk
    finally:
        desk.close()


@pytest.fixture
def needs(place: Place) -> object:
    """`needs("mpi")`: the test is left out where the place cannot do that, or has no `store` or `by_hand`."""

    def check(*what: str) -> None:
        lacking = [one for one in what if not place.has(one)]
        if lacking:
            pytest.skip(f"{place.name} has no {', '.join(lacking)}")

    return check
