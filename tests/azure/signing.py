"""What an environment has to sign in with, and how a refusal reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.engines.azure.credentials import SignIn
from specrun.engines.base import Denied
from tests.azure.fake_login import CLIENT, TENANT

ARM = "https://management.core.windows.net/"
GITHUB = "pipelines.actions.githubusercontent.com"
DEVOPS = "dev.azure.com"

PRINCIPAL = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT}
WITH_SECRET = {**PRINCIPAL, "AZURE_CLIENT_SECRET": "s3cr3t-value"}
WITH_GITHUB = {
    **PRINCIPAL,
    "ACTIONS_ID_TOKEN_REQUEST_URL": f"https://{GITHUB}/token?api-version=2.0",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "gh-permit",
}
WITH_DEVOPS = {
    "SYSTEM_OIDCREQUESTURI": f"https://{DEVOPS}/org/_apis/oidctoken",
    "SYSTEM_ACCESSTOKEN": "ado-permit",
    "AZURESUBSCRIPTION_CLIENT_ID": CLIENT,
    "AZURESUBSCRIPTION_TENANT_ID": TENANT,
    "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "connection",
}
WITH_IDENTITY = {"IDENTITY_ENDPOINT": "http://identity.local/token", "IDENTITY_HEADER": "id-header"}


def having(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def az(tmp_path: Path, script: str) -> Path:
    """An `az` that does this."""
    program = tmp_path / "bin" / "az"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def refused(signing: SignIn) -> str:
    with pytest.raises(Denied) as caught:
        signing.token_for(ARM)
    return str(caught.value)
