from __future__ import annotations

from pathlib import Path

import pytest

from specrun.plan.graph import Graph, build_graph
from specrun.plan.hashes import HashCache
from specrun.plan.kinds.environment import JobEnvironment
from specrun.plan.makers import Maker
from specrun.plan.resources import Capability, Place
from specrun.spec.model import Spec
from tests.engine_double import HERE, addresses, graph_for, key, read_specs, write_spec

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
    return graph_for(read_specs(*files), files[0].parent / "home")


def needs(graph: Graph) -> dict[str, set[str]]:
    """What each resource needs, by address."""
    return {key.address: {need.address for need in found.needs} for key, found in graph.resources.items()}


def environments(graph: Graph) -> list[str]:
    return [address for address in addresses(graph) if address.startswith("environment/")]


def test_edges_follow_from_references(tmp_path: Path) -> None:
    graph = graph_of(write_spec(tmp_path, ALL, data__a="1", more__b="2"))
    (environment,) = environments(graph)
    assert needs(graph) == {
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
            "datastore/training",
            environment,
        },
    }
    order = list(graph.resources)
    assert all(order.index(need) < order.index(key) for key in order for need in graph.resources[key].needs)


def test_what_is_only_named_is_not_managed(tmp_path: Path) -> None:
    ids = "resource_group: rg, subscription_id: 12345678-1234-1234-1234-123456789abc"
    text = f"name: n\nworkspace: {{name: wsp, {ids}}}\ncompute: gpu\njob: {{command: ls}}\n"
    graph = graph_of(write_spec(tmp_path, text))
    assert {address: resource.managed for address, resource in addresses(graph).items()} == {
        "workspace/wsp": False,
        "compute/gpu": False,
        "run/n": True,
    }


def test_specs_share_what_both_declare(tmp_path: Path) -> None:
    one = write_spec(tmp_path / "one", "name: one\ncompute: {name: gpu, max_instances: 2}\njob: {command: ls}\n")
    two = write_spec(tmp_path / "two", "name: two\ncompute: {max_instances: 2, name: gpu}\njob: {command: ls}\n")
    graph = graph_of(one, two)
    assert graph.diagnostics == ()
    assert sorted(addresses(graph)) == ["compute/gpu", "run/one", "run/two"]


def test_a_declaration_stands_for_those_who_only_name_it(tmp_path: Path) -> None:
    names = write_spec(tmp_path / "one", "name: one\ncompute: gpu\njob: {command: ls}\n")
    declares = write_spec(tmp_path / "two", "name: two\ncompute: {name: gpu, max_instances: 2}\n")
    for files in ((names, declares), (declares, names)):
        graph = graph_of(*files)
        assert graph.diagnostics == ()
        assert addresses(graph)["compute/gpu"].maker == Maker("two")
        assert addresses(graph)["run/one"].needs == (key("compute/gpu"),)


def declared(folder: Path, name: str, compute: str) -> Path:
    return write_spec(folder / name, f"name: {name}\ncompute:\n  name: gpu\n{compute}")


def test_declared_differently_shows_both_places_and_what_differs(tmp_path: Path) -> None:
    one = declared(tmp_path, "one", "  max_instances: 2\n  tier: dedicated\n")
    two = declared(tmp_path, "two", "  tier: low_priority\n  max_instances: 3\n")
    (found,) = graph_of(one, two).diagnostics
    assert (found.code, found.path) == ("declared-differently", ("compute", "max_instances"))
    assert (str(found.location), found.location.text) == (f"{two}:6:3", "  max_instances: 3")
    assert [(str(other), other.text) for other in found.others] == [(f"{one}:5:3", "  max_instances: 2")]
    assert f"`max_instances` is `3` here, and `2` in {one}:5:3." in found.detail
    assert "They differ in `tier`, too." in found.detail


def test_what_one_leaves_out_is_not_compared_and_holds_for_both(tmp_path: Path) -> None:
    one = declared(tmp_path, "one", "  max_instances: 2\n  tags: {team: vision}\n")
    two = declared(tmp_path, "two", "  tier: low_priority\n  tags: {cost: high}\n")
    graph = graph_of(one, two)
    assert graph.diagnostics == ()
    assert addresses(graph)["compute/gpu"].wanted == {
        "name": "gpu",
        "max_instances": 2,
        "tier": "low_priority",
        "tags": {"team": "vision", "cost": "high"},
    }
    three = declared(tmp_path, "three", "  tags: {cost: low}\n")
    (found,) = graph_of(one, two, three).diagnostics
    assert found.path == ("compute", "tags", "cost")


