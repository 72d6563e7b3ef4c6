"""The data planes of one emulated Azure: made when first asked for, and what they need of the rest."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.azurite.server import ACCOUNTS, POOL
from emulator.datastores import furnish
from emulator.identities import Principal
from emulator.keyless import takes_keys
from emulator.planes import Account, Cluster
from emulator.runs_state import Place, Plane, Run
from emulator.training import Training

if TYPE_CHECKING:
    from emulator.state import Service

STORAGE = "microsoft.storage/storageaccounts"


class DataPlanes:
    """By workspace: its datastores, experiments and runs. `training` executes the runs."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._planes: dict[str, Plane] = {}
        self._tokens: dict[tuple[str, str], Principal] = {}
        self.training = Training()

    @property
    def folder(self) -> Path:
        """Where runs are executed."""
        return self._service.home / "training"

    def plane(self, subscription: str, group: str, workspace: str) -> Plane:
        """The data plane of a workspace. Raises Refused when there is none."""
        found = self._service.workspace(subscription, group, workspace)
        with self._lock:
            if found.guid not in self._planes:
                place = Place(
                    found.subscription, found.group, found.name, found.guid, found.region, self._service.tenant.id
                )
                plane = Plane(place, self._service.stores.blobs(found.storage_account), self)
                furnish(plane, by_identity=found.properties.get("systemDatastoresAuthMode") == "identity")
                self._planes[found.guid] = plane
            return self._planes[found.guid]

    def runs_of(self, workspace: str) -> Mapping[str, Run]:
        """The runs of a workspace, by its id; none when it is not there."""
        found = self._planes.get(workspace)
        return found.runs if found else {}

    def account(self, name: str) -> Account | None:
        """The storage account of that name, be it one of this subscription or one that somebody else has."""
        stores = self._service.stores
        own = {one.name: one for one in self._service.resources.values() if one.kind.lower() == STORAGE}
        known = next((one for one in own.values() if name in (one.name, stores.backing(one.name))), None)
        if known is not None:
            return Account(stores.blobs(known.name), keyless=not takes_keys(self._service, known.name))
        if name not in ACCOUNTS or name in POOL:
            return None
        return Account(stores.blobs(name), keyless=not takes_keys(self._service, name))

    def cluster(self, plane: Plane, name: str) -> Cluster | None:
        """A compute of a plane's workspace; None also when the workspace is gone."""
        place = plane.place
        workspaces = [one for one in self._service.workspaces.values() if one.guid == place.id]
        return workspaces[0].cluster(name) if workspaces else None

    def variables(self) -> Mapping[str, str]:
        """What a run's processes need to reach the emulator."""
        return self._service.variables

    def start(self, plane: Plane, run: Run) -> None:
        """Execute a run."""
        self.training.start(plane, run)

    def run_token(self, plane: Plane, run: Run) -> tuple[str, float]:
        """A token that opens the run's workspace and nothing else."""
        with self._lock:
            key = (plane.place.id, run.id)
            if key not in self._tokens:
                self._tokens[key] = Principal(f"run {run.id}")
                self._service.roles.assign(self._tokens[key], "*", plane.place.path)
        directory = self._service.directory
        token, lifetime = directory.issue(self._service.tenant.id, self._tokens[key], "https://ml.azure.com")
        return token, directory.now() + lifetime

    def close(self) -> None:
        """End all runs."""
        self.training.close()


def data_of(service: Service) -> DataPlanes:
    """A service's data planes."""
    with service.lock:
        if service.data is None:
            service.data = DataPlanes(service)
        return service.data
