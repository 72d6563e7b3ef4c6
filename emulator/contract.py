"""Refuses the bodies that the official REST definitions refuse.

Condensed from the public definitions of Azure (github.com/Azure/azure-rest-api-specs):
machineLearningServices.json and workspaceRP.json of Microsoft.MachineLearningServices 2024-04-01 (and its preview), and
resources.json of Microsoft.Resources 2019-10-01. The SDK v1 sends computes as api-version 2020-02-02, which has
"vmPriority" in any case and an empty duration; only there are these schemas wider than the definitions.
"""

from __future__ import annotations

import functools
from typing import Any

from emulator.contract_v2 import SCHEMAS as OF_DATA_AND_ASSETS
from emulator.router import Refused

_TEXT = {"type": "string"}
_MAYBE_TEXT = {"type": ["string", "null"]}
_MAYBE_FLAG = {"type": ["boolean", "null"]}
_TAGS = {"type": ["object", "null"], "additionalProperties": _TEXT}
_ID = r"^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/[^/]+(/[^/]+/[^/]+)+$"
_SUBNET = (
    r"^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Network/virtualNetworks/[^/]+/subnets/[^/]+$"
)
_MAYBE_ID = {"type": ["string", "null"], "pattern": _ID}
_SKU = {"type": "object", "required": ["name"], "properties": {"name": _TEXT, "tier": _MAYBE_TEXT}}
_IDENTITY = {
    "type": ["object", "null"],
    "required": ["type"],
    "properties": {
        "type": {"enum": ["None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned"]},
        "userAssignedIdentities": {
            "type": ["object", "null"],
            "propertyNames": {"pattern": _ID},
            "additionalProperties": {"type": ["object", "null"]},
        },
    },
}
_SCALE = {
    "type": "object",
    "required": ["maxNodeCount"],
    "additionalProperties": False,
    "properties": {
        "maxNodeCount": {"type": "integer"},
        "minNodeCount": {"type": "integer"},
        "nodeIdleTimeBeforeScaleDown": {
            "type": "string",
            "pattern": r"^$|^P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$",
        },
    },
}
_AML_COMPUTE = {
    "type": "object",
    "required": ["vmSize", "scaleSettings"],
    "additionalProperties": False,
    "properties": {
        "osType": {"enum": ["Linux", "Windows"]},
        "vmSize": {"type": "string", "minLength": 1},
        "vmPriority": {"type": "string", "pattern": "^(?i:dedicated|lowpriority)$"},
        "virtualMachineImage": {"type": "object", "required": ["id"]},
        "isolatedNetwork": {"type": "boolean"},
        "scaleSettings": _SCALE,
        "userAccountCredentials": {
            "type": "object",
            "required": ["adminUserName"],
            "additionalProperties": False,
            "properties": {"adminUserName": _TEXT, "adminUserSshPublicKey": _TEXT, "adminUserPassword": _TEXT},
        },
        "subnet": {
            "type": ["object", "null"],
            "required": ["id"],
            "properties": {"id": {"type": "string", "pattern": _SUBNET}},
        },
        "remoteLoginPortPublicAccess": {"enum": ["Enabled", "Disabled", "NotSpecified"]},
        "enableNodePublicIp": {"type": "boolean"},
        "propertyBag": {"type": "object"},
    },
}
_ENCRYPTION = {
    "type": ["object", "null"],
    "required": ["status", "keyVaultProperties"],
    "properties": {"status": {"enum": ["Enabled", "Disabled"]}, "keyVaultProperties": {"type": "object"}},
}
_WORKSPACE_PROPERTIES = {
    "friendlyName": _MAYBE_TEXT,
    "description": _MAYBE_TEXT,
    "keyVault": _MAYBE_ID,
    "applicationInsights": _MAYBE_ID,
    "containerRegistry": _MAYBE_ID,
    "storageAccount": _MAYBE_ID,
    "encryption": _ENCRYPTION,
    "hbiWorkspace": _MAYBE_FLAG,
    "imageBuildCompute": _MAYBE_TEXT,
    "publicNetworkAccess": {"enum": ["Enabled", "Disabled", None]},
    "allowPublicAccessWhenBehindVnet": _MAYBE_FLAG,
    "primaryUserAssignedIdentity": _MAYBE_ID,
    "v1LegacyMode": _MAYBE_FLAG,
    "systemDatastoresAuthMode": _MAYBE_TEXT,
    # of the preview
    "managedNetwork": {"type": ["object", "null"]},
    "serverlessComputeSettings": {"type": ["object", "null"]},
    "enableDataIsolation": _MAYBE_FLAG,
    "allowRoleAssignmentOnRG": _MAYBE_FLAG,
    "provisionNetworkNow": _MAYBE_FLAG,
    "softDeleteEnabled": _MAYBE_FLAG,
}
_WORKSPACE = {
    "type": "object",
    "required": ["location", "properties"],
    "properties": {
        "location": _TEXT,
        "tags": _TAGS,
        "sku": _SKU,
        "identity": _IDENTITY,
        "kind": _MAYBE_TEXT,
        "properties": {"type": "object", "properties": _WORKSPACE_PROPERTIES},
    },
}
_EXPRESSION = {"type": "string", "pattern": r"^\[.*\]$"}
_RESOURCE = {
    "type": "object",
    "required": ["type", "name", "apiVersion"],
    "properties": {
        "type": {"type": "string", "pattern": "^[^/]+(/[^/]+)+$"},
        "name": {"type": "string", "minLength": 1},
        "apiVersion": _TEXT,
        "location": _TEXT,
        "tags": {"anyOf": [_TAGS, _EXPRESSION]},
        "dependsOn": {"type": "array", "items": _TEXT},
    },
}

