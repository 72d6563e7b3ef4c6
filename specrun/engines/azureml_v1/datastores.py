"""Datastores: looked at and registered. Never deleted: SDK v1 does not tell whose one is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specrun.engines.azureml_v1.connection import Connection
from specrun.engines.azureml_v1.errors import translated
from specrun.engines.base import Conflict, EngineError, Missing
from specrun.plan.changes import Action, Capability, Change
from specrun.plan.observed import Observed, Status
from specrun.plan.resources import Resource
from specrun.spec.model import Properties, Secret

CAPABILITY = Capability(None, kept="SDK v1 keeps nothing that tells who registered it")
"""Registered again under its name, a datastore is what it is registered as."""

KINDS = {
    "AzureBlob": ("azure_blob", "container_name"),
    "AzureFile": ("azure_file", "file_share_name"),
    "AzureDataLakeGen2": ("azure_data_lake_gen2", "filesystem"),
}
"""The SDK's types: the spec's, and how the spec calls the container there."""

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


def observe_datastore(connection: Connection, resource: Resource) -> Observed:
    """The datastore as it is: one request. Which credential it has cannot be compared, and is not told."""
    try:
        datastore = connection.refresh_datastore(resource.name)
    except Missing as error:
        return Observed(Status.MISSING, reason=str(error))
    kind = str(datastore.datastore_type)
    if kind not in KINDS:
        return Observed(Status.READY, {"type": kind})
    name, container = KINDS[kind]
    properties = {"type": name, "account_name": datastore.account_name, container: datastore.container_name}
    return Observed(Status.READY, properties)


def begin_datastore(connection: Connection, change: Change) -> None:
    """Register the datastore, again where it is there; the service looks whether the credential opens it."""
    resource = change.resource
    workspace = connection.workspace()
    again = change.action is not Action.CREATE
    try:
        with translated(f"register the datastore {resource.name}", retried=False):
            _register(workspace, resource.name, resource.properties, again)
    except EngineError as error:
        raise _advised(error, resource) from error
    connection.forget_datastore(resource.name)


def _advised(error: EngineError, resource: Resource) -> EngineError:
    """The same with what to do: the service tries the credential, and tells in one code what went wrong."""
    if "same name already exists" in str(error):
        return Conflict(f"{resource.key} was registered meanwhile: plan again")
    advice = next((words for code, words in ADVICE.items() if code in str(error)), "")
    wanted = {name: value for name, value in resource.properties.items() if name != "credentials"}
    return type(error)(f"{error} {advice.format(**wanted)}") if advice else error


def _register(workspace: Any, name: str, wanted: Properties, overwrite: bool) -> None:
    from azureml.core import Datastore

    kind = wanted["type"]
    shared = {"datastore_name": name, "account_name": wanted["account_name"], "overwrite": overwrite}
    credentials = _revealed(wanted.get("credentials"))
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


def _revealed(credentials: object) -> dict[str, Any]:
    """Credentials under the names that spec and SDK have in common. Raises SecretUnset."""
    if not isinstance(credentials, Mapping):
        return {}
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in credentials.items()}
