"""Data on datastores: listed, sent, and what a spec no longer wants removed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from specrun.engines.azure.blobs import list_files, remove
from specrun.engines.azure.containers import Container
from specrun.engines.azure.datastore_paths import DATASTORE_PATH
from specrun.engines.azure.listing import list_blobs
from specrun.engines.azure.upload import send
from specrun.engines.base import Missing, Report
from specrun.plan.changes import ResourceChange
from specrun.plan.hashes import content_digest
from specrun.plan.kinds.data import DataTarget, Upload
from specrun.plan.observed import Observed, Status
from specrun.plan.resources import DEFAULT_DATASTORE

Open: TypeAlias = Callable[[str | None], Container]
"""The container behind the datastore of a name; None is the workspace's default. Raises EngineError."""


def observe_target(open_store: Open, resource: DataTarget) -> Observed:
    """What lies at a target: one request for each 5,000 files, and one for the datastore when it is first used."""
    try:
        files = list_files(_container(open_store, resource), resource.target)
    except Missing as error:
        return Observed(Status.MISSING, reason=str(error))
    return Observed(Status.READY if files else Status.MISSING, files=files)


def begin_target(open_store: Open, change: ResourceChange | Upload, resource: DataTarget, report: Report) -> None:
    """Send what is new or changed and remove what is pruned; or remove what the spec has written."""
    container, owner = _container(open_store, resource), resource.owner
    if isinstance(change, Upload):
        send(container, resource.target, change.transfer.send, owner, report, resource.sha256)
        remove(container, resource.target, change.transfer.prune, owner)
    else:
        remove(container, resource.target, tuple(change.before.files), owner)


def digest_path(open_store: Open, path: str) -> str:
    """A digest of the names, sizes and ETags at a path on a datastore; "" for what is none, or not there yet."""
    match = DATASTORE_PATH.fullmatch(path)
    if match is None:
        return ""
    name = match["path"].strip("/")
    try:
        container = open_store(match["datastore"])
        found = [
            [blob.name, blob.size, blob.etag]
            for blob in list_blobs(container, name)
            if not name or blob.name == name or blob.name.startswith(f"{name}/")
        ]
    except Missing:
        return ""
    return content_digest(sorted(found))


def _container(open_store: Open, resource: DataTarget) -> Container:
    return open_store(None if resource.datastore == DEFAULT_DATASTORE else resource.datastore)
