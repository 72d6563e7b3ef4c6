"""The unmodified SDK v2 in this process, on the emulator and the workspace that `sdk` has: both see one service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from emulator.emulator import Emulator
from tests.emulator.sdk import GROUP, NAME, Sdk

PATIENCE = {"AZUREML_RUN_POLLING_INTERVAL_MIN": "0", "AZUREML_RUN_POLLING_INTERVAL_MAX": "1"}
"""How long `jobs.stream` waits between two looks, in seconds; the SDK reads it when it is imported."""


class Credential:
    """The subscription's owner, as azure-core wants credentials."""

    def __init__(self, emulator: Emulator) -> None:
        self._service = emulator.service

    def get_token(self, *scopes: str, **rest: Any) -> Any:
        """A token for the first of the scopes, such as "https://management.azure.com/.default"."""
        import time

        from azure.core.credentials import AccessToken

        audience = scopes[0].removesuffix("/.default")
        service = self._service
        token, lifetime = service.directory.issue(service.tenant.id, service.owner, audience)
        return AccessToken(token, int(time.time()) + lifetime)


def open_client(emulator: Emulator, workspace: str | None = NAME, group: str = GROUP, **rest: Any) -> Any:
    """The SDK's client; it looks at long operations twenty times a second."""
    from azure.ai.ml import MLClient

    asked = {"polling_interval": 0.05, "show_progress": False, **rest}
    return MLClient(Credential(emulator), emulator.service.subscription, group, workspace, **asked)


def own(tags: Mapping[str, Any]) -> dict[str, Any]:
    """Tags without those that the service itself gives to a run that was started."""
    return {name: value for name, value in tags.items() if not name.startswith("_aml_system_")}


@pytest.fixture(scope="module")
def client(sdk: Sdk) -> Iterator[Any]:
    """`sdk` as an argument of the same test is the same workspace, seen through SDK v1."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in PATIENCE.items():
            patch.setenv(name, value)
        yield open_client(sdk.emulator)
