"""SDK v2 as its documentation shows it: an MLClient of one's own on the place's workspace, for comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.azureml_v2.place import Place

DIGITS = "azureml://datastores/workspaceblobstore/paths/sets/digits"


def open_client(place: Place) -> Any:
    """A client that looks at long operations once a second."""
    from azure.ai.ml import MLClient
    from azure.identity import ClientSecretCredential

    service = place.emulator.service
    owner = service.owner
    credential = ClientSecretCredential(service.tenant.id, owner.client_id, str(owner.secret))
    return MLClient(credential, service.subscription, "ml-rg", "ml-ws", polling_interval=1, show_progress=False)


def job(name: str, code: Path) -> Any:
    """A command job with this code, otherwise as the test's own spec has it."""
    from azure.ai.ml import Input, Output, command
    from azure.ai.ml.entities import Environment

    return command(
        name=name,
        code=str(code),
        command="python train.py ${{inputs.digits}} ${{outputs.model}}",
        compute="cpu-cluster",
        experiment_name="digits",
        environment=Environment(image="python:3.11"),
        inputs={"digits": Input(type="uri_folder", path=DIGITS)},
        outputs={"model": Output(type="uri_folder")},
    )


def list_default(client: Any, prefix: str) -> list[str]:
    """What lies below a prefix of the default datastore."""
    from azure.storage.blob import ContainerClient

    store = client.datastores.get_default(include_secrets=True)
    key = store.credentials.sas_token
    url = f"https://{store.account_name}.blob.core.windows.net"
    return list(ContainerClient(url, store.container_name, credential=key).list_blob_names(name_starts_with=prefix))


def scale(client: Any, cluster: str, most: int) -> None:
    """Change how large a cluster may be. `begin_update` would lose its network and location."""
    read = client.compute.get(cluster)
    read.max_instances, read.network_settings = most, None
    client.compute.begin_create_or_update(read).result()
