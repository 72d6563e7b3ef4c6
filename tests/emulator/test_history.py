"""Experiments and runs found again, with the unmodified SDK; and the language of filters."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator import odata
from emulator.runs_state import COMPLETED, FAILED, RUNNING
from tests.emulator.sdk import COMPUTE, Sdk
from tests.emulator.sdk_v2 import own
from tests.emulator.test_runs import PATIENCE, configured


@pytest.fixture(scope="module", autouse=True)
def cluster(sdk: Sdk) -> None:
    sdk.cluster()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    return tmp_path / "src"


def test_runs_are_found(sdk: Sdk, folder: Path) -> None:
    from azureml.core import Run

    experiment = sdk.experiment("found")
    ids = [f"found-{number}" for number in range(5)]
    for number, run_id in enumerate(ids):
        experiment.submit(configured(folder), run_id=run_id, tags={"parity": str(number % 2)})
        assert sdk.plane.runs[run_id].wait(timeout=PATIENCE)
    sdk.plane.page_size = 2
    sdk.training.starved = True
    try:
        assert [run.id for run in experiment.get_runs()] == ids[::-1]
        assert [run.id for run in experiment.get_runs(tags={"parity": "1"})] == ["found-3", "found-1"]
        assert [run.id for run in Run.list(experiment, status=FAILED)] == []
        assert [run.id for run in Run.list(experiment, status=COMPLETED, tags="parity")] == ids[::-1]
        held = [sdk.experiment("held").submit(configured(folder), run_id=f"held-{number}") for number in range(3)]
        compute = sdk.workspace.compute_targets[COMPUTE]
        assert [run.run_id for run in compute.get_active_runs()] == [run.id for run in held[::-1]]
        assert [run.run_id for run in Run.list_by_compute(compute, status=RUNNING)] == []
        assert {"found", "held"} <= set(sdk.workspace.experiments)
    finally:
        sdk.plane.page_size = 100
        sdk.training.starved = False
    assert all(sdk.plane.runs[run.id].wait(timeout=PATIENCE) for run in held)
    run = sdk.workspace.get_run("found-2")
    assert run.experiment.name == "found"
    run.tag("mood", "good")
    assert own(Run(experiment, "found-2").get_tags()) == {"parity": "0", "mood": "good"}
    run.remove_tags(["mood"])
    assert own(run.get_tags()) == {"parity": "0"}
    assert run.number == 3


def test_experiments(sdk: Sdk) -> None:
    from azureml.core import Experiment

    names = ["first", "second", "third"]
    experiments = {name: Experiment(sdk.workspace, name) for name in names}
    assert Experiment(sdk.workspace, "FIRST").id == experiments["first"].id
    experiments["second"].archive()
    assert {one.name for one in Experiment.list(sdk.workspace)} & set(names) == {"first", "third"}
    assert [one.name for one in Experiment.list(sdk.workspace, view_type="ArchivedOnly")] == ["second"]
    assert [one.name for one in Experiment.list(sdk.workspace, experiment_name="third")] == ["third"]
    experiments["second"].reactivate()
    experiments["third"].set_tags({"team": "vision"})
    assert [one.name for one in Experiment.list(sdk.workspace, tags={"team": "vision"})] == ["third"]
    Experiment.delete(sdk.workspace, experiments["first"].id)
    assert "first" not in sdk.workspace.experiments


def test_children(sdk: Sdk) -> None:
    parent = sdk.experiment("family").start_logging(snapshot_directory=None)
    with parent.child_run("one") as child:
        child.log("loss", 1)
    others = list(parent.create_children(2))
    parent.complete()
    assert {run.id for run in parent.get_children()} == {child.id, *(run.id for run in others)}
    assert [run.id for run in parent.get_children(status=COMPLETED)] == [child.id]


ITEM = {
    "Status": "Running",
    "RunId": "a-1",
    "Tags": {"team": "computer vision", "empty": None},
    "ParentRunId": None,
    "CreatedUtc": "2026-01-02T00:00:00",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(Status eq Running)", True),
        ("Status eq 'Queued' or RunId eq a-1", True),
        ("(Status eq Queued or RunId eq a-1) and (ParentRunId eq null)", True),
        ("Status eq Queued or RunId eq a-1 and RunId eq b", False),
        ('(Tags/team eq "computer vision")', True),
        ("(Tags/team eq null)", False),
        ("(Tags/nobody eq null)", False),
        ("(Tags/team ne null or Tags/team eq null)", True),
        ("(Tags/empty ne null or Tags/empty eq null)", True),
        ("(Tags/nobody ne null or Tags/nobody eq null)", False),
        ("(CreatedUtc ge 2026-01-01 00:00:00)", True),
        ("(CreatedUtc ge 2026-01-03 00:00:00) and (Status eq Running)", False),
    ],
)
def test_filters(text: str, expected: bool) -> None:
    assert odata.parse(text)(ITEM) == expected


@pytest.mark.parametrize(
    "text", ["Status", "(Status eq Running", "Status eq Running)", "and Status eq Running", "Color eq red"]
)
def test_filters_that_make_no_sense(text: str) -> None:
    with pytest.raises(odata.FilterInvalid):
        odata.parse(text)(ITEM)


def test_null_comes_last_when_the_greatest_is_first() -> None:
    items = [{"StartTimeUtc": None}, {"StartTimeUtc": "1"}, {"StartTimeUtc": "2"}]
    ordered = odata.order(items, "['StartTimeUtc desc']", lambda item: item)
    assert [item["StartTimeUtc"] for item in ordered] == ["2", "1", None]
