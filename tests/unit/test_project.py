"""Specs in several places: what a plan says of each, and what of one place is no matter of another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from specrun.apply import project as projects
from specrun.apply import walk
from specrun.apply.events import Event, OperationStarted
from specrun.apply.project import Project, open_project, places_of
from specrun.engines.base import Denied, Scope
from specrun.plan import hashes
from specrun.plan.changes import Action, Plan
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Run, RunStatus, Status, StoredFile
from specrun.plan.planning import PlanOptions
from specrun.plan.resources import Key, Place
from specrun.spec.model import Spec
from tests.engine_double import HANG, Double, offer, read_specs, write_spec

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


def test_fingerprints_of_specs_of_one_name_are_told_apart(project: Project) -> None:
    plan = project.plan(PlanOptions())
    (digest,) = set(plan.fingerprints.values())
    assert plan.fingerprints == {f"job (workspace {name}, azureml)": digest for name in ("east", "west")}


def test_an_interrupt_is_noticed_while_nothing_happens(
    project: Project, doubles: dict[Place, Double], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "GRACE", 0.01)
    doubles[EAST].faults = {"begin compute/gpu": [HANG]}
    stop = threading.Event()

    def interrupt(event: Event) -> None:
        if isinstance(event, OperationStarted) and event.key == Key(EAST, "compute/gpu"):
            stop.set()

    assert project.carry_out(project.plan(PlanOptions()), interrupt, stop, detach=True).interrupted


def test_what_is_made_in_a_moment_is_seen_then(project: Project, doubles: dict[Place, Double]) -> None:
    for double in doubles.values():
        double.poll = 3600.0
        double.on_begin = lambda _, d=double: d.creating.update({"compute/gpu": 1})
    outcome = project.carry_out(project.plan(PlanOptions()), lambda event: None, threading.Event(), detach=True)
    assert (outcome.failed, outcome.stale, len(outcome.ended)) == ([], [], 2)


RUNNING = Run("x", "other", "f", 1, RunStatus.RUNNING, compute="gpu", reads=("data/default/d",))


@pytest.mark.parametrize("busy", [EAST, WEST])
def test_users_and_readers_are_those_of_the_place(project: Project, doubles: dict[Place, Double], busy: Place) -> None:
    """A cluster and data of the same names are in use in one of the places, and change in the other."""
    for place, double in doubles.items():
        small = {"name": "gpu", "size": "STANDARD_NC6", "max_instances": 2}
        double.there["compute/gpu"] = Observed(Status.READY, small, maker=Maker("job"))
        double.there["data/default/d"] = Observed(Status.READY, files={"a.csv": StoredFile(1, "x", Maker("job"))})
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
    doubles[EAST].faults = {"observe compute/gpu": [Denied("no"), Denied("no")], "runs job": [Denied("no")]}
    plan = project.plan(PlanOptions())
    assert (plan.places, plan.unseen) == ((WEST,), {EAST: {"compute/gpu": "no"}})
    assert {change.key.place for change in plan.changes} == {WEST}
    assert len(plan.pending) == 3
    destruction = project.plan_destruction(())
    assert (destruction.unseen, {change.key.place for change in destruction.changes}) == (
        {EAST: {"compute/gpu": "no"}},
        {WEST},
    )


def test_a_place_where_nobody_may_sign_in_is_not_asked(project: Project, doubles: dict[Place, Double]) -> None:
    doubles[EAST].faults = {"sign_in": [Denied("no browser here")] * 2}
    plan = project.plan(PlanOptions())
    assert (plan.places, plan.unseen) == ((WEST,), {EAST: {"": "no browser here"}})
    assert doubles[EAST].calls == ["sign_in"]
    assert doubles[WEST].calls[0] == "sign_in"
    assert project.sign_in() == {EAST: "no browser here"}


def test_each_engine_checks_the_specs_of_its_place(project: Project, doubles: dict[Place, Double]) -> None:
    def checks(place: Place) -> Callable[[Spec], Any]:
        return lambda spec: [(place, spec.workspace and spec.workspace["name"])]

    for place, double in doubles.items():
        double.check = checks(place)  # type: ignore[method-assign]
    assert list(project.check()) == [(EAST, "east"), (WEST, "west")]


def test_what_was_read_is_known_the_next_time(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "RACY_NS", -(10**18))
    project.plan(PlanOptions())
    kept = project.home / "cache/md5.json"
    assert "a.csv" in kept.read_text()
    kept.unlink()
    plan = project.plan(PlanOptions())
    assert not kept.exists(), "there is nothing new to keep"
    written = project.home / "written"
    written.write_text("")
    project.hashes.remember(written, written.stat(), "m")
    project.carry_out(plan, lambda event: None, threading.Event(), detach=True)
    assert str(written) in kept.read_text()


def test_what_a_killed_apply_left_is_removed_before_the_next_one(project: Project) -> None:
    left = project.home / "staging/1-2"
    left.mkdir(parents=True)
    project.carry_out(project.plan(PlanOptions()), lambda event: None, threading.Event(), detach=True)
    assert not left.exists()


@pytest.mark.usefixtures("doubles")
def test_an_engine_is_told_of_the_specs_of_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scopes: dict[Place, Scope] = {}
    real = projects.make_engine

    def make(place: Place, home: Path, hashes: object, scope: Scope) -> Any:
        scopes[place] = scope
        return real(place, home, hashes, scope)  # type: ignore[arg-type]

    monkeypatch.setattr(projects, "make_engine", make)
    job = "experiment: {}\njob: {{command: ls}}\n"
    files = [
        spec(tmp_path / name, workspace, job.format(f"of-{name}"), name)
        for name, workspace in (("one", ""), ("two", "east"), ("three", "east"))
    ]
    open_project(read_specs(*files), "azureml", tmp_path / "home")
    (scope,) = scopes.values()
    assert scope.workspace is not None
    assert scope.workspace["name"] == "east"
    assert scope.experiments == {"one": "of-one", "two": "of-two", "three": "of-three"}
    scopes.clear()
    open_project(read_specs(files[1], spec(tmp_path, "west", job.format("x"), "four")), "azureml", tmp_path / "home")
    assert {place: scope.experiments for place, scope in scopes.items()} == {
        EAST: {"two": "of-two"},
        WEST: {"four": "x"},
    }


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
    here = spec(tmp_path, "", f"engine: local\n{job}", "four")
    there = spec(tmp_path, "east", f"engine: azureml\n{job}", "five")
    assert found(read_specs(here, there)) == [Place("local"), EAST], "another engine's workspace is none of its own"


def test_workspaces_of_one_name_are_told_apart(tmp_path: Path) -> None:
    def titles(*groups: str) -> list[str]:
        ids = "subscription_id: 12345678-1234-1234-1234-12345678{}"
        files = []
        for number, group in enumerate(groups):
            name, _, end = group.partition(" ")
            where = f"workspace: {{name: ml-ws, resource_group: {name}, {ids.format(end or '9abc')}}}\n"
            files.append(
                write_spec(tmp_path / f"{len(groups)}-{number}", f"name: s{number}\n{where}{TEXT}", data__a="1")
            )
        specs = read_specs(*files)
        return [place.title for place in places_of(specs, "azureml").values()]

    assert titles("dev", "DEV") == ["workspace ml-ws"] * 2
    assert titles("dev", "prod", "dev") == ["workspace dev/ml-ws", "workspace prod/ml-ws", "workspace dev/ml-ws"]
    of_another = titles("dev", "dev 0000", "prod", "x")
    assert of_another[1] == "workspace 12345678-1234-1234-1234-123456780000/dev/ml-ws"
