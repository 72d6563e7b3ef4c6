"""Price lists as they are written, below `prices:` or in files of their own, and everything that is wrong in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from specrun.spec.diagnostics import MAX_DIAGNOSTICS, Diagnostic, Path, Severity
from specrun.spec.nearest import nearest
from specrun.spec.price_values import (
    ABOUT,
    AGE,
    has_sizes,
    is_word,
    misspelled,
    mistake_about,
    price_mistake,
    tier_meant,
)
from specrun.spec.prices import MAX_AGE, TIERS, NoPrices, PriceList, Reader, plain_region
from specrun.spec.sizes import near_miss, plain_name
from specrun.spec.wording import kind_of, listed, shown

if TYPE_CHECKING:
    from specrun.spec.source import Document

_FORM = "`{currency: EUR, updated: 2026-11-01, STANDARD_D4S_V3: {dedicated: 0.5, low_priority: 0.1}}`"
_NOT_BELOW = re.compile(r"^[/~]|^[A-Za-z]:|(^|/)(\.\.|\.git)(/|$)|\0")
_DIGITS = 15


def lists_of(document: Document, read: Reader, today: str) -> tuple[list[PriceList], list[Diagnostic]]:
    """The lists that `prices` of a document has or names, as far as they can be read, and every mistake in them."""
    value = document.values["prices"]
    found: list[Diagnostic] = []
    lists: list[PriceList] = []
    if isinstance(value, dict):
        lists += _list(document, ("prices",), value, today, found)
    else:
        several = isinstance(value, list)
        seen = set[str]()
        for index, name in enumerate(value if several else [value]):
            path: Path = ("prices", index) if several else ("prices",)
            if not isinstance(name, str) or not name:
                detail = f"`prices` takes a mapping, a file of prices or a list of such files; this is {kind_of(name)}."
                found.append(document.diagnostic("wrong-type", detail, path))
            elif name in seen:
                detail = f"{shown(name)} stands in the list already: take it out here."
                found.append(document.diagnostic("conflicting-prices", detail, path))
            else:
                seen.add(name)
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
        age = AGE.fullmatch(values.get("max_age", ""))
        hours = {
            plain_name(size): {tier: self._decimal(size, tier, price) for tier, price in prices.items()}
            for size, prices in values.items()
            if size not in ABOUT
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
        words = [key for key, value in values.items() if key not in ABOUT and is_word(key, value)]
        for key in ("currency", "updated"):
            if key not in values and not nearest(key, words):  # else it is told as an unknown key
                detail = f"Prices need `{key}`, {ABOUT[key][1]}. For example `{key}: {ABOUT[key][0]}`."
                yield self._at("missing-key", detail, key, key=True)
        for key, (example, _) in ABOUT.items():
            value = values.get(key, "")
            if key in values and not isinstance(value, str):
                detail = f"`{key}` takes text; this is {kind_of(value)}. For example `{key}: {example}`."
                yield self._at("wrong-type", detail, key)
            elif key in values and (wrong := mistake_about(key, value, today)) is not None:
                yield self._at(*wrong, key)

    def _unknown(self) -> Iterator[Diagnostic]:
        """Keys that are neither sizes nor what holds for the list."""
        for key, value in self._values.items():
            if key in ABOUT or not is_word(key, value):
                continue
            close = nearest(key, ABOUT)
            detail = f"Did you mean `{close}`?" if close is not None else f"There is no `{key}` in a list of prices."
            names = listed(list(ABOUT), "and")
            detail += f" There stand {names}, and sizes, such as `STANDARD_D4S_V3: {{dedicated: 0.5}}`."
            if has_sizes(value):
                detail = (
                    f"A list is that of one region. Put it into a file of its own, with `region: {key}` in it, and "
                )
                detail += "name the files: `prices: [prices/westeurope.yaml, prices/eastus.yaml]`."
            yield self._at("unknown-key", detail, key, key=True)

    def _sizes(self) -> Iterator[Diagnostic]:
        seen: dict[str, str] = {}
        for size, prices in self._values.items():
            if size in ABOUT or is_word(size, prices):
                continue
            plain = plain_name(size)
            if plain in seen:
                before = self._document.line((*self._path, seen[plain]), (*self._path, size))
                detail = f"`{size}` is the size that stands in {before} as `{seen[plain]}`: take one of the two out."
                yield self._at("duplicate-key", detail, size, key=True)
            seen.setdefault(plain, size)
            yield from self._size(size, prices)
            meant = misspelled(size) or (near_miss(size) if self._path else None)
            if meant is not None:
                detail = f"specrun does not know `{size}` (which may be newer than its table). Did you mean `{meant}`?"
                yield self._at("unknown-size", detail, size, key=True)

    def _size(self, size: str, prices: object) -> Iterator[Diagnostic]:
        if not isinstance(prices, dict) or not prices:
            given = prices if price_mistake(prices) is None else 0.5
            detail = (
                f"A size has the price of each tier; this is {kind_of(prices) if prices != {} else 'empty'}. "
                f"Write `{size}: {{dedicated: {given}}}`, and `low_priority` where you have one."
            )
            yield self._at("wrong-type", detail, size)
            return
        for tier, price in prices.items():
            if tier not in TIERS:
                meant = tier_meant(tier)
                detail = f"Did you mean `{meant}`? " if meant is not None and meant not in prices else ""
                detail += f"The tiers of a size are {listed(TIERS, 'and')}."
                yield self._at("unknown-key", detail, size, tier, key=True)
            elif (wrong := price_mistake(price)) is not None:
                yield self._at(wrong[0], wrong[1], size, tier)


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
