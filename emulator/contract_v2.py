"""What the official REST definitions say of datastores and assets: the bodies that SDK v2 sends.

Condensed from mfe.json of Microsoft.MachineLearningServices 2024-04-01 (github.com/Azure/azure-rest-api-specs). What
the neighbouring previews add, which the SDK names as its api-version, is said where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TEXT = {"type": "string"}
_MAYBE_TEXT = {"type": ["string", "null"]}
_FILLED = {"type": "string", "minLength": 1, "pattern": "[a-zA-Z0-9_]"}
_FLAG = {"type": "boolean"}
_UUID = {"type": "string", "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"}
_TEXTS = {"type": ["object", "null"], "additionalProperties": _MAYBE_TEXT}
_RESOURCE = {"description": _MAYBE_TEXT, "properties": _TEXTS, "tags": _TEXTS}
_ASSET = {**_RESOURCE, "isAnonymous": _FLAG, "isArchived": _FLAG}
_READ_ONLY = {"provisioningState": _TEXT, "environmentType": _TEXT}
"""Clients send back what they read; it is let through, and nothing comes of it."""


def _closed(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "additionalProperties": False,
        "properties": dict(properties),
    }


def _one_of(field: str, kinds: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of the kind that a field names, so that errors are about that kind."""
    cases = [{"if": {"properties": {field: {"const": kind}}}, "then": schema} for kind, schema in kinds.items()]
    return {
        "type": "object",
        "required": [field],
        "properties": {field: {"enum": list(kinds)}},
        "allOf": cases,
    }


def _resource(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": ["properties"], "properties": {"properties": dict(properties)}}


def _secrets(field: str) -> dict[str, Any]:
    return _closed({"secretsType": _TEXT, field: _MAYBE_TEXT}, "secretsType")


_PRINCIPAL = {
    "credentialsType": _TEXT,
    "authorityUrl": _MAYBE_TEXT,
    "resourceUrl": _MAYBE_TEXT,
    "clientId": _UUID,
    "tenantId": _UUID,
}
_CREDENTIALS = _one_of(
    "credentialsType",
    {
        "None": _closed({"credentialsType": _TEXT}),
        "AccountKey": _closed({"credentialsType": _TEXT, "secrets": _secrets("key")}, "secrets"),
        "Sas": _closed({"credentialsType": _TEXT, "secrets": _secrets("sasToken")}, "secrets"),
        "ServicePrincipal": _closed(
            {**_PRINCIPAL, "secrets": _secrets("clientSecret")}, "clientId", "tenantId", "secrets"
        ),
        "Certificate": _closed(
            {**_PRINCIPAL, "thumbprint": _FILLED, "secrets": _secrets("certificate")},
            "clientId",
            "tenantId",
            "thumbprint",
            "secrets",
        ),
    },
)
_DATASTORE = {
    **_RESOURCE,
    "datastoreType": _TEXT,
    "credentials": _CREDENTIALS,
    "isDefault": _FLAG,  # read only: it is let through, and nothing comes of it
    "subscriptionId": _MAYBE_TEXT,
    "resourceGroup": _MAYBE_TEXT,
    "endpoint": _MAYBE_TEXT,
    "protocol": _MAYBE_TEXT,
    "serviceDataAccessAuthIdentity": {
        "enum": ["None", "WorkspaceSystemAssignedIdentity", "WorkspaceUserAssignedIdentity"]
    },
}
_ROUTE = _closed({"path": _FILLED, "port": {"type": "integer"}}, "path", "port")
_ENVIRONMENT = {
    **_ASSET,
    **_READ_ONLY,
    "autoRebuild": {"enum": ["Disabled", "OnBaseImageUpdate"]},
    "build": _closed({"contextUri": _FILLED, "dockerfilePath": _TEXT}, "contextUri"),
    "condaFile": _TEXT,
    "image": _TEXT,
    "inferenceConfig": _closed({"livenessRoute": _ROUTE, "readinessRoute": _ROUTE, "scoringRoute": _ROUTE}),
    "osType": {"enum": ["Linux", "Windows"]},
    "stage": _MAYBE_TEXT,
}
_DATA = {
    **_ASSET,
    "dataType": _TEXT,
    "dataUri": _FILLED,
    # of the preview
    "stage": _MAYBE_TEXT,
    "intellectualProperty": {"type": ["object", "null"]},
    "autoDeleteSetting": {"type": ["object", "null"]},
}
_MODEL = {
    **_ASSET,
    **_READ_ONLY,
    "flavors": {"type": ["object", "null"]},
    "jobName": _MAYBE_TEXT,
    "modelType": _MAYBE_TEXT,
    "modelUri": _MAYBE_TEXT,
    "stage": _MAYBE_TEXT,
    # of the preview
    "intellectualProperty": {"type": ["object", "null"]},
    "autoDeleteSetting": {"type": ["object", "null"]},
}

SCHEMAS: dict[str, dict[str, Any]] = {
    "datastore": _resource(
        _one_of(
            "datastoreType",
            {
                "AzureBlob": _closed(
                    {**_DATASTORE, "accountName": _MAYBE_TEXT, "containerName": _MAYBE_TEXT}, "credentials"
                ),
                "AzureFile": _closed(
                    {**_DATASTORE, "accountName": _FILLED, "fileShareName": _FILLED},
                    "credentials",
                    "accountName",
                    "fileShareName",
                ),
                "AzureDataLakeGen2": _closed(
                    {**_DATASTORE, "accountName": _FILLED, "filesystem": _FILLED},
                    "credentials",
                    "accountName",
                    "filesystem",
                ),
            },
        )
    ),
    # of the preview; the 2024-04-01 definition has no body, and no preview has expireAfterHours: it is let through
    "list_secrets": _closed({"expirableSecret": _FLAG, "expireAfterHours": {"type": "integer"}}),
    "pending_upload": _closed(
        {"pendingUploadId": _MAYBE_TEXT, "pendingUploadType": {"enum": ["None", "TemporaryBlobReference"]}}
    ),
    # the definition has texts in `properties`; the SDK sends the number 202208 as hash_version
    "codes": _resource(
        _closed(
            {
                **_ASSET,
                "codeUri": _MAYBE_TEXT,
                "properties": {
                    "type": ["object", "null"],
                    "properties": {"hash_version": {"type": ["integer", "string"]}},
                    "additionalProperties": {"type": ["string", "integer", "null"]},
                },
            }
        )
    ),
    "environments": _resource(_closed(_ENVIRONMENT)),
    "models": _resource(_closed(_MODEL)),
    "data": _resource(
        _one_of(
            "dataType",
            {
                "uri_file": _closed(_DATA, "dataUri"),
                "uri_folder": _closed(_DATA, "dataUri"),
                "mltable": _closed({**_DATA, "referencedUris": {"type": ["array", "null"], "items": _TEXT}}, "dataUri"),
            },
        )
    ),
}
