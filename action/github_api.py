"""GitHub's REST API: one request, its pages, and what to do where it says no."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from action.service import Refusal

TRIES = 4
LONGEST = 60.0
"""Seconds that are waited, at most, before a request is tried again."""

DEADLINE = 60.0
"""Seconds for an answer."""

PAGES = 20
"""Pages of a hundred that are read, at most."""

LARGEST = 256 << 20
"""Bytes of an answer."""

_AGAIN = (500, 502, 503, 504)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ApiError(Refusal):
    """GitHub's answer is no: its status (0: there was none), and what to do about it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:  # the token is for GitHub, and not for where that leads
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)


@dataclass(frozen=True)
class Api:
    """The API at an address, as the one to whom `token` belongs. `may` says which permission a part of it needs."""

    address: str
    token: str = field(repr=False)
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise Refusal(f"the token goes to an https address alone, and not to {self.address}", 64)

    def get(self, path: str, may: str, **query: object) -> Any:
        """An answer's JSON."""
        return parsed(self._send("GET", self._url(path, query), may)[0], path)

    def pages(self, path: str, may: str, **query: object) -> Iterator[Any]:
        """All entries of a list, or of the list that an answer has under `key`."""
        key = query.pop("key", None)
        url = self._url(path, {"per_page": 100, **query})
        for _ in range(PAGES):
            body, headers = self._send("GET", url, may)
            found = parsed(body, path)
            entries = found.get(key) if key is not None and isinstance(found, dict) else found
            if not isinstance(entries, list):
                raise ApiError(0, _strange(path))
            yield from entries
            url = _next(headers)
            if not url:
                return
            if urlsplit(url)[:2] != urlsplit(self.address)[:2]:
                raise ApiError(0, f"GitHub's next page of {path} is elsewhere, at {urlsplit(url).hostname}")

    def send(self, method: str, path: str, may: str, body: Mapping[str, object] | None = None) -> Any:
        """Change something. What is made (POST) is asked for once: who calls this looks whether it was made."""
        return parsed(self._send(method, self._url(path, {}), may, body, again=method != "POST")[0], path)

    def download(self, path: str, may: str) -> bytes:
        """A file, which lies where the API's answer leads to: that place does not get the token."""
        url = self._url(path, {})
        body, headers = self._send("GET", url, may)
        elsewhere = headers.get("Location")
        return _Elsewhere(self.sleep).fetch(elsewhere) if elsewhere else body

    def _url(self, path: str, query: Mapping[str, object]) -> str:
        asked = f"?{urlencode(query)}" if query else ""
        return f"{self.address.rstrip('/')}/{quote(path)}{asked}"

    def _send(
        self, method: str, url: str, may: str, body: Mapping[str, object] | None = None, *, again: bool = True
    ) -> tuple[bytes, Message]:
        headers = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "specrun-action",
            "Content-Type": "application/json",
        }
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        for left in reversed(range(TRIES)):
            request = urllib.request.Request(url, data, headers, method=method)
            try:
                return _answer(request)
            except urllib.error.HTTPError as error:
                if error.code in (301, 302, 307, 308) and method == "GET":
                    return b"", error.headers
                wait = _wait(error, TRIES - left) if again or error.code in (403, 429) else None
                if wait is None or not left:
                    raise _refused(method, url, error, may) from error
            except (OSError, HTTPException) as error:
                wait = 2.0 ** (TRIES - left)
                if not again or not left:
                    host = urlsplit(url).hostname
                    raise ApiError(0, f"{host} gave no answer to {method} {_short(url)}: {error}") from error
            self.sleep(wait)
        raise AssertionError("the last try returns or raises")


