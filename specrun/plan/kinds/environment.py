"""Environments: what a job's processes run in, identified by content and read once, when the graph is made."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Collection, Iterable, Iterator
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import ClassVar

from specrun.plan.changes import Action, Change, ResourceChange
from specrun.plan.files import LeadsOut, SourceFile, list_data
from specrun.plan.hashes import HashCache, content_digest
from specrun.plan.kinds.base import Converging
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Run
from specrun.plan.planning import Planning
from specrun.plan.resources import Key, Kind, Place, workspace_key
from specrun.spec.boundary import Boundary, Links
from specrun.spec.conda_file import pip_entries, with_pip
from specrun.spec.diagnostics import Location
from specrun.spec.frozen import dataclass
from specrun.spec.masking import mask, mask_properties
from specrun.spec.model import Environment, Properties, Spec
from specrun.spec.reading import MOST_YAML, read_bytes
from specrun.spec.requirements import INCLUDE, Entry, Lines, expand, is_hidden, names_files, near, read_line
from specrun.spec.source import parse


@dataclass(frozen=True, slots=True)
class PipLines:
    """What pip is to install, as in a file of requirements: the lines of named files in their place, and constraints.

    `files` are those that were named, in the spec or by each other. `hidden` are the lines that no message may show.
    """

    requirements: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    files: tuple[SourceFile, ...] = ()
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class EnvironmentContent:
    """An environment with the content of the files that it names, as they were when the graph was made.

    `conda` is the conda file with its bytes; `pip` what pip is to install by the spec's list, or by a conda file that
    names other files; `context` are the files of the folder that an image is built from. Engines are given what is
    here: an edit afterwards makes the plan stale, and cannot get in.
    """

    definition: Environment
    pip: PipLines | None = field(default=None, repr=False)
    conda: tuple[SourceFile, bytes] | None = field(default=None, repr=False)
    context: tuple[SourceFile, ...] = field(default=(), repr=False)

    @property
    def identity(self) -> Properties:
        """What decides an environment: its fields, and the bytes of files instead of their paths.

        The same file on any path, on any machine, is the same environment.
        """
        content: dict[str, object] = {}
        for name in ("registered", "image", "dockerfile_path", "framework", "version"):
            value = getattr(self.definition, name)
            if value is not None:
                content[name] = value
        if self.conda is not None:
            content["conda"] = hashlib.sha256(self.conda[1]).hexdigest()
        if self.pip is not None:
            content["pip"] = list(self.pip.requirements)
            if self.pip.constraints:
                content["constraints"] = list(self.pip.constraints)
        if self.definition.build_path is not None:
            content["build"] = {file.path: file.md5 for file in self.context}
        return content

    @property
    def shown(self) -> Properties:
        """The same for people to see, and to be kept: without credentials, and without hidden lines."""
        shown = mask_properties(self.identity)
        for name in ("pip", "constraints"):
            lines = self.identity.get(name)
            if self.pip is not None and self.pip.hidden and isinstance(lines, list):
                # That they changed is to be seen: this name is the environment's, and tells no more of them.
                outside = f"lines of files outside of the repository ({self.digest})"
                kept = (mask(line) if line not in self.pip.hidden else outside for line in lines)
                shown[name] = list(dict.fromkeys(kept))
        return shown

    @property
    def digest(self) -> str:
        """Ten hexadecimal digits of the content: the environment's name."""
        return content_digest(self.identity)[:10]

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files whose content this is."""
        return (*self.named, *self.context)

    @property
    def named(self) -> tuple[SourceFile, ...]:
        """Those that say what is to be installed."""
        return (*([self.conda[0]] if self.conda is not None else []), *(self.pip.files if self.pip is not None else ()))

    @property
    def conda_text(self) -> bytes | None:
        """The conda file as it can be used without any other: what it names stands in it."""
        if self.conda is None or self.pip is None:
            return self.conda[1] if self.conda is not None else None
        document = parse(self.conda[0].path, self.conda[1])[0]
        return with_pip(document, self.pip.requirements) if document is not None else self.conda[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnvironment(Converging):
    """The environment of a job, by content: two specs with the same share it."""

    kind: ClassVar[Kind] = "environment"
    on_demand: ClassVar[bool] = True

    content: EnvironmentContent

    def made_by(self, seen: Observed, makers: Collection[Maker]) -> frozenset[str]:
        """Anybody who has a spec with this content may delete what was built for it alone."""
        return frozenset(maker.spec for maker in makers)

    def deleted_since(self, specs: Collection[str]) -> str:
        """It is of no use to anything else."""
        return "built for this content alone"

    def is_used_by(self, run: Run) -> bool:
        """Whether a run is in it."""
        return self.address in run.reads

    def entries(self) -> Iterator[Entry]:
        """Each line that pip is to install, or to be held to, with the place where it is written: read anew.

        Raises OSError.
        """
        definition, document = self.content.definition, self.origin.document
        written: Iterable[Entry] = ()
        if self.content.conda is not None:
            file, content = self.content.conda
            hidden = definition.conda_file is not None and definition.conda_file.is_outside
            read = parse(near(str(file.source)), content)[0]
            written = pip_entries(read, str(file.source.parent), hidden=hidden) if read is not None else ()
        elif definition.given:
            line = f"{INCLUDE}={shlex.quote(os.path.abspath(definition.given))}"  # noqa: PTH100 - follows links
            written = [Entry(line, "", lambda: self.location)]
        else:
            folder = str(definition.folder)
            written = (
                Entry(line, folder, partial(document.location, ("job", "environment", "pip", index)))
                for index, line in enumerate(definition.pip or ())
            )
        listed = expand(written, partial(_read_named, definition.boundary, {}))
        return (entry for entry in listed if not read_line(entry.text).named_file)

    def _why_missing(self, seen: Observed) -> str:
        return seen.reason or "it does not exist"

    def _failed(self, planning: Planning, seen: Observed) -> Change:
        return ResourceChange(self, Action.CREATE, f"building it failed: {seen.reason}", seen)


def environment_key(content: EnvironmentContent, place: Place) -> Key:
    """The key of the environment of a content."""
    return Key(place, f"environment/{content.digest}")


def read_content(definition: Environment, hashes: HashCache) -> EnvironmentContent:
    """The environment with what its files hold now. Raises OSError; LeadsOut where a link leads where none may."""
    conda, pip = None, pip_lines(definition)
    if definition.conda_file is not None:
        path = definition.conda_file.absolute
        content = read_bytes(path, MOST_YAML)
        conda = (_named(path, content), content)
        if names_files(content.decode(errors="replace")) and (document := parse(str(path), content)[0]) is not None:
            hidden = definition.conda_file.is_outside
            found = _collect(pip_entries(document, str(path.parent), hidden=hidden), definition.boundary)
            pip = found if found.files else None
    context: tuple[SourceFile, ...] = ()
    if definition.build_path is not None:
        context = list_data(definition.build_path.absolute, hashes, Links(definition.build_path.boundary))
    return EnvironmentContent(definition, pip, conda, context)


def pip_lines(definition: Environment) -> PipLines | None:
    """What pip is to install by the spec's own list; None where it has none. Raises OSError."""
    if definition.pip is None:
        return None
    if not any(map(names_files, definition.pip)):
        return PipLines(definition.pip)
    origin = Location("", 1, 1)  # nobody asks for it: what is wrong was told before
    entries = (Entry(line, str(definition.folder), lambda: origin) for line in definition.pip)
    return _collect(entries, definition.boundary)


