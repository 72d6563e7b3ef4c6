"""A web server on loopback, for one test."""

from __future__ import annotations

import sys
from http.server import ThreadingHTTPServer
from typing import Any


class LoopbackServer(ThreadingHTTPServer):
    """Says nothing of clients that have hung up: it would say so on the standard error of a test that comes later."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what went wrong in a handler, but for that."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)
