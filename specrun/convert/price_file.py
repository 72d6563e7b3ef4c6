"""A file of prices as `specrun prices` writes it, line by line the same each time; and what is new in one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from specrun.convert.retail_prices import Hours, plain_number
from specrun.spec.prices import MAX_AGE, TIERS


class PriceFile(NamedTuple):
    """What a file says. `source` is where the prices come from, in words."""

    currency: str
    updated: str
    region: str
    hours: Hours
    source: str
    max_age: int = MAX_AGE

    def text(self) -> str:
        """The file: one line for each size, so that a change is a change of that line."""
        age = [f"max_age: {self.max_age}d"] if self.max_age != MAX_AGE else []
        return "\n".join(
            [
                f"# An hour of one instance in {self.region}: Linux, pay as you go, without a contract's discounts.",
                "# low_priority is the price of a Spot machine, which varies.",
                f"# Written by `specrun prices --region {self.region} --currency {self.currency}`",
                f"# from {self.source}",
                f"currency: {self.currency}",
                f"updated: {self.updated}",
                f"region: {self.region}",
                *age,
                *(f"{size}: {{{', '.join(_prices(self.hours[size]))}}}" for size in sorted(self.hours)),
                "",
            ]
        )


def _prices(tiers: Mapping[str, Decimal]) -> Iterator[str]:
    return (f"{tier}: {plain_number(tiers[tier])}" for tier in TIERS if tier in tiers)


def changes(before: Hours, after: Hours) -> list[str]:
    """What is different, a line for each price: `changed STANDARD_D4S_V3, dedicated: 0.2 → 0.22`."""
    found = []
    for size in sorted({*before, *after}):
        if size not in after:
            found.append(f"gone {size}")
            continue
        if size not in before:
            found.append(f"new {size}: {', '.join(_prices(after[size]))}")
            continue
        for tier in TIERS:
            old, new = before[size].get(tier), after[size].get(tier)
            if old != new:
                shown = " → ".join("none" if one is None else plain_number(one) for one in (old, new))
                found.append(f"changed {size}, {tier}: {shown}")
    return found
