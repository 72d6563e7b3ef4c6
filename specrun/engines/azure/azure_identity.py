"""Azure-identity's credentials, made of what the environment says, each imported when it is wanted.

A `ValueError` (a tenant id that cannot be one) or `OSError` (a certificate that is not there) leaves them as it is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from specrun.engines.azure.network import unreachable
from specrun.engines.base import Denied, Transient
from specrun.spec.visible import visible

AUDIENCE = "api://AzureADTokenExchange"
"""Whom a federated token must be meant for."""

_CLI_DEADLINE = 30
"""Seconds for `az`, which takes some of them to start."""

_CODE_DEADLINE = 900
"""Seconds for a person to enter a code: as long as Entra ID takes it."""


def secret(options: Mapping[str, Any]) -> Any:
    """A service principal with a client secret."""
    from azure.identity import ClientSecretCredential

    return ClientSecretCredential(
        _environ("AZURE_TENANT_ID"), _environ("AZURE_CLIENT_ID"), _environ("AZURE_CLIENT_SECRET"), **options
    )


def certificate(options: Mapping[str, Any]) -> Any:
    """A service principal with a certificate and its private key."""
    from azure.identity import CertificateCredential

    return CertificateCredential(
        _environ("AZURE_TENANT_ID"),
        _environ("AZURE_CLIENT_ID"),
        _environ("AZURE_CLIENT_CERTIFICATE_PATH"),
        password=os.environ.get("AZURE_CLIENT_CERTIFICATE_PASSWORD") or None,
        send_certificate_chain=os.environ.get("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "").lower() in ("1", "true"),
        **options,
    )


def token_file(options: Mapping[str, Any]) -> Any:
    """A federated token in a file, which the platform replaces and which is read anew for each exchange."""
    from azure.identity import WorkloadIdentityCredential

    return WorkloadIdentityCredential(
        tenant_id=_environ("AZURE_TENANT_ID"),
        client_id=_environ("AZURE_CLIENT_ID"),
        token_file_path=_environ("AZURE_FEDERATED_TOKEN_FILE"),
        **options,
    )


def github(options: Mapping[str, Any]) -> Any:
    """GitHub's token for the job, asked for anew for each exchange: it lasts minutes, and a run lasts hours."""
    from azure.identity import ClientAssertionCredential

    return ClientAssertionCredential(
        _environ("AZURE_TENANT_ID"), _environ("AZURE_CLIENT_ID"), _github_assertion(options), **options
    )


def devops(options: Mapping[str, Any]) -> Any:
    """Azure DevOps' token for the service connection, asked for anew for each exchange."""
    from azure.identity import AzurePipelinesCredential

    return AzurePipelinesCredential(
        tenant_id=_environ("AZURESUBSCRIPTION_TENANT_ID"),
        client_id=_environ("AZURESUBSCRIPTION_CLIENT_ID"),
        service_connection_id=_environ("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"),
        system_access_token=_environ("SYSTEM_ACCESSTOKEN"),
        **options,
    )


def managed(options: Mapping[str, Any]) -> Any:
    """The identity that the platform gave this machine. Its endpoint is near: no answer in 2 s is none."""
    from azure.identity import ManagedIdentityCredential

    near = {**options, "connection_timeout": 2, "retry_connect": 0}
    return ManagedIdentityCredential(client_id=os.environ.get("AZURE_CLIENT_ID", "").strip() or None, **near)


def cli(options: Mapping[str, Any]) -> Any:
    """Who is logged in with `az`."""
    from azure.identity import AzureCliCredential

    tenant = os.environ.get("AZURE_TENANT_ID", "").strip()
    return AzureCliCredential(tenant_id=tenant, process_timeout=_CLI_DEADLINE)


def device_code(options: Mapping[str, Any]) -> Any:
    """A person, who enters a code in a browser somewhere."""
    from azure.identity import DeviceCodeCredential

    def show(address: str, code: str, expires: datetime) -> None:
        print(visible(f"To sign in to Azure, open {address} and enter the code {code}"), file=sys.stderr, flush=True)

    tenant = os.environ.get("AZURE_TENANT_ID", "").strip()
    known = {"tenant_id": tenant} if tenant else {}
    return DeviceCodeCredential(prompt_callback=show, timeout=_CODE_DEADLINE, **known, **options)


def _github_assertion(options: Mapping[str, Any]) -> Callable[[], str]:
    from azure.core import PipelineClient
    from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError
    from azure.core.rest import HttpRequest

    url, permit = _environ("ACTIONS_ID_TOKEN_REQUEST_URL"), _environ("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    host = urlsplit(url).hostname or url
    client: PipelineClient[Any, Any] = PipelineClient(url, **options)

    def fetch() -> str:
        headers = {"Authorization": f"Bearer {permit}", "Accept": "application/json"}
        try:
            answer = client.send_request(HttpRequest("GET", url, params={"audience": AUDIENCE}, headers=headers))
        except (ServiceRequestError, ServiceResponseError, HttpResponseError) as error:
            raise unreachable(host, error, "get the job's token from GitHub") from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise Transient(f"cannot get the job's token from GitHub: {host} answered {answer.status_code}")
        if answer.status_code != 200:
            raise Denied(
                f"GitHub refuses the job a token ({host} answered {answer.status_code}): the workflow needs "
                "`permissions: {id-token: write}`, and a job of a pull request from a fork never gets one"
            )
        return str(answer.json()["value"])

    return fetch


def _environ(name: str) -> str:
    return os.environ[name].strip()
