"""Environments: what a job's processes run in, identified by content and read once, when the graph is made."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from specrun.plan.changes import Action, Change, ResourceChange
from specrun.plan.files import SourceFile, list_data
from specrun.plan.hashes import HashCache, content_digest
from specrun.plan.kinds.base import Converging
from specrun.plan.observed import Observed, Run
from specrun.plan.planning import Planning
from specrun.plan.resources import Key, Kind, Place, workspace_key
from specrun.spec.model import Environment, Properties, Spec


@dataclass(frozen=True, slots=True)
class EnvironmentContent:
    """An environment with the content of the files that it names, as they were when the graph was made.

    `conda` is the conda file with its bytes; `context` are the files of the folder that an image is built from. Engines
    are given what is here: an edit afterwards makes the plan stale, and cannot get in.
    """

    definition: Environment
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
        if self.definition.pip is not None:
            content["pip"] = list(self.definition.pip)
        if self.conda is not None:
            content["conda"] = hashlib.sha256(self.conda[1]).hexdigest()
        if self.definition.build_path is not None:
            content["build"] = {file.path: file.md5 for file in self.context}
        return content

    @property
    def digest(self) -> str:
        """Ten hexadecimal digits of the content: the environment's name."""
        return content_digest(self.identity)[:10]

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files whose content this is."""
        return (*([self.conda[0]] if self.conda is not None else []), *self.context)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnvironment(Converging):
    """The environment of a job, by content: two specs with the same share it."""

    kind: ClassVar[Kind] = "environment"
    on_demand: ClassVar[bool] = True

    content: EnvironmentContent

    def made_by(self, seen: Observed, specs: Collection[str]) -> frozenset[str]:
        """Anybody who has a spec with this content may delete what was built for it alone."""
        return frozenset(specs)

    def deleted_since(self, makers: Collection[str]) -> str:
        """It is of no use to anything else."""
        return "built for this content alone"

    def is_used_by(self, run: Run) -> bool:
        """Whether a run is in it."""
        return self.address in run.reads

    def _failed(self, planning: Planning, seen: Observed) -> Change:
        return ResourceChange(self, Action.CREATE, f"building it failed: {seen.reason}", seen)


def environment_key(content: EnvironmentContent, place: Place) -> Key:
    """The key of the environment of a content."""
    return Key(place, f"environment/{content.digest}")


def read_content(definition: Environment, hashes: HashCache) -> EnvironmentContent:
    """The environment with what its files hold now. Raises OSError."""
    conda = None
    if definition.conda_file is not None:
        path = definition.conda_file.absolute
        content = path.read_bytes()
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        conda = (SourceFile(path.name, path, len(content), False, md5), content)
    context = list_data(definition.build_path.absolute, hashes) if definition.build_path is not None else ()
    return EnvironmentContent(definition, conda, context)


def declared(spec: Spec, place: Place, environment: EnvironmentContent | None) -> Iterator[JobEnvironment]:
    """The environment of the spec's job."""
    if environment is not None:
        yield JobEnvironment(
            place=place,
            name=environment.digest,
            owner=spec.name,
            origin=spec.at("job", "environment"),
            needs=workspace_key(spec, place),
            properties=environment.identity,
            content=environment,
        )
