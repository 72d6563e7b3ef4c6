"""Where credentials for Azure come from: one source, chosen by what the environment offers.

A source that is only half there is an error, not a reason to go on to the next: whoever set AZURE_CLIENT_ID does not
want to be signed in as somebody else.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from specrun.engines.azure import azure_identity
from specrun.engines.base import Denied
from specrun.spec.frozen import dataclass

PipelineOptions: TypeAlias = Mapping[str, Any]
"""Keyword arguments of azure-core's pipeline: transport, deadlines in seconds."""

CLIENT, TENANT = "AZURE_CLIENT_ID", "AZURE_TENANT_ID"
SECRET, CERTIFICATE = "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH"
TOKEN_FILE = "AZURE_FEDERATED_TOKEN_FILE"
GITHUB_URL, GITHUB_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
DEVOPS_URL, DEVOPS_TOKEN = "SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN"
DEVOPS = ("AZURESUBSCRIPTION_CLIENT_ID", "AZURESUBSCRIPTION_TENANT_ID", "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID")

NOTHING = (
    "there is nothing to sign in to Azure with. Looked for AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or "
    "AZURE_FEDERATED_TOKEN_FILE (each with AZURE_CLIENT_ID and AZURE_TENANT_ID), GitHub Actions' and Azure DevOps' "
    "tokens, a managed identity, the Azure CLI, and a terminal to show a code on. On your own machine: install the "
    "Azure CLI and run `az login`. In a pipeline: set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET. "
    "On a machine in Azure: set AZURE_CLIENT_ID to that of its managed identity"
)


@dataclass(frozen=True, slots=True)
class CredentialSource:
    """One way to sign in. `kind` is a word for it, `description` says who signs in and why this way was chosen.

    `host` is who gives the tokens. `client` and `tenant` are ids, empty where they are not known here; `make` gives
    azure-identity's credential. Nothing of azure-identity is imported before that.
    """

    kind: str
    description: str
    host: str
    make: Callable[[PipelineOptions], Any]
    client: str = ""
    tenant: str = ""


def choose() -> CredentialSource:
    """The first source that the environment offers. Raises Denied: nothing is there, or one is half there."""
    for offered in (_principal, _token_file, _github, _devops, _managed, _application, _cli, _device_code):
        source = offered()
        if source is not None:
            return source
    raise Denied(NOTHING)


def _principal() -> CredentialSource | None:
    name = next((name for name in (SECRET, CERTIFICATE) if _get(name)), None)
    if name is None:
        return None
    _require(f"{name} is set", CLIENT, TENANT)
    client, tenant = _get(CLIENT), _get(TENANT)
    make = azure_identity.secret if name == SECRET else azure_identity.certificate
    described = f"service principal {_short(client)} from {CLIENT} and {name}"
    return CredentialSource(
        "secret" if name == SECRET else "certificate", described, _login_host(), make, client, tenant
    )


def _token_file() -> CredentialSource | None:
    if not _get(TOKEN_FILE):
        return None
    _require(f"{TOKEN_FILE} is set", CLIENT, TENANT)
    client, tenant = _get(CLIENT), _get(TENANT)
    described = f"workload identity {_short(client)} from {CLIENT} and {TOKEN_FILE}"
    return CredentialSource("federated", described, _login_host(), azure_identity.token_file, client, tenant)


def _github() -> CredentialSource | None:
    if not _get(GITHUB_URL) or CLIENT not in os.environ:
        return None  # every job that may ask for a token has the URL; who wants to use it says as whom
    if _managed_endpoint() and not _get(TENANT):
        return None  # the client is a managed identity's
    _require("the job may ask GitHub for a token", CLIENT, TENANT, GITHUB_TOKEN)
    client, tenant = _get(CLIENT), _get(TENANT)
    described = f"GitHub Actions' workload identity {_short(client)} from {CLIENT} and {GITHUB_URL}"
    return CredentialSource("federated", described, _login_host(), azure_identity.github, client, tenant)


