"""What is said at a line of a file where people review: findings, what a plan deletes, what has drifted."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from specrun.plan.changes import Action, Plan
from specrun.plan.drift.findings import Comparison, Difference, Drift, Verdict
from specrun.plan.portable import Below
from specrun.plan.shown import Shown, ShownChange, shown
from specrun.spec.diagnostics import Diagnostic, Location, Severity
from specrun.spec.frozen import dataclass
from specrun.spec.model import Origin
from specrun.spec.named import SPEC
from specrun.spec.repository import repository_of
from specrun.spec.source import STDIN
from specrun.views.drift_text import content_text, said_of
from specrun.views.plan_text import value_text
from specrun.views.text import count

RULES = {
    "would-be-replaced": (
        "A resource would be deleted and made again.",
        "A field that cannot change in place is different: apply would delete the resource and make it anew.",
    ),
    "would-be-deleted": (
        "Something would be deleted.",
        "Apply would delete what stands here no more: a resource, or files of data with `prune: true`.",
    ),
    "drift": (
        "Something is not as it is declared.",
        "What is there differs from the spec: it was changed or deleted by hand, or by another program. "
        "Apply makes it as declared; else write in the spec what is there.",
    ),
}
"""What is said that is no mistake in a spec: in short, and why."""

_MANY = 5
"""Fields or files of one resource that are named."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is said at a place, None for nowhere. `code` is that of a diagnostic or of RULES, or "" for another error.

    `about` is what of the file it is about, however its lines move; the title is one sentence, the message has lines.
    """

    severity: Severity
    code: str
    title: str
    message: str
    location: Location | None
    others: tuple[Location, ...] = ()
    about: str = ""


def finding_annotations(diagnostics: Iterable[Diagnostic]) -> list[Annotation]:
    """Each finding at each of its places, once."""
    once = {(one.severity, one.code, one.detail, one.path, one.location): one for one in diagnostics}
    return [_finding(one) for one in once.values()]


def plan_annotations(plan: Plan | Shown) -> Iterator[Annotation]:
    """What a plan deletes, at the line that declares it."""
    for change in shown(plan).changes:
        removed = change.transfer.prune if change.transfer is not None else ()
        if change.action is Action.REPLACE:
            fixed = [field.path for field in change.fields if field.forces_replace]
            why = f"{', '.join(fixed)} forces it" if fixed else change.reason
            yield _change(change, "would-be-replaced", f"would be replaced: {why}", [change.reason, *_fields(change)])
        elif change.action is Action.DELETE:
            yield _change(change, "would-be-deleted", "would be deleted", [change.reason])
        elif removed:
            told = f"would lose {count(len(removed), 'file')}"
            names = _few([f"- {name}" for name in removed])
            yield _change(change, "would-be-deleted", told, ["files that are in no source", *names])


def drift_annotations(drift: Drift) -> Iterator[Annotation]:
    """What has drifted: each field at the line that declares it, the files of a source at the line of theirs."""
    for one in drift.of(Verdict.DRIFTED):
        files = [found for found in one.differences if found.is_file]
        for found in one.differences:
            if not found.is_file:
                title = f"{one.resource.address} has drifted: {found.path or found.way.value}"
                declared, there = value_text(found.declared), value_text(found.found)
                lines = [f"declared: {declared}", f"there: {there}"] if found.path else [said_of(one)]
                yield _drifted(one, found, title, lines)
        if files:
            lines = [f"{found.way.sign} {found.path}: {content_text(found.found)}" for found in files]
            yield _drifted(one, files[0], f"{one.resource.address} has drifted: {said_of(one)}", _few(lines))


def error_annotations(errors: Iterable[tuple[str, Location | None]]) -> list[Annotation]:
    """What else went wrong; what has no place is one, however many lines say it."""
    texts: dict[Location | None, list[str]] = {}
    for text, location in errors:
        texts.setdefault(location, []).append(text.removeprefix("error: "))
    title = "specrun could not do it"
    return [Annotation(Severity.ERROR, "", title, "\n".join(said), place) for place, said in texts.items()]


def arranged(annotations: Iterable[Annotation]) -> list[Annotation]:
    """The gravest first; of those, what is said nowhere before it."""
    said: set[object] = set()
    grave = list(Severity)
    keys = []
    for number, one in enumerate(annotations):
        what = (one.severity, one.code, one.message)
        keys.append((grave.index(one.severity), what in said, number, one))
        said.add(what)
    return [one for *_, one in sorted(keys, key=lambda key: key[:3])]


_STDIN = "stdin"


class Tree:
    """A repository's files, as those who look at it name them. What has no place in it is said at `otherwise`."""

    def __init__(self, root: str, otherwise: str) -> None:
        self._root = root
        self._below = Below(root)
        self._paths: dict[str, str] = {}
        self._otherwise = Location(self._below(otherwise) or otherwise, 1, 1)

    def path(self, file: str) -> str:
        """The path from the root, with slashes; "" outside of it. Standard input is no file beside others."""
        if file not in self._paths:
            of_ref = Path(self._root, file.partition(":")[2])  # such as origin/main:.specrun.yaml
            there = of_ref if of_ref.is_file() and not os.path.lexists(file) else Path(file)
            found = self._below(there) or self._below(os.path.realpath(there))
            self._paths[file] = found if file != STDIN else _STDIN * (self._otherwise.file == _STDIN)
        return self._paths[file]

    def inside(self, place: Location) -> Location | None:
        """The same place, seen from the root; None where it is outside."""
        path = self.path(place.file)
        return Location(path, place.line, place.column, place.length, place.text) if path else None

    def placed(self, one: Annotation) -> tuple[Location, str]:
        """Where it is shown, and its message, which names a place that is not there."""
        place = one.location
        if place is not None and (inside := self.inside(place)):
            return inside, one.message
        said = f"{place.file}:{place.line}:{place.column}: {one.message}" if place is not None else one.message
        return self._otherwise, said

    def told(self, place: Location) -> str:
        """A place in words."""
        return f"{self.path(place.file) or place.file}:{place.line}"


