"""What the shared connection asks of the SDK: its sign-in, the workspace, and datastores."""

from __future__ import annotations

from typing import Any, TypeAlias

from specrun.engines.azure import connection
from specrun.engines.azure.connection import NotYet
from specrun.engines.azure.fetched import Fetched
from specrun.engines.azureml_v1.errors import translated
from specrun.engines.azureml_v1.sdk import load_sdk
from specrun.engines.base import Missing

CLOUD = "AzureCloud"
"""Named, so that the SDK does not ask the network which clouds there are."""

BLOB_STORES = ("AzureBlob", "AzureDataLakeGen2")


class Sdk:
    """The SDK as it is used in one workspace."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._auth = Fetched(self._make_auth)

    @property
    def auth(self) -> Any:
        """Who is signed in, for the SDK."""
        return self._auth.get()

    def load(self) -> None:
        load_sdk()

    def fetch_workspace(self) -> Any:
        at = self._connection.coordinates
        with translated(f"find the workspace {at.workspace_name}", retried="but 429"):
            auth = self.auth
            from azureml.core import Workspace

            found = Workspace.get(
                at.workspace_name, auth=auth, subscription_id=at.subscription_id, resource_group=at.resource_group
            )
            # After a broken connection the SDK gives an empty object: this asks again, and raises.
            _ = found.location
            return found

    def fetch_datastore(self, name: str | None) -> Any:
        workspace = self._connection.workspace()
        from azureml.core import Datastore

        if name:
            with translated(f"find the datastore {name}", retried="but 429"):
                return Datastore.get(workspace, name)
        try:
            with translated("find the default datastore", retried="but 429"):
                return workspace.get_default_datastore()
        except Missing as error:
            # Each workspace has one: who answers has not heard of a new one yet.
            raise NotYet(str(error)) from error

    def container_of(self, datastore: Any) -> tuple[str | None, Any]:
        return (datastore.container_name if datastore.datastore_type in BLOB_STORES else None), datastore

    def _make_auth(self) -> Any:
        load_sdk()
        with translated("set up the sign-in"):
            from azureml.core.authentication import TokenAuthentication

            return TokenAuthentication(self._connection.credential.token_for, cloud=CLOUD)


Connection: TypeAlias = connection.Connection[Sdk]
