"""Two runners at once, as processes that nothing holds up: each change and each submission happens once."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.faults.routes import ENGINES
from tests.long.clones import CLUSTER, TARGET, Clone
from tests.long.worlds import RUNNERS, Here, Said, There, World, azure_world
from tests.searching import WHOLE, Search

pytestmark = [pytest.mark.long, pytest.mark.slow]
APPLY = ["apply", "--yes", "--quiet"]
PAIRS: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "the same specs": (APPLY, APPLY),
    "specs that share a cluster and data": ([*APPLY, "first.yaml"], [*APPLY, "second.yaml"]),
    "apply and destroy": (APPLY, ["destroy", "--yes", "--all", "--also", "data"]),
}
PLACES = ["local", *(ENGINES if os.environ.get(WHOLE) else ())]
"""A sample on the emulator would take as long as what faults/test_azure_kills.py has of it."""


@contextlib.contextmanager
def world_of(place: str, folder: Path) -> Iterator[World]:
    if place == "local":
        folder.mkdir()
        yield Here(folder)
    else:
        with azure_world(folder, place) as world:
            yield world


def both(world: World, pair: tuple[Sequence[str], Sequence[str]]) -> list[Said]:
    commands = [world.start(runner, arguments) for runner, arguments in zip(RUNNERS, pair, strict=True)]
    assert all(command.rest() for command in commands)
    return [command.said() for command in commands]


def check_declared(world: World, clone: Clone) -> None:
    blobs = world.blobs(TARGET)
    assert world.cluster(CLUSTER) == clone.declared.most
    assert {name: blobs.get(name) for name in clone.declared.contents} == clone.declared.contents
    assert len(world.runs()) == 1
    assert not world.submitted_twice()
    assert not world.held()


def check_written_once(world: World) -> None:
    """Nothing was made or sent a second time."""
    if isinstance(world, There):
        made = [one for one in world.azure.emulator.requests if one.method == "PUT" and one.status in (200, 201)]
        places = Counter(one.path for one in made if "/computes/" in one.path or f"/{TARGET}/" in one.path)
        assert set(places.values()) == {1}, places


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("pair", PAIRS)
def test_two_at_once(tmp_path: Path, search: Search, place: str, pair: str) -> None:
    for number in range(search.rounds(1, 20 if place == "local" else 4)):
        folder = tmp_path / f"{number}"
        with world_of(place, folder) as world:
            for runner in RUNNERS:
                (folder / runner / ".git").mkdir(parents=True)
                (folder / runner / ".specrun.yaml").write_text("repository: example.com/ours\nspecs: ['*.yaml']\n")
            ours, _ = (Clone(folder / runner, world.words) for runner in RUNNERS)
            said = both(world, PAIRS[pair])
            if pair == "apply and destroy":
                # What one has made the other may have deleted before it was used.
                assert said[0].code in (0, 1, 5), said
                assert said[1].code in (0, 4, 5), said
                (again,) = both(world, (APPLY, ["plan"]))[:1]
                assert again.code == 0, again
            else:
                assert [one.code for one in said] == [0, 0], said
                check_written_once(world)
            check_declared(world, ours)
