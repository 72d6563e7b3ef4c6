"""A job of a workflow: the runner's files, an event, GitHub's API on loopback, and specrun by what it is to answer."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from action.github import GitHub
from action.github_api import Api
from action.inputs import inputs
from action.main import run
from action.program import Done
from action.service import Refusal
from tests.github_api import REPOSITORY, GitHubApi, github_api

HEAD, NEXT = "a" * 40, "c" * 40


def plan_file(wanted: int = 4, reason: str = "max_instances", engine: str = "azureml") -> bytes:
    """A saved plan, as far as the action reads one."""
    change = {"key": "compute/gpu", "place": 0, "action": "update", "reason": reason, "wanted": {"max": wanted}}
    place = {"engine": engine, "title": "workspace ml-ws"}
    return json.dumps({"format": 1, "call": {}, "places": [place], "changes": [change], "said": {}}).encode()


class Told:
    """specrun as a test wants it: how a verb ends, what it saves, and what `show` says of that."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.answers: dict[str, Done] = {
            "plan": Done(0, "<!-- specrun plan -->\n### 1 to update\n"),
            "validate": Done(0, ""),
        }
        self.saves: bytes | None = plan_file()
        self.changes: list[dict[str, str]] = [{"address": "compute/gpu", "specrun_action": "update"}]
        self.deleted: list[str] = []
        self.calls: list[list[str]] = []
        self.trusted = True

    def __call__(self, *arguments: str, aloud: bool = True) -> Done:
        verb = arguments[0]
        self.calls.append([*arguments])
        if verb == "show":
            shown = {"resource_changes": self.changes, "engine": "azureml", "target": "workspace ml-ws"}
            text = json.dumps({**shown, "changed_since": {"deleted": self.deleted}}) if "json" in arguments else "whole"
            return self.answers.get("show", Done(0, text))
        done = self.answers.get(verb, Done(0, ""))
        if "--out" in arguments and self.saves is not None and done.code == 0:
            Path(arguments[arguments.index("--out") + 1]).write_bytes(self.saves)
            if done.out:  # as specrun says what would be done
                (change,) = json.loads(self.saves)["changes"]
                marker, _, text = done.out.partition("\n")
                return Done(0, f"{marker}\n<!-- specrun digest {change['wanted']['max']:064x} -->\n{text}", done.err)
        return done

    def follow(self, *arguments: str) -> Done:
        return self(*arguments)

    def without_credentials(self) -> Told:
        self.trusted = False
        return self

    def called(self, verb: str) -> list[str]:
        """The arguments of its last call."""
        return next(one for one in reversed(self.calls) if one[0] == verb)


class Job:
    """One job. `specrun` and `api` say what happens; then what the runner was told is to be read."""

    def __init__(self, folder: Path, api: GitHubApi) -> None:
        self.folder, self.api, self.specrun = folder, api, Told(folder)
        self.environment = {
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": "17",
            "GITHUB_SHA": NEXT,
            "GITHUB_API_URL": api.address,
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "RUNNER_TEMP": str(folder / "temp"),
            "INPUT_TOKEN": "ghs_of-the-job",
        }
        self.waited: list[float] = []

    def event(self, name: str, content: dict[str, Any]) -> None:
        """What has started the workflow."""
        self.environment["GITHUB_EVENT_NAME"] = name
        (self.folder / "event.json").write_text(json.dumps(content))

    def pull_request(self, number: int = 12, head: str = HEAD, **more: Any) -> None:
        """It is about a pull request."""
        self.event("pull_request", {"action": "synchronize", "pull_request": self.api.pull(number, head, **more)})

    def run(self, mode: str, **said: str) -> int:
        """Run it; the exit status."""
        for file in ("summary.md", "output"):
            (self.folder / file).unlink(missing_ok=True)
        environment = {**self.environment, **{f"INPUT_{name.upper()}": text for name, text in said.items()}}
        api = Api(self.api.address, environment["INPUT_TOKEN"], self.waited.append)
        service = GitHub(environment, self.specrun.folder, api)
        try:
            return run(service, inputs(environment, mode), self.specrun, environment)  # type: ignore[arg-type]
        except Refusal as refusal:
            service.tell("error", str(refusal))
            return refusal.code

    @property
    def summary(self) -> str:
        """What it has added to its page."""
        return (self.folder / "summary.md").read_text() if (self.folder / "summary.md").exists() else ""

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs of the step, read as a runner reads them."""
        lines = iter((self.folder / "output").read_text().split("\n"))
        found = {}
        for line in lines:
            if line:
                name, _, end = line.partition("<<")
                found[name] = "\n".join(iter(lambda: next(lines), end))
        return found


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone whose remote has `main`, with all commits."""
    folder = tmp_path_factory.mktemp("checkout")
    for words in (
        ["init", "-q", "-b", "main"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "a"],
        ["update-ref", "refs/remotes/origin/main", "HEAD"],
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def served() -> Iterator[GitHubApi]:
    with github_api() as api:
        yield api


@pytest.fixture
def job(tmp_path: Path, checkout: Path, served: GitHubApi) -> Job:
    """A job on a pull request of this repository."""
    address = served.address
    served.__init__()  # type: ignore[misc]
    served.address = address
    found = Job(tmp_path, served)
    found.specrun.folder = str(checkout)
    found.pull_request()
    return found
