from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from specrun.engines.azure.blob_errors import BEING_DELETED, KeyRefused
from specrun.engines.azure.blobs import list_files, write_blob
from specrun.engines.azure.containers import TRIES, AccountKey, Container, SasToken
from specrun.engines.base import Conflict, Denied, EngineError, Missing, Transient
from tests.blobs.scripted import LISTING, Reply, Scripted, scripted

KEY = AccountKey("c2VjcmV0LWtleS1vZi10aGUtYWNjb3VudA==")
NOW = {"Retry-After": "0"}


@pytest.fixture
def service() -> Iterator[Scripted]:
    with scripted() as service:
        yield service


@pytest.mark.parametrize(
    ("status", "code", "kind", "words"),
    [
        (403, "KeyBasedAuthenticationNotPermitted", KeyRefused, "takes no keys: .* Storage Blob Data Contributor"),
        (403, "AuthenticationFailed", Denied, "the account key is wrong or has been renewed"),
        (
            403,
            "AuthorizationFailure",
            Denied,
            "firewall or private network leaves this machine out, or the account key is wrong",
        ),
        (403, "AccountIsDisabled", Denied, "the storage account is disabled"),
        (403, "", Denied, "the account key does not allow it"),
        (401, "", Denied, "the account key is wrong"),
        (404, "ContainerNotFound", Missing, "there is no such container"),
        (404, "", Missing, "there is no such container"),
        (404, "ResourceNotFound", Missing, r"it is not there \(the service answered 404 ResourceNotFound\)"),
        (409, "ContainerBeingDeleted", Transient, "it is being deleted"),
        (409, "LeaseIdMismatchWithBlobOperation", Conflict, "somebody else is at work on the same"),
        (412, "ConditionNotMet", Conflict, "plan again"),
        (400, "InvalidResourceName", EngineError, "the name is not one that the blob service takes"),
        (400, "InvalidUri", EngineError, "the name is not one that the blob service takes"),
        (429, "TooManyRequests", Transient, "the service answered 429 TooManyRequests: try again later"),
        (418, "", EngineError, "the service answered 418"),
    ],
)
def test_refusals_are_told_apart(service: Scripted, status: int, code: str, kind: type[Exception], words: str) -> None:
    service.replies = [Reply(status, code)]
    with pytest.raises(kind, match=rf"^container box of 127\.0\.0\.1:\d+: listing data/ failed: .*{words}") as caught:
        list_files(Container(service.url, "box", KEY), "data")
    assert type(caught.value) is kind
    assert KEY.value not in str(caught.value)
    assert len(service.requests) == 1, "what is refused is not tried again"


def test_a_signature_has_words_of_its_own(service: Scripted) -> None:
    container = Container(service.url, "box", SasToken("?sv=2024-01-01&sig=s3cr3t"))
    service.replies = [Reply(403, "AuthorizationPermissionMismatch"), Reply(403, "AuthenticationFailed")]
    with pytest.raises(Denied, match=r"the signature \(SAS\) does not allow it: it must allow read, write") as caught:
        list_files(container, "data")
    assert "s3cr3t" not in str(caught.value)
    with pytest.raises(Denied, match="is wrong or has expired"):
        list_files(container, "data")
    assert "s3cr3t" not in repr(container)


def test_where_a_key_was_given_nothing_is_said_of_the_signature_that_was_made_with_it(service: Scripted) -> None:
    container = Container(service.url, "box", SasToken("?sv=2024-01-01&sig=s3cr3t&srt=co&ss=bf&sp=rcuwdl"))
    codes = ("AuthorizationPermissionMismatch", "AuthenticationFailed", "AuthorizationFailure")
    service.replies = [Reply(403, code) for code in codes]
    for words in ("does not allow it", "is wrong or has been renewed", "firewall"):
        with pytest.raises(Denied, match=words) as caught:
            list_files(container, "data")
        assert "signature" not in str(caught.value)
        assert "what the datastore is registered with" in str(caught.value)


def test_a_container_being_deleted_takes_its_time(service: Scripted) -> None:
    service.replies = [Reply(409, "ContainerBeingDeleted")]
    with pytest.raises(Transient) as caught:
        list_files(Container(service.url, "box", KEY), "data")
    assert caught.value.after == BEING_DELETED


@pytest.mark.parametrize("reply", [Reply(503, "ServerBusy", NOW), Reply(500, "InternalError", NOW)])
def test_what_passes_is_tried_again(service: Scripted, reply: Reply) -> None:
    service.replies = [reply, reply, Reply()]
    assert list_files(Container(service.url, "box", KEY), "data") == {}
    assert len(service.requests) == TRIES


