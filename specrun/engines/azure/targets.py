"""Data on datastores: listed, sent, and what a spec no longer wants removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from specrun.engines.azure.blobs import list_files, remove
from specrun.engines.azure.containers import Container
from specrun.engines.azure.credentials import SignIn
from specrun.engines.azure.listing import list_blobs, list_source_lists
from specrun.engines.azure.source_lists import find_list, forget_list, leave_list, target_of
from specrun.engines.azure.upload import send
from specrun.engines.base import Denied, Missing, Report
from specrun.plan.changes import ResourceChange
from specrun.plan.hashes import content_digest
from specrun.plan.kinds.data import DataTarget, Upload
from specrun.plan.observed import CloudContent, Observed, Status, Uploaded
from specrun.plan.resources import DEFAULT_DATASTORE, Place
from specrun.spec.datastore_paths import StoragePath, parse

Open: TypeAlias = Callable[[str | None], Container]
"""The container behind the datastore of a name; None is the workspace's default. Raises EngineError."""


def observe_target(open_store: Open, resource: DataTarget) -> Observed:
    """What lies at a target: one request for each 5,000 files, and one for the datastore when it is first used.

    With one more, what the last upload left of a source that is not here.
    """
    try:
        container = _container(open_store, resource)
        files = list_files(container, resource.target)
    except Missing as error:
        return Observed(Status.MISSING, reason=str(error))
    listed = find_list(container, resource.target) if resource.absent else None
    return Observed(Status.READY if files else Status.MISSING, files=files, listed=listed)


def begin_target(open_store: Open, change: ResourceChange | Upload, resource: DataTarget, report: Report) -> None:
    """Send what is new or changed and remove what is pruned; or remove what the spec has written.

    The list of the source goes first: what is on the target in the end is what counts of it, and so one that is there
    too early does no harm, while one that was never written after an upload that was killed would not be missed.
    """
    container, maker = _container(open_store, resource), resource.maker
    if isinstance(change, Upload):
        leave_list(container, resource.target, change.transfer.source, maker, report)
        send(container, resource.target, change.transfer.send, maker, report, resource.sha256)
        remove(container, resource.target, change.transfer.prune, maker)
    else:
        if all(file.maker.is_of(maker) for file in change.before.files.values()):
            forget_list(container, resource.target)
        remove(container, resource.target, tuple(change.before.files), maker)


def uploads(open_store: Open, datastore: str) -> Iterator[Uploaded]:
    """The targets on a datastore that have a list of their source, with who uploaded that. Raises EngineError."""
    try:
        container = open_store(None if datastore == DEFAULT_DATASTORE else datastore)
        for listed in list_source_lists(container):
            if listed.maker and (target := target_of(container, listed.name)):
                yield Uploaded(datastore, target, listed.maker)
    except Missing:
        return


def digest_path(open_store: Open, content: CloudContent, place: Place, default: Callable[[], str]) -> str:
    """A digest of the names, sizes and ETags at a path on a datastore, but for what the spec itself puts there.

    "" for what is no path on a datastore of the place, or not there yet. `default` says what the default datastore is
    called.
    """
    path = parse(content.uri)
    if path is None or path.workspace not in ("", place.workspace):
        return ""
    try:
        own = [target for store, target in content.beside if (store or default()).lower() == path.datastore.lower()]
        found = [
            [blob.name, blob.size, blob.etag]
            for blob in list_blobs(open_store(path.datastore), path.path)
            if _is_in(blob.name, path.path) and not any(_is_in(blob.name, target) for target in own)
        ]
    except Missing:
        return ""
    return content_digest(sorted(found))


def digest_storage(credential: SignIn, path: StoragePath) -> str:
    """The same of a path in any storage account, as far as who is signed in may look; "" where they may not."""
    try:
        container = Container(path.url, path.container, credential)
        found = [
            [blob.name, blob.size, blob.etag]
            for blob in list_blobs(container, path.path)
            if _is_in(blob.name, path.path)
        ]
    except (Missing, Denied):
        return ""
    return content_digest(sorted(found)) if found else ""


def _is_in(name: str, path: str) -> bool:
    return not path or name == path or name.startswith(f"{path}/")


def _container(open_store: Open, resource: DataTarget) -> Container:
    return open_store(None if resource.datastore == DEFAULT_DATASTORE else resource.datastore)
