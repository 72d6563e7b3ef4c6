"""What became of each field of an imported file: for a terminal, for a pull request, for programs."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator

from specrun.convert.report import Entry, Report, Verdict
from specrun.spec.visible import visible
from specrun.views.markdown_text import cell, code_span, prose
from specrun.views.text import Paint

SIGNS = {Verdict.CARRIED: "=", Verdict.REWRITTEN: "~", Verdict.DROPPED: "-", Verdict.NEEDS_YOU: "!"}
STYLES = {Verdict.CARRIED: "dim", Verdict.REWRITTEN: "cyan", Verdict.DROPPED: "dim", Verdict.NEEDS_YOU: "yellow"}
SHOWN = (Verdict.NEEDS_YOU, Verdict.REWRITTEN, Verdict.DROPPED)
"""What a terminal shows, in this order: what was carried over as it was needs no line, only a count."""


def report_text(report: Report, paint: Paint, width: int) -> str:
    """What needs somebody, what was rewritten and what was dropped, file by file, and the counts."""
    lines: list[str] = []
    for file in dict.fromkeys(entry.file for entry in report.entries):
        entries = [entry for entry in report.entries if entry.file == file]
        lines.append(paint(f"{file}: {summary(entries)}", "bold"))
        for verdict in SHOWN:
            for entry in entries:
                if entry.verdict is verdict:
                    lines += _lines(entry, paint, width)
    return "\n".join(lines)


def report_markdown(report: Report) -> str:
    """A table for each file, with every field in it."""
    blocks: list[str] = []
    for file in dict.fromkeys(entry.file for entry in report.entries):
        entries = [entry for entry in report.entries if entry.file == file]
        blocks += [
            f"### {prose(file)}",
            "",
            f"{summary(entries)}.",
            "",
            "| field | | in the spec | |",
            "| --- | --- | --- | --- |",
        ]
        blocks += [
            f"| {_code(entry.source)} | {entry.verdict.value} | {_code(entry.to)} | {cell(prose(_note(entry), 2000))} |"
            for entry in entries
        ]
        blocks.append("")
    return "\n".join(blocks).rstrip()


def report_data(report: Report) -> list[dict[str, object]]:
    """The same for programs: a mapping for each field."""
    return [
        {
            "file": entry.file,
            "path": list(entry.path),
            "field": entry.source,
            "verdict": entry.verdict.value,
            "to": entry.to,
            "note": entry.note,
            "flag": entry.flag,
            "place": entry.place,
        }
        for entry in report.entries
    ]


def summary(entries: list[Entry]) -> str:
    """`12 fields carried over, 3 rewritten, 1 needs you`."""
    counts = Counter(entry.verdict for entry in entries)
    words = [f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict]]
    return ", ".join(words) or "nothing in it"


def _lines(entry: Entry, paint: Paint, width: int) -> Iterator[str]:
    head = visible(entry.source) or "(the whole file)"
    if entry.to:
        head += f" → {visible(entry.to)}"
    yield f"  {paint(SIGNS[entry.verdict], STYLES[entry.verdict])} {head}"
    yield from textwrap.wrap(visible(_note(entry)), width, initial_indent="      ", subsequent_indent="      ")


def _note(entry: Entry) -> str:
    return f"{entry.note} ({entry.flag})" if entry.flag and entry.flag not in entry.note else entry.note


def _code(text: str) -> str:
    return cell(code_span(text))
