"""What stands in a list of prices, key by key and value by value: what is meant, and what is wrong with it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache

from specrun.spec.machines import machine_of
from specrun.spec.nearest import nearest
from specrun.spec.prices import TIERS, plain_region
from specrun.spec.sizes import plain_name, table
from specrun.spec.wording import kind_of, shown

ABOUT = {
    "currency": ("EUR", "the currency of all prices"),
    "updated": ("2026-11-01", "the day on which they were looked up"),
    "region": ("westeurope", "the region whose prices they are"),
    "max_age": ("90d", "the days after which they are old"),
}
"""What holds for a whole list: an example, and what it is."""
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP"}
_SIZE = re.compile(r"[A-Za-z][A-Za-z0-9_ -]*[0-9][A-Za-z0-9_ -]*")
_CURRENCY = re.compile(r"[A-Z]{3}")
_REGION = re.compile(r"[a-z0-9]{2,40}")
AGE = re.compile(r"([1-9][0-9]{0,3})d")
_OTHER_WORDS = {
    "low_priority": ("spot", "lowpriority", "lowprio", "preemptible", "interruptible"),
    "dedicated": ("ondemand", "payg", "payasyougo", "standard", "regular", "normal", "linux", "price", "hour"),
}
_MOST = 1_000_000
"""No instance costs that in an hour, in any currency that Azure has prices in."""


def is_word(key: str, value: object = None) -> bool:
    """Whether a key cannot be meant for a size, in whose name a number stands."""
    if has_sizes(value):
        return True
    return not _SIZE.fullmatch(key) or (not isinstance(value, dict) and nearest(key, ABOUT) is not None)


def has_sizes(value: object) -> bool:
    """Whether a mapping is a list of prices itself, and not the prices of a size."""
    return isinstance(value, dict) and any(isinstance(inner, dict) and key not in TIERS for key, inner in value.items())


def mistake_about(key: str, value: str, today: str) -> tuple[str, str] | None:
    """What is wrong with what stands there for a whole list: a code and why."""
    day = _day(value) if key == "updated" else None
    if key == "currency" and not _CURRENCY.fullmatch(value):
        right = value.strip().upper()
        right = right if _CURRENCY.fullmatch(right) else _SIGNS.get(right, "EUR")
        return "bad-value", f"{shown(value)} does not fit. A currency is three capital letters: `currency: {right}`."
    if key == "updated" and day is None:
        return "bad-value", f"{shown(value)} is no date. Write year, month and day, as in `updated: 2026-11-01`."
    if day is not None and today and day > date.fromisoformat(today) + timedelta(days=1):  # east of here it is tomorrow
        return (
            "out-of-range",
            f"{value} is in the future (today is {today}): on that day nobody has looked them up yet.",
        )
    if key == "region" and not _REGION.fullmatch(plain_region(value)):
        return "bad-value", f"{shown(value)} is no region of Azure. Write it as in `region: westeurope`."
    if key == "max_age" and not AGE.fullmatch(value):
        return "bad-value", f"{shown(value)} does not fit. It is a number of days, as in `max_age: 90d`."
    return None


def price_mistake(price: object) -> tuple[str, str] | None:
    """What is wrong with a price: a code and why."""
    if isinstance(price, bool) or not isinstance(price, (int, float)):
        text = str(price).strip().replace(",", ".")
        right = text if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else "0.5"
        return "wrong-type", f"A price is a number; this is {kind_of(price)}. Write it as in `dedicated: {right}`."
    if not math.isfinite(price) or price >= _MOST:
        return "out-of-range", f"A price is that of one instance for an hour, and less than {_MOST:,}."
    if price < 0:
        return "out-of-range", f"A price is 0 (what is reserved, and paid for in any case) or more; this is {price}."
    return None


def tier_meant(word: str) -> str | None:
    plain = re.sub(r"[^a-z]", "", word.lower())
    for tier, words in _OTHER_WORDS.items():
        if plain in words:
            return tier
    return nearest(word, TIERS)


def _day(text: str) -> date | None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def misspelled(size: str) -> str | None:
    """The size of which this has all letters and digits, but not the signs between them."""
    plain = plain_name(size)
    if machine_of(plain) is not None:
        return None
    squeezed = _squeezed(plain).removeprefix("STANDARD")
    version = re.fullmatch(r"([A-Z]+[0-9]+[A-Z]*)(V[0-9])", squeezed)
    regular = f"{version[1]}_{version[2]}" if version is not None else ""
    meant = _by_letters().get(squeezed, regular)
    return f"STANDARD_{meant}" if machine_of(meant) is not None else None


@cache
def _by_letters() -> Mapping[str, str]:
    """The sizes of the table, by their letters and digits."""
    return {_squeezed(name): name for name in table()}


def _squeezed(size: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", size)
