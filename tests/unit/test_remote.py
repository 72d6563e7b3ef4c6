from __future__ import annotations

import contextlib
import hashlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import trustme

from specrun.plan.hashes import HashCache
from specrun.plan.remote import NotFetched, cached_download, download, file_name
from tests.loopback import LoopbackServer

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
            if self.path == "/away":
                self.send_response(302)
                self.send_header("Location", "http://127.0.0.1:9/")
                self.end_headers()
                return
            if self.path != "/files/mnist%20set.npz":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *_: object) -> None:
            pass

    server = LoopbackServer(("127.0.0.1", 0), Handler)
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
    with pytest.raises(NotFetched, match=SHA256):
        download(site.url, wrong, tmp_path / "home", lambda *_: None)
    assert [path.name for path in (tmp_path / "home").rglob("*") if path.is_file()] == [".gitignore"]


def test_a_site_that_says_no(tmp_path: Path, site: Site) -> None:
    with pytest.raises(NotFetched, match="404"):
        download(site.url + ".gz", SHA256, tmp_path / "home", lambda *_: None)


LENGTH = f"Content-Length: {len(CONTENT)}\r\n"
NONSENSE = {
    "no answer": (b"", "closed connection"),
    "no status line": (b"what?\r\n\r\n", "no answer of HTTP"),
    "HTTP/0.9": (b"<html>", "no answer of HTTP"),
    "a header of a megabyte": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * (1 << 20) + b"\r\n\r\n", "no answer of HTTP"),
    "too many headers": (b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 200 + b"\r\n", "no answer of HTTP"),
    "a length that is none": (b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nx", "has SHA-256"),
    "a negative length": (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx", "has SHA-256"),
    "an endless length": (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nx", "has SHA-256"),
    "a cut answer": (b"HTTP/1.1 200 OK\r\n" + LENGTH.encode() + b"\r\n" + CONTENT[:5], "broke off after 5 of"),
    "chunks that are none": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "no answer of HTTP"),
    "a chunk that is cut": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nab", "no answer of HTTP"),
    "a page of a proxy": (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Sign in", "has SHA-256"),
    "a redirect to a file": (b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n", "302"),
    "a redirect to FTP": (b"HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/x\r\n\r\n", "it leads from http to ftp"),
    "a redirect to itself": (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "infinite loop"),
    "a redirect to nowhere": (b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n", "no answer of HTTP"),
    "a status that is none": (b"HTTP/1.1 999999 OK\r\n\r\n", "no answer of HTTP"),
}


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], str]]:
    """A server that answers whatever it is asked with the same bytes; its address."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer(words: bytes) -> None:
            with contextlib.suppress(OSError):
                while True:
                    with listener.accept()[0] as connection:
                        connection.recv(65536)
                        connection.sendall(words)

        def begin(words: bytes) -> str:
            threading.Thread(target=answer, args=(words,), daemon=True).start()
            return f"http://127.0.0.1:{listener.getsockname()[1]}/set.npz?sig=abc"

        yield begin
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(("words", "told"), NONSENSE.values(), ids=NONSENSE)
def test_an_answer_that_is_none(tmp_path: Path, say: Callable[[bytes], str], words: bytes, told: str) -> None:
    with pytest.raises(NotFetched, match=told) as caught:
        download(say(words), SHA256, tmp_path / "home", lambda *_: None)
    assert "sig=" not in str(caught.value)
    assert [path.name for path in (tmp_path / "home").rglob("*") if path.is_file()] == [".gitignore"]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://[::1/x", "http://127.0.0.1:x/", "https://a b/", "x"])
def test_an_address_that_is_none(tmp_path: Path, url: str) -> None:
    with pytest.raises(NotFetched):
        download(url, SHA256, tmp_path / "home", lambda *_: None)


def test_nothing_leads_from_https_to_http(tmp_path: Path, site: Site) -> None:
    with pytest.raises(NotFetched, match="from https to http"):
        download(site.url.replace("files/mnist%20set.npz", "away"), SHA256, tmp_path / "home", lambda *_: None)
