"""Runs by what is known of them: columns, orders, filters, and as CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.cli import listed
from specrun.engines.base import EngineError
from specrun.plan.metrics import Last, Logged, Series
from specrun.plan.observed import Run, RunStatus
from tests.cli.conftest import Command
from tests.engine_double import Double, offer, write_spec

RUNS = {
    "a": ({"lr": 0.1}, {"accuracy": 0.7, "loss": 2.0}, {}),
    "b": ({"lr": 0.01}, {"accuracy": 0.9, "loss": math.nan}, {"momentum": "0.9"}),
    "c": ({"lr": 0.001, "note": "=1+1"}, {}, {}),
}


class Metrics:
    """What runs logged, by the letter that their fingerprint is of; `asked` are the runs that were asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.histories: list[str] = []
        self.fails = ""

    def logged(self, name: str) -> Logged:
        self.asked.append(name)
        if name == self.fails:
            raise EngineError("nobody answers")
        _, metrics, params = RUNS[name[-1]]
        return Logged({key: Last(value) for key, value in metrics.items()}, params)

    def history(self, name: str, metric: str, after: int = 0) -> Series:
        self.histories.append(metric)
        return Series(metric, (0, 1, 2), (0.0, 1.0, 2.0), (0.0, math.nan, 3.5))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Double:
    double = Double()
    double.metrics = Metrics()
    for number, (letter, (variables, _, _)) in enumerate(RUNS.items()):
        name, status = f"job-{letter * 10}", RunStatus.LOST if letter == "c" else RunStatus.SUCCEEDED
        run = Run(
            name, "job", letter * 10, 1, status, submitted=60.0 * number, started=60.0 * number, variables=variables
        )
        double.all_runs.append(replace(run, ended=60.0 * number + 2))
        double.identities[name] = {"command": f"python train.py --seed {number}"}
    offer(monkeypatch, "local", double)
    write_spec(tmp_path, "name: job\njob: {command: ls}\n")
    return double


def asked(engine: Double) -> list[str]:
    assert isinstance(engine.metrics, Metrics)
    return sorted(engine.metrics.asked)


def names(out: str) -> list[str]:
    return [word for word in out.split() if word.startswith("job-")]


def test_columns_stand_in_one_line_for_each_run(specrun: Command, engine: Double) -> None:
    said = specrun("runs", "--columns", "lr,accuracy", "--columns", "elapsed,momentum,seed,acuracy", "job.yaml")
    assert said.out.splitlines() == [
        "run             status     lr     accuracy  elapsed  momentum  seed  acuracy",
        "job-cccccccccc  lost       0.001  -         2.0 s    -         2     -",
        "job-bbbbbbbbbb  succeeded  0.01   0.9       2.0 s    0.9       1     -",
        "job-aaaaaaaaaa  succeeded  0.1    0.7       2.0 s    -         0     -",
    ]
    assert "note: no run that was looked at has `acuracy`: is `accuracy` meant?" in said.err


@pytest.mark.parametrize(
    ("options", "found", "asks"),
    [
        (["--sort", "-accuracy"], "bac", 3),
        (["--sort", "accuracy"], "abc", 3),
        (["--sort", "lr", "--limit", "1"], "c", 3),
        (["--sort", "submitted"], "abc", 0),
        (["--filter", "accuracy>0.5 lr<=0.01"], "b", 3),
        (["--filter", "accuracy>0.5", "--filter", "lr>0.01"], "a", 3),
        # What a run itself says is judged first: of others nothing is read.
        (["--filter", "accuracy>0.5 status=succeeded"], "ba", 2),
        (["--filter", "status=lost"], "c", 0),
        (["--filter", "loss<3", "--sort", "lr", "--limit", "5"], "a", 3),
        (["--filter", "lr>7"], "", 3),
    ],
)
def test_runs_are_filtered_and_sorted(
    specrun: Command, engine: Double, options: list[str], found: str, asks: int
) -> None:
    said = specrun("runs", "-q", *options, "job.yaml")
    assert names(said.out) == [f"job-{letter * 10}" for letter in found]
    assert len(asked(engine)) == asks


def test_what_runs_were_found_by_is_shown(specrun: Command, engine: Double) -> None:
    said = specrun("runs", "--sort", "-accuracy", "--filter", "params.lr<1", "--limit", "1", "job.yaml")
    assert said.out.splitlines() == [
        "run             status     elapsed  params.lr  accuracy  submitted",
        "job-bbbbbbbbbb  succeeded  2.0 s    0.01       0.9       1970-01-01 00:01",
        "  ~ seed: 0 → 1",
    ]
    assert "there are more: --limit 5 shows them" in said.err
    assert "older" not in said.err
    none = specrun("runs", "--filter", "lr>7", "job.yaml")
    assert (none.out, "no run that was looked at is so" in none.err) == ("", True)
    wrong = specrun("runs", "--filter", "acuracy>0.5", "job.yaml")
    assert (wrong.out, "has `acuracy`: is `accuracy` meant?" in wrong.err) == ("", True)


