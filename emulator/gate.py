"""A gate that lets through what only reads, for commands that promise it: `reads_only(emulator)`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from emulator.emulator import SIGN_IN, Emulator
from emulator.faults import Status
from emulator.router import Request

READING_POSTS = (
    r"/datastores/[^/]+/listSecrets",
    r"/storageAccounts/[^/]+/listKeys",
    r"/history/v1\.0/.*/(runs:query|runs/query|metrics/.*query)",
    r"/mlflow/v1\.0/.*/mlflow/runs/search",
)
"""POSTs that change nothing, by their paths."""

_READING = re.compile(f".*(?:{'|'.join(READING_POSTS)})", re.IGNORECASE)
REFUSED = Status(403, "ReadOnly", "This gate lets through what reads, and nothing else.")


def reads(request: Request) -> bool:
    """Whether a request changes nothing: GET, HEAD, signing in, and the POSTs above."""
    if request.method in ("GET", "HEAD") or request.host.endswith(SIGN_IN):
        return True
    return request.method == "POST" and _READING.fullmatch(request.path) is not None


@contextmanager
def reads_only(emulator: Emulator) -> Iterator[list[str]]:
    """Refuses every other request while the `with` lasts; these come to stand in the list."""
    refused: list[str] = []

    def writes(request: Request, route: str) -> bool:
        if reads(request):
            return False
        refused.append(route)
        return True

    rule = emulator.faults.add(writes, REFUSED, times=None)
    try:
        yield refused
    finally:
        emulator.faults.rules.remove(rule)
