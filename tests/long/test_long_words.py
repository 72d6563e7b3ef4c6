"""A word of 40 kB, of whatever shape and wherever it stands, takes no longer than many short ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.long.limits import SECONDS, TookTooLong, limited
from tests.long.mangling import LONG, SHAPES
from tests.long.test_any_import import check_answer as check_import
from tests.long.test_any_input import check_answer as check_spec
from tests.searching import Search

SPECS = {
    "the command": "job: {command: @}",
    "arguments": "job: {command: [python, x.py], arguments: @}",
    "an argument": "job: {command: [python, x.py], arguments: [@, --a, @]}",
    "a variable": "job: {command: x, environment_variables: {A: @, @: b}}",
    "a requirement": "job: {command: x, environment: {pip: [@]}}",
    "a value": "vars: {a: @}\njob: {command: '${{ vars.a }}'}",
    "a key": "job: {command: x, @: 1}",
    "paths": "data: {a: {path: @, target: @}}\njob: {command: x, code: @, inputs: {a: {path: @}}}",
    "an address": "data: {a: {path: @, sha256: @}}\njob: {command: x, inputs: {a: {uri: @}}}",
    "names": "workspace: {name: @, resource_group: @}\ncompute: {name: @, vm_size: @}\njob: {command: x}",
    "numbers": "job: {command: x, timeout: @, instance_count: @, shm_size: @, max_retries: @}",
    "a line of its own": "job: {command: x}\n\n%\n",
}
JOB = {
    "$schema": "https://azuremlschemas.azureedge.net/latest/commandJob.schema.json",
    "command": "@",
    "name": "@",
    "code": "@",
    "environment": "@",
    "compute": "@",
    "inputs": {"a": {"type": "uri_folder", "path": "@"}, "@": "@"},
    "environment_variables": {"A": "@"},
}
BATCHAI = {
    "properties": {
        "nodeCount": "@",
        "stdOutErrPathPrefix": "@",
        "inputDirectories": [{"id": "@", "path": "@"}],
        "jobPreparation": {"commandLine": "@"},
        "customToolkitSettings": {"commandLine": "@ $AZ_BATCHAI_INPUT_A @"},
        "containerSettings": {"imageSourceRegistry": {"image": "@", "serverUrl": "@"}},
        "environmentVariables": [{"name": "@", "value": "@"}],
        "constraints": {"maxWallClockTime": "@"},
    }
}
TENSORFLOW = {
    "properties": {
        "tensorFlowSettings": {
            "pythonScriptFilePath": "@",
            "masterCommandLineArgs": "@ $AZ_BATCHAI_INPUT_A @",
            "workerCount": "@",
        },
        "mountVolumes": {"azureFileShares": [{"azureFileUrl": "@", "relativeMountPath": "@", "accountName": "@"}]},
    }
}
RUN = {
    "script": "@",
    "arguments": ["@", "@"],
    "target": "@",
    "framework": "@",
    "environment": {
        "docker": {"baseImage": "@", "baseDockerfile": "@"},
        "python": {"condaDependencies": {"dependencies": ["@", {"pip": ["@"]}]}},
        "environmentVariables": {"@": "@"},
    },
    "dataReferences": {"@": {"dataStoreName": "@", "pathOnDataStore": "@"}},
    "data": {"@": {"dataLocation": {"dataPath": {"relativePath": "@"}}}},
}
SCRIPT = """from azureml.core import ScriptRunConfig, Environment
run = ScriptRunConfig(@, script=@, arguments=[@, '--a', @], compute_target=@)
env = Environment(@)
name = @ % (1, 2) + @.format(a=1) + f"{run}"
"""
IMPORTS = {
    "a job": ("azureml", "any.yml", json.dumps(JOB)),
    "a job of Batch AI": ("batchai", "any.json", json.dumps(BATCHAI)),
    "a job with TensorFlow": ("batchai", "any.json", json.dumps(TENSORFLOW)),
    "a run configuration": ("runconfig", "any.runconfig", json.dumps(RUN)),
    "a script": ("script", "any.py", SCRIPT),
    "a line of a script": ("script", "any.py", f"{SCRIPT}%\n"),
}


def words() -> list[str]:
    return [shape * (LONG // len(shape)) for shape in SHAPES] + [
        f"a{shape * (LONG // len(shape))}!" for shape in SHAPES
    ]


def _with(text: str, word: str) -> str:
    before, mark, after = text.partition("%\n")
    return f"{before.replace('@', json.dumps(word))}{word if mark else ''}{after}\n"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("place", SPECS)
def test_in_a_spec(place: str, search: Search) -> None:
    text = f"apiVersion: specrun/v1\nname: long\n{SPECS[place]}\n"
    check_spec(text.encode())
    for word in words() if search.whole else search.random.sample(words(), 4):
        with limited(SECONDS if search.whole else 10 * SECONDS):
            check_spec(_with(text, word).encode())


@pytest.mark.long
@pytest.mark.parametrize("place", IMPORTS)
def test_in_what_is_imported(place: str, search: Search) -> None:
    verb, file, text = IMPORTS[place]
    Path(file).write_text(text.removesuffix("%\n"), encoding="utf-8")
    check_import(verb, file)
    for word in words() if search.whole else search.random.sample(words(), 4):
        written = json.dumps(word)
        whole = _with(text, word) if file.endswith(".py") else text.replace("@", written[1:-1])
        Path(file).write_text(whole, encoding="utf-8")
        try:
            with limited(SECONDS if search.whole else 10 * SECONDS):
                check_import(verb, file)
        except (Exception, TookTooLong):
            print(f"the word: {word[:40]!r}")
            raise
