"""What a lock is: one on each thing that is changed, so that of two who would change it one waits.

Waiting, and what is said meanwhile, stand in the core (`apply/locks`): an engine makes one try, and keeps up what it
got. A holder's words are data that somebody else may have written: they are bounded here, and a view shows them with
care.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Protocol

from specrun.engines.base import EngineError
from specrun.plan.kinds.data import DataTarget
from specrun.plan.resources import DEFAULT_DATASTORE, Resource
from specrun.spec.frozen import dataclass
from specrun.spec.masking import mask

LONGEST = 300
"""Characters of each of a holder's words: more is cut off, whoever wrote it."""

_LATEST = 1e11
"""What is no moment (in Unix seconds) and no process any more."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, from where (a host, or the address of a CI job), doing what, since when; "" and 0: not known.

    `since` is in Unix seconds, by the holder's clock. `process` is its number on its host.
    """

    who: str = ""
    where: str = ""
    doing: str = ""
    since: float = 0.0
    process: int = 0


class Held(EngineError):
    """Somebody has the lock."""

    def __init__(self, holder: Holder) -> None:
        super().__init__(f"{holder.who or 'somebody'} holds the lock")
        self.holder = holder


class LockLost(EngineError):
    """A lock is ours no more, and somebody else may have it: the message says why."""


class Lock(Protocol):
    """A lock that is held, and kept up by the engine (in a daemon thread, where it takes that) until `release`."""

    def check(self) -> None:
        """Raise LockLost when it was lost. Asks nobody: it may be called several times a second."""

    def release(self) -> None:
        """Give it back. One that cannot be given back runs out: that is no error, and nor is one that was lost."""


class Locks(Protocol):
    """The locks of a place. `lapses`: for how many seconds a lock may outlive a holder that was killed (0: not at all).

    Every call may raise EngineError, and is safe to repeat: an `acquire` whose answer got lost must not, when it is
    asked for again, find the lock held by itself.
    """

    lapses: float

    def name(self, resource: Resource) -> str:
        """The lock of a resource: the same for all who would change the same thing, see `lock_name`."""

    def acquire(self, resource: Resource, holder: Holder) -> Lock:
        """Try once to get a resource's lock, and write down who holds it. Raises Held; Denied where one may not write
        there, or never reaches it from here; Missing where there is nothing to keep locks in yet.
        """

    def holders(self) -> Mapping[str, Holder]:
        """Who holds which lock now, by the locks' names. What has run out, or was left behind, is not among them."""

    def free(self, name: str) -> None:
        """Take a lock from whoever holds it, who learns of it (LockLost). No error where nobody does. Raises Denied."""


def lock_name(resource: Resource, default_datastore: str = "") -> str:
    """What a resource's lock is called, as in `compute/gpu-cluster`: names are told apart without case.

    `default_datastore` is what the place calls its default datastore: data that goes there by that name goes there.
    """
    address = resource.address
    if isinstance(resource, DataTarget) and resource.datastore == DEFAULT_DATASTORE and default_datastore:
        address = f"{resource.kind}/{default_datastore}/{resource.target}"
    return address.casefold()


def words_of(holder: Holder) -> str:
    """A holder as it is written down: JSON, in ASCII."""
    return json.dumps({"format": 1} | asdict(holder))


def holder_in(text: str) -> Holder:
    """What was written down of a holder, as far as it can be read; credentials are masked, whoever wrote them."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return Holder()
    if not isinstance(found, dict):
        return Holder()
    who, where, doing = (_bounded(found.get(name)) for name in ("who", "where", "doing"))
    since, process = found.get("since"), found.get("process")
    return Holder(
        who,
        where,
        doing,
        float(since) if isinstance(since, int | float) and 0 < since < _LATEST else 0.0,
        process if type(process) is int and 0 < process < _LATEST else 0,
    )


def _bounded(value: object) -> str:
    return mask(value[: 4 * LONGEST])[:LONGEST] if isinstance(value, str) else ""
