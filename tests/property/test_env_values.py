"""No diagnostic shows what came from the environment, in whatever field it stands and whatever is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from specrun.engines.azureml_v1 import checks as v1
from specrun.engines.azureml_v2 import checks as v2
from specrun.engines.local import checks as local
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.env_values import hidden
from specrun.spec.load import load
from specrun.spec.model import Spec
from specrun.spec.schema import schema

CANARIES = (
    "canaryQz81",
    "/no/such/canaryQz81/train.py",
    "src/../canaryQz81//x",
    " canaryQz81 ",
    "canary Qz81 words",
    'canary"Qz81\nline\\two',
    "x" * 57 + "canaryQz81",
    "canaryQz81==1.0",
    "canaryQz81.yml",
    "canaryQz81.ipynb",
    "azureml:canaryQz81:1",
    "azureml://datastores/canaryQz81/paths/../x",
    "azureml://canaryQz81/x",
    "https://user:canaryQz81@host/simple?sig=canaryQz81",
    "STANDARD_CANARYQZ81",
    "Qz7",
    "",
)
COMMANDS = (
    "python {0}",
    "python {0}.py; ls {0}",
    "cd {0}\npython train.py | tee {0}.log",
    "python train.py --x '{0}' ${{ inputs.a }} || true; echo {0}",
    "python src/{0} --n 1e5 &\nwait # {0}\n",
)
WHOLE: dict[str, Any] = {
    "apiVersion": "specrun/v1",
    "name": "whole",
    "workspace": {"name": "work", "resource_group": "rg", "subscription_id": "00000000-0000-0000-0000-000000000000"},
    "compute": {"name": "gpu", "size": "STANDARD_D2_V3", "max_instances": 2},
    "datastores": {"store": {"type": "azure_blob", "account_name": "mlstore", "container_name": "training"}},
    "data": {"digits": {"path": "data", "datastore": "store"}},
    "job": {"code": "src", "command": "python train.py ${{ inputs.a }}", "inputs": {"a": {"data": "digits"}}},
}


def fields(part: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every field of the schema; names that people choose are `digits`, `store` or `a`."""
    if "$ref" in part:
        part = {**schema()["$defs"][part["$ref"].rpartition("/")[2]], **part}
    for branch in (part, *(part.get(key) for key in ("then", "else")), *part.get("anyOf", ()), *part.get("allOf", ())):
        if not isinstance(branch, dict):
            continue
        if branch is not part:
            yield from fields(branch, path)
        for name, member in branch.get("properties", {}).items():
            if isinstance(member, dict):
                yield (*path, name)
                yield from fields(member, (*path, name))
        others = branch.get("additionalProperties")
        if isinstance(others, dict):
            name = {"data": "digits", "datastores": "store"}.get(path[-1] if path else "", "a")
            yield (*path, name)
            yield from fields(others, (*path, name))


CHECKS: dict[str, Callable[[Spec], Iterable[Diagnostic]]] = {
    "local": lambda spec: local.check_spec(spec, Path()),
    "azureml": v2.check_spec,
    "azureml-v1": v1.check_spec,
}
FIELDS = sorted(
    set(fields(schema())) | {("vm_size",), ("job", "node_count"), ("compute", "vm_priority"), ("data", "path")}
)


def put(values: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    for step in path[:-1]:
        if not isinstance(values.get(step), dict):
            values[step] = {}
        values = values[step]
    values[path[-1]] = value


def together() -> Iterator[list[tuple[str, ...]]]:
    """All fields, in a few documents: in none of them one field is inside of another."""
    left = FIELDS
    while left:
        taken: list[tuple[str, ...]] = []
        for path in reversed(left):
            if not any(one[: len(path)] == path for one in taken):
                taken.append(path)
        yield taken
        left = [path for path in left if path not in taken]


def shown(values: object, engine: str) -> str:
    """Everything that is said of a spec, by its rules and by the engine that it goes to."""
    Path("job.yaml").write_text(json.dumps(values))
    loaded = load(["job.yaml"], engine=engine)
    found: list[Diagnostic] = [*loaded.diagnostics]
    for spec in loaded.specs:
        found += CHECKS[engine](spec)
    return "\n".join(f"{one.location} {one.location.text} {one.detail}" for one in found)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("src", "data"):
        Path(name).mkdir()
    Path("src/train.py").touch()
    Path("data/a.csv").touch()


def leaks(text: str) -> bool:
    return re.search(r"(?i)qz81|canary|\bqz7\b", text) is not None


def test_every_field_was_thought_of() -> None:
    assert len(FIELDS) > 90
    assert {("compute", "size"), ("job", "environment", "build", "path"), ("datastores", "store", "type")} <= {*FIELDS}


@pytest.mark.parametrize("canary", CANARIES)
def test_no_field_shows_what_it_took_from_the_environment(canary: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", canary)
    for paths in together():
        for engine in CHECKS:
            values = deepcopy(WHOLE)
            for path in paths:
                put(values, path, "${{ env.X }}")
            assert not leaks(said := shown(values, engine)), said


@pytest.mark.parametrize("form", ["${{ env.X }}", "a${{ env.X }}", ["${{ env.X }}"], {"a": "${{ env.X }}"}], ids=str)
def test_no_field_does_alone(form: object, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, path in enumerate(FIELDS):
        monkeypatch.setenv("X", CANARIES[number % len(CANARIES)])
        values = deepcopy(WHOLE)
        put(values, path, form)
        assert not leaks(said := shown(values, [*CHECKS][number % 3])), (path, said)


@pytest.mark.parametrize("through", ["${{ env.X }}", "${{ vars.x }}"])
def test_no_command_does(through: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for command, canary in product(COMMANDS, CANARIES):
        monkeypatch.setenv("X", canary)
        values = {**deepcopy(WHOLE), "vars": {"x": "${{ env.X }}"}}
        put(values, ("job", "command"), command.replace("{0}", through))
        assert not leaks(said := shown(values, "azureml")), (command, canary, said)


def test_a_value_is_hidden_where_it_is_cut_or_spelled_anew() -> None:
    from specrun.spec import codes
    from specrun.spec.diagnostics import Location

    def told(detail: str, **read: str) -> str:
        found = codes.diagnostic("bad-value", detail, (), Location("job.yaml", 1, 1))
        return hidden(found, read, "name: whole\n# staging\n", "job.yaml").detail

    assert told("`a/secret-folder/b` is no path", X="secret-folder") == "`a/${{ env.X }}/b` is no path"
    assert told("`SECRET-FOLD…` is no path", X="secret-folder") == "`${{ env.X }}…` is no path"
    assert told("`src/secr…` is no path", X="secret-folder") == "`src/${{ env.X }}…` is no path"
    assert told('it is "a\\"b\\nc"', X='a"b\nc') == 'it is "${{ env.X }}"'
    assert told("`D2` is no size. D2", X="D2") == "`${{ env.X }}` is no size. D2"
    # What the spec, its schema or a field's name says is no secret.
    assert told("`staging` and `job.environment`", X="staging", Y="environment") == "`staging` and `job.environment`"
