"""What is paid for is instances, for a time, at a price: exactly, and rounded up where it is said to be the most."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specrun.spec.cost import Cost, Instances, always_on, instances_in, money, most
from specrun.spec.model import Spec
from specrun.spec.prices import Prices
from specrun.spec.repository_file import RepositoryFiles
from tests.engine_double import read_specs, write_spec

D4, T4 = "STANDARD_D4S_V3", "STANDARD_NC4AS_T4_V3"
LIST = f"""\
prices:
  currency: EUR
  updated: 2026-11-01
  {D4}: {{dedicated: 0.5, low_priority: 0.1}}
  {T4}: {{dedicated: 0.1}}
"""


def prices_in(folder: Path, text: str = LIST) -> Prices:
    (folder / ".specrun.yaml").write_text(text)
    file = RepositoryFiles().of(str(folder / "job.yaml"))
    assert file.prices is not None, file.diagnostics
    return file.prices


def spec_in(folder: Path, text: str) -> Spec:
    return read_specs(write_spec(folder, f"name: job\n{text}"))[0]


def job(job: str = "limits: {timeout: 7200}", compute: str = f"{{name: cpu, size: {D4}}}") -> str:
    return f"compute: {compute}\njob: {{command: ls, {job}}}\n"


TWO = "resources: {instance_count: 2}, distribution: {type: mpi}, limits: {timeout: 7200}"


@pytest.mark.parametrize(
    ("text", "at_most", "per_hour"),
    [
        (job(), "1.00", "0.5"),
        (job(TWO), "2.00", "1.0"),
        (job(TWO, f"{{name: cpu, size: {D4}, tier: low_priority}}"), "0.40", "0.2"),
        (job(compute=f"{{name: cpu, size: {D4.lower()}}}"), "1.00", "0.5"),
        (job("limits: {timeout: 1}"), "0.01", "0.5"),
        (job("resources: {instance_count: 2}"), None, "1.0"),
        (job(compute="{name: cpu, size: STANDARD_D5S_V9}"), None, None),
        (job("limits: {timeout: 10800}", f"{{name: gpu, size: {T4}}}"), "0.30", "0.1"),
        (f"job: {{command: ls, resources: {{instance_type: {D4}}}, limits: {{timeout: 3600}}}}\n", "0.50", "0.5"),
        (
            f"job: {{command: ls, resources: {{instance_type: {D4}, max_instance_count: 3}}, "
            "limits: {timeout: 3600}, queue_settings: {job_tier: spot}}\n",
            "0.30",
            "0.3",
        ),
    ],
)
def test_the_most(tmp_path: Path, text: str, at_most: str | None, per_hour: str | None) -> None:
    cost = most(spec_in(tmp_path, text), prices_in(tmp_path))
    assert cost is not None
    assert cost.at_most == (None if at_most is None else Decimal(at_most))
    assert cost.per_hour == (None if per_hour is None else Decimal(per_hour))
    assert cost.unbounded == ("timeout" not in text)


def test_the_dedicated_price_bounds_that_of_spot(tmp_path: Path) -> None:
    text = job(compute=f"{{name: gpu, size: {T4}, tier: low_priority}}")
    cost = most(spec_in(tmp_path, text), prices_in(tmp_path))
    assert cost is not None
    assert (cost.bound, cost.varies, cost.at_most) == (True, True, Decimal("0.20"))


def test_what_exists_counts_where_the_spec_does_not_say(tmp_path: Path) -> None:
    spec, prices = spec_in(tmp_path, job(compute="theirs")), prices_in(tmp_path)
    assert most(spec, prices) is None
    cost = most(spec, prices, {"size": D4, "tier": "low_priority"})
    assert cost is not None
    assert cost.at_most == Decimal("0.20")
    assert most(spec_in(tmp_path, f"compute: {{name: cpu, size: {D4}, max_instances: 1}}\n"), prices) is None


def test_without_prices_hours_are_counted(tmp_path: Path) -> None:
    cost = most(spec_in(tmp_path, job(TWO, f"{{name: gpu, size: {T4}}}")), None)
    assert cost is not None
    assert (cost.at_most, cost.vcpu_hours, cost.gpu_hours) == (None, Decimal(16), Decimal(4))
    cost = most(spec_in(tmp_path, job(TWO, "{name: gpu, size: STANDARD_D5S_V9}")), None)
    assert cost is not None
    assert (cost.vcpu_hours, cost.gpu_hours, cost.instance_hours) == (None, None, Decimal(4))


@given(
    price=st.decimals(min_value=0, max_value=10_000, places=6),
    count=st.integers(1, 10_000),
    seconds=st.integers(1, 10_000_000),
)
def test_money_is_exact(price: Decimal, count: int, seconds: int) -> None:
    cost = Cost(Instances(D4, count), seconds, price, "EUR")
    exactly = Fraction(price) * count * seconds / 3600
    at_most, amount = cost.at_most, cost.amount
    assert at_most is not None
    assert amount is not None
    assert Fraction(at_most) == Fraction(ceil(exactly * 100), 100)
    assert abs(Fraction(amount) - exactly) <= Fraction(1, 200)
    assert len(str(at_most).partition(".")[2]) == 2


@pytest.mark.parametrize(
    ("amount", "told"),
    [("0.5", "0.50 EUR"), ("100", "100.00 EUR"), ("0.0416", "0.0416 EUR"), ("1.2000", "1.20 EUR"), ("0", "0.00 EUR")],
)
def test_how_money_is_told(amount: str, told: str) -> None:
    assert money(Decimal(amount), "EUR") == told


@pytest.mark.parametrize(
    ("cluster", "count"), [({}, 0), ({"size": D4}, 0), ({"size": D4, "min_instances": 2}, 2), ({"min_instances": 2}, 0)]
)
def test_what_is_always_on(cluster: dict[str, Any], count: int) -> None:
    instances = always_on(cluster)
    assert (instances.count if instances is not None else 0) == count


def test_what_is_kept_with_a_run_is_read_again() -> None:
    instances = Instances(D4, 3, "low_priority", "westeurope")
    assert instances_in(instances.noted()) == instances
    noted: object
    for noted in (None, [], {}, {**instances.noted(), "count": 0}, {**instances.noted(), "size": 7}, {"count": True}):
        assert instances_in(noted) is None
