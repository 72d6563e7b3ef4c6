"""What is in a workspace without specrun: clusters and datastores as a portal or another program makes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.clusters import SUCCEEDED, Cluster
from emulator.compute_forms import read as read_compute
from emulator.datastore_forms import read as read_datastore
from tests.azure_engines.place import Place


def add_cluster(place: Place, name: str, kind: str = "AmlCompute", **more: Any) -> Cluster:
    """A cluster that is ready; `more` are parts of its body: `inner` properties, outer ones, `tags`, `identity`."""
    outer = {"computeType": "AmlCompute", "description": more.get("description")}
    inner = {"vmSize": "STANDARD_NC6S_V3", "scaleSettings": {"maxNodeCount": 4}, **more.get("inner", {})}
    body = {"location": "westeurope", "properties": {**outer, "properties": inner}}
    made = Cluster(name, read_compute(body), dict(more.get("tags") or {}), more.get("identity"))
    made.kind, made.provisioning, made.made = kind, SUCCEEDED, True  # type: ignore[misc]
    (workspace,) = place.emulator.service.workspaces.values()
    workspace.computes[name.lower()] = made
    return made


def add_datastore(
    place: Place, name: str, kind: str = "AzureBlob", credentials: Mapping[str, Any] | None = None, **more: Any
) -> None:
    """A datastore that nobody has looked at."""
    container = {"AzureBlob": "containerName", "AzureFile": "fileShareName", "AzureDataLakeGen2": "filesystem"}[kind]
    said = {"datastoreType": kind, "accountName": "store1", container: "data", "endpoint": "core.windows.net"}
    place.plane.datastores[name] = read_datastore(
        name, {**said, "protocol": "https", "credentials": credentials or {"credentialsType": "None"}, **more}
    )


CREDENTIALS: Mapping[str, tuple[Mapping[str, Any] | None, Mapping[str, str | None]]] = {
    "identity": (None, {}),
    "account key": ({"credentialsType": "AccountKey", "secrets": {"key": "aGlkZGVu"}}, {"account_key": None}),
    "signature": ({"credentialsType": "Sas", "secrets": {"sasToken": "?sv=1&sig=hidden"}}, {"sas_token": None}),
    "principal": (
        {
            "credentialsType": "ServicePrincipal",
            "clientId": "11111111-2222-3333-4444-555555555555",
            "tenantId": "66666666-7777-8888-9999-000000000000",
            "secrets": {"clientSecret": "hidden"},
        },
        {
            "tenant_id": "66666666-7777-8888-9999-000000000000",
            "client_id": "11111111-2222-3333-4444-555555555555",
            "client_secret": None,
        },
    ),
}
"""Credentials as the service is given them, and what is observed of them."""
