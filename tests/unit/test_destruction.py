from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.engines.facts import ENGINES
from specrun.engines.history import History
from specrun.engines.reliable import Reliable
from specrun.plan.changes import Action, Plan
from specrun.plan.destruction import plan_destruction
from specrun.plan.hashes import content_digest
from specrun.plan.kinds.run import RunDeletion
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Run, RunStatus, Status, StoredFile, Survey
from specrun.plan.planning import View
from specrun.plan.resources import Capability
from specrun.views.data import plan_data
from specrun.views.plan_text import plan_text
from specrun.views.text import Paint
from tests.engine_double import Double, graph_for, key, read_specs, write_spec

TEXT = """\
name: job
workspace: {name: wsp, resource_group: rg, subscription_id: 12345678-1234-1234-1234-123456789abc, create: true}
compute: {name: gpu, max_instances: 2}
datastores: {s: {type: azure_blob, account_name: abc, container_name: def}}
data: {d: {path: data, datastore: s}}
job: {command: 'cat ${{ inputs.d }}', inputs: {d: {data: d}}, environment: {pip: [numpy]}}
"""
ENVIRONMENT = f"environment/{content_digest({'pip': ['numpy']})[:10]}"
EVERYTHING = ("workspace", "data", "environment", "run")
SUCCEEDED = Run("job-0123456789", "job", "0123456789", 1, RunStatus.SUCCEEDED)


def plan_of(
    *files: Path,
    also: tuple[str, ...] = (),
    unfinished: tuple[Run, ...] = (),
    engine: Double | None = None,
    ended_before: float | None = None,
    **seen: Observed,
) -> Plan:
    engine = engine or Double()
    graph = graph_for(read_specs(*files), files[0].parent / "home", engine.place)
    ready = Observed(Status.READY, maker=Maker("job"))
    kinds: Mapping[str, Observed] = {
        "data": Observed(Status.READY, files={"a": StoredFile(1, "m", Maker("job"))}),
        **seen,
    }
    observed = {key: kinds.get(resource.kind, ready) for key, resource in graph.resources.items()}
    engine.all_runs = [*reversed(unfinished), SUCCEEDED]
    history = History(Reliable(engine))
    view = View(engine.capabilities, engine.shows_extra, Survey(observed, {}), history, engine.runs.identity)
    views = {engine.place: view}
    return plan_destruction(graph, views, also, ended_before)


def reasons(plan: Plan) -> dict[str, str]:
    return {change.resource.kind: change.reason for change in plan.changes}


def deleted(plan: Plan) -> list[str]:
    return [change.resource.kind for change in plan.changes if change.action is Action.DELETE]


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    return write_spec(tmp_path, TEXT, data__a="1")


def test_what_nobody_looked_at_is_left(spec: Path) -> None:
    unseen = Observed(Status.UNSEEN, reason="this machine stands for it")
    plan = plan_of(spec, also=("workspace",), compute=unseen, workspace=unseen)
    assert reasons(plan)["compute"] == "not looked at: this machine stands for it"
    assert "compute" not in deleted(plan)


def test_only_what_can_be_made_again(spec: Path) -> None:
    plan = plan_of(spec)
    assert sorted(deleted(plan)) == ["compute", "datastore"]
    kept = {change.resource.kind: change.reason for change in plan.changes if change.action is Action.NO_OP}
    assert kept == {kind: f"kept: say `--also {kind}` to delete it too" for kind in EVERYTHING}


def test_more_when_it_is_named_and_dependents_first(spec: Path) -> None:
    plan = plan_of(spec, also=EVERYTHING)
    assert plan.refusals == ()
    kinds = deleted(plan)
    assert sorted(kinds) == ["compute", "data", "datastore", "environment", "run", "workspace"]
    assert (kinds[0], kinds[-1]) == ("run", "workspace")
    assert kinds.index("data") < kinds.index("datastore")
    needs = {change.key: change.resource.needs for change in plan.changes}
    assert needs[key("run/job")] == ()
    assert key("run/job") in needs[key("data/s/d")]
    assert set(needs[key("workspace/wsp")]) == set(needs) - {key("workspace/wsp")}


def test_old_runs_and_nothing_else(spec: Path) -> None:
    plan = plan_of(spec, also=("run",), ended_before=1.7e9, unfinished=(replace(SUCCEEDED, status=RunStatus.RUNNING),))
    assert (deleted(plan), plan.refusals, plan.notes) == (["run"], (), ()), "one that goes on needs no old one"
    (change,) = plan.pending
    assert isinstance(change, RunDeletion)
    assert change.ended_before == 1.7e9
    assert change.reason.startswith("those that ended before 2023-11-1")
    others = {change.reason for change in plan.changes if change.resource.kind != "run"}
    assert others == {"kept: only old runs are to be deleted"}
    kept = plan_of(
        spec, also=("run",), ended_before=1.7e9, engine=Double(capabilities=ENGINES["azureml-v1"].capabilities)
    )
    assert deleted(kept) == []


@pytest.mark.parametrize("owner", ["", "another"])
def test_not_what_somebody_else_made(spec: Path, owner: str) -> None:
    others = Observed(Status.READY, maker=Maker(owner))
    files = Observed(Status.READY, files={"a": StoredFile(1, "m", Maker(owner))})
    plan = plan_of(spec, also=("workspace", "data"), compute=others, datastore=others, workspace=others, data=files)
    assert deleted(plan) == []
    kept = {reasons(plan)[kind].partition(",")[0] for kind in ("compute", "datastore", "workspace", "data")}
    assert kept == {"kept: this spec did not make it"}
    user = Run("x", "another", "f", 1, RunStatus.RUNNING, compute="gpu")
    assert plan_of(spec, compute=others, unfinished=(user,)).refusals == (), "what is kept may be used"


