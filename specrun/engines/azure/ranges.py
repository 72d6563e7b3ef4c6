"""A piece of a file behind a signed address."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlsplit

from specrun.engines.azure.network import unreachable
from specrun.engines.base import EngineError, Transient

SILENCE = (10.0, 60.0)
"""Seconds without a connection, and without a byte, after which the service is given up on."""


class Expired(Exception):
    """The address is not valid any more: a new one has to be asked for."""


def read_range(address: str, start: int, length: int) -> bytes:
    """At most `length` bytes from `start`; none where the file ends before, or is not there yet.

    Raises Expired and EngineError; no message holds the address, since it holds a signature.
    """
    import requests

    host = urlsplit(address).hostname or ""
    headers = {"Range": f"bytes={start}-{start + length - 1}"}
    try:
        answer = _session().get(address, headers=headers, timeout=SILENCE)
    except requests.RequestException as error:
        raise unreachable(host, error, "read a log") from None
    if answer.status_code == 206:
        return bytes(answer.content)
    if answer.status_code in (404, 416):
        return b""
    if answer.status_code in (401, 403):
        raise Expired
    if answer.status_code in (408, 429, 500, 502, 503, 504):
        raise Transient(f"reading a log: {host} answers {answer.status_code}", _seconds(answer.headers))
    raise EngineError(f"reading a log: {host} answers {answer.status_code}")


def _seconds(headers: Any) -> float | None:
    value = str(headers.get("Retry-After", ""))
    return float(value) if value.isdigit() else None


@cache
def _session() -> Any:
    import requests

    return requests.Session()