@dataclass(frozen=True)
class _Elsewhere:
    sleep: Callable[[float], None]

    def fetch(self, url: str) -> bytes:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise ApiError(0, f"GitHub has the file at an address that is not https: {parts.scheme}://{parts.hostname}")
        for left in reversed(range(TRIES)):
            try:
                return _answer(urllib.request.Request(url, headers={"User-Agent": "specrun-action"}))[0]
            except (OSError, HTTPException) as error:  # an HTTPError is an OSError
                status = error.code if isinstance(error, urllib.error.HTTPError) else 0
                if not left or (status and status not in _AGAIN):
                    raise ApiError(status, f"{parts.hostname} does not give the file: {status or error}") from error
            self.sleep(2.0 ** (TRIES - left))
        raise AssertionError("the last try returns or raises")


def parsed(body: bytes, path: str) -> Any:
    """An answer's JSON; None of an empty one. Raises ApiError: a proxy may have answered."""
    try:
        return json.loads(body or b"null")
    except (ValueError, RecursionError) as error:
        raise ApiError(0, _strange(path)) from error


def _strange(path: str) -> str:
    return f"what answers to {path} is not GitHub's API: is a proxy in between?"


def _answer(request: urllib.request.Request) -> tuple[bytes, Message]:
    with _OPENER.open(request, timeout=DEADLINE) as answer:
        body = answer.read(LARGEST + 1)
        if len(body) > LARGEST:
            raise ApiError(0, f"{urlsplit(request.full_url).hostname} answers with more than {LARGEST >> 20} MiB")
        return body, answer.headers


def _wait(error: urllib.error.HTTPError, tries: int) -> float | None:
    """Seconds until the next try; None where another try is of no use, or too far away."""
    limited = error.code == 429 or (error.code == 403 and _is_limit(error.headers))
    if not limited and error.code not in _AGAIN:
        return None
    said = error.headers.get("Retry-After", "")
    reset = error.headers.get("X-RateLimit-Reset", "")
    if said.isdigit():
        seconds = float(said)
    elif limited and reset.isdigit() and error.headers.get("X-RateLimit-Remaining") == "0":
        seconds = max(1.0, float(reset) - time.time())
    else:
        seconds = 2.0**tries
    return seconds if seconds <= LONGEST else None


def _is_limit(headers: Message) -> bool:
    return headers.get("Retry-After") is not None or headers.get("X-RateLimit-Remaining") == "0"


def _refused(method: str, url: str, error: urllib.error.HTTPError, may: str) -> ApiError:
    """What the answer means here, with GitHub's own words."""
    said = _words(error)
    asked = f"{method} {_short(url)}"
    if error.code == 429 or (error.code == 403 and _is_limit(error.headers)):
        what = "the token has used up its requests for now: run this job again later"
    elif error.code == 401:
        what = (
            "it does not know the token: `token` is that of the job unless you give another one, which may have expired"
        )
    elif error.code == 403:
        what = (
            f"the token may not do that. Give the job `permissions: {{{may}}}`; a locked conversation takes no comment"
        )
    elif error.code == 404:
        what = (
            f"there is none, or the token may not see it. Give the job `permissions: {{{may}}}`, and `token` only one "
            "that is for this repository"
        )
    elif error.code == 410:
        what = "it is switched off, as issues can be in a repository's settings"
    elif error.code == 422:
        what = "it does not take that"
    else:
        what = f"it failed, and so did {TRIES - 1} more tries" if method != "POST" else "it failed"
        what = f"{what}: run this job again"
    return ApiError(error.code, f"GitHub answered {error.code} to {asked}: {what}{f' ({said})' if said else ''}")


def _words(error: urllib.error.HTTPError) -> str:
    """GitHub's own words, short: they stand in a JSON document, or there are none."""
    try:
        found = json.loads(error.read(65_536))
    except (OSError, ValueError, HTTPException):
        return ""
    if not isinstance(found, dict):
        return ""
    more = [one.get("message") or one.get("code") for one in found.get("errors") or () if isinstance(one, dict)]
    words = "; ".join(str(text) for text in (found.get("message"), *more) if text)
    return " ".join(words.split())[:300]


def _short(url: str) -> str:
    return urlsplit(url).path


def _next(headers: Message) -> str:
    for link in headers.get("Link", "").split(","):
        address, _, relation = link.partition(";")
        if 'rel="next"' in relation:
            return address.strip().strip("<>")
    return ""
