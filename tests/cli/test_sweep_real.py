"""A sweep on this machine from its apply to what every verb says of it: no double knows how these fit together."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import specrun as api
from tests.engine_double import write_spec
from tests.event_writing import scalar

VALUES = {1: 0.5, 2: 0.75, 3: 0.25, 4: None}
SPEC = """\
name: four
job:
  code: src
  command: >-
    mkdir -p outputs && cp events.${{ search_space.n }} outputs/events.out.tfevents.1.host
    && echo ${{ search_space.n }} > ${{ outputs.model }}/n.txt
  outputs: {model: {}}
sweep:
  sampling_algorithm: grid
  search_space: {n: {type: choice, values: [1, 2, 3, 4]}}
  objective: {goal: maximize, primary_metric: accuracy}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = write_spec(tmp_path, SPEC)
    (tmp_path / ".git").mkdir()
    (tmp_path / "src").mkdir()
    for number, value in VALUES.items():
        if value is not None:  # the script of the fourth fails
            (tmp_path / "src" / f"events.{number}").write_bytes(scalar("accuracy", value))
    return path


def test_a_sweep_from_its_apply_to_its_best_trial(specrun: Any, spec: Path) -> None:
    said = specrun("apply", "job.yaml")
    assert said.code == 0, said.err
    name = re.search(r"✓ (four-\w{10}) succeeded", said.out)
    assert name is not None
    sweep = name[1]
    assert "  4 of 4 trials, 1 failed\n" in said.out
    best = re.search(r"best: accuracy 0.75 by (four-\w{10}) \(n=2\)", said.out)
    assert best is not None
    assert f"specrun outputs {sweep} --best" in said.out

    # A list has the sweep alone, and its tree its trials.
    assert specrun("runs", "-q").out.split() == [sweep]
    trials = specrun("runs", "--tree", "-q").out.split()
    assert (len(trials), trials[0]) == (4, best[1])
    (told,) = json.loads(specrun("runs", "--tree", "-o", "json").out)
    assert [(one["parameters"]["n"], one["status"]) for one in told["trials"]] == [
        (2, "succeeded"),
        (1, "succeeded"),
        (3, "succeeded"),
        (4, "failed"),
    ]
    status = specrun("status").out
    assert "  failed       " in status
    assert "cp: " in status  # what the trial that failed said
    assert json.loads(specrun("status", "-o", "json", trials[1]).out)["parent"] == sweep

    assert specrun("outputs", "--best", "--fetch", "got").code == 0
    assert Path("got/model/n.txt").read_text() == "2\n"
    assert specrun("logs", trials[0]).code == 0
    differs = specrun("diff", trials[1], trials[0]).out
    assert "  n  1 → 2\n" in differs
    assert re.search(r"accuracy +0.5 +0.75 +\+0.25", differs)

    # What a trial is can be written out, and is there already: it is no other run than a plain one.
    assert specrun("checkout", trials[0], "out").code == 0
    written = Path("out/job.yaml").read_text()
    assert ("sweep:" in written, "cp events.2 " in written) == (False, True)
    assert (
        f"{trials[0]} has succeeded for exactly this"
        in specrun("plan", "out/job.yaml").err + specrun("plan", "out/job.yaml").out
    )
    assert specrun("checkout", sweep, "all").code == 0

    (run,) = api.load(spec).runs()
    assert run.best_trial is not None
    assert (run.best_trial.name, run.best_trial.params) == (trials[0], {"n": 2})
    assert run.best_trial.run.outputs.open("model/n.txt").read() == b"2\n"
    assert [one.name for one in run.trials] == trials


def test_a_sweep_none_of_whose_trials_succeeds_tells_why_and_ends_so(specrun: Any, spec: Path) -> None:
    spec.write_text(spec.read_text().replace("values: [1, 2, 3, 4]", "values: [4, 5]"))
    said = specrun("apply", "-o", "json", "job.yaml")
    assert said.code == 100
    events = [json.loads(line) for line in said.out.splitlines()]
    assert [one["trial"]["status"] for one in events if one["event"] == "trial_ended"] == ["failed", "failed"]
    end = events[-1]
    assert (end["event"], end["sweep"]["best"], end["sweep"]["counts"]) == ("finished", None, {"failed": 2})
    assert end["trial"] == next(one["trial"]["run"] for one in events if one["event"] == "trial_ended")
    assert any("cannot stat" in line["text"] for line in end["last_lines"])
    assert specrun("outputs", "--best", "job.yaml").code == 100
    again = specrun("apply", "job.yaml")
    assert (again.code, "cannot stat" in again.err) == (100, True)
