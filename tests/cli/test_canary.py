"""A canary goes every way that a credential can go, and is found on no stream and in no file.

The engine is a double that answers with what it was given, as services do; a real run is in test_cli_real.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specrun.engines.base import Denied, LogLine, OutputFile, Progress, Quota
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Run, RunStatus, Status
from tests.engine_double import Double, offer, write_spec

VALUE = "c4naryHEAD \"x'&<|\\/+é %40 tailC4NARY"
TRACES = ("c4naryHEAD", "tailC4NARY")
LITERAL = "c4naryHEADtailC4NARY"

SPELLINGS = {
    "plainly": '"${{ secrets.CANARY }}"',
    "with blanks": '"${{ secrets . CANARY }}"',
    "without any": '"${{secrets.CANARY}}"',
    "with an escape": '"\\x24{{ secrets.CANARY }}"',
    "with escapes": '"\\u0024\\x7b\\x7b secrets\\x2eCANARY \\x7d}"',
    "folded": ">-\n      ${{\n      secrets.CANARY\n      }}",
    "over two lines": '"${{ secrets.\\\n      CANARY }}"',
    "by an alias": "*it",
    "as a dashed name": '"${{ secrets.CANARY-A }}"',
}

JOB = """\
name: job
compute: {name: gpu, size: STANDARD_D2_V3, max_instances: 2}
vars: {it: &it "${{ secrets.CANARY }}"}
job:
  command: python train.py
  environment_variables:
    KEY: SPELLED
"""


def spec(spelled: str = SPELLINGS["plainly"]) -> str:
    text = JOB.replace("SPELLED", spelled)
    return text if spelled == "*it" else text.replace(next(line for line in text.splitlines(True) if "&it" in line), "")


@pytest.fixture(autouse=True)
def canary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", VALUE)
    monkeypatch.setenv("CANARY-A", VALUE)


class Answers(Double):
    """Answers everything with the canary."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        outer, runs = self, self.runs
        listed = [OutputFile(f"default/{VALUE}.txt", 3)]
        runs.outputs = lambda name: listed  # type: ignore[method-assign]
        runs.address = lambda name: f"https://me:{LITERAL}@store/{VALUE}?sv=1&sig={LITERAL}"  # type: ignore[method-assign]
        begin = self.resources.begin

        def reporting(change: Any, report: Callable[[Progress], None]) -> None:
            report(Progress(text=f"sending {VALUE}"))
            begin(change, report)

        self.resources.begin = reporting  # type: ignore[method-assign]
        outer.lines = [LogLine("main/0", f"the key is {VALUE}"), LogLine("main/0", VALUE)]


def hits(*said: Any) -> list[str]:
    """Where the canary is, on what was said and below the current folder; specs are the user's own."""
    found = [f"{one.out}{one.err}" for one in said if any(trace in one.out + one.err for trace in TRACES)]
    for path in Path.cwd().rglob("*"):
        if path.is_file() and path.suffix != ".yaml":
            text = path.read_bytes()
            found += [f"{path}: {text!r}" for trace in TRACES if trace.encode() in text][:1]
    return found


@pytest.mark.parametrize("spelled", SPELLINGS.values(), ids=SPELLINGS)
def test_a_service_that_answers_with_the_secret(specrun: Any, monkeypatch: pytest.MonkeyPatch, spelled: str) -> None:
    failing = Denied(f"PUT failed: {{'key': {VALUE!r}}} ({VALUE})")
    double = Answers(faults={"begin run/job": [failing], "runs job": []})
    offer(monkeypatch, "double", double)
    write_spec(Path.cwd(), spec(spelled))
    told = specrun("apply", "--engine", "double", "-y", "-q")
    assert "PUT failed" in told.err or told.code == 65, told
    assert hits(told) == []


