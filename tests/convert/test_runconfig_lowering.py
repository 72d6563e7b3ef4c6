"""What a run of SDK v1 means in the words of the CLI v2: of files, and of what scripts put together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from specrun.convert.document import Document
from specrun.convert.options import ImportOptions
from specrun.convert.report import Ledger, Verdict
from specrun.convert.runconfig import import_runconfig, lowered, project_folder
from specrun.convert.section import Fields, Section, section_of
from specrun.convert.sources import Source
from specrun.convert.unknown import Missing, Mixed, Secret, Unknown

RUN = {"script": "train.py", "target": "cpu-cluster"}
TENSORFLOW = {"script": "train.py", "estimator": "TensorFlow", "frameworkVersion": "1.13"}
MPI = {**TENSORFLOW, "distributedBackend": "mpi"}


def job(fields: dict[str, Any], root: str = "") -> Fields:
    return lowered(section_of(Ledger("a.runconfig", fields), Document(), loose=True), root)


def written(folder: Path, file: str, text: str = "") -> str:
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(text, encoding="utf-8")
    return str(folder / file)


def test_all_spellings_are_one() -> None:
    fields = {"entry_script": "a.py", "compute_target": "cpu", "node_count": 2, "max_run_duration_seconds": 60}
    found = job(fields)
    assert (found["script"], found["compute"], found["limits"]) == ("a.py", "cpu", {"timeout": 60})
    assert found["resources"] == {"instance_count": 2}
    assert found.inner("limits").origins["timeout"] == (("max_run_duration_seconds",),)


def test_what_is_unknown_stays_unknown() -> None:
    size, key = Unknown("args.size", "line 3"), Secret("key")
    found = job({**RUN, "vmSize": size, "target": None, "arguments": ["--key", key, Mixed(("a", size))]})
    assert found.inner("resources")["instance_type"] is size
    assert found["arguments"] == ["--key", key, Mixed(("a", size))]
    command = job({"command": ["python", Mixed(("--size=", size)), key]})["command"]
    assert command == ["python", Mixed(("--size=", size)), key]


def test_machines_of_the_run_alone_are_no_cluster() -> None:
    found = job({**RUN, "target": "amlcompute", "amlcompute": {"vmSize": "S1", "vmPriority": "lowpriority"}})
    assert "compute" not in found
    assert found["resources"] == {"instance_type": "S1"}
    assert found["queue_settings"] == {"job_tier": "spot"}


def test_an_estimators_arguments_are_flags_with_values() -> None:
    found = job({**RUN, "script_params": {"--steps": 3, "--fast": "", "--data": "DatasetConsumptionConfig:d"}})
    assert found["arguments"] == ["--steps", 3, "--fast", "--data", "DatasetConsumptionConfig:d"]


def test_a_mount_that_is_written_to_is_an_output() -> None:
    mount = {"dataStoreName": "s", "pathOnDataStore": "p", "mode": "mount"}
    arguments = ["--data", "$AZUREML_DATAREFERENCE_a", "--output-dir", "$AZUREML_DATAREFERENCE_b"]
    found = job({**RUN, "dataReferences": {"a": mount, "b": mount}, "arguments": arguments})
    words = ["--model=$AZUREML_DATAREFERENCE_a", "--load-model=$AZUREML_DATAREFERENCE_b", "--epochs", "3"]
    assert list(job({**RUN, "dataReferences": {"a": mount, "b": mount}, "arguments": words}).inner("outputs")) == ["a"]
    assert found["inputs"] == {"a": {"path": "azureml://datastores/s/paths/p", "mode": "mount"}}
    assert found["outputs"] == {"b": {"path": "azureml://datastores/s/paths/p", "mode": "mount"}}
    assert found["arguments"] == ["--data", "${{ inputs.a }}", "--output-dir", "${{ outputs.b }}"]
    assert "called like a place to write to" in found.inner("outputs").inner("b").remarks["mode"].doubt


def test_inputs_of_another_language_are_kept_beside_those_of_the_file() -> None:
    mount = {"dataStoreName": "s", "pathOnDataStore": "p", "mode": "mount"}
    found = job({**RUN, "inputs": {"a": {"path": "azureml:a:1"}}, "dataReferences": {"a": mount}})
    assert found["inputs"] == {
        "a": {"path": "azureml:a:1"},
        "a_2": {"path": "azureml://datastores/s/paths/p", "mode": "mount"},
    }


def test_a_place_on_the_machine_is_doubted() -> None:
    place = {"dataStoreName": "s", "pathOnDataStore": "p", "mode": "download", "pathOnCompute": "/data"}
    entry = job({**RUN, "dataReferences": {"a": place}}).inner("inputs").inner("a")
    assert '"/data"' in entry.remarks["path"].doubt
    nameless = job({**RUN, "data": {"a": {"dataLocation": {"dataset": {"id": "1"}}, "mechanism": "mount"}}})
    assert isinstance(nameless.inner("inputs").inner("a")["path"], Missing)


def test_services_are_the_same_ways_in() -> None:
    services = {"x": {"type": "SSH", "port": 1, "properties": {"sshPublicKeys": "k"}}, "y": {"type": "JupyterLab"}}
    assert job({**RUN, "services": services})["services"] == {
        "x": {"type": "SSH", "port": 1, "ssh_public_keys": "k"},
        "y": {"type": "JupyterLab"},
    }


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ("trainer", "azureml:trainer@latest"),
        ({"name": "trainer", "version": 3}, "azureml:trainer:3"),
        ({"name": "trainer", "python": {"condaDependenciesFile": "c.yml"}}, {"conda_file": "c.yml"}),
        (
            {"python": {"condaDependenciesFile": "c.yml"}, "docker": {"baseImage": "a/b"}},
            {"conda_file": "c.yml", "image": "a/b"},
        ),
        (
            {
                "python": {"userManagedDependencies": True},
                "docker": {"baseImage": "b", "baseImageRegistry": {"address": "r"}},
            },
            {"image": "r/b"},
        ),
        ({"pipPackages": ["a", "b==1"]}, {"pip": ["a", "b==1"]}),
        (
            {"pip_packages": ["a"], "conda_packages": ["c"], "python_version": "3.8"},
            {"conda_file": {"channels": ["conda-forge"], "dependencies": ["python=3.8", "c", "pip", {"pip": ["a"]}]}},
        ),
        (
            {"docker": {"baseDockerfile": "docker/Dockerfile.gpu"}},
            {"build": {"path": "docker", "dockerfile_path": "Dockerfile.gpu"}},
        ),
        ({}, {"pip": ["azureml-defaults"]}),
    ],
)
def test_an_environment(environment: object, expected: object) -> None:
    assert job({**RUN, "environment": environment})["environment"] == expected


def test_packages_beside_a_conda_file_are_put_into_it(tmp_path: Path) -> None:
    written(tmp_path, "c.yml", "name: x\nchannels: [defaults]\ndependencies: [python=3.8, numpy, pip, {pip: [a]}]\n")
    fields = {**RUN, "environment": {"python": {"condaDependenciesFile": "c.yml"}, "pipPackages": ["b"]}}
    environment = job(fields, str(tmp_path))["environment"]
    assert environment == {
        "conda_file": {
            "name": "x",
            "channels": ["defaults"],
            "dependencies": ["python=3.8", "numpy", "pip", {"pip": ["a", "b"]}],
        }
    }
    written(tmp_path, "other/c.yml", "dependencies: [python=3.8]\n# - -r requirements.txt\n")
    assert "b" in str(job(fields, str(tmp_path / "other"))["environment"])
    written(tmp_path, "other/c.yml", "dependencies:\n- pip:\n  - -r requirements.txt\n")
    for folder in ("elsewhere", "other"):
        environment = job(fields, str(tmp_path / folder)).inner("environment")
        assert environment == {"conda_file": "c.yml"}
        assert environment.remarks["conda_file"].doubt == "add to it: b"


def test_dockers_arguments_stay_words() -> None:
    docker = {"arguments": ["--label", "a b", "--ipc=host"], "shmSize": "4g"}
    of_run = {"useDocker": True, "shmSize": "8g"}
    found = job({**RUN, "environment": {"docker": docker}, "docker": of_run})
    assert found["resources"] == {"docker_args": "--label 'a b' --ipc=host", "shm_size": "8g"}
    registered = job({**RUN, "environment": "trainer", "docker": of_run})
    assert (registered["resources"], registered["environment"]) == ({"shm_size": "8g"}, "azureml:trainer@latest")


def test_what_a_script_says_of_its_cluster_stays_said() -> None:
    fields = Fields()
    fields.put("compute_target", "cpu-cluster", ("ScriptRunConfig", "compute_target"), comment="line 3")
    fields.put("script", "train.py")
    found = lowered(Section(Ledger("a.py", {}), Document(), (), fields, loose=True))
    assert found.origins["compute"] == (("ScriptRunConfig", "compute_target"),)
    assert found.remarks["compute"].comment == "line 3"


def test_a_file_of_requirements_is_read(tmp_path: Path) -> None:
    written(tmp_path, "r.txt", "# ours\na==1  # why\n\nb\n")
    fields = {**RUN, "environment": {"pipRequirementsFile": "r.txt"}}
    assert job(fields, str(tmp_path))["environment"] == {"pip": ["a==1", "b"]}
    assert job(fields)["environment"] == {"pip": [Missing('the requirements of "r.txt"')]}


def test_a_conda_file_is_a_step_of_the_dockerfile(tmp_path: Path) -> None:
    written(tmp_path, "c.yml", "dependencies: [python=3.8]\n")
    environment = {"python": {"condaDependenciesFile": "c.yml"}, "docker": {"baseDockerfile": "FROM a\nRUN b"}}
    found = job({**RUN, "environment": environment}, str(tmp_path)).inner("environment")
    assert list(found) == ["build"]
    text = found.inner("build")["dockerfile"]
    assert isinstance(text, str)
    assert text.startswith("FROM a\nRUN b\nRUN printf '%s\\n' dependencies: '  - python=3.8' > /tmp/conda.yml && conda")
    found = job({**RUN, "environment": environment}).inner("environment")
    assert isinstance(found["conda_file"], Missing)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (TENSORFLOW, {"framework": "tensorflow", "version": "1.13"}),
        ({"script": "train.py", "estimator": "TensorFlow"}, {"framework": "tensorflow", "version": "1.13"}),
        ({**TENSORFLOW, "customDockerImage": "a"}, {"image": "a"}),
        ({**TENSORFLOW, "condaDependenciesFile": "c.yml"}, {"conda_file": "c.yml"}),
        ({"script": "train.py", "estimator": "Estimator", "pipPackages": ["a"]}, {"pip": ["a"]}),
        ({**RUN, "estimator": "PyTorch", "frameworkVersion": "1.9"}, {"pip": ["torch==1.9.*"]}),
    ],
)
def test_an_estimator(fields: dict[str, Any], expected: object) -> None:
    assert job(fields)["environment"] == expected


def pip_of(found: Fields) -> object:
    conda = found.inner("environment")["conda_file"]
    assert isinstance(conda, dict)
    assert conda["dependencies"][:2] == ["python=3.6", "pip"]
    return conda["dependencies"][2]["pip"]


def test_an_estimators_image_had_horovod(tmp_path: Path) -> None:
    assert pip_of(job(MPI)) == ["tensorflow==1.13.1", "horovod==0.16.1"]
    assert pip_of(job({**MPI, "useGpu": True, "pipPackages": ["horovod==0.18"]})) == [
        "tensorflow-gpu==1.13.1",
        "horovod==0.18",
    ]
    assert pip_of(job({**TENSORFLOW, "pipPackages": ["a"]})) == ["tensorflow==1.13.1", "a"]
    written(tmp_path, "src/train.py", "import tensorflow\n")
    assert pip_of(job({**MPI, "sourceDirectory": "src"}, str(tmp_path))) == ["tensorflow==1.13.1"]
    written(tmp_path, "src/train.py", "import horovod.tensorflow as hvd\n")
    assert pip_of(job({**MPI, "sourceDirectory": "src"}, str(tmp_path))) == ["tensorflow==1.13.1", "horovod==0.16.1"]


def test_the_projects_folder_has_the_files_that_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, "project/jobs/runs/a.runconfig")
    for name in ("project/train.py", "project/conda.yml", "project/jobs/train.py"):
        written(tmp_path, name)
    assert project_folder(file, "train.py", "conda.yml") == (str(tmp_path / "project"), "")
    assert project_folder(file, "train.py") == (str(tmp_path / "project/jobs"), "")
    folder, doubt = project_folder(file, "train.py", "other.yml")
    assert (folder, doubt.split(":")[0]) == (str(tmp_path / "project/jobs/runs"), "train.py and other.yml")
    assert project_folder("x/.azureml/a.runconfig", "train.py") == ("x", "")
    assert project_folder("aml_config/a.runconfig", "x\0") == (".", "")
    monkeypatch.chdir(tmp_path)
    assert project_folder("project/jobs/runs/a.runconfig", "conda.yml") == (str(tmp_path / "project"), "")


def test_paths_start_at_the_projects_folder(tmp_path: Path) -> None:
    file = written(tmp_path, "runs/a.runconfig")
    fields = {**RUN, "environment": {"python": {"condaDependenciesFile": "env/c.yml"}}}
    written(tmp_path, "env/c.yml")
    asked = import_runconfig(Source(file, "", fields), ImportOptions(folder=tmp_path))
    assert [(todo.to, "train.py and env/c.yml" in todo.note) for todo in asked.report.todos] == [("job.code", True)]
    written(tmp_path, "train.py")
    spec = import_runconfig(Source(file, "", fields), ImportOptions(folder=tmp_path))
    assert not spec.report.todos
    job = spec.draft.values()["job"]
    assert isinstance(job, dict)
    assert (job["code"], job["environment"]) == (".", {"conda_file": "env/c.yml"})


def test_the_name_of_a_registered_environment_is_told_once() -> None:
    fields = {**RUN, "environment": {"name": "base", "version": "5"}}
    found = import_runconfig(Source("a.runconfig", "", fields), ImportOptions())
    told = [(entry.path, entry.verdict) for entry in found.report.entries if "environment" in entry.path]
    assert told == [(("environment", "name"), Verdict.REWRITTEN), (("environment", "version"), Verdict.REWRITTEN)]


def test_a_dataset_without_a_name_is_called_by_its_number() -> None:
    data = {"d": {"dataLocation": {"dataset": {"id": "ed4b4117"}}}}
    path = job({**RUN, "data": data}).inner("inputs").inner("d")["path"]
    assert path == Missing("the dataset ed4b4117 has no name here: write azureml:NAME:VERSION", "--input d=…")
