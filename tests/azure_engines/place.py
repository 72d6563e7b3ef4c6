"""A folder with specs, an emulated Azure, and an engine between them: for the tests of both Azure engines."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pytest

from emulator import Emulator
from emulator.dataplane import data_of
from emulator.runs_state import Plane
from specrun.engines.azure.coordinates import place_of
from specrun.engines.azure.engine import AzureEngine
from specrun.engines.base import Progress, Scope
from specrun.plan import resources
from specrun.plan.changes import Action, Change, ResourceChange
from specrun.plan.diff import diff
from specrun.plan.files import list_data
from specrun.plan.graph import build_graph
from specrun.plan.hashes import HashCache
from specrun.plan.kinds.data import DataTarget, Upload
from specrun.plan.makers import NOBODY
from specrun.plan.observed import Observed
from specrun.plan.resources import Key, Resource
from specrun.plan.transfer import plan_transfer
from specrun.spec.load import load
from specrun.spec.model import Spec

WORKSPACE = """
workspace: {name: ml-ws, resource_group: ml-rg, subscription_id: $SUB, location: West Europe, create: true}
"""
SETTINGS = ("AZUREML_", "AZURE_", "ACTIONS_", "IDENTITY_", "MSI_", "SYSTEM_", "SPECRUN_")
ARM = "management.azure.com /subscriptions/{sub}"
PROVIDER = "/resourcegroups/{group}/providers/Microsoft.MachineLearningServices/workspaces/{name}"
GET_WORKSPACE = f"GET {ARM}{PROVIDER}"
DEPLOY = f"PUT {ARM}/resourcegroups/{{group}}/providers/Microsoft.Resources/deployments/{{name}}"
LIST_BLOBS = "GET blob.core.windows.net /{container}?comp=list&restype=container"

Factory: TypeAlias = Callable[[resources.Place, Path, HashCache, Scope], AzureEngine]


@dataclass
class Place:
    """`make` makes the engine; `reports` is what changes reported; each report goes to `on_report`, too."""

    folder: Path
    emulator: Emulator
    make: Factory
    reports: list[Progress] = field(default_factory=list)
    on_report: Callable[[Progress], object] = lambda progress: None

    @property
    def plane(self) -> Plane:
        """The workspace as the emulator keeps it."""
        service = self.emulator.service
        return data_of(service).plane(service.subscription, "ml-rg", "ml-ws")

    def spec(self, text: str, workspace: str = WORKSPACE) -> Spec:
        """A spec called `job` with this text below its workspace."""
        file = self.folder / "job.yaml"
        space = workspace.replace("$SUB", self.emulator.service.subscription)
        file.write_text(f"apiVersion: specrun/v1\nname: job\n{textwrap.dedent(space)}\n{textwrap.dedent(text)}")
        loaded = load([str(file)])
        assert loaded.specs, loaded.diagnostics
        return loaded.specs[0]

    def engine(self, spec: Spec, make: Factory | None = None) -> AzureEngine:
        """A new engine, which has seen nothing: the place's own, or another."""
        home = self.folder / ".specrun"
        scope = Scope(spec.workspace, {spec.name: spec.experiment})
        return (make or self.make)(place_of("azureml", spec.workspace), home, HashCache(home), scope)

    def change(self, engine: AzureEngine, action: Action, resource: Resource) -> Observed:
        """Do what a plan would, wait until it has settled, and look."""
        engine.resources.begin(self.planned(engine, action, resource), self._report)
        return settled(engine, resource)

    def _report(self, progress: Progress) -> None:
        self.reports.append(progress)
        self.on_report(progress)

    def deploy_until_told(self, words: str) -> None:
        """Deployments go on from now on until something with these words is reported, however long that takes."""
        service = self.emulator.service
        service.creating_reads = sys.maxsize

        def end(progress: Progress) -> None:
            for deployment in service.deployments.values() if words in progress.text else ():
                deployment.progress.finish()

        self.on_report = end

    def planned(self, engine: AzureEngine, action: Action, resource: Resource) -> Change:
        """The change that a plan would have, after a look."""
        before = engine.resources.observe(resource)
        if isinstance(resource, DataTarget) and action is not Action.DELETE:
            files = list_data(Path(str(resource.wanted["path"])), HashCache(self.folder))
            transfer = plan_transfer(files, before.files, resource.maker if resource.prune else NOBODY)
            return Upload(resource, action, "", before, transfer)
        capability = engine.facts.capabilities.get(resource.kind)
        fields = diff(resource.wanted, before.properties, capability) if capability is not None else ()
        return ResourceChange(resource, action, "", before, fields)

    def routes(self, work: Callable[[], object]) -> list[str]:
        """The routes that something asks, without those that sign in."""
        before = len(self.emulator.requests)
        work()
        return [
            one.route for one in self.emulator.requests[before:] if not one.host.endswith("login.microsoftonline.com")
        ]

    def make_workspace(self, name: str = "ml-ws", group: str = "ml-rg", location: str = "westeurope") -> str:
        """A workspace, made without asking anybody; the account that its storage stands for."""
        service = self.emulator.service
        service.put_group(group, location, {})
        parts = {
            "storageAccount": ("Microsoft.Storage/storageAccounts", "mlwsstore"),
            "keyVault": ("Microsoft.KeyVault/vaults", "mlwsvault"),
            "applicationInsights": ("microsoft.insights/components", "mlwsinsights"),
        }
        ids = {field: service.add_resource(kind, one, group, location).id for field, (kind, one) in parts.items()}
        service.put_workspace(group, name, {"location": location, "properties": ids, "tags": {"by": "hand"}})
        return service.stores.backing("mlwsstore")

    def made(self) -> list[str]:
        """What there is of a workspace's dependent resources."""
        kinds = ("microsoft.storage/storageaccounts", "microsoft.keyvault/vaults", "microsoft.insights/components")
        return sorted(one.kind.lower() for one in self.emulator.service.resources.values() if one.kind.lower() in kinds)


@contextmanager
def placed(folder: Path, monkeypatch: pytest.MonkeyPatch, make: Factory) -> Iterator[Place]:
    """An Azure of its own, and nobody's settings."""
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        monkeypatch.delenv(name)
    home = folder / "home"
    home.mkdir()
    with Emulator(folder / "emulator") as emulator:
        emulator.service.retry_after = 0  # SDKs that are told nothing look every 30 s
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("AZURE_CONFIG_DIR", str(home / "azure"))
        yield Place(folder, emulator, make)


def resource(spec: Spec, address: str) -> Resource:
    """One of the things that a spec asks for."""
    place = place_of("azureml", spec.workspace)
    return build_graph([spec], lambda _: place, HashCache(spec.file.parent)).resources[Key(place, address)]


def settled(engine: AzureEngine, resource: Resource) -> Observed:
    """The resource once it has stopped changing; every look brings it on."""
    for _ in range(100):
        seen = engine.resources.observe(resource)
        if seen.status.settled:
            return seen
    raise AssertionError(f"{resource.address} does not settle: {seen}")
