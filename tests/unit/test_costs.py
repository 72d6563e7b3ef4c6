"""What of a plan costs money stands in it: the machines, what is always on, what comes along and what stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from specrun.engines.facts import ENGINES
from specrun.plan.changes import Plan
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Status
from specrun.plan.resources import Place
from specrun.plan.saved import contents
from specrun.plan.shown_again import shown_again
from specrun.views.accounts import question
from specrun.views.data import plan_data
from specrun.views.markdown import plan_markdown
from specrun.views.plan_text import plan_text
from specrun.views.text import Paint
from tests.engine_double import Double, plan_for, read_specs, write_spec

AZURE = Place("azureml", "s/ml-rg/ml-ws", "workspace ml-ws")
GUID = "12345678-1234-1234-1234-123456789abc"
WORKSPACE = f"""\
workspace: {{name: ml-ws, resource_group: ml-rg, subscription_id: {GUID}, location: westeurope, create: true}}
compute: cpu
"""
JOB = "job: {command: ls, resources: {instance_count: 2}, distribution: {type: mpi}}\n"
T4 = "STANDARD_NC4AS_T4_V3"


def plan_of(folder: Path, text: str, place: Place = AZURE, **there: Observed) -> Plan:
    engine = Double(place=place, capabilities=ENGINES["azureml"].capabilities)
    engine.there |= {address.replace("__", "/"): seen for address, seen in there.items()}
    return plan_for(engine, read_specs(write_spec(folder, f"name: job\n{text}")), folder / "home")


def lines_of(plan: Plan, width: int = 120) -> list[str]:
    return [line.strip() for line in plan_text(plan, Paint(False), width).splitlines()]


def test_the_machines_of_a_cluster_and_of_a_run(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, f"compute: {{name: gpu, size: {T4}, max_instances: 2}}\n{JOB}")
    lines = lines_of(plan, 80)
    assert f"{T4}: 4 vCPUs, 28 GiB, 1 × T4 (16 GB)" in lines
    assert [f"on 2 × {T4}: 4 vCPUs, 28 GiB, 1 × T4 (16 GB) each; no", "timeout: unbounded"] == lines[-4:-2]
    assert "no instance is on while there is nothing to do: idle it costs nothing" in lines
    cluster, run = plan_data(plan)["resource_changes"]  # type: ignore[misc]
    machine = {"vcpus": 4, "memory_gib": 28, "gpus": 1, "gpu": "T4", "gpu_memory_gb": 16, "gpu_part": None}
    assert (cluster["machine"], cluster["always_on"]) == (machine, 0)
    assert (run["run"]["machine"], run["run"]["instances"], run["run"]["size"]) == (machine, 2, T4)
    markdown = plan_markdown(plan).partition("<details>")[0]
    assert "4 vCPUs, 28 GiB, 1 × T4 (16 GB) each; no timeout: unbounded |" in markdown


def test_on_this_machine_nothing_is_said_of_sizes(tmp_path: Path) -> None:
    text = f"compute: {{name: gpu, size: {T4}, min_instances: 2, max_instances: 2}}\n{JOB}"
    plan = plan_of(tmp_path, text, Place("local", title="this machine"))
    assert not any("vCPU" in line or "always on" in line for line in lines_of(plan))
    assert "machine" not in plan_data(plan)["resource_changes"][0]  # type: ignore[index]
    timed = JOB.replace("command: ls", "command: ls, limits: {timeout: 7200}")
    lines = lines_of(plan_of(tmp_path, text.replace(JOB, timed), Place("local", title="this machine")))
    assert "on Azure at most 16 vCPU-hours, 4 GPU-hours" in lines
    assert lines[-1] == "Plan: 1 to create, 1 to submit."


def test_the_machines_of_a_cluster_that_is_only_named(tmp_path: Path) -> None:
    seen = Observed(Status.READY, {"name": "theirs"}, facts={"size": "Standard_D4s_v5", "min_instances": 3})
    lines = lines_of(plan_of(tmp_path, f"compute: theirs\n{JOB}", compute__theirs=seen))
    assert "on 2 × Standard_D4s_v5: 4 vCPUs, 16 GiB each; no timeout: unbounded" in lines
    assert not any("always on" in line for line in lines), "it is not this spec's"


def test_a_size_that_nobody_knows(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, f"compute: {{name: gpu, size: STANDARD_D5S_V9, max_instances: 2}}\n{JOB}")
    lines = lines_of(plan)
    assert "STANDARD_D5S_V9: a size not known to specrun" in lines
    assert "on 2 × STANDARD_D5S_V9: a size not known to specrun; no timeout: unbounded" in lines
    assert plan_data(plan)["resource_changes"][0]["machine"] is None  # type: ignore[index]


def test_without_a_cluster_the_size_is_the_jobs(tmp_path: Path) -> None:
    text = "job: {command: ls, resources: {instance_type: STANDARD_D4DS_V5}}\n"
    assert "on STANDARD_D4DS_V5: 4 vCPUs, 16 GiB; no timeout: unbounded" in lines_of(plan_of(tmp_path, text))


ONE = "1 instance always on, also idle, 2920 vCPU-hours, 730 GPU-hours a month"
IDLE_TIME = "idle_time_before_scale_down: 14400"
STAYS_ON = "an instance stays on for 4 h 0 min after its work, and costs as much then"


@pytest.mark.parametrize(
    ("declared", "seen", "said"),
    [
        ("min_instances: 4", {}, ["4 instances always on, also idle, 11680 vCPU-hours, 2920 GPU-hours a month"]),
        ("min_instances: 1", {}, [ONE]),
        (f"min_instances: 1, {IDLE_TIME}", {}, [ONE, STAYS_ON]),
        ("max_instances: 4", {"max_instances": 2, "min_instances": 1}, [ONE]),
        (
            "min_instances: 4",
            {"min_instances": 4},
            [
                "4 instances always on, also idle, each 4 vCPUs, 28 GiB, 1 × T4 (16 GB),",  # and the hours
            ],
        ),
        ("min_instances: 0", {"min_instances": 0, "max_instances": 9}, []),
    ],
)
def test_what_is_always_on(tmp_path: Path, declared: str, seen: dict[str, Any], said: list[str]) -> None:
    properties = {"name": "gpu", "size": T4, **seen}
    there = {"compute__gpu": Observed(Status.READY, properties, maker=Maker("job"))} if seen else {}
    plan = plan_of(tmp_path, f"compute: {{name: gpu, size: {T4}, {declared}}}\n", **there)
    assert [line for line in lines_of(plan, 80) if "always on" in line or "stays on" in line] == said
    seen_first = plan_markdown(plan).partition("<details>")[0]
    assert ("- 💰 `compute/gpu`: " in seen_first) == any("always on" in line for line in said)


def test_what_holds_for_many_clusters_is_said_once(tmp_path: Path) -> None:
    specs = [
        write_spec(tmp_path / name, f"name: {name}\ncompute: {{name: {name}, size: {T4}, max_instances: 2}}\n")
        for name in ("one", "two")
    ]
    plan = plan_for(Double(place=AZURE), read_specs(*specs), tmp_path / "home")
    assert sum("idle it costs nothing" in line for line in lines_of(plan)) == 1


def test_what_a_new_workspace_brings_along(tmp_path: Path) -> None:
    text = plan_text(plan_of(tmp_path, WORKSPACE), Paint(False), 80)
    assert all(len(line) <= 80 for line in text.splitlines())
    said = " ".join(text.split())
    assert "brings along, in resource group ml-rg: a storage account (by the GB), a key vault" in said
    for part in ("Application Insights", "container registry (by the day, used or not)"):
        assert part in said
    account = f"/subscriptions/{GUID}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/mine"
    own = WORKSPACE.replace("create", f"storage_account: {account}, create")
    assert "brings along, in resource group ml-rg: a key vault" in " ".join(lines_of(plan_of(tmp_path, own)))
    seen = Observed(Status.READY, {"name": "ml-ws", "location": "westeurope"}, maker=Maker("job"))
    assert not any("brings" in line for line in lines_of(plan_of(tmp_path, WORKSPACE, **{"workspace__ml-ws": seen})))


def test_a_saved_plan_shows_the_same(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, f"compute: {{name: gpu, size: {T4}, min_instances: 1}}\n{JOB}")
    again = shown_again(contents(plan, {}, str(tmp_path), str))
    assert plan_text(again, Paint(False), 100) == plan_text(plan, Paint(False), 100)


PRICES = f"""\
prices:
  currency: EUR
  updated: 2026-11-01
  {T4}: {{dedicated: 0.5}}
  STANDARD_D4S_V3: {{low_priority: 0.0416}}
