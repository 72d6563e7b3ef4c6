"""Which engine a command line goes to, and what it must know before it is asked anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from specrun.engines.azure.credentials import SignIn
from specrun.engines.azure.sources import CredentialSource
from specrun.engines.base import Denied
from tests.engine_double import write_spec

JOB = "name: job\njob: {command: ls}\n"
SUBSCRIPTION = "12345678-1234-1234-1234-123456789abc"


def spec(text: str = JOB, file: str = "job.yaml") -> Path:
    return write_spec(Path.cwd(), text, file)


def in_workspace(name: str, spec_name: str = "job") -> str:
    return (
        f"name: {spec_name}\nworkspace: {{name: {name}, resource_group: rg, subscription_id: {SUBSCRIPTION}}}\n"
        "compute: cluster\njob: {command: ls}\n"
    )


def test_engines(specrun: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    spec()
    said = specrun("plan", "--engine", "abacus")
    assert said.code == 64
    assert "no engine `abacus` (it has: local, azureml, azureml-v1)" in said.err
    monkeypatch.setenv("SPECRUN_ENGINE", "sundial")
    assert "no engine `sundial`" in specrun("plan").err
    assert specrun("plan", "--engine", "local").code == 0
    monkeypatch.delenv("SPECRUN_ENGINE")
    workspace = "workspace: {name: wsp, resource_group: rg, subscription_id: 12345678-1234-1234-1234-123456789abc}\n"
    spec(JOB + workspace)
    assert "warning[local-by-default]" in specrun("plan").err
    assert "local-by-default" not in specrun("plan", "--engine", "local").err


@pytest.mark.parametrize("text", ["engine: [azureml]\n" + JOB, "engine: {a: b}\n" + JOB, "engine: 7\n" + JOB])
def test_an_engine_that_is_no_name_is_65(specrun: Any, text: str) -> None:
    spec(text)
    assert specrun("plan").code == 65


@pytest.mark.parametrize("text", ["- a\n- b\n", "", "text", "a: b: c", "\tx", "&a [*a]"])
def test_what_is_no_spec_at_all_is_65_for_every_verb(specrun: Any, text: str) -> None:
    Path("job.yaml").write_text(text)
    for verb in ("validate", "plan", "apply", "status", "graph"):
        said = specrun(verb)
        assert (said.code, "Traceback" in said.err) == (65, False)


@pytest.mark.parametrize("engine", ["azureml", "azureml-v1"])
def test_validate_says_what_the_chosen_engine_cannot_do(specrun: Any, engine: str) -> None:
    spec()
    assert specrun("validate").code == 0
    said = specrun("validate", "--engine", engine)
    assert said.code == 65
    assert "error[needs-workspace]" in said.out
    spec(in_workspace("wsp"))
    assert specrun("validate", "--engine", engine).code == 0
    spec(JOB.replace("ls", "ls, environment: {image: python}"))
    said = specrun("validate", "--engine", "local")
    assert (said.code, "error[not-on-this-machine]" in said.out) == (65, True)


def test_specs_of_several_workspaces_are_validated_and_planned_together(
    specrun: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each workspace is a place of its own; that there is nothing to sign in with is said once for both."""
    no_credentials(monkeypatch)
    spec(in_workspace("one"))
    spec(in_workspace("two", "other"), "other.yaml")
    both = ("job.yaml", "other.yaml", "--engine", "azureml-v1")
    assert specrun("validate", *both).code == 0
    said = specrun("plan", *both)
    assert said.code == 1
    assert "error: workspace one (engine azureml-v1) and workspace two (engine azureml-v1): " in said.err


def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "IDENTITY_ENDPOINT", "MSI_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "")


@pytest.mark.parametrize("engine", ["azureml", "azureml-v1"])
def test_nothing_to_sign_in_with_is_said_before_anything_is_asked(
    specrun: Any, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    no_credentials(monkeypatch)
    spec(in_workspace("wsp"))
    for verb in ("plan", "status"):
        said = specrun(verb, "--engine", engine)
        assert (said.code, "there is nothing to sign in to Azure with" in said.err) == (1, True)
        assert "az login" in said.err


@pytest.mark.parametrize("engine", ["azureml", "azureml-v1"])
def test_a_code_to_be_entered_is_waited_for_before_anything_else(
    specrun: Any, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """A person may take a quarter of an hour; a call to a service may not."""

    def refuse(options: Any) -> Any:
        raise Denied("nobody entered the code")

    source = CredentialSource("device", "a code", "login.example", refuse)
    monkeypatch.setattr("specrun.engines.azure.connection.sign_in", lambda: SignIn(source))
    spec(in_workspace("wsp"))
    for verb in ("plan", "runs"):
        said = specrun(verb, "--engine", engine)
        assert (said.code, said.err) == (1, "error: nobody entered the code\n")
