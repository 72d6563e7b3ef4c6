"""`specrun import live`: on this machine, and which workspace is meant."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from specrun.cli.exit_codes import INVALID_SPEC, WRONG_USAGE, Exit
from specrun.cli.places import Said, meant

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
ID = "/subscriptions/{}/resourceGroups/ml-rg/providers/Microsoft.MachineLearningServices/workspaces/{}"
CLUSTER = """\
apiVersion: specrun/v1
name: platform
compute:
  name: gpu-cluster
  size: STANDARD_D2_V2
  max_instances: 2
  tags: {team: vision, "no: pe": "007"}
  ssh_settings: {admin_username: me, admin_password: "${{ secrets.PW }}"}
datastores:
  lake:
    type: azure_data_lake_gen2
    account_name: mlstore
    filesystem: training
    credentials: {tenant_id: a-tenant, client_id: a-client, client_secret: "${{ secrets.LAKE }}"}
"""


def spec(workspace: str, more: str = "") -> str:
    return f"apiVersion: specrun/v1\nname: job\ncompute: gpu\nworkspace: {workspace}\n{more}"


def named(name: str) -> str:
    return f"{{name: {name}, resource_group: ml-rg, subscription_id: {SUBSCRIPTION}}}"


def config(name: str, file: str = "config.json") -> None:
    values = {"workspace_name": name, "resource_group": "ml-rg", "subscription_id": SUBSCRIPTION}
    Path(file).parent.mkdir(exist_ok=True)
    Path(file).write_text(json.dumps(values))


def place(where: str | None = None, engine: str | None = None, **said: Any) -> tuple[str, str]:
    """Engine and workspace that are meant."""
    found, section = meant(where, Said(engine, **said))
    assert section is None or section["resource_group"] == "ml-rg"
    return found.engine, found.name


def test_a_record_of_this_machine_becomes_a_spec_and_its_plan_is_empty(
    specrun: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("job.yaml").write_text(CLUSTER)
    monkeypatch.setenv("PW", "hush-hush-1")
    monkeypatch.setenv("LAKE", "hush-hush-2")
    assert specrun("apply", "job.yaml").code == 0
    said = specrun("import", "live", "compute/gpu-cluster", "datastore/lake", "--out", "live.yaml")
    assert said.code == 0, said.err
    text = Path("live.yaml").read_text()
    assert text.startswith("apiVersion: specrun/v1\nname: gpu-cluster\nengine: local\n")
    assert "hush" not in text
    assert "    # a secret: set PW where specrun runs\n    admin_password: ${{ secrets.PW }}\n" in text
    assert "client_id: a-client" in text
    plan = specrun("plan", "live.yaml", "--exit-code")
    assert (plan.code, plan.out.count("as declared")) == (0, 2), plan
    assert specrun("import", "live", "compute/gpu-cluster", "--out", "live.yaml").code == 1  # it is there


def test_what_is_not_here_is_told_with_what_is(specrun: Any) -> None:
    Path("job.yaml").write_text(CLUSTER)
    nothing = specrun("import", "live", "compute/gpu-cluster")
    assert (nothing.code, "no compute gpu-cluster on this machine, and no other compute" in nothing.err) == (1, True)
    assert specrun("apply", "job.yaml", "--only", "kind:compute").code == 0
    said = specrun("import", "live", "compute/gpu-clustre")
    assert "There is gpu-cluster. Did you mean `compute/gpu-cluster`?" in said.err


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        ("gpu", "wants compute/NAME or datastore/NAME, not `gpu`"),
        ("cluster/gpu", "Did you mean `compute/gpu`?"),
        ("data/mnist", "not `data/mnist`"),
        ("compute/../gpu", "a spec cannot declare a compute of that name"),
        ("datastore/a-b", "letters, digits and underscores"),
        ("job.yaml", "wants compute/NAME or datastore/NAME."),
    ],
)
def test_what_is_no_cluster_or_datastore_is_wrong_usage(specrun: Any, thing: str, words: str) -> None:
    said = specrun("import", "live", thing)
    assert (said.code, words in said.err) == (64, True), said.err


def test_the_workspace_is_said(specrun: Any) -> None:
    config("one", "spaces/config.json")
    Path("two.yaml").write_text(spec(named("two")))
    Path("base.yaml").write_text("abstract: true\nworkspace: {from_config: spaces/config.json}\n")
    assert place("spaces/config.json") == ("azureml", "one")
    assert place("spaces/config.json", "azureml-v1") == ("azureml-v1", "one")
    assert place(ID.format(SUBSCRIPTION, "three") + "/") == ("azureml", "three")
    assert place("two.yaml") == ("azureml", "two")
    assert place("base.yaml", "azureml-v1") == ("azureml-v1", "one")


def test_the_workspace_is_that_of_the_specs_here(capsys: pytest.CaptureFixture[str]) -> None:
    config("of-config", ".azureml/config.json")
    assert place(engine="azureml") == ("azureml", "of-config")
    Path("job.yaml").write_text(spec(named("${{ vars.space }}"), "vars: {space: of-spec}\nengine: azureml\n"))
    assert place() == ("azureml", "of-spec")
    assert place(variables={"space": "typed"}) == ("azureml", "typed")
    assert "using workspace typed of job.yaml" in capsys.readouterr().err
    assert place(engine="local") == ("local", "")
    Path("job.yaml").write_text(spec(named("of-spec")))
    assert place() == ("local", "")  # as a plan of it would go
    assert "looking on this machine" in capsys.readouterr().err
    Path("job.yaml").unlink()
    Path("mixed").mkdir()
    Path("mixed/a.yaml").write_text(spec(named("of-mixed"), "engine: azureml\n"))
    Path("mixed/b.yaml").write_text(spec(named("of-mixed"), "engine: local\n"))
    Path(".specrun.yaml").write_text("specs: [mixed]\n")
    assert place() == ("local", "")
    assert place(engine="azureml-v1") == ("azureml-v1", "of-mixed")
    Path("specs").mkdir()
    for name in "ab":
        Path(f"specs/{name}.yaml").write_text(spec(named("of-list"), "engine: azureml\n"))
    Path(".specrun.yaml").write_text("specs: [specs]\n")
    assert place() == ("azureml", "of-list")


def test_the_workspace_is_that_of_all_specs_of_the_repository(capsys: pytest.CaptureFixture[str]) -> None:
    Path(".git").mkdir()
    Path("deep/er").mkdir(parents=True)
    Path("base.yaml").write_text(f"apiVersion: specrun/v1\nabstract: true\nworkspace: {named('of-base')}\n")
    for name in ("a.yaml", "deep/b.yaml"):
        up = "../" * name.count("/")
        Path(name).write_text(f"apiVersion: specrun/v1\nname: x\nextends: {up}base.yaml\nengine: azureml\ncompute: x\n")
    os.chdir("deep/er")
    assert place() == ("azureml", "of-base")
    assert "using workspace of-base of 2 specs" in capsys.readouterr().err
    config("of-config", "../config.json")
    assert place(engine="azureml") == ("azureml", "of-config")


def test_a_file_says_where_as_well_as_the_option(specrun: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from specrun.cli.live import sorted_out

    assert sorted_out(["compute/gpu", "specs/a.yaml"], None) == ([("compute", "gpu")], "specs/a.yaml")
    assert sorted_out(["compute/gpu"], "config.json") == ([("compute", "gpu")], "config.json")
    said = specrun("import", "live", "compute/gpu", "a.yaml", "--workspace", "b.yaml")
    assert (said.code, "looks into one workspace" in said.err) == (64, True)


def test_one_target_of_several_is_said() -> None:
    targets = f"targets: {{dev: {{workspace: {named('dev')}}}, prod: {{workspace: {named('prod')}}}}}\n"
    Path("job.yaml").write_text(f"apiVersion: specrun/v1\nname: job\nengine: azureml\ncompute: gpu\n{targets}")
    with pytest.raises(Exit, match=r"several places \(workspace dev.*workspace prod.*--target") as caught:
        place()
    assert caught.value.code == WRONG_USAGE
    assert place(target="prod") == ("azureml", "prod")


@pytest.mark.parametrize(
    ("where", "code", "words"),
    [
        (None, WRONG_USAGE, "which workspace is meant"),
        ("none.json", INVALID_SPEC, "none.json cannot be read"),
        ("none.yaml", INVALID_SPEC, ""),
        ("bare.yaml", INVALID_SPEC, "bare.yaml names no workspace"),
        ("unset.yaml", INVALID_SPEC, "workspace.name is `${{ env.NOT_SET }}`, which is not set"),
    ],
)
def test_a_workspace_that_cannot_be_told(where: str | None, code: int, words: str) -> None:
    if where is not None:
        Path("bare.yaml").write_text("apiVersion: specrun/v1\nname: job\ncompute: gpu\n")
        Path("unset.yaml").write_text(spec(named('"${{ env.NOT_SET }}"')))
    with pytest.raises(Exit) as caught:
        place(where, "azureml")
    assert (caught.value.code, words in str(caught.value)) == (code, True), str(caught.value)
