"""Small records in a container, written by one apply at a time: by who has the lease on them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from specrun.engines.azure import leases
from specrun.engines.azure.blob_errors import explained
from specrun.engines.azure.blobs import write_blob
from specrun.engines.azure.containers import Container
from specrun.engines.azure.leases import Lease, Taken
from specrun.engines.base import Conflict

LOOK_AGAIN = 1.0
"""Seconds between two tries to get a lease that somebody else has."""


@contextmanager
def lease(container: Container, path: str) -> Iterator[Lease]:
    """Hold the lease on a blob, which is made (empty) if it is not there; renewed until the end, then given back.

    Somebody else's is waited for until it must have run out, if nobody renews it. Raises Conflict, and EngineError.
    """
    held = Lease(lambda work: work(container), path, str(uuid.uuid4()))
    deadline = time.monotonic() + leases.SECONDS + 5
    while True:
        try:
            held.take()
            break
        except Taken as taken:
            if time.monotonic() > deadline:
                raise Conflict(f"{container.words}: another apply is at work on {path}: wait for it") from taken
            time.sleep(LOOK_AGAIN)
    try:
        yield held
    finally:
        held.release()


def write_record(
    container: Container,
    path: str,
    content: bytes,
    metadata: Mapping[str, str] | None = None,
    lease: Lease | None = None,
) -> None:
    """Write a record as a whole; a leased one under its lease. Raises EngineError; Conflict without the lease."""
    write_blob(container, path, content, metadata or {}, lease.id if lease else "")


def forget_record(container: Container, path: str) -> None:
    """Delete a record, if it is there. Raises EngineError."""
    from azure.core.exceptions import ResourceNotFoundError

    with explained(container, f"deleting {path}"), suppress(ResourceNotFoundError):
        container.blob(path).delete_blob()


def read_record(container: Container, path: str) -> bytes:
    """A record's content; empty when it was leased and never written. Raises EngineError; Missing if there is none."""
    with explained(container, f"reading {path}"):
        return bytes(container.blob(path).download_blob().readall())
