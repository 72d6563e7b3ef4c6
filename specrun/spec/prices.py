"""`prices:` of a repository: what an hour of one instance costs, by size, tier and region. Money is decimal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from specrun.spec.diagnostics import Diagnostic, Path, Severity
from specrun.spec.frozen import dataclass
from specrun.spec.sizes import plain_name
from specrun.spec.wording import command

if TYPE_CHECKING:
    from specrun.spec.source import Document

TIERS = ("dedicated", "low_priority")
MAX_AGE = 90
"""Days after which prices are old, where their list does not say."""

Reader: TypeAlias = "Callable[[str], tuple[Document | None, Sequence[Diagnostic]]]"
"""The document of a price file, by its name as seen from the repository's root, and the mistakes of its YAML.

Raises NoPrices where there is none to be read.
"""


class NoPrices(Exception):
    """Why a price file is not read: the code and the detail of a diagnostic of the line that names it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class PriceList:
    """The prices of one region, or of all (""). `hours` has them by plain name of a size, and by tier."""

    document: Document = field(compare=False)
    path: Path
    """Where the list stands in its document: nothing for a file of its own."""
    currency: str
    updated: date
    region: str = ""
    max_age: int = MAX_AGE
    hours: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)

    def hour(self, size: str, tier: str) -> Decimal | None:
        """What an instance costs in an hour, if the list says."""
        return self.hours.get(plain_name(size), {}).get(tier)


@dataclass(frozen=True, slots=True)
class Prices:
    """All prices of a repository, of which one region has one list at most."""

    lists: tuple[PriceList, ...]

    @property
    def currency(self) -> str:
        """The currency of every price, such as EUR."""
        return self.lists[0].currency

    @property
    def updated(self) -> date:
        """The day of the oldest list."""
        return min(one.updated for one in self.lists)

    def of(self, region: str) -> tuple[PriceList, ...]:
        """The lists that count for a region, its own before that of all; where none is known (""), every list."""
        plain = plain_region(region)
        counting = [one for one in self.lists if not plain or one.region in ("", plain)]
        return tuple(sorted(counting, key=lambda one: not one.region))

    def hour(self, size: str, tier: str, region: str = "") -> Decimal | None:
        """What one instance costs in an hour, `tier` being dedicated or low_priority; None where nothing says.

        Where the region is not known, that is the most it costs in any.
        """
        found = [price for one in self.of(region) if (price := one.hour(size, tier)) is not None]
        return (found[0] if plain_region(region) else max(found)) if found else None


def plain_region(region: str) -> str:
    """`West Europe` as `westeurope`."""
    return "".join(region.lower().split())


def read_prices(document: Document, read: Reader, today: str) -> tuple[Prices | None, list[Diagnostic]]:
    """The prices that a repository's own document gives or names, and every mistake in them. `read` is for files.

    `today` is an ISO date; without one no date is in the future.
    """
    from specrun.spec.price_lists import lists_of

    lists, found = lists_of(document, read, today)
    wrong = any(one.severity is Severity.ERROR for one in found)
    return (Prices(tuple(lists)) if lists and not wrong else None), found


def old(prices: Prices, regions: Iterable[str], today: str) -> Iterator[Diagnostic]:
    """A note for each list that counts in one of these regions ("": not known) and is older than it may be."""
    counting = {one.region: one for region in regions for one in prices.of(region)}
    for one in counting.values():
        days = (date.fromisoformat(today) - one.updated).days
        if days > one.max_age:
            detail = (
                f"They are of {one.updated}, {days} days ago; here they may have {one.max_age}. Look them up again, as "
                f"{_again(one)} does, or write a longer `max_age`."
            )
            yield one.document.diagnostic("old-prices", detail, (*one.path, "updated"))


def _again(one: PriceList) -> str:
    words = ["--region", one.region or "REGION"]
    words += ["--out", one.document.file.rpartition(":")[2]] if not one.path else []  # it may be that of a git ref
    return f"`{command('specrun', 'prices', *words)}`"
