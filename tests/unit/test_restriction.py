"""Some of a graph: the kinds that are meant, with what they need, or what needs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.plan.graph import Graph
from specrun.plan.restriction import restrict
from specrun.spec.selection import Kinds
from tests.engine_double import addresses, graph_for, read_specs, write_spec

TEXT = """\
name: job
workspace: {name: wsp, resource_group: rg, subscription_id: 12345678-1234-1234-1234-123456789abc, create: true}
compute: {name: gpu, size: STANDARD_DS3_V2, max_instances: 2}
datastores: {s: {type: azure_blob, account_name: abc, container_name: def}}
data: {d: {path: data, datastore: s}, e: {path: data, datastore: s}}
job: {command: 'cat ${{ inputs.d }}', inputs: {d: {data: d}}}
"""
ALL = {"workspace", "compute", "datastore", "data", "run"}


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    return graph_for(read_specs(write_spec(tmp_path, TEXT, data__a="1")), tmp_path / "home")


@pytest.mark.parametrize(
    ("kinds", "deleting", "left", "told"),
    [
        (Kinds(), False, ALL, ""),
        (
            Kinds(only=["data"]),
            False,
            {"workspace", "datastore", "data"},
            "left out by --only kind:data: 1 compute, 1 run",
        ),
        (
            Kinds(only=["data"]),
            True,
            {"data"},
            "left out by --only kind:data: 1 workspace, 1 compute, 1 datastore, 1 run",
        ),
        (Kinds(exclude=["run"]), False, ALL - {"run"}, "left out by --exclude kind:run: 1 run"),
        (
            Kinds(exclude=["datastore"]),
            False,
            {"workspace", "compute"},
            "left out by --exclude kind:datastore: 1 datastore, 2 data, 1 run",
        ),
        (
            Kinds(exclude=["datastore"]),
            True,
            {"compute", "data", "run"},
            "left out by --exclude kind:datastore: 1 workspace, 1 datastore",
        ),
        (
            Kinds(only=["data", "compute"], exclude=["compute"]),
            False,
            {"workspace", "datastore", "data"},
            "left out by --only kind:data --only kind:compute: 1 run; left out by --exclude kind:compute: 1 compute",
        ),
        (Kinds(only=["environment"]), False, set(), None),
    ],
)
def test_what_is_left_has_what_it_needs(
    graph: Graph, kinds: Kinds, deleting: bool, left: set[str], told: str | None
) -> None:
    found, said = restrict(graph, kinds, deleting=deleting)
    assert {resource.kind for resource in found.resources.values()} == left
    assert told is None or said == told
    assert all(need in found.resources for resource in found.resources.values() for need in resource.needs)
    assert list(found.resources) == [key for key in graph.resources if key in found.resources]
    assert len(addresses(graph)) == 6
