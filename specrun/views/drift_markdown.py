"""Drift as a comment or an issue: what is not as declared in a table, the rest folded away."""

from __future__ import annotations

from collections.abc import Iterator

from specrun.plan.drift.findings import Comparison, Difference, Drift, Verdict
from specrun.spec.wording import listed
from specrun.views.drift_text import content_text, drift_summary, drift_text, place_of, said_of
from specrun.views.markdown import MANY, above, few
from specrun.views.markdown_text import cell, code_span, prose
from specrun.views.plan_text import targets_in, unseen, value_text
from specrun.views.text import Paint, shorten

MARKER = "<!-- specrun drift -->"
"""Lets a bot find its own comment and replace it."""


def drift_markdown(drift: Drift) -> str:
    """The comment; what could not be looked at stands before the table."""
    head, *more = drift_summary(drift)
    of = targets_in(drift, *dict.fromkeys(one.resource.place for one in drift.comparisons))
    lines = [MARKER, f"### specrun{f', {prose(of)}' if of else ''}: {prose(head)}", *map(prose, more), ""]
    for one in unseen(drift):
        said = f"{_code(one.what)}: {prose(one.reason)}" if one.what else prose(one.reason)
        where = listed([prose(place.title) for place in one.places], "and", code=False)
        lines += [f"> ⛔ **Could not be looked at on {where}**: {said}{one.rest}", ""]
    several = len({one.resource.place for one in drift.comparisons}) > 1
    rows = [row for one in drift.of(Verdict.DRIFTED) for row in _rows(one, several=several)]
    if rows:
        titles = ["resource", "what", "declared", "there", "declared in"]
        lines += [f"| {' | '.join(titles)} |", "|" + " --- |" * len(titles)]
        lines += [*few(rows, "| {} | | | | |"), ""]
    return above("\n".join(lines), "The whole comparison", drift_text(drift, Paint(False), 120), "specrun drift")


def _rows(one: Comparison, *, several: bool) -> Iterator[str]:
    address = _code(one.resource.address) + (f" on {prose(one.resource.place.title)}" if several else "")
    for found in one.differences[:MANY]:
        what = f"{_code(found.path)} {found.way.value}" if found.path else prose(said_of(one), 300)
        values = (_value(found, found.declared), _value(found, found.found)) if found.path else ("", "")
        cells = [address, what, *values, _code(place_of(found))]
        yield f"| {' | '.join(map(cell, cells))} |"
    if len(one.differences) > MANY:
        yield f"| {cell(address)} | … and {len(one.differences) - MANY} more | | | |"


def _value(found: Difference, value: object) -> str:
    return prose(content_text(value)) if found.is_file else _code(value_text(value))


def _code(text: str) -> str:
    return code_span(shorten(text, 150))
