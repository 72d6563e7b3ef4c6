"""What a message says to write is whole, and right where it is put: of every section, empty or of the wrong type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from specrun.spec import schema
from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.failures import Failure, failures
from specrun.spec.predicate import Predicates
from specrun.spec.source import parse
from specrun.spec.wording import examples

BARE: dict[str, Any] = {"apiVersion": "specrun/v1", "name": "t", "job": {"command": "x"}}
WITH_RULES = Predicates(schema.schema())
ADVICE = re.compile(r"(?:For example|as in|[Ww]rite|a list it is|a mapping it is|you would type it:) `([^`]*)`")
NOTHING = "left out"


def said(values: dict[str, Any]) -> list[Diagnostic]:
    document, diagnostics = parse("spec.yaml", yaml.safe_dump(values, sort_keys=False, width=1_000).encode())
    assert document is not None
    assert not list(diagnostics)
    return schema.check(document, document.values)


def wrong(values: dict[str, Any]) -> list[Failure]:
    """What the schema has against a document, with what specrun's own rules say more exactly."""
    return list(failures(WITH_RULES, schema.schema(), values))


def at(values: Any, path: Path) -> Any:
    for step in path:
        values = values[step]
    return values


def put(values: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """The same with another value at a path, or with nothing there."""
    step, *below = path
    if below:
        return {**values, step: put(values.get(step, {}), tuple(below), value)}
    return {name: one for name, one in values.items() if name != step} if value is NOTHING else {**values, step: value}


def resolved(field: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in field:
        return {**schema.schema()["$defs"][field["$ref"].rpartition("/")[2]], **field}
    return field


def forms(field: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield field
    for key in ("then", "else"):
        if isinstance(field.get(key), dict):
            yield from forms(resolved(field[key]))


def places(field: dict[str, Any], values: dict[str, Any], path: Path) -> Iterator[tuple[dict[str, Any], Path]]:
    """Each field below one that is a mapping, in a document where it may stand."""
    if path and not isinstance(at(values, path), dict):
        return
    named = list(at(values, path))
    for form in forms(field):
        for name, member in form.get("properties", {}).items():
            several = [*examples(resolved(member))] or [1]
            is_mapping = any(isinstance(one, dict) for one in several)
            for one in several if is_mapping else several[:1]:
                changed = put(values, (*path, name), one)
                if not any(one.path[: len(path)] == path for one in wrong(changed) if path):
                    yield changed, (*path, name)
                    yield from places(resolved(member), changed, (*path, name))
        others = form.get("additionalProperties")
        for name in named if isinstance(others, dict) else ():
            yield values, (*path, name)
            yield from places(resolved(others), values, (*path, name))


PLACES = {(path, str(values)): values for values, path in places(schema.schema(), BARE, ())}


def advised(diagnostic: Diagnostic, name: str | int) -> Iterator[Any]:
    """The values that a message says a field may have."""
    for text in ADVICE.findall(diagnostic.detail):
        if text.startswith(f"{name}:"):
            assert not text.endswith("…"), diagnostic.detail
            yield yaml.safe_load(text)[name]


def is_about(diagnostic: Diagnostic | Failure, path: Path) -> bool:
    return diagnostic.path[: len(path)] == path


def test_there_are_all_sections() -> None:
    known = {".".join(map(str, path)) for path, _ in PLACES}
    assert {"sweep", "sweep.objective", "sweep.search_space.lr", "sweep.early_termination", "workspace"} <= known
    assert {"job", "job.environment.build", "job.distribution", "datastores.training.credentials"} <= known
    assert {"compute.identity", "compute.network_settings.subnet", "job.outputs.model.register"} <= known


@pytest.mark.parametrize("other", [None, [1], 7, "text", {}, [], NOTHING], ids=str)
def test_what_is_said_to_be_written_is_right_there(other: Any) -> None:
    told = 0
    for (path, _), values in PLACES.items():
        for diagnostic in said(put(values, path, other)):
            if not is_about(diagnostic, path):
                continue
            for value in advised(diagnostic, path[-1]):
                told += 1
                rest = [one for one in wrong(put(values, path, value)) if is_about(one, path)]
                assert not rest, f"{diagnostic.detail}\n{rest}"
            if "leave it out" in diagnostic.detail and len(diagnostic.path) == len(path):
                rest = wrong(put(values, path, NOTHING))
                assert not rest, f"{diagnostic.detail}\n{rest}"
    assert told > (20 if other != [] else 3)


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("uniform(0, 1)", {"type": "uniform", "min_value": 0, "max_value": 1}),
        ("hp.Choice([16, 'a b'])", {"type": "choice", "values": [16, "a b"]}),
        ("choice(1, 2, 3)", {"type": "choice", "values": [1, 2, 3]}),
        (
            "QUniform(min_value=0, max_value=5, q=1)",
            {"type": "quniform", "min_value": 0, "max_value": 5, "q": 1},
        ),
        ("normal(0, sigma)", {"type": "normal", "mu": 0, "sigma": 1}),
        ("suggest(1", {"type": "choice", "values": [32, 64]}),
        (["quniform", [0, 10]], {"type": "quniform", "min_value": 0, "max_value": 10, "q": 0.1}),
        (["randint", 8], {"type": "randint", "upper": 8}),
        (["choice", 1, 2], {"type": "choice", "values": [1, 2]}),
    ],
    ids=str,
)
def test_a_parameter_that_is_a_call_is_written_out(written: Any, right: dict[str, Any]) -> None:
    sweep = {
        "sampling_algorithm": "random",
        "objective": {"goal": "maximize", "primary_metric": "accuracy"},
        "search_space": {"p": written},
    }
    (diagnostic,) = said({**BARE, "sweep": sweep})
    assert list(advised(diagnostic, "p")) == [right]
    assert not said({**BARE, "sweep": {**sweep, "search_space": {"p": right}}})
