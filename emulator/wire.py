"""An HTTP proxy that ends TLS itself: bytes in, bytes out. Knows nothing of Azure."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import BinaryIO
from urllib.parse import urlsplit

CHUNK = 256 * 1024
_HEAD_LIMIT = 64 * 1024
_QUICK = getattr(socket, "TCP_QUICKACK", None)  # Linux


class Dropped(Exception):
    """Raised by the one who answers: the client gets no (further) answer, its connection is reset."""


class Body:
    """A request's body, read when somebody asks for it; only then is a waiting client told to go on."""

    def __init__(self, source: BinaryIO, headers: dict[str, str], go_on: Callable[[], None]) -> None:
        self._source = source
        self._go_on: Callable[[], None] | None = go_on if "100-continue" in headers.get("expect", "").lower() else None
        self._chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        self._left = 0 if self._chunked else int(headers.get("content-length") or 0)
        self.done = not self._chunked and self._left == 0

    def read1(self) -> bytes:
        """Some bytes; none at the end. Raises EOFError when the client is gone before the end."""
        if self.done:
            return b""
        if self._go_on:
            self._go_on()
            self._go_on = None
        if self._chunked and self._left == 0 and not self._next_chunk():
            return b""
        data = self._source.read1(min(self._left, CHUNK))
        if not data:
            raise EOFError("the client closed the connection inside a body")
        self._left -= len(data)
        if self._left == 0:
            if self._chunked:
                self._source.readline()
            else:
                self.done = True
        return data

    def _next_chunk(self) -> bool:
        self._left = int(self._source.readline().split(b";")[0], 16)
        if self._left:
            return True
        while self._source.readline() not in (b"\r\n", b"\n", b""):
            pass
        self.done = True
        return False

    def read(self) -> bytes:
        """All of it."""
        parts = []
        while data := self.read1():
            parts.append(data)
        return b"".join(parts)

    @property
    def untouched(self) -> bool:
        """The client still waits to be told to send it."""
        return self._go_on is not None


@dataclass(frozen=True)
class Incoming:
    """One request. `target` is path and query as sent; `raw_headers` keeps spelling and order."""

    method: str
    host: str
    target: str
    raw_headers: list[tuple[str, str]]
    headers: dict[str, str]  # names in lower case
    body: Body


