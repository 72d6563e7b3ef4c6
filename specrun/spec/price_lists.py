"""Price lists as they are written, below `prices:` or in files of their own, and everything that is wrong in them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, Any

from specrun.spec.diagnostics import MAX_DIAGNOSTICS, Diagnostic, Path, Severity
from specrun.spec.machines import machine_of
from specrun.spec.nearest import nearest
from specrun.spec.prices import MAX_AGE, TIERS, NoPrices, PriceList, Reader, plain_region
from specrun.spec.sizes import near_miss, plain_name, table
from specrun.spec.wording import kind_of, listed, shown

if TYPE_CHECKING:
    from specrun.spec.source import Document

_ABOUT = {
    "currency": ("EUR", "the currency of all prices"),
    "updated": ("2026-11-01", "the day on which they were looked up"),
    "region": ("westeurope", "the region whose prices they are"),
    "max_age": ("90d", "the days after which they are old"),
}
"""What holds for a whole list: an example, and what it is."""
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP"}
_FORM = "`{currency: EUR, updated: 2026-11-01, STANDARD_D4S_V3: {dedicated: 0.5, low_priority: 0.1}}`"
_SIZE = re.compile(r"[A-Za-z][A-Za-z0-9_ -]*[0-9][A-Za-z0-9_ -]*")
_CURRENCY = re.compile(r"[A-Z]{3}")
_REGION = re.compile(r"[a-z0-9]{2,40}")
_AGE = re.compile(r"([1-9][0-9]{0,3})d")
_NOT_BELOW = re.compile(r"^[/~]|^[A-Za-z]:|(^|/)(\.\.|\.git)(/|$)|\0")
_OTHER_WORDS = {
    "low_priority": ("spot", "lowpriority", "lowprio", "preemptible", "interruptible"),
    "dedicated": ("ondemand", "payg", "payasyougo", "standard", "regular", "normal", "linux", "price", "hour"),
}
_DIGITS = 15
_MOST = 1_000_000
"""No instance costs that in an hour, in any currency that Azure has prices in."""


def lists_of(document: Document, read: Reader, today: str) -> tuple[list[PriceList], list[Diagnostic]]:
    """The lists that `prices` of a document has or names, as far as they can be read, and every mistake in them."""
    value = document.values["prices"]
    found: list[Diagnostic] = []
    lists: list[PriceList] = []
    if isinstance(value, dict):
        lists += _list(document, ("prices",), value, today, found)
    else:
        several = isinstance(value, list)
        seen: dict[str, int] = {}
        for index, name in enumerate(value if several else [value]):
            path: Path = ("prices", index) if several else ("prices",)
            if not isinstance(name, str) or not name:
                detail = f"`prices` takes a mapping, a file of prices or a list of such files; this is {kind_of(name)}."
                found.append(document.diagnostic("wrong-type", detail, path))
            elif name in seen:
                detail = f"{shown(name)} stands in the list already: take it out here."
                found.append(document.diagnostic("conflicting-prices", detail, path))
            else:
                seen[name] = index
                lists += _file(document, path, name, read, today, found)
    found += _conflicts(lists)
    return lists, found


def list_in(document: Document, today: str) -> tuple[PriceList | None, list[Diagnostic]]:
    """The list that a file of prices is, if it is one, and every mistake in it."""
    found: list[Diagnostic] = []
    return next(_list(document, (), document.values, today, found), None), found


def _file(
    document: Document, path: Path, name: str, read: Reader, today: str, found: list[Diagnostic]
) -> Iterator[PriceList]:
    if _NOT_BELOW.search(name) or "\\" in name or "${{" in name:
        detail = f"{shown(name)} does not fit. Name a file as seen from the repository's root and inside of it."
        found.append(document.diagnostic("outside-repository", f"{detail} For example `prices: prices.yaml`.", path))
        return
    try:
        of_file, mistakes = read(name)
    except NoPrices as reason:
        found.append(document.diagnostic(reason.code, reason.detail, path))
        return
    found += (_worded(one) for one in mistakes)
    if of_file is not None:
        yield from _list(of_file, (), of_file.values, today, found)


def _worded(mistake: Diagnostic) -> Diagnostic:
    """A mistake of YAML as it is said of a list of prices, which is no spec."""
    if mistake.code in ("not-a-mapping", "empty-file"):
        return replace(mistake, detail=f"A file of prices has what stands below `prices`: {_FORM}, and more sizes.")
    return mistake


def _list(
    document: Document, path: Path, values: Mapping[str, Any], today: str, found: list[Diagnostic]
) -> Iterator[PriceList]:
    before = len(found)
    written = _Written(document, path, values)
    found += written.mistakes(today)
    if not any(one.severity is Severity.ERROR for one in found[before:]):
        yield written.price_list()


class _Written:
    """One list, as it stands at a path of a document."""

    def __init__(self, document: Document, path: Path, values: Mapping[str, Any]) -> None:
        self._document, self._path, self._values = document, path, values

    def mistakes(self, today: str) -> list[Diagnostic]:
        found = [*self._unknown(), *self._about(today), *self._sizes()]
        return found[:MAX_DIAGNOSTICS]

    def price_list(self) -> PriceList:
        """The list, where it has no mistakes."""
        values = self._values
        age = _AGE.fullmatch(values.get("max_age", ""))
        hours = {
            plain_name(size): {tier: self._decimal(size, tier, price) for tier, price in prices.items()}
            for size, prices in values.items()
            if size not in _ABOUT
        }
        updated = date.fromisoformat(values["updated"])
        region, days = plain_region(values.get("region", "")), int(age[1]) if age else MAX_AGE
        return PriceList(self._document, self._path, values["currency"], updated, region, days, hours)

    def _decimal(self, size: str, tier: str, price: float) -> Decimal:
        """The number as it is typed: that is the shortest text of it, but for more digits than a float has."""
        text = repr(price)
        if len(text) > _DIGITS:
            with suppress(InvalidOperation):
                return Decimal(self._document.written((*self._path, size, tier)))
        return Decimal(text)

    def _at(self, code: str, detail: str, *path: str, key: bool = False) -> Diagnostic:
        return self._document.diagnostic(code, detail, (*self._path, *path), key=key)

    def _about(self, today: str) -> Iterator[Diagnostic]:
        """What is wrong with what holds for the whole list."""
        values = self._values
        words = [key for key, value in values.items() if key not in _ABOUT and _is_word(key, value)]
        for key in ("currency", "updated"):
            if key not in values and not nearest(key, words):  # else it is told as an unknown key
                detail = f"Prices need `{key}`, {_ABOUT[key][1]}. For example `{key}: {_ABOUT[key][0]}`."
                yield self._at("missing-key", detail, key, key=True)
        for key, (example, _) in _ABOUT.items():
            value = values.get(key, "")
            if key in values and not isinstance(value, str):
                detail = f"`{key}` takes text; this is {kind_of(value)}. For example `{key}: {example}`."
                yield self._at("wrong-type", detail, key)
            elif key in values and (wrong := _mistake_about(key, value, today)) is not None:
                yield self._at(*wrong, key)

    def _unknown(self) -> Iterator[Diagnostic]:
        """Keys that are neither sizes nor what holds for the list."""
        for key, value in self._values.items():
            if key in _ABOUT or not _is_word(key, value):
                continue
            close = nearest(key, _ABOUT)
            detail = f"Did you mean `{close}`?" if close is not None else f"There is no `{key}` in a list of prices."
            names = listed(list(_ABOUT), "and")
            detail += f" There stand {names}, and sizes, such as `STANDARD_D4S_V3: {{dedicated: 0.5}}`."
            yield self._at("unknown-key", detail, key, key=True)

    def _sizes(self) -> Iterator[Diagnostic]:
        seen: dict[str, str] = {}
        for size, prices in self._values.items():
            if size in _ABOUT or _is_word(size, prices):
                continue
            plain = plain_name(size)
            if plain in seen:
                before = self._document.line((*self._path, seen[plain]), (*self._path, size))
                detail = f"`{size}` is the size that stands in {before} as `{seen[plain]}`: take one of the two out."
                yield self._at("duplicate-key", detail, size, key=True)
            seen.setdefault(plain, size)
            yield from self._size(size, prices)
            meant = _misspelled(size) or (near_miss(size) if self._path else None)
            if meant is not None:
                detail = f"specrun does not know `{size}` (which may be newer than its table). Did you mean `{meant}`?"
                yield self._at("unknown-size", detail, size, key=True)

    def _size(self, size: str, prices: object) -> Iterator[Diagnostic]:
        if not isinstance(prices, dict) or not prices:
            given = prices if _price_mistake(prices) is None else 0.5
            detail = (
                f"A size has the price of each tier; this is {kind_of(prices) if prices != {} else 'empty'}. "
                f"Write `{size}: {{dedicated: {given}}}`, and `low_priority` where you have one."
            )
            yield self._at("wrong-type", detail, size)
            return
        for tier, price in prices.items():
            if tier not in TIERS:
                meant = _tier(tier)
                detail = f"Did you mean `{meant}`? " if meant is not None and meant not in prices else ""
                detail += f"The tiers of a size are {listed(TIERS, 'and')}."
                yield self._at("unknown-key", detail, size, tier, key=True)
            elif (wrong := _price_mistake(price)) is not None:
                yield self._at(wrong[0], wrong[1], size, tier)


def _is_word(key: str, value: object = None) -> bool:
    """Whether a key cannot be meant for a size, in whose name a number stands."""
    return not _SIZE.fullmatch(key) or (not isinstance(value, dict) and nearest(key, _ABOUT) is not None)


def _mistake_about(key: str, value: str, today: str) -> tuple[str, str] | None:
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
    if key == "max_age" and not _AGE.fullmatch(value):
        return "bad-value", f"{shown(value)} does not fit. It is a number of days, as in `max_age: 90d`."
    return None


def _price_mistake(price: object) -> tuple[str, str] | None:
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


def _tier(word: str) -> str | None:
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


def _misspelled(size: str) -> str | None:
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


def _conflicts(lists: Sequence[PriceList]) -> Iterator[Diagnostic]:
    """Lists of which one only can be meant."""
    first: dict[str, PriceList] = {}
    for one in lists:
        before = first.setdefault(one.region, one)
        if before is not one:
            of = f"of {one.region}" if one.region else "of every region"
            detail = f"The prices {of} stand in {before.document.file} already: take one of the two files out."
            key = "region" if one.region else "currency"
            yield one.document.diagnostic("conflicting-prices", detail, (*one.path, key))
        if one.currency != lists[0].currency:
            detail = (
                f"The prices in {lists[0].document.file} are in {lists[0].currency}: sums are made in one currency. "
                f"Look these up in {lists[0].currency}, too."
            )
            yield one.document.diagnostic("conflicting-prices", detail, (*one.path, "currency"))
