"""What is decided of drift where nothing but the data is needed: ignores, and what stands for a content."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.plan.drift.compare import NoRuns, find_drift, without_runs
from specrun.plan.drift.findings import Comparison, Verdict, Way
from specrun.plan.drift.ignores import Ignores
from specrun.plan.graph import Graph, build_graph
from specrun.plan.hashes import HashCache
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Status, StoredFile, Survey
from specrun.plan.planning import View
from specrun.plan.resources import Capability, Key, Place
from specrun.spec.load import load

SHA = "0123456789abcdef" * 4
SPEC = f"""\
apiVersion: specrun/v1
name: unit
compute: {{name: gpu-cluster, size: STANDARD_DS3_V2, max_instances: 4, tags: {{team: a, a.b: c}}}}
data: {{model: {{path: "https://example.org/model.bin", sha256: {SHA}, target: sets/v1.2}}}}
"""
PLACE = Place("azureml", title="workspace ws")


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    (tmp_path / "job.yaml").write_text(SPEC)
    loaded = load([str(tmp_path / "job.yaml")])
    assert loaded.ok, loaded.diagnostics
    return without_runs(build_graph(loaded.specs, lambda _: PLACE, HashCache(tmp_path)))


def compare(graph: Graph, home: Path, address: str, seen: Observed, *ignored: str, kept: str = "") -> Comparison:
    capabilities = {"compute": Capability(kept=kept)}
    survey = Survey({Key(PLACE, address): seen}, {})
    view = View(capabilities, True, survey, NoRuns(), lambda _: {})  # type: ignore[arg-type]
    found = find_drift(graph, {PLACE: view}, {}, Ignores(ignored), home, HashCache(home))
    return next(one for one in found.comparisons if one.resource.address == address)


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        (StoredFile(3, "ab" * 16, Maker("unit"), SHA), None),
        (StoredFile(3, "ab" * 16, Maker("unit"), SHA[::-1]), ""),
        (StoredFile(3, "ab" * 16), "its SHA-256 does not stand beside it, so that it counts as changed"),
    ],
)
def test_data_from_https_is_known_by_the_sha256_beside_it(
    graph: Graph, tmp_path: Path, stored: StoredFile, reason: str | None
) -> None:
    seen = Observed(Status.READY, files={"model.bin": stored})
    found = compare(graph, tmp_path, "data/default/sets/v1.2", seen)
    assert [one.reason for one in found.differences] == ([] if reason is None else [reason])


@pytest.mark.parametrize(
    ("pattern", "counts"),
    [
        ("compute/gpu-cluster.max_instances", {"tags.team", "tags.a.b"}),
        ("max_instances", {"tags.team", "tags.a.b"}),
        ("tags", {"max_instances"}),
        ("tags.*", {"max_instances"}),
        ("*.tags.a.b", {"max_instances", "tags.team"}),
        ("compute/other.*", {"max_instances", "tags.team", "tags.a.b"}),
        ("data/*", {"max_instances", "tags.team", "tags.a.b"}),
    ],
)
def test_an_ignore_fits_a_field_of_one_or_of_all(graph: Graph, tmp_path: Path, pattern: str, counts: set[str]) -> None:
    there = {"name": "gpu-cluster", "size": "STANDARD_DS3_V2", "max_instances": 8, "tags": {}}
    found = compare(graph, tmp_path, "compute/gpu-cluster", Observed(Status.READY, there), pattern)
    assert {one.path for one in found.differences} == counts
    assert len(found.ignored) == 3 - len(counts)


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("compute/gpu-*", True),
        ("data/default/sets/v1.2/some.day", True),
        ("data/*/_SUCCESS", True),
        ("tags.a.b", True),
        ("tags.nobody", False),
        ("data/other/*", False),
        ("compute/gpu-cluster.prune", False),
    ],
)
def test_what_an_ignore_could_ever_fit(graph: Graph, pattern: str, fits: bool) -> None:
    assert (Ignores((pattern,)).unfit(graph.resources.values()) == ()) is fits


@pytest.mark.parametrize(
    ("status", "verdict", "ways"),
    [
        (Status.MISSING, Verdict.DRIFTED, [Way.MISSING]),
        (Status.DELETING, Verdict.DRIFTED, [Way.DELETING]),
        (Status.FAILED, Verdict.DRIFTED, [Way.FAILED, Way.CHANGED]),
        (Status.CREATING, Verdict.NOT_COMPARED, []),
        (Status.UNSEEN, Verdict.NOT_COMPARED, []),
    ],
)
def test_what_becomes_of_each_status(
    graph: Graph, tmp_path: Path, status: Status, verdict: Verdict, ways: list[Way]
) -> None:
    there = {"size": "STANDARD_DS3_V2", "name": "gpu-cluster", "max_instances": 8, "tags": {"team": "a", "a.b": "c"}}
    found = compare(graph, tmp_path, "compute/gpu-cluster", Observed(status, there))
    assert (found.verdict, [one.way for one in found.differences]) == (verdict, ways)


@pytest.mark.parametrize(
    ("maker", "kept", "said"),
    [
        (Maker("unit"), "", ""),
        (Maker("another"), "", ""),
        (Maker(), "", "made by somebody else"),
        (Maker(), "nobody keeps that", ""),
    ],
)
def test_who_else_made_it_is_said_where_that_is_known(
    graph: Graph, tmp_path: Path, maker: Maker, kept: str, said: str
) -> None:
    there = {"size": "STANDARD_DS3_V2", "name": "gpu-cluster", "max_instances": 4, "tags": {"team": "a", "a.b": "c"}}
    seen = Observed(Status.READY, there, maker=maker)
    assert compare(graph, tmp_path, "compute/gpu-cluster", seen, kept=kept).said == said
