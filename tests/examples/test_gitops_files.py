"""The files of docs/gitops by themselves: specs, rules and prices are valid, and workflows are what they should be."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from action.inputs import MODES
from tests.cli.conftest import Command, bare, specrun

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "gitops"
WORKFLOWS = sorted((EXAMPLE / ".github" / "workflows").glob("*.yml"))
PAGES = ROOT / "docs" / "pull-requests.md"
__all__ = ["bare", "specrun"]


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare: None) -> Path:
    """A repository of its own: it lies in that of specrun."""
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "training"))
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", "00000000-0000-0000-0000-000000000000")
    monkeypatch.delenv("SPECRUN_TARGET", raising=False)
    monkeypatch.chdir(folder)
    return folder


ANYWHERE = ("--target", "prod", "--environment", "current")
"""How the jobs for Azure are looked at for this machine, as those of a fork are."""


@pytest.mark.parametrize(
    "given", [(), ("--engine", "azureml-v1", "--target", "prod"), ("--engine", "local", *ANYWHERE)]
)
def test_all_of_it_is_valid_by_its_own_rules(copy: Path, specrun: Command, given: tuple[str, ...]) -> None:
    """With each target; nothing is worth more than a note."""
    files = [*map(str, sorted(Path("bases").iterdir())), *map(str, sorted(Path("jobs").iterdir())), ".specrun.yaml"]
    said = specrun("validate", "--strict", "-q", *given, *files)
    assert (said.code, said.out) == (0, ""), said


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_uses_what_is_pinned_and_says_what_it_may(file: Path) -> None:
    workflow: dict[Any, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    inputs = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["permissions"]["contents"] == "read"
        assert job["timeout-minutes"]
        for step in job["steps"]:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", step["uses"])
            if step["uses"].partition("@")[0].endswith("/specrun"):
                assert step["with"].keys() <= inputs.keys()
                assert step["with"]["mode"] in MODES


def test_all_workflows_use_one_specrun_and_the_actions_that_this_repository_uses() -> None:
    used = {use for file in WORKFLOWS for use in re.findall(r"uses: (\S+)", file.read_text(encoding="utf-8"))}
    ours = {use for use in used if "/specrun@" in use}
    assert len(ours) == 1
    release = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert all(use in release for use in used - ours)


def test_workflows_are_those_of_the_page_about_pull_requests() -> None:
    """But for how they are laid out, and for the time that they have at most."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGES.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    shown = [jobs_of(yaml.safe_load(block)) for block in blocks]
    for file in WORKFLOWS:
        assert jobs_of(yaml.safe_load(file.read_text(encoding="utf-8"))) in shown, file.name


def jobs_of(workflow: Any) -> Any:
    """What each job of a workflow is allowed, where, and what it does; None of what is no workflow of GitHub."""
    jobs = workflow.get("jobs") if isinstance(workflow, dict) else None
    if not isinstance(jobs, dict):
        return None
    return {
        name: (job["permissions"], job.get("environment"), [step.get("with", {}).get("mode") for step in job["steps"]])
        for name, job in jobs.items()
    }


def test_azure_pipelines_have_the_same_modes_from_the_template_of_this_repository() -> None:
    template = yaml.safe_load((ROOT / "action" / "azure-pipelines.yml").read_text(encoding="utf-8"))
    known = {one["name"] for one in template["parameters"]}
    pipeline = yaml.safe_load((EXAMPLE / "azure-pipelines.yml").read_text(encoding="utf-8"))
    modes = []
    for job in pipeline["jobs"]:
        (step,) = job["steps"] if "steps" in job else job["strategy"]["runOnce"]["deploy"]["steps"]
        assert step["template"] == "action/azure-pipelines.yml@specrun"
        assert step["parameters"].keys() <= known
        modes.append(step["parameters"]["mode"])
    assert modes == ["plan", "apply", "drift"]
    assert [one["repository"] for one in pipeline["resources"]["repositories"]] == ["specrun"]


def test_the_hook_is_one_of_this_repository() -> None:
    (used,) = yaml.safe_load((EXAMPLE / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    offered = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert {hook["id"] for hook in used["hooks"]} <= {hook["id"] for hook in offered}


def test_rules_prices_and_workflows_are_owned() -> None:
    owned = (EXAMPLE / ".github" / "CODEOWNERS").read_text(encoding="utf-8")
    for path in ("/.specrun.yaml", "/prices.yaml", "/.github/"):
        assert re.search(rf"^{re.escape(path)} +@\S+/leads$", owned, re.MULTILINE)
        assert (EXAMPLE / path.strip("/")).exists()


def test_each_file_is_told_on_the_page() -> None:
    tree = (EXAMPLE / "README.md").read_text(encoding="utf-8").partition("```text\n")[2].partition("```")[0]
    told = {line.split("  ")[0] for line in tree.splitlines()}
    files = {path.relative_to(EXAMPLE).as_posix() for path in EXAMPLE.rglob("*") if path.is_file()}
    whole = (".github/workflows/", "src/", "data/")
    lost = {file for file in files - told if not file.startswith(whole) and file not in ("README.md", ".gitignore")}
    assert lost == set()
