"""The specs of a command that changed since a commit; those that are gone, and what git cannot tell of the others."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from specrun.plan.git import GitError
from specrun.plan.since.blobs import content
from specrun.plan.since.changes import Change, Changes
from specrun.plan.since.reasons import Reason, Since
from specrun.plan.since.upstream import WithUpstream
from specrun.spec.glimpse import is_abstract
from specrun.spec.reading import MOST_YAML, read_bytes
from specrun.spec.repository_file import NAME
from specrun.spec.source import parse

_NAME = re.compile(rb"""^["']?name["']?[ \t]*:[ \t]*["']?([\w.-]+)""", re.MULTILINE)


class Changed(NamedTuple):
    """The `specs` that are taken of `total`, by their files, each with its reasons; and the files of those `deleted`.

    `untracked` are paths that git does not track, and of how many specs each is: whether they changed is not known.
    """

    specs: Mapping[str, tuple[Reason, ...]]
    total: int
    deleted: tuple[str, ...] = ()
    untracked: Mapping[str, int] = {}


def changed_specs(
    files: Sequence[str],
    since: Since,
    repositories: Sequence[Changes],
    meant: Callable[[str], bool],
    *,
    undecided: bool = False,
    passed_over: Collection[str] = (),
) -> Changed:
    """The specs in some files that changed. Of those that are deleted are named which were `meant`, by their paths.

    With `undecided` those are taken as well of which git does not track something. Of the files to be `passed_over`
    where they are abstract, which are no specs, none counts.
    """
    gone = {path: text for changes in repositories for path, text in _deleted(changes)}
    specs: dict[str, tuple[Reason, ...]] = {}
    untracked: Counter[str] = Counter()
    total = 0
    chained = WithUpstream(since, files, [changes.root for changes in repositories])
    for file in files:
        if file in passed_over and since.is_abstract(file):
            continue
        total += 1
        reasons, unknown = chained.of(file)
        before = _renamed(file, reasons, gone) if gone else ""
        if before:
            del gone[before]
            reasons = (Reason("place", (Change(before, "deleted"),)), *reasons[1:])
        if undecided and unknown:
            reasons += (Reason("untracked", tuple(Change(path, "untracked") for path in unknown)),)
        untracked.update(unknown)
        if reasons:
            specs[file] = reasons
    deleted = (path for path, text in gone.items() if meant(path) and not is_abstract(text.decode(errors="replace")))
    return Changed(specs, total, tuple(sorted(deleted)), untracked)


def usual_targets(repositories: Sequence[Changes]) -> Iterator[Change]:
    """The changes of `.specrun.yaml` files that give specs another target than before, where nobody says which."""
    for changes in repositories:
        change = changes.exactly(f"{changes.root}/{NAME}")
        if change is None:
            continue
        texts = [b""]
        with contextlib.suppress(OSError, GitError):
            texts = [
                b"" if change.before is None else content(change.before),
                b"" if change.how == "deleted" else read_bytes(change.path, MOST_YAML),
            ]
        documents = (parse(change.path, text)[0] for text in texts)
        if len({str(one.values.get("default_target")) if one is not None else "None" for one in documents}) > 1:
            yield change


def _deleted(changes: Changes) -> Iterator[tuple[str, bytes]]:
    for change in changes.found:
        if change.how == "deleted" and (text := changes.spec_before(change.path)) is not None:
            yield change.path, text


def _renamed(file: str, reasons: Sequence[Reason], gone: Mapping[str, bytes]) -> str:
    """The deleted file that a new one was: one with the same text, else with the same name in it."""
    if not any(reason.what == "text" and change.how == "new" for reason in reasons for change in reason.changes):
        return ""
    try:
        text = read_bytes(file, MOST_YAML)
    except (OSError, ValueError):
        return ""
    name = _NAME.search(text)
    alike = [path for path, before in gone.items() if before == text]
    named = (path for path, before in gone.items() if name and (was := _NAME.search(before)) and was[1] == name[1])
    return next(iter(alike), None) or next(named, "")
