"""`specrun import` as somebody types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

JOB = {
    "$schema": "https://raw.githubusercontent.com/Azure/BatchAI/master/schemas/2018-05-01/job.json",
    "properties": {
        "nodeCount": 1,
        "stdOutErrPathPrefix": "$AZ_BATCHAI_JOB_MOUNT_ROOT/logs",
        "customToolkitSettings": {"commandLine": "echo hello"},
        "containerSettings": {"imageSourceRegistry": {"image": "python:3.11"}},
    },
}
CLUSTER = {
    "properties": {
        "vmSize": "STANDARD_D2_V2",
        "scaleSettings": {"manual": {"targetNodeCount": 2}},
        "userAccountSettings": {"adminUserName": "me", "adminUserPassword": "hush-hush-1"},
    }
}


def write(name: str, values: object) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(json.dumps(values), encoding="utf-8")
    return name


def test_the_spec_goes_to_standard_output_and_the_report_beside_it(specrun: Any) -> None:
    said = specrun("import", "batchai", write("hello.json", JOB))
    assert said.code == 0
    assert "apiVersion: specrun/v1\nname: hello\n" in said.out
    assert "command: echo hello" in said.out
    assert "hello.json: " in said.err
    assert "  - properties.stdOutErrPathPrefix" in said.err


def test_what_is_written_is_valid_and_nothing_is_overwritten(specrun: Any) -> None:
    job, cluster = write("hello.json", JOB), write("big.json", CLUSTER)
    call = ("import", "batchai", job, "--cluster", cluster, "--out", "spec/job.yaml", "--name", "mine")
    assert specrun(*call).code == 0
    assert specrun("validate", "spec/job.yaml").code == 0
    text = Path("spec/job.yaml").read_text()
    assert "name: mine\n" in text
    assert "size: STANDARD_D2_V2" in text
    assert "hush-hush-1" not in text
    again = specrun(*call)
    assert (again.code, "spec/job.yaml exists already: say --force" in again.err) == (1, True)
    assert specrun(*call, "--force").code == 0


def test_a_folder_becomes_a_spec_for_each_file_and_the_bad_ones_are_named(specrun: Any) -> None:
    write("old/jobs/one.json", JOB)
    write("old/jobs/two.json", JOB)
    write("old/big.json", CLUSTER)
    Path("old/broken.json").write_text("{\n  'a': 1\n}")
    write("old/notes.json", {"nothing": "of Batch AI"})
    said = specrun("import", "batchai", "old", "--out-dir", "new", "-o", "json")
    assert said.code == 65
    assert "old/broken.json:2:3: it is not JSON" in said.err
    assert "old/notes.json" in said.err
    assert sorted(path.name for path in Path("new").glob("*.yaml")) == ["big.yaml", "one.yaml", "two.yaml"]
    fields = {(entry["file"], entry["field"]) for entry in json.loads(said.out)}
    assert ("old/jobs/one.json", "properties.nodeCount") in fields


def test_several_specs_need_a_folder(specrun: Any) -> None:
    said = specrun("import", "batchai", write("one.json", JOB), write("two.json", JOB))
    assert said.code == 64
    assert "these are 2 specs (one, two): write them into a folder with --out-dir DIR" in said.err
    said = specrun("import", "batchai", "one.json", "--out", "a.yaml", "--out-dir", "b")
    assert said.code == 64


def test_a_workspace_comes_from_its_config_file(specrun: Any) -> None:
    at = {
        "workspace_name": "ml-ws",
        "resource_group": "ml-rg",
        "subscription_id": "1" * 8 + "-1111-1111-1111-" + "1" * 12,
    }
    job = write("hello.json", JOB)
    said = specrun("import", "batchai", job, "--workspace", write("config.json", at))
    assert "resource_group: ml-rg" in said.out
    said = specrun("import", "batchai", job, "--workspace", write("bad.json", {}))
    assert (said.code, "bad.json lacks" in said.err) == (65, True)


def test_a_report_as_markdown(specrun: Any) -> None:
    said = specrun("import", "batchai", write("hello.json", JOB), "--out", "job.yaml", "-o", "markdown")
    assert said.out.startswith("### hello.json\n")
    assert "| `properties.nodeCount` |" in said.out


@pytest.mark.parametrize("verb", ["batchai", "runconfig", "azureml", "script"])
def test_a_file_that_is_not_there(specrun: Any, verb: str) -> None:
    said = specrun("import", verb, "nowhere.json")
    assert said.code == 65
    assert "nowhere.json: it cannot be read: No such file or directory" in said.err


V2 = "command: python train.py\ncode: src\nenvironment: {image: python:3.11}\n"
AT = {"workspace_name": "ml-ws", "resource_group": "ml-rg", "subscription_id": "1" * 8 + "-1111-1111-1111-" + "1" * 12}


def test_what_validate_would_say_stands_in_the_report_with_the_line(specrun: Any) -> None:
    Path("job.yml").write_text(V2)
    said = specrun("import", "azureml", "job.yml", "--out", "spec.yaml", "-o", "json")
    asked = {entry["to"]: entry for entry in json.loads(said.out) if entry["verdict"] == "needs you"}
    assert (said.code, sorted(asked)) == (0, ["job.code", "workspace"])
    assert (asked["job.code"]["field"], asked["job.code"]["place"]) == ("code", "line 2")
    assert asked["workspace"]["flag"] == "--workspace CONFIG.json"


def test_the_last_words_say_how_much_is_left_and_what_says_so(specrun: Any) -> None:
    Path("job.yml").write_text(V2)
    said = specrun("import", "azureml", "job.yml", "--out", "my specs/spec.yaml")
    assert said.err.splitlines()[-2:] == [
        "2 things need you, each with a ! above. Settle them; this says what is left:",
        "  specrun validate 'my specs/spec.yaml' --engine azureml",
    ]
    assert specrun("import", "azureml", "job.yml", "--out", "spec.yaml", "-q").err == ""

    given = ("import", "azureml", "job.yml", "--workspace", write("config.json", AT))
    said = specrun(*given)
    assert "1 thing needs you" in said.err
    assert "Write the spec to a file with --out, and settle it" in " ".join(said.err.split())
    Path("src").mkdir()
    Path("src/train.py").touch()
    said = specrun(*given, "--out", "right.yaml")
    assert "needs you" not in said.err
    assert specrun("validate", "right.yaml", "--engine", "azureml").code == 0


def test_another_engine_judges(specrun: Any) -> None:
    Path("job.yml").write_text(V2.replace("code: src\n", ""))
    given = ("import", "azureml", "job.yml", "--workspace", write("config.json", AT))
    assert "needs you" not in specrun(*given).err
    said = specrun(*given, "--engine", "azureml-v1")
    assert "! command → job" in said.err
    assert "specrun validate job.yaml --engine azureml-v1" in said.err
    assert "! environment.image → job.environment.image" in specrun(*given, "--engine", "local").err
    said = specrun(*given, "--engine", "azurml", "--out", "spec.yaml")
    assert (said.code, Path("spec.yaml").exists()) == (64, False)
    assert "Did you mean `azureml`?" in said.err


def test_no_export_writes_what_is_open(specrun: Any) -> None:
    Path("job.yaml").write_text("apiVersion: specrun/v1\nname: one\ncompute: TODO\njob: {command: ls}\n")
    for kind in ("azureml", "tfjob"):
        said = specrun("export", kind, "job.yaml", "--out", "made.yml")
        assert (said.code, said.out) == (65, "")
        assert "job.yaml:3:10: error[open-todo]" in said.err
    assert not Path("made.yml").exists()


def test_a_report_for_programs_is_read_whatever_a_field_is_called(specrun: Any) -> None:
    fields = {"environment": {"docker": {"baseImage": "a"}}, "script": "a.py", "amlCompute": {"--api-key": 1}}
    said = specrun("import", "runconfig", write("a.runconfig", fields), "--out", "a.yaml", "-o", "json")
    (found,) = [entry for entry in json.loads(said.out) if "--api-key" in entry["path"]]
    assert (found["verdict"], found["path"][0]) == ("dropped", "amlCompute")


def test_a_report_for_programs_is_read_whatever_is_quoted_in_it(specrun: Any) -> None:
    share = {"azureFileUrl": "credentials://<ACCOUNT>.file.core.windows.net/a", "relativeMountPath": "a"}
    job = {"properties": {**JOB["properties"], "mountVolumes": {"azureFileShares": [share]}}}
    said = specrun("import", "batchai", write("hello.json", job), "--out", "a.yaml", "-o", "json")
    assert all(entry["verdict"] for entry in json.loads(said.out))
