"""Signing in: which source is chosen, that tokens stay fresh, and what a failure says. Nothing leaves this process."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from specrun.engines.azure import credentials
from specrun.engines.azure.credentials import sign_in
from specrun.engines.azure.sources import choose
from specrun.engines.base import Denied, Transient
from tests.azure.conftest import Clock
from tests.azure.fake_login import CLIENT, LOGIN, TENANT, Answer, Fake, Sent
from tests.azure.signing import (
    ARM,
    DEVOPS,
    GITHUB,
    PRINCIPAL,
    WITH_DEVOPS,
    WITH_GITHUB,
    WITH_IDENTITY,
    WITH_SECRET,
    az,
    having,
    refused,
)


def logged_in(tmp_path: Path) -> Path:
    """An `az` that is, and that writes down how often it is asked for what."""
    calls = tmp_path / "az-calls"
    token = '{"accessToken": "az-token", "expires_on": 99999999999}'
    az(tmp_path, f"echo \"$@\" >> '{calls}'\necho '{token}'")
    return calls


def test_a_client_secret(monkeypatch: pytest.MonkeyPatch, fake: Fake) -> None:
    having(monkeypatch, **WITH_SECRET)
    signing = sign_in(fake.transport)
    assert signing.description == "service principal 22222222… from AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
    assert fake.sent == [], "the choice asks nobody"
    assert signing.token_for(ARM) == "token-1"
    form = fake.exchanges[0].form
    assert (form["client_id"], form["client_secret"]) == (CLIENT, "s3cr3t-value")
    assert form["scope"].split()[0] == f"{ARM}/.default"


def test_a_certificate(monkeypatch: pytest.MonkeyPatch, fake: Fake, tmp_path: Path) -> None:
    import trustme

    certificate = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert("client", key_type=trustme.KeyType.RSA)
    file = tmp_path / "client.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(str(file))
    having(monkeypatch, **PRINCIPAL, AZURE_CLIENT_CERTIFICATE_PATH=str(file))
    assert sign_in(fake.transport).token_for(ARM) == "token-1"
    assert fake.exchanges[0].form["client_assertion"].count(".") == 2
    fake.refuse(700027)
    assert "is not one of the application 22222222-" in refused(sign_in(fake.transport))
    file.write_text("no certificate")
    assert "no RSA certificate with its private key" in refused(sign_in(fake.transport))
    file.unlink()
    assert f"AZURE_CLIENT_CERTIFICATE_PATH cannot be read: {file}" in refused(sign_in(fake.transport))


def test_a_federated_token_file(monkeypatch: pytest.MonkeyPatch, fake: Fake, tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "token"
    having(monkeypatch, **PRINCIPAL, AZURE_FEDERATED_TOKEN_FILE=str(file))
    signing = sign_in(fake.transport)
    assert f"AZURE_FEDERATED_TOKEN_FILE cannot be read: {file}" in refused(signing)
    file.write_text("first-assertion")
    clock.advance(credentials.REFUSED_FOR)
    assert signing.token_for(ARM) == "token-1"
    assert fake.exchanges[0].form["client_assertion"] == "first-assertion"


@pytest.mark.parametrize("way", ["github", "devops"])
def test_each_exchange_presents_a_token_that_was_just_issued(
    monkeypatch: pytest.MonkeyPatch, fake: Fake, clock: Clock, way: str
) -> None:
    issued: list[Sent] = []

    def issue(sent: Sent) -> Answer:
        issued.append(sent)
        return Answer(200, {"value" if way == "github" else "oidcToken": f"assertion-{len(issued)}"})

    fake.answers[GITHUB] = fake.answers[DEVOPS] = issue
    having(monkeypatch, **(WITH_GITHUB if way == "github" else WITH_DEVOPS))
    signing = sign_in(fake.transport)
    assert [signing.token_for(ARM), signing.token_for(ARM)] == ["token-1", "token-1"]
    clock.advance(3600 - credentials.MARGIN + 1)
    assert signing.token_for(ARM) == "token-2"
    assert [sent.form["client_assertion"] for sent in fake.exchanges] == ["assertion-1", "assertion-2"]
    if way == "github":
        assert issued[0].form == {"api-version": "2.0", "audience": "api://AzureADTokenExchange"}
        assert issued[0].headers["authorization"] == "Bearer gh-permit"
    else:
        assert issued[0].form["serviceConnectionId"] == "connection"


def test_a_managed_identity(monkeypatch: pytest.MonkeyPatch, fake: Fake) -> None:
    fake.answers["identity.local"] = lambda sent: Answer(200, {"access_token": "mi", "expires_on": "99999999999"})
    having(monkeypatch, **WITH_IDENTITY, AZURE_CLIENT_ID=CLIENT)
    signing = sign_in(fake.transport)
    assert signing.description == "managed identity 22222222… from IDENTITY_ENDPOINT"
    assert signing.token_for(ARM) == "mi"
    assert fake.sent[0].form["client_id"] == CLIENT


def test_a_client_id_alone_is_a_managed_identity_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, fake: Fake, clock: Clock
) -> None:
    having(monkeypatch, AZURE_CLIENT_ID=CLIENT)
    signing = sign_in(fake.transport)
    text = refused(signing)
    assert f"this machine has no managed identity {CLIENT}, or none at all (169.254.169.254:" in text
    assert "AZURE_TENANT_ID and AZURE_CLIENT_SECRET are needed, too" in text
    assert refused(signing) == text
    assert len(fake.sent) == 1, "asked once: who is not there does not come"
    clock.advance(credentials.REFUSED_FOR)
    fake.answers["169.254.169.254"] = lambda sent: Answer(200, {"access_token": "vm", "expires_in": "3600"})
    assert signing.token_for(ARM) == "vm"


def test_the_azure_cli_is_asked_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fake: Fake) -> None:
    calls = logged_in(tmp_path)
    having(monkeypatch, AZURE_TENANT_ID=TENANT)
    signing = sign_in(fake.transport)
    threads = [threading.Thread(target=signing.token_for, args=(ARM,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert signing.token_for(ARM) == "az-token"
    assert calls.read_text().splitlines() == [
        f"account get-access-token --output json --resource {ARM} --tenant {TENANT}"
    ]


def test_a_code_is_shown_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    login = fake.answers[LOGIN]

    def answer(sent: Sent) -> Answer:
        if "devicecode" not in sent.path:
            return login(sent)
        shown = {"device_code": "d", "user_code": "ABC-DEF", "verification_uri": "https://microsoft.com/devicelogin"}
        return Answer(200, {**shown, "expires_in": 900, "interval": 0})

    fake.answers[LOGIN] = answer
    having(monkeypatch, AZURE_TENANT_ID=TENANT)
    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    assert "code" in sign_in(fake.transport).description
    fake.refuse(70020, error="expired_token")
    with pytest.raises(Denied, match="nobody entered the code in time"):
        sign_in(fake.transport).token_for(ARM)
    out, err = capsys.readouterr()
    assert err == "To sign in to Azure, open https://microsoft.com/devicelogin and enter the code ABC-DEF\n"
    assert out == ""


def test_the_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each source is put before those that are there already, from the last to the first."""
    with pytest.raises(Denied, match=r"there is nothing to sign in to Azure with.*`az login`"):
        choose()
    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    found = [choose().kind]
    logged_in(tmp_path)
    found.append(choose().kind)
    having(monkeypatch, AZURE_CLIENT_ID=CLIENT)
    found.append(choose().description)
    having(monkeypatch, **WITH_IDENTITY)
    found.append(choose().description)
    having(monkeypatch, **WITH_DEVOPS)
    found.append(choose().description)
    having(monkeypatch, **WITH_GITHUB)
    found.append(choose().description)
    having(monkeypatch, AZURE_FEDERATED_TOKEN_FILE="token")
    found.append(choose().description)
    having(monkeypatch, AZURE_CLIENT_CERTIFICATE_PATH="client.pem")
    found.append(choose().description)
    having(monkeypatch, **WITH_SECRET)
    found.append(choose().description)
    assert found == [
        "device",
        "cli",
        "managed identity 22222222… from AZURE_CLIENT_ID alone",
        "managed identity 22222222… from IDENTITY_ENDPOINT",
        "Azure DevOps' service connection of 22222222… from AZURESUBSCRIPTION_CLIENT_ID and SYSTEM_OIDCREQUESTURI",
        "GitHub Actions' workload identity 22222222… from AZURE_CLIENT_ID and ACTIONS_ID_TOKEN_REQUEST_URL",
        "workload identity 22222222… from AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE",
        "service principal 22222222… from AZURE_CLIENT_ID and AZURE_CLIENT_CERTIFICATE_PATH",
        "service principal 22222222… from AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
    ]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"AZURE_CLIENT_SECRET": "x"}, "AZURE_CLIENT_ID is not set and AZURE_TENANT_ID is not set"),
        ({"AZURE_CLIENT_SECRET": "x", "AZURE_CLIENT_ID": CLIENT}, "but AZURE_TENANT_ID is not set"),
        ({"AZURE_CLIENT_CERTIFICATE_PATH": "x", "AZURE_TENANT_ID": TENANT}, "but AZURE_CLIENT_ID is not set"),
        ({"AZURE_FEDERATED_TOKEN_FILE": "x", "AZURE_CLIENT_ID": CLIENT}, "but AZURE_TENANT_ID is not set"),
        (PRINCIPAL, "but AZURE_CLIENT_SECRET is not set"),
        ({**PRINCIPAL, "AZURE_CLIENT_SECRET": ""}, "but AZURE_CLIENT_SECRET is empty"),
        ({**PRINCIPAL, "GITHUB_ACTIONS": "true"}, "write `permissions: {id-token: write, contents: read}`"),
        ({**PRINCIPAL, "SYSTEM_OIDCREQUESTURI": "https://x"}, "set AZURESUBSCRIPTION_CLIENT_ID, "),
        ({**WITH_GITHUB, "AZURE_TENANT_ID": ""}, "but AZURE_TENANT_ID is empty"),
        ({**WITH_GITHUB, "AZURE_CLIENT_ID": ""}, "but AZURE_CLIENT_ID is empty"),
        ({**WITH_GITHUB, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": ""}, "but ACTIONS_ID_TOKEN_REQUEST_TOKEN is empty"),
        ({**WITH_DEVOPS, "SYSTEM_ACCESSTOKEN": ""}, "SYSTEM_ACCESSTOKEN is empty. Hand it to the step"),
        ({**WITH_DEVOPS, "AZURESUBSCRIPTION_TENANT_ID": ""}, "but AZURESUBSCRIPTION_TENANT_ID is empty"),
        ({"IDENTITY_ENDPOINT": "http://x"}, "but IDENTITY_HEADER is not set"),
    ],
)
def test_what_is_half_configured_names_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str], words: str
) -> None:
    logged_in(tmp_path)  # which would do, and would be somebody else
    having(monkeypatch, **variables)
    with pytest.raises(Denied) as caught:
        sign_in()
    assert str(caught.value).startswith("sign-in is half configured: ")
    assert words in str(caught.value)