def test_of_what_a_base_says_with_other_variables_the_specs_are_named(tmp_path: Path) -> None:
    text = "abstract: true\nvars: {n: 2}\ncompute: {name: gpu, max_instances: '${{ vars.n }}'}\n"
    base = write_spec(tmp_path, text, "base.yaml")
    files = [
        write_spec(
            tmp_path, f"name: s{number}\nextends: base.yaml\nvars: {{n: {2 + (number == 1)}}}\n", f"{number}.yaml"
        )
        for number in range(3)
    ]
    (found,) = graph_of(*files).diagnostics
    assert (str(found.location), found.others) == (f"{base}:4:22", ())
    assert f"`max_instances` is `3` here for {files[1]}, and `2` in {files[0]} (and in 1 more file)." in found.detail


def test_a_datastore_without_credentials_is_another_than_one_with_them(tmp_path: Path) -> None:
    text = "name: {}\ndatastores: {{s: {{type: azure_blob, account_name: abc, container_name: def{}}}}}\n"
    key = ", credentials: {account_key: '${{ secrets.KEY }}'}"
    one, two = (write_spec(tmp_path / name, text.format(name, more)) for name, more in (("one", ""), ("two", key)))
    (found,) = graph_of(one, two).diagnostics
    assert "`credentials` is another here, and left out in" in found.detail


def test_the_same_written_differently_is_the_same(tmp_path: Path) -> None:
    one = declared(tmp_path, "one", "  size: Standard_DS3_v2\n  network_settings: {vnet_name: a, subnet: b}\n")
    two = declared(tmp_path, "two", "  size: STANDARD_DS3_V2\n  network_settings: {subnet: b, vnet_name: a}\n")
    specs = read_specs(one, two)
    caseless = {"compute": Capability(caseless=frozenset({"size"}))}
    graph = build_graph(specs, lambda _: HERE, HashCache(tmp_path / "home"), capabilities_of=lambda _: caseless)
    assert graph.diagnostics == ()
    assert addresses(graph)["compute/gpu"].wanted["size"] == "Standard_DS3_v2"
    assert len(build_graph(specs, lambda _: HERE, HashCache(tmp_path / "home")).diagnostics) == 1


def test_one_that_many_contradict_is_one_mistake_at_its_own_place(tmp_path: Path) -> None:
    files = [declared(tmp_path, f"s{number}", f"  max_instances: {2 + (number == 3)}\n") for number in range(9)]
    (found,) = graph_of(*files).diagnostics
    assert found.location.file == str(files[3])
    assert f"`max_instances` is `3` here, and `2` in {files[0]}:5:3 (and in 7 more files)." in found.detail
    assert [other.file for other in found.others] == [str(files[0])]
    values = [declared(tmp_path, f"v{number}", f"  max_instances: {number}\n") for number in range(9)]
    (found,) = graph_of(*values).diagnostics
    assert (len(found.others), "something else again in 5 more" in found.detail) == (3, True)


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
    assert [other.file for other in found.others] == [str(one)]
    more = [write_spec(tmp_path / f"n{number}", "name: same\njob: {command: ls}\n") for number in range(9)]
    (found,) = graph_of(*more).diagnostics
    assert "9 specs declare a job named same" in found.detail


def test_a_datastore_of_another_spec_comes_before_the_data_on_it(tmp_path: Path) -> None:
    data = write_spec(tmp_path / "one", "name: one\ndata: {d: {path: data, datastore: s}}\n", data__a="1")
    store = write_spec(
        tmp_path / "two", "name: two\ndatastores: {s: {type: azure_blob, account_name: abc, container_name: def}}\n"
    )
    graph = graph_of(data, store)
    assert list(addresses(graph)) == ["datastore/s", "data/s/d"]
    assert addresses(graph)["data/s/d"].needs == (key("datastore/s"),)


def test_the_datastores_that_a_job_has_paths_on_come_before_it(tmp_path: Path) -> None:
    kept = "{type: azure_blob, account_name: abc, container_name: def}"
    own = f"name: one\ndatastores: {{s: {kept}}}\n"
    job = """job:
  command: ls ${{ inputs.read }} ${{ outputs.written }}
  inputs: {read: {path: azureml://datastores/t/paths/x}}
  outputs: {written: {path: azureml://datastores/s/paths/y}, kept: {}}
"""
    other = write_spec(tmp_path / "two", f"name: two\ndatastores: {{t: {kept}, u: {kept}}}\n")
    graph = graph_of(write_spec(tmp_path / "one", own + job), other)
    assert set(addresses(graph)["run/one"].needs) == {key("datastore/s"), key("datastore/t")}


