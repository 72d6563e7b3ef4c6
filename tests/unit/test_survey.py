from __future__ import annotations

import threading
from pathlib import Path

from specrun.apply.survey import survey
from specrun.engines.base import Denied
from specrun.engines.reliable import Reliable
from specrun.plan.graph import Graph
from specrun.plan.observed import CloudContent, Observed, Status
from specrun.plan.resources import Place, Resource
from tests.engine_double import DEADLINE, HANG, HERE, Double, addresses, graph_for, key, read_specs, write_spec

THERE = Place("double", "there", "another double")
TEXT = """\
name: job
compute: {name: gpu, max_instances: 2}
data: {d: {path: data}}
job: {command: ls, inputs: {d: {data: d}, old: {path: 'azureml:old:1'}, blind: {path: 'azureml:blind:1'}}}
"""


def graph_of(folder: Path, text: str = TEXT, place: Place = HERE) -> Graph:
    return graph_for(read_specs(write_spec(folder, text, data__a_csv="1\n")), folder / "home", place)


def test_everything_that_a_plan_needs(tmp_path: Path) -> None:
    ready = Observed(Status.READY, {"name": "gpu"})
    engine = Double(there={"compute/gpu": ready}, digests={"azureml:old:1": "one"})
    seen = survey({HERE: Reliable(engine)}, graph_of(tmp_path))[HERE]
    assert seen.observed == {key("compute/gpu"): ready, key("data/default/d"): Observed(Status.MISSING)}
    assert seen.contents == {CloudContent("azureml:old:1"): "one", CloudContent("azureml:blind:1"): ""}
    assert seen.errors == {}
    assert sorted(engine.calls) == ["observe compute/gpu", "observe data/default/d"]


def test_what_cannot_be_observed_is_told_and_the_rest_is_seen(tmp_path: Path) -> None:
    engine = Double(faults={"observe compute/gpu": [Denied("compute/gpu: no")]})
    seen = survey({HERE: Reliable(engine)}, graph_of(tmp_path))[HERE]
    assert seen.errors == {"compute/gpu": "no"}
    assert list(seen.observed) == [key("data/default/d")]


def test_what_hangs_keeps_nobody_waiting(tmp_path: Path) -> None:
    engine = Double(patience=0.05, faults={"observe compute/gpu": [HANG]})
    seen = survey({HERE: Reliable(engine)}, graph_of(tmp_path))[HERE]
    assert seen.errors == {"compute/gpu": "no answer for 0.05 s"}
    assert list(seen.observed) == [key("data/default/d")]


def test_hundreds_of_resources_are_asked_for_a_few_at_a_time(tmp_path: Path) -> None:
    entries = "".join(f"  d{number:03}: {{path: data}}\n" for number in range(500))
    graph = graph_of(tmp_path, f"name: job\ndata:\n{entries}")
    engine, lock, full = Double(), threading.Lock(), threading.Barrier(16, timeout=DEADLINE)
    calls = now = most = 0

    def observe(resource: Resource) -> Observed:
        nonlocal calls, now, most
        with lock:
            calls, now, most = calls + 1, now + 1, max(most, now + 1)
            early = calls <= 16
        if early:
            full.wait()  # the first ones wait until as many are there as may be,
            threading.Event().wait(0.2)  # and leave time for one too many
        with lock:
            now -= 1
        return Observed(Status.MISSING)

    engine.resources.observe = observe  # type: ignore[method-assign]
    seen = survey({HERE: Reliable(engine)}, graph)[HERE]
    assert (len(seen.observed), seen.errors) == (500, {})
    assert most == 16


def test_each_place_has_its_own(tmp_path: Path) -> None:
    here, there = Double(), Double(place=THERE, faults={"observe compute/gpu": [Denied("no")]})
    one, other = graph_of(tmp_path / "one"), graph_of(tmp_path / "other", place=THERE)
    graph = Graph({**one.resources, **other.resources}, {})
    seen = survey({HERE: Reliable(here), THERE: Reliable(there)}, graph)
    assert (seen[HERE].errors, seen[THERE].errors) == ({}, {"compute/gpu": "no"})
    assert set(seen[HERE].observed) == {key("compute/gpu"), key("data/default/d")}
    assert set(seen[THERE].observed) == {key("data/default/d", THERE)}
    assert set(addresses(graph)) == {"compute/gpu", "data/default/d", "run/job"}
