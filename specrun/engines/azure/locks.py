"""Locks that all who change a workspace have together: leases on blobs of its default datastore.

A blob is there while somebody has the lease on it, and its metadata say who. Nothing depends on what they say, nor on
any clock but the service's.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

from specrun.engines.azure import leases
from specrun.engines.azure.blob_errors import code_of, explained
from specrun.engines.azure.connection import Connection, NotYet, asked
from specrun.engines.azure.containers import Container
from specrun.engines.azure.leases import Lease, Taken
from specrun.engines.azure.listing import LOCKS
from specrun.engines.azure.network import Unreachable
from specrun.engines.base import Conflict, Denied, EngineError, Missing, Transient
from specrun.engines.locks import LONGEST, Held, Holder, holder_in, lock_name, words_of
from specrun.plan.kinds.data import DataTarget
from specrun.plan.resources import DEFAULT_DATASTORE, Key, Resource
from specrun.spec.frozen import dataclass

_HOLDER, _NAME = "specrun_holder", "specrun_lock"

_MOST = 7000
"""Characters of metadata that are written: the service takes 8 KiB."""

_SHORT = 100
"""Characters of each of a holder's words where there would be more."""

_AS_THEY_ARE = '{}":,/\\@.+-()'
_HASH = re.compile("[0-9a-f]{64}")
_NOBODY = ("BlobNotFound", "LeaseNotPresentWithLeaseOperation")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A lock's blob as it was seen first with this ETag: whoever has the lock writes it anew."""

    etag: str
    since: float


class AzureLock:
    """The lock of one resource, held by this process."""

    def __init__(self, key: Key, holder: Holder, lease: Lease, over: Callable[[], object]) -> None:
        self.key = key
        self.holder = holder
        self.lease = lease
        self._over = over

    def check(self) -> None:
        """Raise LockLost when it was lost, or may have been."""
        self.lease.check()

    def release(self) -> None:
        """Give it back, and leave nothing behind."""
        try:
            self.lease.release(remove=True)
        finally:
            self._over()


