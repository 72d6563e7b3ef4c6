"""Nodes of clusters, GPUs and ports, granted to the runs of this machine in the order in which they came.

A run that wants to start leaves a ticket: one small file, numbered in order of arrival. Everything is read, decided
and written under one `flock`; a ticket counts as long as its run's own lock is held, so what a dead run had is free
again without anybody having to give it back. No file is shared by two writers: a damaged one concerns its run only.

A ticket is that of whoever holds the run's lock now. A run that is started again, since its supervisor was killed
before it had written anything, has a place of its own: what the one before had got is removed when it first asks.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, field, replace
from pathlib import Path
from typing import Any

from specrun.engines.local import state
from specrun.plan.file_locks import AT_ONCE, EXCLUSIVE, flock
from specrun.plan.private import open_private, write_private
from specrun.plan.stored import Damaged, read_record
from specrun.spec.frozen import dataclass

LOCK = "lock"
PATIENCE = 0.2
"""Seconds to wait for the flock, which is held for milliseconds, before the caller's next tick tries again."""

GIVE_UP = 60.0
"""Seconds after which whoever has the flock will never let it go."""

_FILE = re.compile(r"([0-9]{1,15})-.*\.json")
TRIES_OF_A_PORT = 20


@dataclass(frozen=True, slots=True)
class Want:
    """What a run needs: `nodes` of a cluster that has `limit` (None: any number), `gpus` and `ports` of the machine."""

    cluster: str
    nodes: int = 1
    limit: int | None = None
    gpus: int = 0
    ports: int = 0


@dataclass(frozen=True, slots=True)
class Grant:
    """What a run got: indexes of GPUs, and loopback ports that no other run was given."""

    gpus: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ticket:
    """A run's place in the queue; `grant` None: still waiting. `folder` is the run's."""

    name: str
    folder: str
    want: Want
    grant: Grant | None = None
    file: Path = field(default=Path(), compare=False)

    @property
    def number(self) -> int:
        """Its place among all that came."""
        return _number(self.file)


def refusal(want: Want, present: Sequence[str]) -> str | None:
    """Why the run could never be granted, however long it waited; None when it could."""
    if want.limit is not None and want.nodes > want.limit:
        return f"it needs {_count(want.nodes, 'node')} and {want.cluster} has at most {want.limit} (max_instances)"
    if want.gpus > len(present):
        has = _count(len(present), "GPU") if present else "none"
        return f"it needs {_count(want.gpus, 'GPU')}, one for each process, and this machine has {has}"
    return None


class Place:
    """A run's place in the queue of a machine with the GPUs `present`. It belongs to who holds the run's lock now."""

    def __init__(self, slots: Path, rundir: Path, name: str, want: Want, present: Sequence[str]) -> None:
        self._slots = slots
        self._present = present
        self._own = Ticket(name, str(rundir), want, file=slots)
        self._tried = time.monotonic()

    def ask(self) -> Grant | str:
        """A grant, or why there is none yet. The first call takes the place in the queue. Raises OSError."""
        self._slots.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(self._slots) as locked:
            if not locked:
                if time.monotonic() - self._tried > GIVE_UP:
                    raise TimeoutError(errno.ETIMEDOUT, f"its lock was not free for {GIVE_UP:g} s")
                return "other runs are being granted their nodes"
            self._tried = time.monotonic()
            return self._decide(_living(self._slots))

    def _decide(self, tickets: Sequence[Ticket]) -> Grant | str:
        mine = [ticket for ticket in tickets if self._is_mine(ticket)]
        others = [ticket for ticket in tickets if ticket not in mine]
        for ticket in mine:
            if ticket.file != self._own.file:
                ticket.file.unlink()  # of who had the run's lock before
        is_new = all(ticket.file != self._own.file for ticket in mine)
        if self._own.file == self._slots:
            name = f"{_next_number(self._slots):012d}-{self._own.name}.json"
            self._own = replace(self._own, file=self._slots / name)
        decision = decide(self._own, others, self._present)
        if isinstance(decision, str):
            if is_new:
                _write(self._own)
            return decision
        taken = {port for ticket in others if ticket.grant for port in ticket.grant.ports}
        grant = Grant(decision, free_ports(self._own.want.ports, taken))
        _write(replace(self._own, grant=grant))
        return grant

    def leave(self) -> None:
        """Give back what the run has, or its place in the queue. What cannot be removed ends with the run's lock."""
        for ticket in filter(self._is_mine, _tickets(self._slots)):
            with contextlib.suppress(OSError):
                ticket.file.unlink()

    def _is_mine(self, ticket: Ticket) -> bool:
        """Whether it is of the same run, however its folder is spelled: that one's lock is held by who asks here."""
        with contextlib.suppress(OSError, ValueError):
            return Path(ticket.folder).samefile(self._own.folder)
        return ticket.folder == self._own.folder


def decide(own: Ticket, others: Sequence[Ticket], present: Sequence[str]) -> tuple[str, ...] | str:
    """The GPUs that `own` may have now, or why it must wait; `others` are all other tickets, in order of arrival.

    Each cluster is a queue of its own. GPUs that an earlier run is waiting for are kept for it.
    """
    granted = [ticket for ticket in others if ticket.grant]
    taken = {gpu for ticket in granted if ticket.grant for gpu in ticket.grant.gpus}
    free = [gpu for gpu in present if gpu not in taken]
    kept: list[Ticket] = []
    for ticket in others:
        if ticket.grant or ticket.number > own.number:
            continue
        if _missing(ticket, granted, kept, free, present):
            kept.append(ticket)
        else:  # may start, and will within its next tick
            granted.append(ticket)
        free = free[ticket.want.gpus :]
    return _missing(own, granted, kept, free, present) or tuple(free[: own.want.gpus])


