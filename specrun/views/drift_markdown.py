"""Drift as a comment or an issue: what is not as declared in a table, the rest folded away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from specrun.plan.drift.findings import Comparison, Difference, Drift, Verdict
from specrun.spec.wording import listed
from specrun.views.comment import LIMIT, MANY, Sticky, code, few, folded_text, places_title, size
from specrun.views.drift_text import content_text, drift_summary, drift_text, place_of, said_of
from specrun.views.markdown_text import cell, prose
from specrun.views.plan_text import Unseen, targets_in, unseen, value_text
from specrun.views.text import Paint, count

_PLAIN = Sticky("drift")
_TITLES = ("resource", "what", "declared", "there", "declared in")
_ROWS = 30_000
"""Bytes of the table."""


def drift_markdown(drift: Drift, sticky: Sticky = _PLAIN, of_changed: Sequence[str] = ()) -> str:
    """The comment; what could not be looked at stands before the table. `of_changed` is how specs were chosen."""
    head, *more = drift_summary(drift)
    places = list(dict.fromkeys(one.resource.place for one in drift.comparisons))
    wrong = "" if drift.is_complete else "⛔ "
    said = prose(head.removeprefix("Drift: ").replace("No drift", "none", 1).rstrip("."))
    of = "".join(f" · {one}" for one in (prose(targets_in(drift, *places)), places_title(places)) if one)
    lines = [sticky.marker, f"### {wrong}specrun drift: {said}{of}", "", *of_changed]
    for line in more:
        lines += [prose(line), ""]
    lines += few(list(unseen(drift)), _unseen, 8000)
    several = len(places) > 1
    rows = [row for one in sorted(drift.of(Verdict.DRIFTED), key=_is_there) for row in _rows(one, several=several)]
    if rows:
        lines += [f"| {' | '.join(_TITLES)} |", "|" + " --- |" * len(_TITLES)]
        lines += [*few(rows, str, _ROWS, lambda left: f"| … and {count(left, 'more row')} | | | | |", 2 * MANY), ""]
    if not drift.comparisons:
        return "\n".join(lines).rstrip("\n")
    left = LIMIT - size("\n".join(lines))
    whole = drift_text(drift, Paint(False), 120)
    rest = sticky.rest("specrun drift")
    lines.append(
        folded_text("The whole comparison", whole, "text", left, rest) or f"The whole has no room here: {rest}."
    )
    return "\n".join(lines).rstrip("\n")


def _unseen(one: Unseen) -> str:
    said = f"{code(one.what)}: {prose(one.reason)}" if one.what else prose(one.reason)
    where = listed([prose(place.title, 150) for place in one.places[:10]], "and", code=False)
    return f"⛔ **Could not be looked at on {where}**: {said}{one.rest}\n"


def _is_there(one: Comparison) -> bool:
    """What is gone as a whole comes first."""
    return all(found.path for found in one.differences)


def _rows(one: Comparison, *, several: bool) -> Iterator[str]:
    address = code(one.resource.address) + (f" on {prose(one.resource.place.title)}" if several else "")
    for found in one.differences[:MANY]:
        what = f"{code(found.path)} {found.way.value}" if found.path else prose(said_of(one), 300)
        values = (_value(found, found.declared), _value(found, found.found)) if found.path else ("", "")
        cells = [address, what, *values, code(place_of(found))]
        yield f"| {' | '.join(map(cell, cells))} |"
    if len(one.differences) > MANY:
        yield f"| {cell(address)} | … and {len(one.differences) - MANY} more | | | |"


def _value(found: Difference, value: object) -> str:
    return prose(content_text(value)) if found.is_file else code(value_text(value))
