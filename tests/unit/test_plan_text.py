from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.apply.events import PlanReady
from specrun.plan.changes import Action, Plan
from specrun.plan.kinds.run import Follow, Submit
from specrun.plan.makers import Maker
from specrun.plan.observed import Loss, Observed, Run, RunStatus, Status, StoredFile
from specrun.plan.resources import Place
from specrun.views.data import event_data, plan_data
from specrun.views.plan_text import Unseen, plan_text, summary, unseen
from specrun.views.text import Paint
from tests.engine_double import Double, plan_for, read_specs, write_spec

PLAIN = Paint(False)
WEST, EAST = Place("azureml", "west"), Place("azureml", "east")
TEXT = """\
name: mnist-ps
compute: {name: gpu-cluster, size: STANDARD_DS3_V2, max_instances: 4, tags: {team: vision}}
datastores:
  training:
    type: azure_blob
    account_name: mlstore
    container_name: training
    credentials: {account_key: '${{ secrets.SPECRUN_TEST_KEY }}'}
data:
  digits: {path: data, datastore: training, target: datasets/digits, prune: true}
job:
  code: src
  command: cat ${{ inputs.digits }}
  inputs: {digits: {data: digits}}
  distribution: {type: tensorflow, parameter_server_count: 1, worker_count: 2}
  resources: {instance_count: 3}
"""

WIDE = """\
Plan for a double (engine double)

  ± compute/gpu-cluster            size cannot change in place
      size: STANDARD_NC6 → STANDARD_DS3_V2  forces replacement
      max_instances: 2 → 4
      tags.team: (not set) → vision
  + datastore/training             it does not exist
      type: azure_blob
      account_name: mlstore
      container_name: training
      credentials:
        account_key: ${{ secrets.SPECRUN_TEST_KEY }}
  ~ data/training/datasets/digits  8 new (2.5 kB), 1 changed (2 B), 1 unchanged, 2 extra, 1 of them removed
      + 0.csv  312 B
      + 1.csv  312 B
      + 2.csv  312 B
      + 3.csv  312 B
      + 4.csv  312 B
      + … and 3 more
      ~ changed.csv  2 B
      - mine.csv
        theirs.csv (extra, stays)
  ▶ run/mnist-ps                   something changed since the last run
      mnist-ps-FINGERPRNT: 1 parameter server and 2 workers, 2 code files (0 B)
      ~ command: old command → cat ${{ inputs.digits }}
      ~ inputs: digits is new
      ~ distribution: type is new
      ~ distribution: parameter_server_count is new
      ~ distribution: worker_count is new
      ~ instance_count: (none) → 3
      ~ code: a.py is new
      ~ code: b.py is new
      cancels mnist-ps-0123456789

Plan: 1 to create, 1 to update, 1 to replace, 1 to submit.\
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Every action, transfer and difference that a plan to apply can show."""
    files = {f"data__{number}_csv": "x" * 312 for number in range(8)}
    path = write_spec(tmp_path, TEXT, src__a_py="", src__b_py="", data__same_csv="1", data__changed_csv="22", **files)
    engine = Double()
    properties = {"name": "gpu-cluster", "size": "STANDARD_NC6", "max_instances": 2}
    engine.there["compute/gpu-cluster"] = Observed(Status.READY, properties, maker=Maker("mnist-ps"))
    stored = {
        "same.csv": StoredFile(1, "c4ca4238a0b923820dcc509a6f75849b", Maker("mnist-ps")),
        "changed.csv": StoredFile(1, "x", Maker("mnist-ps")),
        "mine.csv": StoredFile(1, "x", Maker("mnist-ps")),
        "theirs.csv": StoredFile(1, "x"),
    }
    engine.there["data/training/datasets/digits"] = Observed(Status.READY, files=stored)
    engine.identities["mnist-ps-0123456789"] = {"fp": 1, "command": "old command"}
    older = Run("mnist-ps-0123456789", "mnist-ps", "0123456789", 1, RunStatus.RUNNING)
    engine.all_runs = [older]
    return plan_for(engine, read_specs(path), tmp_path / "home", allow_replace=True, cancel_previous=True)


def anonymous(plan: Plan, text: str) -> str:
    return text.replace(plan.fingerprints["mnist-ps"][:10], "FINGERPRNT")


def test_a_plan_at_120_columns(plan: Plan) -> None:
    assert anonymous(plan, plan_text(plan, PLAIN, 120)) == WIDE


def test_a_plan_at_80_columns(plan: Plan) -> None:
    text = anonymous(plan, plan_text(plan, PLAIN, 80))
    full = "8 new (2.5 kB), 1 changed (2 B), 1 unchanged, 2 extra, 1 of them removed"
    assert text == WIDE.replace(f"  {full}", f"\n      {full}")


