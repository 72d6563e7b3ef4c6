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


CLUSTER = "compute: {name: cpu-cluster, size: STANDARD_DS3_V2, max_instances: 2}\n"
TENSORFLOW = JOB.replace("ls", "ls, distribution: {type: tensorflow}")


def test_a_job_for_az(specrun: Any) -> None:
    write_spec(Path.cwd(), JOB)
    said = specrun("export", "azureml")
    assert said.code == 0
    assert said.out.startswith("# From job.yaml, by specrun export: az ml job create -f job.yml\n$schema: ")
    assert "note[serverless-size-left-out]" in said.err
    assert specrun("export", "azureml", "--out", "made.yml").out == ""
    assert Path("made.yml").read_text() == said.out


@pytest.mark.parametrize("environment", ["version: '1.4'", "version: '2.13'", ""])
def test_an_environment_that_nobody_can_build_any_more_is_not_written(specrun: Any, environment: str) -> None:
    said_of = f"framework: tensorflow, {environment}".rstrip(", ")
    gpu = "compute: {name: gpu-cluster, size: STANDARD_NC4AS_T4_V3, max_instances: 2}\n"
    write_spec(Path.cwd(), JOB.replace("ls", f"ls, environment: {{{said_of}}}") + gpu)
    said = specrun("export", "azureml", "--out-dir", "made")
    assert (said.code, said.out, Path("made").exists()) == (65, "", False)
    assert "error[unknown-framework-version]" in said.err
    assert specrun("export", "azureml", "--environment", "current", "--out-dir", "made").code == 0


def test_several_files_need_a_folder(specrun: Any) -> None:
    write_spec(Path.cwd(), JOB + CLUSTER + WORKSPACE % '"${{ env.SPECRUN_UNSET }}"')
    said = specrun("export", "azureml")
    assert (said.code, said.out) == (64, "")
    assert "these are 2 files (compute.yml, job.yml)" in said.err
    assert "--out-dir DIR" in said.err
    assert specrun("export", "azureml", "--out", "x.yml").code == 64
    assert specrun("export", "azureml", "--out", "x.yml", "--out-dir", "made").code == 64
    assert not Path("made").exists()
    said = specrun("export", "azureml", "--out-dir", "made/here")
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "2 files in made/here, to be made in this order:\n"
        "  az ml compute create -f made/here/compute.yml -g ml-rg -w ml-ws\n"
        "  az ml job create -f made/here/job.yml -g ml-rg -w ml-ws\n"
    )
    assert sorted(path.name for path in Path("made/here").iterdir()) == ["compute.yml", "job.yml"]


def test_each_of_several_specs_has_a_folder(specrun: Any) -> None:
    write_spec(Path.cwd(), JOB)
    write_spec(Path.cwd(), "name: platform\n" + CLUSTER, "platform.yaml")
    said = specrun("export", "azureml", "job.yaml", "platform.yaml", "--out-dir", "made")
    assert said.code == 0
    assert said.out.splitlines()[1:] == [
        "  az ml job create -f made/job/job.yml",
        "  az ml compute create -f made/platform/compute.yml",
    ]


def test_paths_in_a_file_are_from_where_it_is(specrun: Any) -> None:
    write_spec(Path("specs"), JOB.replace("command", "code: src, command"), specs="", src__a="")
    assert "code: ./specs/src\n" in specrun("export", "azureml", "specs/job.yaml").out
    specrun("export", "azureml", "specs/job.yaml", "--out-dir", "made")
    assert "code: ../specs/src\n" in Path("made/job.yml").read_text()


def test_the_spec_itself_is_spared(specrun: Any) -> None:
    file = write_spec(Path.cwd(), TENSORFLOW, "job.yml")
    before = file.read_text()
    said = specrun("export", "azureml", "job.yml", "--out-dir", ".")
    assert (said.code, file.read_text()) == (64, before)
    assert "job.yml is the spec itself" in said.err
    for verb in ("azureml", "tfjob"):
        assert specrun("export", verb, "job.yml", "--out", "./job.yml").code == 64
    assert file.read_text() == before


def test_what_is_needed_for_a_file_must_be_there(specrun: Any) -> None:
    write_spec(Path.cwd(), JOB + CLUSTER.replace("2}", "2, description: '${{ env.SPECRUN_UNSET }}'}"))
    said = specrun("export", "azureml", "--out-dir", "made")
    assert (said.code, Path("made").exists()) == (65, False)
    assert "error[unset-env]" in said.err
    write_spec(Path.cwd(), "name: job\ncompute: theirs\n")
    said = specrun("export", "azureml")
    assert (said.code, said.out) == (65, "")
    assert "nothing to write" in said.err
    assert specrun("export", "azureml", "--engine", "local").code == 64


