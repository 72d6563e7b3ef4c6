"""Rules about sweeps of many parameters and many values: what is said of them is bounded."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.spec.diagnostics import MAX_DIAGNOSTICS, Diagnostic
from specrun.spec.load import check
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