SCHEMAS: dict[str, dict[str, Any]] = {
    "group": {
        "type": "object",
        "required": ["location"],
        "properties": {"location": _TEXT, "tags": _TAGS, "managedBy": _MAYBE_TEXT},
    },
    "deployment": {
        "type": "object",
        "required": ["properties"],
        "properties": {
            "location": _TEXT,
            "tags": _TAGS,
            "properties": {
                "type": "object",
                "required": ["mode"],
                "oneOf": [{"required": ["template"]}, {"required": ["templateLink"]}],
                "properties": {
                    "mode": {"type": "string", "pattern": "^(?i:incremental|complete)$"},
                    "parameters": {"type": "object", "additionalProperties": {"type": "object"}},
                    "template": {
                        "type": "object",
                        "required": ["$schema", "contentVersion", "resources"],
                        "properties": {
                            "contentVersion": {"type": "string", "pattern": r"^\d+(\.\d+){3}$"},
                            "resources": {"type": "array", "items": _RESOURCE},
                        },
                    },
                },
            },
        },
    },
    "workspace": _WORKSPACE,
    "workspace_update": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "tags": _TAGS,
            "sku": _SKU,
            "identity": _IDENTITY,
            "properties": {"type": ["object", "null"], "properties": _WORKSPACE_PROPERTIES},
        },
    },
    "compute": {
        "type": "object",
        "required": ["location", "properties"],
        "properties": {
            "location": _TEXT,
            "tags": _TAGS,
            "identity": _IDENTITY,
            "sku": _SKU,
            "properties": {
                "type": "object",
                "required": ["computeType", "properties"],
                "properties": {
                    "computeType": {"const": "AmlCompute"},
                    "computeLocation": _MAYBE_TEXT,
                    "description": _MAYBE_TEXT,
                    "resourceId": _MAYBE_ID,
                    "disableLocalAuth": {"type": "boolean"},
                    "properties": _AML_COMPUTE,
                },
            },
        },
    },
    "compute_update": {
        "type": "object",
        "properties": {
            "tags": _TAGS,
            "properties": {
                "type": "object",
                "properties": {
                    "properties": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {"scaleSettings": _SCALE},
                    },
                },
            },
        },
    },
}


@functools.cache
def _validator(name: str) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator({**SCHEMAS, **OF_DATA_AND_ASSETS}[name])


def check(name: str, body: Any) -> None:
    """Raises Refused 400 with the path and the reason when the body is not as the schema of that name says."""
    from jsonschema.exceptions import best_match

    wrong = best_match(_validator(name).iter_errors(body))
    if wrong is not None:
        path = wrong.json_path
        raise Refused(
            400,
            "InvalidRequestContent",
            f"The request content was invalid and could not be deserialized: {path}: {wrong.message}",
        )
