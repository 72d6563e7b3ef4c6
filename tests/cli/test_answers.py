"""Who asks for a document gets one, or events to the last one, however a command ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from specrun.engines.base import Denied
from specrun.plan.observed import Run, RunStatus
from tests.cli.conftest import Command
from tests.engine_double import Double, offer, write_spec

WRONG = "name: job\njob: {comand: ls}\n"
GOOD = "name: job\ncompute: {name: gpu, size: STANDARD_DS3_V2, max_instances: 2}\njob: {command: ls}\n"
SPECS = ("validate", "show", "plan", "apply", "drift", "unlock")
RUNS = ("status", "runs", "outputs")


@pytest.fixture
def engine(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Double:
    """What `--engine local` stands for here."""
    write_spec(tmp_path, GOOD)
    double = Double(asks=False)
    offer(monkeypatch, "local", double)
    return double


def read(verb: str, out: str) -> dict[str, Any]:
    """The one document, or the last event."""
    found: dict[str, Any] = json.loads(out.splitlines()[-1] if verb == "apply" else out)
    return found


@pytest.mark.parametrize("verb", SPECS)
def test_an_invalid_spec(specrun: Command, tmp_path: Any, verb: str) -> None:
    write_spec(tmp_path, WRONG)
    said = specrun(verb, "-o", "json")
    assert said.code == 65
    found = read(verb, said.out)
    assert found["diagnostics"][0]["code"] == "unknown-key"
    assert found["diagnostics"][0]["line"] == 3
    if verb == "validate":
        return
    assert (found["errored"], found["exit_code"], found["errors"]) == (True, 65, [])
    assert "job.yaml:3:7: error[unknown-key]" in said.err
    if verb == "plan":
        assert (found["format_version"], found["resource_changes"], found["applyable"]) == ("1.2", [], False)
    assert specrun(verb).out == ""


@pytest.mark.parametrize("verb", [*SPECS, *RUNS, "doctor", "explain"])
def test_a_wrong_call(specrun: Command, engine: Double, verb: str) -> None:
    for options in (("-o", "json", "--nosuch"), ("--nosuch", "-ojson"), ("--output=json", "--nosuch")):
        said = specrun(verb, *options)
        assert said.code == 64
        found = read(verb, said.out)
        assert (found["errored"], found["exit_code"], found["diagnostics"]) == (True, 64, [])
        assert "--nosuch" in found["errors"][0]


@pytest.mark.parametrize("verb", ["plan", "apply", "drift", *RUNS])
def test_nobody_is_let_in(specrun: Command, engine: Double, verb: str) -> None:
    engine.faults = {"sign_in": [Denied("nobody is let in \u202e")]}
    said = specrun(verb, "-o", "json")
    assert said.code == 1
    found = read(verb, said.out)
    assert (found["errored"], "nobody is let in" in said.err, "\u202e" in said.out) == (True, True, False)
    if verb == "plan":
        (place,) = found["places"]
        assert place == {"engine": "local", "target": "this machine", "errors": {"": "nobody is let in \u202e"}}
        assert (found["resource_changes"], found["complete"]) == ([], False)
    elif verb != "drift":
        assert found["errors"] == ["nobody is let in \u202e"]


ENDS: dict[str, tuple[tuple[str, ...], int, str]] = {
    "an engine that there is not": (("plan", "--engine", "none"), 64, "no engine `none`"),
    "a file that is not there": (("plan", "nosuch.yaml"), 65, ""),
    "nothing is selected": (("plan", "--only", "name:x"), 64, "nothing"),
    "a run that there is not": (("status",), 1, "job has no runs"),
    "a plan that cannot be read": (("show", "bad.plan"), 1, "bad.plan is a damaged plan"),
    "nobody to ask": (("apply",), 1, "nobody is here to ask"),
}


@pytest.mark.parametrize("end", ENDS)
def test_whatever_else_ends_it(specrun: Command, engine: Double, tmp_path: Any, end: str) -> None:
    (tmp_path / "bad.plan").write_text('{"format": 1')
    engine.asks = True
    (verb, *given), code, words = ENDS[end]
    said = specrun(verb, *given, "-o", "json")
    assert said.code == code, said.err
    found = read(verb, said.out)
    assert (found["errored"], found["exit_code"]) == (True, code)
    assert words in "".join(found["errors"])
    assert found["errors"] or found["diagnostics"]


def test_a_bug_is_told_as_well(specrun: Command, engine: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("specrun.cli.runs.open_runs", broken)
    said = specrun("runs", "-o", "json")
    assert (said.code, json.loads(said.out)["exit_code"]) == (70, 70)


def test_what_is_an_answer_is_the_only_one(specrun: Command, engine: Double, tmp_path: Any) -> None:
    for arguments, code in ((("plan", "--exit-code"), 2), (("plan", "--max-runs", "1"), 0), (("validate",), 0)):
        said = specrun(*arguments, "-o", "json")
        assert said.code == code
        assert "exit_code" not in json.loads(said.out)
    write_spec(tmp_path, GOOD.replace("name: job", "name: two"), "two.yaml")
    for name in ("job", "two"):
        engine.all_runs.append(Run(f"{name}-0123456789", name, "0123456789", 1, RunStatus.FAILED))
    both = json.loads(specrun("runs", "job.yaml", "two.yaml", "-o", "json").out)
    assert [run["spec"] for run in both] == ["job", "two"]
    assert [one["run"] for one in json.loads(specrun("outputs", "job.yaml", "two.yaml", "-o", "json").out)] == [
        "job-0123456789",
        "two-0123456789",
    ]


def test_a_failed_import_leaves_standard_output_to_the_spec(specrun: Command, tmp_path: Any) -> None:
    (tmp_path / "bad.yml").write_text("[")
    assert specrun("import", "azureml", "bad.yml", "-o", "json").out == ""
    said = specrun("import", "azureml", "bad.yml", "-o", "json", "--out", "x.yaml")
    assert (said.code, json.loads(said.out)["exit_code"]) == (65, 65)


@pytest.mark.parametrize("verb", ["plan", "drift"])
def test_a_comment_says_what_is_wrong_as_well(specrun: Command, engine: Double, tmp_path: Any, verb: str) -> None:
    said = specrun(verb, "-o", "markdown", "--nosuch")
    assert (said.code, said.out.splitlines()[0], "--nosuch" in said.out) == (64, f"<!-- specrun {verb} -->", True)
    write_spec(tmp_path, WRONG)
    said = specrun(verb, "--output=markdown")
    assert (said.code, "There is no such key." in said.out, "`job.yaml:3:7`" in said.out) == (65, True, True)
