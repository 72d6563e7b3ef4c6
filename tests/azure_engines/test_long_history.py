"""What a plan, and what verbs about runs ask for in a workspace with a long history: as much as in one without."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest

from emulator.dataplane import data_of
from emulator.past import add_past_runs
from emulator.runs_state import COMPLETED, FAILED, RUNNING
from specrun.apply.project import Project, open_project
from specrun.engines.azure.run_marks import FINGERPRINT_TAG, TAG, run_tags
from specrun.engines.base import Missing
from specrun.engines.history import PAGES, History
from specrun.engines.reliable import Reliable
from specrun.plan.attempts import run_name
from specrun.plan.changes import Action, Plan
from specrun.plan.makers import Maker
from specrun.plan.observed import Run
from specrun.plan.planning import PlanOptions
from specrun.spec.load import load
from tests.azure_engines.launching import Launch, launch
from tests.azure_engines.place import Place

JOB = "command: echo hello\nenvironment: {image: 'python:3.11'}\n"
TOP = "compute: {name: cpu-cluster, size: STANDARD_DS3_V2, max_instances: 4}\nexperiment: digits\n"


def past(launched: Launch, number: int, specs: int = 10, marked: bool = True) -> None:
    """So many runs of other specs."""
    runs = []
    for run in range(number):
        spec, digest = f"other{run % specs}", f"{run:064x}"[::-1]
        tags = run_tags(Maker(spec), digest) if marked else {TAG: spec, FINGERPRINT_TAG: digest}
        runs.append((run_name(spec, digest, 1), tags))
    add_past_runs(launched.plane, runs)


def attempts(launched: Launch, number: int) -> list[str]:
    """So many attempts at what the spec says now; their names."""
    submission = launched.submission()
    digest, spec = submission.fingerprint, submission.spec
    names = [run_name(spec, digest, attempt) for attempt in range(1, number + 1)]
    add_past_runs(launched.plane, [(name, run_tags(Maker(spec), digest)) for name in names], experiment="elsewhere")
    return names


def project(launched: Launch, engine: str) -> Project:
    """A project that has seen nothing."""
    return open_project([launched.spec], engine, launched.place.folder / ".specrun")


def planned(launched: Launch, engine: str, **options: object) -> tuple[Plan, list[str]]:
    """A plan, and the routes that it took."""
    plans: list[Plan] = []
    opened = project(launched, engine)
    chosen = PlanOptions(**options)  # type: ignore[arg-type]
    routes = launched.place.routes(lambda: plans.append(opened.plan(chosen)))
    assert not plans[0].unseen, plans[0].unseen
    return plans[0], routes


def of_jobs(routes: list[str]) -> list[str]:
    return [route for route in routes if "/jobs" in route or "/runs/" in route]


def change(plan: Plan) -> Any:
    return next(one for one in plan.changes if one.key.address == "run/job")


def test_a_plan_takes_as_many_requests_as_without_a_history(place: Place, engine: str) -> None:
    launched = launch(place, JOB, top=TOP)
    names = attempts(launched, 2)
    plan, before = planned(launched, engine)
    assert change(plan).reason == f"{names[-1]} has succeeded for exactly this"
    past(launched, 300)
    plan, after = planned(launched, engine)
    assert change(plan).run.name == names[-1]
    assert len(after) == len(before)
    assert len(of_jobs(after)) == 2, "its list, and the name that is not there"


def test_a_failed_run_takes_a_third_request(place: Place, engine: str) -> None:
    launched = launch(place, JOB, top=TOP)
    (name,) = attempts(launched, 1)
    past(launched, 300)
    launched.run(name).status = FAILED
    plan, routes = planned(launched, engine)
    assert change(plan).run.name == name
    assert len(of_jobs(routes)) == 3


def test_names_are_found_without_tags(place: Place, engine: str) -> None:
    launched = launch(place, JOB, top=TOP)
    names = attempts(launched, 2)
    past(launched, 300)
    for name in names:
        del launched.run(name).tags["specrun.spec.job"]
    plan, _ = planned(launched, engine)
    assert change(plan).run.name == names[-1]


def test_older_runs_are_found_by_the_tag_of_their_time(place: Place, engine: str) -> None:
    launched = launch(place, JOB, top=TOP)
    add_past_runs(launched.plane, [("job-0123456789", {TAG: "job", FINGERPRINT_TAG: "0123456789" * 6})])
    past(launched, 250)
    plan, routes = planned(launched, engine)
    assert change(plan).reason == "something changed since the last run"
    assert plan.notes == ()
    launched.plane.page_size = 10
    plan, routes = planned(launched, engine)
    assert change(plan).reason == "the first run of this spec"
    assert [note.code for note in plan.notes] == ["runs-not-looked-at"]
    assert len(of_jobs(routes)) == PAGES + 2


def test_a_service_that_ignores_the_filter_is_filtered_here(place: Place, engine: str) -> None:
    launched = launch(place, JOB, top=TOP)
    names = attempts(launched, 2)
    past(launched, 150)
    launched.plane.filters = False
    plan, _ = planned(launched, engine)
    assert change(plan).run.name == names[-1]
    launched.plane.page_size = 5
    plan, routes = planned(launched, engine)
    assert change(plan).run.name == names[-1], "by its name"
    assert len(of_jobs(routes)) <= PAGES + 6


def test_unfinished_runs_of_others_are_asked_for_where_a_cluster_would_go(place: Place, engine: str) -> None:
    launched = launch(place, JOB, top=TOP)
    past(launched, 150)
    (user,) = add_past_runs(launched.plane, [("user-0123456789", run_tags(Maker("user"), "0123456789" * 6))])
    user.status, user.target, user.ended = RUNNING, "cpu-cluster", None
    opened = project(launched, engine)
    plans: list[Plan] = []
    routes = place.routes(lambda: plans.append(opened.plan_destruction(())))
    assert [found.code for found in plans[0].refusals] == ["in-use"]
    assert len(of_jobs(routes)) == 3, "the list of the spec, and two pages of all"


def test_apply_adds_one_request_to_a_submission(place: Place, engine: str) -> None:
    launched = launch(place, JOB, top=TOP)

    def applied() -> list[str]:
        opened = project(launched, engine)
        plan = opened.plan(PlanOptions(rerun=True))
        assert change(plan).action is Action.SUBMIT
        routes = place.routes(lambda: opened.carry_out(plan, lambda event: None, threading.Event(), detach=True))
        launched.run(change(plan).submission.name).become(COMPLETED)
        return routes

    attempts(launched, 1)
    data_of(place.emulator.service).training.starved = True  # nobody gets a node: nothing runs meanwhile
    applied()  # with new code
    before = len(applied())
    past(launched, 300)
    assert abs(len(applied()) - before) <= 2


HUB, OTHER = "github.com/org/models", "github.com/org/other"


def test_runs_of_another_repository_are_passed_over(place: Place, engine: str) -> None:
    launched = launch(place, JOB, top=TOP)
    mine = Maker("job", HUB)
    names = [run_name("job", f"{number:064x}"[::-1], 1) for number in range(30)]
    own = add_past_runs(launched.plane, [("job-0123456789", run_tags(mine, "0123456789" * 6))])
    add_past_runs(launched.plane, [(name, run_tags(Maker("job", OTHER), name[4:] * 6)) for name in names])
    launched.plane.page_size = 10
    found: list[Run] = []
    asked = place.routes(lambda: found.extend(History(Reliable(launched.engine)).every(mine)))
    assert [run.name for run in found] == [own[0].id]
    assert len(of_jobs(asked)) == 4, "page after page"
    past = History(Reliable(launched.renew())).newest([mine])["job"]
    assert ([run.name for run in past.runs], len(past.others)) == ([own[0].id], 30)


def test_an_adopted_run_is_listed_as_one_of_the_other_spec(place: Place, engine: str) -> None:
    launched = launch(place, JOB, top=TOP)
    maker, new = Maker("job", HUB, "dev"), Maker("new", HUB, "dev")
    (past,) = add_past_runs(launched.plane, [("job-0123456789", run_tags(maker, "0123456789" * 6))], "digits")
    before = dict(past.tags)
    asked = place.routes(lambda: launched.engine.runs.adopt(past.id, "new"))
    assert len([route for route in of_jobs(asked) if route.startswith("PATCH")]) == 1
    assert launched.run(past.id).tags == before | {"specrun.spec.new": "0123456789"}
    asked = place.routes(lambda: launched.engine.runs.adopt(past.id, "new"))
    assert not [route for route in asked if route.startswith("PATCH")], "it has the tag"
    for asks in (new, maker):
        (run,) = History(Reliable(launched.renew())).every(asks)
        assert (run.name, run.maker, run.adopted) == (past.id, maker, ("new",))
    assert not list(History(Reliable(launched.engine)).every(Maker("new", HUB, "prod")))
    with pytest.raises(Missing):
        launched.engine.runs.adopt("job-9999999999", "new")


MANY = """\
apiVersion: specrun/v1
name: spec-{number}
workspace: {{name: {workspace}, resource_group: ml-rg, subscription_id: {subscription}, location: westeurope}}
compute: {{name: cluster-{cluster}, size: STANDARD_DS3_V2, max_instances: 4}}
datastores: {{store: {{type: azure_blob, account_name: mlstore, container_name: many}}}}
data: {{numbers: {{path: numbers, target: numbers}}}}
job:
  command: cat ${{{{ inputs.numbers }}}}/* && echo {number}
  inputs: {{numbers: {{data: numbers}}}}
  environment: {{image: 'python:3.11'}}
"""


def many(place: Place, number: int) -> list[str]:
    """So many specs that share four clusters, a datastore and data in each of two workspaces."""
    (place.folder / "numbers").mkdir(exist_ok=True)
    (place.folder / "numbers" / "one.txt").write_text("1")
    files = [place.folder / f"spec-{one}.yaml" for one in range(number)]
    for one, file in enumerate(files):
        at = {"workspace": ("ml-ws", "other-ws")[one % 2], "subscription": place.emulator.service.subscription}
        file.write_text(MANY.format(number=one, cluster=one // 2 % 4, **at))
    return list(map(str, files))


def test_what_many_specs_share_is_asked_for_once_and_each_adds_two_requests_at_most(place: Place, engine: str) -> None:
    for name in ("ml-ws", "other-ws"):
        place.make_workspace(name)

    def asked(number: int) -> list[str]:
        loaded = load(many(place, number))
        assert loaded.ok, loaded.diagnostics
        opened = open_project(loaded.specs, engine, place.folder / ".specrun")
        plans: list[Plan] = []
        routes = place.routes(lambda: plans.append(opened.plan(PlanOptions(max_runs=number))))
        assert (len(plans[0].places), plans[0].unseen, plans[0].refusals) == (2, {}, ())
        return [route for route in routes if "/discovery" not in route]  # which an SDK remembers

    few, all_of_them = asked(44), asked(60)
    assert Counter(all_of_them) == Counter(few), "where nothing has run, a list says so"
    assert max(Counter(route for route in few if "/computes/" in route).values()) == 2 * 4
    assert max(Counter(route for route in few if "/datastores/store" in route).values(), default=0) <= 2
    service = place.emulator.service
    for name in ("ml-ws", "other-ws"):
        plane = data_of(service).plane(service.subscription, "ml-rg", name)
        digests = [f"{number:064x}"[::-1] for number in range(10 * PAGES + 50)]
        add_past_runs(plane, [(run_name("other", digest, 1), run_tags(Maker("other"), digest)) for digest in digests])
        plane.page_size = 10
    few, all_of_them = asked(44), asked(60)
    assert 0 < len(all_of_them) - len(few) <= 2 * 16
    assert len(all_of_them) <= 2 * PAGES + 2 * 60 + 40
