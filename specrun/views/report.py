"""What became of imported files and of each of their fields: for a terminal, for a pull request, for programs."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field

from specrun.convert.imported import Found
from specrun.convert.kinds import Recognized
from specrun.convert.report import Entry, Report, Verdict
from specrun.spec.frozen import dataclass
from specrun.spec.visible import visible
from specrun.views.markdown_text import cell, code_span, prose
from specrun.views.text import Paint

SIGNS = {Verdict.CARRIED: "=", Verdict.REWRITTEN: "~", Verdict.DROPPED: "-", Verdict.NEEDS_YOU: "!"}
STYLES = {Verdict.CARRIED: "dim", Verdict.REWRITTEN: "cyan", Verdict.DROPPED: "dim", Verdict.NEEDS_YOU: "yellow"}
SHOWN = (Verdict.NEEDS_YOU, Verdict.REWRITTEN, Verdict.DROPPED)
"""What a terminal shows, in this order: what was carried over as it was needs no line, only a count."""

_NAMED = 5
"""How many of the files that were passed by for one reason are named."""


@dataclass(frozen=True, slots=True)
class Account:
    """All that is told of an import: every field, what files were taken for, and the jobs of scripts by their file."""

    report: Report
    looks: Sequence[Recognized] = ()
    jobs: Mapping[str, Sequence[Found]] = field(default_factory=dict)

    def by_file(self) -> Iterator[tuple[str, list[Entry]]]:
        """The entries of each file, those files first that need somebody."""
        files: dict[str, list[Entry]] = {}
        for entry in self.report.entries:
            files.setdefault(entry.file, []).append(entry)
        asks = {entry.file for entry in self.report.todos}
        yield from sorted(files.items(), key=lambda pair: pair[0] not in asks)


def report_text(account: Account, paint: Paint, width: int) -> str:
    """What files were taken for; then file by file what needs somebody, was rewritten, was dropped, and the counts."""
    lines: list[str] = []
    for line in _looks(account.looks):
        lines += textwrap.wrap(
            visible(line), width, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
        )
    if account.looks and (account.report.entries or account.jobs):
        lines.append("")
    for file, entries in account.by_file():
        lines.append(paint(f"{visible(file)}: {summary(entries)}", "bold"))
        lines += _jobs(account.jobs.get(file, ()), paint, width)
        for verdict in SHOWN:
            for entry in entries:
                if entry.verdict is verdict:
                    lines += _lines(entry, paint, width)
    return "\n".join(lines)


def report_markdown(account: Account) -> str:
    """Lists of files and of jobs, and a table for each file, with every field in it."""
    blocks = [f"- {line}" for line in _looks(account.looks, code_span, prose)]
    blocks += [""] if blocks else []
    for file, entries in account.by_file():
        blocks += [f"### {prose(file)}", "", f"{summary(entries)}.", ""]
        if jobs := account.jobs.get(file, ()):
            blocks += ["| job | | place | |", "| --- | --- | --- | --- |"]
            blocks += [
                f"| {job.number} | {_code(job.name)} | {cell(prose(job.place))} | {cell(prose(_about(job)))} |"
                for job in jobs
            ]
            blocks.append("")
        blocks += ["| field | | in the spec | |", "| --- | --- | --- | --- |"]
        blocks += [
            f"| {_code(entry.source)} | {entry.verdict.value} | {_code(entry.to)} | {cell(prose(_note(entry), 2000))} |"
            for entry in sorted(entries, key=lambda entry: entry.verdict is not Verdict.NEEDS_YOU)
        ]
        blocks.append("")
    return "\n".join(blocks).rstrip()


def report_data(account: Account) -> list[dict[str, object]]:
    """The same for programs: a mapping for each field. Files and jobs are mappings, too, by their verdicts."""
    found = [_data(look.file, "taken for" if look.imported else "passed by", look.taken.told) for look in account.looks]
    for file, jobs in account.jobs.items():
        for job in jobs:
            verdict = "job imported" if job.chosen else "job"
            found.append({**_data(file, verdict, job.why or job.what, job.place), "job": job.number, "to": job.name})
    return found + [
        {**_data(entry.file, entry.verdict.value, entry.note, entry.place), **_field(entry)}
        for entry in account.report.entries
    ]


def summary(entries: list[Entry]) -> str:
    """`12 fields carried over, 3 rewritten, 1 needs you`."""
    counts = Counter(entry.verdict for entry in entries)
    words = [f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict]]
    return ", ".join(words) or "nothing in it"


def _looks(
    looks: Sequence[Recognized], quote: Callable[[str], str] = str, plain: Callable[[str], str] = str
) -> Iterator[str]:
    """What is said of each file that is imported, and of the others by their reasons."""
    yield from (f"{quote(look.file)}: {plain(look.taken.told)}" for look in looks if look.imported)
    others: dict[str, list[str]] = {}
    for look in looks:
        if not look.imported:
            others.setdefault(look.taken.told, []).append(look.file)
    for told, files in others.items():
        more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
        yield f"not imported: {', '.join(map(quote, files[:_NAMED]))}{more}: {plain(told)}"


def _jobs(jobs: Sequence[Found], paint: Paint, width: int) -> Iterator[str]:
    """The jobs of a script, the one in the spec with a star."""
    if jobs:
        text = f"{len(jobs)} jobs, * is imported: --job NUMBER or NAME takes another, --all each"
        yield from textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="    ")
    for job in jobs:
        head = f"  {'*' if job.chosen else ' '} {job.number} {visible(job.name)}, {job.place}: {visible(_about(job))}"
        for line in textwrap.wrap(head, width, subsequent_indent="      "):
            yield paint(line, "bold") if job.chosen else line


def _about(job: Found) -> str:
    return f"{job.what}: {job.why}" if job.why else job.what


def _lines(entry: Entry, paint: Paint, width: int) -> Iterator[str]:
    """A field, where it stands now (on a line of its own where both are long), and what is said of it."""
    source = f"  {paint(SIGNS[entry.verdict], STYLES[entry.verdict])} {visible(entry.source) or '(the whole file)'}"
    target = f"→ {visible(entry.to)}" if entry.to else ""
    plain = len(visible(entry.source)) + len(target) + len("  ~  ")
    yield f"{source} {target}".rstrip() if plain <= width else source
    if plain > width and target:
        yield f"      {target}"
    yield from textwrap.wrap(visible(_note(entry)), width, initial_indent="      ", subsequent_indent="      ")


def _note(entry: Entry) -> str:
    """What is said of a field, behind its place and with the option that settles it."""
    placed = entry.place and not entry.note.startswith(f"{entry.place}:")
    note = f"{entry.place}: {entry.note}" if placed else entry.note
    return f"{note} ({entry.flag})" if entry.flag and entry.flag not in note else note


def _data(file: str, verdict: str, note: str, place: str = "") -> dict[str, object]:
    return {
        "file": file,
        "path": [],
        "field": "",
        "verdict": verdict,
        "to": "",
        "note": note,
        "flag": "",
        "place": place,
    }


def _field(entry: Entry) -> dict[str, object]:
    return {"path": list(entry.path), "field": entry.source, "to": entry.to, "flag": entry.flag}


def _code(text: str) -> str:
    return cell(code_span(text))
