"""A lease on a blob: had by one at a time, kept up while it is held, and known to be lost without asking anybody."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from specrun.engines.azure.blob_errors import code_of, explained
from specrun.engines.azure.containers import Container
from specrun.engines.base import Conflict, Denied, EngineError, Missing
from specrun.engines.locks import LockLost

SECONDS = 40
"""How long the service keeps a lease that nobody renews: what was killed keeps others waiting for no longer, and a
network that is away for half of it does no harm. The service gives 15 at least."""

BETWEEN = SECONDS / 4
"""Seconds between two renewals."""

MARGIN = 5.0
"""Seconds before its end at which a lease counts as over: what was begun just before gets there in time."""

_THERE = ("BlobAlreadyExists", "ConditionNotMet", "LeaseIdMissing", "UnauthorizedBlobOverwrite")
_TAKEN = ("LeaseAlreadyPresent", "LeaseIsBreakingAndCannotBeAcquired")

Use: TypeAlias = Callable[[Callable[[Container], Any]], Any]
"""Does something with a container, as it is opened at that moment: a lease may be held for longer than a signature."""


class Taken(EngineError):
    """Somebody else has the lease."""


class Lease:
    """The lease on one blob, kept up from `take` to `release`. The blob is made with `metadata` if it is not there.

    Whoever asks with the same `id` has the same lease: a try whose answer was lost is no other's. `what` this
    means, in words.
    """

    def __init__(self, use: Use, path: str, id: str, what: str = "", metadata: Mapping[str, str] | None = None) -> None:
        self.id = id
        self._use = use
        self.path = path
        self._what = what or f"the lease on {path}"
        self._metadata = dict(metadata or {})
        self._until = 0.0
        self._lost = ""
        self._over = threading.Event()

    def check(self) -> None:
        """Raise LockLost when it was lost, or may have been: by the clock, for a network may be silent."""
        if not self._lost and now() > self._until:
            self._lost = (
                f"it could not be renewed for {SECONDS - MARGIN:.0f} s: this machine slept, or its network was away"
            )
        if self._lost:
            raise LockLost(f"{self._what} was lost: {self._lost}")

    def take(self) -> None:
        """Get it, by one try, and keep it up from then on. Raises Taken, and EngineError."""
        self._use(self._acquire)
        threading.Thread(target=self._keep_up, daemon=True).start()

    def release(self, *, remove: bool = False) -> None:
        """Give it back, or `remove` the blob with it, where one may. What cannot be given back runs out."""
        self._over.set()
        with suppress(EngineError):
            self.check()
            try:
                self._use(self._delete if remove else self._give_back)
            except Denied:
                self._use(self._give_back)

    def _acquire(self, container: Container) -> None:
        made, asked = self._make(container), now()
        while not self._leased(container):  # who had it has just removed it
            made, asked = self._make(container), now()
        self._until = asked + SECONDS - MARGIN
        if self._metadata and not made:
            try:
                with explained(container, f"getting {self._what}"):
                    container.blob(self.path).set_blob_metadata(self._metadata, lease=self.id)
            except EngineError:
                self.release()
                raise

    def _make(self, container: Container) -> bool:
        """Make the blob, unless it is there; whether it was made."""
        from azure.core.exceptions import HttpResponseError

        with explained(container, f"getting {self._what}"):
            try:
                container.blob(self.path).upload_blob(b"", overwrite=False, metadata=self._metadata)
            except HttpResponseError as error:
                if code_of(error) not in _THERE:
                    raise
                return False
        return True

    def _leased(self, container: Container) -> bool:
        """Whether the blob was there to be leased. Raises Taken."""
        from azure.core.exceptions import HttpResponseError

        with explained(container, f"getting {self._what}"):
            try:
                self._client(container).acquire(lease_duration=SECONDS)
            except HttpResponseError as error:
                if code_of(error) in _TAKEN:
                    raise Taken(f"somebody else has {self._what}") from error
                if code_of(error) == "BlobNotFound":
                    return False
                raise
        return True

    def _keep_up(self) -> None:
        while not self._over.wait(BETWEEN) and not self._lost:
            self._renew()

    def _renew(self) -> None:
        asked = now()
        try:
            self.check()
            self._use(self._ask_to_renew)
            self._until = asked + SECONDS - MARGIN
        except (Conflict, Missing):
            if not self._over.is_set():
                self._lost = "it was freed by somebody else"
        except EngineError:
            pass  # lost, or there is time for another try

    def _ask_to_renew(self, container: Container) -> None:
        with explained(container, f"renewing {self._what}"):
            self._client(container).renew(connection_timeout=BETWEEN / 2, read_timeout=BETWEEN / 2, retry_total=0)

    def _give_back(self, container: Container) -> None:
        with explained(container, f"giving back {self._what}"):
            self._client(container).release()

    def _delete(self, container: Container) -> None:
        with explained(container, f"giving back {self._what}"):
            container.blob(self.path).delete_blob(lease=self.id)

    def _client(self, container: Container) -> Any:
        from azure.storage.blob import BlobLeaseClient

        return BlobLeaseClient(container.blob(self.path), lease_id=self.id)


def now() -> float:
    """Seconds on a clock that goes on while the machine sleeps, as the service's does."""
    clock = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
    return time.monotonic() if clock is None else time.clock_gettime(clock)
