"""docs/gitops as the repository of two people: its page is typed as it stands, once on this machine and once for an
emulated Azure.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from action.program import Done
from tests import commands
from tests.action.conftest import Job
from tests.examples.walking import Walk, pattern
from tests.github_api import github_api

PAGE = commands.ROOT / "docs" / "gitops" / "README.md"
CLUSTER = "cpu-cluster"
QUOTED = re.compile(r"(?:^>.*\n)+", re.MULTILINE)
"""The comment of a pull request on the page, without what is folded away."""


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
    target = {"SPECRUN_TARGET": place.target} if place.service else {}  # on the page it is the usual one
    settings = {**home, **place.environment, **target}
    return Walk(PAGE, commands.ROOT, settings, place.engine, strict=place.engine == "local")


@dataclass
class Pipeline:
    """The jobs of docs/gitops/.github for one place, in a checkout of their own; GitHub is on loopback."""

    walk: Walk
    place: Place
    job: Job
    folder: Path
    commits: dict[int, str] = field(default_factory=dict)

    def plan(self, number: int, clone: Path, branch: str) -> str:
        """The comment of a pull request, after the job that GitHub begins when its branch is pushed."""
        head = self.git("rev-parse", branch, folder=clone)
        self.git("push", "-q", "--force", "origin", branch, folder=clone)
        self.git("fetch", "-q")
        self.git("checkout", "-q", "--detach", "origin/main")
        self.git("merge", "-q", "--no-edit", head)
        self.commits[number] = self.git("rev-parse", "HEAD")
        return self.again(number, head)

    def again(self, number: int, head: str = "", ends: int = 0) -> str:
        """The comment once the same job was run again."""
        self.git("checkout", "-q", self.commits[number])
        self.job.pull_request(number, head or self.job.api.pulls[number]["head"]["sha"])
        assert self._run("plan") == ends
        if not ends:
            plan = Path(self.job.outputs["plan-file"]).read_bytes()
            head = self.job.api.pulls[number]["head"]["sha"]
            self.job.api.artifact(self.job.outputs["artifact"], plan, head)
        (comment,) = self.job.api.bodies(number)
        return comment

    def merged(self, number: int) -> int:
        """How the job ended that GitHub begins when a pull request was merged."""
        before = self.git("rev-parse", "origin/main")
        self.git("fetch", "-q")
        self.git("checkout", "-q", "--detach", "origin/main")
        after = self.git("rev-parse", "HEAD")
        self.job.api.merge(number, after)
        self.job.event("push", {"ref": "refs/heads/main", "before": before, "after": after})
        return self._run("apply", detach="false")

    def drift(self) -> list[str]:
        """What the job of each night has written: its open issues."""
        self.job.event("schedule", {})
        assert self._run("drift") == 0
        return [one["body"] for one in self.job.api.issues if one["state"] == "open"]

    def git(self, *words: str, folder: Path | None = None) -> str:
        asked = ["git", "-c", "user.name=pipeline", "-c", "user.email=pipeline@example.org", *words]
        done = subprocess.run(
            asked, cwd=folder or self.folder, env=self.walk.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _run(self, mode: str, **said: str) -> int:
        return self.job.run(mode, target=self.place.target, **said)


@dataclass(frozen=True)
class Program:
    """specrun as the action calls it, in a pipeline's checkout."""

    walk: Walk
    folder: str

    def __call__(self, *arguments: str, aloud: bool = True) -> Done:
        return Done(*self.walk.specrun([*arguments], Path(self.folder), CI="true"))

    def follow(self, *arguments: str) -> Done:
        return self(*arguments)


@pytest.fixture
def pipeline(walk: Walk, place: Place, tmp_path: Path) -> Iterator[Pipeline]:
    folder = tmp_path / "try" / "pipeline"
    with github_api() as api:
        job = Job(tmp_path, api)
        job.specrun = Program(walk, str(folder))  # type: ignore[assignment]
        yield Pipeline(walk, place, job, folder)


def test_the_page_from_the_copy_to_what_is_pruned(walk: Walk, place: Place, pipeline: Pipeline, tmp_path: Path) -> None:
    ada, ben = tmp_path / "try/ada", tmp_path / "try/ben"
    walk.block("mkdir ~/try")
    prices = ada / "prices.yaml"  # of today, whenever that is: of old ones the page says nothing
    prices.write_text(re.sub("updated: .*", f"updated: {date.today()}", prices.read_text()))
    pipeline.git("commit", "-q", "--allow-empty", "-am", "Prices of today", folder=ada)
    pipeline.git("push", "-q", folder=ada)
    pipeline.git("pull", "-q", folder=ben)
    pipeline.git("clone", "-q", str(tmp_path / "try/remote.git"), str(pipeline.folder), folder=tmp_path)
    walk.block("specrun validate")
    assert place.clusters(tmp_path) == {CLUSTER: 2, "gpu-cluster": 2}

    walk.block("git switch")
    comment = pipeline.plan(7, ada, "train-longer")
    assert "train-gpu" not in comment
    if walk.strict:
        for part in re.sub(r"(?m)^> ?", "", "".join(QUOTED.findall(PAGE.read_text("utf-8")))).split("\n\n"):
            assert pattern(part).search(comment), f"{comment}\n--- on the page\n{part}"

    walk.block("perl")
    walk.block("perl")

    walk.block("cd ../ben")
    pipeline.plan(8, ben, "three-machines")
    pipeline.git("push", "-q", folder=ben)
    assert pipeline.merged(8) == 0
    assert place.clusters(tmp_path)[CLUSTER] == 3
    (comment,) = pipeline.job.api.bodies(7)
    assert "**Stale**: #8 was applied since" in comment
    if walk.strict:
        _look_again(pipeline)

    walk.block("cd ../ada")
    comment = pipeline.plan(7, ada, "train-longer")
    assert "\n> " not in comment

    walk.block("git switch")
    assert pipeline.merged(7) == 0
    assert place.clusters(tmp_path)[CLUSTER] == 4
    assert "**Applied**" in pipeline.job.api.bodies(7)[0]
    walk.block("specrun apply")

    place.by_hand(8)
    walk.block("perl")
    (issue,) = pipeline.drift()
    assert "cpu-cluster" in issue
    walk.block("specrun apply")
    assert pipeline.drift() == []

    walk.block("cd ../ben")
    walk.block("specrun prune")
    assert place.clusters(tmp_path) == {CLUSTER: 4}
    assert walk.done


def _look_again(pipeline: Pipeline) -> None:
    """Ada's pull request after Ben's was applied; and then she relaxes the rule that she breaks, in the same branch."""
    assert "What would be done is not what was first shown" in pipeline.again(7)
    for name in ("bases/cpu.yaml", ".specrun.yaml"):
        file = pipeline.folder / name
        file.write_text(re.sub("max_instances: [48]", "max_instances: 50", file.read_text("utf-8")), "utf-8")
    comment = pipeline.again(7, ends=4)
    assert "bases/cpu.yaml:13:18" in comment
    assert "At most 4 instances are allowed, and this is 50" in comment
    pipeline.git("restore", ".")
