"""What a spec makes on Azure says whose it is, and where a run comes from, on both engines alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from specrun.engines.azure.run_record import PROVENANCE, run_properties
from specrun.plan.changes import Action
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Status
from specrun.plan.provenance import UNKNOWN, Provenance, provenance_in
from specrun.spec.cost import Instances
from tests.azure_engines.launching import TOP, launch
from tests.azure_engines.place import Place, resource

WHOSE = Maker("job", "github.com/org/repo", "prod")
TAGS = {"specrun": "job", "specrun-repository": "github.com/org/repo", "specrun-target": "prod"}
FROM = Provenance("0123abcd" * 5, True, "feature/ü", "12", "ann", "https://ci.example.org/runs/7", "0.1.0")
ON = Instances("STANDARD_DS3_V2", 2, "low_priority", "westeurope")
JOB = "command: echo hello\nenvironment: {image: 'python:3.11'}\ntags: {team: vision}\n"


def test_a_run_says_whose_it_is_and_where_it_comes_from(place: Place) -> None:
    launched = launch(place, JOB, top=TOP)
    planned = replace(launched.submission(), maker=WHOSE, provenance=FROM, instances=ON)
    launched.engine.runs.submit(planned, launched.staged(planned), place.reports.append)
    kept = launched.run(planned.name)
    assert {name: kept.tags.get(name) for name in (*TAGS, "team")} == {**TAGS, "team": "vision"}
    assert provenance_in(kept.properties[PROVENANCE]) == FROM
    fresh = launched.renew()
    listed: list[Any] = []
    routes = place.routes(lambda: listed.extend(fresh.runs.list("job").runs))
    assert [(run.maker, run.provenance, run.instances) for run in listed] == [(WHOSE, FROM, ON)]
    assert len([route for route in routes if "/jobs" in route or "/runs/" in route]) == 1
    got = launched.renew().runs.get(planned.name)
    assert (got.maker, got.provenance, got.instances) == (WHOSE, FROM, ON)


def test_a_run_of_an_older_version_says_nothing(place: Place) -> None:
    launched = launch(place, JOB, top=TOP)
    name = launched.submit()
    kept = launched.run(name)
    assert not {"specrun-repository", "specrun-target"} & kept.tags.keys()
    assert PROVENANCE not in kept.properties
    got = launched.renew().runs.get(name)
    assert (got.maker, got.provenance, got.instances) == (Maker("job"), UNKNOWN, None)


@pytest.mark.parametrize("engine", ["azureml-v1"], indirect=True)
def test_what_submitting_leaves_behind_where_it_is_killed_knows_it_too(place: Place) -> None:
    """SDK v1 tags a run after it has submitted it."""
    launched = launch(place, JOB, top=TOP)
    planned = replace(launched.submission(), maker=WHOSE, provenance=FROM, instances=ON)
    launched.engine.runs.submit(planned, launched.staged(planned), place.reports.append)
    kept = launched.run(planned.name)
    kept.tags.clear()
    for name in [name for name in kept.properties if name.startswith("specrun.")]:
        del kept.properties[name]
    got = launched.renew().runs.get(planned.name)
    assert (got.maker, got.provenance, got.instances) == (WHOSE, FROM, ON)


def test_a_cluster_carries_it_and_is_not_compared_by_it(place: Place, engine: str) -> None:
    place.make_workspace()
    spec = place.spec("compute: {name: gpu, size: STANDARD_NC6S_V3, max_instances: 2, tags: {team: vision}}")
    opened, wanted = place.engine(spec), replace(resource(spec, "compute/gpu"), maker=WHOSE)
    seen = place.change(opened, Action.CREATE, wanted)
    assert (seen.maker, seen.properties["tags"]) == (WHOSE, {"team": "vision"})
    (workspace,) = place.emulator.service.workspaces.values()
    tags = workspace.computes["gpu"].tags
    assert tags == {**TAGS, "team": "vision"}
    # Of an older version's, and of somebody else's, nothing is added when it changes.
    for name in ("specrun-repository", "specrun-target"):
        del tags[name]
    wider = place.spec("compute: {name: gpu, max_instances: 4, tags: {team: vision}}")
    seen = place.change(opened, Action.UPDATE, replace(resource(wider, "compute/gpu"), maker=WHOSE))
    assert (seen.maker, seen.properties["max_instances"]) == (Maker("job"), 4)
    assert workspace.computes["gpu"].tags == {"specrun": "job", "team": "vision"}


def test_a_workspace_carries_it(place: Place) -> None:
    spec = place.spec("compute: {name: gpu, size: STANDARD_NC6S_V3, max_instances: 2}")
    wanted = replace(resource(spec, "workspace/ml-ws"), maker=WHOSE)
    assert place.change(place.engine(spec), Action.CREATE, wanted).maker == WHOSE
    (workspace,) = place.emulator.service.workspaces.values()
    assert TAGS.items() <= workspace.tags.items()


def test_a_datastore_carries_it_where_the_sdk_knows_tags(place: Place, engine: str) -> None:
    place.make_workspace()
    place.emulator.service.stores.blobs("mlwsstore").ensure("data")
    account = place.plane.blobs.account
    spec = place.spec(f"datastores: {{d: {{type: azure_blob, account_name: {account}, container_name: data}}}}")
    seen = place.change(place.engine(spec), Action.CREATE, replace(resource(spec, "datastore/d"), maker=WHOSE))
    assert (seen.status, seen.maker) == (Status.READY, WHOSE if engine == "azureml" else Maker())


def test_blobs_carry_it_and_only_their_makers_go(place: Place) -> None:
    place.make_workspace()
    folder = place.folder / "data"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / name).write_text(name)
    spec = place.spec("data: {mnist: {path: data, prune: true}}")
    opened = place.engine(spec)
    ours = replace(resource(spec, "data/default/mnist"), maker=WHOSE)
    seen = place.change(opened, Action.CREATE, ours)
    assert {file.maker for file in seen.files.values()} == {WHOSE}
    (folder / "a").unlink()
    for other in (Maker("job", "github.com/me/repo", "prod"), Maker("job", WHOSE.repository, "dev"), Maker("job")):
        left = place.change(opened, Action.DELETE, replace(ours, maker=other))
        assert sorted(left.files) == (["a", "b"]), other
    assert sorted(place.change(opened, Action.UPDATE, ours).files) == ["b"]
    assert place.change(opened, Action.DELETE, ours) == Observed(Status.MISSING)


def test_what_is_kept_of_a_runs_origin_is_one_property_that_fits() -> None:
    longest = Provenance("f" * 64, True, '"' * 120, "1" * 20, '"' * 80, f"https://ci/{'x' * 239}", "1.2.3")
    kept = run_properties({"identity": {}}, longest)
    assert len(kept[PROVENANCE]) <= 1000
    assert provenance_in(kept[PROVENANCE]) == longest
    assert PROVENANCE not in run_properties({"identity": {}}, UNKNOWN)