def free_ports(count: int, taken: set[int]) -> tuple[int, ...]:
    """Distinct loopback ports that nobody listens on, outside the range from which the kernel gives ports away.

    By chance, since runs of other state folders choose there, too. Raises OSError when there are not so many.
    """
    if not count:
        return ()
    import socket

    first, last = _fixed_ports()
    size = last - first + 1
    found: list[int] = []
    for _ in range(TRIES_OF_A_PORT * size):
        if len(found) == count:
            return tuple(found)
        port = first + _random() % size
        if port in taken or port in found:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
    raise OSError(errno.EADDRNOTAVAIL, f"{_count(count, 'port')} cannot be had")


def _random() -> int:
    return int.from_bytes(os.urandom(4), "big")  # the module `random` takes longer to import than all of this to run


def _fixed_ports() -> tuple[int, int]:
    try:
        dynamic = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        dynamic = 49152  # IANA's and macOS's
    return (10000, dynamic - 1) if dynamic > 12000 else (10000, 65535)


def _missing(
    ticket: Ticket, granted: Sequence[Ticket], kept: Sequence[Ticket], free: Sequence[str], present: Sequence[str]
) -> str | None:
    """Why a ticket must wait; `kept` are those that came before it and must wait, too."""
    return _nodes_missing(ticket, granted, kept) or _gpus_missing(ticket, granted, free, present)


def _nodes_missing(ticket: Ticket, granted: Sequence[Ticket], kept: Sequence[Ticket]) -> str | None:
    want = ticket.want
    if want.limit is None:
        return None
    users, ahead = ([one for one in some if one.want.cluster == want.cluster] for some in (granted, kept))
    used = sum(user.want.nodes for user in users)
    if used + want.nodes > want.limit:
        verb = "is" if used == 1 else "are"
        return f"{used} of {_count(want.limit, 'node')} of {want.cluster} {verb} in use by {_names(users)}"
    return f"{_names(ahead)} came first for the nodes of {want.cluster}" if ahead else None


def _gpus_missing(ticket: Ticket, granted: Sequence[Ticket], free: Sequence[str], present: Sequence[str]) -> str | None:
    if ticket.want.gpus <= len(free):
        return None
    users = [other for other in granted if other.want.gpus]
    by = f"in use by {_names(users)}" if users else "kept for a run that came first"
    busy = len(present) - len(free)
    return f"{busy} of {_count(len(present), 'GPU')} of this machine {'is' if busy == 1 else 'are'} {by}"


def _names(tickets: Sequence[Ticket]) -> str:
    names = [ticket.name for ticket in tickets]
    return ("run " if len(names) == 1 else "runs ") + " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


@contextlib.contextmanager
def _locked(slots: Path) -> Iterator[bool]:
    lock = open_private(slots / LOCK, os.O_RDWR | os.O_CREAT)
    try:
        yield _flock(lock)
    finally:
        os.close(lock)


def _flock(lock: int) -> bool:
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            flock(lock, EXCLUSIVE | AT_ONCE)
        except BlockingIOError:
            if time.monotonic() > give_up:
                return False
            time.sleep(0.002)
        else:
            return True


def _living(slots: Path) -> list[Ticket]:
    for unfinished in slots.glob("*.new"):  # written under the flock, which is ours: who wrote it is dead
        unfinished.unlink()
    living = []
    for ticket in _tickets(slots):
        if state.held(Path(ticket.folder)):
            living.append(ticket)
        else:
            ticket.file.unlink(missing_ok=True)
    return living


def _tickets(slots: Path) -> list[Ticket]:
    found = (_read(file) for file in slots.glob("*.json"))
    return sorted((ticket for ticket in found if ticket), key=lambda ticket: ticket.number)


def _read(file: Path) -> Ticket | None:
    """A ticket that can be gone by; None of another file."""
    try:
        values: dict[str, Any] = read_record(file, state.LARGEST)
        grant = values["grant"] and Grant(tuple(values["grant"]["gpus"]), tuple(values["grant"]["ports"]))
        ticket = Ticket(values["name"], values["folder"], Want(**values["want"]), grant, file)
    except (FileNotFoundError, Damaged, TypeError, KeyError):
        return None
    want, got = ticket.want, ticket.grant or Grant()
    texts = (ticket.name, ticket.folder, want.cluster, *got.gpus)
    counts = (want.nodes, 0 if want.limit is None else want.limit, want.gpus, want.ports, *got.ports)
    is_sound = all(isinstance(text, str) for text in texts) and all(type(count) is int for count in counts)
    return ticket if is_sound and min(counts) >= 0 and ticket.number else None


def _next_number(slots: Path) -> int:
    return max((_number(file) for file in slots.glob("*.json")), default=0) + 1


def _number(file: Path) -> int:
    """The one that a ticket's file begins with, 0 of other files."""
    match = _FILE.fullmatch(file.name)
    return int(match[1]) if match else 0


def _write(ticket: Ticket) -> None:
    values = asdict(ticket)
    del values["file"]
    fresh = ticket.file.with_suffix(".new")
    write_private(fresh, json.dumps(values))
    fresh.replace(ticket.file)