"""
HERE = Place("local", title="this machine")
TWO = f"compute: {{name: gpu, size: {T4}, max_instances: 4}}\n{JOB}"
TIMED = TWO.replace("command: ls", "command: ls, limits: {timeout: 28800}")
SPOT = TIMED.replace(f"{T4}, ", "STANDARD_D4S_V3, tier: low_priority, ")


def priced(folder: Path, text: str, place: Place = AZURE, **there: Observed) -> Plan:
    (folder / ".specrun.yaml").write_text(PRICES)
    (folder / ".git").mkdir(exist_ok=True)
    return plan_of(folder, text, place, **there)


@pytest.mark.parametrize(
    ("text", "place", "line", "total"),
    [
        (TIMED, AZURE, "at most 8.00 EUR (8 h, 2 × 0.50 EUR an hour)", "At most 8.00 EUR."),
        (
            TIMED,
            HERE,
            f"on Azure at most 8.00 EUR (8 h, 2 × {T4} at 0.50 EUR an hour)",
            "On Azure at most 8.00 EUR.",
        ),
        (
            TWO,
            AZURE,
            "no timeout: unbounded, 1.00 EUR an hour (2 × 0.50 EUR)",
            "1 run without timeout: unbounded.",
        ),
        (
            TWO,
            HERE,
            f"no timeout: unbounded, on Azure 1.00 EUR an hour (2 × {T4} at 0.50 EUR)",
            "1 run without timeout: unbounded.",
        ),
        (
            SPOT,
            AZURE,
            "at most 0.67 EUR (8 h, 2 × 0.0416 EUR an hour; Spot: the price varies)",
            "At most 0.67 EUR; Spot: the price varies.",
        ),
        (
            TIMED.replace("size", "tier: low_priority, size"),
            AZURE,
            "at most 8.00 EUR (8 h, 2 × 0.50 EUR an hour; Spot: the price varies, this is that of dedicated instances)",
            "At most 8.00 EUR; Spot: the price varies.",
        ),
        (TIMED.replace(T4, "STANDARD_E4S_V3"), AZURE, "at most 64 vCPU-hours (no price of STANDARD_E4S_V3)", ""),
        (JOB, HERE, "", ""),
    ],
)
def test_what_a_run_costs_at_most(tmp_path: Path, text: str, place: Place, line: str, total: str) -> None:
    plan = priced(tmp_path, text, place)
    lines = lines_of(plan)
    assert line in lines
    assert lines[-1] == total if total else lines[-1].startswith("Plan: ")
    assert total in plan_markdown(plan).partition("<details>")[0]
    again = shown_again(contents(plan, {}, str(tmp_path), str))
    assert plan_text(again, Paint(False), 120) == plan_text(plan, Paint(False), 120)
    assert plan_data(again)["cost"] == plan_data(plan)["cost"]


def test_what_a_plan_costs_for_programs(tmp_path: Path) -> None:
    plan = plan_data(priced(tmp_path, TIMED.replace("max_instances", "min_instances: 2, max_instances")))
    cluster, run = plan["resource_changes"]  # type: ignore[misc]
    assert run["run"]["cost"] == {
        "currency": "EUR",
        "at_most": "8.00",
        "per_hour": "1.00",
        "unbounded": False,
        "vcpu_hours": 64.0,
        "gpu_hours": 16.0,
        "instance_hours": 16.0,
        "size": T4,
        "instances": 2,
        "tier": "dedicated",
        "varies": False,
        "updated": "2026-11-01",
        "charged": True,
    }
    assert (cluster["always"]["per_month"], cluster["always"]["per_month_before"]) == ("730.00", "0.00")
    total: dict[str, Any] = plan["cost"]  # type: ignore[assignment]
    assert (total["at_most"], total["unbounded"], total["per_month"]) == ("8.00", False, "730.00")
    assert plan_data(priced(tmp_path, JOB, HERE))["cost"] is None


def test_the_total_counts_what_has_no_bound_and_no_price(tmp_path: Path) -> None:
    (tmp_path / ".specrun.yaml").write_text(PRICES)
    texts = {
        "one": TIMED,
        "two": TIMED,
        "three": TWO,
        "four": TIMED.replace("gpu", "cpu").replace(T4, "STANDARD_E4S_V3"),
    }
    specs = [write_spec(tmp_path / name, f"name: {name}\n{text}") for name, text in texts.items()]
    (tmp_path / ".git").mkdir()
    plan = plan_for(Double(place=AZURE), read_specs(*specs), tmp_path / "home")
    assert lines_of(plan)[-1] == "At most 16.00 EUR and 64 vCPU-hours; 1 run without timeout: unbounded."
    total: dict[str, Any] = plan_data(plan)["cost"]  # type: ignore[assignment]
    assert (total["at_most"], total["bounded"], total["unbounded"]) == (None, "16.00", True)
    assert (
        question(plan, 200)
        == "Carry out this plan on workspace ml-ws, for at most 16.00 EUR and 1 run without timeout?"
    )


@pytest.mark.parametrize(
    ("declared", "seen", "line", "total"),
    [
        (
            "min_instances: 2",
            None,
            "always: 730.00 EUR a month (730 h, 2 × 0.50 EUR an hour)",
            "Always: 730.00 EUR a month.",
        ),
        (
            "min_instances: 2",
            1,
            "always: 730.00 EUR a month (730 h, 2 × 0.50 EUR an hour), before 365.00 EUR a month (730 h, 0.50 EUR an "
            "hour)",
            "Always: 730.00 EUR a month, before 365.00 EUR a month.",
        ),
        (
            "min_instances: 1",
            0,
            "always: 365.00 EUR a month (730 h, 0.50 EUR an hour), before nothing",
            "Always: 365.00 EUR a month.",
        ),
        (
            "min_instances: 0",
            1,
            "always: nothing, before 365.00 EUR a month (730 h, 0.50 EUR an hour)",
            "Always: nothing, before 365.00 EUR a month.",
        ),
        ("min_instances: 1", 1, "always: 365.00 EUR a month (730 h, 0.50 EUR an hour)", "Always: 365.00 EUR a month."),
    ],
)
def test_what_stands_there_always(tmp_path: Path, declared: str, seen: int | None, line: str, total: str) -> None:
    properties = {"name": "gpu", "size": T4, "min_instances": seen, "max_instances": 4}
    there = {"compute__gpu": Observed(Status.READY, properties, maker=Maker("job"))} if seen is not None else {}
    plan = priced(tmp_path, f"compute: {{name: gpu, size: {T4}, {declared}, max_instances: 4}}\n", **there)
    assert line in lines_of(plan, 200)
    assert lines_of(plan)[-1] == total


@pytest.mark.parametrize(
    ("seen", "line"),
    [
        (None, "with all instances: 1460.00 EUR a month (730 h, 4 × 0.50 EUR an hour)"),
        (
            2,
            "with all instances: 1460.00 EUR a month (730 h, 4 × 0.50 EUR an hour), before 730.00 EUR a month (730 h, "
            "2 × 0.50 EUR an hour)",
        ),
        (4, ""),
    ],
)
def test_what_a_cluster_may_come_to(tmp_path: Path, seen: int | None, line: str) -> None:
    """The other end of what is always on: a pull request that raises `max_instances` says what that may cost."""
    properties = {"name": "gpu", "size": T4, "max_instances": seen}
    there = {"compute__gpu": Observed(Status.READY, properties, maker=Maker("job"))} if seen is not None else {}
    plan = priced(tmp_path, f"compute: {{name: gpu, size: {T4}, max_instances: 4}}\n", **there)
    assert [one for one in lines_of(plan, 200) if "all instances" in one] == ([line] if line else [])
    again = shown_again(contents(plan, {}, str(tmp_path), str))
    assert plan_text(again, Paint(False), 200) == plan_text(plan, Paint(False), 200)
    (cluster,) = (one for one in plan_data(again)["resource_changes"] if one["type"] == "compute")
    assert ("full" in cluster, "always" in cluster) == (bool(line), False)
    if line:
        assert cluster["full"]["per_month"] == "1460.00"
