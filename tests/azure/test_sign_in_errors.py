"""What a sign-in that fails says: each cause in words of its own, and never a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.engines.azure.aadsts import WORDS
from specrun.engines.azure.credentials import sign_in
from specrun.engines.azure.network import unreachable
from specrun.engines.base import Denied, EngineError, Transient
from tests.azure.fake_login import CLIENT, LOGIN, TENANT, Answer, Fake
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


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (7000215, "the client secret is wrong"),
        (7000222, f"the client secret has expired. Make a new one, `az ad app credential reset --id {CLIENT} "),
        (90002, f"there is no tenant {TENANT}"),
        (700016, f"there is no application {CLIENT} in the tenant {TENANT}"),
        (7000112, f"application {CLIENT} is disabled"),
        (700024, "Is this machine's clock right?"),
        (53003, "(conditional access) do not let this sign-in through. Entra ID says: Something is wrong."),
        (50076, "asks for a second factor (MFA)"),
        (700082, f"the login has expired or was revoked. Run `az login --tenant {TENANT}` again"),
        (500011, "Is it the tenant of the subscription?"),
        (50020, "does not belong to the tenant"),
    ],
)
def test_entra_ids_codes(monkeypatch: pytest.MonkeyPatch, fake: Fake, code: int, words: str) -> None:
    having(monkeypatch, **WITH_SECRET)
    fake.refuse(code)
    text = refused(sign_in(fake.transport))
    assert text.startswith("cannot sign in to Azure with service principal 22222222… from AZURE_CLIENT_ID and ")
    assert words in text
    assert text.endswith(f"(AADSTS{code})")
    assert "Trace" not in text
    assert "s3cr3t" not in text


def test_causes_are_told_apart() -> None:
    assert len(set(WORDS.values())) == 15


def test_a_code_without_words_of_ours_has_the_services(monkeypatch: pytest.MonkeyPatch, fake: Fake) -> None:
    having(monkeypatch, **WITH_SECRET)
    fake.refuse(999999, "The secret s3cr3t-value is odd.\nMore.")
    assert refused(sign_in(fake.transport)).endswith(": The secret •••• is odd")


def test_trouble_of_entra_id_is_not_denied(monkeypatch: pytest.MonkeyPatch, fake: Fake) -> None:
    having(monkeypatch, **WITH_SECRET)
    fake.refuse(90033)
    with pytest.raises(Transient, match="has trouble"):
        sign_in(fake.transport).token_for(ARM)


def test_a_tenant_that_does_not_exist(monkeypatch: pytest.MonkeyPatch, fake: Fake) -> None:
    other = "33333333-3333-3333-3333-333333333333"
    having(monkeypatch, **{**WITH_SECRET, "AZURE_TENANT_ID": other})
    assert f"there is no tenant {other}. Correct AZURE_TENANT_ID" in refused(sign_in(fake.transport))
    monkeypatch.setenv("AZURE_TENANT_ID", "my tenant!")
    assert "there is no tenant my tenant!" in refused(sign_in(fake.transport))


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (700213, "No matching federated identity record found for presented assertion subject '{subject}'."),
        (70021, "No matching record. Assertion Issuer: 'https://token'. Assertion Subject: '{subject}'."),
    ],
)
def test_a_federated_credential_that_does_not_fit(
    monkeypatch: pytest.MonkeyPatch, fake: Fake, code: int, text: str
) -> None:
    subject = "repo:owner/name:ref:refs/heads/main"
    fake.answers[GITHUB] = lambda sent: Answer(200, {"value": "assertion"})
    having(monkeypatch, **WITH_GITHUB)
    fake.refuse(code, text.replace("{subject}", subject))
    said = refused(sign_in(fake.transport))
    assert f"subject `{subject}`" in said
    assert f"`az ad app federated-credential create --id {CLIENT}`" in said
    assert "audience api://AzureADTokenExchange" in said


@pytest.mark.parametrize(
    ("variables", "host", "words"),
    [
        (WITH_GITHUB, GITHUB, "`permissions: {id-token: write}`"),
        (WITH_DEVOPS, DEVOPS, "Azure DevOps refuses the job a token."),
    ],
)
def test_a_pipeline_that_gets_no_token(
    monkeypatch: pytest.MonkeyPatch, fake: Fake, variables: dict[str, str], host: str, words: str
) -> None:
    having(monkeypatch, **variables)
    fake.answers[host] = lambda sent: Answer(401, {"message": "no"})
    assert words in refused(sign_in(fake.transport))
    fake.answers[host] = lambda sent: Answer(503, "busy")
    with pytest.raises(Transient, match=host):
        sign_in(fake.transport).token_for(ARM)
    del fake.answers[host]
    with pytest.raises(Transient, match=f"{host}.* cannot be reached"):
        sign_in(fake.transport).token_for(ARM)


def test_entra_id_may_have_trouble_with_a_pipelines_token(monkeypatch: pytest.MonkeyPatch, fake: Fake) -> None:
    having(monkeypatch, **WITH_DEVOPS)
    fake.answers[DEVOPS] = lambda sent: Answer(200, {"oidcToken": "assertion"})
    fake.refuse(90033)
    with pytest.raises(Transient, match=f"{LOGIN} has trouble"):
        sign_in(fake.transport).token_for(ARM)


def test_a_platform_without_a_managed_identity(monkeypatch: pytest.MonkeyPatch, fake: Fake) -> None:
    having(monkeypatch, **WITH_IDENTITY)
    fake.answers["identity.local"] = lambda sent: Answer(400, {"statusCode": 400, "message": "No identity id-header"})
    text = refused(sign_in(fake.transport))
    assert "the platform gives this machine no managed identity (identity.local: " in text
    assert "id-header" not in text


@pytest.mark.parametrize("variables", [WITH_SECRET, {**PRINCIPAL, "AZURE_FEDERATED_TOKEN_FILE": "token"}])
def test_entra_id_out_of_reach(
    monkeypatch: pytest.MonkeyPatch, fake: Fake, tmp_path: Path, variables: dict[str, str]
) -> None:
    (tmp_path / "token").write_text("assertion")
    monkeypatch.chdir(tmp_path)
    having(monkeypatch, **variables)
    del fake.answers[LOGIN]
    with pytest.raises(Transient, match=r"login.microsoftonline.com cannot be reached: its name cannot be resolved"):
        sign_in(fake.transport).token_for(ARM)
    assert len(fake.sent) == 4, "one try and three repetitions"


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("[Errno -2] Name or service not known", Transient, "name cannot be resolved"),
        ("Connection timed out", Transient, "no answer in time"),
        ("Tunnel connection failed: 403 Forbidden", Transient, "the proxy that HTTPS_PROXY names"),
        ("Connection reset by peer", Transient, "the connection failed or broke"),
        ("SSLError: CERTIFICATE_VERIFY_FAILED through proxy", EngineError, "name its CA in REQUESTS_CA_BUNDLE"),
    ],
)
def test_why_a_host_is_out_of_reach(text: str, kind: type[EngineError], words: str) -> None:
    error = unreachable("example.invalid", text, "read it")
    assert isinstance(error, kind)
    assert isinstance(error, Transient) == (kind is Transient)
    assert str(error).startswith("cannot read it: example.invalid cannot be reached: ")
    assert words in str(error)


@pytest.mark.parametrize("text", ["HTTPSConnectionPool(host='x', port=443): Read timed out. (read timeout=20)"])
def test_a_host_that_is_reached_and_silent_is_no_matter_of_a_firewall(text: str) -> None:
    error = unreachable("example.invalid", text, "read it")
    assert type(error) is Transient
    assert str(error).startswith("cannot read it: example.invalid gave no answer: it was reached, and did not answer")
    assert "firewall" not in str(error)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1", "nobody is logged in. Run `az login`"),
        ("echo 'ERROR: AADSTS700082: The refresh token has expired. az login' >&2; exit 1", "login has expired or was"),
        ("echo 'ERROR: AADSTS50076: Due to a change by your administrator' >&2; exit 1", "second factor (MFA)"),
        ("echo 'ERROR: the disk is full' >&2; exit 1", "`az` said: the disk is full."),
        ("echo nonsense", "`az` said: Unexpected output"),
        ("exit 127", "the Azure CLI is gone from PATH"),
    ],
)
def test_the_azure_cli(tmp_path: Path, script: str, words: str) -> None:
    az(tmp_path, script)
    text = refused(sign_in())
    assert words in text
    assert text.startswith("cannot sign in to Azure with Azure CLI's login (`az`): ")


def test_the_azure_cli_went_away(tmp_path: Path) -> None:
    program = az(tmp_path, "exit 1")
    signing = sign_in()
    program.unlink()
    assert "the Azure CLI is gone from PATH. Install it" in refused(signing)


def test_nothing_is_told_twice(monkeypatch: pytest.MonkeyPatch, fake: Fake, caplog: pytest.LogCaptureFixture) -> None:
    having(monkeypatch, **WITH_SECRET)
    fake.refuse(7000215)
    with pytest.raises(Denied):
        sign_in(fake.transport).token_for(ARM)
    assert caplog.records == []
