"""Requests for blobs, passed on to Azurite as they are: the Host header tells it the account."""

from __future__ import annotations

import http.client
import select
import ssl
import threading
import time
from collections.abc import Callable, Iterator

from emulator.wire import CHUNK, Incoming, Outgoing

_HOP = {"connection", "keep-alive", "transfer-encoding", "proxy-connection", "expect"}
_IDLE = 4.0  # seconds; Azurite closes a connection after 5


class Forwarder:
    """Keeps one connection to `127.0.0.1:port` for each thread, so for each connection of a client."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._tls = ssl._create_unverified_context()  # our own child, on loopback
        self._mine = threading.local()

    def send(self, incoming: Incoming) -> Outgoing:
        """Passes a request on; the answer's body is passed back as it comes."""
        connection = self._connection()
        connection.putrequest(incoming.method, incoming.target, skip_host=True, skip_accept_encoding=True)
        for name, value in incoming.raw_headers:
            if name.lower() not in _HOP:
                connection.putheader(name, value)
        if "transfer-encoding" in incoming.headers:
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders(_parts(incoming.body.read1), encode_chunked=True)
        else:
            connection.endheaders(_parts(incoming.body.read1))
        response = connection.getresponse()
        headers = {name: value for name, value in response.getheaders() if name.lower() not in _HOP}
        headers.setdefault("x-ms-version", incoming.headers.get("x-ms-version", ""))
        if response.length is not None and response.length <= CHUNK:
            return Outgoing(response.status, headers, response.read())
        return Outgoing(response.status, headers, _parts(lambda: response.read(CHUNK)))

    def _connection(self) -> http.client.HTTPSConnection:
        connection: http.client.HTTPSConnection | None = getattr(self._mine, "connection", None)
        fresh = time.monotonic() - getattr(self._mine, "used", 0.0) < _IDLE
        self._mine.used = time.monotonic()
        if connection and connection.sock and fresh and not select.select([connection.sock], [], [], 0)[0]:
            return connection
        if connection:
            connection.close()
        self._mine.connection = http.client.HTTPSConnection("127.0.0.1", self._port, context=self._tls)
        return self._mine.connection


def _parts(read: Callable[[], bytes]) -> Iterator[bytes]:
    while data := read():
        yield data
