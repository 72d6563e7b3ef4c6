"""An emulator of its own for a test, and this process sent to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator

GROUP, NAME, REGION = "ml-rg", "ml-ws", "westeurope"


@contextlib.contextmanager
def emulated(folder: Path) -> Iterator[Emulator]:
    """An emulator in which new things are there at once, and the environment that leads to it."""
    with Emulator(folder) as emulator, pytest.MonkeyPatch.context() as patch:
        emulator.service.retry_after = 0  # SDKs that are told nothing look every 30 s
        for name, value in emulator.environment.items():
            patch.setenv(name, value)
        emulator.service.creating_reads = 0
        emulator.service.retry_after = 0  # or else the SDKs wait for half a minute between two looks
        yield emulator


def service_principal(emulator: Emulator) -> Any:
    """The SDK's sign-in with the subscription's service principal."""
    from azureml.core.authentication import ServicePrincipalAuthentication

    owner = emulator.service.owner
    return ServicePrincipalAuthentication(emulator.service.tenant.id, owner.client_id, owner.secret)


def azure_identity(emulator: Emulator) -> Any:
    """The SDK's sign-in with a credential of azure-identity."""
    from azure.identity import ClientSecretCredential
    from azureml.core.authentication import TokenAuthentication

    owner = emulator.service.owner
    credential = ClientSecretCredential(emulator.service.tenant.id, owner.client_id, str(owner.secret))
    return TokenAuthentication(lambda audience: credential.get_token(audience.rstrip("/") + "/.default").token)


def create_workspace(emulator: Emulator, auth: Any, **more: Any) -> Any:
    """What a user writes to get a workspace with its resource group."""
    from azureml.core import Workspace

    asked = {"location": REGION, "create_resource_group": True, "show_output": False, **more}
    return Workspace.create(NAME, auth, emulator.service.subscription, GROUP, **asked)


def bearer(emulator: Emulator) -> dict[str, str]:
    """A header that the service takes."""
    service = emulator.service
    token, _ = service.directory.issue(service.tenant.id, service.owner, "https://management.azure.com/")
    return {"Authorization": f"Bearer {token}"}
