"""Rules about sweeps of many parameters and many values: what is said of them is bounded."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specrun.plan.sampling import draws
from specrun.spec.diagnostics import MAX_DIAGNOSTICS, Diagnostic
from specrun.spec.load import check, load
from specrun.spec.sweep import MOST_SOBOL

END = "  objective: {goal: maximize, primary_metric: accuracy}\n"


def told(
    folder: Path, parameters: list[str], algorithm: str, rest: str = "", engine: str = "local"
) -> list[Diagnostic]:
    """What is said of a sweep with these parameters, all of which its command names."""
    named = " ".join(f"${{{{ search_space.p{number} }}}}" for number in range(len(parameters)))
    space = "".join(f"    p{number}: {parameter}\n" for number, parameter in enumerate(parameters))
    file = folder / "job.yaml"
    file.write_text(
        f"apiVersion: specrun/v1\nname: t\njob:\n  command: >-\n    python train.py {named}\nsweep:\n"
        f"  sampling_algorithm: {algorithm}\n{rest}  search_space:\n{space}{END}"
    )
    return list(check([str(file)], engine=engine))


@pytest.mark.parametrize(("count", "engine", "codes"), [(MOST_SOBOL, "local", []), (MOST_SOBOL + 1, "azureml", [])])
def test_so_many_parameters_of_sobol(tmp_path: Path, count: int, engine: str, codes: list[str]) -> None:
    parameters = ["{type: uniform, min_value: 1, max_value: 2}"] * count
    assert [one.code for one in told(tmp_path, parameters, "random", "  rule: sobol\n", engine)] == codes


def test_more_parameters_than_a_sequence_of_sobol_has_dimensions(tmp_path: Path) -> None:
    parameters = ["{type: uniform, min_value: 1, max_value: 2}"] * (MOST_SOBOL + 1)
    (found,) = told(tmp_path, parameters, "random", "  rule: sobol\n")
    assert (found.code, found.location.line) == ("too-many-parameters", 9)
    assert str(MOST_SOBOL + 1) in found.detail


def test_a_mistake_in_each_of_many_parameters_is_told_of_some(tmp_path: Path) -> None:
    found = told(tmp_path, ["{type: uniform, min_value: 1, max_value: 2}"] * 500, "grid")
    assert [one.code for one in found] == ["parameter-not-sampled"] * MAX_DIAGNOSTICS


def test_no_message_lists_thousands_of_values(tmp_path: Path) -> None:
    values = ", ".join(str(number % 2500) for number in range(5000))
    space = [f"{{type: choice, values: [{values}]}}", f"[{values}]", "{type: randint, upper: 5000}"]
    found = told(tmp_path, space, "grid")
    assert {one.code for one in found} == {"repeated-value", "parameter-not-sampled", "wrong-type"}
    assert max(len(one.detail) for one in found) < 400


def test_combinations_beyond_counting_are_told_in_words(tmp_path: Path) -> None:
    limits = "  limits: {max_total_trials: 10}\n"
    found = told(tmp_path, ["{type: choice, values: [1, 2, 3, 4, 5, 6, 7, 8]}"] * 200, "grid", limits)
    assert [one.code for one in found] == ["part-of-grid"]
    assert max(len(one.detail) for one in found) < 400


@pytest.mark.parametrize(
    ("job", "script", "told"),
    [
        ("command: python -u train.py --lr ${{ search_space.lr }}", 'mlflow.log_metric("Accuracy", 1)', "Accuracy"),
        ("{script: train.py, arguments: ['${{ search_space.lr }}']}", "run.log('acuracy', 1.0)", "acuracy"),
        ("command: cd . && python train.py ${{ search_space.lr }}", 'writer.add_scalar("acc/uracy", 1)', "acc/uracy"),
        ("command: python train.py ${{ search_space.lr }}", 'mlflow.log_metrics({"accuracy": 1, "acuracy": 2})', ""),
        ("command: python train.py ${{ search_space.lr }}", 'mlflow.log_metric("acuracy", 1)\nname = "accuracy"', ""),
        ("command: python train.py ${{ search_space.lr }}", 'mlflow.log_metric("val_accuracy", 1)', ""),
        ("command: python train.py ${{ search_space.lr }}", 'mlflow.log_metric("loss", 1)', ""),
        ("command: python train.py ${{ search_space.lr }}", "\udcff", ""),
        ("command: bash run.sh ${{ search_space.lr }}", 'mlflow.log_metric("acuracy", 1)', ""),
    ],
)
def test_a_metric_that_the_script_spells_otherwise(tmp_path: Path, job: str, script: str, told: str) -> None:
    (tmp_path / "src").mkdir()
    for name in ("train.py", "run.sh"):
        (tmp_path / "src" / name).write_bytes(script.encode("utf-8", "surrogateescape"))
    lines = job.strip("{}").split(", ", 1) if job.startswith("{") else [job]
    (tmp_path / "job.yaml").write_text(
        "apiVersion: specrun/v1\nname: t\njob:\n  code: src\n" + "".join(f"  {line}\n" for line in lines) + "sweep:\n"
        "  sampling_algorithm: random\n  search_space: {lr: {type: uniform, min_value: 1, max_value: 2}}\n" + END
    )
    found = list(check([str(tmp_path / "job.yaml")]))
    assert [one.code for one in found] == ["misspelt-metric"] * bool(told)
    assert all(f"`train.py` logs `{told}`" in one.detail for one in found)


NUMBERS = st.one_of(st.floats(), st.integers(-10, 10), st.sampled_from([700, -745, 1e308, -1e308, 5e-324, 10**400]))
SIZES = st.one_of(st.floats(min_value=0, allow_nan=False), st.integers(0, 9))
FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "choice": {"values": st.lists(st.one_of(st.text(max_size=2), NUMBERS, st.booleans()), min_size=1, max_size=4)},
    "randint": {"upper": st.integers(0, 30)},
    "uniform": {"min_value": NUMBERS, "max_value": NUMBERS},
    "normal": {"mu": NUMBERS, "sigma": SIZES},
}
KINDS = {
    f"{step}{log}{kind}": {**FIELDS[kind]}
    for kind in ("uniform", "normal")
    for log in ("", "log")
    for step in ("", "q")
}
for name, fields in KINDS.items():
    fields.update({"q": SIZES} if name.startswith("q") else {})
PARAMETER = st.sampled_from([*FIELDS, *KINDS]).flatmap(
    lambda kind: st.fixed_dictionaries({"type": st.just(kind), **(KINDS.get(kind) or FIELDS[kind])})
)


@settings(max_examples=100, deadline=None)
@given(
    space=st.dictionaries(st.sampled_from(["p", "q"]), PARAMETER, min_size=1),
    rule=st.sampled_from(["random", "sobol"]),
    logbase=st.one_of(st.just("e"), SIZES),
)
def test_what_no_rule_refuses_can_be_drawn(
    space: dict[str, Any], rule: str, logbase: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sweep = {"sampling_algorithm": "random", "rule": rule, "logbase": logbase, "search_space": space}
    sweep["objective"] = {"goal": "maximize", "primary_metric": "accuracy"}
    command = " ".join(f"${{{{ search_space.{name} }}}}" for name in space)
    spec = {"apiVersion": "specrun/v1", "name": "t", "job": {"command": f"train {command}"}, "sweep": sweep}
    file = tmp_path_factory.mktemp("drawn") / "job.yaml"
    file.write_text(json.dumps(spec).replace("Infinity", ".inf").replace("NaN", ".nan"))
    for found in load([str(file)]).specs:
        assert found.sweep is not None
        assert list(islice(draws(found.sweep), 3))