def test_what_is_there_for_somebody_else_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every job that may ask GitHub or Azure DevOps for tokens has their variables; others log in with `az` there."""
    logged_in(tmp_path)
    for name in ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_OIDCREQUESTURI"):
        monkeypatch.setenv(name, "https://example.invalid")
    having(monkeypatch, AZURE_TENANT_ID=TENANT)
    assert choose().kind == "cli"
    monkeypatch.delenv("AZURE_TENANT_ID")
    having(monkeypatch, **WITH_IDENTITY, AZURE_CLIENT_ID=CLIENT)
    assert choose().kind == "managed"


def test_tokens_are_kept_for_each_audience(monkeypatch: pytest.MonkeyPatch, fake: Fake, clock: Clock) -> None:
    having(monkeypatch, **WITH_SECRET)
    signing = sign_in(fake.transport)
    assert [signing.token_for(ARM), signing.token_for("https://ml.azure.com"), signing.token_for(ARM)] == [
        "token-1",
        "token-2",
        "token-1",
    ]
    assert signing.get_token("https://storage.azure.com/.default", tenant_id=None).token == "token-3"
    clock.advance(3600 - credentials.MARGIN - 1)
    assert signing.token_for(ARM) == "token-1"
    clock.advance(2)
    assert signing.token_for(ARM) == "token-4"


def test_a_token_that_was_revoked_is_asked_for_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls = logged_in(tmp_path)
    signing = sign_in()
    signing.token_for(ARM)
    with pytest.raises(Denied):  # `az` cannot answer claims; what matters is that it was not answered from memory
        signing.get_token(f"{ARM}/.default", claims='{"access_token": {}}')
    assert len(calls.read_text().splitlines()) == 1


def test_azureml_core_takes_it(monkeypatch: pytest.MonkeyPatch, fake: Fake) -> None:
    from azureml.core.authentication import Audience, TokenAuthentication

    having(monkeypatch, **WITH_SECRET)
    signing = sign_in(fake.transport)
    authentication: Any = TokenAuthentication(signing.token_for, cloud="AzureCloud")
    assert authentication.get_authentication_header() == {"Authorization": "Bearer token-1"}
    assert authentication.get_token(Audience.AZUREML) == "token-2"
    assert [sent.form["scope"].split()[0] for sent in fake.exchanges] == [
        "https://management.core.windows.net//.default",
        "https://ml.azure.com/.default",
    ]


def test_nothing_of_azure_is_imported_before_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import sys; from specrun.engines.azure.credentials import sign_in; sign_in(); "
        "print([name for name in sys.modules if name.startswith(('azure', 'msal', 'requests'))])"
    )
    having(monkeypatch, **WITH_SECRET)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


def test_a_busy_service_is_asked_as_often_as_it_likes(monkeypatch: pytest.MonkeyPatch, fake: Fake) -> None:
    having(monkeypatch, **WITH_SECRET)
    fake.refusal = Answer(503, {"error": "temporarily_unavailable"}, {"Retry-After": "7"})
    with pytest.raises(Transient, match=r"login.microsoftonline.com has trouble \(HTTP Error: 503\). Try again"):
        sign_in(fake.transport).token_for(ARM)
    assert fake.waits == [7.0] * 3, "azure-identity's own repetitions"
