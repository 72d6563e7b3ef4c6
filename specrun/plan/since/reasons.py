"""Which specs changed since a commit, and why: their text, what they build on, code, data and environment.

Of all specs only the few are parsed whose text leads to something that changed.
"""

# ruff: noqa: PTH118, PTH120
# There are thousands of specs, and os.path looks at their paths ten times as fast.

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from specrun.plan.since.changes import Change
from specrun.plan.since.paths import Look, PathChanges
from specrun.spec.boundary import is_below
from specrun.spec.conda_file import pip_entries
from specrun.spec.diagnostics import Location
from specrun.spec.glimpse import bases_in, is_abstract, paths_in
from specrun.spec.reading import MOST_YAML, read_bytes
from specrun.spec.requirements import Entry, Lines, TooMany, expand
from specrun.spec.rules.chains import names_file
from specrun.spec.rules.data import is_local
from specrun.spec.rules.subject import mapping, text
from specrun.spec.source import parse

_RUN = re.compile(r"""\brun["']?[ \t]*:""")
_NAME = re.compile(r"""^["']?name["']?[ \t]*:[ \t]*["']?([a-z0-9][a-z0-9-]*)["']?[ \t]*(?:#.*)?$""", re.MULTILINE)

Merged = Callable[[str], Iterable[Mapping[str, Any]]]
"""The values of a spec with all of its layers, for each target that is meant; paths start at its real folder."""


class Reason(NamedTuple):
    """Why a spec is taken: `what` of it is different, and where.

    What is: text, place (it was renamed, from there), base, var file, target (the usual one), code, data, input,
    environment, workspace; upstream, of a spec that it reads from; untracked, of which git does not know it;
    unreadable: whoever reads it says why.
    """

    what: str
    changes: tuple[Change, ...] = ()


class Found(NamedTuple):
    """Why a spec is taken, if it is; and what of it git does not track."""

    reasons: tuple[Reason, ...] = ()
    untracked: tuple[str, ...] = ()


class _Text(NamedTuple):
    """What a file's text leads to: the paths in its fields, None where it has to be parsed; and its bases.

    `has_targets`: which of them is meant others may say. `may_read`: from another spec's run.
    """

    folder: str
    fields: frozenset[tuple[str, str]] | None = frozenset()
    bases: tuple[str, ...] = ()
    has_targets: bool = False
    is_abstract: bool = False
    is_unreadable: bool = False
    may_read: bool = False
    name: str = ""


