"""Drift for people: what is not as declared, with who says what, and a line that counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from specrun.plan.drift.findings import Comparison, Difference, Drift, Verdict, Way
from specrun.plan.kinds.data import DataTarget
from specrun.spec.visible import visible
from specrun.spec.wording import size
from specrun.views.plan_text import targets_in, value_text
from specrun.views.text import Paint, count, shorten

COLOURS: Mapping[str, str] = {"-": "red", "~": "yellow", "+": "green"}
FILES_SHOWN = 10


def drift_text(drift: Drift, paint: Paint, width: int = 100) -> str:
    """A section for each place in which there is something to say of a resource, and a summary."""
    lines: list[str] = []
    for place in dict.fromkeys(one.resource.place for one in drift.comparisons):
        told = [one for one in drift.comparisons if one.resource.place == place and is_told(one)]
        if told:
            of = targets_in(drift, place)
            where = f"{visible(place.title)} (engine {place.engine})" + (f" · {of}" if of else "")
            lines += [f"{paint('Drift', 'bold')} on {where}", ""]
            for one in told:
                lines += _comparison(one, paint, width)
            lines.append("")
    return "\n".join([*lines, *drift_summary(drift)])


def drift_summary(drift: Drift) -> list[str]:
    """`Drift: 2 of 25 resources are not as declared (3 fields, 1 file); …`, and what the command line leaves out."""
    numbers = Counter(one.verdict for one in drift.comparisons)
    total, drifted = len(drift.comparisons), numbers[Verdict.DRIFTED]
    rest = [
        f"{numbers[verdict]} {words}"
        for verdict, words in (
            (Verdict.AS_DECLARED, "as declared"),
            (Verdict.NOT_COMPARED, "not compared"),
            (Verdict.IGNORED, "ignored"),
            (Verdict.UNSEEN, "could not be looked at"),
        )
        if numbers[verdict]
    ]
    if not total:
        head = "No drift: there is nothing to compare."
    elif numbers[Verdict.UNSEEN] == total:
        head = f"Nothing could be looked at, of {count(total, 'resource')}."
    elif not drifted:
        head = f"No drift{'' if drift.is_complete else ' in what could be looked at'}: {', '.join(rest)}."
    else:
        of = f"{drifted} of {count(total, 'resource')} {'is' if drifted == 1 else 'are'} not as declared"
        parts = _parts([found for one in drift.comparisons for found in one.differences])
        head = "; ".join([f"Drift: {of}{f' ({parts})' if parts else ''}", *([", ".join(rest)] if rest else [])]) + "."
    more = []
    if ignored := [found for one in drift.comparisons for found in one.ignored]:
        more.append(f"Ignored: {_parts(ignored)}.")
    if extra := sum(len(one.extra) for one in drift.comparisons):
        more.append(f"Not counted: {count(extra, 'extra file')} beside a source without `prune: true`.")
    return [head, *more, *([visible(f"{drift.left_out}.")] if drift.left_out else [])]


def is_told(one: Comparison) -> bool:
    """Whether there is anything to say of a resource: not that it is as declared."""
    return one.verdict not in (Verdict.AS_DECLARED, Verdict.IGNORED) or bool(one.said or one.extra or one.ignored)


def sign_of(one: Comparison) -> str:
    """One character for the whole of it."""
    if one.verdict is Verdict.UNSEEN:
        return "?"
    if one.verdict is not Verdict.DRIFTED:
        return " "
    return "-" if any(found.way is Way.MISSING and not found.path for found in one.differences) else "~"


def said_of(one: Comparison) -> str:
    """What came of it, in words."""
    if one.verdict is not Verdict.DRIFTED:
        words = [one.verdict.value]
    elif whole := [f"{found.way.value}: {found.reason}" for found in one.differences if not found.path]:
        words = whole
    elif isinstance(one.resource, DataTarget):
        ways = Counter(found.way for found in one.differences)
        words = [*(f"{number} {way.value}" for way, number in ways.items()), f"of {count(one.files, 'file')}"]
        words = [" ".join([", ".join(words[:-1]), words[-1]])]
    else:
        words = [f"{count(len(one.differences), 'field')} changed"]
    if one.verdict is Verdict.UNSEEN:
        words = [one.verdict.value]  # the same reason may hold for a whole place: it is told once
    elif one.said:
        words.append(one.said)
    if one.extra:
        words.append(f"{len(one.extra)} extra")
    if one.ignored:
        words.append(f"{len(one.ignored)} ignored")
    return ", ".join(words) if one.verdict is not Verdict.NOT_COMPARED else ": ".join(words[:2])


def place_of(found: Difference) -> str:
    """Where it is declared: `base.yaml:3:7 (target prod), and by 2 specs more`."""
    if found.origin is None:
        return ""
    layer = found.origin.document.part(found.origin.path).layer
    named = f" ({layer})" if layer != "file" else ""
    more = f", and by {count(found.others, 'spec')} more" if found.others else ""
    return visible(f"{found.origin.location}{named}{more}")


def content_text(value: object) -> str:
    """A file's content in words: `34 kB, MD5 0cc175b9…`."""
    if not isinstance(value, Mapping):
        return "not there"
    parts = [size(value["size"])] if isinstance(value.get("size"), int) else []
    md5, sha256 = value.get("md5"), value.get("sha256")
    parts += [f"MD5 {str(md5)[:8]}…"] if md5 else [f"SHA-256 {str(sha256)[:8]}…"] if sha256 else ["no MD5"]
    return ", ".join(parts)


