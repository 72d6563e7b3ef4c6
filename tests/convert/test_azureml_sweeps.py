"""Sweep jobs of the Azure ML CLI v2 become specs with a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from specrun.convert.azureml import import_azureml
from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.report import Verdict
from specrun.convert.sources import Source, read_yaml
from tests.convert.imports import mistakes, read_back, unspoken

TRIAL = {"command": "python train.py --lr ${{search_space.lr}}", "environment": "azureml:base:1"}
SWEEP = {
    "type": "sweep",
    "trial": TRIAL,
    "sampling_algorithm": "random",
    "search_space": {"lr": {"type": "uniform", "min_value": 0.1, "max_value": 1}},
    "objective": {"goal": "minimize", "primary_metric": "loss"},
    "limits": {"max_total_trials": 4},
}


def one(fields: dict[str, Any], file: str = "jobs/tune.yml") -> Imported:
    (found,) = import_azureml([Source(file, "", {**SWEEP, **fields})], ImportOptions(folder=Path("jobs")))
    return found


def spec_of(fields: dict[str, Any]) -> dict[str, Any]:
    spec = read_back(one(fields))
    assert isinstance(spec, dict)
    return spec


def asked(imported: Imported) -> list[tuple[str, str]]:
    return [(entry.source, entry.to) for entry in imported.report.todos]


@pytest.mark.parametrize(
    ("space", "expected"),
    [
        ({"type": "Choice", "values": ["a", 2, 0.5, True]}, {"type": "choice", "values": ["a", 2, 0.5, True]}),
        ({"type": "choice", "values": "one"}, {"type": "choice", "values": ["one"]}),
        (
            {"type": "loguniform", "min_value": "1e-4", "max_value": "-2"},
            {"type": "loguniform", "min_value": 1e-4, "max_value": -2},
        ),
        ({"type": "randint", "upper": "8"}, {"type": "randint", "upper": 8}),
        (
            {"type": "q_log_normal", "mu": 0, "sigma": 1.5, "q": 1},
            {"type": "qlognormal", "mu": 0, "sigma": 1.5, "q": 1},
        ),
    ],
)
def test_a_parameter_is_what_it_clearly_means(space: dict[str, Any], expected: dict[str, Any]) -> None:
    found = one({"search_space": {"lr": space}})
    assert read_back(found)["sweep"]["search_space"]["lr"] == expected  # type: ignore[index]
    assert asked(found) == []


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"sampling_algorithm": "hyperband"}, ("sampling_algorithm", "sweep.sampling_algorithm")),
        ({"sampling_algorithm": None}, ("sampling_algorithm", "sweep.sampling_algorithm")),
        ({"sampling_algorithm": {"type": "random", "seed": "x"}}, ("sampling_algorithm.seed", "sweep.seed")),
        ({"search_space": {}}, ("search_space", "sweep.search_space")),
        ({"search_space": {"lr": "uniform(0, 1)"}}, ("search_space.lr", "sweep.search_space.lr")),
        ({"search_space": {"lr": {"type": "beta"}}}, ("search_space.lr.type", "sweep.search_space.lr.type")),
        ({"search_space": {"lr": {"values": [1]}}}, ("", "sweep.search_space.lr.type")),
        (
            {"search_space": {"lr": {"type": "choice", "values": [[1, 2], [3]]}}},
            ("search_space.lr.values", "sweep.search_space.lr.values"),
        ),
        (
            {"search_space": {"lr": {"type": "choice", "values": [{"a": {"type": "uniform"}}]}}},
            ("search_space.lr.values", "sweep.search_space.lr.values"),
        ),
        (
            {"search_space": {"lr": {"type": "uniform", "min_value": "low", "max_value": 1}}},
            ("search_space.lr.min_value", "sweep.search_space.lr.min_value"),
        ),
        (
            {"search_space": {"lr": {"type": "uniform", "min_value": 0}}},
            ("", "sweep.search_space.lr.max_value"),
        ),
        ({"objective": {"goal": "best", "primary_metric": "loss"}}, ("objective.goal", "sweep.objective.goal")),
        ({"objective": {"goal": "minimize"}}, ("", "sweep.objective.primary_metric")),
        ({"limits": {"timeout": "soon"}}, ("limits.timeout", "sweep.limits.timeout")),
        (
            {"early_termination": {"type": "median"}},
            ("early_termination.type", "sweep.early_termination.type"),
        ),
        ({"trial": {**TRIAL, "command": None}}, ("trial.command", "job.command")),
        ({"trial": None}, ("", "job.command")),
        ({"trial": "azureml:train:3"}, ("trial", "job")),
        ({"trial": "file:./train.yml"}, ("trial", "job")),
    ],
)
def test_what_cannot_be_read_is_asked_for_at_its_place(
    fields: dict[str, Any], place: tuple[str, str], tmp_path: Path
) -> None:
    found = one(fields)
    assert place in asked(found)
    assert unspoken(Source("jobs/tune.yml", "", {**SWEEP, **fields}), found) == []
    assert mistakes(found, tmp_path) == []


def test_what_a_policy_leaves_at_zero_says_nothing() -> None:
    policy = {
        "type": "TruncationSelection",
        "truncation_percentage": 20,
        "evaluation_interval": 0,
        "delay_evaluation": 0,
    }
    found = spec_of({"early_termination": policy})["sweep"]["early_termination"]
    assert found == {"type": "truncation_selection", "truncation_percentage": 20, "delay_evaluation": 0}


def test_the_trial_is_the_job_and_what_both_say_is_put_together() -> None:
    trial = {**TRIAL, "resources": {"instance_count": 2}, "inputs": {"a": 1}, "compute": "azureml:other"}
    found = one({"trial": trial, "resources": {"shm_size": "8g", "instance_count": 1}, "compute": "azureml:one"})
    spec: Any = read_back(found)
    assert spec["job"]["resources"] == {"instance_count": 2, "shm_size": "8g"}
    assert (spec["compute"], spec["job"]["inputs"]) == ("one", {"a": 1})
    notes = {entry.source: entry.note for entry in found.report.entries}
    assert notes["trial.resources.instance_count"] == notes["resources.instance_count"] == "the trial's own"


def test_a_parameter_that_only_the_command_names_is_asked_for() -> None:
    command = "python train.py ${{search_space.lr}} ${{search_space.momentum}}"
    found = one({"trial": {**TRIAL, "command": command}})
    assert asked(found) == [("trial.command", "sweep.search_space.momentum")]


def test_a_component_is_the_trial(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    component = {
        "type": "command",
        "command": "python train.py --lr ${{inputs.lr}} --depth ${{inputs.depth}}",
        "code": "./src",
        "environment": "azureml:base:1",
        "inputs": {"lr": {"type": "number", "default": 0.1}, "depth": {"type": "integer", "default": 3}},
    }
    (tmp_path / "parts" / "train.yml").write_text(yaml.safe_dump(component))
    (tmp_path / "tune.yml").write_text(yaml.safe_dump({**SWEEP, "trial": "file:./parts/train.yml"}))
    source = read_yaml(str(tmp_path / "tune.yml"))
    (found,) = import_azureml([source], ImportOptions(folder=tmp_path))
    job = read_back(found)["job"]  # type: ignore[index]
    assert job["command"] == "python train.py --lr ${{ search_space.lr }} --depth ${{ inputs.depth }}"
    assert (job["code"], job["inputs"]) == ("parts/src", {"depth": 3})
    assert unspoken(source, found) == []


def test_the_preview_of_2021() -> None:
    old = {
        "type": "sweep_job",
        "algorithm": "grid",
        "trial": {**TRIAL, "code": {"local_path": "src"}, "command": "python t.py --lr {search_space.lr}"},
        "search_space": {"lr": {"spec": "choice", "values": [1, 2]}},
        "objective": {"primary_metric": "loss", "goal": "maximize"},
        "max_total_trials": 6,
        "max_concurrent_trials": 3,
        "early_termination": {"spec": "median_stopping", "evaluation_interval": 1},
        "compute": {"target": "azureml:gpu", "instance_count": 2},
    }
    source = Source("jobs/tune.yml", "", old)
    (found,) = import_azureml([source], ImportOptions(folder=Path("jobs")))
    spec: Any = read_back(found)
    assert (spec["job"]["code"], spec["compute"], spec["job"]["resources"]["instance_count"]) == ("src", "gpu", 2)
    assert spec["job"]["command"] == "python t.py --lr ${{ search_space.lr }}"
    assert spec["sweep"]["sampling_algorithm"] == "grid"
    assert spec["sweep"]["search_space"] == {"lr": {"type": "choice", "values": [1, 2]}}
    assert spec["sweep"]["limits"] == {"max_total_trials": 6, "max_concurrent_trials": 3}
    assert spec["sweep"]["early_termination"] == {"type": "median_stopping", "evaluation_interval": 1}
    assert unspoken(source, found) == []
    assert [entry for entry in found.report.entries if entry.verdict is Verdict.NEEDS_YOU] == []
