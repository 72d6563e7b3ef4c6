"""The proxy: one client, many requests, bodies of all kinds, and hosts that nobody here is."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from emulator import Emulator, Request, Response
from emulator.blobs import Blobs
from tests.emulator.emulated import bearer, emulated

HOST = "management.azure.com"


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with emulated(tmp_path) as emulator:

        @emulator.routes.on("POST", HOST, "/echo/{one}/{rest+}")
        def echo(service: object, request: Request, one: str, rest: str) -> Response:
            return Response(200, {"one": one, "rest": rest, "length": len(request.body), "query": dict(request.query)})

        yield emulator


def test_one_connection_carries_requests_with_bodies_of_all_kinds(emulator: Emulator) -> None:
    with requests.Session() as session:
        session.headers.update(bearer(emulator))
        url = f"https://{HOST}/Echo/a%20b/c/d"
        by_length = session.post(url, data=b"x" * 300_000, params={"q": "1&2"})
        chunked = session.post(url, data=(b"x" * 1000 for _ in range(700)))
        empty = session.post(url)
    assert by_length.json() == {"one": "a b", "rest": "c/d", "length": 300_000, "query": {"q": "1&2"}}
    assert [answer.json()["length"] for answer in (chunked, empty)] == [700_000, 0]


def test_a_client_that_waits_is_told_to_send_its_body(emulator: Emulator) -> None:
    raw = socket.create_connection(("127.0.0.1", int(emulator.proxy.rpartition(":")[2])))
    raw.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n".encode())
    assert raw.recv(1000).startswith(b"HTTP/1.1 200")
    context = ssl.create_default_context(cafile=emulator.environment["SSL_CERT_FILE"])
    with context.wrap_socket(raw, server_hostname=HOST) as client:
        token = bearer(emulator)["Authorization"]
        head = f"POST /echo/a/b HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: {token}\r\n"
        client.sendall(f"{head}Content-Length: 3\r\nExpect: 100-continue\r\n\r\n".encode())
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")
        assert b'"length": 3' in client.recv(1000)


def test_every_request_is_recorded_with_its_route(emulator: Emulator) -> None:
    requests.post(f"https://{HOST}/echo/a/b?x=1", headers=bearer(emulator))
    requests.get(f"https://{HOST}/nowhere", headers=bearer(emulator))
    requests.get(f"http://{HOST}/metadata/endpoints")
    seen = [(one.route, one.status) for one in emulator.requests]
    assert seen == [
        (f"POST {HOST} /echo/{{one}}/{{rest+}}", 200),
        (f"GET {HOST} ?", 404),
        (f"GET {HOST} /metadata/endpoints", 200),
    ]
    assert emulator.requests[0].query == {"x": "1"}
    assert emulator.unserved == [f"GET {HOST}/nowhere"]


def test_an_unknown_host_is_refused_and_named(emulator: Emulator) -> None:
    with pytest.raises(requests.exceptions.ProxyError):
        requests.get("https://example.com/")
    assert emulator.unserved == ["example.com"]


def test_the_most_literal_route_wins(emulator: Emulator) -> None:
    emulator.routes.on("POST", HOST, "/echo/fixed/{x}")(lambda service, request, x: {"literal": x})
    headers = bearer(emulator)
    assert requests.post(f"https://{HOST}/echo/FIXED/y", headers=headers).json() == {"literal": "y"}
    assert requests.post(f"https://{HOST}/echo/other/y", headers=headers).json()["one"] == "other"


def test_blobs_go_to_azurite_and_back(emulator: Emulator) -> None:
    own: Blobs = emulator.service.stores.blobs("anything1234")
    container = own.container("through")
    container.create_container()
    content = bytes(range(256)) * 4096
    link = own.link("through", "folder/blob", write=True)
    put = requests.put(link, data=content, headers={"x-ms-blob-type": "BlockBlob"})
    assert put.status_code == 201
    assert requests.get(link).content == content == own.read("through", "folder/blob")
    head = requests.head(link)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(content)))
    routes = [one.route for one in emulator.requests]
    assert routes == [f"{method} blob.core.windows.net /{{container}}/{{blob+}}" for method in ("PUT", "GET", "HEAD")]


def test_a_connection_that_is_kept_open_ends_with_the_emulator(tmp_path: Path) -> None:
    with emulated(tmp_path) as emulator:
        raw = socket.create_connection(("127.0.0.1", int(emulator.proxy.rpartition(":")[2])), timeout=20)
        raw.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        raw.recv(1000)
        context = ssl.create_default_context(cafile=emulator.environment["SSL_CERT_FILE"])
        client = context.wrap_socket(raw, server_hostname=HOST)
        client.sendall(f"GET /metadata/endpoints HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert client.recv(20).startswith(b"HTTP/1.1 200")
    while client.recv(100_000):
        pass
    client.close()
