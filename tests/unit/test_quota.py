"""What is said of clusters that do not fit the quotas of their region, and when nothing is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from specrun.plan.observed import Observed, Status
from specrun.plan.quota import Allowance, Limit, Sku, compare, growing, unread
from specrun.spec.diagnostics import Diagnostic
from tests.engine_double import HERE, Double, plan_for, read_specs, write_spec

T4 = ("STANDARD_NC4AS_T4_V3", "dedicated")
SPOT = ("STANDARD_NC4AS_T4_V3", "low_priority")


def text(name: str = "gpu", most: int = 4, instances: int = 0, tier: str = "", spec: str = "job") -> str:
    job = f"job: {{command: ls, resources: {{instance_count: {instances}}}}}\n" if instances else ""
    size = f"size: {T4[0]}, max_instances: {most}{tier and f', tier: {tier}'}"
    return f"name: {spec}\ncompute: {{name: {name}, {size}}}\n{job}"


def said(
    folder: Path, allowances: Mapping[Sku, Allowance], *texts: str, there: Mapping[str, Any] = {}
) -> list[Diagnostic]:
    files = [write_spec(folder / str(number), one) for number, one in enumerate(texts)]
    plan = plan_for(Double(there=dict(there)), read_specs(*files), folder / "home")
    return list(compare(growing(plan)[HERE], allowances))


def allowed(vcpus: int, used: int | None = 0, **of_clusters: int) -> Mapping[Sku, Allowance]:
    limit = Limit("T4 Family vCPUs", "the subscription", vcpus, used, of_clusters)
    return dict.fromkeys((T4, SPOT), Allowance("westus", 4, (limit,)))


def ready(most: int = 4) -> Mapping[str, Any]:
    return {"compute/gpu": Observed(Status.READY, {"name": "gpu", "size": T4[0], "max_instances": most})}


@pytest.mark.parametrize(
    ("vcpus", "spec", "words"),
    [
        (16, text(), None),
        (15, text(), "no more than 3 will ever start. Write `max_instances: 3`, or ask for more"),
        (4, text(), "no more than 1 will ever start. Write `max_instances: 1`, or"),
        (3, text(), "none will ever start. Take another `size` or `tier`, or ask for more"),
        (
            0,
            text(most=1),
            "1 × STANDARD_NC4AS_T4_V3, 4 vCPUs, and westus allows the subscription 0 vCPUs",
        ),
        (15, text(instances=3), "no more than 3 will ever start. Write `max_instances: 3`"),
        (15, text(instances=4), "no more than 3 will ever start. job wants 4. Take another `size` or `tier`, or ask"),
    ],
)
def test_a_cluster_above_a_limit(tmp_path: Path, vcpus: int, spec: str, words: str | None) -> None:
    found = said(tmp_path, allowed(vcpus), spec)
    assert [one.code for one in found] == (["over-quota"] if words else [])
    assert not words or words in found[0].detail
    assert not words or found[0].path == ("compute", "max_instances")


def test_the_tightest_limit_is_told_once(tmp_path: Path) -> None:
    limits = (Limit("all", "the subscription", 8), Limit("own", "this workspace", 4), Limit("wide", "x", 99))
    (found,) = said(tmp_path, {T4: Allowance("westus", 4, limits)}, text(instances=1))
    assert "westus allows this workspace 4 vCPUs of these at once (own): no more than 1" in found.detail


def test_what_is_in_use_now(tmp_path: Path) -> None:
    assert said(tmp_path, allowed(16, 8), text(instances=2)) == []
    (note,) = said(tmp_path, allowed(16, 9), text(instances=2))
    assert (note.code, note.path) == ("quota-in-use", ("job",))
    assert "16 vCPUs that westus allows the subscription (T4 Family vCPUs) 9 are in use now" in note.detail
    assert said(tmp_path, allowed(16, None), text(instances=2)) == []
    # Of a cluster that is there, only where its own use is told apart.
    assert said(tmp_path, allowed(16, 16), text(instances=2), there=ready()) == []
    assert said(tmp_path, allowed(16, 16, gpu=8), text(instances=2), there=ready()) == []
    assert [one.code for one in said(tmp_path, allowed(16, 16, gpu=4), text(instances=2), there=ready())] == [note.code]


def test_the_trials_of_a_sweep_are_at_once_what_there_is_room_for(tmp_path: Path) -> None:
    sweep = (
        "sweep:\n  sampling_algorithm: grid\n  search_space: {x: {type: choice, values: [1, 2, 3, 4]}}\n"
        "  objective: {goal: maximize, primary_metric: m}\n  limits: {max_concurrent_trials: 3}\n"
    )
    spec = text(most=6, instances=2).replace("ls", "'ls ${{ search_space.x }}'") + sweep
    assert said(tmp_path, allowed(40, 16), spec) == []
    (note,) = said(tmp_path, allowed(40, 20), spec)
    assert note.code == "quota-in-use"
    assert "job wants 3 trials at once on 2 × STANDARD_NC4AS_T4_V3 each, 24 vCPUs, and of the 40 vCPUs" in note.detail
    assert "20 are in use now: no more than 2 run at once until more are free." in note.detail
    (note,) = said(tmp_path, allowed(40, 36), spec)
    assert "36 are in use now: it waits until enough are free." in note.detail
    assert (
        said(tmp_path, allowed(40, 24), spec.replace("most=6", "").replace("max_instances: 6", "max_instances: 4"))
        == []
    )


def test_clusters_that_share_a_limit(tmp_path: Path) -> None:
    both = [text("one", spec="a"), text("two", spec="b")]
    assert said(tmp_path, allowed(32), *both) == []
    (note,) = said(tmp_path, allowed(31, 3), *both)
    assert note.code == "quota-shared"
    assert "one and two may grow to 32 vCPUs together, and westus allows the subscription 31 vCPUs" in note.detail
    assert "(T4 Family vCPUs, 3 in use): when one is full the others wait." in note.detail
    limits = (Limit("T4", "the subscription", 32), Limit("T4", "this workspace", 20))
    (note,) = said(tmp_path, {T4: Allowance("westus", 4, limits)}, *both)
    assert "westus allows this workspace 20 vCPUs" in note.detail, "of one name, and two limits"
    assert [one.code for one in said(tmp_path, allowed(8), *both)] == ["over-quota"] * 2
    assert said(tmp_path, allowed(31), text(instances=1), text("two", spec="b"), there=ready()) == []


def test_what_is_not_known_is_told_once_for_each_size(tmp_path: Path) -> None:
    unknown = Allowance("westus", unknown="westus does not list the size.")
    found = said(tmp_path, {T4: unknown, SPOT: unknown}, text("one", spec="a"), text("two", spec="b"))
    assert [one.code for one in found] == ["quota-not-read"]
    assert found[0].detail == "one, two are planned without it: westus does not list the size."


def test_which_clusters_are_looked_at(tmp_path: Path) -> None:
    def names(spec: str, there: Mapping[str, Any] = {}) -> list[str]:
        plan = plan_for(Double(there=dict(there)), read_specs(write_spec(tmp_path, spec)), tmp_path / "home")
        return [one.cluster.name for ones in growing(plan).values() for one in ones]

    assert names(text()) == names(text(instances=1), ready()) == names(text(most=5), ready()) == ["gpu"]
    assert names(text(), ready()) == []
    assert names("name: job\ncompute: gpu\njob: {command: ls}\n", ready()) == [], "nobody says how large it may be"
    plan = plan_for(Double(), read_specs(write_spec(tmp_path, text())), tmp_path / "home")
    assert unread(growing(plan)[HERE], "no.").detail == "gpu is planned without it: no."
