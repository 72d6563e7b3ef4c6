"""What SDK v2's engine says of a sweep before anybody is signed in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from specrun.engines.azureml_v1 import checks as checks_of_v1
from specrun.engines.azureml_v2.checks import check_spec
from tests.azure_engines.checking import COMPUTE, Checking

SPACE = "{x: {type: choice, values: [1, 2]}}"


@pytest.fixture
def checking(tmp_path: Path) -> Checking:
    return Checking(tmp_path, check_spec)


def lines(
    limits: str = "{}", job: str = "", space: str = SPACE, command: str = "echo ${{ search_space.x }}"
) -> list[str]:
    return [
        COMPUTE,
        f"job: {{command: {command!r}{job and ', '}{job}}}",
        f"sweep: {{sampling_algorithm: random, search_space: {space}, limits: {limits},",
        "  objective: {goal: maximize, primary_metric: accuracy}}",
    ]


@pytest.mark.parametrize(
    "limits", ["{}", "{timeout: 60, trial_timeout: 60}", "{max_total_trials: 1000, max_concurrent_trials: 1000}"]
)
def test_nothing_is_said_of_what_works(checking: Checking, limits: str) -> None:
    assert checking.found(*lines(limits, "limits: {timeout: 60}")) == []
    assert checking.found(*lines("{trial_timeout: 60}", "limits: {timeout: 59}")) == []


@pytest.mark.parametrize(
    ("limits", "job", "path", "words"),
    [
        ("{max_failed_trials: 0}", "", ("sweep", "limits", "max_failed_trials"), "ends no sweep because trials fail"),
        ("{max_concurrent_trials: 1001}", "", ("sweep", "limits", "max_concurrent_trials"), "1,000 trials at once"),
        ("{timeout: 59}", "", ("sweep", "limits", "timeout"), "gives the sweep 60 seconds at least"),
        ("{trial_timeout: 59}", "", ("sweep", "limits", "trial_timeout"), "gives a trial 60 seconds at least"),
        ("{}", "limits: {timeout: 59}", ("job", "limits", "timeout"), "gives a trial 60 seconds at least"),
        ("{}", "services: {a: {type: jupyter_lab}}", ("job", "services"), "no services"),
    ],
)
def test_what_azure_ml_cannot_do(checking: Checking, limits: str, job: str, path: tuple[str, ...], words: str) -> None:
    checking.says_one_thing(lines(limits, job), "not-with-azureml", path, words)


def test_more_trials_than_the_service_runs(checking: Checking) -> None:
    space = "{x: {type: uniform, min_value: 0, max_value: 1}}"
    many = lines("{max_total_trials: 1001}", space=space)
    checking.says_one_thing(many, "not-with-azureml", ("sweep", "limits", "max_total_trials"), "has 1,001: write")
    grid = [line.replace("random", "grid") for line in lines(space="{x: &v {type: choice, values: [1, 2, 3]}}")]
    assert checking.found(*grid) == []
    values = ", ".join(map(str, range(40)))
    grid = [
        line.replace("random", "grid")
        for line in lines(space=f"{{x: {{type: choice, values: [{values}]}}, y: {{type: choice, values: [{values}]}}}}")
    ]
    checking.says_one_thing(grid, "not-with-azureml", ("sweep", "search_space"), "this one has 1,600")


def test_names_that_no_variable_can_have(checking: Checking) -> None:
    dashed = lines(
        space="{learning-rate: {type: choice, values: [1]}}", command="echo ${{ search_space.learning-rate }}"
    )
    path = ("sweep", "search_space", "learning-rate")
    checking.says_one_thing(dashed, "not-with-azureml", path, "`learning_rate`, here and in")


def test_a_quoted_here_document(checking: Checking) -> None:
    """Double quotes do not make YAML out of it: the command has lines."""
    text = "cat <<'E'\n${{ search_space.x }}\nE\n"
    found = checking.found(
        *lines()[:1], "job:", "  command: |", *(f"    {one}" for one in text.splitlines()), *lines()[2:]
    )
    assert [(one.code, one.path) for one in found] == [("not-with-azureml", ("job", "command"))]
    unquoted = text.replace("'E'", "E")
    assert not checking.found(
        COMPUTE, "job:", "  command: |", *(f"    {one}" for one in unquoted.splitlines()), *lines()[2:]
    )


def test_sdk_v1_refuses_sweeps_with_the_way_out(tmp_path: Path) -> None:
    """Once, and at the line of `sweep`, whatever else the sweep says."""
    checking = Checking(tmp_path, checks_of_v1.check_spec)
    for text in (lines("{max_failed_trials: 1}"), lines(command="echo ${{ search_space.x }}")):
        (found,) = checking.found(*text)
        assert (found.code, found.path) == ("not-with-sdk-v1", ("sweep",))
        assert re.search("--engine azureml", found.detail)
        assert found.location.text.startswith("sweep:")
