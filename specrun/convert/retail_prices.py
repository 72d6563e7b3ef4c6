"""Azure's retail prices, as its public Retail Prices API answers, to what an hour of one instance costs.

Of a size there are many meters: for Windows, of reservations, for Spot machines, in other regions. What is passed over
is counted, by why.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from specrun.spec.prices import plain_region
from specrun.spec.sizes import plain_name

Item: TypeAlias = Mapping[str, Any]
Hours: TypeAlias = "dict[str, dict[str, Decimal]]"
"""The price of each tier, by a size's name as specs have it."""

SERVICE = "Virtual Machines"
_HOUR = "1 Hour"
_OTHERS = ("cloudservices", "cloud services", "dedicated host", "expired", "reservation")
_SPOT, _LOW = "Spot", "Low Priority"
_TIER = {"": "dedicated", _LOW: "low_priority", _SPOT: "low_priority"}
"""The tier that a meter's kind is the price of, of two for one tier the better later: low-priority machines are Spot
machines by now.
"""


class NoAnswer(Exception):
    """What was read is no answer of the Retail Prices API; says why."""


class Answer(NamedTuple):
    """Items of one or several pages, the currency that they are in, and whether pages that follow are not there."""

    items: Sequence[Item]
    currency: str
    more: str = ""
    """The address of the first page that is missing."""


class Found(NamedTuple):
    """What was found: prices, what was `passed` over (how many, by why), and which prices contradict others."""

    hours: Hours
    passed: Mapping[str, int]
    contradicting: Sequence[str]


def read_answers(texts: Iterable[str]) -> Answer:
    """Answers as they were downloaded: each text has a page, several behind each other, or a list of pages or items.

    Raises NoAnswer.
    """
    pages = [page for text in texts for page in _pages(text)]
    links = {str(page["NextPageLink"]): None for page in pages if page.get("NextPageLink")}
    items = [item for page in pages for item in page["Items"]]
    if not all(isinstance(item, Mapping) for item in items):
        raise NoAnswer("what stands in its `Items` are no prices")
    currencies = {str(one.get("currencyCode") or one.get("BillingCurrency")) for one in (*items, *pages) if one} - {
        "None"
    }
    if len(currencies) > 1:
        raise NoAnswer(f"its prices are in {' and '.join(sorted(currencies))}: take answers of one currency")
    missing = next(reversed(links)) if links and len(links) >= len(pages) else ""
    return Answer(items, "".join(currencies), missing)


def _pages(text: str) -> Iterator[Item]:
    decoder = json.JSONDecoder(parse_float=Decimal)
    at, text = 0, text.removeprefix("\ufeff").strip()
    try:
        while at < len(text):
            value, at = decoder.raw_decode(text, at)
            at += len(text[at:]) - len(text[at:].lstrip())
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, Mapping) and isinstance(one.get("Items"), list):
                    yield one
                elif isinstance(one, Mapping) and "retailPrice" in one:
                    yield {"Items": [one]}
                else:
                    raise NoAnswer("it has no `Items`: an answer of the Retail Prices API has")
    except RecursionError as error:
        raise NoAnswer("it is nested too deeply") from error
    except ValueError as error:
        raise NoAnswer(f"it is no JSON, or a part of one ({error})") from error


def hours_of(answer: Answer, region: str, today: str) -> Found:
    """What an hour costs in a region, as of an ISO date: Linux, pay as you go."""
    passed: Counter[str] = Counter()
    meters: dict[tuple[str, str], list[Item]] = {}
    for item in answer.items:
        reason = _passed_over(item, plain_region(region), today)
        if reason:
            passed[reason] += 1
        else:
            meters.setdefault((_size(item), _kind(item)), []).append(item)
    hours: Hours = {}
    contradicting = []
    for kind, tier in _TIER.items():
        for (size, _), items in ((key, found) for key, found in meters.items() if key[1] == kind):
            chosen, several = _chosen(items)
            passed["replaced by a newer price, or by that of the primary meter"] += len(items) - len(several)
            if len(set(several)) > 1:
                shown = ", ".join(map(plain_number, sorted(set(several))))
                contradicting.append(f"{size}, {tier}: {shown}; the highest is taken")
            if tier in hours.get(size, {}):
                passed["Low Priority, where there is Spot"] += 1
            hours.setdefault(size, {})[tier] = chosen
    return Found(dict(sorted(hours.items())), {why: number for why, number in passed.items() if number}, contradicting)


def _passed_over(item: Item, region: str, today: str) -> str:
    """Why a meter is not that of an hour of one instance in the region; "" where it is."""
    names = " ".join(_text(item, key) for key in ("productName", "skuName", "meterName")).lower()
    price = item.get("retailPrice")
    if _text(item, "serviceName") != SERVICE or not _text(item, "armSkuName"):
        return "no virtual machines"
    if plain_region(_text(item, "armRegionName")) != region:
        return "of other regions"
    if _text(item, "type") != "Consumption":
        return "reservations and dev/test"
    if "windows" in names:
        return "for Windows"
    if _text(item, "unitOfMeasure") != _HOUR or any(word in names for word in _OTHERS):
        return "not of an instance by the hour"
    if item.get("tierMinimumUnits"):
        return "for large amounts only"
    if _text(item, "effectiveStartDate")[:10] > today or "" < _text(item, "effectiveEndDate")[:10] < today:
        return "not valid today"
    if isinstance(price, bool) or not isinstance(price, (int, Decimal)) or not price > 0:
        return "without a price"
    return ""


def _chosen(items: Sequence[Item]) -> tuple[Decimal, list[Decimal]]:
    """The price of a size in one tier, and the prices between which that is the choice: of each meter the newest."""
    primary = [item for item in items if item.get("isPrimaryMeterRegion") is not False]
    newest: dict[str, Item] = {}
    for item in sorted(primary or items, key=lambda one: _text(one, "effectiveStartDate")):
        newest[_text(item, "meterId") or f"{_text(item, 'productName')}/{_text(item, 'meterName')}"] = item
    prices = [Decimal(item["retailPrice"]) for item in newest.values()]
    return max(prices), prices


def _kind(item: Item) -> str:
    for kind in (_SPOT, _LOW):
        if any(_text(item, key).endswith(f" {kind}") for key in ("meterName", "skuName")):
            return kind
    return ""


def _size(item: Item) -> str:
    name = _text(item, "armSkuName")
    return f"STANDARD_{plain_name(name)}" if name.lower().startswith("standard_") else name.upper()


def _text(item: Item, key: str) -> str:
    value = item.get(key)
    return value if isinstance(value, str) else ""


def plain_number(price: Decimal) -> str:
    """A price as people write it: 0.2, 3, 0.00001."""
    text = f"{price:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
