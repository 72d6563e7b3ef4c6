"""One mistake is told once: no rule speaks of a value that the schema refuses, nor of what follows from it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given
from hypothesis import strategies as st

from specrun.spec import schema
from specrun.spec.codes import CODES
from specrun.spec.diagnostics import Path as Steps
from specrun.spec.load import check
from specrun.spec.names import section
from tests.searching import drawn

SHAPE = frozenset(code for code, known in CODES.items() if known.group == "shape")
"""What the schema refuses."""
PARTS: dict[str, Any] = {
    "workspace": {"from_config": "config.json"},
    "vars": {"steps": 200, "most": 2},
    "compute": {"name": "gpu", "size": "STANDARD_NC4AS_T4_V3", "min_instances": 2, "max_instances": "${{ vars.most }}"},
    "datastores": {
        "training": {
            "type": "azure_blob",
            "account_name": "mlstore",
            "container_name": "training",
            "credentials": {"account_key": "${{ secrets.KEY }}"},
        },
        "shared": {"type": "azure_file", "account_name": "mlstore", "file_share_name": "all"},
    },
    "data": {
        "digits": {"path": "data", "datastore": "training", "target": "digits"},
        "web": {"path": "https://example.org/x.csv", "sha256": "0" * 64, "datastore": "training"},
    },
}
READS = {"digits": {"data": "digits", "mode": "download"}, "more": {"path": "azureml://datastores/shared/paths/x"}}
JOBS: list[dict[str, Any]] = [
    {
        "command": "train ${{ inputs.digits }} ${{ inputs.more }} ${{ vars.steps }} ${{ outputs.model }}",
        "inputs": READS,
        "outputs": {"model": {}},
        "environment": {"framework": "tensorflow", "version": "2.16"},
        "distribution": {"type": "tensorflow", "parameter_server_count": 1, "worker_count": 2},
        "resources": {"instance_count": 2, "gpu": True},
    },
    {
        "code": "src",
        "script": "train.py",
        "arguments": {"--digits": "${{ inputs.digits }}", "--more": "${{ inputs.more }}", "--n": "${{ vars.steps }}"},
        "inputs": READS,
        "environment": {"build": {"path": "image", "dockerfile_path": "file"}},
        "environment_variables": {"LEVEL": "2"},
        "distribution": {"type": "mpi", "process_count_per_instance": 1},
        "resources": {"instance_count": 2},
        "limits": {"timeout": 60},
    },
    {
        "code": "src",
        "script": "train.py",
        "arguments": ["${{ inputs.digits }}", "${{ inputs.more }}", "${{ vars.steps }}"],
        "inputs": READS,
        "environment": {"pip": ["numpy", "tensorflow==2.16"], "image": "python:3.12"},
    },
]
SPECS = [{"apiVersion": "specrun/v1", "name": "x", "engine": "azureml", **PARTS, "job": job} for job in JOBS]
WRONG = (None, [], {}, "", "canary", 4711, -4711, 0, 1.5, True, ["canary"], {"canary": 4711})


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("src", "data", "image"):
        (tmp_path / name).mkdir()
    for name in ("src/train.py", "image/file", "config.json"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", "x")
    monkeypatch.delenv("NOT_SET", raising=False)


def places(values: Any, path: Steps = ()) -> Iterator[Steps]:
    """The path of every value."""
    items = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def container(values: Any, path: Steps) -> Any:
    for step in path[:-1]:
        values = values[step]
    return values


def rename(holder: dict[str, Any], key: str, new: str) -> None:
    """Give an entry another name, in its place."""
    assume(new and new not in holder)
    renamed = {new if name == key else name: value for name, value in holder.items()}
    holder.clear()
    holder.update(renamed)


def told(values: Any) -> list[Any]:
    Path("x.yaml").write_text(json.dumps(values), encoding="utf-8")
    return list(check(["x.yaml"]))


def of_schema(path: Steps) -> bool:
    return path[-1] in schema.keys_of(section(path[:-1]))


def of_people(path: Steps) -> bool:
    """Whether the key is a name that somebody chose, in a section that does not take any."""
    return section(path[:-1]) in (
        "vars",
        "datastores",
        "data",
        "job.inputs",
        "job.outputs",
        "job.environment_variables",
    )


@st.composite
def places_of_specs(draw: st.DrawFn, fits: Callable[[Steps], bool] = bool) -> tuple[dict[str, Any], Steps]:
    spec = copy.deepcopy(draw(st.sampled_from(SPECS)))
    return spec, draw(st.sampled_from([path for path in places(spec) if fits(path)]))


def test_there_is_nothing_to_say_of_the_specs_themselves() -> None:
    assert [told(spec) for spec in SPECS] == [[], [], []]


many = drawn(80, 8000, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.long
@many
@given(places_of_specs(), st.sampled_from(WRONG))
@example((copy.deepcopy(SPECS[0]), ("compute", "max_instances")), -4711)
def test_a_value_that_the_schema_refuses(place: tuple[dict[str, Any], Steps], wrong: Any) -> None:
    spec, path = place
    container(spec, path)[path[-1]] = copy.deepcopy(wrong)
    found = told(spec)
    refused = [one for one in found if one.code in SHAPE]
    assume(any(one.path == path for one in refused))
    assert [one for one in found if one not in refused] == []


@pytest.mark.long
@many
@given(places_of_specs(of_schema), st.sampled_from(["double", "drop", "case"]), st.integers(0, 30))
def test_a_misspelt_key(place: tuple[dict[str, Any], Steps], how: str, at: int) -> None:
    spec, path = place
    key, holder = str(path[-1]), container(spec, path)
    at %= len(key)
    letter = {"double": key[at] * 2, "drop": "", "case": key[at].swapcase()}[how]
    rename(holder, key, key[:at] + letter + key[at + 1 :])
    assert [one for one in told(spec) if one.code not in SHAPE] == []


@pytest.mark.long
@many
@given(places_of_specs(of_people), st.sampled_from(["{}!", "my {}", " {}"]))
def test_a_name_that_the_schema_refuses(place: tuple[dict[str, Any], Steps], form: str) -> None:
    spec, path = place
    key, holder = str(path[-1]), container(spec, path)
    rename(holder, key, form.format(key))
    found = told(spec)
    assert [one.code for one in found if one.code in SHAPE] == ["bad-name"]
    assert [one for one in found if one.code not in SHAPE] == []


@pytest.mark.long
@many
@given(places_of_specs(), st.sampled_from(["${{ env.NOT_SET }}", "a ${{ env.NOT_SET }} b", "${{ vars.not_there }}"]))
def test_an_expression_that_gives_nothing(place: tuple[dict[str, Any], Steps], expression: str) -> None:
    spec, path = place
    container(spec, path)[path[-1]] = expression
    found = told(spec)
    assume(any(one.path == path and one.code in ("unset-env", "unknown-variable") for one in found))
    assert {one.code for one in found if one.path[: len(path)] == path} <= {"unset-env", "unknown-variable"}
    assert {one.code for one in found} <= {"unset-env", "unknown-variable", *SHAPE}
