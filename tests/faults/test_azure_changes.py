"""What somebody changes between plan and apply: exit 5, seen, and not overwritten."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.faults.cloud import Azure, azure_in
from tests.faults.routes import ENGINES
from tests.searching import Search

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, search: Search) -> str:
    """Each of the engines with `-m long`; else by turns, since what is compared, and when, knows neither of them."""
    tests = [name for name in vars(request.module) if name.startswith("test_")]
    turn = tests.index(request.node.originalname) % len(ENGINES)
    if not search.whole and request.param != ENGINES[turn]:
        pytest.skip(f"only with -m long: here it is {ENGINES[turn]}'s turn")
    return str(request.param)


def planned(azure: Azure, max_instances: int) -> Azure:
    """Everything is there and the run is over; a saved plan changes the cluster and a file."""
    assert azure.apply().code == 0
    spec = (azure.folder / "job.yaml").read_text()
    (azure.folder / "job.yaml").write_text(spec.replace("max_instances: 2", f"max_instances: {max_instances}"))
    (azure.folder / "data" / "0.txt").write_text("another\n")
    assert azure.specrun("plan", "--out", "the.plan").code == 0
    return azure


def test_a_cluster_that_somebody_changes_after_the_plan(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, engine=engine, made=True) as azure:
        cluster = planned(azure, 3).workspace.computes["cluster"]
        cluster.settings = dataclasses.replace(cluster.settings, max_nodes=7)
        changes = len(azure.asked(azure.routes.change_cluster))
        said = azure.apply("the.plan")
        assert said.code == 5, said
        assert "compute/cluster changed since the plan: properties.max_instances: 2 → 7" in said.err
        assert cluster.settings.max_nodes == 7, "overwritten"
        assert len(azure.asked(azure.routes.change_cluster)) == changes
        assert len(azure.runs) == 1


def test_a_cluster_that_somebody_changes_as_planned(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, engine=engine, made=True) as azure:
        cluster = planned(azure, 3).workspace.computes["cluster"]
        cluster.settings = dataclasses.replace(cluster.settings, max_nodes=3)
        changes = len(azure.asked(azure.routes.change_cluster))
        assert azure.apply("the.plan").code == 0
        assert len(azure.asked(azure.routes.change_cluster)) == changes


def test_a_cluster_that_somebody_deletes_after_the_plan(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, engine=engine, made=True) as azure:
        planned(azure, 3).workspace.computes.clear()
        said = azure.apply("the.plan")
        assert said.code == 5, said
        assert "compute/cluster changed since the plan: update was planned, and now it is create" in said.err
        assert not azure.workspace.computes, "made, although the plan was to change it"


def test_data_that_somebody_changes_after_the_plan(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, engine=engine, made=True) as azure:
        plane = planned(azure, 2).plane
        container = plane.datastores[plane.default].container
        plane.blobs.write(container, "numbers/0.txt", b"theirs\n")
        said = azure.apply("the.plan")
        assert said.code == 5, said
        assert "data/default/numbers changed since the plan: 0.txt on the target is not what it was" in said.err
        assert azure.stored("numbers")["numbers/0.txt"] == b"theirs\n", "overwritten"
        assert len(azure.runs) == 1


def test_a_workspace_that_somebody_deletes_after_the_plan(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, engine=engine, made=True) as azure:
        planned(azure, 3).emulator.service.workspaces.clear()
        said = azure.apply("the.plan")
        assert said.code == 5, said
        assert "compute/cluster changed since the plan: update was planned, and now it is create" in said.err
        assert azure.emulator.service.workspaces == {}


def test_a_plan_whose_first_changes_are_made_goes_on_from_the_same_file(tmp_path: Path, engine: str) -> None:
    """Through SDK v1 its own workspace is one of them: SDK v2 takes ten seconds to make one."""
    with azure_in(tmp_path, engine=engine, made=engine == "azureml") as azure:
        (azure.folder / "more.yaml").write_text((azure.folder / "job.yaml").read_text().partition("data:")[0])
        assert azure.specrun("plan", "--out", "the.plan").code == 0
        assert azure.apply("more.yaml").code == 0  # the cluster, and no more: an apply that was killed then
        said = azure.apply("the.plan")
        assert said.code == 0, said
        said = azure.apply("the.plan")
        assert (said.code, "is spent" in said.err, len(azure.runs)) == (5, True, 1), said
