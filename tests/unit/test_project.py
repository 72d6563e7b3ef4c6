"""Specs in several places: what a plan says of each, and what of one place is no matter of another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from specrun.apply.project import Project, open_project, places_of
from specrun.engines.base import Denied
from specrun.plan.changes import Action, Plan
from specrun.plan.observed import Observed, Run, RunStatus, Status, StoredFile
from specrun.plan.planning import PlanOptions
from specrun.plan.resources import Place
from specrun.spec.model import Spec
from tests.engine_double import Double, offer, read_specs, write_spec

IDS = "resource_group: rg, subscription_id: 12345678-1234-1234-1234-123456789abc"
EAST, WEST = Place("azureml", "east"), Place("azureml", "west")
TEXT = """\
compute: {name: gpu, size: STANDARD_DS3_V2, max_instances: 2}
data: {d: {path: data}}
job: {command: ls, inputs: {d: {data: d}}}
"""


@pytest.fixture
def doubles(monkeypatch: pytest.MonkeyPatch) -> dict[Place, Double]:
    made = {}
    for place in (EAST, WEST):
        there = {f"workspace/{place.workspace}": Observed(Status.READY)}
        made[place] = Double(place=Place("", place.workspace, f"workspace {place.workspace}"), there=there)
    offer(monkeypatch, "azureml", *made.values(), by_workspace=True)
    return made


def spec(folder: Path, workspace: str, text: str = TEXT, name: str = "job") -> Path:
    where = f"workspace: {{name: {workspace}, {IDS}}}\n" if workspace else ""
    return write_spec(folder / (workspace or "none"), f"name: {name}\n{where}{text}", data__a_csv="1\n")


@pytest.fixture
def project(tmp_path: Path, doubles: dict[Place, Double]) -> Project:
    return open_project(read_specs(spec(tmp_path, "east"), spec(tmp_path, "west")), "azureml", tmp_path / "home")


def codes(plan: Plan) -> list[str]:
    return [found.code for found in plan.refusals]


def test_a_change_for_each_place(project: Project) -> None:
    assert list(project.check()) == []
    plan = project.plan(PlanOptions())
    assert plan.places == (EAST, WEST)
    for place in plan.places:
        actions = {change.key.address: change.action for change in plan.in_place(place)}
        assert actions == {
            f"workspace/{place.workspace}": Action.NO_OP,
            "compute/gpu": Action.CREATE,
            "data/default/d": Action.CREATE,
            "run/job": Action.SUBMIT,
        }


RUNNING = Run("x", "other", "f", 1, RunStatus.RUNNING, compute="gpu", reads=("data/default/d",))


@pytest.mark.parametrize("busy", [EAST, WEST])
def test_users_and_readers_are_those_of_the_place(project: Project, doubles: dict[Place, Double], busy: Place) -> None:
    """A cluster and data of the same names are in use in one of the places, and change in the other."""
    for place, double in doubles.items():
        small = {"name": "gpu", "size": "STANDARD_NC6", "max_instances": 2}
        double.there["compute/gpu"] = Observed(Status.READY, small, owner="job")
        double.there["data/default/d"] = Observed(Status.READY, files={"a.csv": StoredFile(1, "x", "job")})
        double.all_runs = [RUNNING] if place == busy else []
    refusals = project.plan(PlanOptions(allow_replace=True)).refusals
    assert [found.code for found in refusals] == ["in-use", "active-reader"]
    assert {f"/{busy.workspace}/" in str(found.location) for found in refusals} == {True}
    assert codes(project.plan_destruction(("data",))) == ["in-use", "in-use"]


def test_what_is_followed_runs_in_its_place(project: Project, doubles: dict[Place, Double]) -> None:
    submission = next(
        change.submission  # type: ignore[attr-defined]
        for change in project.plan(PlanOptions()).in_place(EAST)
        if change.fingerprint
    )
    doubles[EAST].all_runs = [Run(submission.name, "job", submission.fingerprint, 1, RunStatus.RUNNING)]
    plan = project.plan(PlanOptions())
    actions = {change.key.place: change.action for change in plan.changes if change.key.address == "run/job"}
    assert actions == {EAST: Action.NO_OP, WEST: Action.SUBMIT}


def test_runs_are_counted_over_all_places(project: Project) -> None:
    assert codes(project.plan(PlanOptions(max_runs=1))) == ["too-many-runs"]
    assert codes(project.plan(PlanOptions(max_runs=2))) == []


def test_a_place_that_cannot_be_observed_does_not_hide_the_other(
    project: Project, doubles: dict[Place, Double]
) -> None:
    doubles[EAST].faults = {"observe compute/gpu": [Denied("no"), Denied("no")], "runs": [Denied("no")]}
    plan = project.plan(PlanOptions())
    assert (plan.places, plan.unseen) == ((WEST,), {EAST: {"the runs so far": "no", "compute/gpu": "no"}})
    assert {change.key.place for change in plan.changes} == {WEST}
    assert len(plan.pending) == 3
    destruction = project.plan_destruction(())
    assert (destruction.unseen, {change.key.place for change in destruction.changes}) == (
        {EAST: {"compute/gpu": "no"}},
        {WEST},
    )


def found(specs: Sequence[Spec], engine: str | None = None) -> list[Place]:
    return list(places_of(specs, engine).values())


@pytest.mark.usefixtures("doubles")
def test_a_spec_without_a_workspace_goes_where_the_others_of_its_engine_go(tmp_path: Path) -> None:
    job = "job: {command: ls}\n"
    east, none = spec(tmp_path, "east", job, "one"), spec(tmp_path, "", job, "two")
    assert found(read_specs(east, none), "azureml") == [EAST, EAST]
    assert found(read_specs(none), "azureml") == [Place("azureml")]
    both = read_specs(east, spec(tmp_path, "west", job, "three"), none)
    assert found(both, "azureml") == [EAST, WEST, Place("azureml")]
    assert found(both, "local") == [Place("local")] * 3
    assert found(both) == [Place("local")] * 3
