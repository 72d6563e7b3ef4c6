from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from specrun.engines.base import Denied
from specrun.engines.history import PAGES, History
from specrun.engines.reliable import Reliable
from specrun.plan.changes import Action, Plan
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Run, RunStatus, Status
from tests.engine_double import HERE, Double, change_of, graph_for, plan_graph, read_specs, write_spec

JOB = "name: job\njob: {code: src, command: python train.py}\n"
CLUSTER = "name: job\ncompute: {name: gpu, size: STANDARD_DS3_V2}\n"


def run_of(spec: str, attempt: int = 1, digest: str = "0123456789", **fields: object) -> Run:
    name = f"{spec}-{digest}" + (f"-{attempt}" if attempt > 1 else "")
    run = Run(name, spec, digest, attempt, RunStatus.SUCCEEDED, submitted=float(attempt))
    return replace(run, **fields)  # type: ignore[arg-type]


def others(number: int) -> list[Run]:
    return [run_of(f"other{n}") for n in range(number)]


def plan_of(folder: Path, engine: Double, *texts: str, **options: object) -> Plan:
    files = [
        write_spec(folder, text, f"{number}.yaml", src__train_py="pass\n") for number, text in enumerate(texts or [JOB])
    ]
    return plan_graph(engine, graph_for(read_specs(*files), folder / "home"), folder / "home", **options)


def digest_of(folder: Path) -> str:
    return plan_of(folder, Double()).fingerprints["job"]


def asked(engine: Double) -> list[str]:
    return [call for call in engine.calls if call.startswith("run")]


def test_a_plan_asks_for_its_own_runs_and_then_by_name(tmp_path: Path) -> None:
    digest = digest_of(tmp_path)
    mine = run_of("job", fingerprint=digest, name=f"job-{digest[:10]}")
    engine = Double(all_runs=[*others(500), mine, *others(500)])
    plan = plan_of(tmp_path, engine)
    assert change_of(plan, "run/job").reason == f"{mine.name} has succeeded for exactly this"
    assert asked(engine) == ["runs job", f"run {mine.name}-2"]


def test_the_names_alone_say_what_was_submitted(tmp_path: Path) -> None:
    digest = digest_of(tmp_path)
    runs = [run_of("job", n, digest[:10], fingerprint=digest) for n in (1, 2, 3)]
    engine = Double(all_runs=[*runs, *others(50)], unmarked={run.name for run in runs}, page=10)
    change = change_of(plan_of(tmp_path, engine), "run/job")
    assert change.run.name == runs[2].name
    assert asked(engine) == ["runs job", *(f"run {run.name}" for run in runs), f"run job-{digest[:10]}-4"]


def test_why_a_run_failed_is_one_request_for_each_attempt_and_only_of_the_newest_fingerprint(tmp_path: Path) -> None:
    digest = digest_of(tmp_path)
    failed = [run_of("job", n, digest[:10], fingerprint=digest, status=RunStatus.FAILED) for n in (1, 2)]
    engine = Double(all_runs=[run_of("job", status=RunStatus.FAILED), *failed])
    engine.statuses = {run.name: [RunStatus.LOST] for run in failed}
    change = change_of(plan_of(tmp_path, engine), "run/job")
    assert (change.action, change.submission.attempt) == (Action.SUBMIT, 3)
    assert sorted(asked(engine)) == sorted(
        ["runs job", f"run {failed[1].name[:-2]}-3", *(f"run {r.name}" for r in failed)]
    )


def test_runs_without_a_mark_are_looked_for_among_all(tmp_path: Path) -> None:
    older = run_of("job")
    engine = Double(all_runs=[older, *others(25)], unmarked={older.name}, page=10)
    plan = plan_of(tmp_path, engine)
    assert change_of(plan, "run/job").reason == "something changed since the last run"
    assert asked(engine)[2:] == ["runs"] * 3
    assert plan.notes == ()


def test_no_more_than_some_pages_of_all_are_read_and_that_is_said(tmp_path: Path) -> None:
    older = run_of("job")
    engine = Double(all_runs=[older, *others(300)], unmarked={older.name}, page=10)
    plan = plan_of(tmp_path, engine)
    assert change_of(plan, "run/job").reason == "the first run of this spec"
    assert asked(engine).count("runs") == PAGES
    (note,) = plan.notes
    assert note.code == "runs-not-looked-at"
    assert "only the newest 200 runs" in note.detail


