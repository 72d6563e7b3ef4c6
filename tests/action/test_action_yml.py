"""action.yml: what it runs is of this repository, or pinned, and nothing that a stranger writes is in a script."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from action import install
from action.inputs import ENGINES, MODES, inputs
from action.service import Refusal
from release.version import UNKNOWN, version

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = ACTION["runs"]["steps"]


def test_it_is_composite_and_others_are_pinned() -> None:
    assert ACTION["runs"]["using"] == "composite"
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", one) for one in used)
    pinned = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    assert all(one in pinned for one in used)


def test_no_script_has_an_expression_in_it() -> None:
    scripts = [step["run"] for step in STEPS if "run" in step]
    assert len(scripts) == 2
    for script in scripts:
        assert "${{" not in script
        assert script.startswith("exec ")
        assert " -I " in script
        bare = re.sub(r'"[^"]*"', "", script)
        assert "$" not in bare


def test_each_input_reaches_the_scripts_and_each_output_comes_from_them() -> None:
    handed = "".join(
        str(value) for step in STEPS for value in (*step.get("env", {}).values(), *step.get("with", {}).values())
    )
    assert {name for name in ACTION["inputs"] if f"inputs.{name} " not in handed} == set()
    read = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "action").glob("*.py"))
    assert {name for name in ACTION["outputs"] if f'"{name}"' not in read} == set()
    for name in STEPS[1]["env"]:
        assert (
            name.removeprefix("INPUT_").lower().replace("_", "-") in read
            or f'"{name}"' in read
            or name == "SPECRUN_PYTHON"
        )


def test_nothing_but_the_standard_library_is_imported() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "action").glob("*.py"))
    found = set(re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE))
    assert found - set(sys.stdlib_module_names) == {"action"}


def test_a_checkout_has_no_say_in_what_is_imported(tmp_path: Path) -> None:
    for name in ("json.py", "action.py", "sitecustomize.py"):
        (tmp_path / name).write_text("raise SystemExit(99)")
    command = [sys.executable, "-I", str(ROOT / "action"), "guess"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 64, done.stderr
    assert done.stdout == "::error title=specrun::`mode` is one of validate, plan, apply, drift, not `guess`\n"


def test_all_that_is_wrong_with_the_inputs_is_said_at_once() -> None:
    said = {"INPUT_ENGINE": "azure", "INPUT_FILES": "a 'b", "INPUT_STRICT": "yes", "INPUT_COMMENT_KEY": "a -->"}
    with pytest.raises(Refusal) as refused:
        inputs(said, "plan")
    assert refused.value.code == 64
    for words in ("`engine` is one of", "`files` has a quote", "`strict` is true or false", "`comment-key` is a word"):
        assert words in str(refused.value)


def test_what_is_not_said_is_as_action_yml_says() -> None:
    said = {f"INPUT_{name.upper().replace('-', '_')}": one.get("default", "") for name, one in ACTION["inputs"].items()}
    for mode in MODES:
        assert inputs(said, mode) == inputs({}, mode)
    assert set(ENGINES) - {""} == set(install.REQUIREMENTS) - {"none"}


def test_a_key_is_the_target_unless_it_is_said() -> None:
    assert inputs({"INPUT_TARGET": "prod"}, "plan").artifact == "specrun-plan-prod"
    assert inputs({"INPUT_TARGET": "prod", "INPUT_COMMENT_KEY": "x"}, "plan").artifact == "specrun-plan-x"
    assert inputs({"INPUT_TARGET": "a target"}, "plan").artifact == "specrun-plan"


NEEDS = {"validate": {}, "plan": {"pull-requests"}, "apply": {"actions", "pull-requests"}, "drift": {"issues"}}
"""What a job of a mode has to be allowed, beside reading the code."""


def documented() -> Iterator[tuple[str, Any]]:
    """Workflows that use the action, in documents and in the repository to copy."""
    for page in sorted((ROOT / "docs").rglob("*.md")):
        for number, text in enumerate(re.findall(r"^```yaml\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S), 1):
            if "/specrun@" in text and "uses: OUR-TEAM" in text and "jobs:" in text:
                yield f"{page.name}, block {number}", yaml.safe_load(text)
    for file in sorted((ROOT / "docs").glob("*/.github/workflows/*.yml")):
        yield file.relative_to(ROOT).as_posix(), yaml.safe_load(file.read_text(encoding="utf-8"))


DOCUMENTED = dict(documented())


@pytest.mark.parametrize("where", DOCUMENTED)
def test_workflows_that_are_shown_say_what_the_action_knows(where: str) -> None:
    flow = DOCUMENTED[where]
    for job in flow["jobs"].values():
        may = job.get("permissions", flow["permissions"])
        by_hand = "workflow_dispatch" in str(flow.get("on", flow.get(True)))  # YAML 1.1 has `on` for true
        for step in job["steps"]:
            name, _, at = step["uses"].partition("@")
            if name.rpartition("/")[2] != "specrun":
                assert re.fullmatch("[0-9a-f]{40}", at), step
                continue
            said = step["with"]
            assert said.keys() <= ACTION["inputs"].keys()
            assert ("client-id" in said) <= (may.get("id-token") == "write")
            for one in NEEDS[said["mode"]] if not by_hand or said["mode"] == "drift" else ():
                assert may.get(one) in ("read", "write"), (where, one)
        if any(step.get("with", {}).get("mode") == "plan" for step in job["steps"]):
            assert "fetch-depth" in str(job["steps"])


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What would be run to install."""
    found: list[list[str]] = []

    def run(command: tuple[str, ...], **_: Any) -> subprocess.CompletedProcess[str]:
        found.append([*command])
        if "venv" in command:
            Path(command[-1]).mkdir(parents=True)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(install.subprocess, "run", run)
    return found


@pytest.mark.parametrize(
    ("said", "trusted", "file"),
    [
        ({}, True, "demo"),
        ({"INPUT_ENGINE": "local"}, True, "demo"),
        ({"INPUT_ENGINE": "azureml"}, True, "azureml"),
        ({"SPECRUN_ENGINE": "azureml-v1"}, True, "azureml-v1"),
        ({"INPUT_INSTALL": "azureml", "INPUT_ENGINE": "local"}, True, "azureml"),
        ({"INPUT_ENGINE": "azureml"}, False, "demo"),
    ],
)
def test_what_is_installed_is_what_the_engine_needs(
    tmp_path: Path, ran: list[list[str]], said: dict[str, str], trusted: bool, file: str
) -> None:
    environment = {"RUNNER_TEMP": str(tmp_path), **said}
    python = install.install(environment, trusted=trusted)
    assert python.is_relative_to(tmp_path)
    requirements = Path(ran[1][-1])
    assert requirements.name == f"{file}.txt"
    lines = requirements.read_text(encoding="utf-8")
    assert "hatchling==" in lines
    assert ("azure-ai-ml==" in lines) == (file == "azureml")
    assert "pytest" not in lines
    assert "--require-hashes" in ran[1]
    assert "--no-build-isolation" in ran[2]
    assert install.install(environment, trusted=trusted) == python
    assert len(ran) == 3


def test_what_cannot_be_installed_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1))
    with pytest.raises(Refusal, match=r"cannot make an environment .* actions/setup-python"):
        install.install({"RUNNER_TEMP": str(tmp_path)}, trusted=True)


def test_a_tree_without_history_has_a_version(tmp_path: Path) -> None:
    assert version(tmp_path) == UNKNOWN
