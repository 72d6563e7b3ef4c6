"""The unmodified SDK in this process, sent to an emulator, with a workspace and a cluster that are there already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.clusters import Cluster, Settings
from emulator.dataplane import data_of
from emulator.emulator import Emulator
from emulator.runs_state import Plane

GROUP, NAME, REGION, COMPUTE = "ml-rg", "ml-ws", "westeurope", "cpu-cluster"
PARTS = {
    "storageAccount": "Microsoft.Storage/storageAccounts",
    "keyVault": "Microsoft.KeyVault/vaults",
    "applicationInsights": "Microsoft.Insights/components",
}


class Sdk:
    """`workspace` is the SDK's, `plane` the emulator's own view of it."""

    def __init__(self, emulator: Emulator, workspace: Any, plane: Plane) -> None:
        self.emulator = emulator
        self.workspace = workspace
        self.plane = plane

    @property
    def training(self) -> Any:
        return data_of(self.emulator.service).training

    def cluster(self, name: str = COMPUTE, max_nodes: int = 3) -> Cluster:
        """A cluster that is there."""
        cluster = Cluster(name, Settings("STANDARD_D2_V2", max_nodes, location=REGION), {}, None)
        cluster.provisioning = "Succeeded"
        place = self.plane.place
        self.emulator.service.workspace(place.subscription, place.group, place.name).computes[name] = cluster
        return cluster

    def cluster_of(self, name: str = COMPUTE) -> Cluster:
        """A cluster as the emulator sees it."""
        place = self.plane.place
        return self.emulator.service.workspace(place.subscription, place.group, place.name).computes[name]

    def experiment(self, name: str = "digits") -> Any:
        from azureml.core import Experiment

        return Experiment(self.workspace, name)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home of its own: the SDK caches there, some of it under the home that it found when it was imported."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        patch.setenv("AZURE_CONFIG_DIR", str(folder / "azure"))
        yield folder


@pytest.fixture(scope="module")
def sdk(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sdk]:
    with Emulator(tmp_path_factory.mktemp("emulator")) as emulator, pytest.MonkeyPatch.context() as patch:
        emulator.service.retry_after = 0  # SDKs that are told nothing look every 30 s
        for name, value in emulator.environment.items():
            patch.setenv(name, value)
        emulator.service.retry_after = 0  # or else the SDKs wait for half a minute between two looks
        patch.chdir(home)  # SDK v1 keeps the log of a run of this process where it works
        plane = make_workspace(emulator)
        yield Sdk(emulator, open_workspace(emulator), plane)


def make_workspace(emulator: Emulator, name: str = NAME, *, by_identity: bool = False, **storage: Any) -> Plane:
    """A workspace with its parts; `storage` are properties of its storage account, and `by_identity` its datastores
    have no keys.
    """
    service = emulator.service
    service.put_group(GROUP, REGION, {})
    account = name.replace("-", "") + "storage"
    properties = {
        field: service.add_resource(kind, account, GROUP, REGION, {"properties": storage}).id
        for field, kind in PARTS.items()
    }
    if by_identity:
        properties["systemDatastoresAuthMode"] = "identity"
    service.put_workspace(GROUP, name, {"location": REGION, "properties": properties})
    return data_of(service).plane(service.subscription, GROUP, name)


def open_workspace(emulator: Emulator, name: str = NAME) -> Any:
    """The SDK's workspace."""
    from azureml.core import Workspace
    from azureml.core.authentication import TokenAuthentication

    service = emulator.service
    auth = TokenAuthentication(lambda audience: service.directory.issue(service.tenant.id, service.owner, audience)[0])
    return Workspace(service.subscription, GROUP, name, auth=auth)