def test_what_is_in_a_workspace_goes_with_it_and_what_it_stands_on_stays(spec: Path) -> None:
    capabilities = ENGINES["azureml"].capabilities
    plan = plan_of(spec, also=("workspace",), engine=Double(capabilities=capabilities))
    assert reasons(plan) | {"data": ""} == {
        "workspace": "made by job",
        "compute": "made by job",
        "datastore": "made by job",
        "data": "",
        "environment": "goes with workspace/wsp",
        "run": "goes with workspace/wsp",
    }
    assert reasons(plan)["data"] == "kept: say `--also data` to delete it too"
    assert [note.code for note in plan.notes] == ["left-behind"]
    for part in ("storage account", "key vault", "container registry", "history", "14 days"):
        assert part in str(plan.notes[0].detail)
    theirs = plan_of(spec, also=("workspace",), compute=Observed(Status.READY, maker=Maker("another")))
    assert reasons(theirs)["compute"] == "goes with workspace/wsp"
    assert plan_of(spec).notes == ()


def test_what_stays_is_told_at_the_end(spec: Path) -> None:
    azure = Double(capabilities=ENGINES["azureml"].capabilities)
    stays = plan_of(spec, engine=azure).stays
    assert [one.partition(":")[0] for one in stays] == ["runs", "data", "workspace"]
    for part in ("storage account", "key vault", "Application Insights", "container registry"):
        assert part in stays[-1]
    assert [one.partition(":")[0] for one in plan_of(spec, engine=azure, also=("workspace",)).stays] == ["data"]
    assert plan_of(spec, engine=azure, also=("data", "run", "workspace")).stays == ()
    assert plan_of(spec, engine=azure, also=("run",), ended_before=1.0).stays == ()
    missing = {"workspace": Observed(Status.MISSING), "data": Observed(Status.MISSING)}
    assert [one.partition(":")[0] for one in plan_of(spec, engine=azure, **missing).stays] == ["runs"]
    here = plan_of(spec, engine=Double(capabilities=ENGINES["local"].capabilities))
    assert [one.partition(":")[0] for one in here.stays] == ["runs", "data", "environments"]
    text = plan_text(here, Paint(False), 80)
    assert text.index("What stays:\n  runs: their logs") > text.index("made by job")
    assert plan_data(here)["stays"] == list(here.stays)


def test_why_it_is_deleted(spec: Path) -> None:
    assert reasons(plan_of(spec, also=EVERYTHING)) == {
        "workspace": "made by job",
        "compute": "made by job",
        "datastore": "made by job",
        "data": "made by job",
        "environment": "built for this content alone",
        "run": "made by job",
    }


def test_not_what_is_missing_or_only_named(tmp_path: Path) -> None:
    missing = Observed(Status.MISSING)
    plan = plan_of(write_spec(tmp_path, TEXT, data__a="1"), compute=missing)
    assert (deleted(plan), reasons(plan)["compute"]) == (["datastore"], "it does not exist")
    named = write_spec(tmp_path / "named", "name: job\ncompute: gpu\njob: {command: ls}\n")
    plan = plan_of(named)
    assert (deleted(plan), reasons(plan)["compute"]) == ([], "only named by this spec")


@pytest.mark.parametrize(
    ("run", "also"),
    [
        (Run("x", "another", "f", 1, RunStatus.RUNNING, compute="gpu"), ()),
        (Run("x", "another", "f", 1, RunStatus.RUNNING, reads=("data/s/d",)), ("data",)),
        (Run("x", "job", "f", 1, RunStatus.QUEUED), ("run",)),
        (Run("x", "another", "f", 1, RunStatus.QUEUED, reads=(ENVIRONMENT,)), ("environment",)),
        (Run("x", "another", "f", 1, RunStatus.RUNNING), ("workspace",)),
    ],
)
def test_not_under_an_unfinished_run(spec: Path, run: Run, also: tuple[str, ...]) -> None:
    plan = plan_of(spec, also=also, unfinished=(run,))
    assert [refusal.code for refusal in plan.refusals] == ["in-use"]
    assert plan.refusals[0].detail.startswith("x still uses ")
    plan = plan_of(spec, also=also, unfinished=(run, replace(run, name="y")))
    (found,) = plan.refusals
    used = next(change.key for change in plan.changes if str(change.key) in found.detail)
    assert found.detail == f"x, y still uses {used}: wait, or `specrun cancel`."


def test_what_specs_share_is_deleted_whichever_comes_first(tmp_path: Path) -> None:
    one = write_spec(tmp_path / "one", "name: one\ncompute: {name: gpu, max_instances: 2}\n")
    two = write_spec(tmp_path / "two", "name: two\ncompute: {name: gpu, max_instances: 2}\njob: {command: ls}\n")
    made_by_two = Observed(Status.READY, maker=Maker("two"))
    assert deleted(plan_of(one, two, compute=made_by_two)) == ["compute"]
    assert deleted(plan_of(one, compute=made_by_two)) == []


def test_what_an_engine_never_deletes_is_kept_whatever_is_named(spec: Path) -> None:
    engine = Double(capabilities={"run": Capability(kept="the service keeps all runs"), "datastore": Capability(None)})
    plan = plan_of(spec, also=("data", "environment", "run"), engine=engine)
    reasons = {change.resource.kind: change.reason for change in plan.changes if change.action is Action.NO_OP}
    assert reasons == {
        "run": "kept: the service keeps all runs",
        "workspace": "kept: say `--also workspace` to delete it too",
    }