@dataclass
class Outgoing:
    """One answer. A body that is not bytes is sent as it comes: by length if the headers say one, else chunked.
    `cut_after`: the connection is reset when so many bytes of the body are sent.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Iterable[bytes] = b""
    cut_after: int | None = None


@dataclass(frozen=True)
class Wire:
    """What the proxy does with connections: `knows` says which hosts it answers for."""

    answer: Callable[[Incoming], Outgoing]
    knows: Callable[[str], bool]
    refused: Callable[[str], None]  # told of every unknown host
    tls: ssl.SSLContext


class Server:
    """The proxy, listening on a free port of 127.0.0.1 until closed; one thread for each connection."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True, name="emulator-accept").start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(client,), daemon=True, name="emulator-client").start()

    def _serve(self, client: socket.socket) -> None:
        with self._lock:
            self._open.add(client)
        try:
            with contextlib.suppress(OSError, EOFError, ValueError):
                _Connection(self._wire, client, self._replace).serve()
        finally:
            with self._lock:
                self._open = {one for one in self._open if one.fileno() >= 0}

    def _replace(self, plain: socket.socket, secure: ssl.SSLSocket) -> None:
        """TLS has taken a connection over: from now on that is the one to end."""
        with self._lock:
            self._open.discard(plain)
            self._open.add(secure)

    def close(self) -> None:
        """No new connections; those that are open end now."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for client in self._open:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)


class _Connection:
    def __init__(
        self, wire: Wire, client: socket.socket, secured: Callable[[socket.socket, ssl.SSLSocket], None]
    ) -> None:
        self._wire, self._socket, self._secured = wire, client, secured
        self._source: BinaryIO = client.makefile("rb", CHUNK)
        self._tunnel: str | None = None

    def serve(self) -> None:
        try:
            while self._one():
                pass
        except Dropped:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        finally:
            self._source.close()
            self._socket.close()

    def _one(self) -> bool:
        """Serves one request; whether the connection stays open."""
        line = self._source.readline(_HEAD_LIMIT).decode("latin-1").strip()
        if not line:
            return False
        method, target, _ = line.split(" ", 2)
        raw = list(_read_headers(self._source))
        if method == "CONNECT":
            return self._connect(target.rpartition(":")[0])
        headers = {name.lower(): value for name, value in raw}
        host, target = self._locate(target, headers)
        if not self._wire.knows(host):
            return self._unknown(host)
        body = Body(self._source, headers, lambda: self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n"))
        if not body.done and _QUICK:
            # urllib3 talks to a proxy with Nagle's algorithm on: its body waits 40 ms unless its head is acknowledged.
            self._socket.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)
        outgoing = self._wire.answer(Incoming(method, host, target, raw, headers, body))
        keep = headers.get("connection", "").lower() != "close" and not body.untouched
        self._send(outgoing, method == "HEAD", keep)
        while keep and body.read1():
            pass
        return keep

    def _locate(self, target: str, headers: dict[str, str]) -> tuple[str, str]:
        if self._tunnel:
            return self._tunnel, target
        if "://" not in target:
            return headers.get("host", "").partition(":")[0].lower(), target
        parts = urlsplit(target)
        return (parts.hostname or "").lower(), (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def _unknown(self, host: str) -> bool:
        self._wire.refused(host)
        self._socket.sendall(b"HTTP/1.1 502 Unknown-Host\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        return False

    def _connect(self, host: str) -> bool:
        host = host.lower()
        if not self._wire.knows(host):
            return self._unknown(host)
        self._socket.sendall(b"HTTP/1.1 200 Connection Established\r\n\r\n")
        self._source.close()
        secure = self._wire.tls.wrap_socket(self._socket, server_side=True)
        self._secured(self._socket, secure)
        self._socket = secure
        self._source = self._socket.makefile("rb", CHUNK)
        self._tunnel = host
        return True

    def _send(self, outgoing: Outgoing, head_only: bool, keep: bool) -> None:
        headers = {"Connection": "keep-alive" if keep else "close", **outgoing.headers}
        body = outgoing.body
        names = {name.lower() for name in headers}
        bodiless = head_only or outgoing.status in (204, 304)
        chunked = False
        if isinstance(body, bytes):
            if "content-length" not in names and outgoing.status != 204:
                headers["Content-Length"] = str(len(body))
        elif "content-length" not in names and not bodiless:
            headers["Transfer-Encoding"], chunked = "chunked", True
        reason = HTTPStatus(outgoing.status).phrase
        head = f"HTTP/1.1 {outgoing.status} {reason}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        parts = _cut([body] if isinstance(body, bytes) else body, outgoing.cut_after)
        if bodiless:
            parts = iter(())
        first = next(parts, b"") if isinstance(body, bytes) else b""
        self._socket.sendall(f"{head}\r\n".encode("latin-1") + first)
        for part in parts:
            self._socket.sendall(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
        if chunked:
            self._socket.sendall(b"0\r\n\r\n")


def _cut(parts: Iterable[bytes], after: int | None) -> Iterable[bytes]:
    left = after
    for part in parts:
        if left is not None and len(part) > left:
            yield part[:left]
            raise Dropped
        if left is not None:
            left -= len(part)
        if part:
            yield part
    if after is not None:
        raise Dropped


def _read_headers(source: BinaryIO) -> Iterable[tuple[str, str]]:
    while True:
        line = source.readline(_HEAD_LIMIT)
        if line in (b"\r\n", b"\n", b""):
            return
        name, _, value = line.decode("latin-1").partition(":")
        yield name.strip(), value.strip()
