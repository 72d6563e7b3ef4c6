from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trustme

from emulator.azurite.server import ACCOUNTS, DEVELOPMENT, Azurite, Unavailable, account_key
from specrun.engines.azure.blobs import list_files, write_blob
from specrun.engines.azure.containers import AccountKey, Container, SasToken
from specrun.engines.base import Denied
from tests.blobs.blob_files import Sent, content


class Identity:
    """Hands out a token as Entra ID writes them, unsigned."""

    def get_token(self, *scopes: str, **options: Any) -> Any:
        assert scopes == ("https://storage.azure.com/.default",)
        now = int(time.time())
        says = {"aud": "https://storage.azure.com", "iss": "https://sts.windows.net/tenant/"}
        parts = ({"alg": "none"}, {**says, "iat": now - 5, "nbf": now - 5, "exp": now + 3600})
        encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
        return SimpleNamespace(token=".".join([*encoded, "c2ln"]), expires_on=now + 3600)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Azurite, Path]]:
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    try:
        with Azurite((folder / "cert.pem", folder / "key.pem")) as server:
            yield server, folder / "ca.pem"
    except Unavailable as problem:
        pytest.skip(str(problem))


def signature(permission: str, container: Container, hours: int = 1) -> SasToken:
    from azure.storage.blob import generate_container_sas

    expiry = datetime.now(timezone.utc) + timedelta(hours=hours)
    key = account_key(DEVELOPMENT)
    return SasToken(
        generate_container_sas(DEVELOPMENT, container.name, account_key=key, permission=permission, expiry=expiry)
    )


def test_an_identity_does_all_of_it(secure: tuple[Azurite, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    azurite, authority = secure
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority))
    keyed = Container(azurite.account_url(), "box", AccountKey(account_key(DEVELOPMENT)))
    keyed.client.create_container()
    signed_in = replace(keyed, credential=Identity())
    write_blob(signed_in, "a", b"content", {})
    assert set(list_files(signed_in, "")) == {"a"}
    assert content(keyed, "a") == b"content"


@pytest.mark.parametrize("question", ["", "?"])
def test_a_signature_does_all_of_it(container: Container, question: str) -> None:
    token = SasToken(question + signature("rwlcd", container).value)
    signed = replace(container, credential=token)
    write_blob(signed, "a b", b"content", {})
    assert set(list_files(signed, "")) == {"a b"}


def test_a_signature_without_write(container: Container) -> None:
    signed = replace(container, credential=signature("rl", container))
    assert list_files(signed, "") == {}
    with pytest.raises(Denied, match=r"writing a failed: the signature \(SAS\) does not allow it: it must allow read"):
        write_blob(signed, "a", b"content", {})


def test_a_signature_that_has_expired(container: Container) -> None:
    with pytest.raises(Denied, match=r"the signature \(SAS\) is wrong, has expired"):
        list_files(replace(container, credential=signature("rwlcd", container, hours=-1)), "")


def test_a_wrong_key(container: Container) -> None:
    wrong = AccountKey(ACCOUNTS["mlstore"])
    with pytest.raises(Denied, match="the account key is wrong or has been renewed") as caught:
        list_files(replace(container, credential=wrong), "")
    assert wrong.value not in str(caught.value)


def test_the_environment_s_netrc_is_not_asked(
    container: Container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: list[Sent]
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password theirs\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    list_files(replace(container), "")
    assert [request.headers["Authorization"].split()[0] for request in sent] == ["SharedKey"]


def test_secrets_do_not_show(container: Container) -> None:
    assert account_key(DEVELOPMENT) not in repr(container)
    assert "sig=" not in repr(signature("r", container))
