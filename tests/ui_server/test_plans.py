"""The plan of a chain as a page has it: what waits for what, how far an apply is, and what is planned after it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import specrun
from specrun.ui.plans import Plans
from tests.local.runs import wait_until

PREP = """\
apiVersion: specrun/v1
name: prep
job:
  command: "while [ ! -e GATE ]; do sleep 0.02; done; echo 1 > ${{ outputs.features }}/f; exit CODE"
  outputs: {features: {}}
"""
TRAIN = """\
apiVersion: specrun/v1
name: train
job:
  command: cp ${{ inputs.x }}/f ${{ outputs.model }}
  inputs: {x: {run: prep, output: features}}
  outputs: {model: {register: {name: digits}}}
"""


def chain(folder: Path, code: int) -> specrun.Specs:
    (folder / "prep.yaml").write_text(PREP.replace("GATE", str(folder / "gate")).replace("CODE", str(code)))
    (folder / "train.yaml").write_text(TRAIN)
    return specrun.load(folder / "prep.yaml", folder / "train.yaml")


def seen(plans: Plans) -> Any:
    return plans.get()


def shown(plans: Plans, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The nodes by their names, once they are so."""
    latest: dict[str, Any] = {}

    def there() -> bool:
        told = seen(plans)
        latest.clear()
        latest.update({node["label"]: node for node in told["graph"]["nodes"]})
        return bool(latest) and not told["making"] and until(latest)

    wait_until(there, "the plan to be so", lambda: latest)
    return latest


def states(plans: Plans, **wanted: str | None) -> dict[str, Any]:
    return shown(plans, lambda nodes: {name: nodes[f"run/{name}"]["state"] for name in wanted} == wanted)


@pytest.mark.parametrize("code", [0, 1])
def test_an_apply_is_seen_while_it_goes_on_and_planned_anew_after_it(tmp_path: Path, code: int) -> None:
    job = chain(tmp_path, code)
    plans = Plans(lambda: job._open()[0], tmp_path / ".specrun")
    nodes = shown(plans, lambda nodes: True)
    assert [nodes[name]["action"] for name in ("run/prep", "run/train", "model/digits")] == [
        "submit",
        "submit",
        "create",
    ]
    by_id = {node["id"]: name for name, node in nodes.items()}
    edges = [(by_id[one], by_id[other]) for one, other in seen(plans)["graph"]["edges"]]
    assert sorted(edges) == [("run/prep", "run/train"), ("run/train", "model/digits")]

    apply = threading.Thread(target=job.apply)
    apply.start()
    nodes = states(plans, prep="going", train="waiting")
    assert nodes["model/digits"]["state"] == "waiting"
    assert seen(plans)["live"]
    (tmp_path / "gate").touch()
    apply.join()

    after = states(plans, prep=None, train=None)  # though its process goes on: it is this one
    assert not seen(plans)["live"]
    status = ("failed", None) if code else ("succeeded", "succeeded")
    assert (after["run/prep"]["status"], after["run/train"]["status"]) == status
    told = seen(plans)["plan"]
    held = [change["run"].get("held", False) for change in told["resource_changes"] if change["type"] == "run"]
    assert held == [False, bool(code)]
