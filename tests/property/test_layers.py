"""A spec that is split over bases and targets is the spec in one file, value for value and key for key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from specrun.spec.load import load
from tests.searching import drawn

EXAMPLES = [
    {
        "apiVersion": "specrun/v1",
        "name": "digits",
        "vars": {"steps": 3, "rate": 0.5},
        "workspace": {"name": "ml-ws", "resource_group": "ml-rg", "location": "westeurope"},
        "compute": {
            "name": "gpu-cluster",
            "size": "STANDARD_D4DS_V5",
            "max_instances": 4,
            "tags": {"a": "b", "c": "d"},
        },
        "datastores": {"store": {"type": "azure_blob", "account_name": "mlstore", "container_name": "training"}},
        "data": {"digits": {"path": "data", "datastore": "store", "target": "x/digits"}},
        "job": {
            "code": "src",
            "script": "train.py",
            "arguments": {
                "--steps": "${{ vars.steps }}",
                "--rate": "${{ vars.rate }}",
                "--data": "${{ inputs.digits }}",
            },
            "inputs": {"digits": {"data": "digits", "mode": "download"}},
            "outputs": {"model": {}, "logs": {"mode": "upload"}},
            "environment": {"image": "python", "pip": ["numpy", "-r src/requirements.txt"]},
            "environment_variables": {"A": "1", "B": "2"},
            "distribution": {"type": "mpi", "process_count_per_instance": 2},
            "resources": {"instance_count": 2, "shm_size": "2g"},
            "limits": {"timeout": 60},
            "tags": {"team": "vision", "x": "y"},
        },
    },
    {
        "apiVersion": "specrun/v1",
        "name": "plain",
        "job": {"code": "src", "command": "python train.py", "environment": {"conda_file": "conda.yaml"}},
    },
]
LAYERS = ("low.yaml", "high.yaml", "spec.yaml", "low target", "own target")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("layers")
    for name in (".git", "src", "data"):
        (root / name).mkdir()
    for name in ("src/train.py", "data/a.csv"):
        (root / name).touch()
    (root / "src/requirements.txt").write_text("scipy\n")
    (root / "conda.yaml").write_text("dependencies: [python=3.11]\n")
    return root


@st.composite
def split(draw: st.DrawFn, values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Each value in one of the layers, and now and then another one in a layer before it."""
    found: dict[str, dict[str, Any]] = {name: {} for name in LAYERS}

    def put(of: dict[str, Any], into: dict[str, dict[str, Any]]) -> None:
        for key, value in of.items():
            if isinstance(value, dict) and value and draw(st.integers(0, 4)):
                inner = {name: layer.setdefault(key, {}) for name, layer in into.items()}
                put(value, inner)
                continue
            at = draw(st.integers(0, len(LAYERS) - 1))
            into[LAYERS[at]][key] = value
            if (
                at and key != "type" and not isinstance(value, dict) and draw(st.booleans())
            ):  # another type replaces all
                into[LAYERS[draw(st.integers(0, at - 1))]][key] = draw(st.sampled_from(["other", 1, ["a"], {"b": 2}]))

    put({key: value for key, value in values.items() if key not in ("apiVersion", "name")}, found)
    return found


@pytest.mark.long
@drawn(30, 3000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_spec_that_is_split_is_the_same_spec(
    folder: Path, monkeypatch: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    monkeypatch.chdir(folder)
    values = data.draw(st.sampled_from(EXAMPLES))
    layers = data.draw(split(values))
    (folder / "whole.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    low = {"abstract": True, **layers["low.yaml"], "targets": {"prod": layers["low target"]}}
    (folder / "low.yaml").write_text(yaml.safe_dump(low, sort_keys=False))
    (folder / "high.yaml").write_text(yaml.safe_dump({"extends": "low.yaml", **layers["high.yaml"]}, sort_keys=False))
    head = {"apiVersion": "specrun/v1", "name": values["name"], "extends": "high.yaml"}
    own = {**head, **layers["spec.yaml"], "targets": {"prod": layers["own target"], "dev": {}}}
    (folder / "spec.yaml").write_text(yaml.safe_dump(own, sort_keys=False))

    one, other = load(["whole.yaml"]), load(["spec.yaml"], target="prod")

    assert (one.diagnostics, other.diagnostics) == ((), ())
    (whole,), (merged,) = one.specs, other.specs
    assert whole.digest == merged.digest
    assert sorted(whole.job.arguments) == sorted(merged.job.arguments)  # type: ignore[union-attr]
    assert json.dumps(whole.datastores, sort_keys=True) == json.dumps(merged.datastores, sort_keys=True)
