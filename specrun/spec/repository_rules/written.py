"""What stands below `rules`, once the schema has let it pass: read to Rules, with every mistake a schema cannot see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from specrun.spec.codes import diagnostic
from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.repository_rules import Exempt, Rule, Rules
from specrun.spec.repository_rules.images import host_of
from specrun.spec.repository_rules.patterns import fits, fixed
from specrun.spec.selection import Selector
from specrun.spec.sizes import plain_name, table
from specrun.spec.source import Document

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


class Money(NamedTuple):
    """An amount, in a currency ("": that of the prices)."""

    amount: Decimal
    currency: str = ""


def read_rules(document: Document, root: str, currency: str = "") -> tuple[Rules, list[Diagnostic]]:
    """The rules of the own document of the repository at `root`, whose shape is right, and what is wrong with them
    beyond that. `currency` is that of the prices, if there are any.
    """
    written: Mapping[str, Any] = document.values["rules"]
    found: list[Diagnostic] = []
    above = _rules(document, written, ("rules",), found)
    targets = written.get("targets", {})
    of_targets = {name: _rules(document, own, ("rules", "targets", name), found) for name, own in targets.items()}
    for name in targets:
        found += _contradictions(document, {**above, **of_targets[name]}, of_targets[name])
    found += _contradictions(document, above, above)
    exceptions = []
    for number, entry in enumerate(written.get("exceptions", ())):
        path = ("rules", "exceptions", number)
        try:
            date.fromisoformat(entry["expires"])
        except ValueError:
            detail = (
                f"There is no such day as {entry['expires']}. Write the last day on which it counts, as 2027-01-31."
            )
            found.append(document.diagnostic("bad-value", detail, (*path, "expires")))
        specs = tuple(map(_selector, entry["specs"]))
        place = document.location((*path, "rule"))
        exceptions.append(Exempt(entry["rule"], specs, entry["reason"], entry["expires"], place))
    for rules in (above, *of_targets.values()):
        found += _in_currency(document, rules.get("budget_per_run"), currency)
    places = {name: document.location(("rules", "targets", name), key=True) for name in targets}
    return Rules(above, of_targets, places, tuple(exceptions), root), found


def _rules(document: Document, written: Mapping[str, Any], path: Path, found: list[Diagnostic]) -> dict[str, Rule]:
    rules = {}
    for key, value in written.items():
        if key in ("exceptions", "targets"):
            continue
        at = (*path, key)
        found += _CHECKS[key](document, value, at) if key in _CHECKS else ()
        meant = _MEANING[key](value) if key in _MEANING else value
        rules[key] = Rule(key, meant, document.location(at, key=True), at)
    return rules


def seconds(value: int | str) -> int:
    """How long `1d12h`, or a number of seconds, is."""
    if not isinstance(value, str):
        return int(value)
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9]+)([dhms])", value))


def _money(value: float | str) -> Money:
    """The amount as it is written: the shortest text of a float is that."""
    if isinstance(value, str):
        return Money(Decimal(value[:-3].strip()), value[-3:])
    return Money(Decimal(str(value)))


def _selector(text: str) -> Selector:
    by, colon, value = text.partition(":")
    return Selector(by, value) if colon and by in ("name", "folder", "tag") else Selector("name", text)


def plain_region(text: str) -> str:
    """`West Europe` as `westeurope`."""
    return "".join(text.lower().split())


_MEANING: Mapping[str, Callable[[Any], Any]] = {
    "sizes": lambda value: tuple(map(plain_name, value)),
    "regions": lambda value: tuple(map(plain_region, value)),
    "tiers": tuple,
    "images": tuple,
    "registries": lambda value: tuple(map(str.lower, value)),
    "required_tags": tuple,
    "max_timeout": seconds,
    "budget_per_run": _money,
}


def _check_sizes(document: Document, value: list[str], path: Path) -> Iterator[Diagnostic]:
    from difflib import get_close_matches

    known = [*table(), *_regular()]
    for number, written in enumerate(value):
        pattern = plain_name(written)
        if not any(fits(pattern, size) for size in known):
            near = get_close_matches(pattern, known, n=1, cutoff=0.8)
            hint = f" Did you mean `STANDARD_{near[0]}`?" if near and fixed(pattern) else ""
            detail = f"No VM size that specrun knows is `{written}`.{hint} If Azure has it, all is well."
            yield document.diagnostic("rule-fits-nothing", detail, (*path, number))


def _regular() -> Iterator[str]:
    from specrun.spec.size_table import REGULAR

    for series in REGULAR:
        for name in series.names.split():
            yield from (name.replace("#", number) for number in series.vcpus.split())


def _check_timeout(document: Document, value: int | str, path: Path) -> Iterator[Diagnostic]:
    if seconds(value) < 1:
        detail = "No job can keep to no time at all: write the longest `limits.timeout` that a job may have, as `8h`."
        yield document.diagnostic("out-of-range", detail, path)


def _check_budget(document: Document, value: float | str, path: Path) -> Iterator[Diagnostic]:
    amount = _money(value).amount
    if not amount.is_finite() or amount <= 0:
        detail = "No run costs that little: write what one may cost at most, as `50`."
        yield document.diagnostic("out-of-range", detail, path)


_CHECKS: Mapping[str, Callable[[Document, Any, Path], Iterator[Diagnostic]]] = {
    "sizes": _check_sizes,
    "max_timeout": _check_timeout,
    "budget_per_run": _check_budget,
}


def _in_currency(document: Document, budget: Rule | None, currency: str) -> Iterator[Diagnostic]:
    if budget is not None and currency and budget.value.currency not in ("", currency):
        detail = f"The prices are in {currency}, and nothing converts them: write the budget in {currency}, too."
        yield document.diagnostic("bad-value", detail, budget.path)


def _contradictions(document: Document, rules: Mapping[str, Rule], own: Mapping[str, Rule]) -> Iterator[Diagnostic]:
    """That images are allowed of which no registry is, where `own` rules say one of the two."""
    images, registries = rules.get("images"), rules.get("registries")
    if images is None or registries is None or not ("images" in own or "registries" in own):
        return
    for pattern in images.value:
        host = host_of(pattern)
        if fixed(host) and not any(fits(one, host) for one in registries.value):
            detail = (
                f"`{pattern}` is of {host}, and `registries` ({document.file}:{registries.location.line}) does not "
                "have that: no such image is allowed. Add the registry, or leave the image out."
            )
            yield diagnostic("rule-fits-nothing", detail, ("rules", "images"), images.location)
