"""A web site on loopback, and how specrun is told to trust it."""

from __future__ import annotations

import contextlib
import os
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import trustme

from tests.conformance.desk import Desk
from tests.loopback import LoopbackServer

PATIENCE = 60.0
"""Seconds that a held answer waits, if nobody lets it go."""


@dataclass
class Site:
    """`url` of its folder. `files` by name; `asked` is set by the first request; answers wait until `answering` is."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: threading.Event = field(default_factory=threading.Event)
    answering: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def trusted_site(desk: Desk, folder: Path) -> Iterator[Site]:
    """A site whose certificate the desk's commands trust, beside those that they trust anyway."""
    site = Site()
    site.answering.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.set()
            site.answering.wait(PATIENCE)
            content = site.files.get(self.path.lstrip("/"))
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    authority = trustme.CA()
    server = LoopbackServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    site.url = f"https://127.0.0.1:{server.server_port}"
    bundle = folder / "trusted.pem"
    bundle.write_bytes(_trusted_anyway(desk.place.environment) + authority.cert_pem.bytes())
    desk.variables |= dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), str(bundle))
    desk.variables |= dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        site.answering.set()
        server.shutdown()
        server.server_close()


def _trusted_anyway(environment: Mapping[str, str]) -> bytes:
    given = {**os.environ, **environment}.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
    return Path(given).read_bytes() if given and Path(given).is_file() else b""
