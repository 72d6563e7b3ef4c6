"""The place of SDK v1's engine, and the routes that only its SDK asks."""

from __future__ import annotations

from tests.azure_engines.place import (
    ARM,
    DEPLOY,
    GET_WORKSPACE,
    LIST_BLOBS,
    PROVIDER,
    WORKSPACE,
    Place,
    resource,
    settled,
)

__all__ = ["DEPLOY", "GET_WORKSPACE", "LIST_BLOBS", "WORKSPACE", "Place", "resource", "settled"]

SUBSCRIPTIONS = "GET management.azure.com /subscriptions"
GET_CLUSTER = f"GET api.azureml.ms /rp/workspaces/subscriptions/{{sub}}{PROVIDER}/computes/{{compute}}"
PUT_CLUSTER, PATCH_CLUSTER, DELETE_CLUSTER = (
    f"{method} {ARM}{PROVIDER}/computes/{{compute}}" for method in ("PUT", "PATCH", "DELETE")
)
