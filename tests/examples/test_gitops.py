"""docs/gitops as a repository of two people, with real git: from the first apply to what is pruned, once on this
machine and once on an emulated Azure.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests import commands

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "gitops"
PATIENCE = 120.0
FOREIGN = ("SPECRUN_", "AZURE_", "AZUREML_", "GITHUB_", "GIT_", "NO_COLOR", "CI")
"""Settings of whoever runs the tests."""

NOBODY = "00000000-0000-0000-0000-000000000000"
"""A subscription, where nothing is applied there."""


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Place:
    """Where a target's things are. `by_hand` changes a cluster's `max_instances` behind specrun's back."""

    target: str
    engine: str
    environment: Mapping[str, str]
    state: Path
    service: Any = None

    def by_hand(self, cluster: str, most: int) -> None:
        if self.service is None:
            file = self.state / f"resources/compute/{cluster}.json"
            content = json.loads(file.read_text())
            content["properties"]["max_instances"] = most
            file.write_text(json.dumps(content))
            return
        found = self._clusters()[cluster]
        found.settings = replace(found.settings, max_nodes=most)

    def clusters(self) -> dict[str, int]:
        """Their `max_instances` by name."""
        if self.service is None:
            files = (self.state / "resources/compute").glob("*.json")
            return {file.stem: json.loads(file.read_text())["properties"]["max_instances"] for file in files}
        return {name: one.settings.max_nodes for name, one in self._clusters().items()}

    def _clusters(self) -> Any:
        (workspace,) = self.service.workspaces.values()
        return workspace.computes


@contextmanager
def here(folder: Path) -> Iterator[Place]:
    """This machine: what all clones have in common is one state folder."""
    state = folder / "state"
    yield Place("here", "local", {"SPECRUN_HOME": str(state), "AZURE_SUBSCRIPTION_ID": NOBODY}, state)


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
        state = folder / "state"
        environment = {**emulator.environment, "SPECRUN_HOME": str(state)}
        yield Place("prod", "azureml", environment, state, emulator.service)


PLACES = {"here": here, "prod": prod}


@pytest.fixture(params=["here", pytest.param("prod", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with PLACES[request.param](tmp_path) as place:
        yield place


@dataclass
class Clone:
    """Somebody's clone, and a command line in it. `said`: each command that was run, and its answer."""

    folder: Path
    who: str
    place: Place
    said: dict[str, Said] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def specrun(self, line: str, ends: int = 0) -> Said:
        """`specrun LINE`, which must end so; TARGET in it is the place's."""
        words = line.replace("TARGET", self.place.target).split()
        done = commands.run(words, self.folder, self._environment, self.place.engine, PATIENCE)
        said = self.said[line] = Said(done.returncode, done.stdout, done.stderr)
        assert said.code == ends, f"{self.who}: specrun {line}\n{said.out}\n{said.err}"
        return said

    def change(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def commit(self, words: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", words)

    @property
    def _environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        home = self.folder.parent / "home"
        home.mkdir(exist_ok=True)
        people = {"GIT_AUTHOR_NAME": self.who, "GIT_AUTHOR_EMAIL": f"{self.who}@example.org"}
        people |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in people.items()}
        ours = {"HOME": str(home), "AZURE_CONFIG_DIR": str(home), "COLUMNS": "100", "PYTHONPATH": str(ROOT)}
        return {**own, **ours, **people, "GIT_CONFIG_NOSYSTEM": "1", **self.place.environment, **self.variables}


@pytest.fixture
def clones(tmp_path: Path, place: Place) -> tuple[Clone, Clone, Clone]:
    """Those of Ada, Ben and a pipeline, of one bare repository with the example on its branch `main`."""
    first = Clone(tmp_path / "first", "lead", place)
    shutil.copytree(EXAMPLE, first.folder)
    first.git("init", "--quiet", "--initial-branch", "main")
    first.commit("Our jobs")
    first.git("clone", "--quiet", "--bare", ".", str(tmp_path / "remote.git"))
    said: dict[str, Said] = {}
    found = []
    for who in ("ada", "ben", "pipeline"):
        first.git("clone", "--quiet", str(tmp_path / "remote.git"), str(tmp_path / who))
        found.append(Clone(tmp_path / who, who, place, said, {"CI": "true"} if who == "pipeline" else {}))
    ada, ben, pipeline = found
    return ada, ben, pipeline


def test_the_story_of_a_pull_request(clones: tuple[Clone, Clone, Clone], place: Place) -> None:
    ada, ben, pipeline = clones

    # What is on the main branch is applied.
    assert "3 to submit" in pipeline.specrun("apply --yes --target TARGET").err
    assert place.clusters() == {"cpu-cluster": 2, "gpu-cluster": 2}

    # Ada trains longer, and wants more machines for it. Her pull request shows what that would do.
    ada.git("switch", "--quiet", "--create", "more-steps")
    ada.change("jobs/train.yaml", "  steps: 200\n", "  steps: 300\n")
    ada.change("jobs/train.yaml", "{steps: 50}", "{steps: 60}")
    ada.change("bases/cpu.yaml", "max_instances: 2", "max_instances: 4")
    ada.commit("Train longer, on more machines")
    comment = ada.specrun("plan --target TARGET --changed-since origin/main --out pull-request.plan -o markdown").out
    assert "max_instances" in comment

    # Ben wants more machines, too, and is first.
    ben.git("switch", "--quiet", "--create", "three-machines")
    ben.change("bases/cpu.yaml", "max_instances: 2", "max_instances: 3")
    ben.commit("Three machines")
    ben.git("push", "--quiet", "origin", "HEAD:main")
    pipeline.git("pull", "--quiet")
    pipeline.specrun("apply --yes --target TARGET")
    assert place.clusters()["cpu-cluster"] == 3
    ada.specrun("plan --check pull-request.plan", ends=5)

    # So Ada brings her branch up to date, and has it planned again.
    ada.git("fetch", "--quiet")
    ada.git("rebase", "--quiet", "--strategy-option", "theirs", "origin/main")
    ada.specrun("plan --target TARGET --changed-since origin/main --out pull-request.plan -o markdown")
    ada.specrun("plan --check pull-request.plan")

    # It is merged, and what was reviewed is applied: once.
    ben.git("switch", "--quiet", "main")
    ben.git("pull", "--quiet")
    ben.git("fetch", "--quiet", str(ada.folder), "more-steps")
    ben.git("merge", "--quiet", "--no-ff", "--no-edit", "FETCH_HEAD")
    ben.git("push", "--quiet")
    pipeline.git("pull", "--quiet")
    shutil.copy(ada.folder / "pull-request.plan", pipeline.folder)
    pipeline.specrun("apply --yes pull-request.plan")
    assert place.clusters()["cpu-cluster"] == 4
    pipeline.specrun("apply --yes pull-request.plan", ends=5)

    # Somebody changes the cluster by hand.
    place.by_hand("cpu-cluster", 8)
    issue = pipeline.specrun("drift --target TARGET -o markdown", ends=3).out
    assert "cpu-cluster" in issue
    pipeline.specrun("apply --yes --target TARGET")
    pipeline.specrun("drift --target TARGET")

    # A job is given up: what it made goes, once that is merged.
    ben.git("rm", "--quiet", "jobs/train-gpu.yaml")
    ben.commit("No more Spot machines")
    ben.git("push", "--quiet")
    pipeline.git("pull", "--quiet")
    engine = "--engine local" if place.target == "here" else ""
    pipeline.specrun(f"prune --yes {engine}")
    assert place.clusters() == {"cpu-cluster": 4}
    pipeline.specrun("apply --yes --target TARGET")