LOSSES = """
compute: {name: cpu-cluster, size: STANDARD_DS3_V2, max_instances: 2, idle_time_before_scale_down: 0,
  ssh_settings: {admin_username: me, admin_password: "${{ secrets.A }}"}}
datastores: {sets: {type: azure_blob, account_name: abc,
  container_name: bcd, credentials: {account_key: "${{ secrets.B }}"}}}
data: {digits: {path: data}}
job:
  command: ls
  limits: {max_attempts: 3}
  identity: {type: managed, resource_id: /subscriptions/s/x}
  environment: {pip: ["--index-url https://me:hush-hush@example.org/simple", numpy]}
  environment_variables: {KEY: "${{ secrets.C }}"}
"""


def test_what_az_does_not_do_is_said(specrun: Any) -> None:
    write_spec(Path.cwd(), f"name: job{LOSSES}", data__a="")
    said = specrun("export", "azureml", "--out-dir", "made")
    told = [line for line in said.err.splitlines() if "note[not-in-azureml]" in line]
    assert sorted(int(line.split(":")[1]) for line in told) == [3, 4, 6, 7, 10, 11, 12, 13]
    assert "limits.max_attempts 3" in said.err
    assert "hush-hush" not in f"{said.err}{[path.read_text() for path in Path('made').iterdir()]}"


def test_a_variable_is_replaced(specrun: Any) -> None:
    write_spec(Path.cwd(), "name: job\nvars: {steps: 1}\njob: {command: 'echo ${{ vars.steps }}'}\n")
    assert "command: echo 7\n" in specrun("export", "azureml", "--var", "steps=7").out


def test_a_job_for_kubernetes(specrun: Any) -> None:
    write_spec(Path.cwd(), TENSORFLOW + "compute: theirs\n")
    said = specrun("export", "tfjob")
    assert said.code == 0
    assert "kind: TFJob\n" in said.out
    assert "job.yaml:4:1: note[not-in-tfjob]" in said.err
    assert specrun("export", "tfjob", "--out", "tfjob.yml").out == ""
    assert Path("tfjob.yml").read_text() == said.out
    write_spec(Path.cwd(), TENSORFLOW.replace("job\n", "other\n"), "other.yaml")
    said = specrun("export", "tfjob", "job.yaml", "other.yaml")
    assert said.out.count("kind: TFJob\n") == 2
    assert said.out.count("\n---\n") == 1


def test_a_job_that_is_none_for_kubernetes(specrun: Any) -> None:
    write_spec(Path.cwd(), JOB.replace("ls", "ls, distribution: {type: pytorch}"))
    said = specrun("export", "tfjob", "--out", "tfjob.yml")
    assert (said.code, said.out, Path("tfjob.yml").exists()) == (65, "", False)
    assert "error[not-a-tfjob]" in said.err
    assert "PyTorchJob" in said.err


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
    from specrun.engines.installation import install_command

    def nothing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(doctor, "find_spec", lambda name: nothing(name) if "." in name else object())
    assert sign_in_finding(specrun)[1:] == (
        "ok",
        f"its SDK is not in this Python: `{install_command('azureml')}` when wanted",
    )


@pytest.mark.parametrize("form", ["azureml", "tfjob"])
@pytest.mark.parametrize(
    ("outputs", "code"), [("{f: {}}", "chain-loop"), ("{g: {}}", "unknown-run-output")], ids=["ring", "output"]
)
def test_no_pipeline_is_made_of_a_ring_nor_of_an_output_that_is_not_there(
    specrun: Any, form: str, outputs: str, code: str
) -> None:
    for name, upstream in (("a", "b"), ("b", "a" if code == "chain-loop" else "")):
        inputs = f"inputs: {{f: {{run: {upstream}, output: f}}}}, " if upstream else ""
        text = f"apiVersion: specrun/v1\nname: {name}\njob: {{command: ls, {inputs}outputs: {outputs}}}\n"
        Path(f"{name}.yaml").write_text(text)
    said = specrun("export", form, "a.yaml", "b.yaml")
    assert said.code == 65
    assert said.out == ""
    assert f"error[{code}]" in said.err
