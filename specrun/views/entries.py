"""What specrun knows about a code, for people and as data."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from specrun.spec.codes import Code
from specrun.spec.diagnostics import Severity
from specrun.spec.entries import GROUPS, Entry
from specrun.views.diagnostics import COLOURS, paragraph
from specrun.views.text import Paint

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def entry_text(entry: Entry, paint: Paint, width: int) -> str:
    """`error[code]: summary`, why it is reported, what is wrong and what to write instead."""
    severity = entry.known.severity
    label = f"{severity.value}[{entry.code}]"
    head = textwrap.fill(f"{label}: {entry.known.summary}", width, subsequent_indent="  ", break_on_hyphens=False)
    head = head.replace(label, paint(label, COLOURS[severity], "bold"), 1)
    blocks = [head, *paragraph(unlinked(entry.why), width), ""]
    if entry.wrong:
        blocks += [paint(f"  For example, with `specrun {entry.command}`:", "bold"), *_example(entry.wrong), ""]
    blocks.append(paint("  Instead:", "bold"))
    if entry.instead:
        blocks += paragraph(unlinked(entry.instead), width)
    if entry.right:
        blocks += _example(entry.right)
    return "\n".join(blocks)


def entry_data(entry: Entry) -> dict[str, str]:
    """The same as JSON values; what an entry lacks is empty."""
    known = entry.known
    return {
        "code": entry.code,
        "severity": known.severity.value,
        "group": known.group,
        "summary": known.summary,
        "why": entry.why,
        "command": entry.command if entry.wrong else "",
        "wrong": entry.wrong,
        "instead": entry.instead,
        "right": entry.right,
    }


def entry_markdown(entry: Entry) -> str:
    """The same as Markdown without links: it is shown far from the pages that they lead to."""
    blocks = [entry.why, *([f"For example:\n\n```yaml\n{entry.wrong}```"] if entry.wrong else [])]
    blocks.append(f"Instead: {entry.instead}" if entry.instead else "Instead:")
    blocks += [f"```yaml\n{entry.right}```"] if entry.right else []
    return unlinked("\n\n".join(blocks))


def unlinked(text: str) -> str:
    """Words of an entry, without the addresses of pages."""
    return _LINK.sub(r"\1", text)


def codes_text(codes: Mapping[str, Code], paint: Paint, width: int) -> str:
    """All codes under the headings of their groups, each with its summary; which one is no error is said behind it."""
    column = max(map(len, codes)) + 4
    return "\n".join(
        line
        for group, rows in groupby(codes.items(), lambda row: row[1].group)
        for line in (paint(GROUPS[group], "bold"), *_rows(rows, column, paint, width), "")
    ).rstrip()


def _rows(rows: Iterable[tuple[str, Code]], column: int, paint: Paint, width: int) -> Iterator[str]:
    for code, known in rows:
        told = known.summary if known.severity is Severity.ERROR else f"{known.summary} ({known.severity.value})"
        first, *others = textwrap.wrap(told, width - column)
        yield f"  {paint(code, COLOURS[known.severity])}{' ' * (column - 2 - len(code))}{first}"
        yield from (" " * column + line for line in others)


def _example(text: str) -> list[str]:
    return [f"    {line}" for line in text.splitlines()]
