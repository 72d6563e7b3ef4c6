"""Whatever a file holds, there is a spec with a report of everything, or a refusal."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specrun.convert.azureml import import_azureml
from specrun.convert.options import ImportOptions
from specrun.convert.runconfig import import_runconfig
from specrun.convert.sources import Refused, Source
from tests.convert.imports import read_back, unspoken
from tests.searching import drawn

_WORDS = st.sampled_from(
    [
        *(
            "TODO",
            "local",
            "azureml:a:1",
            "azureml:a@latest",
            "azureml://datastores/d/paths/p",
            "https://h/p?sig=0123456789ab",
        ),
        *(
            "${{inputs.a}}",
            "${{inputs.b}} $[[--x ${{inputs.a}}]]",
            "${{ parent.x }}",
            "${{",
            "$[[",
            "{inputs.a}",
            "a b",
        ),
        *("command", "amlcompute", "tensorflow", "pytorch", "mpi", "ParameterServer", "Mpi", "Nccl", "mount", "direct"),
        *("2", "-1", "1.0", "", " ", "file:x", "../x", "wasb://a@b/c", "uri_file", "mltable", "mlflow_model", "16GB"),
        *("azure_blob", "uri_folder", "managed", "user_assigned", "upload", "python", "nul\0", "é\n- x: [", "\ud800"),
    ]
)
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | _WORDS | st.text(max_size=8)
_JOB_KEYS = (
    *("name", "type", "command", "code", "environment", "inputs", "outputs", "resources", "distribution", "limits"),
    *("compute", "environment_variables", "tags", "identity", "services", "experiment_name", "display_name", "a", "b"),
    *(
        "path",
        "mode",
        "data",
        "value",
        "local_path",
        "target",
        "instance_count",
        "process_count",
        "image",
        "conda_file",
    ),
    *("build", "docker", "timeout", "shm_size", "docker_args", "worker_count", "size", "credentials", "account_key"),
    *(
        "ssh_settings",
        "admin_password",
        "network_settings",
        "user_assigned_identities",
        "max_instances",
        "dependencies",
    ),
)
_RUN_KEYS = (
    *("script", "arguments", "command", "target", "framework", "communicator", "nodeCount", "environment", "python"),
    *("docker", "condaDependencies", "condaDependenciesFile", "baseImage", "baseDockerfile", "baseImageRegistry", "a"),
    *("environmentVariables", "dataReferences", "data", "outputData", "dataLocation", "dataset", "dataPath", "name"),
    *("dataStoreName", "datastoreName", "mode", "mechanism", "outputLocation", "relativePath", "tensorflow", "mpi"),
    *(
        "workerCount",
        "parameterServerCount",
        "pytorch",
        "processCount",
        "amlcompute",
        "vmSize",
        "userManagedDependencies",
    ),
    *("runDefinition", "version", "buildContext", "location", "shmSize", "uri", "path", "pathOnCompute", "tags"),
)


def _values(keys: tuple[str, ...]) -> st.SearchStrategy[object]:
    names = st.sampled_from(keys) | st.text(max_size=4)
    return st.recursive(
        _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=8), max_leaves=40
    )


def _mapping(keys: tuple[str, ...], fixed: dict[str, object]) -> st.SearchStrategy[object]:
    inner = _values(keys)
    return st.dictionaries(st.sampled_from(keys), inner, max_size=14).map(lambda found: {**fixed, **found})


@pytest.mark.long
@drawn(50, 3000)
@given(
    st.one_of(
        _values(_JOB_KEYS),
        _mapping(_JOB_KEYS, {"$schema": "https://x/commandJob.schema.json", "command": "run ${{inputs.a}}"}),
        _mapping(_JOB_KEYS, {"$schema": "https://x/amlCompute.schema.json"}),
        _mapping(_JOB_KEYS, {"$schema": "https://x/azureBlob.schema.json"}),
        _mapping(_JOB_KEYS, {"$schema": "https://x/data.schema.json"}),
    )
)
def test_any_file_of_the_cli_gives_a_spec_or_a_refusal(values: object) -> None:
    source = Source("folder/file.yml", "", values)
    try:
        (imported,) = import_azureml([source], ImportOptions(folder=Path("folder")))
    except Refused:
        return
    assert unspoken(source, imported) == []
    assert isinstance(read_back(imported), dict)


@pytest.mark.long
@drawn(50, 3000)
@given(_values(_RUN_KEYS) | _mapping(_RUN_KEYS, {"script": "train.py"}) | _mapping(_RUN_KEYS, {"command": "run"}))
def test_any_run_configuration_gives_a_spec_or_a_refusal(values: object) -> None:
    source = Source("project/.azureml/file.runconfig", "", values)
    try:
        imported = import_runconfig(source, ImportOptions(folder=Path("project")))
    except Refused:
        return
    assert unspoken(source, imported) == []
    assert isinstance(read_back(imported), dict)


@pytest.mark.long
@drawn(15, 800)
@given(st.lists(_mapping(_JOB_KEYS, {"command": "run"}), max_size=5))
def test_several_jobs_have_different_names(jobs: list[object]) -> None:
    sources = [Source(f"file{number % 2}.yml", "", job) for number, job in enumerate(jobs)]
    try:
        found = import_azureml(sources, ImportOptions())
    except Refused:
        return
    assert len({one.name for one in found}) == len(found)
