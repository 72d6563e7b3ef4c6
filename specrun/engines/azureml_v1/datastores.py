"""Datastores, as the SDK reads and registers them. Never deleted: SDK v1 does not tell whose one is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from specrun.engines.azure.datastores import FoundDatastore, revealed
from specrun.engines.azureml_v1.connection import Connection
from specrun.engines.azureml_v1.errors import translated
from specrun.engines.base import Conflict, EngineError
from specrun.plan.kinds.datastore import Datastore
from specrun.plan.observed import Existing
from specrun.spec.frozen import dataclass

ADVICE = {
    "ContainerNotFound": "Make the container (az storage container create), or correct its name",
    "ShareNotFound": "Make the file share (az storage share create), or correct `file_share_name`",
    "FilesystemNotFound": "Make the file system (az storage fs create), or correct `filesystem`",
    "KeyBasedAuthenticationNotPermitted": "The storage account {account_name} takes no keys: leave `credentials` out",
    "InvalidAuthenticationInfo": "The credential does not open {account_name}: is it of this account, and still valid?",
    "AuthenticationFailed": "The credential does not open {account_name}: is it of this account, and still valid?",
    "Authorization": "The credential does not allow it: a signature must allow to read, write, list and delete",
    "No such host": "There is no storage account {account_name}: correct `account_name`",
}
"""What to do, by a code of the storage service in what Azure ML says."""


@dataclass(frozen=True, slots=True)
class SdkDatastores:
    """One request each."""

    connection: Connection

    def every(self) -> Iterable[Existing]:
        workspace = self.connection.workspace()
        with translated("list the datastores", retried="but 429"):
            return [Existing(str(one.name), str(one.datastore_type)) for one in workspace.datastores.values()]

    def find(self, name: str) -> FoundDatastore:
        found = self.connection.refresh_datastore(name)
        account, container = getattr(found, "account_name", None), getattr(found, "container_name", None)
        return FoundDatastore(str(found.datastore_type), account, container, credentials=_fields_of(found))

    def register(self, datastore: Datastore, again: bool) -> None:
        """The service looks whether the credential opens it."""
        workspace = self.connection.workspace()
        try:
            with translated(f"register the datastore {datastore.name}", retried=False):
                _register(workspace, datastore, again)
        except EngineError as error:
            raise _advised(error, datastore) from error

    def delete(self, name: str) -> None:
        """Nobody knows whose it is."""
        raise EngineError(f"cannot delete the datastore {name}: SDK v1 does not tell who registered it")


def _fields_of(datastore: Any) -> dict[str, str | None]:
    """A credential's fields in the spec's words, without what is secret."""
    if getattr(datastore, "client_secret", None):
        return {"tenant_id": datastore.tenant_id, "client_id": datastore.client_id, "client_secret": None}
    kind = next((name for name in ("account_key", "sas_token") if getattr(datastore, name, None)), None)
    return {kind: None} if kind else {}


def _advised(error: EngineError, datastore: Datastore) -> EngineError:
    """The same with what to do: the service tries the credential, and tells in one code what went wrong."""
    if "same name already exists" in str(error):
        return Conflict(f"{datastore.key} was registered meanwhile: plan again")
    advice = next((words for code, words in ADVICE.items() if code in str(error)), "")
    wanted = {name: value for name, value in datastore.properties.items() if name != "credentials"}
    return type(error)(f"{error} {advice.format(**wanted)}") if advice else error


def _register(workspace: Any, datastore: Datastore, overwrite: bool) -> None:
    from azureml.core import Datastore

    wanted = datastore.properties
    kind, credentials = wanted["type"], revealed(wanted.get("credentials"))
    shared = {"datastore_name": datastore.name, "account_name": wanted["account_name"], "overwrite": overwrite}
    if kind == "azure_blob":
        Datastore.register_azure_blob_container(
            workspace, container_name=wanted["container_name"], **shared, **credentials
        )
    elif kind == "azure_file":
        Datastore.register_azure_file_share(
            workspace, file_share_name=wanted["file_share_name"], **shared, **credentials
        )
    else:
        Datastore.register_azure_data_lake_gen2(workspace, filesystem=wanted["filesystem"], **shared, **credentials)
