"""Two runs side by side, for people at a terminal and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from specrun.plan.code_diff import FileChange, FileFacts, FilesDiff
from specrun.plan.field_diff import FieldDiff, value_text
from specrun.plan.run_diff import DataDiff, Result, RunDiff, Side
from specrun.spec.visible import visible
from specrun.spec.wording import size
from specrun.views.data import place_data, run_data
from specrun.views.runs import COLOURS, local_moment
from specrun.views.text import Paint, columns, count, duration, shorten, wrapped

TITLES: Mapping[str, str] = {
    "parameters": "Parameters",
    "command": "Command",
    "environment": "Environment",
    "environment_variables": "Environment variables",
    "inputs": "Inputs",
    "outputs": "Outputs",
    "distribution": "Processes",
    "sweep": "Sweep",
    "place": "Where",
    "origin": "Origin",
}

LISTED = 20
"""Data files that are told by name."""

SIGNS: Mapping[str, tuple[str, str]] = {
    "added": ("+", "green"),
    "gone": ("-", "red"),
    "changed": ("~", "yellow"),
    "mode": ("~", "yellow"),
    "renamed": (">", "cyan"),
}

WORDS: Mapping[str, str] = {"mode": "with another mode"}


def run_diff_data(found: RunDiff) -> dict[str, object]:
    """The comparison for programs. What is null of `before` or `after` is not there, `code` null is not known."""
    return {
        "before": _side(found.before),
        "after": _side(found.after),
        "same": found.is_same,
        "notes": list(found.notes),
        "fields": [
            {"section": one.section, "name": one.name, "before": one.before, "after": one.after, "text": one.text}
            for one in found.fields
        ],
        "code": None if found.code is None else _files(found.code),
        "environment": _files(found.environment),
        "data": [{"input": one.input, "data": one.data or None, **_files(one.files)} for one in found.data],
        "results": [
            {
                "name": one.name,
                "before": _number(one.before),
                "after": _number(one.after),
                "difference": _number(one.difference),
                "unit": one.unit or None,
            }
            for one in found.results
        ],
    }


def _side(side: Side) -> dict[str, object]:
    return {**run_data(side.run), "place": place_data(side.place)}


def _files(found: FilesDiff) -> dict[str, object]:
    return {
        "files": [_file(one) for one in found.files],
        "counts": dict(found.counts),
        "unchanged": found.unchanged,
        "left_out": found.left_out,
    }


def _file(one: FileChange) -> dict[str, object]:
    return {
        "path": one.path,
        "change": one.change,
        "from": one.origin or None,
        "before": one.before and one.before._asdict(),
        "after": one.after and one.after._asdict(),
        "diff": one.diff or None,
        "added": one.added,
        "removed": one.removed,
        "note": one.note or None,
    }


def _number(value: Any) -> Any:
    """A value as JSON has it, which knows no numbers that are none."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return value


def run_diff_text(found: RunDiff, paint: Paint, width: int) -> str:
    """The comparison for people, what became of the runs last; lines of code are never broken."""
    lines = [*_head("before", found.before, paint, width), *_head("after", found.after, paint, width)]
    for note in found.notes:
        lines += wrapped(note, "note: ", width, "  ")
    if found.is_same:
        lines += ["", "The same spec, code and data: two attempts at one fingerprint."]
    for section, fields in groupby(found.fields, lambda one: one.section):
        lines += ["", paint(TITLES[section], "bold"), *_fields(list(fields), paint, width)]
    for one in found.data:
        lines += ["", *_data(one, paint, width)]
    for title, files in (("Files of the environment", found.environment), ("Code", found.code)):
        if files is not None and files.files:
            lines += ["", f"{paint(title, 'bold')}: {_counted(files)}", *_code(files, paint, width)]
    lines += ["", paint("Results", "bold"), *_results(found.results, paint, width)]
    return "\n".join(lines)


def _head(word: str, side: Side, paint: Paint, width: int) -> Iterator[str]:
    run = side.run
    when = local_moment(run.submitted)[:16] if run.submitted is not None else ""
    status = paint(run.status.value, COLOURS[run.status])
    yield f"{word:<6}  {paint(run.name, 'bold')}  {status}"
    yield paint(
        shorten("        " + ", ".join(filter(None, (side.place.title, when, run.provenance.user))), width), "dim"
    )


def _fields(fields: Sequence[FieldDiff], paint: Paint, width: int) -> Iterator[str]:
    """Each on a line; a value that is too long for that has one of its own, as in a diff."""
    room = min(24, max(columns(visible(one.name)) for one in fields))
    for one in fields:
        before, after = visible(value_text(one.before)), visible(value_text(one.after))
        name = visible(one.name)
        if len(before) + len(after) + max(room, len(name)) + 7 <= width:
            yield f"  {name:<{room}}  {paint(before, 'red')} → {paint(after, 'green')}"
            continue
        if not (len(fields) == 1 and one.name == one.section):
            yield f"  {shorten(name, width - 2)}"
        for sign, colour, value in (("-", "red", one.before), ("+", "green", one.after)):
            if value is not None:
                first, *rest = wrapped(value_text(value), f"  {sign} ", width, "    ") or [f"  {sign}"]
                yield paint(first, colour)
                yield from (paint(line, colour) for line in rest)


