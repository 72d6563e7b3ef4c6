from __future__ import annotations

from pathlib import Path

from specrun.plan.resources import Graph, build_graph, content_digest
from tests.engine_double import read_specs, write_spec

ALL = """\
name: all
workspace: {name: wsp, resource_group: rg, subscription_id: 12345678-1234-1234-1234-123456789abc, create: true}
compute: {name: cluster, max_instances: 2}
datastores:
  training: {type: azure_blob, account_name: mlstore, container_name: training}
data:
  digits: {path: data, datastore: training, target: digits}
job:
  command: cat ${{ inputs.digits }} ${{ inputs.local }} ${{ inputs.cloud }}
  inputs:
    digits: {data: digits}
    local: {path: more}
    cloud: {path: 'azureml://datastores/training/paths/old'}
  environment: {pip: [numpy]}
"""


def graph_of(*files: Path) -> Graph:
    return build_graph(read_specs(*files))


def test_edges_follow_from_references(tmp_path: Path) -> None:
    graph = graph_of(write_spec(tmp_path, ALL, data__a="1", more__b="2"))
    (environment,) = (key for key in graph.resources if key.startswith("environment/"))
    assert {key: set(resource.needs) for key, resource in graph.resources.items()} == {
        "workspace/wsp": set(),
        "compute/cluster": {"workspace/wsp"},
        "datastore/training": {"workspace/wsp"},
        "data/training/digits": {"workspace/wsp", "datastore/training"},
        "data/default/inputs/all/local": {"workspace/wsp"},
        environment: {"workspace/wsp"},
        "run/all": {
            "workspace/wsp",
            "compute/cluster",
            "data/training/digits",
            "data/default/inputs/all/local",
            environment,
        },
    }
    order = list(graph.resources)
    assert all(order.index(need) < order.index(key) for key in order for need in graph.resources[key].needs)


def test_what_is_only_named_is_not_managed(tmp_path: Path) -> None:
    ids = "resource_group: rg, subscription_id: 12345678-1234-1234-1234-123456789abc"
    text = f"name: n\nworkspace: {{name: wsp, {ids}}}\ncompute: gpu\njob: {{command: ls}}\n"
    graph = graph_of(write_spec(tmp_path, text))
    assert {key: resource.managed for key, resource in graph.resources.items()} == {
        "workspace/wsp": False,
        "compute/gpu": False,
        "run/n": True,
    }


def test_specs_share_what_both_declare(tmp_path: Path) -> None:
    one = write_spec(tmp_path / "one", "name: one\ncompute: {name: gpu, max_instances: 2}\njob: {command: ls}\n")
    two = write_spec(tmp_path / "two", "name: two\ncompute: {max_instances: 2, name: gpu}\njob: {command: ls}\n")
    graph = graph_of(one, two)
    assert graph.diagnostics == ()
    assert sorted(graph.resources) == ["compute/gpu", "run/one", "run/two"]


def test_a_declaration_stands_for_those_who_only_name_it(tmp_path: Path) -> None:
    names = write_spec(tmp_path / "one", "name: one\ncompute: gpu\njob: {command: ls}\n")
    declares = write_spec(tmp_path / "two", "name: two\ncompute: {name: gpu, max_instances: 2}\n")
    for files in ((names, declares), (declares, names)):
        graph = graph_of(*files)
        assert graph.diagnostics == ()
        assert graph.resources["compute/gpu"].spec.name == "two"
        assert graph.resources["run/one"].needs == ("compute/gpu",)


def test_declared_differently_names_both_places_and_what_differs(tmp_path: Path) -> None:
    one = write_spec(tmp_path / "one", "name: one\ncompute: {name: gpu, max_instances: 2}\n")
    two = write_spec(tmp_path / "two", "name: two\ncompute: {name: gpu, max_instances: 3, tier: dedicated}\n")
    (found,) = graph_of(one, two).diagnostics
    assert found.code == "declared-differently"
    assert str(found.location) == f"{two}:3:1"
    assert f"{one}:3:1" in found.detail
    assert "different max_instances, tier" in found.detail


def test_two_sources_for_one_target(tmp_path: Path) -> None:
    text = "name: {}\ndata:\n  d: {{path: data, target: digits}}\n"
    one = write_spec(tmp_path / "one", text.format("one"), data__a="1")
    two = write_spec(tmp_path / "two", text.format("two"), data__a="1")
    (found,) = graph_of(one, two).diagnostics
    assert str(one.parent / "data") in found.detail
    assert str(two.parent / "data") in found.detail
    same = write_spec(tmp_path / "two", text.format("two").replace("path: data", f"path: {one.parent / 'data'}"))
    assert graph_of(one, same).diagnostics == ()


def test_two_jobs_of_one_name(tmp_path: Path) -> None:
    one = write_spec(tmp_path / "one", "name: same\njob: {command: ls}\n")
    two = write_spec(tmp_path / "two", "name: same\njob: {command: pwd}\n")
    (found,) = graph_of(one, two).diagnostics
    assert "already declares a job named same" in found.detail


def test_a_datastore_of_another_spec_comes_before_the_data_on_it(tmp_path: Path) -> None:
    data = write_spec(tmp_path / "one", "name: one\ndata: {d: {path: data, datastore: s}}\n", data__a="1")
    store = write_spec(
        tmp_path / "two", "name: two\ndatastores: {s: {type: azure_blob, account_name: abc, container_name: def}}\n"
    )
    graph = graph_of(data, store)
    assert list(graph.resources) == ["datastore/s", "data/s/d"]
    assert graph.resources["data/s/d"].needs == ("datastore/s",)


def test_an_environment_is_its_content(tmp_path: Path) -> None:
    text = "name: {}\njob: {{command: ls, environment: {{conda_file: {}}}}}\n"
    conda = "dependencies: [pip]\n"
    one = write_spec(tmp_path / "one", text.format("one", "a.yml"), a_yml=conda)
    two = write_spec(tmp_path / "two", text.format("two", "b.yml"), b_yml=conda)
    three = write_spec(tmp_path / "three", text.format("three", "b.yml"), b_yml=conda + "\n")
    assert len([key for key in graph_of(one, two).resources if key.startswith("environment/")]) == 1
    assert len([key for key in graph_of(one, three).resources if key.startswith("environment/")]) == 2


def test_content_digest_is_canonical() -> None:
    assert content_digest({"b": [1, True], "a": "é"}) == content_digest({"a": "é", "b": [1, True]})
    assert content_digest({"a": 1}) != content_digest({"a": "1"})
    assert content_digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