def test_many_specs_share_the_list_of_all_where_that_is_short(tmp_path: Path) -> None:
    texts = [JOB.replace("name: job", f"name: job{n}") for n in range(PAGES + 1)]
    engine = Double(all_runs=others(25), page=10)
    plan = plan_of(tmp_path, engine, *texts, max_runs=100)
    assert len(plan.pending) == PAGES + 1
    assert asked(engine) == ["runs"] * 3


def test_what_the_service_does_not_filter_is_filtered_here(tmp_path: Path) -> None:
    mine = run_of("job")
    engine = Double(all_runs=[mine, *others(300)], filters=False, page=10)
    plan = plan_of(tmp_path, engine)
    assert [note.code for note in plan.notes] == ["runs-not-looked-at"]
    assert asked(engine).count("runs") == PAGES
    engine.all_runs = [*others(50), mine, *others(50)]
    plan = plan_of(tmp_path, engine)
    assert change_of(plan, "run/job").reason == "something changed since the last run"
    assert plan.notes == ()


@pytest.mark.parametrize(
    ("size", "options", "read"),
    [("STANDARD_DS3_V2", {}, []), ("STANDARD_NC6", {"allow_replace": True}, ["runs"]), ("STANDARD_NC6", {}, ["runs"])],
)
def test_what_others_run_matters_only_where_something_would_be_taken_away(
    tmp_path: Path, size: str, options: dict[str, object], read: list[str]
) -> None:
    there = Observed(Status.READY, {"name": "gpu", "size": size}, maker=Maker("job"))
    user = run_of("other", compute="gpu", status=RunStatus.RUNNING)
    engine = Double(there={"compute/gpu": there}, all_runs=[user])
    plan = plan_of(tmp_path, engine, CLUSTER, **options)
    assert asked(engine) == read
    assert [found.code for found in plan.refusals] == ["in-use"] * len(read)


def test_other_runs_that_go_on_are_cancelled_wherever_they_are_listed(tmp_path: Path) -> None:
    marked, older = (run_of("job", n, status=RunStatus.RUNNING) for n in (2, 1))
    engine = Double(all_runs=[older, *others(5), marked], unmarked={older.name}, page=2)
    plan = plan_of(tmp_path, engine, cancel_previous=True)
    assert {run.name for run in change_of(plan, "run/job").cancel} == {marked.name, older.name}
    engine = Double(all_runs=engine.all_runs, page=2)
    plan_of(tmp_path, engine)
    assert "runs" not in asked(engine)


def test_runs_that_cannot_be_read_leave_their_place_unplanned(tmp_path: Path) -> None:
    engine = Double(faults={"runs job": [Denied("not even that")]})
    plan = plan_of(tmp_path, engine)
    assert (plan.changes, plan.places) == ((), ())
    assert plan.unseen == {HERE: {"the runs so far": "not even that"}}


def test_all_runs_of_a_spec_are_read_as_they_are_wanted() -> None:
    engine = Double(all_runs=[*(run_of("job", n) for n in range(1, 8)), *others(50)], page=3)
    every = History(Reliable(engine)).every(Maker("job"))
    assert [next(every).attempt, next(every).attempt] == [7, 6]
    assert engine.calls == ["runs job"]
    assert [run.attempt for run in every] == [5, 4, 3, 2, 1]
    assert engine.calls == ["runs job"] * 3


def test_all_runs_of_a_spec_that_has_no_marked_ones_or_is_not_filtered() -> None:
    runs = [run_of("job", n) for n in range(1, 5)]
    engine = Double(all_runs=[*runs, *others(3)], unmarked={run.name for run in runs})
    assert [run.attempt for run in History(Reliable(engine)).every(Maker("job"))] == [4, 3, 2, 1]
    engine = Double(all_runs=[*runs, *others(50)], filters=False, page=7)
    assert [run.attempt for run in History(Reliable(engine)).every(Maker("job"))] == [4, 3, 2, 1]