def _parts(found: Sequence[Difference]) -> str:
    fields = sum(bool(one.path) and not one.is_file for one in found)
    files = sum(one.is_file for one in found)
    return ", ".join(count(number, noun) for number, noun in ((fields, "field"), (files, "file")) if number)


def _comparison(one: Comparison, paint: Paint, width: int) -> Iterator[str]:
    sign = sign_of(one)
    colour = COLOURS.get(sign, "dim")
    head = f"  {sign} {visible(one.resource.address)}"
    said = visible(said_of(one))
    if len(head) + 2 + len(said) <= width:
        yield f"{paint(head, colour)}  {paint(said, *(['dim'] * (sign == ' ')))}"
    else:
        yield paint(head, colour)
        yield from (f"      {line}" for line in _wrapped(said, width - 6))
    files = [found for found in (*one.differences, *one.extra) if found.is_file]
    for found in one.differences:
        if not found.path:
            yield paint(f"      declared in {place_of(found)}", "dim")
        elif not found.is_file:
            yield from _field(found, paint, width)
    if files:
        if one.differences:
            yield paint(f"      declared in {place_of(files[0])}", "dim")
        yield from _files(files, paint, width)


def _field(found: Difference, paint: Paint, width: int) -> Iterator[str]:
    declared, there, place = value_text(found.declared), value_text(found.found), place_of(found)
    yield f"      {visible(found.path)}"
    if len(f"        declared  {declared}  {place}") <= width:
        yield f"        declared  {declared}  {paint(place, 'dim')}"
    else:
        yield shorten(f"        declared  {declared}", width)
        yield f"                  {paint(place, 'dim')}"
    yield shorten(f"        there     {there}", width)


def _files(files: Sequence[Difference], paint: Paint, width: int) -> Iterator[str]:
    for found in files[:FILES_SHOWN]:
        name = paint(f"      {found.way.sign} {visible(found.path)}", COLOURS[found.way.sign])
        if found.way is Way.CHANGED:
            yield name
            yield f"          source  {content_text(found.declared)}"
            reason = f"  {paint(f'({found.reason})', 'dim')}" if found.reason else ""
            yield f"          there   {content_text(found.found)}{reason}"
        else:
            content = content_text(found.declared if found.way is Way.MISSING else found.found)
            told = ", ".join(filter(None, [content, visible(found.reason)]))
            fits = len(f"      {found.way.sign} {visible(found.path)}  {told}") <= width
            yield from (f"{name}  {paint(told, 'dim')}",) if fits else (name, f"          {paint(told, 'dim')}")
    if len(files) > FILES_SHOWN:
        rest = Counter(found.way.value for found in files[FILES_SHOWN:])
        yield f"        … and {', '.join(f'{number} more {way}' for way, number in rest.items())}"


def _wrapped(text: str, width: int) -> list[str]:
    from textwrap import wrap  # late: few lines are so long

    return wrap(text, width, break_long_words=False, break_on_hyphens=False)