class AzureLocks:
    """The locks of one workspace."""

    lapses = float(leases.SECONDS)

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection = connection
        # One for all: a lease whose answer was lost is asked for again, and is ours then.
        self._id = str(uuid.uuid4())
        self._held: dict[str, AzureLock] = {}
        self._seen: dict[str, _Seen] = {}
        self._denied: Denied | None = None
        self._reached = False
        self._mutex = threading.Lock()

    @asked
    def name(self, resource: Resource) -> str:
        """A resource's address, without case; that of data by its container: datastores may have the same one."""
        if isinstance(resource, DataTarget):
            store = None if resource.datastore == DEFAULT_DATASTORE else resource.datastore
            try:
                container = self.connection.open_datastore(store)
            except Transient:
                raise
            except EngineError:  # which the change will say, and nobody gets beyond it
                return lock_name(resource)
            return f"{resource.kind}/{container.host}/{container.name}/{resource.target}".casefold()
        return lock_name(resource)

    def acquire(self, resource: Resource, holder: Holder) -> AzureLock:
        """Try once to get a resource's lock: two requests, one more where somebody has it or left it.

        Raises Held; Denied where one may not write, at once where it was so before; Missing while there is no workspace
        or it has no default datastore.
        """
        if self._denied is not None:
            raise self._denied
        name = self.name(resource)
        lease = Lease(self._use, _blob(name), self._id, f"the lock of {name}", _metadata(name, holder))
        lock = AzureLock(resource.key, holder, lease, lambda: self._held.pop(name, None))
        with self._mutex:
            other = self._held.setdefault(name, lock)
        if other is not lock:
            raise Held(other.holder)  # by ourselves, for what is called differently
        with ExitStack() as undone:
            undone.callback(self._held.pop, name)
            self._take(lease)
            undone.pop_all()
        return lock

    def check(self, key: Key) -> None:
        """Raise LockLost when the lock of a resource is held here, and was lost."""
        for lock in list(self._held.values()):
            if lock.key == key:
                lock.check()

    @asked
    def holders(self) -> Mapping[str, Holder]:
        """Who holds which lock: one request, and those that find the default datastore."""
        container, dates = self._open(), list[str]()
        with explained(container, f"listing {LOCKS}"):
            found = container.client.list_blobs(
                name_starts_with=LOCKS, include=["metadata"], raw_response_hook=partial(_note_date, dates)
            )
            return dict(self._read(blob, dates) for blob in found if blob.lease.state in ("leased", "breaking"))

    @asked
    def free(self, name: str) -> None:
        """Break the lease, if it is that of the holder who was seen last. Raises Conflict when it is another's."""
        from azure.core import MatchConditions
        from azure.core.exceptions import HttpResponseError
        from azure.storage.blob import BlobLeaseClient

        container = self._open()
        seen = self._seen.get(name)
        same = {"etag": f'"{seen.etag}"', "match_condition": MatchConditions.IfNotModified} if seen else {}
        with explained(container, f"freeing the lock of {name}"):
            try:
                BlobLeaseClient(container.blob(_blob(name))).break_lease(0, **same)
            except HttpResponseError as error:
                if code_of(error) == "ConditionNotMet":
                    raise Conflict(f"{name}: somebody else has the lock by now: look again") from error
                if code_of(error) not in _NOBODY:
                    raise

    def _take(self, lease: Lease) -> None:
        try:
            self.connection.ask(self._open)
        except NotYet as error:
            raise Missing(str(error)) from error
        except (Missing, Transient):
            raise
        except EngineError as error:
            raise self._refused(error) from error
        try:
            lease.take()
        except Taken as taken:
            self._reached = True
            raise Held(self._holder(lease.path)) from taken
        except EngineError as error:
            if isinstance(error, Transient) and (self._reached or not isinstance(error, Unreachable)):
                raise
            raise self._refused(error) from error
        self._reached = True

    def _refused(self, error: EngineError) -> Denied:
        """The same as a want of rights, now and from now on."""
        self._denied = error if isinstance(error, Denied) else Denied(str(error))
        return self._denied

    def _holder(self, path: str) -> Holder:
        """Who a blob says has the lease on it; nobody known, where that cannot be read."""
        dates: list[str] = []

        def read(container: Container) -> Holder:
            with explained(container, f"reading {path}"):
                blob = container.blob(path).get_blob_properties(raw_response_hook=partial(_note_date, dates))
            return self._read(blob, dates)[1]

        try:
            found: Holder = self._use(read)
        except EngineError:
            return Holder()
        return found

    def _read(self, blob: Any, dates: Sequence[str]) -> tuple[str, Holder]:
        """What a blob's lock is called, and who has it, since when by this machine's clock.

        A name that is not the lock's own is none: somebody may have written what they like.
        """
        said = {name.lower(): value for name, value in (blob.metadata or {}).items()}
        name = unquote(said.get(_NAME, ""))
        if _blob(name) != blob.name:
            name = blob.name.removeprefix(LOCKS)
        seen = self._seen.get(name)
        if seen is None or seen.etag != blob.etag.strip('"'):
            seen = self._seen[name] = _Seen(blob.etag.strip('"'), time.time() - _age(blob.last_modified, dates))
        return name, replace(holder_in(unquote(said.get(_HOLDER, ""))), since=seen.since)

    def _use(self, work: Callable[[Container], Any]) -> Any:
        return self.connection.ask(lambda: work(self._open()))

    def _open(self) -> Container:
        return self.connection.open_datastore(None)


def _blob(name: str) -> str:
    return LOCKS + (name if _HASH.fullmatch(name) else hashlib.sha256(name.encode("utf-8", "replace")).hexdigest())


def _metadata(name: str, holder: Holder) -> dict[str, str]:
    """Who has a lock, in ASCII."""
    for most in (LONGEST, _SHORT):
        cut = replace(holder, who=holder.who[:most], where=holder.where[:most], doing=holder.doing[:most])
        words, called = quote(words_of(cut), _AS_THEY_ARE), quote(name, _AS_THEY_ARE, errors="replace")
        if len(words) + len(called) <= _MOST:
            return {_HOLDER: words, _NAME: called}
    return {_HOLDER: words}


def _note_date(dates: list[str], answer: Any) -> None:
    dates.append(answer.http_response.headers.get("Date", ""))


def _age(written: datetime, dates: Sequence[str]) -> float:
    """Seconds since a blob was written, by the service's clock alone: `dates` are those of its answers."""
    try:
        return max(0.0, (parsedate_to_datetime(dates[-1]) - written).total_seconds())
    except (LookupError, TypeError, ValueError):
        return 0.0
