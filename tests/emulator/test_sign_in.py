"""Every way of signing in that azure-identity and the SDK know, and every way in which it fails."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator import Emulator
from emulator.identities import READER, Assertion
from tests.emulator.emulated import emulated

SCOPE = "https://management.azure.com/.default"
GITHUB = "https://token.actions.githubusercontent.com"


@pytest.fixture
def emulator(home: Path, tmp_path: Path) -> Iterator[Emulator]:
    with emulated(tmp_path) as emulator:
        yield emulator


def by_secret(emulator: Emulator, **changed: str) -> Any:
    from azure.identity import ClientSecretCredential

    owner = emulator.service.owner
    given = {"tenant_id": emulator.service.tenant.id, "client_id": owner.client_id, "client_secret": str(owner.secret)}
    return ClientSecretCredential(**{**given, **changed})


def subscriptions(emulator: Emulator, token: str) -> requests.Response:
    url = f"https://management.azure.com/subscriptions/{emulator.service.subscription}"
    return requests.get(url, headers={"Authorization": f"Bearer {token}"})


def test_a_secret_opens_the_subscription(emulator: Emulator) -> None:
    token = by_secret(emulator).get_token(SCOPE)
    assert subscriptions(emulator, token.token).json()["tenantId"] == emulator.service.tenant.id
    assert emulator.service.directory.audience_of(token.token) == "https://management.azure.com"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"client_secret": "wrong"}, "AADSTS7000215"),
        ({"client_id": "00000000-0000-0000-0000-000000000001"}, "AADSTS700016"),
    ],
)
def test_wrong_credentials_are_told_apart(emulator: Emulator, changed: dict[str, str], code: str) -> None:
    from azure.core.exceptions import ClientAuthenticationError

    with pytest.raises(ClientAuthenticationError, match=code):
        by_secret(emulator, **changed).get_token(SCOPE)


def test_an_expired_secret_says_so(emulator: Emulator) -> None:
    from azure.core.exceptions import ClientAuthenticationError

    emulator.service.owner.secret_expired = True
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000222"):
        by_secret(emulator).get_token(SCOPE)


def test_an_unknown_tenant_says_so(emulator: Emulator) -> None:
    from azure.core.exceptions import ClientAuthenticationError

    answer = requests.post("https://login.microsoftonline.com/nobody/oauth2/v2.0/token", data={"client_id": "x"})
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])
    with pytest.raises(ClientAuthenticationError, match="Unable to get authority configuration"):
        by_secret(emulator, tenant_id="11111111-1111-1111-1111-111111111111").get_token(SCOPE)


def test_tokens_that_are_strange_or_old_are_refused(emulator: Emulator) -> None:
    token = by_secret(emulator).get_token(SCOPE).token
    assert subscriptions(emulator, token + "x").status_code == 401
    assert (
        requests.get(f"https://management.azure.com/subscriptions/{emulator.service.subscription}").status_code == 401
    )
    emulator.service.directory.now = lambda: time.time() + 4000
    assert subscriptions(emulator, token).json()["error"]["code"] == "InvalidAuthenticationToken"


def test_without_a_role_the_action_is_named(emulator: Emulator) -> None:
    service = emulator.service
    reader = service.add_principal("reader", secret="s")
    service.roles.assign(reader, READER)
    token = by_secret(emulator, client_id=reader.client_id, client_secret="s").get_token(SCOPE).token
    headers = {"Authorization": f"Bearer {token}"}
    group = f"https://management.azure.com/subscriptions/{service.subscription}/resourcegroups/rg"
    workspace = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/ws"
    assert requests.get(group, headers=headers).status_code == 404
    refused = requests.put(f"{workspace}/computes/c", headers=headers, json={})
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "AuthorizationFailed"
    action = "Microsoft.MachineLearningServices/workspaces/computes/write"
    assert f"does not have authorization to perform action '{action}'" in refused.json()["error"]["message"]


def test_another_subscription_is_not_found(emulator: Emulator) -> None:
    token = by_secret(emulator).get_token(SCOPE).token
    url = "https://management.azure.com/subscriptions/22222222-2222-2222-2222-222222222222/resourcegroups/rg"
    assert (
        requests.get(url, headers={"Authorization": f"Bearer {token}"}).json()["error"]["code"]
        == "SubscriptionNotFound"
    )


def by_assertion(emulator: Emulator, assertion: str) -> Any:
    from azure.identity import ClientAssertionCredential

    owner = emulator.service.owner
    return ClientAssertionCredential(emulator.service.tenant.id, owner.client_id, lambda: assertion)


def test_github_asserts_who_runs(emulator: Emulator) -> None:
    from azure.core.exceptions import ClientAuthenticationError

    service = emulator.service
    url = "https://run-actions-1.actions.githubusercontent.com/0/idtoken?api-version=2.0&audience=api://AzureADTokenExchange"
    assert requests.get(url, headers={"Authorization": "Bearer no"}).status_code == 401
    answer = requests.get(url, headers={"Authorization": f"bearer {service.pipeline_token}"})
    with pytest.raises(ClientAuthenticationError, match=f"AADSTS700213.*{service.pipeline_subject}"):
        by_assertion(emulator, answer.json()["value"]).get_token(SCOPE)
    service.owner.federated.append((GITHUB, service.pipeline_subject))
    assert by_assertion(emulator, answer.json()["value"]).get_token(SCOPE).token
    service.directory.now = lambda: time.time() + 301
    with pytest.raises(ClientAuthenticationError, match="AADSTS700024"):
        by_assertion(emulator, answer.json()["value"]).get_token(SCOPE)


def test_azure_devops_asserts_who_runs(emulator: Emulator) -> None:
    service = emulator.service
    service.owner.federated.append(("https://vstoken.dev.azure.com/specrun", service.pipeline_subject))
    url = "https://dev.azure.com/specrun/p/_apis/distributedtask/hubs/build/plans/1/jobs/2/oidctoken"
    headers = {"Authorization": f"Bearer {service.pipeline_token}"}
    assert requests.post(f"{url}?api-version=7.1", headers=headers).status_code == 400
    answer = requests.post(f"{url}?api-version=7.1&serviceConnectionId=c", headers=headers)
    assert by_assertion(emulator, answer.json()["oidcToken"]).get_token(SCOPE).token


def test_a_workload_identity_file(emulator: Emulator, tmp_path: Path) -> None:
    from azure.identity import WorkloadIdentityCredential

    service = emulator.service
    service.owner.federated.append(("https://issuer", "me"))
    file = tmp_path / "token"
    file.write_text(service.directory.attest(Assertion("https://issuer", "me"), "api://AzureADTokenExchange"))
    given = {"tenant_id": service.tenant.id, "client_id": service.owner.client_id, "token_file_path": str(file)}
    assert WorkloadIdentityCredential(**given).get_token(SCOPE).token


def test_a_device_code_is_pending_and_then_granted(emulator: Emulator) -> None:
    from azure.identity import DeviceCodeCredential

    emulator.service.directory.device_interval = 0
    told: list[str] = []
    credential = DeviceCodeCredential(
        tenant_id=emulator.service.tenant.id, prompt_callback=lambda page, code, until: told.append(page)
    )
    token = credential.get_token(SCOPE).token
    assert emulator.service.directory.principal_of(token) is emulator.service.person
    assert told == ["https://microsoft.com/devicelogin"]
    grants = [one.status for one in emulator.requests if one.path.endswith("/token")]
    assert grants == [400, 200]


def test_the_machines_own_identity(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    from azure.identity import CredentialUnavailableError, ManagedIdentityCredential

    with pytest.raises(CredentialUnavailableError):
        ManagedIdentityCredential().get_token(SCOPE)
    service = emulator.service
    service.managed_identity = service.add_principal("machine")
    service.roles.assign(service.managed_identity)
    assert subscriptions(emulator, ManagedIdentityCredential().get_token(SCOPE).token).status_code == 200
    monkeypatch.setenv("MSI_ENDPOINT", "http://169.254.169.254/msi/token")
    monkeypatch.setenv("MSI_SECRET", service.msi_secret)
    assert subscriptions(emulator, ManagedIdentityCredential().get_token(SCOPE).token).status_code == 200
