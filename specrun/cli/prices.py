"""`specrun prices`."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from specrun.cli.exit_codes import FAILED, WRONG_USAGE, Exit
from specrun.cli.options import not_empty
from specrun.cli.telling import tell, tell_waits
from specrun.spec.sizes import plain_name
from specrun.spec.visible import visible
from specrun.spec.wording import command
from specrun.views.text import count

if TYPE_CHECKING:
    from specrun.convert.retail_prices import Answer, Hours
    from specrun.spec.prices import PriceList

USUAL = "USD"
"""The currency that the API answers in where it is not told one."""

_MOST = 256 << 20


class _Asked(NamedTuple):
    """What is asked for. `said`: the currency was, on the command line."""

    region: str
    currency: str
    said: bool
    today: str


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option(
    "--region", metavar="REGION", callback=not_empty, help="The region, such as westeurope (else that of the file)."
)
@click.option(
    "--currency",
    metavar="CODE",
    callback=not_empty,
    help="Such as EUR (else that of the repository's prices, else USD).",
)
@click.option(
    "--size",
    "sizes",
    multiple=True,
    metavar="SIZE",
    callback=not_empty,
    help="This size, instead of those of the specs.",
)
@click.option("--all", "every", is_flag=True, help="Every size that the region has.")
@click.option("--out", metavar="FILE", callback=not_empty, help="Write to this file instead of standard output.")
@click.option(
    "--from",
    "downloaded",
    multiple=True,
    metavar="ANSWER",
    callback=not_empty,
    help="Read this answer, which was downloaded, and ask nobody.",
)
def prices(
    files: tuple[str, ...],
    region: str | None,
    currency: str | None,
    sizes: tuple[str, ...],
    every: bool,
    out: str | None,
    downloaded: tuple[str, ...],
) -> None:
    """Write a file of prices from Azure's public list, for `prices` in .specrun.yaml, to be reviewed like code.

    It has the sizes that the specs declare, and those that are in the file already. Only prices.azure.com is asked, and
    nobody signs in.
    """
    from specrun.convert.price_file import PriceFile, changes
    from specrun.convert.retail_prices import hours_of

    today = time.strftime("%Y-%m-%d")
    before = _before(out, today)
    asked = _asked(region, currency, before, today)
    wanted = None if every else _wanted(files, sizes, before)
    answer, updated, source = _answer(asked, downloaded)
    found = hours_of(answer, asked.region, today)
    hours = {size: found.hours[size] for size in found.hours if wanted is None or plain_name(size) in wanted}
    missing = sorted((wanted or set()) - set(map(plain_name, hours)))
    _tell_passed(found.passed, len(found.hours) - len(hours))
    for line in found.contradicting:
        if line.partition(",")[0] in hours:
            tell(f"two prices of {line}")
    for size in missing:
        _warn(f"no price of {_full(size)} was found in {asked.region}{_near(size, found.hours)}")
    if not hours:
        none = "no price of these sizes" if found.hours else "no price of a virtual machine"
        hint = "" if found.hours else ". Is that a region's short name, as in westeurope?"
        raise Exit(FAILED, f"error: {none} was found in {asked.region}: nothing is written{hint}")
    file = PriceFile(answer.currency, updated, asked.region, hours, source, *_age(before))
    if out is None:
        print(file.text(), end="")
        return
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    Path(out).write_text(file.text(), encoding="utf-8", newline="\n")
    new = changes(_hours(before), hours) if before is not None else []
    for line in new:
        tell(line)
    said = "" if before is None else f", {len(new)} changed" if new else ", none changed"
    tell(f"wrote {out}: {count(len(hours), 'size')}{said}, in {file.currency}, of {updated}")
    _tell_of_use(out)


def _before(out: str | None, today: str) -> PriceList | None:
    """What the file that is to be written has so far. Ends the command where that is no list of prices."""
    if out is None or not os.path.lexists(out):
        return None
    from specrun.cli.session import show
    from specrun.spec.price_lists import list_in
    from specrun.spec.source import read

    document, mistakes = read(out)
    found, wrong = list_in(document, today) if document is not None else (None, [])
    if [one.code for one in mistakes] == ["empty-file"]:
        return None
    if found is None:
        show([*mistakes, *wrong] if document is not None and "currency" in document.values else [])
        raise Exit(FAILED, f"error: {out} is there and is no list of prices: it is left as it is")
    return found


def _asked(region: str | None, currency: str | None, before: PriceList | None, today: str) -> _Asked:
    from specrun.spec.named import own_repository
    from specrun.spec.prices import plain_region

    place = plain_region(region or (before.region if before is not None else ""))
    if not place:
        raise click.UsageError("--region says whose prices are wanted, as in --region westeurope.")
    if not re.fullmatch("[a-z0-9]{2,40}", place):
        raise click.UsageError(f"--region wants a region's short name, such as westeurope, not `{region}`.")
    if before is not None and before.region not in ("", place):
        file = before.document.file
        raise click.UsageError(f"{file} has the prices of {before.region}: give those of {place} a file of their own.")
    money = (currency or "").upper()
    if currency is not None and not re.fullmatch("[A-Z]{3}", money):
        raise click.UsageError(f"--currency wants three letters, such as EUR, not `{currency}`.")
    if not money:
        of_repository = own_repository().prices
        money = before.currency if before is not None else of_repository.currency if of_repository else ""
    return _Asked(place, money, currency is not None, today)


def _wanted(files: Sequence[str], sizes: Sequence[str], before: PriceList | None) -> set[str]:
    """The plain names of the sizes that are wanted. Ends the command where there are none."""
    wanted = {plain_name(size) for size in sizes} | set(before.hours if before is not None else ())
    if files or not sizes:
        from specrun.cli.declared_sizes import declared_sizes

        wanted |= set(declared_sizes(files))
    if not wanted:
        raise Exit(WRONG_USAGE, "nothing says which sizes are wanted: name specs that declare some, --size or --all")
    return wanted


def _answer(asked: _Asked, downloaded: Sequence[str]) -> tuple[Answer, str, str]:
    """The answer, the day that it is of, and where it comes from, in words. Ends the command where there is none."""
    from specrun.convert.retail_prices import NoAnswer, read_answers
    from specrun.engines.azure import retail
    from specrun.engines.base import EngineError

    source = retail.SITE + retail.PATH
    where = "the answer"
    try:
        if downloaded:
            where = ", ".join(downloaded)
            answer = read_answers(map(_text, downloaded))
            day = time.strftime("%Y-%m-%d", time.localtime(min(Path(file).stat().st_mtime for file in downloaded)))
            updated, source = min(day, asked.today), f"downloaded answers of {source}"
        else:
            tell_waits()
            asked = asked._replace(currency=asked.currency or USUAL)
            answer = read_answers([*retail.pages(asked.region, asked.currency, tell)])
            updated = asked.today
    except NoAnswer as error:
        raise Exit(FAILED, f"error: {where} cannot be used: {error}") from error
    except EngineError as error:
        address = retail.address(asked.region, asked.currency)
        raise Exit(
            FAILED,
            f"error: {error}",
            "It can be downloaded elsewhere, with every page that an answer names as NextPageLink,",
            "and handed over with --from:",
            f"  {command('curl', '-o', 'page1.json', address)}",
        ) from error
    if answer.items and asked.currency and answer.currency != asked.currency:
        if asked.said or not downloaded:
            raise Exit(FAILED, f"error: {where} has prices in {answer.currency}, and {asked.currency} is asked for")
        _warn(f"{where} has prices in {answer.currency}; those of the repository are in {asked.currency}")
    if answer.more:
        _warn(f"a page is missing, and with it some prices: {answer.more}")
    return answer, updated, source


def _warn(text: str) -> None:
    """Say what is to be seen with -q, too."""
    print(visible(f"warning: {text}"), file=sys.stderr)


def _text(file: str) -> str:
    from specrun.spec.reading import read_text

    return read_text(file, _MOST)


def _hours(before: PriceList) -> Hours:
    return {_full(size): dict(prices) for size, prices in before.hours.items()}


def _age(before: PriceList | None) -> tuple[int, ...]:
    return () if before is None else (before.max_age,)


def _full(plain: str) -> str:
    return plain if plain.startswith("BASIC_") else f"STANDARD_{plain}"


def _near(plain: str, hours: Hours) -> str:
    """The size that has the same letters and digits, for one that was not found."""
    near = [size for size in hours if _squeezed(size) == _squeezed(_full(plain))]
    return f": did you mean {near[0]}?" if near else ""


def _squeezed(size: str) -> str:
    return re.sub("[^A-Z0-9]", "", size)


def _tell_passed(passed: Mapping[str, int], not_wanted: int) -> None:
    parts = [f"{number:,} {why}" for why, number in passed.items()]
    parts += [f"{not_wanted:,} of other sizes"] if not_wanted else []
    if parts:
        tell(f"passed over: {'; '.join(parts)}")


def _tell_of_use(out: str) -> None:
    """How the file comes to count, where nothing names it yet."""
    from specrun.spec.named import own_repository

    repository = own_repository()
    root = Path(repository.path).parent
    said = repository.document.values.get("prices") if repository.document is not None else None
    if said is None:
        tell(f"to have it count, write `prices: {os.path.relpath(out, root)}` in {repository.path}")
