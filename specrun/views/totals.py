"""What a whole plan costs, on one line: the runs that it submits at most, and what is always on in a month."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from specrun.plan.changes import Action
from specrun.spec.cost import money
from specrun.spec.frozen import dataclass
from specrun.spec.wording import listed
from specrun.views.amounts import SPOT, amount_data, hours_data, number
from specrun.views.costs import is_charged
from specrun.views.text import count

if TYPE_CHECKING:
    from specrun.plan.shown import Shown, ShownChange
    from specrun.spec.cost import Cost


@dataclass(frozen=True, slots=True)
class Total:
    """The costs of the runs that are submitted, of so many `unknown` ones besides whose size nobody knows, and, in a
    month, of what is always on, before the plan and after it. All of it is paid for, or, on this machine, none.
    """

    charged: bool
    runs: Sequence[Cost]
    unknown: int
    before: Sequence[Cost]
    after: Sequence[Cost]

    @property
    def unbounded(self) -> int:
        """How many runs have no timeout."""
        return sum(cost.unbounded for cost in self.runs)

    @property
    def has_prices(self) -> bool:
        """Whether anything of it has a price."""
        return any(cost.hour is not None for cost in (*self.runs, *self.before, *self.after))


def totals(plan: Shown) -> list[Total]:
    """What a plan costs, and beside it what its part on this machine would cost on Azure, where it has one."""
    known = [charged for charged in (True, False) if any(bool(at.workspace) is charged for at in plan.places)]
    return [_total([change for change in plan.changes if is_charged(change) is charged], charged) for charged in known]


def total_line(plan: Shown) -> str:
    """`At most 12.40 EUR; 1 run without timeout: unbounded. Always: 365.00 EUR a month.`; "" where nothing is known.

    Without prices the hours of several runs together: those of one stand with it.
    """
    return " ".join(sentence for total in totals(plan) for sentence in _sentences(total))


def total_asked(plan: Shown) -> str:
    """What is paid for a plan: `at most 12.40 EUR, 1 run without timeout and 365.00 EUR a month always`; "" where there
    is no price.
    """
    total = next((one for one in totals(plan) if one.charged), None)
    if total is None or not total.has_prices:
        return ""
    parts = [f"at most {most}"] if (most := _sum(total.runs, lambda cost: cost.at_most)) else []
    parts += [f"{count(total.unbounded, 'run')} without timeout"] if total.unbounded else []
    parts += [f"{always} a month always"] if (always := _sum(total.after, lambda cost: cost.amount)) else []
    return listed(parts, "and", code=False)


def total_data(plan: Shown) -> dict[str, object] | None:
    """The total for programs; null where nothing is known, and of what is paid for, where some of it is.

    `at_most` is null where a run has no bound, no price or no known size: `bounded` is what the others cost at most.
    """
    total = next((one for one in totals(plan) if one.runs or one.before or one.after), None)
    if total is None:
        return None
    everything = (*total.runs, *total.before, *total.after)
    currencies = {cost.currency for cost in everything if cost.currency}
    alone = len(currencies) == 1
    bounded = _amount(total.runs, lambda cost: cost.at_most) if alone else None
    is_known = bounded is not None and not total.unknown and all(cost.at_most is not None for cost in total.runs)
    return {
        "currency": next(iter(currencies)) if alone else None,
        "at_most": amount_data(bounded) if is_known else None,
        "bounded": amount_data(bounded),
        "unbounded": total.unbounded > 0,
        "unbounded_runs": total.unbounded,
        "unknown_runs": total.unknown,
        "per_hour": amount_data(_amount(total.runs, lambda cost: cost.per_hour)) if alone else None,
        "vcpu_hours": _all_hours(total, lambda cost: cost.vcpu_hours),
        "gpu_hours": _all_hours(total, lambda cost: cost.gpu_hours),
        "per_month": _whole(total.after) if alone else None,
        "per_month_before": _whole(total.before) if alone else None,
        "varies": any(cost.varies for cost in everything),
        "updated": min((cost.updated for cost in everything if cost.updated), default=None),
        "charged": total.charged,
    }


def _total(changes: Sequence[ShownChange], charged: bool) -> Total:
    submitted = [change.run for change in changes if change.action is Action.SUBMIT and change.run is not None]
    standing = [change.standing for change in changes if change.standing is not None]
    return Total(
        charged,
        runs=[run.cost for run in submitted if run.cost is not None],
        unknown=sum(run.cost is None for run in submitted) if charged else 0,
        before=[one.before for one in standing if one.before is not None],
        after=[one.after for one in standing if one.after is not None],
    )


def _sentences(total: Total) -> Iterable[str]:
    at_most = "At most" if total.charged else "On Azure at most"
    bounded = [cost for cost in total.runs if not cost.unbounded]
    priced = _sum(bounded, lambda cost: cost.at_most)
    hours = _hours([cost for cost in bounded if cost.hour is None])
    parts = []
    if total.has_prices or (hours and len(total.runs) > 1):
        amounts = [f"{at_most} {' and '.join(filter(None, (priced, hours)))}"] if priced or hours else []
        parts = [
            *amounts,
            *([f"{count(total.unbounded, 'run')} without timeout: unbounded"] if total.unbounded else []),
        ]
        parts += [f"{count(total.unknown, 'run')} of an unknown size"] if total.unknown else []
        parts += [SPOT] if any(cost.varies and cost.hour is not None for cost in total.runs) else []
    if parts:
        yield f"{'; '.join(parts)}."
    if any(cost.hour is not None for cost in (*total.before, *total.after)):
        before, after = _in_a_month(total.before), _in_a_month(total.after)
        always = "Always" if total.charged else "On Azure always"
        was = f", before {before}" if before not in ("nothing", after) else ""
        yield f"{always}: {after}{was}."


def _in_a_month(costs: Sequence[Cost]) -> str:
    """`365.00 EUR a month`, with the hours of what has no price."""
    parts = (_sum(costs, lambda cost: cost.amount), _hours([cost for cost in costs if cost.hour is None]))
    told = " and ".join(filter(None, parts))
    return f"{told} a month" if told else "nothing"


def _sum(costs: Iterable[Cost], amount_of: Callable[[Cost], Decimal | None]) -> str:
    """The sum of the amounts that are known, in each currency; "" where none is."""
    sums: dict[str, Decimal] = {}
    for cost in costs:
        if (amount := amount_of(cost)) is not None:
            sums[cost.currency] = sums.get(cost.currency, Decimal()) + amount
    return listed([money(amount, currency) for currency, amount in sums.items()], "and", code=False)


def _amount(costs: Iterable[Cost], amount_of: Callable[[Cost], Decimal | None]) -> Decimal | None:
    known = [amount for cost in costs if (amount := amount_of(cost)) is not None]
    return sum(known, Decimal()) if known else None


def _whole(costs: Sequence[Cost]) -> str | None:
    """What is always on in a month, nothing being `0.00`; null where some of it has no price."""
    amounts = [cost.amount for cost in costs if cost.amount is not None]
    return amount_data(sum(amounts, Decimal())) if len(amounts) == len(costs) else None


def _all_hours(total: Total, hours_of: Callable[[Cost], Decimal | None]) -> float | None:
    """The sum, where it is known of every run."""
    found = [hours_of(cost) for cost in total.runs]
    known = [hours for hours in found if hours is not None]
    return hours_data(sum(known, Decimal())) if len(known) == len(found) and not total.unknown else None


def _hours(costs: Sequence[Cost]) -> str:
    """`64 vCPU-hours, 16 GPU-hours`, and instance-hours of sizes that nobody knows; "" for none."""
    told = []
    for unit, of in (("vCPU", "vcpu_hours"), ("GPU", "gpu_hours")):
        if hours := sum((getattr(cost, of) or Decimal() for cost in costs), Decimal()):
            told.append(f"{number(hours)} {unit}-hours")
    others = (cost.instance_hours or Decimal() for cost in costs if cost.vcpu_hours is None)
    if hours := sum(others, Decimal()):
        told.append(f"{number(hours)} instance-hours")
    return ", ".join(told)
