"""Nodes of clusters, GPUs and ports, granted to the runs of this machine in the order in which they came.

A run that wants to start leaves a ticket: one small file, numbered in order of arrival. Everything is read, decided
and written under one `flock`; a ticket counts as long as its run's own lock is held, so what a dead run had is free
again without anybody having to give it back. No file is shared by two writers: a damaged one concerns its run only.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from specrun.engines.local import state

LOCK = "lock"
PATIENCE = 0.2
"""Seconds to wait for the flock, which is held for milliseconds, before the caller's next tick tries again."""


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


def refusal(want: Want, present: Sequence[str]) -> str | None:
    """Why the run could never be granted, however long it waited; None when it could."""
    if want.limit is not None and want.nodes > want.limit:
        return f"it needs {_count(want.nodes, 'node')} and {want.cluster} has at most {want.limit} (max_instances)"
    if want.gpus > len(present):
        has = _count(len(present), "GPU") if present else "none"
        return f"it needs {_count(want.gpus, 'GPU')}, one for each process, and this machine has {has}"
    return None


def ask(slots: Path, rundir: Path, name: str, want: Want, present: Sequence[str]) -> Grant | str:
    """A grant, or why there is none yet. The first call takes the place in the queue. Needs the run's lock; OSError."""
    slots.mkdir(parents=True, exist_ok=True)
    with _locked(slots) as locked:
        if not locked:
            return "other runs are being granted their nodes"
        tickets = _living(slots)
        own = next((ticket for ticket in tickets if ticket.folder == str(rundir)), None)
        if own is None:
            own = Ticket(name, str(rundir), want, file=slots / f"{_next_number(slots):012d}-{name}.json")
            tickets.append(own)
        decision = decide(own, tickets, present)
        if isinstance(decision, str):
            if not own.file.exists():
                _write(own)
            return decision
        taken = {port for ticket in tickets if ticket.grant for port in ticket.grant.ports}
        grant = Grant(decision, free_ports(want.ports, taken))
        _write(replace(own, grant=grant))
        return grant


def leave(slots: Path, rundir: Path) -> None:
    """Give back what the run has, or its place in the queue. What cannot be removed ends with the run's lock."""
    for ticket in _tickets(slots):
        if ticket.folder == str(rundir):
            with contextlib.suppress(OSError):
                ticket.file.unlink()


def decide(own: Ticket, tickets: Sequence[Ticket], present: Sequence[str]) -> tuple[str, ...] | str:
    """The GPUs that `own` may have now, or why it must wait; `tickets` are all, in order of arrival.

    Each cluster is a queue of its own. GPUs that an earlier run is waiting for are kept for it.
    """
    granted = [ticket for ticket in tickets if ticket.grant]
    taken = {gpu for ticket in granted if ticket.grant for gpu in ticket.grant.gpus}
    free = [gpu for gpu in present if gpu not in taken]
    for ticket in tickets:
        if ticket.grant:
            continue
        users = [other for other in granted if other.want.cluster == ticket.want.cluster]
        reason = _nodes_missing(ticket, users, tickets) or _gpus_missing(ticket, granted, free, present)
        if ticket.folder == own.folder:
            return reason or tuple(free[: ticket.want.gpus])
        if not reason:  # may start, and will within its next tick
            granted = [*granted, ticket]
        free = free[ticket.want.gpus :]
    return "it has no place in the queue"


def free_ports(count: int, taken: set[int]) -> tuple[int, ...]:
    """Distinct loopback ports that nobody listens on, outside the range from which the kernel gives ports away."""
    import socket

    first, last = _fixed_ports()
    found: list[int] = []
    while len(found) < count:
        port = first + _random() % (last - first + 1)
        if port in taken or port in found:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
    return tuple(found)


def _random() -> int:
    return int.from_bytes(os.urandom(4), "big")  # the module `random` takes longer to import than all of this to run


def _fixed_ports() -> tuple[int, int]:
    try:
        dynamic = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        dynamic = 49152  # IANA's and macOS's
    return (10000, dynamic - 1) if dynamic > 12000 else (10000, 65535)


def _nodes_missing(ticket: Ticket, users: Sequence[Ticket], tickets: Sequence[Ticket]) -> str | None:
    want = ticket.want
    if want.limit is None:
        return None
    used = sum(user.want.nodes for user in users)
    if used + want.nodes > want.limit:
        verb = "is" if used == 1 else "are"
        return f"{used} of {_count(want.limit, 'node')} of {want.cluster} {verb} in use by {_names(users)}"
    ahead = [t for t in tickets[: tickets.index(ticket)] if t.want.cluster == want.cluster and t not in users]
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
    lock = os.open(slots / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield _flock(lock)
    finally:
        os.close(lock)


def _flock(lock: int) -> bool:
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > give_up:
                return False
            time.sleep(0.002)
        else:
            return True


def _living(slots: Path) -> list[Ticket]:
    living = []
    for ticket in _tickets(slots):
        if state.held(Path(ticket.folder)):
            living.append(ticket)
        else:
            ticket.file.unlink(missing_ok=True)
    return living


def _tickets(slots: Path) -> list[Ticket]:
    found = (_read(file) for file in sorted(slots.glob("*.json")))
    return [ticket for ticket in found if ticket]


def _read(file: Path) -> Ticket | None:
    try:
        values = json.loads(file.read_bytes())
        grant = values["grant"] and Grant(tuple(values["grant"]["gpus"]), tuple(values["grant"]["ports"]))
        return Ticket(str(values["name"]), str(values["folder"]), Want(**values["want"]), grant, file)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _next_number(slots: Path) -> int:
    numbers = [int(prefix) for file in slots.glob("*.json") if (prefix := file.name.partition("-")[0]).isdigit()]
    return max(numbers, default=0) + 1


def _write(ticket: Ticket) -> None:
    values = asdict(ticket)
    del values["file"]
    fresh = ticket.file.with_suffix(".new")
    fresh.write_text(json.dumps(values), encoding="utf-8")
    fresh.replace(ticket.file)
