"""Who is answered, and who is told no: other sites' pages, other names of this machine, who has no token."""

from __future__ import annotations

import socket

import pytest

from specrun.ui.guard import Guard
from tests.ui_server.asking import NAME, TOKEN, Client, Serve

COOKIE = Guard(TOKEN).cookie


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost:9999", "LOCALHOST:1", "[::1]:80", "127.0.0.1:1"])
def test_names_of_this_machine_with_any_port_are_answered(client: Client, host: str) -> None:
    assert client.ask("/api/session", Host=host).status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "127.0.0.1@evil.example", "0.0.0.0", ""],
)
def test_a_name_that_was_made_to_lead_here_is_refused(client: Client, host: str) -> None:
    for path in ("/", "/api/session", "/specrun.js", "/?token=x"):
        assert client.ask(path, Host=host).status == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:1", "Host": "localhost:2"}, 403),
        ({"Origin": "http://localhost:2", "Host": "localhost:2"}, 200),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "same-origin"}, 200),
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer nothing"}, 401),
        ({"Authorization": "Bearer \xe9"}, 401),
        ({"Authorization": "", "Cookie": f"{COOKIE}={TOKEN}"}, 200),
        ({"Authorization": "", "Cookie": f"{COOKIE}={TOKEN}x"}, 401),
        ({"Authorization": "", "Cookie": "a;;b=\x01;"}, 401),
    ],
)
def test_what_is_not_for_everyone_wants_the_token_and_a_page_of_ours(
    client: Client, headers: dict[str, str], status: int
) -> None:
    assert client.ask("/api/runs", **headers).status == status
    assert client.post("/api/plan", {}, **headers).status == (404 if status == 200 else status)


def test_what_is_done_is_asked_by_no_form_of_another_page(client: Client) -> None:
    for headers in (
        {"X_Specrun": ""},
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
    ):
        assert client.post(f"/api/runs/{NAME}/cancel", {}, **headers).status in (403, 415)
    assert client.ask(f"/api/runs/{NAME}/cancel").status == 404
    assert client.post(f"/api/runs/{NAME}/cancel", {}).json["message"] == f"{NAME} has ended"


def test_the_address_with_the_token_lets_a_browser_in_and_is_forgotten(serve: Serve) -> None:
    client = serve()
    client.own.clear()
    assert b"name=token" in client.ask("/").body
    entered = client.ask(f"/?token={TOKEN}")
    assert (entered.status, entered.headers["Location"]) == (303, "./")
    cookie = entered.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert client.ask("/api/session", Cookie=cookie.partition(";")[0]).status == 200
    assert client.ask("/?token=wrong").status == 403
    form = client.ask("/login", "POST", f"token={TOKEN}", Origin=f"http://127.0.0.1:{client.port}")
    assert form.headers["Set-Cookie"] == cookie


def test_a_word_for_a_browser_that_is_opened_counts_once() -> None:
    from specrun.ui.tokens import Once

    once = Once()
    word = once.make()
    assert [once.take("é"), once.take(word), once.take(word), once.take("")] == [False, True, False, False]


def test_a_hub_is_let_in_by_its_name(serve: Serve) -> None:
    client = serve(hosts=("hub.example",))
    assert client.ask("/api/session", Host="hub.example", Origin="https://hub.example").status == 200
    assert client.ask("/api/session", Host="localhost:8265", Origin="https://hub.example").status == 200
    assert client.ask("/api/session", Host="hub.example", Origin="https://other.example").status == 403


def test_every_answer_says_what_a_browser_may_do_with_it(client: Client) -> None:
    for path in ("/", "/specrun.js", "/api/session", "/nothing"):
        headers = client.ask(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
    policy = client.ask("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST /api/plan HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (b"POST /api/plan HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"POST /api/plan HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"411"),
        (b"GET /api/%ff HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET /?" + b"a=1&" * 100 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (b"DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"501"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"431"),
    ],
)
def test_requests_that_no_browser_sends_are_told_no(client: Client, sent: bytes, status: bytes) -> None:
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
        connection.sendall(sent)
        assert connection.recv(100).split()[1] == status


def test_a_request_that_does_not_come_is_not_waited_for(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("specrun.ui.http.REQUEST", 0.05)
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        assert connection.recv(100) == b""