def _data(one: DataDiff, paint: Paint, width: int) -> Iterator[str]:
    yield f"{paint('Data', 'bold')} {visible(one.input)}: {_counted(one.files)}"
    for file in one.files.files[:LISTED]:
        sign, colour = SIGNS[file.change]
        yield paint(shorten(f"  {sign} {_named(file)}{_sizes(file)}", width), colour)
    if (more := len(one.files.files) - LISTED + one.files.left_out) > 0:
        yield f"    … and {count(more, 'file')} more"


def _named(file: FileChange) -> str:
    return visible(f"{file.origin} → {file.path}" if file.origin else file.path)


def _sizes(file: FileChange) -> str:
    told = [size(one.size) for one in (file.before, file.after) if one is not None and one.size is not None]
    return f"  {' → '.join(dict.fromkeys(told))}" if told else ""


def _counted(found: FilesDiff) -> str:
    """`2 changed, 1 added (12.0 kB), 12 unchanged`."""
    told = []
    for kind, number in found.counts.items():
        files = [one.after or one.before for one in found.files if one.change == kind]
        sizes = [one.size for one in files if isinstance(one, FileFacts) and one.size is not None]
        total = f" ({size(sum(sizes))})" if kind in ("added", "gone") and len(sizes) == number else ""
        told.append(f"{number} {WORDS.get(kind, kind)}{total}")
    told += [f"{found.left_out} more changes"] if found.left_out else []
    return ", ".join([*told, *([f"{found.unchanged} unchanged"] if found.unchanged else [])])


def _code(found: FilesDiff, paint: Paint, width: int) -> Iterator[str]:
    for file in found.files:
        if not file.diff:
            sign, colour = SIGNS[file.change]
            said = {"mode": _modes(file), "renamed": ""}.get(file.change, file.note)
            sizes = _sizes(file) if file.change not in ("mode", "renamed") else ""
            told = f"{sign} {_named(file)}{sizes}{f'  ({said})' if said else ''}"
            yield paint(shorten(told, width), colour)
            continue
        for sign, there, side in (("---", file.before, "a"), ("+++", file.after, "b")):
            yield paint(f"{sign} {f'{side}/{file.path}' if there is not None else '/dev/null'}", "bold")
        for line in file.diff.split("\n"):
            yield _painted(line, paint)
    if found.left_out:
        yield f"… and {count(found.left_out, 'file')} more"


def _modes(file: FileChange) -> str:
    return "may be executed now" if file.after is not None and file.after.executable else "may not be executed any more"


def _painted(line: str, paint: Paint) -> str:
    styles = {"+": ("green",), "-": ("red",), "@": ("cyan",), "\\": ("dim",)}.get(line[:1], ())
    return "\t".join(paint(part, *styles) for part in line.split("\t"))  # which a terminal shows as what it is


def _results(results: Sequence[Result], paint: Paint, width: int) -> Iterator[str]:
    table = [["", "before", "after", ""]] + [
        [visible(one.name), _told(one, one.before), _told(one, one.after), _difference(one)] for one in results
    ]
    widths = [max(columns(row[at]) for row in table) for at in range(4)]
    widths[0] = min(widths[0], max(12, width - sum(widths[1:]) - 8))
    for number, row in enumerate(table):
        first, *cells = (f"{shorten(cell, room):<{room}}" for cell, room in zip(row, widths, strict=True))
        line = f"  {first}  {'  '.join(cells)}".rstrip()
        yield paint(line, "dim") if number == 0 else line


def _told(result: Result, value: Any) -> str:
    if value is None:
        return "-"
    if result.unit == "s":
        return duration(value)
    return f"{value:.2f} {result.unit}" if result.name == "cost" else _short(value)


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, (int, float)) else visible(str(value))


def _difference(result: Result) -> str:
    more = result.difference
    if more is None:
        return ""
    if more == 0 or _told(result, result.before) == _told(result, result.after):
        return "="
    sign = "+" if more > 0 else "-" if more < 0 else ""
    if result.unit == "s":
        return f"{sign}{duration(abs(more))}"
    told = f"{sign}{abs(more):.2f} {result.unit}" if result.name == "cost" else f"{sign}{abs(more):.6g}"
    base = abs(result.before)
    return f"{told}  ({sign}{100 * abs(more) / base:.3g}%)" if base and result.name != "cost" else told
