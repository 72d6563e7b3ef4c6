"""A folder with specs, an emulated Azure, and an engine between them: for the tests of both Azure engines."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest

from emulator import Emulator
from emulator.dataplane import data_of
from emulator.runs_state import Plane
from specrun.engines.base import Engine, Progress, Scope
from specrun.plan.changes import Action, Change
from specrun.plan.diff import diff
from specrun.plan.files import list_data
from specrun.plan.hashes import HashCache
from specrun.plan.observed import Observed
from specrun.plan.resources import Resource, build_graph
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

E = TypeVar("E", bound=Engine)


@dataclass
class Place(Generic[E]):
    """`make` is the engine's class; `reports` is what changes reported; each report goes to `on_report`, too."""

    folder: Path
    emulator: Emulator
    make: Callable[[Path, HashCache, Scope], E]
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

    def engine(self, spec: Spec, make: Callable[[Path, HashCache, Scope], Any] | None = None) -> E:
        """A new engine, which has seen nothing: of the place's own class, or of another."""
        home = self.folder / ".specrun"
        scope = Scope(spec.workspace, spec.folder, {spec.name: spec.experiment})
        return (make or self.make)(home, HashCache(home), scope)

    def change(self, engine: E, action: Action, resource: Resource) -> Observed:
        """Do what a plan would, wait until it has settled, and look."""
        engine.begin(self.planned(engine, action, resource), self._report)
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

    def planned(self, engine: E, action: Action, resource: Resource) -> Change:
        """The change that a plan would have, after a look."""
        before = engine.observe(resource)
        fields = ()
        if resource.kind in engine.capabilities:
            fields = diff(resource.properties, before.properties, engine.capabilities[resource.kind])
        transfer = None
        if resource.kind == "data":
            files = list_data(Path(str(resource.properties["path"])), HashCache(self.folder))
            owner = resource.spec.name if resource.properties["prune"] else ""
            transfer = plan_transfer(files, before.files, owner)
        return Change(resource, action, "", before, fields, transfer)

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
def placed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path, HashCache, Scope], E]
) -> Iterator[Place[E]]:
    """An Azure of its own, and nobody's settings."""
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        monkeypatch.delenv(name)
    home = folder / "home"
    home.mkdir()
    with Emulator(folder / "emulator") as emulator:
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("AZURE_CONFIG_DIR", str(home / "azure"))
        yield Place(folder, emulator, make)


def resource(spec: Spec, key: str) -> Resource:
    """One of the things that a spec asks for."""
    return build_graph([spec]).resources[key]


def settled(engine: Engine, resource: Resource) -> Observed:
    """The resource once it has stopped changing; every look brings it on."""
    for _ in range(100):
        seen = engine.observe(resource)
        if seen.status.settled:
            return seen
    raise AssertionError(f"{resource.key} does not settle: {seen}")
