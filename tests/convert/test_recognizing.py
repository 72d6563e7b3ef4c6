"""What a file is taken for, said or not, and what is said of those that no importer reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.convert import kinds
from specrun.convert.kinds import Kind
from specrun.convert.recognizing import check, taken_for
from specrun.convert.sources import Refused, Source, read_json, read_yaml

CASES = Path(__file__).parents[1] / "cases"
SCHEMA = "https://azuremlschemas.azureedge.net/latest/{}.schema.json"


def kind(values: object, said: str = "", file: str = "a.yml") -> Kind:
    return taken_for(Source(file, "", values), said).kind


@pytest.mark.parametrize(
    ("values", "taken", "why"),
    [
        ({"$schema": SCHEMA.format("commandJob"), "command": "x"}, kinds.JOB, "its $schema"),
        ({"type": "command", "command": "x"}, kinds.JOB, "its type"),
        ({"command": "x", "environment": "e", "compute": "c"}, kinds.JOB, "its fields command and compute"),
        ({"type": "amlcompute", "size": "S"}, kinds.CLUSTER, "its type"),
        ({"$schema": SCHEMA.format("data"), "path": "x"}, kinds.DATA, "its $schema"),
        ({"$schema": SCHEMA.format("workspace"), "name": "w"}, kinds.WORKSPACE, "its $schema"),
        ({"name": "e", "conda_file": "c.yml"}, kinds.ENVIRONMENT, "its field conda_file"),
        ({"$schema": SCHEMA.format("pipelineJob"), "jobs": {}}, kinds.PIPELINE, "its $schema"),
        ({"jobs": {"a": {"type": "command", "command": "x"}}}, kinds.PIPELINE, "its field jobs"),
        ({"trial": {}, "search_space": {}}, kinds.SWEEP, "its fields trial and search_space"),
        ({"$schema": "https://x/BatchAI/master/schemas/2018-05-01/cluster.json"}, kinds.BATCHAI_CLUSTER, "its $schema"),
        ({"properties": {"tensorFlowSettings": {}}}, kinds.BATCHAI_JOB, "its field tensorFlowSettings"),
        ({"vmSize": "S", "scaleSettings": {}}, kinds.BATCHAI_CLUSTER, "its field scaleSettings"),
        ({"script": "a.py", "framework": "Python", "target": "x"}, kinds.RUNCONFIG, "its fields script and framework"),
        (
            {"script": "a.py", "command": "", "target": "x", "environment": {"name": "e"}, "tags": {}},
            kinds.RUNCONFIG,
            "its fields script and target",
        ),
        ({"apiVersion": "specrun/v1", "name": "a"}, kinds.SPEC, "its apiVersion"),
        ({"name": "e", "dependencies": ["python=3.8"]}, kinds.CONDA, "its field dependencies"),
        ({"subscription_id": "a", "resource_group": "b", "workspace_name": "c"}, kinds.CONFIG, ""),
        ({"ArgumentVector": ["a.py"], "Framework": "Python"}, kinds.WORKBENCH, "its field ArgumentVector"),
    ],
)
def test_what_a_file_is_taken_for(values: object, taken: Kind, why: str) -> None:
    found = taken_for(Source("a.yml", "", values))
    assert found.kind is taken
    assert found.why == why or not why


@pytest.mark.parametrize(
    "values",
    [
        {},
        [],
        None,
        {"command": "make"},
        {"type": "command"},
        {"type": "model", "weights": []},
        {"vmSize": "S", "count": 3},
        {"name": "a", "image": "b", "volumes": []},
        {"dependencies": {"react": "1"}, "scripts": {}},
        {"environment": "x", "name": "y"},
        {"on": {"push": {}}, "jobs": {"a": {"runs-on": "x", "steps": []}}},
        {"type": "Microsoft.ContainerService/managedClusters", "properties": {"vmSize": "S", "scaleSettings": {}}},
        {"services": {"a": {}}, "command": "x", "environment": {}},
    ],
)
def test_nobody_elses_file_is_taken_for_ours(values: object) -> None:
    assert not kind(values).importer
    assert not kind(values).brought


@pytest.mark.parametrize(
    ("values", "said", "taken"),
    [
        ({"command": "make"}, "azureml", kinds.JOB),
        ({"type": "model"}, "azureml", kinds.MODEL),
        ({"properties": {"nodeCount": 1}}, "batchai", kinds.BATCHAI_JOB),
        ({"vmSize": "S"}, "batchai", kinds.BATCHAI_CLUSTER),
        ({"environment": {"docker": {}}}, "runconfig", kinds.RUNCONFIG),
        ({"command": "", "environment": {"docker": {}}}, "runconfig", kinds.RUNCONFIG),
        ({"command": "a b", "environment": {"docker": {}}, "nodeCount": 2}, "runconfig", kinds.RUNCONFIG),
    ],
)
def test_less_is_asked_of_a_file_whose_kind_is_said(values: object, said: str, taken: Kind) -> None:
    assert kind(values) is not taken
    assert kind(values, said) is taken


def test_a_name_tells_a_run_configuration() -> None:
    assert kind({"environment": {"docker": {}}}, file=".azureml/a.runconfig") is kinds.RUNCONFIG


@pytest.mark.parametrize(
    ("file", "text", "taken"),
    [
        ("a.py", "from azureml.core import ScriptRunConfig\nScriptRunConfig('.')\n", kinds.SCRIPT),
        ("a.py", "def f():\n    from azure.ai.ml import command\n    command(code='.')\n", kinds.SCRIPT),
        ("a.py", "import azure.mgmt.batchai as b\nb.models.JobCreateParameters()\n", kinds.SCRIPT),
        ("a.ipynb", '{"cells": [{"source": ["from azureml.core import *\\n", "AmlCompute()"]}]}', kinds.NOTEBOOK),
        ("a.py", "from azureml.core import Run\nrun = Run.get_context()\nrun.log('a', 1)\n", kinds.INSIDE),
        ("a.py", "import numpy\n# from azureml.core import Run\n", kinds.NO_SDK),
        ("a.py", "import azureml_like\nAmlCompute()\n", kinds.NO_SDK),
        ("a.sh", "make all\n", kinds.NO_CLI),
        ("a.sh", "set -e\naz ml run submit-script -c a train.py\n", kinds.AZCLI),
        ("a.azcli", "az  batchai job create -f job.json\n", kinds.AZCLI),
    ],
)
def test_texts(file: str, text: str, taken: Kind) -> None:
    assert taken_for(Source(file, text, None)).kind is taken


def test_every_case_is_taken_for_what_it_is() -> None:
    """Those of this repository's importers, whose kind is the folder that they lie in."""
    odd = {"wrong-types.json", "cluster-set-up-alone.json"}  # of which somebody has to say what they are
    seen = 0
    for importer in ("azureml", "batchai", "runconfig"):
        for file in sorted((CASES / "import" / importer).rglob("*")):
            if file.suffix not in (".json", ".yml", ".runconfig") or file.name in odd:
                continue
            source = (read_json if file.suffix == ".json" else read_yaml)(str(file))
            assert taken_for(source).kind.importer == importer or taken_for(source).kind is kinds.CONDA, file
            seen += 1
    assert seen > 20


@pytest.mark.parametrize(
    ("values", "importer", "words"),
    [
        ({"script": "a.py", "framework": "Python", "target": "x"}, "azureml", "of SDK v1: specrun import runconfig"),
        ({"type": "command", "command": "x"}, "batchai", "a command job of the CLI v2: specrun import azureml"),
        ({"apiVersion": "v1", "kind": "Pod"}, "runconfig", "it is a Kubernetes manifest$"),
        ({"a": 1}, "runconfig", "this is no thing: it has neither a \\$schema nor a type"),
        ({"jobs": {"a": {"type": "command"}}}, "batchai", "a pipeline job of the CLI v2: specrun import azureml"),
    ],
)
def test_what_an_importer_says_of_another_file(values: object, importer: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        check(Source("a.yml", "", values), importer, "no thing")
