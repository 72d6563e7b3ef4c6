"""The server: the standard library's, one thread for each connection, on this machine's own address alone."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from specrun import __version__
from specrun.engines.base import EngineError
from specrun.plan.ownership import StateRefused
from specrun.spec.visible import json_text
from specrun.ui import pages
from specrun.ui.answers import Answers
from specrun.ui.files import Sent
from specrun.ui.guard import Guard
from specrun.ui.streams import Streams
from specrun.ui.tokens import Once
from specrun.ui.wire import Params, Refused

ADDRESS = "127.0.0.1"
CONNECTIONS = 200
"""Connections at once: a page has six at most."""

REQUEST = 30.0
"""Seconds in which a request has to be there, from the end of the one before, whoever sends it byte by byte."""

STALLED = 60.0
"""Seconds for which an answer may find nobody who takes it."""

BODY = 1 << 20
"""Bytes of a request's body at most."""

PACKED = 1024
"""Bytes from which on an answer is packed."""


class Server(ThreadingHTTPServer):
    """Serves one `Answers` at `ADDRESS`. Raises OSError where the port is taken."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, port: int, answers: Answers, guard: Guard) -> None:
        self.answers = answers
        self.guard = guard
        self.once = Once()
        self.streams = Streams(answers)
        self.awaited: dict[socket.socket, float] = {}
        """Connections that have to bring a request, and until when."""
        self._open = threading.BoundedSemaphore(CONNECTIONS)
        super().__init__((ADDRESS, port), Handler)

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own; one too many is closed."""
        if self._open.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve it to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.awaited.pop(request, None)
            self._open.release()

    def service_actions(self) -> None:
        """End the connections whose request has not come in time."""
        now = time.monotonic()
        for connection, until in list(self.awaited.items()):
            if until < now:
                self.awaited.pop(connection, None)
                with contextlib.suppress(OSError):  # it has ended by itself
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has hung up is nothing to tell of; all else is a bug, and is told."""
        import sys

        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = f"specrun/{__version__}"
    sys_version = ""
    timeout = STALLED

    def handle_one_request(self) -> None:
        """Wait for a request, for a while, and answer it."""
        self.server.awaited[self.connection] = time.monotonic() + REQUEST
        super().handle_one_request()

    def parse_request(self) -> bool:
        """Read what is asked; the connection is in no hurry from here on."""
        parsed = super().parse_request()
        self.server.awaited.pop(self.connection, None)
        return parsed

    def do_GET(self) -> None:
        """Answer a question."""
        self._answer(self._get)

    def do_HEAD(self) -> None:
        """The same without the answer's body."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Do something."""
        self._answer(self._post)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: an address may hold the token."""

    def _answer(self, work: Callable[[str, Params], None]) -> None:
        try:
            self.server.guard.check_host(self.headers)
            address = urlsplit(self.path)
            path = unquote(address.path, errors="strict")
            pairs = parse_qsl(address.query, keep_blank_values=True, max_num_fields=50)
            work(path.lstrip("/"), Params(dict(pairs)))
        except Refused as refused:
            self._refuse(refused)
        except (EngineError, StateRefused) as error:
            self._refuse(Refused(502, str(error)))
        except ValueError:
            self._refuse(Refused(400, "that is no address"))

    def _get(self, path: str, params: Params) -> None:
        if path in ("", "login"):
            self._page(params)
        elif not path.startswith("api/"):
            self._asset(path)
        else:
            self._check_api()
            if path == "api/events":
                self._stream(params)
            elif (sent := self.server.answers.sent(path[4:], params)) is not None:
                self._send_file(sent)
            else:
                self._json(self.server.answers.get(path[4:], params.values))

    def _post(self, path: str, params: Params) -> None:
        body = self._body()
        if path == "login":
            given = dict(parse_qsl(body.decode(errors="replace"))).get("token", "")
            self._let_in(self.server.guard.is_token(given.strip()))
            return
        self._check_api()
        self.server.guard.check_post(self.headers)
        try:
            values = json.loads(body or b"{}")
        except (ValueError, RecursionError):
            raise Refused(400, "the body is no JSON") from None
        if not path.startswith("api/") or not isinstance(values, dict):
            raise Refused(404 if isinstance(values, dict) else 400, f"nothing can be done at `{path[:100]}`")
        if path == "api/watch":
            self._json(self.server.streams.take(values))
        else:
            self._json(self.server.answers.post(path[4:], values))

    def _check_api(self) -> None:
        self.server.guard.check_site(self.headers)
        if not self.server.guard.knows(self.headers):
            raise Refused(401, "the token is missing: reload the page, and log in")

    def _page(self, params: Params) -> None:
        if token := params.text("token"):
            self._let_in(self.server.guard.is_token(token))
        elif once := params.text("once"):
            self._let_in(self.server.once.take(once))
        elif self.server.guard.knows(self.headers):
            self._send(200, *pages.asset("") or (b"", ""), {"Content-Security-Policy": pages.POLICY})
        else:
            self._send(200, pages.login_page(), "text/html; charset=utf-8", {"Content-Security-Policy": pages.POLICY})

    def _let_in(self, counts: bool) -> None:
        """Give a browser the token to keep, and have it forget the address that has one."""
        if not counts and not self.server.guard.knows(self.headers):
            page = pages.login_page("That is not the token.")
            self._send(403, page, "text/html; charset=utf-8", {"Content-Security-Policy": pages.POLICY})
            return
        # Relative: a proxy may have put a path before.
        headers = {"Location": "./"} | ({"Set-Cookie": self.server.guard.cookie_header()} if counts else {})
        self._send(303, b"", "text/plain; charset=utf-8", headers)

    def _asset(self, path: str) -> None:
        found = pages.asset(path)
        if found is None:
            raise Refused(404, f"there is no `{path[:100]}`")
        self._send(200, *found, {"Content-Security-Policy": pages.POLICY})

    def _stream(self, params: Params) -> None:
        watching = self.server.streams.open(params.needed("page"))
        self.close_connection = True
        self._head(200, "text/event-stream; charset=utf-8", {"Connection": "close", "X-Accel-Buffering": "no"})
        if self.command == "HEAD":
            return

        def send(message: Mapping[str, object] | None) -> None:
            self.wfile.write(f"data: {json_text(message)}\n\n".encode() if message is not None else b": \n\n")

        try:
            send({"hello": {"page": params.needed("page"), "now": time.time(), "version": __version__}})
            watching.run(send)
        finally:
            self.server.streams.close(params.needed("page"), watching)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not length.isascii() or not length.isdigit():
            self.close_connection = True
            raise Refused(411, "a request with a body says how long that is")
        if int(length) > BODY:
            self.close_connection = True
            raise Refused(413, f"a request has at most {BODY} bytes")
        self.server.awaited[self.connection] = time.monotonic() + REQUEST
        body = self.rfile.read(int(length))
        self.server.awaited.pop(self.connection, None)
        if len(body) < int(length):
            raise ConnectionAbortedError("the body was cut")
        return body

    def _json(self, value: object) -> None:
        self._send(200, json_text(value).encode(), "application/json")

    def _refuse(self, refused: Refused) -> None:
        if self.command == "POST" and not self.close_connection and self.headers.get("Content-Length"):
            self.close_connection = True  # its body may not have been read
        status = refused.status
        self._send(status, json_text(refused.data).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str, headers: Mapping[str, str] | None = None) -> None:
        more = dict(headers or {})
        etag = more.get("ETag")
        if etag is not None and etag in self.headers.get("If-None-Match", ""):
            self._head(304, kind, {**more, "Content-Length": "0"})
            return
        if len(body) >= PACKED and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, 1 if kind == "application/json" else 6, mtime=0)
            more |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        self._head(status, kind, {**more, "Content-Length": str(len(body))})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: int, kind: str, headers: Mapping[str, str]) -> None:
        self.send_response(status, HTTPStatus(status).phrase)
        for name, value in {**pages.HEADERS, "Content-Type": kind, **headers}.items():
            self.send_header(name, value)
        if self.close_connection and "Connection" not in headers:
            self.send_header("Connection", "close")
        self.end_headers()

    def _send_file(self, sent: Sent) -> None:
        with sent:
            self._head(200, sent.type, {**sent.headers, "Content-Length": str(sent.size)})
            left = sent.size if self.command != "HEAD" else 0
            while left and (piece := sent.file.read(min(left, 1 << 18))):
                self.wfile.write(piece)
                left -= len(piece)
            if left:
                self.close_connection = True  # it was cut meanwhile: the length that was said is not right
