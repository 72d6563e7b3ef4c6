"""What of another repository or target counts, and what does not: for each verb that asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specrun.engines.history import ON, PAGES, History
from specrun.engines.reliable import Reliable
from specrun.plan.changes import Action, Plan
from specrun.plan.destruction import plan_destruction
from specrun.plan.graph import Graph
from specrun.plan.hashes import HashCache
from specrun.plan.kinds.run import Adopt, Follow, Submit
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Run, RunStatus, Status, StoredFile
from specrun.plan.planner import make_plan
from specrun.plan.planning import PlanOptions
from specrun.views.data import plan_data
from specrun.views.plan_text import plan_text
from tests.engine_double import HERE, Double, carry_out, change_of, graph_for, read_specs, view_of, write_spec

HUB, OTHER = "github.com/org/models", "github.com/org/other"
TEXT = """\
name: mnist
compute: {name: gpu, size: STANDARD_NC6}
datastores: {s: {type: azure_blob, account_name: abc, container_name: def}}
data: {d: {path: data, datastore: s, prune: true}}
job: {code: src, command: 'python train.py ${{ inputs.d }}', inputs: {d: {data: d}}}
"""
FILES = {"data__a": "1", "src__train_py": "pass\n"}
OLD = "0123456789"

# Whose a thing is, for whom the plan is, and whether it counts.
TABLE = [
    (Maker("mnist", HUB), Maker("mnist", HUB), True),
    (Maker("mnist", OTHER), Maker("mnist", HUB), False),
    (Maker("mnist"), Maker("mnist", HUB), True),  # by an older version, or where there is no name
    (Maker("mnist", OTHER), Maker("mnist"), True),  # who has no name is not of another repository
    (Maker("mnist", HUB, "prod"), Maker("mnist", HUB, "prod"), True),
    (Maker("mnist", HUB, "dev"), Maker("mnist", HUB, "prod"), False),
    (Maker("mnist", HUB), Maker("mnist", HUB, "prod"), True),  # no target: each one's
    (Maker("mnist", HUB, "prod"), Maker("mnist", HUB), False),
    (Maker("mnist", OTHER, "prod"), Maker("mnist", HUB, "prod"), False),
    (Maker("mnist", "", "dev"), Maker("mnist", HUB, "prod"), False),
]
table = pytest.mark.parametrize(("maker", "asks", "counts"), TABLE)


def made(maker: Maker, digest: str = OLD, attempt: int = 1, **fields: object) -> Run:
    name = f"{maker.spec}-{digest[:10]}" + (f"-{attempt}" if attempt > 1 else "")
    run = Run(name, maker.spec, digest, attempt, RunStatus.SUCCEEDED, repository=maker.repository, target=maker.target)
    return replace(run, **fields)  # type: ignore[arg-type]


def graph_of(folder: Path, maker: Maker, text: str = TEXT) -> Graph:
    path = write_spec(folder, text.replace("name: mnist", f"name: {maker.spec}", 1), f"{maker.spec}.yaml", **FILES)
    graph = graph_for(read_specs(path), folder / "home")
    return replace(graph, resources={key: replace(one, maker=maker) for key, one in graph.resources.items()})


def plan_of(folder: Path, engine: Double, maker: Maker, text: str = TEXT, **options: object) -> Plan:
    graph, home = graph_of(folder, maker, text), folder / "home"
    chosen = PlanOptions(**options)  # type: ignore[arg-type]
    return make_plan(graph, {HERE: view_of(engine, graph)}, chosen, home, HashCache(home))


def digest_of(folder: Path) -> str:
    return next(iter(plan_of(folder, Double(), Maker("mnist")).fingerprints.values()))


def run_change(plan: Plan) -> Any:
    return next(change for change in plan.changes if change.resource.kind == "run")


def destruction(folder: Path, engine: Double, maker: Maker, *also: str) -> Mapping[str, Any]:
    graph = graph_of(folder, maker)
    plan = plan_destruction(graph, {HERE: view_of(engine, graph)}, also)
    return {change.resource.kind: change for change in plan.changes}


@table
def test_the_previous_run(tmp_path: Path, maker: Maker, asks: Maker, counts: bool) -> None:
    engine = Double(all_runs=[made(maker)], identities={f"mnist-{OLD}": {"command": "old"}})
    change = run_change(plan_of(tmp_path, engine, asks))
    assert isinstance(change, Submit)
    assert bool(change.differences) is counts
    assert change.reason.startswith("something changed" if counts else "the first run of this spec; 1 run of another ")


@table
def test_previous_runs_that_are_cancelled(tmp_path: Path, maker: Maker, asks: Maker, counts: bool) -> None:
    engine = Double(all_runs=[made(maker, status=RunStatus.RUNNING)])
    assert bool(run_change(plan_of(tmp_path, engine, asks, cancel_previous=True)).cancel) is counts


@table
def test_an_equal_fingerprint_is_the_same_run(tmp_path: Path, maker: Maker, asks: Maker, counts: bool) -> None:
    digest = digest_of(tmp_path)
    engine = Double(all_runs=[made(maker, digest)])
    change = run_change(plan_of(tmp_path, engine, asks))
    assert isinstance(change, Follow)
    assert (change.action, change.run.name) == (Action.NO_OP, f"mnist-{digest[:10]}")


@table
def test_files_that_are_pruned(tmp_path: Path, maker: Maker, asks: Maker, counts: bool) -> None:
    there = Observed(Status.READY, files={"old": StoredFile(1, "m", maker)})
    plan = plan_of(tmp_path, Double(there={"data/s/d": there}), asks)
    assert change_of(plan, "data/s/d").transfer.prune == (("old",) if counts else ())
    told = ("files-of-others", f"1 extra files of d stay, such as old: put there by {maker}.")
    assert [(note.code, note.detail) for note in plan.notes] == ([] if counts else [told])


@table
def test_a_cluster_that_is_replaced(tmp_path: Path, maker: Maker, asks: Maker, counts: bool) -> None:
    there = Observed(Status.READY, {"name": "gpu", "size": "STANDARD_DS3_V2"}, maker=maker)
    plan = plan_of(tmp_path, Double(there={"compute/gpu": there}), asks, allow_replace=True)
    assert [found.code for found in plan.refusals] == ([] if counts else ["not-ours"])
    assert counts or f"was made by {maker}" in plan.refusals[0].detail


@table
def test_what_destroy_deletes(tmp_path: Path, maker: Maker, asks: Maker, counts: bool) -> None:
    ready = Observed(Status.READY, {"name": "gpu", "size": "STANDARD_NC6"}, maker=maker)
    files = Observed(Status.READY, files={"old": StoredFile(1, "m", maker)})
    engine = Double(there={"compute/gpu": ready, "datastore/s": ready, "data/s/d": files}, all_runs=[made(maker)])
    changes = destruction(tmp_path, engine, asks, "run", "data")
    assert {change.action for change in changes.values()} == {Action.DELETE if counts else Action.NO_OP}
    assert counts or {change.reason for change in changes.values()} == {f"kept: made by {maker}"}


@table
def test_the_newest_run_and_all_of_them(maker: Maker, asks: Maker, counts: bool) -> None:
    history = History(Reliable(Double(all_runs=[made(asks, "9999999999"), made(maker)])))
    assert [run.fingerprint for run in history.every(asks)] == ([OLD] * counts) + ["9999999999"]
    assert [run.fingerprint for run in history.others("mnist")] == [OLD] * (not counts)


def test_a_cluster_of_another_spec_of_the_same_repository_is_replaced_as_before(tmp_path: Path) -> None:
    there = Observed(Status.READY, {"name": "gpu", "size": "STANDARD_DS3_V2"}, maker=Maker("cifar", HUB))
    plan = plan_of(tmp_path, Double(there={"compute/gpu": there}), Maker("mnist", HUB), allow_replace=True)
    assert plan.refusals == ()


def test_others_are_told_by_number_and_by_whose_they_are(tmp_path: Path) -> None:
    strange = [Maker("mnist", OTHER), Maker("mnist", HUB, "prod"), Maker("mnist", "gitlab.com/a/b")]
    engine = Double(all_runs=[made(maker, f"{number}" * 10) for number, maker in enumerate(strange)])
    change = run_change(plan_of(tmp_path, engine, Maker("mnist", HUB)))
    told = f"3 runs of another repository ({OTHER}, gitlab.com/a/b) or target (prod) named mnist: not considered"
    assert change.reason == f"the first run of this spec; {told}"


def test_destroy_deletes_its_own_runs_and_none_beside_them(tmp_path: Path) -> None:
    mine, theirs = Maker("mnist", HUB, "dev"), Maker("mnist", HUB, "prod")
    running = made(theirs, "9999999999", status=RunStatus.RUNNING)
    engine = Double(all_runs=[made(theirs), made(mine, "5555555555"), running])
    graph = graph_of(tmp_path, mine, "name: mnist\njob: {command: ls}\n")
    plan = plan_destruction(graph, {HERE: view_of(engine, graph)}, ["run"])
    assert plan.refusals == (), "that another's goes on is nothing to it"
    carry_out(engine, plan, tmp_path / "home")
    assert [run.target for run in engine.all_runs] == ["prod", "prod"]


def pages(number: int, maker: Maker) -> list[Run]:
    return [made(maker, f"{number:010d}") for number in range(number)]


def test_destroy_says_what_it_has_not_looked_at(tmp_path: Path) -> None:
    mine, theirs = Maker("mnist", HUB), Maker("mnist", OTHER)
    engine = Double(all_runs=[made(mine, "5555555555"), *pages(10 * PAGES, theirs)], page=10)
    graph = graph_of(tmp_path, mine, "name: mnist\njob: {command: ls}\n")
    plan = plan_destruction(graph, {HERE: view_of(engine, graph)}, ["run"])
    assert [change.reason for change in plan.changes] == [f"kept: made by {theirs}"]
    assert [note.code for note in plan.notes] == ["runs-not-looked-at"]
    assert plan_destruction(graph, {HERE: view_of(engine, graph)}, []).notes == ()


def test_pages_of_others_are_read_on_as_far_as_a_plan_goes(tmp_path: Path) -> None:
    mine, theirs = Maker("mnist", HUB), Maker("mnist", OTHER)
    old = made(mine, "5555555555")
    engine = Double(all_runs=[old, *pages(10 * (ON - 1), theirs)], page=10)
    plan = plan_of(tmp_path, engine, mine)
    assert run_change(plan).reason.startswith("something changed since the last run")
    assert (engine.calls.count("runs mnist"), engine.calls.count("runs")) == (ON, 0)
    assert plan.notes == ()


def test_what_was_not_looked_at_is_said(tmp_path: Path) -> None:
    mine, theirs = Maker("mnist", HUB), Maker("mnist", OTHER)
    engine = Double(all_runs=[made(mine, "5555555555"), *pages(10 * PAGES, theirs)], page=10)
    plan = plan_of(tmp_path, engine, mine)
    assert run_change(plan).reason.startswith(f"the first run of this spec; {10 * PAGES} runs of another repository")
    assert (engine.calls.count("runs mnist"), engine.calls.count("runs")) == (ON, PAGES)
    (note,) = plan.notes
    assert note.code == "runs-not-looked-at"
    assert f"only the newest {10 * PAGES} runs" in note.detail


def test_all_runs_are_read_on_past_others_so_far() -> None:
    mine, theirs = Maker("mnist", HUB), Maker("mnist", OTHER)
    engine = Double(all_runs=[made(mine, "5555555555"), *pages(10 * PAGES, theirs)], page=10)
    history = History(Reliable(engine))
    assert list(history.every(mine)) == []
    assert engine.calls == ["runs mnist"] * PAGES
    assert (
        history.unread("mnist")
        == f"only the newest {10 * PAGES} runs named mnist here were looked at, and there are more"
    )
    engine.all_runs = engine.all_runs[:-1]
    assert len(list(History(Reliable(engine)).every(mine))) == 1


# A spec that has another name now.

MINE = Maker("digits", HUB, "dev")


def renamed(folder: Path, maker: Maker = MINE, **fields: object) -> tuple[Double, Run]:
    """What has run as mnist, of what is called digits now."""
    run = made(replace(maker, spec="mnist"), digest_of(folder), **fields)  # type: ignore[arg-type]
    return Double(all_runs=[run]), run


def test_the_same_under_another_name_is_shown(tmp_path: Path) -> None:
    engine, run = renamed(tmp_path)
    calls = len(engine.calls)
    change = run_change(plan_of(tmp_path, engine, MINE))
    assert change.action is Action.SUBMIT
    told = f"the same as run {run.name} (succeeded): `--adopt mnist` takes it"
    assert change.reason == f"the first run of this spec; {told}"
    asked = [call for call in engine.calls[calls:] if call.startswith("run")]
    assert asked == ["runs digits", f"run digits-{run.fingerprint[:10]}", "runs"]


@pytest.mark.parametrize("strange", [Maker("mnist", OTHER, "dev"), Maker("mnist", HUB, "prod")])
def test_what_could_not_be_adopted_is_not_shown(tmp_path: Path, strange: Maker) -> None:
    engine, _ = renamed(tmp_path, strange)
    assert run_change(plan_of(tmp_path, engine, MINE)).reason == "the first run of this spec"


def test_it_is_not_looked_for_where_the_spec_has_run(tmp_path: Path) -> None:
    engine, _ = renamed(tmp_path)
    engine.all_runs.append(made(MINE))
    assert run_change(plan_of(tmp_path, engine, MINE)).reason == "something changed since the last run"
    assert "runs" not in engine.calls


@pytest.mark.parametrize("called", [lambda run: "mnist", lambda run: run.name])
def test_adopting_is_a_change_and_then_it_is_one_of_the_specs_runs(
    tmp_path: Path, called: Callable[[Run], str]
) -> None:
    engine, run = renamed(tmp_path)
    plan = plan_of(tmp_path, engine, MINE, adopt=(called(run),))
    change = run_change(plan)
    assert isinstance(change, Adopt)
    assert (change.action, change.run.name, plan.problems, plan.refusals) == (Action.UPDATE, run.name, (), ())
    told = f"  ~ run/digits   {run.name} has succeeded for exactly this: it becomes a run of digits"
    assert told in plan_text(plan, lambda text, *_: text, 200).splitlines()
    every: Any = plan_data(plan)["resource_changes"]
    data = next(one for one in every if one["type"] == "run")
    assert data["change"]["actions"] == ["update"]
    assert data["change"]["after"] == {"specs": ["mnist", "digits"]}
    assert (data["run"]["adopts"], data["run"]["follows"]) == (run.name, run.name)
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert [one.name for one in outcome.ended] == [run.name]
    assert f"adopt {run.name} digits" in engine.calls
    for options in ({}, {"adopt": (called(run),)}):
        again = plan_of(tmp_path, engine, MINE, **options)
        assert (again.pending, again.problems) == ((), ())
        assert run_change(again).reason == f"{run.name} has succeeded for exactly this"
    assert [one.name for one in History(Reliable(engine)).every(MINE)] == [run.name]
    assert [one.name for one in History(Reliable(engine)).every(replace(MINE, target="prod"))] == []


def test_an_adopted_run_is_the_previous_one_and_goes_on_being_the_others(tmp_path: Path) -> None:
    engine, run = renamed(tmp_path, status=RunStatus.RUNNING)
    engine.all_runs = [replace(run, adopted=("digits",))]
    later = run_change(plan_of(tmp_path, engine, MINE, TEXT.replace("train.py", "train.py -v"), cancel_previous=True))
    assert later.reason == "something changed since the last run"
    assert [one.name for one in later.cancel] == [run.name]
    engine.all_runs = [replace(run, adopted=("digits",), status=RunStatus.SUCCEEDED)]
    deleted = destruction(tmp_path, engine, MINE, "run")["run"]
    assert (deleted.action, deleted.reason) == (Action.NO_OP, f"kept: this spec did not make it, but {run.maker}")


def test_the_newest_attempt_is_adopted_and_the_next_comes_after_it(tmp_path: Path) -> None:
    engine, first = renamed(tmp_path, status=RunStatus.FAILED)
    second = replace(first, name=f"{first.name}-2", attempt=2, status=RunStatus.RUNNING)
    engine.all_runs.append(second)
    engine.statuses[second.name] = [RunStatus.RUNNING]
    assert run_change(plan_of(tmp_path, engine, MINE, adopt=("mnist",))).run.name == second.name
    engine.all_runs[1] = replace(second, status=RunStatus.SUCCEEDED, adopted=("digits",))
    engine.statuses = {}
    again = run_change(plan_of(tmp_path, engine, MINE, rerun=True))
    assert again.submission.name == f"digits-{first.fingerprint[:10]}-3"


def problem(plan: Plan) -> str:
    (found,) = (*plan.problems, *plan.refusals)
    assert found.code == "cannot-adopt"
    return found.detail


@pytest.mark.parametrize("strange", [Maker("mnist", OTHER, "dev"), Maker("mnist", HUB, "prod")])
def test_anothers_run_is_not_adopted(tmp_path: Path, strange: Maker) -> None:
    engine, run = renamed(tmp_path, strange)
    plan = plan_of(tmp_path, engine, MINE, adopt=("mnist",))
    assert problem(plan).startswith(f"{run.name} was made by {strange}: ")
    assert plan.refusals
    assert not isinstance(run_change(plan), Adopt)


def test_another_fingerprint_is_not_adopted_and_it_is_said_what_differs(tmp_path: Path) -> None:
    engine, run = renamed(tmp_path)
    digest = run.fingerprint
    engine.identities[run.name] = dict(run_change(plan_of(tmp_path, Double(), MINE)).submission.identity)
    for name in ("mnist", run.name):
        told = problem(plan_of(tmp_path, engine, MINE, TEXT.replace("train.py", "train.py -v"), adopt=(name,)))
        assert told.startswith(f"No run of mnist is exactly what digits is now. The newest of mnist is {run.name}, and")
        assert "command: " in told
    assert problem(plan_of(tmp_path, engine, MINE, adopt=("minst",))) == (
        f"No run of minst is exactly what digits is now. One that is: mnist-{digest[:10]}."
    )


def test_nothing_is_adopted_where_the_spec_has_run_itself_or_runs_anew(tmp_path: Path) -> None:
    engine, run = renamed(tmp_path)
    assert "needs no --adopt" in problem(plan_of(tmp_path, engine, MINE, adopt=("mnist",), rerun=True))
    own = made(MINE, run.fingerprint)
    engine.all_runs.append(own)
    told = problem(plan_of(tmp_path, engine, MINE, adopt=("mnist",)))
    assert told == f"No run of mnist is exactly what digits is now. It has run itself for exactly this: {own.name}."


@pytest.mark.parametrize(
    ("maker", "asks", "warns"),
    [
        (Maker("platform", OTHER), Maker("mnist", HUB), True),
        (Maker("mnist", OTHER, "prod"), Maker("mnist", HUB, "prod"), True),
        (Maker("platform", HUB.upper()), Maker("mnist", HUB), False),
        (Maker("platform", HUB, "dev"), Maker("mnist", HUB, "prod"), False),
        (Maker("platform", OTHER), Maker("mnist"), False),
        (Maker("platform"), Maker("mnist", HUB), False),
        (Maker(), Maker("mnist", HUB), False),
    ],
)
def test_what_another_repository_made_is_told(tmp_path: Path, maker: Maker, asks: Maker, warns: bool) -> None:
    there = {"compute/gpu": {"size": "STANDARD_NC6"}, "datastore/s": {"account_name": "abc"}}
    seen = {address: Observed(Status.READY, properties, maker=maker) for address, properties in there.items()}
    notes = [note for note in plan_of(tmp_path, Double(there=seen), asks).notes if note.code == "made-elsewhere"]
    assert [note.path for note in notes] == ([("compute",), ("datastores", "s")] if warns else [])
    for note, use in zip(notes, ("`compute: gpu`", "leave it out of `datastores`"), strict=False):
        assert f"made by {maker}: use its bare name, " in note.detail
        assert use in note.detail
    named = TEXT.replace("compute: {name: gpu, size: STANDARD_NC6}", "compute: gpu")
    notes = plan_of(tmp_path, Double(there=seen), asks, named).notes
    assert ("compute",) not in [note.path for note in notes if note.code == "made-elsewhere"]


@pytest.mark.parametrize("status", [Status.MISSING, Status.DELETING])
def test_of_what_is_not_there_nothing_is_told(tmp_path: Path, status: Status) -> None:
    seen = {"compute/gpu": Observed(status, maker=Maker("platform", OTHER))}
    assert not [
        n for n in plan_of(tmp_path, Double(there=seen), Maker("mnist", HUB)).notes if n.code == "made-elsewhere"
    ]
