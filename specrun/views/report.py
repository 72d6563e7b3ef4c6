"""What became of imported files and of each of their fields: for a terminal, for a pull request, for programs."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

from specrun.convert.imported import Found
from specrun.convert.kinds import Recognized
from specrun.convert.report import Entry, Report, Verdict
from specrun.spec.frozen import dataclass
from specrun.spec.masking import mask
from specrun.spec.visible import visible
from specrun.views.markdown_text import cell, code_span, prose
from specrun.views.text import Paint

SIGNS = {Verdict.CARRIED: "=", Verdict.REWRITTEN: "~", Verdict.DROPPED: "-", Verdict.NEEDS_YOU: "!"}
STYLES = {Verdict.CARRIED: "dim", Verdict.REWRITTEN: "cyan", Verdict.DROPPED: "dim", Verdict.NEEDS_YOU: "yellow"}
SHOWN = (Verdict.NEEDS_YOU, Verdict.REWRITTEN, Verdict.DROPPED)
"""What a terminal shows, in this order: what was carried over as it was needs no line, only a count."""

_JOB = {True: "job imported", False: "job"}
_NAMED = 5
"""How many of the files that were passed by for one reason are named."""


class Told(NamedTuple):
    """What is told of one spec: its name, what became of each field, and the jobs of the script that it was made of."""

    name: str
    report: Report
    jobs: Sequence[Found] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """All that is told of an import: each spec, and what files were taken for."""

    specs: Sequence[Told]
    looks: Collection[Recognized] = ()

    def by_file(self) -> list[tuple[str, list[Entry], Sequence[Found]]]:
        """The entries of each file and its jobs, by its name, those first that need somebody.

        A file that was read for several specs is named with each of them.
        """
        files: dict[tuple[str, str], tuple[list[Entry], Sequence[Found]]] = {}
        for spec in self.specs:
            for number, entry in enumerate(spec.report.entries):
                files.setdefault((entry.file, spec.name), ([], () if number else spec.jobs))[0].append(entry)
        often = Counter(file for file, _ in files)
        found = [
            (f"{file}, for {name}" if often[file] > 1 else file, entries, jobs)
            for (file, name), (entries, jobs) in files.items()
        ]
        return sorted(found, key=lambda one: not any(entry.verdict is Verdict.NEEDS_YOU for entry in one[1]))


def report_text(account: Account, paint: Paint, width: int) -> str:
    """What files were taken for; then file by file what needs somebody, was rewritten, was dropped, and the counts."""
    lines: list[str] = []
    for line in _looks(account.looks):
        lines += textwrap.wrap(
            visible(line), width, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
        )
    lines += [""] if lines and account.specs else []
    for title, entries, jobs in account.by_file():
        lines.append(paint(f"{visible(title)}: {summary(entries)}", "bold"))
        lines += _jobs(jobs, paint, width)
        for verdict in SHOWN:
            for entry in entries:
                if entry.verdict is verdict:
                    lines += _lines(entry, paint, width)
    return "\n".join(lines)


def report_markdown(account: Account) -> str:
    """Lists of files and of jobs, and a table for each file, with every field in it."""
    blocks = [f"- {line}" for line in _looks(account.looks, code_span, prose)]
    blocks += [""] if blocks else []
    for title, entries, jobs in account.by_file():
        blocks += [f"### {prose(title)}", "", f"{summary(entries)}.", ""]
        if jobs:
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
    for spec in account.specs:
        for job in spec.jobs:
            file = spec.report.entries[0].file if spec.report.entries else ""
            more = {"spec": spec.name, "job": job.number, "to": job.name}
            found.append({**_data(file, _JOB[job.chosen], job.why or job.what, job.place), **more})
    return found + [
        {**_data(entry.file, entry.verdict.value, entry.note, entry.place), **_field(entry), "spec": spec.name}
        for spec in account.specs
        for entry in spec.report.entries
    ]


def summary(entries: list[Entry]) -> str:
    """`12 fields carried over, 3 rewritten, 1 needs you`."""
    counts = Counter(entry.verdict for entry in entries)
    words = [f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict]]
    return ", ".join(words) or "nothing in it"


def _looks(
    looks: Collection[Recognized], quote: Callable[[str], str] = str, plain: Callable[[str], str] = str
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
        each = ", --all each" if sum(not job.only_in_sweep for job in jobs) > 1 else ""  # what --all takes
        text = f"{len(jobs)} jobs, * is imported: --job NUMBER or NAME takes another{each}"
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
        "note": mask(note) if ":`" in note or "=`" in note else note,  # else the stream would mask what is behind it
        "flag": "",
        "place": place,
    }


def _field(entry: Entry) -> dict[str, object]:
    return {"path": list(entry.path), "field": entry.source, "to": entry.to, "flag": entry.flag}


def _code(text: str) -> str:
    return cell(code_span(text))
