"""`specrun import FILE…` without a kind: each file is looked at, and it is told what it is taken for."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

JOB = {"$schema": "https://azuremlschemas.azureedge.net/latest/commandJob.schema.json", "command": "echo hello"}
CLUSTER = {"type": "amlcompute", "name": "cpu", "size": "STANDARD_DS3_V2", "max_instances": 2}
BATCH_JOB = {
    "properties": {
        "nodeCount": 1,
        "customToolkitSettings": {"commandLine": "echo hello"},
        "containerSettings": {"imageSourceRegistry": {"image": "python:3.11"}},
    }
}
BATCH_CLUSTER = {"properties": {"vmSize": "STANDARD_D2_V2", "scaleSettings": {"manual": {"targetNodeCount": 2}}}}
RUNCONFIG = {"script": "train.py", "framework": "Python", "target": "cpu"}
SCRIPT = "from azureml.core import ScriptRunConfig\nScriptRunConfig('.', 'train.py', compute_target='cpu')\n"


def write(name: str, values: object) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    text = values if isinstance(values, str) else json.dumps(values)
    Path(name).write_text(text, encoding="utf-8")
    return name


def test_a_job_with_its_cluster_is_one_spec(specrun: Any) -> None:
    said = specrun("import", write("job.yml", {**JOB, "compute": "azureml:cpu"}), write("cpu.yml", CLUSTER))
    assert said.code == 0
    assert yaml.safe_load(said.out)["compute"]["size"] == "STANDARD_DS3_V2"
    assert said.err.startswith(
        "job.yml: a command job of the CLI v2 (its $schema)\ncpu.yml: a cluster of the CLI v2 (its type)\n\n"
    )


@pytest.mark.parametrize("how", ["files", "option"])
def test_a_job_of_batch_ai_with_its_cluster_is_one_spec(specrun: Any, how: str) -> None:
    job, cluster = write("job.json", BATCH_JOB), write("cluster.json", BATCH_CLUSTER)
    said = specrun("import", *((cluster, job) if how == "files" else (job, "--cluster", cluster)))
    assert said.code == 0
    assert yaml.safe_load(said.out)["compute"]["size"] == "STANDARD_D2_V2"
    assert "job.json: a Batch AI job (its field customToolkitSettings)\n" in said.err


def test_a_folder_of_everything(specrun: Any) -> None:
    write("old/cli/job.yml", {**JOB, "compute": "azureml:cpu"})
    write("old/cli/cpu.yml", CLUSTER)
    write("old/batch/a.json", BATCH_JOB)
    write("old/v1/.azureml/digits.runconfig", RUNCONFIG)
    write("old/submit.py", SCRIPT)
    write("old/train.py", "import numpy\n")
    write("old/.github/workflows/ci.yml", {"on": "push", "jobs": {"a": {"runs-on": "x", "steps": []}}})
    write("old/chart.yaml", "a: {{ .Values.a }}\n")
    write("old/node_modules/a/job.yml", JOB)
    write("old/README.md", "hello")
    said = specrun("import", "old", "--out-dir", "new")
    assert said.code == 0, said.err
    assert sorted(path.name for path in Path("new").iterdir()) == ["a.yaml", "cli.yaml", "digits.yaml", "submit.yaml"]
    head, _, rest = said.err.partition("\n\n")
    assert "old/v1/.azureml/digits.runconfig: a run configuration of SDK v1 (its name)" in head
    assert "not imported: old/.github/workflows/ci.yml: a workflow of GitHub" in head
    assert "not imported: old/train.py: Python that uses no SDK of Azure ML or Batch AI" in head
    assert "not imported: old/chart.yaml: it is not YAML" in " ".join(head.split())
    assert "not imported: 1 other file: endings that are not looked at (.md)" in head
    assert "not imported: old/node_modules: installed packages" in head
    assert rest.index("!") < rest.index("~")


def test_an_environment_of_python_is_not_looked_into_and_one_of_azure_ml_is(specrun: Any) -> None:
    write("old/venv/pyvenv.cfg", "home = /usr/bin")
    write("old/venv/lib/job.yml", JOB)
    write("old/env/job.yml", JOB)
    said = specrun("import", "old", "--out-dir", "new")
    assert said.code == 0, said.err
    assert [path.name for path in Path("new").iterdir()] == ["env.yaml"]
    assert "not imported: old/venv: installed packages" in said.err


def test_a_folder_that_cannot_be_read_is_an_error(specrun: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write("old/job.yml", JOB)
    write("old/shut/job.yml", JOB)
    scan = os.scandir

    def scandir(path: Any) -> Any:
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    said = specrun("import", "old", "--out-dir", "new")
    assert (said.code, "error: old/shut: it cannot be read: Permission denied" in said.err) == (65, True), said.err


def test_what_is_brought_along_and_cannot_be_imported_is_an_error(specrun: Any) -> None:
    write("old/job.yml", JOB)
    write("old/pipeline.yml", {"type": "pipeline", "jobs": {"a": {"type": "spark", "entry": {"file": "x.py"}}}})
    write("old/broken.yml", "$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json\na: [\n")
    said = specrun("import", "old", "--out-dir", "new")
    assert said.code == 65
    assert "error: old/pipeline.yml: no step of the pipeline can be a spec; a: a Spark job" in said.err
    assert "error: old/broken.yml:3:1: it is not YAML" in said.err
    assert Path("new/old.yaml").exists()


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("a.json", {"a": 1}, "this is nothing that specrun imports: it has neither a $schema nor a type"),
        ("pod.yml", {"apiVersion": "v1", "kind": "Pod"}, "it is a Kubernetes manifest"),
        ("train.py", "import numpy\n", "it is Python that uses no SDK of Azure ML or Batch AI"),
        ("job.yaml", {"apiVersion": "specrun/v1", "name": "a"}, "it is a spec already"),
        ("env.yml", {"type": "environment"}, "this is nothing that specrun imports"),
        ("e.yml", {"name": "e", "conda_file": "c.yml"}, "give it together with the job that names it"),
    ],
)
def test_a_file_that_was_named_and_is_none_of_them(specrun: Any, name: str, values: object, words: str) -> None:
    said = specrun("import", write(name, values))
    assert (said.code, words in said.err) == (65, True), said.err


def test_a_config_file_among_them_names_the_workspace(specrun: Any) -> None:
    at = {"workspace_name": "ws", "resource_group": "rg", "subscription_id": "1" * 8 + "-1111-1111-1111-" + "1" * 12}
    job, config = write("a/job.yml", JOB), write("a/config.json", at)
    assert yaml.safe_load(specrun("import", job, config).out)["workspace"]["resource_group"] == "rg"
    other = write("b/config.json", {**at, "workspace_name": "other"})
    said = specrun("import", job, config, other)
    assert (said.code, "choose one with --workspace FILE" in said.err) == (64, True)
    said = specrun("import", ".", "--out-dir", "new")
    assert said.code == 0
    assert " ".join(said.err.split()).count("choose one with --workspace FILE") == 1
    assert "workspace" not in yaml.safe_load(Path("new/a.yaml").read_text())


def test_two_specs_of_one_name_do_not_overwrite_each_other(specrun: Any) -> None:
    said = specrun("import", write("a/job.json", BATCH_JOB), write("b/job.yml", JOB), "--out-dir", "new", "--name", "x")
    assert said.code == 0
    assert sorted(path.name for path in Path("new").iterdir()) == ["x-2.yaml", "x.yaml"]
    assert yaml.safe_load(Path("new/x-2.yaml").read_text())["name"] == "x-2"


def test_a_run_configuration_that_a_shell_script_has_read_is_no_spec_of_its_own(specrun: Any) -> None:
    write("old/.azureml/train.runconfig", RUNCONFIG)
    write("old/.azureml/other.runconfig", RUNCONFIG)
    write("old/train.sh", "az ml run submit-script -c train -e digits train.py\n")
    said = specrun("import", "old", "--out-dir", "new")
    assert said.code == 0, said.err
    assert sorted(path.name for path in Path("new").iterdir()) == ["digits.yaml", "other.yaml"]
    assert "old/train.sh: a shell script that calls `az ml`" in said.err


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("old/none.sh", "az ml workspace create -w a\n", "it has no `az ml run submit-script`, and makes no cluster"),
        ("old/none.sh", "make\n", "a shell script that calls no `az ml`"),
        ("old/ci.yml", "steps:\n- script: az ml run submit-script -c a\n", "a pipeline that calls `az ml`"),
        ("old/run.py", "from azureml.core import Run\nRun.get_context().log('a', 1)\n", "Python that runs in a job"),
    ],
)
def test_a_script_in_a_folder_with_nothing_to_import_is_told(specrun: Any, name: str, text: str, words: str) -> None:
    write("old/job.yml", JOB)
    said = specrun("import", "old", write(name, text).replace(name, "old/job.yml"), "--out-dir", "new")
    assert said.code == 0, said.err
    assert f"not imported: {name}: {words}" in said.err.replace("\n  ", " ")
    said = specrun("import", name)
    assert (said.code, words in said.err) == (65, True)


@pytest.mark.parametrize("kind", [(), ("azureml",), ("batchai",), ("script",)])
def test_a_folder_in_which_nothing_is_to_import_is_an_error(specrun: Any, kind: tuple[str, ...]) -> None:
    Path("old").mkdir()
    said = specrun("import", *kind, "old")
    assert (said.code, said.out) == (65, "")
    assert "there is nothing to import" in said.err


def test_files_beside_two_specs_do_not_overwrite_each_other(specrun: Any) -> None:
    for folder, package in (("a", "numpy"), ("b", "scipy"), ("c", "numpy")):
        run = {**RUNCONFIG, "environment": {"python": {"condaDependencies": {"dependencies": [package]}}}}
        write(f"{folder}/.azureml/digits.runconfig", run)
    said = specrun("import", "a", "b", "c", "--out-dir", "new")
    assert said.code == 0, said.err
    specs = [yaml.safe_load(path.read_text()) for path in sorted(Path("new").glob("digits*.yaml"))]
    beside = [Path("new", spec["job"]["environment"]["conda_file"]) for spec in specs]
    assert [path.read_text().count("scipy") for path in beside] == [1, 0, 0]
    assert len({*beside}) == 2
    assert len([*Path("new").iterdir()]) == 5


def test_a_file_that_is_called_like_a_kind(specrun: Any) -> None:
    write("script/job.yml", JOB)
    said = specrun("import", "script")
    assert (said.code, "`script` is a kind here: what is called so is ./script." in said.err) == (64, True)
    assert specrun("import", "./script").code == 0


def test_a_word_that_is_neither_a_file_nor_a_kind(specrun: Any) -> None:
    said = specrun("import", "runconf", "a.yml")
    assert said.code == 64
    assert "There is no file `runconf`, and no kind of that name: the kinds are batchai, runconfig" in said.err
    assert "  specrun import runconfig a.yml" in said.err


def test_options_of_batch_ai_need_a_file_of_its(specrun: Any) -> None:
    said = specrun("import", write("job.yml", JOB), "--image", "x")
    assert (said.code, "none of these is one" in said.err) == (64, True)


TWO = "az ml run submit-script -c a prep.py\naz ml run submit-script -c a train.py\n"


@pytest.mark.parametrize("kind", [(), ("azcli",)])
def test_the_jobs_of_a_script_are_listed_and_chosen(specrun: Any, kind: tuple[str, ...]) -> None:
    said = specrun("import", *kind, write("go.sh", TWO))
    assert yaml.safe_load(said.out)["job"]["script"] == "train.py"
    listed = ["    1 prep, line 1: az ml run submit-script", "  * 2 train, line 2: az ml run submit-script"]
    assert [line for line in said.err.splitlines() if line in listed] == listed
    assert yaml.safe_load(specrun("import", *kind, "go.sh", "--job", "1").out)["job"]["script"] == "prep.py"
    assert yaml.safe_load(specrun("import", *kind, "go.sh", "--job", "prep").out)["job"]["script"] == "prep.py"
    assert specrun("import", *kind, "go.sh", "--all", "--out-dir", "new").code == 0
    assert len([*Path("new").iterdir()]) == 2
    said = specrun("import", *kind, "go.sh", "--job", "3")
    assert (said.code, "it has no job `3`: --job takes one of 1 (prep, line 1), 2 (train, line 2)" in said.err) == (
        65,
        True,
    )


def test_what_validate_finds_stands_at_the_line_of_the_file_that_says_it(specrun: Any) -> None:
    write(
        ".azureml/a.runconfig",
        "target: cpu\nframework: Python\nenvironment:\n  python:\n    condaDependenciesFile: gone.yml\n",
    )
    said = specrun(
        "import", write("go.sh", "\naz ml run submit-script -c a gone.py\n"), "--out", "a.yaml", "-o", "json"
    )
    asked = {(one["file"], one["place"], one["to"]) for one in json.loads(said.out) if one["verdict"] == "needs you"}
    assert {
        ("go.sh", "line 2", "job.script"),
        (".azureml/a.runconfig", "line 5", "job.environment.conda_file"),
    } <= asked


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("go.sh", "again.sh", "--job", "1"), "these are 2: give one of them"),
        (("go.sh", "--job", "1", "--all"), "give one of them"),
        (("job.yml", "--all"), "none of these files is one"),
    ],
)
def test_options_that_do_not_fit_the_files(specrun: Any, words: tuple[str, ...], said: str) -> None:
    write("job.yml", JOB)
    for file in ("go.sh", "again.sh"):
        write(file, TWO)
    answer = specrun("import", *words)
    assert (answer.code, said in answer.err) == (64, True), answer.err


def test_programs_read_what_each_file_was_taken_for(specrun: Any) -> None:
    write("old/job.yml", JOB)
    write("old/train.py", "import numpy\n")
    said = specrun("import", "old", "--out", "job.yaml", "-o", "json")
    found = json.loads(said.out)
    assert [(one["file"], one["verdict"], one["note"]) for one in found[:2]] == [
        ("old/job.yml", "taken for", "a command job of the CLI v2 (its $schema)"),
        ("old/train.py", "passed by", "Python that uses no SDK of Azure ML or Batch AI"),
    ]
    assert {"carried over", "dropped"} <= {one["verdict"] for one in found[2:]}
    said = specrun("import", "old", "--out", "job.yaml", "--force", "-o", "markdown")
    assert said.out.startswith(
        "- `old/job.yml`: a command job of the CLI v2 (its `$schema`)\n- not imported: `old/train.py`: Python"
    )
