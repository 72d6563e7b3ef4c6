from __future__ import annotations

import math

import pytest

from specrun.plan.observed import Run, RunStatus
from specrun.plan.run_columns import Filter, Sort, Wrong, chosen, parse_columns
from specrun.plan.run_facts import FIELDS, Column, Facts

DAY = 86_400
NOW = 10 * DAY
RUN = Run(
    "digits-0123456789", "digits", "0123456789", 1, RunStatus.SUCCEEDED, submitted=NOW - DAY, started=1.0, ended=1.0
)
ONE = Facts(
    RUN,
    place="this machine",
    cost=1.5,
    params={"lr": 0.001, "amp": True, "loss": "mse", "status": "x", "opt": "Adam"},
    metrics={"accuracy": 0.93, "val loss": 0.2, "loss": 0.3, "nan": math.nan},
    now=NOW,
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("", True),
        ("accuracy>0.9 status=succeeded lr<=0.01 name~digits", True),
        ("accuracy>0.9 status=failed", False),
        ("metrics.accuracy > 0.9 and params.lr = '0.001'", True),
        ("params.lr == 0.001, accuracy>=0.93", True),
        ("'val loss'<1 metrics.\"val loss\">0.1 metric.`val loss`!=5", True),
        ("status=failed,succeeded", True),
        ("status!=failed,canceled", True),
        # A name of several is that of a run's field, else of a metric.
        ("loss<0.5", True),
        ("params.loss=mse", True),
        ("params.status=x", True),
        ("opt~ADAM opt!~sgd name~*-0123456789", True),
        ("opt=adam", False),
        ("amp=true", True),
        ("lr=1e-3", True),
        # Of what is not there nothing holds but that it is not so.
        ("other=3", False),
        ("other<3", False),
        ("other!=3", True),
        ("nan>0", False),
        ("submitted>2d age<2d", True),
        ("submitted<2d", False),
        ("submitted>=1970-01-05", True),
        ("elapsed<1m elapsed=0", True),
        ("cost<2 attempt=1 place~machine", True),
        ("target!=prod", True),
    ],
)
def test_a_filter_says_which_runs_are_meant(text: str, holds: bool) -> None:
    found = Filter.parse(text, NOW)
    assert isinstance(found, Filter)
    assert found.holds(ONE) is holds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("status=suceeded", "Did you mean `succeeded`?"),
        ("status=done", "`cancelled`, `failed`, `lost`, `queued`, `running`, `succeeded`"),
        ("status>failed", "status=succeeded"),
        ("accuracy", "`accuracy` is no condition: NAME, one of"),
        ("lr=", "`lr=` is no condition"),
        ("lr=1 accuracy", "`accuracy` is no condition behind the others"),
        ("lr=1 or lr=2", "there is no `or`"),
        ("elapsed>long", "10m"),
        ("submitted>yesterday", "2d (two days ago)"),
        ("cost>much", "`cost` is compared with a number; not with `much`."),
    ],
)
def test_a_mistake_in_a_filter_tells_what_to_write(text: str, said: str) -> None:
    found = Filter.parse(text, NOW)
    assert isinstance(found, Wrong)
    assert said in found.said


def test_what_a_run_itself_says_is_judged_before_its_metrics_are_read() -> None:
    found = Filter.parse("accuracy>0.9 status=failed", NOW)
    assert isinstance(found, Filter)
    assert not found.may_hold(Facts(RUN))
    fine = Filter.parse("accuracy>0.9 status=succeeded", NOW)
    assert isinstance(fine, Filter)
    assert fine.may_hold(Facts(RUN))


def order(text: str, *values: object) -> list[object]:
    sort = Sort.parse(text)
    assert isinstance(sort, Sort)
    facts = [(Facts(RUN, metrics={} if value is None else {"x": value}), value) for value in values]  # type: ignore[dict-item]
    return [value for _, value in sort.ordered(facts)]


def test_runs_without_a_value_are_last_in_either_order() -> None:
    nan = math.nan
    assert order("x", 2, None, 1, nan, 10) == [1, 2, 10, None, nan]
    assert order("-x", 2, None, 1, nan, 10) == [10, 2, 1, None, nan]
    assert order("x", "b", 3, "A") == [3, "A", "b"]


def test_a_second_column_orders_what_is_equal_in_the_first() -> None:
    sort = Sort.parse("-accuracy, lr")
    assert isinstance(sort, Sort)
    assert [str(column) for column in sort.columns] == ["accuracy", "lr"]
    several = [(Facts(RUN, params={"lr": lr}, metrics={"accuracy": a}), (a, lr)) for a, lr in ((1, 3), (2, 2), (2, 1))]
    assert [one for _, one in sort.ordered(several)] == [(2, 1), (2, 2), (1, 3)]


@pytest.mark.parametrize("text", ["", "-", "a,-"])
def test_an_order_wants_a_column(text: str) -> None:
    assert isinstance(Sort.parse(text), Wrong)


def test_columns_are_names_and_patterns_and_what_no_run_has_is_told() -> None:
    columns = parse_columns("lr,'val loss',params.*,*loss,x,y*,elapsed")
    assert not isinstance(columns, Wrong)
    found, missing = chosen(columns, [ONE])
    assert [str(one) for one in found] == [
        *("lr", "val loss", "amp", "params.loss", "params.status", "opt", "metrics.loss", "x", "elapsed")
    ]
    assert [str(one) for one in missing] == ["x", "y*"]
    assert isinstance(parse_columns(" , "), Wrong)


def test_each_field_of_a_run_is_a_column() -> None:
    values = {name: Column.of(name).value(ONE) for name in FIELDS}
    assert values["elapsed"] == 0
    assert values["age"] == DAY
    assert values["target"] is None
    assert Column.of("params.status").value(ONE) == "x"
