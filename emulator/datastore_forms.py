"""Datastores in the form of Azure Resource Manager, which SDK v2 speaks, and in that of the data plane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.runs_state import Datastore, Plane

_CONTAINERS = {"AzureBlob": "containerName", "AzureFile": "fileShareName", "AzureDataLakeGen2": "filesystem"}
"""What the container is called, by the datastore's type."""

_SAME = ("endpoint", "protocol", "subscriptionId", "resourceGroup", "serviceDataAccessAuthIdentity")
_SECRETS = {"AccountKey": "key", "Sas": "sasToken", "ServicePrincipal": "clientSecret", "Certificate": "certificate"}
"""What the secret is called, by the credentials' type."""


@dataclass
class Described(Datastore):
    """A datastore with what only Azure Resource Manager keeps of it."""

    description: str | None = None
    properties: dict[str, str] | None = None


def read(name: str, properties: Mapping[str, Any]) -> Described:
    """A datastore as Azure Resource Manager is asked for it; `properties` are as the definition wants them."""
    kind = properties["datastoreType"]
    section = {key: properties[key] for key in _SAME if properties.get(key) is not None}
    section |= {"accountName": properties.get("accountName") or ""}
    section |= {"containerName": properties.get(_CONTAINERS[kind]) or ""}
    section |= _section(properties["credentials"])
    described = properties.get("description"), properties.get("properties") or None
    made = Described(name.lower(), kind, section, False, dict(properties.get("tags") or {}))
    made.description, made.properties = described
    return made


def _section(credentials: Mapping[str, Any]) -> dict[str, Any]:
    kind = credentials["credentialsType"]
    if kind == "None":
        return {"credentialType": "None", "isSas": False}
    secret = credentials["secrets"].get(_SECRETS[kind])
    if kind in ("AccountKey", "Sas"):
        return {"credentialType": kind, "credential": secret, "isSas": kind == "Sas"}
    client = {
        "clientId": credentials["clientId"],
        "tenantId": credentials["tenantId"],
        "authorityUrl": credentials.get("authorityUrl"),
        "resourceUri": credentials.get("resourceUrl"),
        "isCertAuth": kind == "Certificate",
        "thumbprint": credentials.get("thumbprint"),
        _SECRETS[kind]: secret,
    }
    return {"credentialType": "ClientCredentials", "clientCredentials": client}


def view(plane: Plane, store: Datastore) -> dict[str, Any]:
    """A datastore as Azure Resource Manager shows it: without secrets."""
    section = store.section
    properties: dict[str, Any] = {
        "description": getattr(store, "description", None),
        "tags": store.tags,
        "properties": getattr(store, "properties", None),
        "isDefault": store.name == plane.default,
        "datastoreType": store.kind,
        "accountName": store.account,
        _CONTAINERS[store.kind]: store.container,
        "endpoint": section.get("endpoint") or "core.windows.net",
        "protocol": section.get("protocol") or "https",
        "subscriptionId": section.get("subscriptionId"),
        "resourceGroup": section.get("resourceGroup"),
        "serviceDataAccessAuthIdentity": _identity(section),
        "credentials": _credentials(section),
    }
    return {
        "id": f"{plane.place.path}/datastores/{store.name}",
        "name": store.name,
        "type": "Microsoft.MachineLearningServices/workspaces/datastores",
        "properties": properties,
        "systemData": _made(store),
    }


def _made(store: Datastore) -> dict[str, Any]:
    changed = {"createdAt": store.created, "lastModifiedAt": store.modified}
    if store.user is None:
        return {**changed, "lastModifiedBy": "Azure Machine Learning", "lastModifiedByType": "Application"}
    user = {"createdBy": store.user, "createdByType": "User", "lastModifiedBy": store.user}
    return {**changed, **user, "lastModifiedByType": "User"}


def _identity(section: Mapping[str, Any]) -> str:
    both = (section.get(key) for key in ("serviceDataAccessAuthIdentity", "ServiceDataAccessAuthIdentity"))
    return next((one for one in both if one), "None")  # SDK v1 begins with a capital


def credentials_type(section: Mapping[str, Any]) -> str:
    """What Azure Resource Manager calls the credentials of a storage section."""
    kind = str(section.get("credentialType") or "None")
    if kind != "ClientCredentials":
        return kind
    return "Certificate" if section["clientCredentials"].get("isCertAuth") else "ServicePrincipal"


def _credentials(section: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"credentialsType": credentials_type(section)}
    if shown["credentialsType"] not in ("ServicePrincipal", "Certificate"):
        return shown
    client = section["clientCredentials"]
    shown |= {key: client.get(key) for key in ("clientId", "tenantId", "authorityUrl")}
    shown["resourceUrl"] = client.get("resourceUri")
    return shown | ({"thumbprint": client.get("thumbprint")} if client.get("isCertAuth") else {})


def secrets(section: Mapping[str, Any]) -> dict[str, Any]:
    """The secret of a storage section, which must have one."""
    kind = credentials_type(section)
    held = section["clientCredentials"].get(_SECRETS[kind]) if "clientCredentials" in section else None
    return {"secretsType": kind, _SECRETS[kind]: held or section.get("credential")}
