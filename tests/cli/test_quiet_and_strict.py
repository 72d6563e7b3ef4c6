"""-q leaves the answer, warnings and errors; with --strict a warning is an error, and is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from specrun.cli.main import VERBS
from tests.engine_double import Double, offer, write_spec

WARNED = "name: job\njob: {command: 'python train.py | tee log.txt'}\n"
"""A failure in a pipe goes unnoticed."""
NOTED = "name: job\njob: {command: ls, environment_variables: {KEY: '${{ secrets.NOT_SET }}'}}\n"
GOOD = "name: job\njob: {command: ls}\n"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Double:
    double = Double()
    offer(monkeypatch, "local", double)
    return double


def spec(text: str) -> None:
    write_spec(Path.cwd(), text)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_it(specrun: Any, verb: str) -> None:
    words = [verb, *({"import": ["azureml"], "export": ["azureml"]}.get(verb, [])), "-q", "--help"]
    said = specrun(*words)
    assert (said.code, said.err) == (0, "")
    assert "-q, --quiet" in said.out


def test_what_is_in_order_says_nothing(specrun: Any) -> None:
    spec(NOTED)
    assert "note[" in specrun("validate").out
    said = specrun("validate", "-q")
    assert (said.code, said.out, said.err) == (0, "", "")
    assert json.loads(specrun("validate", "-q", "-o", "json").out)["diagnostics"]


def test_a_plan_is_the_line_that_counts(specrun: Any, engine: Double) -> None:
    spec(NOTED)
    said = specrun("plan", "-q")
    assert (said.out, said.err) == ("Plan: 1 to submit.\n", "")
    assert specrun("plan", "-q", "-o", "json").out == specrun("plan", "-o", "json").out
    assert specrun("drift", "-q").out.count("\n") == 1


def test_warnings_and_errors_stay(specrun: Any, engine: Double) -> None:
    spec(WARNED)
    assert "warning[failure-in-pipe]" in specrun("plan", "-q").err
    spec("name: job\njob: {comand: ls}\n")
    assert "error[" in specrun("plan", "-q").err
    assert "error[" in specrun("validate", "-q").out


def test_verbs_about_runs_leave_names_alone(specrun: Any, engine: Double) -> None:
    spec(GOOD)
    applied = specrun("apply", "-q", "-y")
    assert (applied.code, "Plan:" in applied.err) == (0, False)
    assert specrun("status", "-q").out == "succeeded\n"
    (name,) = specrun("runs", "-q").out.split()
    assert name == engine.all_runs[0].name
    assert specrun("outputs", "-q").err == ""
    assert specrun("cancel", "-q").out == ""


def test_what_is_asked_about_is_shown_all_the_same(
    specrun: Any, engine: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec(GOOD)
    for stream in ("stdin", "stderr"):
        monkeypatch.setattr(f"specrun.cli.apply.sys.{stream}.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    said = specrun("apply", "-q")
    assert (said.code, "nothing was changed" in said.err) == (1, True)


@pytest.mark.parametrize("words", [["plan"], ["apply", "-y"], ["drift"]])
def test_a_warning_is_an_error_and_is_named(specrun: Any, engine: Double, words: list[str]) -> None:
    spec(WARNED)
    assert specrun("plan").code == 0
    said = specrun(*words, "--strict")
    assert said.code == 65
    assert "error[failure-in-pipe]" in said.err
    assert said.err.splitlines()[-1] == "warnings are errors here (--strict): failure-in-pipe"
    assert engine.all_runs == []


def test_validate_and_programs(specrun: Any) -> None:
    spec(WARNED)
    assert specrun("validate").code == 0
    said = specrun("validate", "--strict")
    assert (said.code, "1 error" in said.out) == (65, True)
    assert "(--strict)" in said.err
    told = json.loads(specrun("validate", "--strict", "-o", "json").out)
    assert (told["valid"], "error" in {one["severity"] for one in told["diagnostics"]}) == (False, True)
    for words in (["export", "azureml"], ["graph"], ["show"]):
        assert specrun(*words).code == 0
        assert specrun(*words, "--strict").code == 65


def test_notes_stay_notes(specrun: Any, engine: Double) -> None:
    spec(NOTED)
    assert specrun("validate", "--strict").code == 0
    assert specrun("plan", "--strict").code == 0
