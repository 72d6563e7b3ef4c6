"""The resources of this machine: data, environments, and a record for each cluster and datastore, replaced at once."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from specrun.engines.base import EngineError, Quota, Report
from specrun.engines.local.disk import IS_FULL, is_full, why
from specrun.engines.local.environments import build_environment, observe_environment, remove_environment
from specrun.engines.local.stores import (
    delete_target,
    maker_in,
    noted,
    observe_target,
    recorded_targets,
    send_files,
)
from specrun.plan import stored
from specrun.plan.changes import Action, Change, ResourceChange
from specrun.plan.hashes import HashCache
from specrun.plan.home import replace_text
from specrun.plan.kinds.compute import Cluster
from specrun.plan.kinds.data import DataTarget, Upload
from specrun.plan.kinds.datastore import Datastore
from specrun.plan.kinds.environment import JobEnvironment
from specrun.plan.observed import Existing, Observed, Status, Uploaded
from specrun.plan.private import check_folder
from specrun.plan.resources import Kind, Resource
from specrun.spec.model import Secret


class LocalResources:
    """What this machine has. A workspace, and a cluster that is only named, are this machine itself."""

    def __init__(self, home: Path, hashes: HashCache) -> None:
        self._home = home
        self._hashes = hashes

    def observe(self, resource: Resource) -> Observed:
        """The resource as it is now."""
        with translated(resource.address):
            match resource:
                case DataTarget():
                    return observe_target(self._home, self._hashes, resource)
                case JobEnvironment():
                    return observe_environment(self._home, resource)
                case Cluster(managed=True) | Datastore():
                    return _observe_record(self._home, resource)
            return Observed(Status.UNSEEN, reason="this machine stands for it")

    def existing(self, kind: Kind) -> Sequence[Existing]:
        """What is recorded of a kind."""
        with translated(f"every {kind}"):
            folder = _path(self._home, kind, "one").parent
            check_folder(folder, self._home)
            names = sorted(file.stem for file in folder.glob("*.json"))
        found = ((name, read_record(self._home, kind, name)) for name in names)
        return [Existing(name, maker=maker_in(content.get("owner"))) for name, content in found if content is not None]

    def uploads(self, datastores: Collection[str]) -> Sequence[Uploaded]:
        """The targets that are recorded, by those who wrote there."""
        with translated("every data"):
            return [one for one in recorded_targets(self._home) if one.datastore in datastores]

    def begin(self, change: Change, report: Report) -> None:
        """Carry out a change, which is done when this returns."""
        with translated(change.key.address):
            match change:
                case Upload():
                    send_files(self._home, self._hashes, change, report)
                case ResourceChange(resource=DataTarget() as target):
                    delete_target(self._home, target)
                case ResourceChange(resource=JobEnvironment() as environment, action=Action.DELETE):
                    remove_environment(self._home, environment)
                case ResourceChange(resource=JobEnvironment() as environment):
                    build_environment(self._home, environment, report)
                case ResourceChange(resource=Cluster() | Datastore()):
                    _write_record(self._home, change)


@contextlib.contextmanager
def translated(address: str) -> Iterator[None]:
    """Have an OSError raised as the EngineError that it means for what is at an address."""
    try:
        yield
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        if is_full(error):
            mend = "make room, or set SPECRUN_HOME to a folder on another disk"
            raise Quota(f"{address}: {IS_FULL}{place}: {mend}") from error
        raise EngineError(f"{address}: {why(error)}{place}") from error


def read_record(home: Path, kind: str, name: str) -> Mapping[str, object] | None:
    """What is recorded of a cluster or a datastore; None when nothing is. Raises EngineError."""
    path = _path(home, kind, name)
    try:
        check_folder(path.parent, home)
        return stored.read_record(path)
    except FileNotFoundError:
        return None
    except stored.Damaged as error:
        raise EngineError(f"{kind} {name}: {error}: correct it or delete it") from error


def _observe_record(home: Path, resource: Resource) -> Observed:
    content = read_record(home, resource.kind, resource.name)
    if content is None:
        return Observed(Status.MISSING)
    properties = content.get("properties")
    maker = maker_in(content.get("owner"))
    return Observed(Status.READY, properties if isinstance(properties, Mapping) else {}, maker=maker)


def _write_record(home: Path, change: ResourceChange) -> None:
    """Make the record what the change asks for. Fields that the spec leaves out keep their value."""
    resource, before = change.resource, change.before
    path = _path(home, resource.kind, resource.name)
    if change.action is Action.DELETE:
        path.unlink(missing_ok=True)
        return
    if change.action is not Action.UPDATE:
        before = Observed(Status.MISSING, maker=resource.maker)
    content = {"owner": noted(before.maker), "properties": _merge(before.properties, resource.wanted)}
    replace_text(home, path, json.dumps(content, indent=1))


def _path(home: Path, kind: str, name: str) -> Path:
    return home / "resources" / kind / f"{name}.json"


def _merge(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, object]:
    merged = dict(before)
    for name, value in after.items():
        old = merged.get(name)
        if isinstance(value, Secret):
            merged[name] = str(value)  # by name: a secret's value is never written down
        elif isinstance(value, Mapping):
            merged[name] = _merge(old if isinstance(old, Mapping) else {}, value)
        else:
            merged[name] = value
    return merged