def _devops() -> CredentialSource | None:
    if not _get(DEVOPS_URL) or not any(_get(name) for name in DEVOPS):
        return None
    if not _get(DEVOPS_TOKEN):
        raise Denied(
            f"sign-in is half configured: the pipeline's service connection is there, but {_lack(DEVOPS_TOKEN)}. Hand "
            "it to the step: `env: {SYSTEM_ACCESSTOKEN: $(System.AccessToken)}`"
        )
    _require(f"{DEVOPS_URL} and some of the service connection's variables are set", *DEVOPS)
    client, tenant = _get(DEVOPS[0]), _get(DEVOPS[1])
    described = f"Azure DevOps' service connection of {_short(client)} from {DEVOPS[0]} and {DEVOPS_URL}"
    return CredentialSource("federated", described, _login_host(), azure_identity.devops, client, tenant)


def _managed() -> CredentialSource | None:
    name = _managed_endpoint()
    if not name:
        return None
    if name == "IDENTITY_ENDPOINT" and not (_get("IDENTITY_HEADER") or _get("IMDS_ENDPOINT")):
        _require(f"{name} is set", "IDENTITY_HEADER")
    return _identity(name, urlsplit(_get(name)).hostname or name)


def _application() -> CredentialSource | None:
    """What AZURE_CLIENT_ID without any proof means: a managed identity of this machine, or something forgotten."""
    if not _get(CLIENT):
        return None
    if not _get(TENANT):
        host = urlsplit(_get("AZURE_POD_IDENTITY_AUTHORITY_HOST")).hostname or "169.254.169.254"
        return _identity(f"{CLIENT} alone", host)
    ways = f"{_lack(SECRET)}; nor is any of {CERTIFICATE}, {TOKEN_FILE}"
    advice = f"Set {SECRET}, or unset {CLIENT} to sign in another way"
    if _get("GITHUB_ACTIONS"):
        advice = f"In this workflow, write `permissions: {{id-token: write, contents: read}}`, or set {SECRET}"
    elif _get(DEVOPS_URL):
        advice = f"In this pipeline, set {', '.join(DEVOPS)} and {DEVOPS_TOKEN}, or set {SECRET}"
    raise Denied(f"sign-in is half configured: {CLIENT} and {TENANT} are set, but {ways}. {advice}")


def _identity(why: str, host: str) -> CredentialSource:
    client = _get(CLIENT)
    who = f"managed identity {_short(client)}" if client else "managed identity of this machine"
    return CredentialSource("managed", f"{who} from {why}", host, azure_identity.managed, client)


def _cli() -> CredentialSource | None:
    if shutil.which("az") is None:
        return None
    return CredentialSource("cli", "Azure CLI's login (`az`)", _login_host(), azure_identity.cli, tenant=_get(TENANT))


def _device_code() -> CredentialSource | None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    described = "a code to be entered in a browser (there is a terminal, and no `az`)"
    return CredentialSource("device", described, _login_host(), azure_identity.device_code, tenant=_get(TENANT))


def _managed_endpoint() -> str:
    return next((name for name in ("IDENTITY_ENDPOINT", "MSI_ENDPOINT") if _get(name)), "")


def _require(why: str, *names: str) -> None:
    missing = [name for name in names if not _get(name)]
    if missing:
        lacks = " and ".join(_lack(name) for name in missing)
        raise Denied(f"sign-in is half configured: {why}, but {lacks}. Set {' and '.join(missing)}")


def _lack(name: str) -> str:
    """An empty variable is what a pipeline makes of a secret that it does not have."""
    return f"{name} is empty" if name in os.environ else f"{name} is not set"


def _login_host() -> str:
    given = _get("AZURE_AUTHORITY_HOST")
    return urlsplit(given if "//" in given else f"https://{given}").hostname or "login.microsoftonline.com"


def _get(name: str) -> str:
    return os.environ.get(name, "").strip()


def _short(identifier: str) -> str:
    return f"{identifier[:8]}…" if len(identifier) > 8 else identifier
