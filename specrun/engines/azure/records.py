"""Small records in a container, and leases under which only one apply at a time does something."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from specrun.engines.azure.blob_errors import code_of, explained
from specrun.engines.azure.blobs import write_blob
from specrun.engines.azure.containers import Container
from specrun.engines.base import Conflict, EngineError

SECONDS = 15
"""The shortest lease that the service gives: what was killed keeps others waiting for no longer."""

LOOK_AGAIN = 0.5
"""Seconds between two tries to get a lease that somebody else has."""


class Lease:
    """The lease on one blob, kept up from `acquire` to `release`; see `lease`."""

    def __init__(self, container: Container, path: str, seconds: int) -> None:
        from azure.storage.blob import BlobLeaseClient

        self._container = container
        self._path = path
        self._seconds = seconds
        # Its identity is chosen by us: a try whose answer was lost then counts as the same one.
        self.id = str(uuid.uuid4())
        self._client = BlobLeaseClient(container.blob(path), lease_id=self.id)
        self._lost = threading.Event()
        self._over = threading.Event()
        self._renewing = threading.Thread(target=self._renew, daemon=True)

    def check(self) -> None:
        """Raise Conflict when the lease was lost; to be asked right before what must happen only once."""
        if self._lost.is_set():
            raise Conflict(f"{self._path}: the lease was lost, and somebody else may be doing the same: plan again")

    def acquire(self) -> None:
        """Wait for it, no longer than somebody who was killed can have it, and keep it up from then on."""
        from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

        deadline = time.monotonic() + self._seconds + 5
        with explained(self._container, f"leasing {self._path}"):
            while True:
                try:
                    self._client.acquire(lease_duration=self._seconds)
                    break
                except ResourceNotFoundError as error:
                    if code_of(error) == "ContainerNotFound":
                        raise
                    self._make()
                except HttpResponseError as error:
                    if code_of(error) not in ("LeaseAlreadyPresent", "LeaseIsBreakingAndCannotBeAcquired"):
                        raise
                    if time.monotonic() > deadline:
                        words = self._container.words
                        raise Conflict(f"{words}: another apply is at work on {self._path}: wait for it") from error
                    time.sleep(LOOK_AGAIN)
        self._renewing.start()

    def release(self) -> None:
        """Give it back. One that cannot be given back runs out: what happened under it is what counts."""
        self._over.set()
        self._renewing.join()
        with suppress(EngineError), explained(self._container, f"giving back {self._path}"):
            self._client.release()

    def _make(self) -> None:
        from azure.core.exceptions import ResourceExistsError

        with suppress(ResourceExistsError):  # two at once: both then try for the lease
            self._container.blob(self._path).upload_blob(b"", overwrite=False)

    def _renew(self) -> None:
        until = time.monotonic() + self._seconds
        while not self._over.wait(self._seconds / 3):
            asked = time.monotonic()
            try:
                with explained(self._container, f"renewing {self._path}"):
                    self._client.renew()
                until = asked + self._seconds
            except EngineError as error:
                if isinstance(error, Conflict) or time.monotonic() > until:
                    self._lost.set()
                    return


@contextmanager
def lease(container: Container, path: str, seconds: int = SECONDS) -> Iterator[Lease]:
    """Hold the lease on a blob, which is made (empty) if it is not there; renewed until the end, then given back.

    Somebody else's is waited for until it must have run out, if nobody renews it. Raises Conflict, and EngineError.
    """
    held = Lease(container, path, seconds)
    held.acquire()
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


def read_record(container: Container, path: str) -> bytes:
    """A record's content; empty when it was leased and never written. Raises EngineError; Missing if there is none."""
    with explained(container, f"reading {path}"):
        return bytes(container.blob(path).download_blob().readall())
