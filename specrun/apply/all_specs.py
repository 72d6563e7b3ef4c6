"""All specs of a repository, for all of their targets: what they declare, and what else they use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from specrun.apply.project import places_of
from specrun.engines.registry import find_place
from specrun.plan.kinds import DECLARED
from specrun.plan.makers import Maker
from specrun.plan.repositories import Repositories
from specrun.plan.resources import Key, Place, same_thing
from specrun.spec.datastore_paths import parse
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.frozen import dataclass
from specrun.spec.load import load
from specrun.spec.model import Origin, Spec
from specrun.spec.named import find, listed
from specrun.spec.repository_file import NAME, RepositoryFiles

_ON_AZURE = "azureml"
"""Both engines say the same of where a workspace is."""


class Use(NamedTuple):
    """A thing, and a spec that declares it, or only uses it, `managed` or not."""

    key: Key
    maker: Maker
    origin: Origin
    managed: bool = False

    @property
    def thing(self) -> tuple[str, str]:
        """See `same_thing`."""
        return same_thing(self.key)


@dataclass(frozen=True, slots=True)
class AllSpecs:
    """The specs of a repository that could be loaded: one for each target of a file, or for none where it has none.

    `files` are all that were found, bases among them, as somebody would type them here. `unread` is what kept specs
    from being loaded: mistakes, and folders that could not be looked into.
    """

    specs: tuple[Spec, ...]
    files: tuple[str, ...]
    unread: tuple[Diagnostic, ...]

    def places(self, engine: str | None) -> Mapping[Place, Sequence[Spec]]:
        """Where they go, with `engine` as the command line says it, and the specs that go there."""
        found: dict[Place, list[Spec]] = {}
        for spec, place in self._placed(engine):
            found.setdefault(place, []).append(spec)
        return found

    def uses(self, engine: str | None) -> Iterator[Use]:
        """Workspaces, clusters, datastores and data of every spec, declared or named; a thing of several several times.

        A spec that names a workspace has its things there whichever engine is meant now: with another `--engine` it is
        applied there.
        """
        repositories = Repositories()
        for spec, place in self._placed(engine):
            named = place if spec.workspace is None else find_place(_ON_AZURE, spec.workspace)
            for at in (place, named) if named.workspace != place.workspace else (place,):
                yield from _uses(spec, at, repositories.maker(spec))

    def _placed(self, engine: str | None) -> Iterator[tuple[Spec, Place]]:
        """Each spec with where it goes. Those of one target go together, and with them those that have no targets."""
        alike = [spec for spec in self.specs if not spec.target]
        for target in dict.fromkeys(spec.target for spec in self.specs):
            own = [spec for spec in self.specs if spec.target == target]
            places = places_of([*own, *alike] if target else own, engine)
            yield from ((spec, places[str(spec.file)]) for spec in own)


def all_specs(root: str, options: Mapping[str, Any], matters: Callable[[str], bool] = lambda file: True) -> AllSpecs:
    """The specs of the repository at `root`: those that git would keep, and those that its `.specrun.yaml` lists.

    `options` are those of `load`; no target and no selection in them counts. Files that do not matter are not read.
    """
    shown = os.path.relpath(root)
    repository = RepositoryFiles().at(os.path.normpath(os.path.join(shown, NAME)))  # noqa: PTH118 - as it is typed
    finds = [find([shown]), *([listed(repository)] if repository.specs else [])]
    known = {os.path.realpath(file): file for found in finds for file in found.files}
    files = tuple(file for file in known.values() if matters(file))
    mistakes = [one for one in finds[0].mistakes if one.code != "no-specs"]
    mistakes += [one for found in finds[1:] for one in found.mistakes] or repository.diagnostics
    said = {"target": None, "selection": None, "files": files, "scanned": frozenset(files), "mistakes": mistakes}
    loaded = load(**{**options, **said, "every_target": True})
    unread = [one for one in loaded.diagnostics if one.severity is Severity.ERROR or one.code == "unreadable"]
    return AllSpecs(loaded.specs, files, tuple(dict.fromkeys(unread)))


def _uses(spec: Spec, place: Place, maker: Maker) -> Iterator[Use]:
    for kind in DECLARED:
        for resource in kind.declared(spec, place, maker, None):
            yield Use(resource.key, maker, resource.origin, resource.managed)
    for data in spec.all_data():
        if data.datastore is not None:
            yield Use(Key(place, f"datastore/{data.datastore}"), maker, data.origin)
    for uri, origin in _addresses(spec):
        if (path := parse(uri)) is not None:
            at = replace(place, workspace=path.workspace) if path.workspace else place
            yield Use(Key(at, f"datastore/{path.datastore}"), maker, origin)
            yield Use(Key(at, f"data/{path.datastore}/{path.path}"), maker, origin)


def _addresses(spec: Spec) -> Iterator[tuple[str, Origin]]:
    """What the job reads and writes in the cloud by its address."""
    if spec.job is None:
        return
    for name, entry in spec.job.inputs.items():
        if entry.uri is not None:
            yield entry.uri, spec.at("job", "inputs", name)
    for name, output in spec.job.outputs.items():
        if output.path is not None:
            yield output.path, spec.at("job", "outputs", name)
