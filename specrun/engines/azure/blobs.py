"""The files in a container below a prefix: what there is, one blob written as a whole, and our own removed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from specrun.engines.azure.blob_errors import explained
from specrun.engines.azure.containers import BLOCK, CONNECTIONS, Container
from specrun.engines.azure.listing import Blob, list_blobs
from specrun.engines.azure.workers import run_all
from specrun.plan.makers import Maker
from specrun.plan.observed import StoredFile
from specrun.spec.tree import composed_name


def list_files(container: Container, prefix: str) -> dict[str, StoredFile]:
    """The files below a prefix ("": all), by their path relative to it, in Unicode's NFC.

    Of two names that differ in their normal form alone, the one that we would write counts. Folders of a hierarchical
    namespace are left out. Raises EngineError; Missing when there is no such container.
    """
    files: dict[str, StoredFile] = {}
    exact: set[str] = set()
    for path, blob in _below(container, prefix):
        name = composed_name(path)
        if name == path:
            exact.add(name)
        elif name in exact:
            continue
        files[name] = StoredFile(blob.size, blob.md5, blob.maker, blob.sha256, "" if blob.md5 else blob.etag)
    return files


def remove(container: Container, prefix: str, paths: Collection[str], maker: Maker) -> None:
    """Delete those of the files that a spec has written; what is somebody else's, or not there any more, is left alone.

    Raises EngineError; Conflict when one of them is replaced at that very moment.
    """
    wanted = set(paths)
    if not wanted:
        return
    ours = [
        blob
        for path, blob in _below(container, prefix)
        # Whoever sends a request with `..` in its address resolves it, and would delete another blob.
        if blob.maker.is_of(maker) and composed_name(path) in wanted and not _leaves(path)
    ]
    run_all((partial(_delete, container, blob) for blob in ours), CONNECTIONS)


def _leaves(path: str) -> bool:
    return not {".", ".."}.isdisjoint(path.split("/"))


def write_blob(
    container: Container,
    name: str,
    data: bytes,
    metadata: Mapping[str, str],
    lease: str = "",
    alive: Callable[[], object] = lambda: None,
) -> None:
    """Write a blob at once, with its MD5, which the service checks, block by block where it is large; `alive` is called
    after each. Raises EngineError.
    """
    from azure.storage.blob import ContentSettings

    digest = hashlib.md5(data, usedforsecurity=False).digest()
    checked: dict[str, Any] = (
        {"headers": {"Content-MD5": base64.b64encode(digest).decode()}}
        if len(data) <= BLOCK
        else {"validate_content": True, "max_concurrency": CONNECTIONS, "progress_hook": lambda *_: alive()}
    )
    with explained(container, f"writing {name}"):
        container.blob(name).upload_blob(
            data,
            length=len(data),
            overwrite=True,
            metadata=dict(metadata),
            content_settings=ContentSettings(content_md5=bytearray(digest)),
            **checked,
            **({"lease": lease} if lease else {}),
        )


def read_piece(container: Container, name: str, start: int, length: int) -> bytes:
    """At most `length` bytes of a blob from `start`; none where it ends before. Raises EngineError, Missing."""
    with explained(container, f"reading {name}"):
        return bytes(container.blob(name).download_blob(offset=start, length=length).readall())


def fetch_blob(container: Container, name: str, to: Path) -> None:
    """Copy a blob to a file, which is there as a whole or not at all. Raises EngineError, Missing, OSError."""
    to.parent.mkdir(parents=True, exist_ok=True)
    partial_file = to.with_name(f".{to.name[:40]}.partial")
    partial_file.unlink(missing_ok=True)  # "x": what lies there by then, such as a link, is not written through
    try:
        with explained(container, f"reading {name}"), partial_file.open("xb") as file:
            container.blob(name).download_blob().readinto(file)
        partial_file.replace(to)
    finally:
        partial_file.unlink(missing_ok=True)


def folder(prefix: str) -> str:
    """A prefix as blob names begin with it: with a slash at its end, or empty."""
    prefix = prefix.strip("/")
    return f"{prefix}/" if prefix else ""


def _delete(container: Container, blob: Blob) -> None:
    from azure.core import MatchConditions
    from azure.core.exceptions import ResourceNotFoundError

    with explained(container, f"deleting {blob.name}"):
        try:
            container.blob(blob.name).delete_blob(etag=blob.etag, match_condition=MatchConditions.IfNotModified)
        except ResourceNotFoundError:
            return  # somebody was faster


def _below(container: Container, prefix: str) -> Iterator[tuple[str, Blob]]:
    start = folder(prefix)
    for blob in list_blobs(container, start):
        path = blob.name[len(start) :]
        if path and not path.endswith("/"):
            yield path, blob