def verbs(double: Double) -> dict[str, tuple[str, ...]]:
    return {
        **{f"plan {form}": ("plan", "-o", form) for form in ("text", "json", "markdown")},
        "saved plan": ("plan", "--out", "the.plan"),
        "apply": ("apply", "-y"),
        "apply json": ("apply", "-y", "-o", "json"),
        "status": ("status",),
        "status json": ("status", "-o", "json"),
        "runs": ("runs",),
        "runs json": ("runs", "-o", "json"),
        "logs": ("logs",),
        "outputs": ("outputs",),
        "outputs json": ("outputs", "-o", "json"),
        "fetch": ("outputs", "--fetch", "got"),
        "cancel": ("cancel",),
        "destroy": ("destroy", "-y", "--also", "run"),
    }


@pytest.mark.parametrize("way", verbs(Double()))
@pytest.mark.parametrize("failing", ["answers", "refuses", "crashes"])
def test_every_verb_of_a_service_that_says_too_much(
    specrun: Any, monkeypatch: pytest.MonkeyPatch, way: str, failing: str
) -> None:
    run = Run("job-0000000000", "job", "0" * 64, 1, RunStatus.FAILED, f"it said {VALUE} to {VALUE}")
    double = Answers(
        all_runs=[run],
        there={"compute/gpu": Observed(Status.FAILED, maker=Maker("job"), reason=f"quota of {VALUE}")},
        identities={run.name: {"command": f"train --it {VALUE}", "environment_variables": {"A": VALUE}}},
    )
    offer(monkeypatch, "double", double)
    write_spec(Path.cwd(), spec())
    error: Exception = Quota(f"no room for {VALUE}") if failing == "refuses" else RuntimeError(f"{VALUE} {VALUE!r}")
    if failing != "answers":
        for name in ("list", "get", "outputs", "address", "logs", "identity", "cancel", "submit", "delete"):
            monkeypatch.setattr(double.runs, name, _raising(error))
    told = specrun(*verbs(double)[way], "--engine", "double")
    assert told.out + told.err
    assert hits(told) == []


def _raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        logging.getLogger("azure").warning("%s", VALUE)
        warnings.warn(VALUE, stacklevel=1)
        raise error

    return fail


LITERALS = f"""\
name: job
compute: {{name: gpu, size: STANDARD_D2_V3, max_instances: 2}}
job:
  description: "connect with AccountKey={LITERAL};EndpointSuffix=x"
  command: >-
    curl -H "Authorization: Bearer {LITERAL}" https://me:{LITERAL}@host/x?sig={LITERAL}
    --password {LITERAL} --client-secret='{LITERAL}'
  environment:
    pip: ["--index-url https://me:{LITERAL}@host/simple", torch]
  distribution: {{type: tensorflow, worker_count: 1}}
  environment_variables:
    DB_PASSWORD: {LITERAL}
    INDEX: "https://{LITERAL}@host/"
    CONNECTION: "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={LITERAL};EndpointSuffix=b"
    JSON: '{{"access_token": "{LITERAL}", "a": 1}}'
    PEM: "-----BEGIN PRIVATE KEY-----\\n{LITERAL}\\n-----END PRIVATE KEY-----"
"""


@pytest.mark.parametrize(
    "way",
    [
        ("validate",),
        ("validate", "-o", "json"),
        *(("plan", "--engine", "double", "-o", form) for form in ("text", "json", "markdown")),
        ("plan", "--engine", "double", "--out", "the.plan"),
        ("apply", "--engine", "double", "-y"),
        ("apply", "--engine", "double", "-y", "-o", "json"),
        ("graph",),
        ("export", "azureml", "--out-dir", "files"),
        ("export", "tfjob"),
        ("export", "tfjob", "--out", "tfjob.txt"),
    ],
    ids=" ".join,
)
def test_a_credential_written_out_in_a_spec_is_repeated_nowhere(
    specrun: Any, monkeypatch: pytest.MonkeyPatch, way: tuple[str, ...]
) -> None:
    offer(monkeypatch, "double", Double(asks=False))
    write_spec(Path.cwd(), LITERALS)
    told = specrun(*way)
    assert told.code == 0, told
    for path in Path.cwd().glob("files/*"):
        path.rename(path.with_suffix(".txt"))
    assert hits(told) == []