def tree_of(files: Sequence[str]) -> Tree:
    """The tree that this folder and the files are in. Runners say where it is, should it come without git."""
    here = str(Path.cwd())
    first = next((file for file in files if file != STDIN), "")
    folder = str(Path(first).resolve().parent) if first else here
    said = (os.environ.get(name, "") for name in ("GITHUB_WORKSPACE", "BUILD_SOURCESDIRECTORY"))
    roots = [repository_of(here), repository_of(folder), *said, here]
    root = next((root for root in roots if root and Below(root)(os.path.realpath(folder))), folder)
    return Tree(root, first or (_STDIN if files else SPEC))


def _finding(one: Diagnostic) -> Annotation:
    counts = [f"It counts for {count(one.specs, 'spec')}."] if one.specs > 1 else []
    message = "\n".join([one.detail, *counts])
    about = ".".join(map(str, one.path))
    return Annotation(one.severity, one.code, one.summary, message, one.location, one.others, about)


def _change(change: ShownChange, code: str, title: str, lines: Sequence[str]) -> Annotation:
    location = change.origin.location if isinstance(change.origin, Origin) else None
    address = change.key.address
    message = "\n".join([f"On {change.key.place.title}: {lines[0]}", *lines[1:]])
    return Annotation(Severity.NOTE, code, f"{address} {title}", message, location, about=address)


def _fields(change: ShownChange) -> list[str]:
    return _few([f"{one.path}: {value_text(one.before)} → {value_text(one.after)}" for one in change.fields])


def _drifted(one: Comparison, found: Difference, title: str, lines: Sequence[str]) -> Annotation:
    place = found.origin.location if found.origin is not None else one.resource.location
    more = [f"Declared by {count(found.others, 'spec')} more."] if found.others else []
    about = f"{one.resource.address}.{found.path}" if not found.is_file else one.resource.address
    on = f"On {one.resource.place.title}:"
    return Annotation(Severity.WARNING, "drift", title, "\n".join([on, *lines, *more]), place, about=about)


def _few(lines: Sequence[str]) -> list[str]:
    return [*lines[:_MANY], *([f"… and {len(lines) - _MANY} more"] if len(lines) > _MANY else [])]