def test_an_environment_is_its_content(tmp_path: Path) -> None:
    text = "name: {}\njob: {{command: ls, environment: {{conda_file: {}}}}}\n"
    conda = "dependencies: [pip]\n"
    one = write_spec(tmp_path / "one", text.format("one", "a.yml"), a_yml=conda)
    two = write_spec(tmp_path / "two", text.format("two", "b.yml"), b_yml=conda)
    three = write_spec(tmp_path / "three", text.format("three", "b.yml"), b_yml=conda + "\n")
    assert len(environments(graph_of(one, two))) == 1
    assert len(environments(graph_of(one, three))) == 2


EAST, WEST = Place("double", "east", "in the east"), Place("double", "west", "in the west")


def in_two_places(tmp_path: Path, one: str, two: str) -> Graph:
    """The graph of a spec that goes to the east and one that goes to the west, with a data folder each."""
    files = [write_spec(tmp_path / name, text, data__a=name) for name, text in (("one", one), ("two", two))]
    east, west = read_specs(*files)

    def place_of(spec: Spec) -> Place:
        return EAST if spec is east else WEST

    return build_graph([east, west], place_of, HashCache(tmp_path / "home"))


@pytest.mark.parametrize(
    ("one", "two", "address"),
    [
        ("compute: {name: gpu, max_instances: 2}\n", "compute: {name: gpu, max_instances: 3}\n", "compute/gpu"),
        ("data: {d: {path: data}}\n", "data: {d: {path: data}}\n", "data/default/d"),
        ("job: {command: ls}\n", "job: {command: pwd}\n", "run/same"),
    ],
)
def test_what_contradicts_itself_in_one_place_does_not_in_two(tmp_path: Path, one: str, two: str, address: str) -> None:
    graph = in_two_places(tmp_path, f"name: same\n{one}", f"name: same\n{two}")
    assert graph.diagnostics == ()
    assert set(graph.resources) == {key(address, EAST), key(address, WEST)}
    assert graph.places == (EAST, WEST)
    assert [found.place.title for found in graph.in_place(WEST)] == ["in the west"]
    specs = read_specs(tmp_path / "one/job.yaml", tmp_path / "two/job.yaml")
    (found,) = graph_for(specs, tmp_path / "home").diagnostics
    assert found.code == "declared-differently"


def test_nothing_is_shared_between_places_and_nothing_needs_what_is_elsewhere(tmp_path: Path) -> None:
    text = "name: {}\ncompute: {{name: gpu, max_instances: 2}}\njob: {{command: ls, environment: {{pip: [numpy]}}}}\n"
    graph = in_two_places(tmp_path, text.format("one"), text.format("two"))
    assert len(graph.resources) == 6
    assert len(addresses(graph)) == 4
    for found in graph.resources.values():
        assert {need.place for need in found.needs} <= {found.place}
    data = "name: one\ndata: {d: {path: data, datastore: s}}\n"
    store = "name: two\ndatastores: {s: {type: azure_blob, account_name: abc, container_name: def}}\n"
    assert in_two_places(tmp_path, data, store).resources[key("data/s/d", EAST)].needs == ()


def test_a_declaration_stands_for_those_who_name_it_in_its_place_only(tmp_path: Path) -> None:
    names, declares = "name: one\ncompute: gpu\n", "name: two\ncompute: {name: gpu, max_instances: 2}\n"
    graph = in_two_places(tmp_path, names, declares)
    assert [found.managed for found in graph.resources.values()] == [False, True]


def test_files_that_cannot_be_read_are_reported_where_the_environment_is_named(tmp_path: Path) -> None:
    """The rules have seen it a moment ago: it went away in between."""
    text = "name: n\njob: {command: ls, environment: {conda_file: conda.yml}}\n"
    specs = read_specs(write_spec(tmp_path, text, conda_yml="dependencies: []\n"))
    (tmp_path / "conda.yml").unlink()
    (found,) = graph_for(specs, tmp_path / "home").diagnostics
    assert (found.code, found.location.line) == ("unreadable-environment", 3)
    assert "conda.yml: No such file or directory" in found.detail


def test_the_content_of_an_environment_is_read_once(tmp_path: Path) -> None:
    text = "name: n\njob: {command: ls, environment: {conda_file: conda.yml}}\n"
    graph = graph_of(write_spec(tmp_path, text, conda_yml="dependencies: [six=1.16.0]\n"))
    (tmp_path / "conda.yml").write_text("dependencies: [six=1.17.0]\n")
    (environment,) = (found for found in graph.resources.values() if isinstance(found, JobEnvironment))
    assert environment.content.conda is not None
    assert environment.content.conda[1] == b"dependencies: [six=1.16.0]\n"
    assert environment.name == environment.content.digest