class Since:
    """What changed of specs.

    `more` are files that each of them is made of besides; `replaced` says whether the command line puts paths in the
    place of theirs; `usual_targets` are the changes that give the specs of a repository another target.
    """

    def __init__(
        self,
        changes: PathChanges,
        merged: Merged,
        more: Sequence[str] = (),
        *,
        replaced: bool = False,
        usual_targets: Sequence[Change] = (),
    ) -> None:
        self._changes = changes
        self._merged = merged
        self._more = tuple(map(os.path.abspath, more))
        self._replaced = replaced
        self._usual_targets = usual_targets
        self._folders: dict[str, str] = {}
        self._parsed: dict[str, tuple[Mapping[str, Any], ...]] = {}
        self._texts: dict[str, _Text] = {}
        self._led: dict[tuple[str, frozenset[tuple[str, str]]], bool] = {}
        self._named: dict[str, tuple[str, ...]] = {}

    def of(self, file: str) -> Found:
        """Why a spec is taken, and what of it git does not track."""
        layers = self._layers(self._place(file))
        reasons = [
            *self._file("text", layers[:1]),
            *self._file("base", layers[1:]),
            *self._file("var file", self._more),
        ]
        if not reasons and self._text(layers[0]).is_unreadable:
            reasons.append(Reason("unreadable"))
        if any(self._text(layer).has_targets for layer in layers):
            usual = (one for one in self._usual_targets if is_below(layers[0], os.path.dirname(one.path)))
            reasons += (Reason("target", (one,)) for one in usual)
        untracked = [path for layer in layers for path in self._changes.file(layer).untracked]
        if self._replaced or any(map(self._leads, layers)):
            for values in self._values(file):
                for what, look in self._parts(values, os.path.dirname(self._changes.real(layers[0]))):
                    reasons += [Reason(what, look.changes)] if look.changes else []
                    untracked += look.untracked
        return Found(_joined(reasons), tuple(dict.fromkeys(untracked)))

    def reads_from(self, file: str) -> Iterator[str]:
        """The specs whose runs a spec reads from, as it names them: by name, or the path of a file."""
        place = self._place(file)
        if not any(self._may_read(layer) for layer in self._layers(place)):
            return
        for values in self._values(file):
            for entry in mapping(mapping(values.get("job")).get("inputs")).values():
                if written := text(mapping(entry).get("run")):
                    folder = os.path.dirname(place)
                    yield os.path.normpath(os.path.join(folder, written)) if names_file(written) else written

    def name_of(self, file: str) -> str:
        """What a spec is called; "" of what is none."""
        known = self._text(self._place(file))
        names = {str(values.get("name") or "") for values in self._values(file)} if not known.name else {known.name}
        return next(iter(names), "")

    def _values(self, file: str) -> Sequence[Mapping[str, Any]]:
        if file not in self._parsed:
            self._parsed[file] = tuple(self._merged(file))
        return self._parsed[file]

    def _may_read(self, place: str) -> bool:
        known = self._text(place)
        return known.may_read or known.fields is None

    def is_abstract(self, file: str) -> bool:
        """Whether a file is a base, and no spec."""
        return self._text(self._place(file)).is_abstract

    def _place(self, file: str) -> str:
        """The place of a file in a real folder; itself it may be a link."""
        written, name = os.path.split(file)
        if written not in self._folders:
            self._folders[written] = os.path.realpath(written)
        return f"{self._folders[written].rstrip('/')}/{name}"

    def _file(self, what: str, paths: Iterable[str]) -> Iterator[Reason]:
        for path in paths:
            if changes := self._changes.file(path).changes:
                yield Reason(what, changes)

    def _layers(self, place: str) -> list[str]:
        """A file and all that it builds on, each once."""
        found = [place]
        for one in found:
            for base in self._text(one).bases:
                if base not in found:
                    found.append(base)
        return found

    def _text(self, place: str) -> _Text:
        if place not in self._texts:
            real = self._changes.real(place)
            # What lies elsewhere may not be read at all: whoever merges it knows.
            known = _read(place, os.path.dirname(real)) if self._changes.tracks(real) else _Text("", None)
            self._texts[place] = known
        return self._texts[place]

    def _leads(self, place: str) -> bool:
        """Whether what a file says may lead to something that changed, or that git does not track."""
        folder, fields = self._text(place)[:2]
        if fields is None:
            return True
        if (folder, fields) not in self._led:  # those of a folder say the same
            paths = ((field, os.path.normpath(os.path.join(folder, path))) for field, path in fields if is_local(path))
            self._led[folder, fields] = any(self._seen(field, path) for field, path in paths)
        return self._led[folder, fields]

    def _seen(self, field: str, path: str) -> bool:
        if field == "code":
            return any(self._changes.code(path))
        if field == "conda_file":
            return any(any(self._changes.file(one)) for one in self._conda_files(path))
        if field == "from_config":
            return bool(self._changes.file(path).changes)
        return any(self._changes.data(path))

    def _parts(self, values: Mapping[str, Any], folder: str) -> Iterator[tuple[str, Look]]:
        """What the paths of a spec lead to. One that is not known here may lead to anything."""
        unknown: list[str] = []

        def local(value: object) -> Iterator[str]:
            path = text(value)
            if path and is_local(path) and "\0" not in path:
                yield os.path.normpath(os.path.join(folder, path))
            elif path is None and isinstance(value, str):
                unknown.append(value)

        job = mapping(values.get("job"))
        data = [path for entry in mapping(values.get("data")).values() for path in local(mapping(entry).get("path"))]
        for path in local(job.get("code")):
            yield "code", self._changes.code(path, set(map(os.path.realpath, data)))
        for path in data:
            yield "data", self._changes.data(path)
        for entry in mapping(job.get("inputs")).values():
            for path in local(mapping(entry).get("path")):
                yield "input", self._changes.data(path)
        environment = mapping(job.get("environment"))
        for path in local(mapping(environment.get("build")).get("path")):
            yield "environment", self._changes.context(path)
        for path in local(environment.get("conda_file")):
            yield from (("environment", self._changes.file(one)) for one in self._conda_files(path))
        pip = environment.get("pip")
        lines = [line for line in pip if isinstance(line, str)] if isinstance(pip, list) else []
        for path in self._named_by(Entry(line, folder, _nowhere) for line in lines):
            yield "environment", self._changes.file(path)
        for path in local(mapping(values.get("workspace")).get("from_config")):
            yield "workspace", Look(self._changes.file(path).changes)  # where it is ignored, as is usual, so it is
        yield "code", Look(untracked=tuple(unknown))

    def _conda_files(self, path: str) -> tuple[str, ...]:
        """A conda file and the files that it names."""
        if path not in self._named:
            document = None
            if self._changes.tracks(os.path.realpath(path)):
                with contextlib.suppress(OSError, ValueError):  # that it cannot be read is for the rules to say
                    document = parse(path, read_bytes(path, MOST_YAML))[0]
            entries = pip_entries(document, os.path.dirname(path)) if document is not None else ()
            self._named[path] = (path, *self._named_by(entries))
        return self._named[path]

    def _named_by(self, entries: Iterable[Entry]) -> Sequence[str]:
        """The files that lines of pip name, and these again. Those of other places are not read."""
        found: list[str] = []

        def read(_: Entry, path: str) -> Lines:
            found.append(path)
            try:
                inside = self._changes.tracks(os.path.realpath(path))
                return Lines(read_bytes(path).decode(errors="replace")) if inside else Lines()
            except (OSError, ValueError):
                return Lines()

        try:
            for _ in expand(entries, read):
                pass
        except TooMany:
            pass
        return found


def _nowhere() -> Location:
    return Location("", 1, 1)


def _read(place: str, folder: str) -> _Text:
    """What a file's text leads to; its paths begin at a real folder."""
    try:
        data = read_bytes(place, MOST_YAML)
        written = data.decode().replace("\r\n", "\n")
    except (OSError, ValueError) as error:
        return _Text(folder, is_unreadable=isinstance(error, OSError))
    bases = bases_in(written)
    if bases is None:
        document = parse(place, data)[0]
        extends = document.values.get("extends") if document is not None else None
        listed = extends if isinstance(extends, list) else [extends]
        bases = tuple(base for base in listed if isinstance(base, str) and "\0" not in base)
    bases = tuple(os.path.normpath(os.path.join(folder, base)) for base in bases)
    has_targets = "targets" in written and "default_target" not in written
    name = _NAME.search(written)
    may_read = _RUN.search(written) is not None
    is_base = is_abstract(written)
    return _Text(
        folder, paths_in(written), bases, has_targets, is_base, may_read=may_read, name=name[1] if name else ""
    )


def _joined(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """The reasons, those of one kind together."""
    found: dict[str, list[Reason]] = {}
    for reason in reasons:
        found.setdefault(reason.what, []).append(reason)
    return tuple(
        alike[0] if len(alike) == 1 else Reason(what, tuple({one: 0 for reason in alike for one in reason.changes}))
        for what, alike in found.items()
    )
