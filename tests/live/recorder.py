"""Imported first by a command, this notes the shape of what Azure answers it.

Both SDKs and specrun's own requests go through requests' adapter for HTTP, so what stands in its place for one process
sees them all; nothing in specrun knows of it. Each answer is compared with the contracts as it comes, and what is
written to $RECORDING_FILE is what differs: no body, no header, no query (where signatures are), no value.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from emulator.contracts import differences, matching

if TYPE_CHECKING:
    import requests

FIELD = re.compile(r"[@$]?[A-Za-z][\w.@$-]{0,40}")
NAMED_BY_PEOPLE = ("tags", "userAssignedIdentities", "environmentVariables", "inputs", "outputs", "metrics")
"""Fields below which names are not the service's."""

DEEPEST = 6


def record_to(file: Path) -> None:
    """From here on each answer that this process gets is noted in the file, a line of JSON for each."""
    from requests.adapters import HTTPAdapter

    HTTPAdapter.send = recording(HTTPAdapter.send, file)  # type: ignore[method-assign]


def recording(send: Callable[..., requests.Response], file: Path) -> Callable[..., requests.Response]:
    """What sends a request as `send` does, and notes the answer."""

    @functools.wraps(send)
    def noting(adapter: object, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        response = send(adapter, request, *args, **options)
        url = urlsplit(request.url or "")
        # What is in a blob is data of its owner, and is read as it comes.
        blob = url.hostname is not None and ".blob." in url.hostname and response.ok
        body = None if blob else response.content
        noted = compared(
            request.method or "", url.hostname or "", url.path, response.status_code, response.headers, body
        )
        noted["test"] = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
        line = json.dumps(noted).encode() + b"\n"
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line)  # at once: threads and processes write to one file
        finally:
            os.close(descriptor)
        return response

    return noting


def compared(
    method: str, host: str, path: str, status: int, headers: Mapping[str, str], body: bytes | None
) -> dict[str, Any]:
    """One answer without its values: which contract it is nearest to, and how it differs from that.

    `contract` is None where nothing is recorded that answers such a request with this status; there the answer's
    `outline` is given.
    """
    said: dict[str, Any] = {"method": method, "host": host, "path": path, "status": status, "contract": None}
    candidates = [one for one in matching(method, host, path) if one.status == status]
    tried = {one.name: differences(one, status, headers, body or b"") for one in candidates}
    if tried:
        nearest = min(tried, key=lambda name: len(tried[name]))
        return said | {"contract": nearest, "differences": tried[nearest]}
    return said | {"outline": outline(_read(body))}


def _read(body: bytes | None) -> Any:
    try:
        return json.loads(body or b"null")
    except ValueError:
        return "no JSON"


def outline(value: Any, depth: int = 0) -> Any:
    """The names of an answer's fields and the kinds of their values."""
    if isinstance(value, Mapping):
        if depth > DEEPEST:
            return {}
        return {
            name if FIELD.fullmatch(name) else "*": "…" if name in NAMED_BY_PEOPLE else outline(one, depth + 1)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [outline(value[0], depth + 1)] if value else []
    kinds = {str: "text", bool: "flag", int: "number", float: "number", type(None): None}
    return kinds[type(value)]


if "RECORDING_FILE" in os.environ:
    record_to(Path(os.environ["RECORDING_FILE"]))