def _named(path: Path, content: bytes) -> SourceFile:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return SourceFile(path.name, path, len(content), False, md5)


def _read_named(boundary: Boundary, files: dict[str, SourceFile], _: Entry, name: str) -> Lines:
    """A file that a line names, which is noted in `files`. Raises OSError."""
    real = boundary.real(name)
    if boundary.strict and not boundary.admits(real):  # a link since the rules have looked
        raise LeadsOut(name, real)
    content = read_bytes(name)
    files[name] = _named(Path(name), content)
    return Lines(content.decode(errors="replace"), is_hidden(boundary, name))


def _collect(entries: Iterable[Entry], boundary: Boundary) -> PipLines:
    files: dict[str, SourceFile] = {}
    requirements: list[str] = []
    constraints: list[str] = []
    hidden: list[str] = []
    for entry in expand(entries, partial(_read_named, boundary, files)):
        line = read_line(entry.text)
        if not line.named_file:
            # Options hold for all there is, wherever they stand.
            (constraints if entry.constraint and line.requirement else requirements).append(entry.text)
            hidden += [entry.text] * entry.hidden
    return PipLines(tuple(requirements), tuple(constraints), tuple(files.values()), frozenset(hidden))


def declared(
    spec: Spec, place: Place, maker: Maker, environment: EnvironmentContent | None
) -> Iterator[JobEnvironment]:
    """The environment of the spec's job."""
    if environment is not None:
        yield JobEnvironment(
            place=place,
            name=environment.digest,
            maker=maker,
            origin=spec.at("job", "environment"),
            needs=workspace_key(spec, place),
            properties=environment.shown,
            content=environment,
        )
