"""`-o github` and `-o sarif`: what a command says, at lines of files, whatever way it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from specrun.engines.base import Denied
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Status
from tests.cli.conftest import Command
from tests.engine_double import Double, offer, write_spec

GOOD = """\
name: job
workspace: {name: ml-ws, resource_group: rg, subscription_id: 0b4c0000-0000-0000-0000-000000000000, create: true}
compute:
  name: gpu
  size: STANDARD_D4DS_V5
  max_instances: 2
job: {command: ls}
"""
WRONG = "name: job\njob: {comand: ls}\n"
BOTH = ("github", "sarif")


@pytest.fixture
def engine(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Double:
    """What `--engine local` stands for here."""
    write_spec(tmp_path, GOOD)
    double = Double(asks=False)
    offer(monkeypatch, "local", double)
    return double


def results(out: str) -> list[tuple[str, str, int]]:
    """Level, code and line of each result."""
    (run,) = json.loads(out)["runs"]
    return [
        (one["level"], one["ruleId"], one["locations"][0]["physicalLocation"]["region"]["startLine"])
        for one in run["results"]
    ]


def lines(out: str) -> list[tuple[str, str, int]]:
    """The same of commands; a command without a code has its title."""
    found = []
    for line in out.splitlines():
        match = re.fullmatch(r"::(error|warning|notice) file=job\.yaml,line=(\d+),.*title=([^,]*?)::.+", line)
        assert match is not None, line
        code = re.search(r"\[([a-z-]+)\]", match[3])
        found.append((match[1].replace("notice", "note"), code[1] if code else match[3], int(match[2])))
    return found


def invocation(out: str) -> tuple[int, bool, str]:
    (found,) = json.loads(out)["runs"][0]["invocations"]
    told = [one["message"]["text"] for one in found.get("toolExecutionNotifications", ())]
    return found["exitCode"], found["executionSuccessful"], "; ".join(told)


@pytest.mark.parametrize("verb", ["validate", "plan", "drift"])
def test_an_invalid_spec(specrun: Command, tmp_path: Path, verb: str) -> None:
    write_spec(tmp_path, WRONG)
    said = specrun(verb, "-o", "github")
    assert (said.code, lines(said.out)) == (65, [("error", "unknown-key", 3)])
    assert ("error[unknown-key]" in said.err) == (verb != "validate")
    said = specrun(verb, "--output=sarif")
    assert (said.code, results(said.out)) == (65, [("error", "unknown-key", 3)])
    assert invocation(said.out) == (65, verb == "validate", "")  # else nothing was looked at
    assert json.loads(said.out)["runs"][0]["automationDetails"]["id"] == f"specrun/{verb}/"


def test_a_valid_spec_has_nothing(specrun: Command, engine: Double) -> None:
    assert specrun("validate", "-o", "github").out == ""
    said = specrun("validate", "-o", "sarif")
    assert (said.code, results(said.out), invocation(said.out)) == (0, [], (0, True, ""))


def test_notes_and_warnings_are_shown_as_in_text(specrun: Command, tmp_path: Path) -> None:
    write_spec(tmp_path, "name: job\nvars: {x: 1}\njob:\n  command: ls\n  tags: {specrun: me}\n")
    said = specrun("validate", "-o", "json")
    wanted = sorted((one["severity"], one["code"], one["line"]) for one in json.loads(said.out)["diagnostics"])
    assert sorted(results(specrun("validate", "-osarif").out)) == wanted
    assert sorted(lines(specrun("validate", "-o", "github").out)) == wanted
    assert {severity for severity, *_ in wanted} >= {"warning", "note"}
    quiet = lines(specrun("validate", "-q", "-o", "github").out)
    assert sorted(quiet) == [one for one in wanted if one[0] != "note"]
    strict = lines(specrun("validate", "--strict", "-o", "github").out)
    assert "warning" not in {severity for severity, *_ in strict}


def test_what_would_be_replaced(specrun: Command, engine: Double) -> None:
    there = {"name": "gpu", "size": "STANDARD_NC6", "max_instances": 2}
    engine.there["compute/gpu"] = Observed(Status.READY, there, maker=Maker("job"))
    said = specrun("plan", "-o", "github", "--engine", "local")
    assert said.code == 4
    assert lines(said.out)[:1] == [("error", "replace", 4)]
    assert ("note", "would-be-replaced", 4) in lines(said.out)
    assert "title=compute/gpu would be replaced%3A size forces it [would-be-replaced]::" in said.out
    assert "size: STANDARD_NC6 → STANDARD_D4DS_V5" in said.out
    said = specrun("plan", "-o", "sarif", "--engine", "local")
    assert results(said.out)[:1] == [("error", "replace", 4)]
    assert invocation(said.out) == (4, True, "")
    said = specrun("plan", "-o", "sarif", "--engine", "local", "--allow-replace", "--exit-code")
    assert said.code == 2
    assert ("note", "would-be-replaced", 4) in results(said.out)
    assert "error" not in {level for level, *_ in results(said.out)}


def test_nothing_is_said_of_what_is_made(specrun: Command, engine: Double) -> None:
    said = specrun("plan", "-o", "github", "--engine", "local", "--environment", "current")
    assert (said.code, said.out) == (0, "")


def test_a_place_that_cannot_be_looked_at(specrun: Command, engine: Double) -> None:
    for verb in ("plan", "drift"):
        engine.faults = {"sign_in": [Denied("nobody is let in\n::set-output name=a::b")]}
        said = specrun(verb, "-o", "github", "--engine", "local")
        assert said.code == 1
        assert lines(said.out)[0] == ("error", "specrun could not do it", 3)
        assert said.out.count("\n::") == said.out.count("\n") - 1
        assert not re.search(r"(?m)^\s*::", said.err)
        engine.faults = {"sign_in": [Denied("nobody is let in")]}
        said = specrun(verb, "-o", "sarif", "--engine", "local")
        code, complete, told = invocation(said.out)
        assert (code, complete, "nobody is let in" in told) == (1, False, True)


def test_what_has_drifted(specrun: Command, engine: Double) -> None:
    there = {"name": "gpu", "size": "STANDARD_D4DS_V5", "max_instances": 4}
    engine.there["compute/gpu"] = Observed(Status.READY, there, maker=Maker("job"))
    said = specrun("drift", "-o", "github", "--engine", "local", "--only", "kind:compute")
    assert said.code == 3
    whole, line = said.out.splitlines()
    assert whole.endswith(
        "title=workspace/ml-ws has drifted%3A missing [drift]::On this machine:%0Amissing: it does not exist"
    )
    assert line.startswith("::warning file=job.yaml,line=7,")
    assert "title=compute/gpu has drifted%3A max_instances [drift]::" in line
    assert line.endswith("declared: 2%0Athere: 4")
    said = specrun("drift", "-o", "sarif", "--engine", "local", "--only", "kind:compute")
    assert (said.code, results(said.out)) == (3, [("warning", "drift", 3), ("warning", "drift", 7)])
    assert invocation(said.out) == (3, True, "")
    ignored = ("--ignore", "compute/gpu.max_instances", "--ignore", "workspace/ml-ws")
    said = specrun("drift", "-o", "sarif", "--engine", "local", "--only", "kind:compute", *ignored)
    assert (said.code, results(said.out)) == (0, [])


@pytest.mark.parametrize("verb", ["validate", "plan", "drift"])
def test_other_ends(specrun: Command, engine: Double, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = specrun(verb, "job.yaml", "-o", "github", "--nosuch")
    assert (said.code, lines(said.out)) == (64, [("error", "specrun could not do it", 1)])
    said = specrun(verb, "job.yaml", "--nosuch", "-o", "sarif")
    code, complete, told = invocation(said.out)
    assert (code, complete, "--nosuch" in told) == (64, False, True)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    def noisy(*_: object, **__: object) -> None:
        print("an SDK says something", flush=True)
        raise KeyboardInterrupt

    module = {"validate": "specrun.cli.validate._load"}.get(verb, f"specrun.cli.{verb}.open_specs")
    monkeypatch.setattr(module, interrupted)
    said = specrun(verb, "-o", "sarif")
    assert invocation(said.out) == (130, False, "interrupted")
    assert lines(specrun(verb, "-o", "github").out) == [("error", "specrun could not do it", 1)]
    monkeypatch.setattr(module, noisy)
    assert "\n::error file=job.yaml,line=1," in specrun(verb, "-o", "github").out
    for output in BOTH:
        said = specrun(verb, "-o", output, "--help").out
        assert said.startswith("Usage")
        assert not re.search("(?m)^(::|\\{)", said)


def test_where_there_is_nothing_to_print_on(specrun: Command, engine: Double) -> None:
    for output in BOTH:
        assert specrun("runs", "-o", output).out == ""
    said = specrun("plan", "--check", "the.plan", "-o", "sarif")
    assert (said.code, "--check PLAN has no sarif" in said.err) == (64, True)
