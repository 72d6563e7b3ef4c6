"""What a run's roles wrote, while they write it: from each log only what is new."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from specrun.engines.azure.log_lines import CHUNK, whole_lines
from specrun.engines.azure.log_names import expected_logs, logs_of
from specrun.engines.azure.ranges import Expired, read_range
from specrun.engines.azureml_v1.connection import Connection
from specrun.engines.azureml_v1.runs import SeenRun, check_ours, find_run, read_details
from specrun.engines.base import Cursor, Denied, LogLine
from specrun.plan.observed import RunStatus

SOON, LATER = 2.0, 600.0
"""Seconds until the list of logs is read again: while roles are missing, and when all are there."""


def read_logs(connection: Connection, name: str, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
    """Whole lines since the cursor; of a run that has ended, its unfinished last lines too. Raises Missing.

    One request for each role; three more, now and then, for the list of logs.
    """
    known = find_run(connection, name)
    check_ours(known)
    if known.status is RunStatus.QUEUED:
        return [], cursor
    try:
        return _read_all(known, _addresses(known), cursor)
    except Expired:
        pass
    try:
        return _read_all(known, _addresses(known, again=True), cursor)
    except Expired:
        raise Denied(
            f"logs of {name}: the storage account refuses the address that the service gives for them"
        ) from None


def _addresses(known: SeenRun, again: bool = False) -> Mapping[str, str]:
    logs = logs_of(known.details)
    age = time.monotonic() - known.detailed
    if again or known.status.ended or age > (LATER if len(logs) >= expected_logs(known.details) else SOON):
        return logs_of(read_details(known, again))
    return logs


def _read_all(known: SeenRun, addresses: Mapping[str, str], cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
    last = known.status.ended
    lines: list[LogLine] = []
    position = dict(cursor)
    for role, address in addresses.items():
        start = position.get(role, 0)
        if start >= known.lengths.get(role, start + 1):
            continue  # the run has ended, and this is all
        text, length, whole = _read_lines(address, start, last)
        position[role] = start + length
        if last and whole:
            known.lengths[role] = start + length
        lines.extend(LogLine(role, line) for line in text)
    return lines, position


def _read_lines(address: str, start: int, last: bool) -> tuple[list[str], int, bool]:
    """Lines, how many bytes they were, and whether there was nothing behind them."""
    chunk = read_range(address, start, CHUNK)
    lines, used = whole_lines(chunk, last=last)
    return lines, used, len(chunk) < CHUNK
