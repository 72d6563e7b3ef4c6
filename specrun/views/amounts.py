"""What something costs, in words and for programs: money, or where nobody says a price, hours of vCPUs and GPUs.

Where nothing is paid, on this machine, it is what the same would cost on Azure, and that is said.
"""

from __future__ import annotations

from decimal import Decimal

from specrun.spec.cost import Cost, money
from specrun.spec.visible import visible

SPOT = "Spot: the price varies"
NO_TIMEOUT = "no timeout: unbounded"


def most_text(cost: Cost, *, charged: bool) -> str:
    """`at most 8.00 EUR (8 h, 2 × 0.50 EUR an hour)`, `no timeout: unbounded, 1.00 EUR an hour (2 × 0.50 EUR)`, or
    `at most 64 vCPU-hours, 16 GPU-hours`. Where nothing is `charged`, with the size.
    """
    azure = "" if charged else "on Azure "
    if cost.per_hour is None:
        amount = NO_TIMEOUT if cost.unbounded else f"{azure}at most {hours_text(cost)}"
        return f"{amount} (no price of {visible(cost.instances.size)})" if cost.currency else amount
    price = _price(cost, charged=charged)
    if (most := cost.at_most) is None or cost.seconds is None:
        amount = f"{NO_TIMEOUT}, {azure}{money(cost.per_hour, cost.currency)} an hour"
        at_once = f"{cost.at_once} trials at once, " if cost.at_once > 1 else ""
        parts = [f"{at_once}{price}"] if cost.instances.count > 1 or at_once or not charged else []
    else:
        amount = f"{azure}at most {money(most, cost.currency)}"
        parts = [f"{_whole(cost, cost.seconds)}, {price} an hour"]
    said = "; ".join([*parts, *_caveats(cost)])
    return f"{amount} ({said})" if said else amount


def month_text(cost: Cost | None, *, charged: bool) -> str:
    """`365.00 EUR a month (730 h, 2 × 0.25 EUR an hour)`, what is on all the time; `nothing` where nothing is."""
    if cost is None:
        return "nothing"
    if cost.amount is None or cost.seconds is None:
        return f"{hours_text(cost)} a month"
    said = "; ".join([f"{span(cost.seconds)}, {_price(cost, charged=charged)} an hour", *_caveats(cost)])
    return f"{money(cost.amount, cost.currency)} a month ({said})"


def spent_text(cost: Cost, *, charged: bool) -> str:
    """`0.02 EUR`, `on Azure 0.02 EUR`; without a price `64 vCPU-hours, 16 GPU-hours`."""
    amount = hours_text(cost) if cost.amount is None else money(cost.amount, cost.currency)
    return amount if charged else f"on Azure {amount}"


def spent_line(cost: Cost, *, charged: bool) -> str:
    """`0.02 EUR (2 × STANDARD_D4S_V3 at 0.50 EUR an hour, by the prices of 2026-11-01)`."""
    several = f"{cost.instances.count} × " if cost.instances.count > 1 else ""
    on = f"{several}{visible(cost.instances.size)}"
    if cost.hour is not None:
        on = f"{on} at {money(cost.hour, cost.currency)} an hour, by the prices of {cost.updated}"
    elif cost.currency:
        on = f"no price of {on}"
    said = "; ".join([on, *_caveats(cost)])
    return f"{spent_text(cost, charged=charged)} ({said})"


def spent_data(cost: Cost, *, charged: bool) -> dict[str, object]:
    """What a run has cost, for programs: `amount` as text with two places, null where nobody says a price."""
    told = cost_data(cost, charged=charged)
    del told["at_most"], told["unbounded"]
    return {"amount": amount_data(cost.amount), **told}


def hours_text(cost: Cost) -> str:
    """`64 vCPU-hours, 16 GPU-hours`; of a size that nobody knows `16 instance-hours`."""
    vcpus, gpus = cost.vcpu_hours, cost.gpu_hours
    if vcpus is None or gpus is None:
        return f"{number(cost.instance_hours or Decimal())} instance-hours"
    return f"{number(vcpus)} vCPU-hours" + (f", {number(gpus)} GPU-hours" if gpus else "")


def number(value: Decimal) -> str:
    """A number without noughts at its end."""
    return f"{value.normalize():f}"


def span(seconds: float) -> str:
    """Seconds as `8 h`, `1 h 30 min`, `90.5 s` as `1 min 30.5 s`."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "", f"{rest:g} s" if rest else "")
    return " ".join(filter(None, parts)) or "0 s"


def _whole(cost: Cost, seconds: float) -> str:
    """`8 h`; of a sweep `20 trials, 160 h together`."""
    if cost.trials is None:
        return span(seconds)
    trials = "1 trial" if cost.trials == 1 else f"{cost.trials} trials"
    return f"{trials}, {span(seconds)}{' together' if cost.trials > 1 else ''}"


def cost_data(cost: Cost, *, charged: bool) -> dict[str, object]:
    """A cost for programs: money as text, with two places or those of the price; null for what is not known.

    `at_most` is null where it is unbounded, or nobody says a price. `charged`: whether it is paid for at all.
    """
    return {
        "currency": cost.currency or None,
        "at_most": amount_data(cost.at_most),
        "per_hour": amount_data(cost.per_hour),
        "unbounded": cost.unbounded,
        "vcpu_hours": hours_data(cost.vcpu_hours),
        "gpu_hours": hours_data(cost.gpu_hours),
        "instance_hours": hours_data(cost.instance_hours),
        "size": cost.instances.size,
        "instances": cost.instances.count,
        "tier": cost.instances.tier,
        "varies": cost.varies,
        "updated": cost.updated or None,
        "charged": charged,
        **({"trials": cost.trials, "at_once": cost.at_once} if cost.trials is not None else {}),
    }


def month_data(before: Cost | None, after: Cost | None, *, charged: bool) -> dict[str, object]:
    """What is always on of a cluster for programs, as in `cost_data`; `0.00` where nothing is."""
    known = [cost for cost in (after, before) if cost is not None]
    return {
        "currency": known[0].currency or None,
        "per_month": amount_data(Decimal() if after is None else after.amount),
        "per_month_before": amount_data(Decimal() if before is None else before.amount),
        "vcpu_hours": hours_data(Decimal() if after is None else after.vcpu_hours),
        "gpu_hours": hours_data(Decimal() if after is None else after.gpu_hours),
        "varies": known[0].varies,
        "updated": known[0].updated or None,
        "charged": charged,
    }


def amount_data(amount: Decimal | None) -> str | None:
    """`12.40`."""
    return None if amount is None else money(amount, "").strip()


def hours_data(hours: Decimal | None) -> float | None:
    """A number of hours."""
    return None if hours is None else float(hours)


def _price(cost: Cost, *, charged: bool) -> str:
    """`2 × 0.50 EUR`; where nothing is charged the size stands nowhere else."""
    several = f"{cost.instances.count} × " if cost.instances.count > 1 else ""
    size = "" if charged else f"{visible(cost.instances.size)} at "
    return f"{several}{size}{money(cost.hour, cost.currency) if cost.hour is not None else ''}"


def _caveats(cost: Cost) -> list[str]:
    if not cost.varies or cost.hour is None:
        return []
    return [f"{SPOT}, this is that of dedicated instances" if cost.bound else SPOT]
