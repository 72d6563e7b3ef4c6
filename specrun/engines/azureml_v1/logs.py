"""What a run's roles wrote, while they write it: from each log only what is new."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

from specrun.engines.azure.logs import CHUNK, TOLD, expected_logs, logs_of
from specrun.engines.azure.network import retry_after, unreachable
from specrun.engines.azure.seen import SeenRun
from specrun.engines.base import TAIL, Cursor, Denied, EngineError, LogLine, Transient
from specrun.engines.lines import last_lines, read_lines

T = TypeVar("T")

SOON, LATER = 2.0, 600.0
"""Seconds until the list of logs is read again: while roles are missing, and when all are there."""


SILENCE = (10.0, 60.0)
"""Seconds without a connection, and without a byte, after which the service is given up on."""


class Expired(Exception):
    """The signed address of a log is not valid any more: a new one has to be asked for."""


class LogReader:
    """Reads the logs of runs through the addresses in their details, which `details` reads anew where that is due."""

    def __init__(self, details: Callable[[SeenRun, bool], Mapping[str, Any]]) -> None:
        self._details = details
        self._read_at: dict[str, float] = {}
        """When the addresses of each run's logs were read, by the monotonic clock."""
        self._lengths: dict[tuple[str, str], int] = {}
        """Of runs that have ended: how many bytes each role's log has, once it was read to its end."""

    def read(self, run: SeenRun, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
        """Whole lines since the cursor; of a run that has ended, its unfinished last lines too."""
        return self._with_addresses(run, lambda addresses: self._read_all(run, addresses, cursor))

    def tail(self, run: SeenRun, role: str | None) -> Sequence[LogLine]:
        """What a role wrote last, or the first `TOLD` roles."""
        return self._with_addresses(run, lambda addresses: self._read_ends(addresses, role))

    def _with_addresses(self, run: SeenRun, work: Callable[[Mapping[str, str]], T]) -> T:
        for again in (False, True):
            try:
                return work(self._addresses(run, again))
            except Expired:
                continue
        raise Denied(f"logs of {run.name}: the storage account refuses the address that the service gives for them")

    def _read_ends(self, addresses: Mapping[str, str], only: str | None) -> Sequence[LogLine]:
        lines: list[LogLine] = []
        for role in [role for role in addresses if only in (None, role)][:TOLD]:
            # How long it is is known once some of it has come: the service counts from the front alone.
            chunk, size = read_range(self._session, addresses[role], 0, TAIL)
            if size > TAIL:
                chunk, _ = read_range(self._session, addresses[role], size - TAIL, TAIL)
            lines += last_lines(role, chunk, cut=size > TAIL)
        return lines

    def _addresses(self, run: SeenRun, again: bool) -> Mapping[str, str]:
        logs = logs_of(run.details)
        age = time.monotonic() - self._read_at.get(run.name, -1e9)
        if again or run.status.ended or age > (LATER if len(logs) >= expected_logs(run.details) else SOON):
            logs = logs_of(self._details(run, again))
            self._read_at[run.name] = time.monotonic()
        return logs

    def _read_all(self, run: SeenRun, addresses: Mapping[str, str], cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
        last = run.status.ended
        lines: list[LogLine] = []
        position = dict(cursor)
        for role, address in addresses.items():
            start = position.get(role, 0)
            if start >= self._lengths.get((run.name, role), start + 1):
                continue  # the run has ended, and this is all
            chunk, _ = read_range(self._session, address, start, CHUNK)
            found, used = read_lines(role, chunk, CHUNK, last=last)
            position[role] = start + used
            if last and len(chunk) < CHUNK:
                self._lengths[run.name, role] = start + used
            lines += found
        return lines, position

    @cached_property
    def _session(self) -> Any:
        import requests

        return requests.Session()


def read_range(session: Any, address: str, start: int, length: int) -> tuple[bytes, int]:
    """At most `length` bytes from `start`; none where the file ends before, or is not there yet. And the file's size,
    as far as it is told: 0 is none.

    Raises Expired and EngineError; no message holds the address, since it holds a signature.
    """
    import requests

    host = urlsplit(address).hostname or ""
    headers = {"Range": f"bytes={start}-{start + length - 1}"}
    try:
        answer = session.get(address, headers=headers, timeout=SILENCE)
    except requests.RequestException as error:
        raise unreachable(host, error, "read a log") from None
    if answer.status_code == 206:
        _, _, size = answer.headers.get("Content-Range", "").partition("/")
        return bytes(answer.content), int(size) if size.isdecimal() else 0
    if answer.status_code in (404, 416):
        return b"", 0
    if answer.status_code in (401, 403):
        raise Expired
    if answer.status_code in (408, 429, 500, 502, 503, 504):
        raise Transient(f"reading a log: {host} answers {answer.status_code}", retry_after(answer))
    raise EngineError(f"reading a log: {host} answers {answer.status_code}")
