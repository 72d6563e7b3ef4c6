"""What stands for clusters and datastores on this machine: a JSON record each, replaced at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from specrun.engines.base import EngineError
from specrun.plan.changes import Action, Change
from specrun.plan.home import replace_text
from specrun.plan.observed import Observed, Status
from specrun.plan.resources import Resource
from specrun.spec.model import Secret


def observe_record(home: Path, resource: Resource) -> Observed:
    """A recorded resource. Raises EngineError when its record cannot be read."""
    content = read_record(home, resource.kind, resource.name)
    if content is None:
        return Observed(Status.MISSING)
    properties = content.get("properties")
    return Observed(
        Status.READY, properties if isinstance(properties, Mapping) else {}, owner=str(content.get("owner", ""))
    )


def read_record(home: Path, kind: str, name: str) -> Mapping[str, object] | None:
    """The record's content; None when there is none. Raises EngineError."""
    path = _path(home, kind, name)
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise EngineError(f"{kind} {name}: {path} cannot be read ({error}): correct it or delete it") from error
    if not isinstance(content, Mapping):
        raise EngineError(f"{kind} {name}: {path} is not a record: delete it")
    return content


def write_record(home: Path, change: Change) -> None:
    """Make the record what the change asks for. Fields that the spec leaves out keep their value."""
    resource = change.resource
    path = _path(home, resource.kind, resource.name)
    if change.action is Action.DELETE:
        path.unlink(missing_ok=True)
        return
    replaced = change.action in (Action.CREATE, Action.REPLACE) or change.before is None
    before = {} if replaced or change.before is None else change.before.properties
    owner = resource.spec.name if replaced or change.before is None else change.before.owner
    content = {"owner": owner, "properties": _merge(before, resource.properties)}
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
