"""Connections to one host for the Azure SDKs, at a tenth of the cost: what stays the same is worked out once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.core.pipeline.transport import RequestsTransport

PIECE = 256 << 10
"""Bytes that go to the socket at once: the deadline is for each of them, and a slow line is no dead one."""

CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 20.0
"""Seconds without a byte, for all requests but those that are known to take long."""

SLOW_TIMEOUT = 35.0
"""Seconds for what takes 16 at times; three tries and the looks between them are less than a call may be silent."""

_SLOW = re.compile(r"/environments/[^/?]+/versions/[^/?]+(?:$|\?)")

LONGEST_PAUSE = 30.0
"""Seconds that an SDK may wait before it tries again, whatever the service asks for: a call that is silent for longer
is given up, and the core waits better, since it says so."""


_may_change: ContextVar[Callable[[], object]] = ContextVar("may_change", default=lambda: None)


@contextmanager
def changing_while(check: Callable[[], object]) -> Iterator[None]:
    """Have `check` asked before each request that changes something, of all that is done meanwhile: what it raises
    keeps that from being sent, an SDK's second try and the next of many files alike.
    """
    before = _may_change.set(check)
    try:
        yield
    finally:
        _may_change.reset(before)


def is_slow(method: str, url: str) -> bool:
    """Whether a request is one that the service may take long for: an environment with packages is looked through."""
    return method == "PUT" and _SLOW.search(url) is not None


def transport(url: str, connections: int) -> RequestsTransport:
    """A transport that keeps so many connections to the URL's host, through the proxy that the environment names.

    requests would read the environment and prepare each request anew, which takes as long as all the rest of it; and it
    would put what a ~/.netrc says in the place of our credential.
    """
    import requests
    from azure.core.exceptions import ServiceResponseError
    from azure.core.pipeline.transport import RequestsTransport
    from requests.adapters import HTTPAdapter
    from requests.structures import CaseInsensitiveDict
    from requests.utils import get_environ_proxies

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            super().init_poolmanager(*args, **options, blocksize=PIECE)

        def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
            return super().proxy_manager_for(proxy, **options, blocksize=PIECE)

    class Session(requests.Session):
        def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
            """Send what the SDK has prepared as it is: no redirects, no cookies, no form data."""
            request = requests.PreparedRequest()
            request.method, request.url, request.body = method, url, options["data"]
            request.headers = CaseInsensitiveDict(options["headers"])
            stream = options.get("stream", False)
            response = adapter.send(
                request, stream, options["timeout"], options["verify"], options["cert"], proxies=self.proxies
            )
            if not stream:
                response.content  # noqa: B018 - read, so that the connection is free
            return response

    class Transport(RequestsTransport):  # type: ignore[misc]
        def send(self, request: Any, **options: Any) -> Any:
            """Send a request. What was slow and had no answer is looked for before anybody sends it again."""
            if request.method not in ("GET", "HEAD"):
                _may_change.get()()
            if not is_slow(request.method, request.url):
                return super().send(request, **options)
            try:
                return super().send(request, **{**options, "read_timeout": SLOW_TIMEOUT})
            except ServiceResponseError:
                kept = {name: value for name, value in request.headers.items() if not name.startswith("Content-")}
                found = super().send(type(request)("GET", request.url, headers=kept), **options)
                if found.status_code == 200:
                    return found
                raise

        def sleep(self, duration: float) -> None:
            super().sleep(min(duration, LONGEST_PAUSE))

    session = Session()
    session.proxies.update(get_environ_proxies(url))
    adapter = Adapter(pool_connections=2, pool_maxsize=connections)
    return Transport(
        session=session,
        connection_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        connection_verify=os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True,
    )
