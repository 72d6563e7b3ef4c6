"""The code of two runs: which files are others, and the lines that differ, as far as their contents are to be had."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from specrun.spec.frozen import dataclass
from specrun.spec.wording import size as size_text

LONGEST = 1 << 18
"""Bytes of a file whose lines are compared."""

READ = 100
"""Files whose lines are compared, and CHANGES are told by name; of the others there is a number."""
CHANGES = 1000

CONTEXT = 3


class FileFacts(NamedTuple):
    """What is known of a file without having it: `md5` in hex, `size` in bytes (None: nobody knows)."""

    md5: str
    executable: bool = False
    size: int | None = None


Listing = Mapping[str, FileFacts]
"""Files by their paths."""

Content = Callable[[str], bytes | str]
"""The content of a run's code file by its path; or in words why it is not to be had."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that is another in the second of two runs, or in one of them alone.

    `change` is added, changed, mode (only whether it may be executed), renamed or gone; `origin` what a renamed one was
    called. `diff` has the hunks of a unified diff, with `added` and `removed` lines; without it `note` says why.
    """

    path: str
    change: str
    before: FileFacts | None
    after: FileFacts | None
    origin: str = ""
    diff: str = ""
    added: int = 0
    removed: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class FilesDiff:
    """The files that are others, by path, how many are not, and how many changes are left out of `files`."""

    files: tuple[FileChange, ...] = ()
    unchanged: int = 0
    left_out: int = 0

    @property
    def counts(self) -> Mapping[str, int]:
        """How many of `files` there are of each kind of change."""
        kinds = [one.change for one in self.files]
        return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def compare_files(before: Listing, after: Listing) -> FilesDiff:
    """The files of two listings side by side. What is gone and has come again under another name is renamed, where
    there is one of the content on either side.
    """
    gone = {path: facts for path, facts in before.items() if path not in after}
    new = {path: facts for path, facts in after.items() if path not in before}
    origins = dict(_renamed(gone, new))
    found = [FileChange(path, "renamed", gone[was], new[path], was) for path, was in origins.items()]
    found += [FileChange(path, "added", None, facts) for path, facts in new.items() if path not in origins]
    moved = set(origins.values())
    found += [FileChange(path, "gone", facts, None) for path, facts in gone.items() if path not in moved]
    same = 0
    for path, was in before.items():
        now = after.get(path)
        if now is None:
            continue
        if was.md5 != now.md5:
            found.append(FileChange(path, "changed", was, now))
        elif was.executable != now.executable:
            found.append(FileChange(path, "mode", was, now))
        else:
            same += 1
    found.sort(key=lambda one: one.path)
    return FilesDiff(tuple(found[:CHANGES]), same, max(0, len(found) - CHANGES))


def with_lines(found: FilesDiff, before: Content, after: Content) -> FilesDiff:
    """The same with the lines that differ: nothing is read of what cannot be shown."""
    shown, read = [], 0
    for one in found.files:
        if one.change in ("mode", "renamed"):
            shown.append(one)
            continue
        read += 1
        shown.append(
            _with_lines(one, before, after) if read <= READ else _noted(one, f"only {READ} files are compared")
        )
    return FilesDiff(tuple(shown), found.unchanged, found.left_out)


def _renamed(gone: Listing, new: Listing) -> Iterator[tuple[str, str]]:
    """What each renamed file is called now, and was before."""
    before, after = defaultdict[FileFacts, list[str]](list), defaultdict[FileFacts, list[str]](list)
    for files, by_content in ((gone, before), (new, after)):
        for path, facts in files.items():
            if facts.md5 and facts.size != 0:  # empty files are all alike
                by_content[facts._replace(size=None)].append(path)
    for content, paths in after.items():
        if len(paths) == 1 and len(before.get(content, ())) == 1:
            yield paths[0], before[content][0]


def _with_lines(one: FileChange, before: Content, after: Content) -> FileChange:
    large = [facts.size for facts in (one.before, one.after) if facts and facts.size and facts.size > LONGEST]
    if large:
        return _noted(one, f"too large to be shown ({size_text(max(large))})")
    texts: list[list[str]] = []
    for facts, read, path in ((one.before, before, one.origin or one.path), (one.after, after, one.path)):
        content = read(path) if facts is not None else b""
        if isinstance(content, str):
            return _noted(one, content)
        if len(content) > LONGEST:
            return _noted(one, f"too large to be shown ({size_text(len(content))})")
        text = _text(content)
        if text is None:
            return _noted(one, "binary")
        texts.append(_lines(text))
    return _diffed(one, *texts)


def _noted(one: FileChange, note: str) -> FileChange:
    return replace(one, note=note)


def _text(content: bytes) -> str | None:
    if b"\0" in content:
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _diffed(one: FileChange, old: list[str], new: list[str]) -> FileChange:
    lines = list(unified(old, new))
    added = sum(line.startswith("+") for line in lines)
    removed = sum(line.startswith("-") for line in lines)
    note = "" if lines else "empty" if one.before is None or one.after is None else "the same lines, another encoding"
    return replace(one, diff="\n".join(lines), added=added, removed=removed, note=note)


def unified(old: list[str], new: list[str]) -> Iterator[str]:
    """The hunks of a unified diff, a line each and without their ends; of a last line without an end it is said."""
    from difflib import unified_diff  # late: few commands compare anything

    for number, line in enumerate(unified_diff(old, new, n=CONTEXT)):
        if number < 2:
            continue  # the names of files
        yield line.rstrip("\n") if line.startswith("@@") else line.removesuffix("\n")
        if not line.endswith("\n"):
            yield "\\ No newline at end of file"


def _lines(text: str) -> list[str]:
    """What ends with a line feed: a lone carriage return is a part of a line, as for git."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
