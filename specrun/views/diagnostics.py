"""Diagnostics for people (place, source line, caret, reason) and as data."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from itertools import accumulate

from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.visible import visible, visible_characters
from specrun.views.text import Paint, count

_UNBROKEN = "\0"
"""Stands for a blank while lines are broken; no text that is visible has it."""

COLOURS: Mapping[Severity, str] = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def diagnostic_text(diagnostic: Diagnostic, paint: Paint, width: int = 100) -> str:
    """`file:line:column: error[code]: summary`, the line with a caret under the place, and the detail."""
    location = diagnostic.location
    colour = COLOURS[diagnostic.severity]
    head = (
        f"{paint(str(location), 'bold')}: {paint(f'{diagnostic.severity.value}[{diagnostic.code}]', colour, 'bold')}: "
        f"{visible(diagnostic.summary)}"
    )
    excerpt = _excerpt(location.line, location.column, location.length, location.text, paint, colour, width)
    return "\n".join([head, *excerpt, *paragraph(visible(diagnostic.detail), width)])


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


def diagnostics_summary(diagnostics: Iterable[Diagnostic], files: int) -> str:
    """`2 errors, 1 warning in 3 files`."""
    found = list(diagnostics)
    parts = [
        count(number, severity.value)
        for severity in Severity
        if (number := sum(diagnostic.severity is severity for diagnostic in found))
    ]
    return f"{', '.join(parts) or 'no mistakes'} in {count(files, 'file')}"


def diagnostic_data(diagnostic: Diagnostic) -> dict[str, object]:
    """The same as JSON values. `line` and `column` count from 1."""
    location = diagnostic.location
    return {
        "severity": diagnostic.severity.value,
        "code": diagnostic.code,
        "summary": diagnostic.summary,
        "detail": diagnostic.detail,
        "path": list(diagnostic.path),
        "file": location.file,
        "line": location.line,
        "column": location.column,
        "length": location.length,
        "source": location.text,
    }


def _excerpt(line: int, column: int, length: int, text: str, paint: Paint, colour: str, width: int) -> list[str]:
    if not text:
        return []
    margin = f"{line:>5} | "
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
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
