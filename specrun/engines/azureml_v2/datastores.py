"""Datastores: looked at, registered, and those that specrun made deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specrun.engines.azure.cluster_words import OWNER
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.azureml_v2.errors import translated
from specrun.engines.azureml_v2.words import word_of
from specrun.engines.base import Missing
from specrun.plan.changes import Action, Capability, Change
from specrun.plan.observed import Observed, Status
from specrun.plan.resources import Resource
from specrun.spec.model import Properties, Secret

CAPABILITY = Capability(None)
"""Registered again under its name, a datastore is what it is registered as."""

CONTAINERS = {
    "azure_blob": "container_name",
    "azure_file": "file_share_name",
    "azure_data_lake_gen2": "filesystem",
}
"""How spec and SDK call what a datastore of each type is."""

_TYPES = {name.replace("_", ""): name for name in CONTAINERS}


def observe_datastore(connection: Connection, resource: Resource) -> Observed:
    """The datastore as it is: one request. Which credential it has cannot be compared, and is not told."""
    try:
        with translated(f"find the datastore {resource.name}"):
            datastore = connection.client.datastores.get(resource.name)
    except Missing as error:
        return Observed(Status.MISSING, reason=str(error))
    owner = str((datastore.tags or {}).get(OWNER, ""))
    kind = _TYPES.get(word_of(datastore.type).replace("_", "").lower())
    if kind is None:
        return Observed(Status.READY, {"type": word_of(datastore.type)}, owner=owner)
    container = CONTAINERS[kind]
    properties = {
        "type": kind,
        "account_name": datastore.account_name,
        container: getattr(datastore, container),
    }
    return Observed(Status.READY, properties, owner=owner)


def begin_datastore(connection: Connection, change: Change) -> None:
    """Register the datastore, again where it is there; or take its registration away, and nothing of its data."""
    resource = change.resource
    if change.action is Action.DELETE:
        with translated(f"delete the datastore {resource.name}"):
            connection.client.datastores.delete(resource.name)
    else:
        with translated(f"register the datastore {resource.name}"):
            datastores = connection.client.datastores
            # Sent as a whole: what somebody has noted on one that is there must not be lost.
            tags = datastores.get(resource.name).tags if change.action is Action.UPDATE else {OWNER: resource.spec.name}
            datastores.create_or_update(_datastore(resource, tags))
    connection.forget_datastore(resource.name)


def _datastore(resource: Resource, tags: Mapping[str, str]) -> Any:
    """The SDK's datastore. Secrets are revealed in it: keep it short. Raises SecretUnset."""
    from azure.ai.ml import entities

    wanted = resource.properties
    kind = str(wanted["type"])
    make = {
        "azure_blob": entities.AzureBlobDatastore,
        "azure_file": entities.AzureFileDatastore,
        "azure_data_lake_gen2": entities.AzureDataLakeGen2Datastore,
    }[kind]
    return make(
        name=resource.name,
        account_name=wanted["account_name"],
        credentials=_credentials(wanted.get("credentials")),
        tags=dict(tags or {}),
        **{CONTAINERS[kind]: wanted[CONTAINERS[kind]]},
    )


def _credentials(asked: object) -> Any:
    from azure.ai.ml import entities

    if not isinstance(asked, Mapping):
        return None
    shown = _revealed(asked)
    if "account_key" in shown:
        return entities.AccountKeyConfiguration(**shown)
    if "sas_token" in shown:
        return entities.SasTokenConfiguration(**shown)
    return entities.ServicePrincipalConfiguration(**shown)


def _revealed(credentials: Properties) -> dict[str, Any]:
    """Credentials under the names that spec and SDK have in common. Raises SecretUnset."""
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in credentials.items()}
