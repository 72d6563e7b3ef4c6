"""Whatever a script holds: a spec or a refusal, never a traceback, and nothing of its credentials."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.report import leaves
from specrun.convert.scripts import import_script
from specrun.convert.scripts.cells import read_code
from specrun.convert.scripts.signatures import METHODS, SIGNATURES
from specrun.convert.scripts.statements import read_script
from specrun.convert.scripts.values import report_values
from specrun.convert.sources import Refused
from tests.convert.unexplained import unexplained
from tests.searching import drawn

SETTINGS = drawn(40, 3000, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 70),
        st.floats(),
        st.text(max_size=12),
        st.sampled_from(["2", " x", "train.py", "a/b", "STANDARD_NC6", "azureml:x:1", "${{ x }}", "mpi"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.text(max_size=6), st.sampled_from(["--a", "type", "A_KEY"])), inner, max_size=3),
    ),
    max_leaves=6,
)
ODD = ["x", "args.x", "os.environ['X']", "f'{y}-{1}'", "ws", "call(1)", "[i for i in z]", "lambda: 0", "*a", "'%s' % b"]
NAMES = sorted(name.rpartition(":")[2] for name in SIGNATURES if ":" not in name or name.startswith("batchai"))
PARAMETERS = sorted({*(name for own in SIGNATURES.values() for name in own), "size", "type", "code"})


def expressions(depth: int = 2) -> st.SearchStrategy[str]:
    plain = st.one_of(VALUES.map(repr), st.sampled_from(ODD[:-2]))
    return plain if not depth else st.one_of(plain, calls(depth - 1))


def calls(depth: int = 2) -> st.SearchStrategy[str]:
    def written(name: str) -> st.SearchStrategy[str]:
        own = SIGNATURES.get(name) or SIGNATURES.get(f"batchai:{name}") or tuple(PARAMETERS)
        keys = st.one_of(st.sampled_from(own), st.sampled_from(PARAMETERS))
        named = st.dictionaries(keys, expressions(depth), max_size=7)
        return st.tuples(st.lists(expressions(0), max_size=2), named).map(
            lambda words: f"{name}({', '.join([*words[0], *(f'{k}={v}' for k, v in words[1].items())])})"
        )

    return st.sampled_from([*NAMES, *(f"x.{name}" for name in METHODS)]).flatmap(written)


SCRIPTS = st.lists(
    st.one_of(
        calls().map(lambda call: f"x = {call}"),
        st.tuples(st.sampled_from(["a", "environment.docker.base_image", "node_count"]), expressions()).map(
            lambda pair: f"x.{pair[0]} = {pair[1]}"
        ),
        st.tuples(st.sampled_from("xyz"), expressions()).map(lambda pair: f"{pair[0]} = {pair[1]}"),
        calls().map(lambda call: f"def f(a, x=1):\n    return {call}\nz = f(2)"),
        calls().map(lambda call: f"if y:\n    x = {call}\nelse:\n    x = 3"),
    ),
    min_size=1,
    max_size=6,
).map("\n".join)


def run_import(file: str, text: str) -> Imported | None:
    try:
        return import_script(file, text, ImportOptions())[0]
    except Refused:
        return None


@pytest.mark.long
@SETTINGS
@given(text=st.one_of(st.text(), st.text(alphabet="()[]{}'\"\\\n =,.:azTensorFlow%!")))
def test_any_text(text: str) -> None:
    run_import("a.py", text)
    run_import("a.ipynb", text)


@pytest.mark.long
@SETTINGS
@given(value=st.recursive(VALUES, lambda inner: st.fixed_dictionaries({}, optional={
    "cells": st.one_of(inner, st.lists(inner)), "cell_type": st.just("code"), "source": inner, "worksheets": inner,
}), max_leaves=5))  # fmt: skip
def test_any_json_as_a_notebook(value: object) -> None:
    run_import("a.ipynb", json.dumps(value))


@pytest.mark.long
@SETTINGS
@given(text=SCRIPTS)
def test_any_arguments(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    imported = run_import("a.py", text)
    if imported is None:
        return
    values = report_values(read_script(read_code("a.py", text)).calls)
    paths = {entry.path for entry in imported.report.entries}
    lost = [leaf for leaf in leaves(values) if not any(leaf[:length] in paths for length in range(1, len(leaf) + 1))]
    assert not lost
    path = tmp_path_factory.mktemp("spec") / "job.yaml"
    path.write_text(imported.draft.text())
    assert unexplained(path, imported) == []