def test_of_two_that_are_called_alike_it_is_said_which_is_meant(specrun: Command, engine: Double) -> None:
    engine.identities["job-aaaaaaaaaa"] = {"command": "python train.py --loss mse"}
    said = specrun("runs", "--columns", "loss,params.loss", "job.yaml")
    assert said.out.splitlines()[-1].split() == ["job-aaaaaaaaaa", "succeeded", "2", "mse"]
    assert "note: `loss` is the metric here: `params.loss` is the parameter of that name" in said.err
    assert "note" not in specrun("runs", "--columns", "metrics.loss,params.loss", "job.yaml").err


def test_no_more_than_the_newest_are_looked_at_however_many_there_are(
    specrun: Command, engine: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed, "LOOKED_AT", 2)
    said = specrun("runs", "-q", "--sort", "lr", "--limit", "1", "job.yaml")
    assert (names(said.out), len(asked(engine))) == (["job-cccccccccc"], 2)
    told = specrun("runs", "--sort", "lr", "--limit", "1", "job.yaml").err
    assert "only the newest 2 runs were looked at: --limit 10 looks at more" in told


def test_that_metrics_cannot_be_read_hides_no_run(specrun: Command, engine: Double) -> None:
    assert isinstance(engine.metrics, Metrics)
    engine.metrics.fails = "job-bbbbbbbbbb"
    said = specrun("runs", "--columns", "lr,accuracy", "job.yaml")
    assert said.out.splitlines()[2].split() == ["job-bbbbbbbbbb", "succeeded", "0.01", "-"]
    assert "note: the metrics of job-bbbbbbbbbb cannot be read: nobody answers" in said.err


@pytest.mark.parametrize("option", [("--filter", "status=done"), ("--sort", "-"), ("--columns", ",")])
def test_a_mistake_is_told_before_anybody_is_asked(specrun: Command, engine: Double, option: tuple[str, str]) -> None:
    said = specrun("runs", *option, "job.yaml")
    assert (said.code, engine.calls) == (64, [])
    assert f"{option[0]}: " in said.err


def test_csv_has_all_columns_or_those_that_are_asked_for(specrun: Command, engine: Double) -> None:
    text = specrun("runs", "-o", "csv", "job.yaml").out
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["name"] for row in rows] == ["job-cccccccccc", "job-bbbbbbbbbb", "job-aaaaaaaaaa"]
    assert (rows[1]["params.lr"], rows[1]["params.seed"], rows[1]["metrics.loss"]) == ("0.01", "1", "nan")
    assert (rows[1]["submitted"], rows[1]["elapsed"]) == ("1970-01-01T00:01:00.000Z", "2.0")
    assert rows[0]["params.note"] == "'=1+1", "which no spreadsheet takes for a formula"
    assert text.count("\r\n") == text.count("\n") == 4
    some = specrun("runs", "-o", "csv", "--columns", "lr,metrics.loss", "--sort", "lr", "job.yaml").out
    assert some == (
        "name,lr,metrics.loss\r\njob-cccccccccc,0.001,\r\njob-bbbbbbbbbb,0.01,nan\r\njob-aaaaaaaaaa,0.1,2.0\r\n"
    )


def test_json_has_parameters_and_metrics(specrun: Command, engine: Double) -> None:
    told = json.loads(specrun("runs", "-o", "json", "job.yaml").out)
    assert told[1]["params"] == {"lr": 0.01, "seed": 1, "momentum": 0.9}
    assert told[1]["metrics"] == {"accuracy": 0.9, "loss": "NaN"}
    status = json.loads(specrun("status", "-o", "json", "--run", "job-bbbbbbbbbb", "job.yaml").out)
    assert (status["params"], status["metrics"]) == (told[1]["params"], told[1]["metrics"])


def test_status_shows_how_metrics_went(specrun: Command, engine: Double) -> None:
    out = specrun("status", "--run", "job-aaaaaaaaaa", "job.yaml").out
    assert "  parameters   lr=0.1  seed=0\n" in out
    assert "  accuracy     0.7        ▁ █  0 to 3.5\n" in out or "  accuracy     0.7        _ @  0 to 3.5\n" in out


def test_how_metrics_went_is_asked_of_a_few_however_many_there_are(
    specrun: Command, engine: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RUNS, "a", ({}, {f"m{number}": 1.0 for number in range(20)}, {}))
    out = specrun("status", "--run", "job-aaaaaaaaaa", "job.yaml").out
    assert isinstance(engine.metrics, Metrics)
    assert sorted(engine.metrics.histories) == [f"m{number}" for number in range(8)]
    assert (out.count("0 to 3.5"), "  m19" in out) == (8, True)
    engine.metrics.histories.clear()
    assert len(json.loads(specrun("status", "-o", "json", "--run", "job-aaaaaaaaaa", "job.yaml").out)["metrics"]) == 20
    assert engine.metrics.histories == []


def test_a_list_without_such_questions_reads_no_metrics(specrun: Command, engine: Double) -> None:
    listed_runs: Mapping[str, object] = {"out": specrun("runs", "job.yaml").out}
    assert names(str(listed_runs["out"]))[0] == "job-cccccccccc"
    assert asked(engine) == []
