"""docs/gitops as the repository of two people: its page is typed as it stands, once on this machine and once for an
emulated Azure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests import commands
from tests.examples.walking import Walk

PAGE = commands.ROOT / "docs" / "gitops" / "README.md"
CLUSTER = "cpu-cluster"


@dataclass(frozen=True)
class Place:
    """Where a target's clusters are; `service` is that of the emulator."""

    target: str
    engine: str
    environment: Mapping[str, str]
    service: Any = None

    def clusters(self, home: Path) -> dict[str, int]:
        """Their `max_instances` by name."""
        if self.service is not None:
            return {name: one.settings.max_nodes for name, one in self._computes.items()}
        files = (home / "try/state/resources/compute").glob("*.json")
        return {file.stem: json.loads(file.read_text())["properties"]["max_instances"] for file in files}

    def by_hand(self, most: int) -> None:
        """What the page has done to a record of this machine."""
        if self.service is not None:
            found = self._computes[CLUSTER]
            found.settings = replace(found.settings, max_nodes=most)

    @property
    def _computes(self) -> Any:
        (workspace,) = self.service.workspaces.values()
        return workspace.computes


@contextmanager
def here(folder: Path) -> Iterator[Place]:
    """This machine."""
    yield Place("here", "local", {})


@contextmanager
def prod(folder: Path) -> Iterator[Place]:
    """An empty subscription."""
    pytest.importorskip("azure.ai.ml", reason="needs SDK v2: pip install '.[azureml]'")
    from emulator import Emulator
    from emulator.azurite.server import Unavailable, install

    try:
        install()
    except Unavailable as problem:
        pytest.skip(str(problem))
    with Emulator(folder / "azure") as emulator:
        emulator.service.retry_after = emulator.service.creating_reads = 0
        yield Place("prod", "azureml", emulator.environment, emulator.service)


PLACES = {"here": here, "prod": prod}


@pytest.fixture(params=["here", pytest.param("prod", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with PLACES[request.param](tmp_path) as place:
        yield place


@pytest.fixture
def walk(place: Place, tmp_path: Path) -> Walk:
    """The page, of which nothing is typed yet."""
    home = {"HOME": str(tmp_path), "AZURE_CONFIG_DIR": str(tmp_path / "azure-cli"), "GIT_CONFIG_NOSYSTEM": "1"}
    people = {f"GIT_{who}_{what}": "ada@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    settings = {**home, **people, **place.environment, "SPECRUN_TARGET": place.target}
    return Walk(PAGE, commands.ROOT, settings, place.engine, strict=place.engine == "local")


def test_the_page_from_the_copy_to_what_is_pruned(walk: Walk, place: Place, tmp_path: Path) -> None:
    walk.block("mkdir ~/try")
    walk.block("specrun validate")
    assert place.clusters(tmp_path) == {CLUSTER: 2, "gpu-cluster": 2}
    walk.block("git switch")
    walk.block("cd ../ben")
    walk.block("git switch")
    assert place.clusters(tmp_path)[CLUSTER] == 3
    walk.block("cd ../ada")
    walk.block("git fetch")
    walk.block("git switch")
    assert place.clusters(tmp_path)[CLUSTER] == 4
    place.by_hand(8)
    walk.block("perl")
    walk.block("cd ../ben")
    assert place.clusters(tmp_path) == {CLUSTER: 4}
    assert walk.done
