"""One service, two SDKs: what was made through one engine on Azure ML is as declared for the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.desk import Desk, actions
from tests.conformance.places import Place, azureml
from tests.conformance.test_no_drift import KINDS, declare

pytestmark = pytest.mark.slow

WAYS = [("azureml", "azureml-v1"), ("azureml-v1", "azureml")]
SCRIPT = """
import os, sys
print("trained with", sys.argv[1])
os.makedirs("outputs", exist_ok=True)
open(sys.argv[2] + "/weights.txt", "w").write("1")
open("outputs/notes.txt", "w").write("2")
"""
JOB = """
    compute: {name: <name>, size: STANDARD_DS2_V2, max_instances: 2}
    data: {numbers: {path: data, target: moving/<name>}}
    job:
      code: src
      command: python train.py ${{ inputs.numbers }} ${{ outputs.model }}
      inputs: {numbers: {data: numbers}}
      outputs: {model: {}}
      environment: {image: "python:3.11"}
    """


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One workspace for both engines."""
    pytest.importorskip("azureml.core", reason="needs SDK v1: pip install '.[azureml-v1]'")
    folder = tmp_path_factory.mktemp("two-engines")
    with azureml(folder) as place:
        desk = Desk(folder, place)
        desk.spec("datastores: {first: {type: azure_blob, account_name: mlstore, container_name: first}}\n")
        desk.apply()
        yield place


@pytest.fixture
def desk(tmp_path: Path, place: Place) -> Iterator[Desk]:
    desk = Desk(tmp_path, place)
    try:
        yield desk
    finally:
        desk.close()


def go_to(desk: Desk, engine: str) -> None:
    """Everything from here on goes to another engine."""
    desk.variables["SPECRUN_ENGINE"] = engine


@pytest.mark.parametrize(("first", "second"), WAYS, ids=["from v2 to v1", "from v1 to v2"])
def test_what_one_made_is_as_declared_for_the_other(desk: Desk, first: str, second: str) -> None:
    go_to(desk, first)
    declare(desk, [kind for kind in KINDS if kind != "environment"])
    desk.apply("specs")
    go_to(desk, second)
    assert actions(desk.plan("--exit-code", "specs", ends=0)) == {}


def test_a_cluster_that_one_has_changed(desk: Desk) -> None:
    text = "compute: {name: <name>, size: STANDARD_DS2_V2, max_instances: <most>, tags: {team: vision}}\n"
    go_to(desk, "azureml-v1")
    desk.spec(text, most="1")
    desk.apply()
    go_to(desk, "azureml")
    desk.spec(text, most="3")
    desk.apply()
    go_to(desk, "azureml-v1")
    assert actions(desk.plan("--exit-code", ends=0)) == {}
    go_to(desk, "azureml")
    desk.run("destroy", "--yes")
    assert set(actions(desk.plan(ends=0)).values()) == {"create"}


@pytest.mark.parametrize(("first", "second"), WAYS, ids=["from v2 to v1", "from v1 to v2"])
def test_a_run_of_one_is_found_through_the_other(desk: Desk, first: str, second: str) -> None:
    desk.write("src/train.py", SCRIPT)
    desk.write("data/one.txt", "1\n")
    desk.spec(JOB)
    go_to(desk, first)
    desk.apply()
    desk.spec(f"{JOB.rstrip()}\n    experiment: another\n")
    go_to(desk, second)
    said = desk.apply()
    assert "No changes" in said.err
    (run,) = desk.runs()
    assert run["status"] == "succeeded"
    lines = desk.run("logs").out.splitlines()
    assert lines[-1].startswith("main/0 | trained with"), lines
    desk.run("outputs", "--fetch", "got")
    assert (desk.folder / "got/model/weights.txt").read_text() == "1"
    assert (desk.folder / "got/default/notes.txt").read_text() == "2"
