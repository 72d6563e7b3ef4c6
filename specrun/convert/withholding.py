"""The last look at what an importer has made: no credential leaves it, in whatever field of the source it stood.

Fields that are made to hold one are written by name long before. Here it is taken out of all others.
"""

from __future__ import annotations

from dataclasses import replace

from specrun.convert.credentials import reveals
from specrun.convert.imported import Imported
from specrun.convert.report import Entry, Report, Verdict, dotted
from specrun.spec.masking import masked

_WHAT = "a credential stands there, and is not copied: let the environment have it, as `${{ secrets.NAME }}`"


def withheld(imported: Imported) -> Imported:
    """The same with TODO for each text that has a credential in it, of which the report then asks."""
    places = {dotted(path) for path in imported.draft.withhold(reveals, _cleared)}
    files = {file: _cleared(text) if reveals(text) else text for file, text in imported.files.items()}
    changed = [file for file, text in imported.files.items() if files[file] != text]
    entries = [_masked(entry) for entry in imported.report.entries]
    if places or changed:
        told = {entry.to for entry in entries} & places
        entries = [_asked(entry) if entry.to in told else entry for entry in entries]
        source = entries[0].file if entries else imported.name
        entries += [Entry(source, (), Verdict.NEEDS_YOU, place, _WHAT) for place in sorted(places - told)]
        entries += [Entry(source, (), Verdict.NEEDS_YOU, file, f"{_WHAT}; asterisks are there") for file in changed]
    return replace(imported, files=files, report=Report(tuple(entries), imported.report.places))


def _asked(entry: Entry) -> Entry:
    return replace(entry, verdict=Verdict.NEEDS_YOU, note=_WHAT, flag="")


def _masked(entry: Entry) -> Entry:
    texts = (entry.to, entry.note, entry.flag)
    if not any(map(reveals, texts)):
        return entry
    to, note, flag = (_cleared(text) if reveals(text) else text for text in texts)
    return replace(entry, to=to, note=note, flag=flag)


def _cleared(text: str) -> str:
    """A text with a credential in it as it may be shown."""
    shown = masked(text)
    return shown if shown != text else "a credential stands here"
