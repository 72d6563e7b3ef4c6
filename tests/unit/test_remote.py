from __future__ import annotations

import hashlib
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from specrun.plan.hashes import HashCache
from specrun.plan.remote import WrongContent, cached_download, download, file_name

CONTENT = bytes(range(256)) * 9000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Site:
    """An https site on loopback with one file, and how often it was asked for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests = 0


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """One for all tests: urllib may read the trusted certificates only once."""
    return trustme.CA()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority: trustme.CA) -> Iterator[Site]:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.requests += 1
            if self.path != "/files/mnist%20set.npz":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    served = Site(f"https://127.0.0.1:{server.server_port}/files/mnist%20set.npz")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield served
    server.shutdown()
    server.server_close()


def test_a_file_is_fetched_once_and_kept_by_its_content(tmp_path: Path, site: Site) -> None:
    home = tmp_path / "home"
    before = cached_download(site.url, SHA256, home, HashCache(home))
    assert [(file.path, file.md5) for file in before] == [("mnist set.npz", "")], "unknown until it is fetched"
    reports: list[tuple[int, int]] = []
    path = download(site.url, SHA256, home, lambda done, total: reports.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert reports[-1] == (len(CONTENT), len(CONTENT))
    assert download(site.url, SHA256.upper(), home, lambda *_: None) == path
    assert site.requests == 1
    (after,) = cached_download(site.url, SHA256, home, HashCache(home))
    assert (after.size, after.md5) == (len(CONTENT), hashlib.md5(CONTENT).hexdigest())


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/mnist.npz?a=b", "mnist.npz"),
        ("/a%20b", "a b"),
        ("/a/..", "download"),
        ("/a%2F..%2F..%2Fvictim", "victim"),
        ("/%2e%2e", "download"),
        ("/a%00b", "download"),
        ("/a%0Ab", "download"),
        ("/..%5Cvictim", "download"),
        ("/" + "a" * 300, "download"),
        ("/", "download"),
    ],
)
def test_what_is_fetched_is_called_like_a_file(path: str, name: str) -> None:
    assert file_name(f"https://example.com{path}") == name


def test_other_content_is_refused_and_not_kept(tmp_path: Path, site: Site) -> None:
    wrong = "0" * 64
    with pytest.raises(WrongContent, match=SHA256):
        download(site.url, wrong, tmp_path / "home", lambda *_: None)
    assert [path.name for path in (tmp_path / "home").rglob("*") if path.is_file()] == [".gitignore"]


def test_a_site_that_says_no_is_an_os_error(tmp_path: Path, site: Site) -> None:
    with pytest.raises(OSError, match="404"):
        download(site.url + ".gz", SHA256, tmp_path / "home", lambda *_: None)
