"""Diagnostics for people (place, source line, caret, reason) and as data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate

from specrun.spec.diagnostics import Diagnostic, Location, Severity
from specrun.spec.frozen import dataclass
from specrun.spec.visible import visible, visible_characters
from specrun.views.text import Paint, count

_UNBROKEN = "\0"
"""Stands for a blank while lines are broken; no text that is visible has it."""

COLOURS: Mapping[Severity, str] = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


SHOWN = 3
"""Places of one finding that are listed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found alike in several files: once, at the first place, and all its places in their order.

    `specs` of them have it: more than there are places, where it is one of what they share.
    """

    diagnostic: Diagnostic
    places: tuple[Location, ...]
    specs: int

    def elsewhere(self, spelled: Callable[[str], str] = visible) -> str:
        """`in 200 files: a.yaml:3, b.yaml:7, c.yaml:3, … and 197 more`; "" where it is in one."""
        files = len({place.file for place in self.places})
        parts = [spelled(f"{place.file}:{place.line}") for place in self.places[:SHOWN]]
        if len(self.places) > SHOWN:
            parts.append(f"… and {len(self.places) - SHOWN} more")
        said = [f"in {count(files, 'file')}: {', '.join(parts)}"] if files > 1 else []
        if self.specs > len(self.places):
            said.append(f"it counts for {count(self.specs, 'file')}")
        return "; ".join(said)


def findings(diagnostics: Iterable[Diagnostic]) -> list[Finding]:
    """The diagnostics without saying anything twice, in the order of their first places.

    What stands several times in one file only has several places to look at: each is a finding of its own.
    """
    found = list(diagnostics)
    files: dict[tuple[object, ...], set[str]] = {}
    for one in found:
        files.setdefault(_said(one), set()).add(one.location.file)
    alike: dict[tuple[object, ...], list[Diagnostic]] = {}
    for one in found:
        said = _said(one)
        alike.setdefault((said, one.location if len(files[said]) == 1 else None), []).append(one)
    return [
        Finding(same[0], tuple(dict.fromkeys(one.location for one in same)), sum(one.specs for one in same))
        for same in alike.values()
    ]


def _said(one: Diagnostic) -> tuple[object, ...]:
    """Everything but the place."""
    return one.severity, one.code, one.summary, one.detail


def findings_text(diagnostics: Iterable[Diagnostic], paint: Paint, width: int) -> Iterator[str]:
    """Each finding in full, at its first place, with the others below it."""
    for found in findings(diagnostics):
        text = diagnostic_text(found.diagnostic, paint, width)
        elsewhere = paragraph(said, width) if (said := found.elsewhere()) else []
        yield "\n".join([text, *(paint(line, "dim") for line in elsewhere)])


def diagnostic_text(diagnostic: Diagnostic, paint: Paint, width: int = 100) -> str:
    """`file:line:column: error[code]: summary`, the line with a caret under the place, and the detail.

    Other places that it is about stand below the first, each with its line and caret.
    """
    location = diagnostic.location
    colour = COLOURS[diagnostic.severity]
    head = (
        f"{paint(str(location), 'bold')}: {paint(f'{diagnostic.severity.value}[{diagnostic.code}]', colour, 'bold')}: "
        f"{visible(diagnostic.summary)}"
    )
    excerpt = _excerpt(location, paint, colour, width)
    for other in diagnostic.others:
        excerpt += [f"{paint(str(other), 'bold')}:", *_excerpt(other, paint, COLOURS[Severity.NOTE], width)]
    return "\n".join([head, *excerpt, *paragraph(visible(diagnostic.detail), width)])


def excerpt(location: Location, width: int = 100) -> list[str]:
    """The source line with a caret under the place; nothing where there is no line."""
    return _excerpt(location, Paint(False), "", width)


def paragraph(text: str, width: int) -> list[str]:
    """The text in indented lines of at most `width` columns; what stands in backticks stays on one line."""
    import textwrap  # late: most validations have nothing to say

    lines: list[str] = []
    for part in _kept_together(text, width - 4).splitlines():
        # An option or a path stays whole: people copy it.
        lines += textwrap.wrap(
            part,
            width - 2,
            initial_indent="  ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return [visible(line.replace(_UNBROKEN, " ")) for line in lines]


def _kept_together(text: str, room: int) -> str:
    """The text with the blanks between backticks, and inside of an expression, hidden from wrapping: people copy it."""
    import re

    def hidden(found: re.Match[str]) -> str:
        return found[0].replace(" ", _UNBROKEN) if len(found[0]) <= room else found[0]

    return re.sub(r"`[^`\n]*`|\$\{\{[^{}\n]*\}\}", hidden, text)


def diagnostics_summary(diagnostics: Iterable[Diagnostic], files: int, what: str = "file") -> str:
    """`2 errors, 1 warning in 3 files`; without files they are of the names that were given. What several specs share
    counts once.
    """
    found = list({(one.code, one.detail, one.path, one.location): one for one in diagnostics}.values())
    parts = [
        count(number, severity.value)
        for severity in Severity
        if (number := sum(diagnostic.severity is severity for diagnostic in found))
    ]
    return f"{', '.join(parts) or 'no mistakes'}{f' in {count(files, what)}' if files else ''}"


def diagnostic_data(diagnostic: Diagnostic) -> dict[str, object]:
    """The same as JSON values. `line` and `column` count from 1."""
    related = [_place(other) for other in diagnostic.others]
    return {
        "severity": diagnostic.severity.value,
        "code": diagnostic.code,
        "summary": diagnostic.summary,
        "detail": diagnostic.detail,
        "path": list(diagnostic.path),
        **_place(diagnostic.location),
        **({"related": related} if related else {}),
        **({"specs": diagnostic.specs} if diagnostic.specs > 1 else {}),
    }


def _place(location: Location) -> dict[str, object]:
    return {
        "file": location.file,
        "line": location.line,
        "column": location.column,
        "length": location.length,
        "source": location.text,
    }


def _excerpt(location: Location, paint: Paint, colour: str, width: int) -> list[str]:
    text, column, length = location.text, location.column, location.length
    if not text:
        return []
    margin = f"{location.line:>5} | "
    # A long line is cut so that the place stays in sight.
    room = max(20, width - len(margin))
    # A tab, or a blank of another width, takes one column here.
    shown = [char if char.isprintable() else " " for char in visible_characters(text.replace("\t", " "))]
    at = column - 1
    start = at - _fitting(reversed(shown[:at]), room if _columns("".join(shown)) <= room else room // 2)
    end = start + _fitting(shown[start:], room)
    marked = "".join(shown[at : min(end, at + length)])
    pad = " " * (len(margin) - 2) + "| " + " " * _columns("".join(shown[start:at]))
    return [
        f"{paint(margin, 'dim')}{''.join(shown[start:end])}",
        f"{paint(pad, 'dim')}{paint('^' * max(1, _columns(marked)), colour, 'bold')}",
    ]


def _fitting(shown: Iterable[str], room: int) -> int:
    """How many of the characters, as they are shown, fit into as many columns."""
    return sum(total <= room for total in accumulate(map(_columns, shown)))


def _columns(text: str) -> int:
    """Terminal columns: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    import unicodedata  # late: few lines are not ASCII

    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