def test_colours_change_no_text(plan: Plan) -> None:
    import re

    coloured = plan_text(plan, Paint(True), 120)
    assert "\x1b[31m  ± compute/gpu-cluster" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plan_text(plan, PLAIN, 120)


def test_a_later_attempt_names_the_outputs_that_it_finds(tmp_path: Path) -> None:
    path = "azureml://datastores/training/paths/model"
    spec = write_spec(tmp_path, f"name: job\njob: {{command: ls, outputs: {{model: {{path: {path}}}}}}}\n")
    double = Double()
    first = plan_for(double, read_specs(spec), tmp_path / "home")
    assert "finds" not in plan_text(first, PLAIN)
    assert plan_data(first)["resource_changes"][0]["run"]["finds"] == {}  # type: ignore[index]
    (name,) = (change.submission.name for change in first.changes if isinstance(change, Submit))
    double.all_runs = [Run(name, "job", first.fingerprints["job"], 1, RunStatus.LOST, loss=Loss.PREEMPTED)]
    second = plan_for(double, read_specs(spec), tmp_path / "home")
    assert f"\n      finds model as the attempt before left it: {path}\n" in plan_text(second, PLAIN)
    assert plan_data(second)["resource_changes"][0]["run"]["finds"] == {"model": path}  # type: ignore[index]


def test_the_last_line_counts(plan: Plan) -> None:
    nothing = replace(plan, changes=())
    assert summary(nothing) == "No changes."
    run = Run("n-0123456789", "n", "0123456789", 1, RunStatus.RUNNING)
    submit = plan.changes[-1]
    assert isinstance(submit, Submit)
    follows = Follow(submit.resource, Action.NO_OP, "n-0123456789 is running", submit.submission, (), run)
    assert summary(replace(plan, changes=(follows,))) == "No changes: n-0123456789 is running."
    kept = replace(plan.changes[0], action=Action.NO_OP, reason="kept: this spec did not make it")
    assert summary(replace(plan, changes=(kept, follows))).splitlines() == [
        "No changes.",
        "n-0123456789 is running.",
        f"{kept.key}: kept: this spec did not make it.",
    ]


def test_json_has_the_shape_that_terraforms_tools_read(plan: Plan) -> None:
    data = json.loads(json.dumps(plan_data(plan)))
    assert data["format_version"].startswith("1.")
    changes = {change["address"]: change for change in data["resource_changes"]}
    assert {address: change["change"]["actions"] for address, change in changes.items()} == {
        "compute/gpu-cluster": ["delete", "create"],
        "datastore/training": ["create"],
        "data/training/datasets/digits": ["update"],
        "run/mnist-ps": ["create"],
    }
    cluster = changes["compute/gpu-cluster"]
    assert (cluster["mode"], cluster["type"], cluster["name"]) == ("managed", "compute", "gpu-cluster")
    assert cluster["change"]["before"] == {"name": "gpu-cluster", "size": "STANDARD_NC6", "max_instances": 2}
    assert cluster["change"]["after"]["size"] == "STANDARD_DS3_V2"
    assert cluster["change"]["replace_paths"] == [["size"]]
    assert (cluster["action_reason"], cluster["specrun_reason"]) == (
        "replace_because_cannot_update",
        "size cannot change in place",
    )
    assert changes["datastore/training"]["change"]["before"] is None
    key = changes["datastore/training"]["change"]["after"]["credentials"]["account_key"]
    assert key == "${{ secrets.SPECRUN_TEST_KEY }}"
    transfer = changes["data/training/datasets/digits"]["transfer"]
    assert {name: len(files) for name, files in transfer.items()} == {
        "new": 8,
        "changed": 1,
        "unchanged": 1,
        "extra": 2,
        "prune": 1,
    }
    run = changes["run/mnist-ps"]
    assert run["specrun_action"] == "submit"
    assert run["run"]["cancels"] == ["mnist-ps-0123456789"]
    assert data["fingerprints"]["mnist-ps"] == run["run"]["fingerprint"]
    assert data["applyable"] is True
    assert event_data(PlanReady(plan))["event"] == "plan_ready"


def test_what_cannot_be_seen_is_told_once_for_each_reason() -> None:
    errors = {WEST: {"workspace/one": "nobody is let in", "compute/gpu": "nobody is let in", "data/d": "no"}}
    plan = Plan((), (), {}, unseen=errors)
    assert list(unseen(plan)) == [
        Unseen((WEST,), "workspace/one", "nobody is let in", 1),
        Unseen((WEST,), "data/d", "no"),
    ]
    both = Plan((), (), {}, unseen={**errors, EAST: {"workspace/two": "nobody is let in"}})
    assert next(unseen(both)) == Unseen((WEST, EAST), "", "nobody is let in")
    assert Unseen((WEST,), "workspace/one", "no", 4).rest == " (the same of 4 more)"