def test_what_does_not_pass_is_told_with_the_wait(service: Scripted) -> None:
    service.replies = [Reply(503, "ServerBusy", NOW)] * TRIES + [Reply(503, "ServerBusy", {"Retry-After": "7"})]
    container = Container(service.url, "box", KEY)
    with pytest.raises(Transient) as caught:
        list_files(container, "data")
    assert (caught.value.after, len(service.requests)) == (0.0, TRIES)


def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    from azure.core.pipeline.transport import HttpTransport

    waited: list[float] = []

    def sleep(self: Any, seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(HttpTransport, "sleep", sleep)
    return waited


def test_retry_after_is_honoured(service: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = waits(monkeypatch)
    busy = [Reply(503, "ServerBusy", {"Retry-After": seconds}) for seconds in ("7", "86400")]
    service.replies = [*busy, Reply()]
    list_files(Container(service.url, "box", KEY), "data")
    assert waited == [7.0, 30.0], "a day is too long: then it is told"


def test_a_connection_that_breaks_off_is_tried_again(service: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = waits(monkeypatch)
    service.replies = [Reply(0), Reply(201)]
    write_blob(Container(service.url, "box", KEY), "a", b"content", {})
    assert len(waited) == 1
    service.replies = [Reply(0)]
    with pytest.raises(
        Transient, match=r"cannot work with container box \(writing a\): 127\.0\.0\.1:\d+ cannot be reached"
    ):
        write_blob(Container(service.url, "box", KEY), "a", b"content", {})


def test_a_listing_that_breaks_off_is_asked_for_again(service: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    waits(monkeypatch)
    service.replies = [Reply(0), Reply()]
    assert list_files(Container(service.url, "box", KEY), "data") == {}
    assert len(service.requests) == 3, "the SDK's second try does not know our hook any more"


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    waited = waits(monkeypatch)
    with scripted() as service:
        gone = service.url
    with pytest.raises(Transient, match="cannot be reached"):
        list_files(Container(gone, "box", KEY), "data")
    assert len(waited) == TRIES - 1


def test_the_proxy_of_the_environment_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    waits(monkeypatch)
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            connection, _ = listening.accept()
            with connection:
                asked.append(connection.recv(65536).split(b" HTTP/")[0])
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            listening.close()

        proxy = threading.Thread(target=refuse, daemon=True)
        proxy.start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listening.getsockname()[1]}")
        monkeypatch.setenv("NO_PROXY", "elsewhere.example")
        with pytest.raises(Transient, match="the proxy that HTTPS_PROXY names does not let us through"):
            list_files(Container("https://mlstore.blob.core.windows.net", "box", KEY), "data")
        proxy.join(30)
    assert asked == [b"CONNECT mlstore.blob.core.windows.net:443"]


@pytest.mark.parametrize("body", [b"<html><p>Log in to the hotel's network", b""])
def test_a_page_that_is_no_listing(service: Scripted, body: bytes) -> None:
    service.replies = [Reply(body=body)]
    with pytest.raises(EngineError, match=r"what came is not a listing .* is a proxy in between"):
        list_files(Container(service.url, "box", KEY), "data")


def test_a_listing_that_leads_back_to_itself_ends(service: Scripted) -> None:
    service.replies = [Reply(body=LISTING.replace(b"<NextMarker/>", b"<NextMarker>more</NextMarker>"))]
    with pytest.raises(EngineError, match="leads back to itself"):
        list_files(Container(service.url, "box", KEY), "")


def test_a_key_that_is_none(service: Scripted) -> None:
    with pytest.raises(Denied, match="the account key is not a key: it must be base64") as caught:
        list_files(Container(service.url, "box", AccountKey("not/base64/s3cr3t")), "data")
    assert "s3cr3t" not in str(caught.value)


def test_what_xml_cannot_hold_is_encoded_in_a_listing(service: Scripted) -> None:
    properties = b"<Properties><Content-Length>1</Content-Length></Properties>"
    blob = b'<Blob><Name Encoded="true">data/a%0Bb</Name>' + properties + b"</Blob>"
    service.replies = [Reply(body=LISTING.replace(b"<Blobs/>", b"<Blobs>" + blob + b"</Blobs>"))]
    assert set(list_files(Container(service.url, "box", KEY), "data")) == {"a\vb"}
