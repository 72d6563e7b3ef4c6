"""What the shared connection asks of the SDK: its client, the workspace, and datastores."""

from __future__ import annotations

from typing import Any, TypeAlias

from specrun.engines.azure import connection
from specrun.engines.azure.arm import ENDPOINT
from specrun.engines.azure.connection import NotYet
from specrun.engines.azure.fetched import Fetched
from specrun.engines.azure.transport import transport
from specrun.engines.azureml_v2.errors import translated
from specrun.engines.azureml_v2.sdk import load_sdk
from specrun.engines.base import Missing

CONNECTIONS = 16
"""Requests at once: as many as a plan asks for."""

OPTIONS = {"retry_total": 2, "retry_connect": 2, "retry_read": 2, "retry_status": 2}
"""How often the SDK tries again; what takes longer than that is for the core, which looks before it tries."""

POLLING = 3600
"""Seconds between two looks of the SDK at an operation that was accepted: it looks once, and then we do, at what is to
become of it."""


class Sdk:
    """The SDK as it is used in one workspace."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._client = Fetched(self._make_client)

    @property
    def client(self) -> Any:
        """The SDK's MLClient."""
        return self._client.get()

    def load(self) -> None:
        load_sdk()

    def fetch_workspace(self) -> Any:
        name = self._connection.coordinates.workspace_name
        with translated(f"find the workspace {name}"):
            return self.client.workspaces.get(name)

    def fetch_datastore(self, name: str | None) -> Any:
        if name:
            with translated(f"find the datastore {name}"):
                return self.client.datastores.get(name, include_secrets=True)
        try:
            with translated("find the default datastore"):
                return self.client.datastores.get_default(include_secrets=True)
        except StopIteration:
            # Each workspace has one: who answers has not heard of a new one yet.
            raise NotYet("cannot find the default datastore: the workspace has none yet") from None
        except Missing as error:
            if not self._connection.has_workspace:
                raise  # most likely there is no workspace
            raise NotYet(str(error)) from error

    def container_of(self, datastore: Any) -> tuple[str | None, Any]:
        name = getattr(datastore, "container_name", None) or getattr(datastore, "filesystem", None)
        return name, datastore.credentials

    def _make_client(self) -> Any:
        load_sdk()
        at = self._connection.coordinates
        with translated("set up the SDK"):
            from azure.ai.ml import MLClient

            return MLClient(
                self._connection.credential,
                at.subscription_id,
                at.resource_group,
                at.workspace_name,
                show_progress=False,
                enable_telemetry=False,
                polling_interval=POLLING,
                transport=transport(ENDPOINT, CONNECTIONS),
                **OPTIONS,
            )


Connection: TypeAlias = connection.Connection[Sdk]
