"""`specrun export`, and what `specrun doctor` says of signing in to Azure."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.engine_double import write_spec

SUBSCRIPTION = "44444444-4444-4444-4444-444444444444"
WORKSPACE = "workspace: {name: ml-ws, resource_group: ml-rg, subscription_id: %s}\n"
JOB = "name: job\njob: {command: ls}\n"
EXPECTED = {"workspace_name": "ml-ws", "resource_group": "ml-rg", "subscription_id": SUBSCRIPTION}


def spec(workspace: str, file: str = "job.yaml") -> Path:
    return write_spec(Path.cwd(), JOB + workspace, file)


def test_the_workspace_as_a_config(specrun: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUB", SUBSCRIPTION)
    monkeypatch.setenv("SPECRUN_ENGINE", "local")  # which would not mind what the workspace lacks
    spec(WORKSPACE % '"${{ env.SUB }}"')
    said = specrun("export", "config")
    assert (said.code, said.err) == (0, "")
    assert json.loads(said.out) == EXPECTED
    monkeypatch.delenv("SUB")
    assert specrun("export", "config").code == 65


def test_it_goes_to_a_file(specrun: Any) -> None:
    spec(WORKSPACE % SUBSCRIPTION)
    Path("config.json").write_text("older")
    said = specrun("export", "config", "--out", "config.json")
    assert (said.code, said.out, said.err) == (0, "", "")
    assert json.loads(Path("config.json").read_text()) == EXPECTED
    spec("workspace: {from_config: config.json}\n", "other.yaml")
    assert json.loads(specrun("export", "config", "other.yaml").out) == EXPECTED
    said = specrun("export", "config", "--out", "no/config.json")
    assert said.code == 1
    assert "no/config.json: No such file" in said.err


def test_a_location_is_not_needed_to_name_a_workspace(specrun: Any) -> None:
    spec((WORKSPACE % SUBSCRIPTION).replace("}", ", create: true}"))
    assert specrun("export", "config").code == 0


@pytest.mark.parametrize(
    ("workspace", "code"), [("", "needs-workspace"), ("workspace: {name: ml-ws}\n", "needs-coordinates")]
)
def test_a_spec_without_one(specrun: Any, workspace: str, code: str) -> None:
    spec(workspace)
    said = specrun("export", "config")
    assert (said.code, said.out) == (65, "")
    assert f"error[{code}]" in said.err


def test_several_specs_name_it_once(specrun: Any) -> None:
    spec("")
    spec(WORKSPACE % SUBSCRIPTION, "platform.yaml")
    said = specrun("export", "config", "job.yaml", "platform.yaml")
    assert json.loads(said.out) == EXPECTED
    spec((WORKSPACE % SUBSCRIPTION).replace("ml-ws", "other"), "third.yaml")
    assert specrun("export", "config", "platform.yaml", "third.yaml").code == 64


def test_what_there_is_to_export(specrun: Any) -> None:
    assert "config" in specrun("export", "--help").out
    assert specrun("export", "confg").code == 64
    assert specrun("export").code == 64


@pytest.fixture
def _no_azure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith(("AZURE", "ACTIONS_ID", "SYSTEM_", "IDENTITY_", "MSI_", "GITHUB_ACTIONS")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", str(tmp_path))


def sign_in_finding(specrun: Any) -> tuple[int, str, str]:
    said = specrun("doctor", "-o", "json")
    (finding,) = [finding for finding in json.loads(said.out) if finding["what"] == "Azure"]
    return said.code, finding["level"], finding["text"]


@pytest.mark.usefixtures("_no_azure")
def test_doctor_says_who_signs_in(specrun: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sign_in_finding(specrun)[:2] == (0, "note")
    monkeypatch.setenv("AZURE_CLIENT_ID", "12345678-0000")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "hush-hush")
    code, level, text = sign_in_finding(specrun)
    assert (code, level) == (1, "error")
    assert "AZURE_TENANT_ID is not set" in text
    monkeypatch.setenv("AZURE_TENANT_ID", "t")
    assert sign_in_finding(specrun) == (
        0,
        "ok",
        "signs in with service principal 12345678… from AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, for azureml and "
        "azureml-v1",
    )


def test_doctor_without_the_sdk(specrun: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from specrun.cli import doctor

    def nothing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(doctor, "find_spec", lambda name: nothing(name) if "." in name else object())
    assert sign_in_finding(specrun)[1:] == (
        "ok",
        "its SDK is not in this Python: `pip install 'specrun[azureml]'` when wanted",
    )
