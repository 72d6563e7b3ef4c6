"""Azure's public Retail Prices API, page by page. Nobody signs in; no other host is asked, whatever an answer says.

No SDK has it: it is asked with the standard library, through the proxy that `https_proxy` names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from specrun.engines.base import EngineError, Transient
from specrun.engines.calls import ATTEMPTS, pause_after, retried
from specrun.plan.under_way import under_way

SITE = "https://prices.azure.com"
PATH = "/api/retail/prices"
VERSION = "2023-01-01-preview"

_MOST_PAGES = 1000
_MOST_BYTES = 32 << 20
_LONGEST_WAIT = 300
_PATIENCE = 60
"""Seconds in which something has to come."""


def address(region: str, currency: str) -> str:
    """The first page of the prices of a region's virtual machines."""
    from urllib.parse import quote, urlencode

    wanted = f"serviceName eq 'Virtual Machines' and armRegionName eq '{region}' and priceType eq 'Consumption'"
    query = {"api-version": VERSION, "currencyCode": f"'{currency}'", "$filter": wanted}
    return f"{SITE}{PATH}?{urlencode(query, quote_via=quote, safe='$')}"


def pages(region: str, currency: str, tell: Callable[[str], None]) -> Iterator[str]:
    """The text of every page. What is waited for is told. Raises EngineError."""
    import json

    link, seen = address(region, currency), set[str]()
    while link:
        seen.add(link)
        with under_way(f"asking {_host(link)} for prices: page {len(seen)}"):
            text = retried(_Page(link, tell).text, lambda _: None)
        yield text
        try:
            following = json.loads(text).get("NextPageLink")
        except (ValueError, AttributeError, RecursionError) as error:
            raise EngineError(f"{_host(link)} answers what is no page of prices: {text[:80]!r}") from error
        link = str(following or "").replace(" ", "%20")
        if link and not _is_here(link):
            raise EngineError(f"{SITE} says that its prices go on at another host, {link[:200]}: that is not followed")
        if link in seen or len(seen) == _MOST_PAGES:
            raise EngineError(f"{SITE} names page after page and comes to no end, after {len(seen)} of them")


class _Page:
    """One page, and how often it was asked for."""

    def __init__(self, link: str, tell: Callable[[str], None]) -> None:
        self._link, self._tell, self._attempt = link, tell, 0

    def text(self) -> str:
        """What it has. Raises Transient where it may be there the next time."""
        try:
            return _fetched(self._link)
        except Transient as error:
            if (error.after or 0) > _LONGEST_WAIT:
                raise EngineError(f"{error}, and asks to wait for {error.after:.0f} s: try again then") from error
            if self._attempt < ATTEMPTS - 1:
                self._tell(f"{error}: asked again in {pause_after(error, self._attempt):g} s")
            self._attempt += 1
            raise


def _fetched(link: str) -> str:
    from http.client import HTTPException, IncompleteRead, RemoteDisconnected
    from urllib.error import HTTPError, URLError
    from urllib.request import Request

    host = _host(link)
    try:
        with _opener().open(Request(link, headers={"Accept": "application/json"}), timeout=_PATIENCE) as answer:
            body: bytes = answer.read(_MOST_BYTES + 1)
            length = str(answer.headers.get("Content-Length") or "")
    except HTTPError as error:
        said = f"{host} answers {error.code} ({error.reason})"
        if error.code == 429 or error.code >= 500:
            asked = str(error.headers.get("Retry-After") or "")
            raise Transient(said, float(asked) if asked.isdecimal() else None) from error
        raise EngineError(said) from error
    except (IncompleteRead, RemoteDisconnected, ConnectionResetError) as error:
        raise Transient(f"{host} broke off its answer") from error
    except URLError as error:
        raise EngineError(f"{host} cannot be reached{_through()}: {error.reason}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise EngineError(f"{host} cannot be asked: {error}") from error
    if len(body) > _MOST_BYTES:
        raise EngineError(f"{host} answers with more than {_MOST_BYTES:,} bytes: that is no page of prices")
    if length.isdecimal() and len(body) < int(length):
        raise Transient(f"{host} broke off its answer")
    return body.decode(errors="replace")


def _opener() -> Any:
    """What opens addresses, without a redirect that leads elsewhere."""
    from urllib.request import HTTPRedirectHandler, build_opener

    class Redirects(HTTPRedirectHandler):
        def redirect_request(self, request: Any, answer: Any, code: int, reason: str, headers: Any, to: str) -> Any:
            if not _is_here(to):
                raise ValueError(f"it leads to another host, {to[:200]}, and that is not followed")
            return super().redirect_request(request, answer, code, reason, headers, to)

    return build_opener(Redirects)


def _through() -> str:
    """The proxy that is between, without who signs in to it."""
    from urllib.request import getproxies

    proxy = getproxies().get(SITE.partition(":")[0], "").rpartition("@")[2].rpartition("/")[2]
    return f" through the proxy {proxy}" if proxy else ""


def _is_here(link: str) -> bool:
    """Whether an address is one of the site; its links name the port, too."""
    from urllib.parse import urlsplit

    def origin(one: str) -> tuple[str, str, int]:
        parts = urlsplit(one)
        usual = 443 if parts.scheme == "https" else 80
        return parts.scheme, parts.hostname or "", parts.port or usual

    try:
        return origin(link) == origin(SITE)
    except ValueError:
        return False


def _host(link: str) -> str:
    return link.partition("://")[2].partition("/")[0]
