"""A folder with specs, an emulated Azure, and the engine between them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from specrun.engines.azureml_v1.engine import AzureMLv1Engine
from specrun.engines.base import Progress, Scope
from specrun.plan.changes import Action, Change
from specrun.plan.diff import diff
from specrun.plan.files import list_data
from specrun.plan.hashes import HashCache
from specrun.plan.observed import Observed
from specrun.plan.resources import Resource, build_graph
from specrun.plan.transfer import plan_transfer
from specrun.spec.load import load
from specrun.spec.model import Spec
from tests.emulator import Emulator

WORKSPACE = """
workspace: {name: ml-ws, resource_group: ml-rg, subscription_id: $SUB, location: West Europe, create: true}
"""
ARM = "management.azure.com /subscriptions/{sub}"
PROVIDER = "/resourcegroups/{group}/providers/Microsoft.MachineLearningServices/workspaces/{name}"
GET_WORKSPACE = f"GET {ARM}{PROVIDER}"
DEPLOY = f"PUT {ARM}/resourcegroups/{{group}}/providers/Microsoft.Resources/deployments/{{name}}"
SUBSCRIPTIONS = "GET management.azure.com /subscriptions"
GET_CLUSTER = f"GET api.azureml.ms /rp/workspaces/subscriptions/{{sub}}{PROVIDER}/computes/{{compute}}"
PUT_CLUSTER, PATCH_CLUSTER, DELETE_CLUSTER = (
    f"{method} {ARM}{PROVIDER}/computes/{{compute}}" for method in ("PUT", "PATCH", "DELETE")
)
LIST_BLOBS = "GET blob.core.windows.net /{container}?comp=list&restype=container"


@dataclass
class Place:
    """`reports` is all that was reported while changes were made."""

    folder: Path
    emulator: Emulator
    reports: list[Progress] = field(default_factory=list)

    def spec(self, text: str, workspace: str = WORKSPACE) -> Spec:
        """A spec called `job` with this text below its workspace."""
        file = self.folder / "job.yaml"
        space = workspace.replace("$SUB", self.emulator.service.subscription)
        file.write_text(f"apiVersion: specrun/v1\nname: job\n{textwrap.dedent(space)}\n{textwrap.dedent(text)}")
        loaded = load([str(file)])
        assert loaded.specs, loaded.diagnostics
        return loaded.specs[0]

    def engine(self, spec: Spec) -> AzureMLv1Engine:
        """A new engine: it has seen nothing."""
        home = self.folder / ".specrun"
        return AzureMLv1Engine(home, HashCache(home), Scope(spec.workspace, spec.folder, {spec.name: spec.experiment}))

    def change(self, engine: AzureMLv1Engine, action: Action, resource: Resource) -> Observed:
        """Do what a plan would, wait until it has settled, and look."""
        before = engine.observe(resource)
        fields = ()
        if resource.kind in engine.capabilities:
            fields = diff(resource.properties, before.properties, engine.capabilities[resource.kind])
        transfer = None
        if resource.kind == "data":
            files = list_data(Path(str(resource.properties["path"])), HashCache(self.folder))
            owner = resource.spec.name if resource.properties["prune"] else ""
            transfer = plan_transfer(files, before.files, owner)
        engine.begin(Change(resource, action, "", before, fields, transfer), self.reports.append)
        return settled(engine, resource)

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


def resource(spec: Spec, key: str) -> Resource:
    """One of the things that a spec asks for."""
    return build_graph([spec]).resources[key]


def settled(engine: AzureMLv1Engine, resource: Resource) -> Observed:
    """The resource once it has stopped changing; every look brings it on."""
    for _ in range(100):
        seen = engine.observe(resource)
        if seen.status.settled:
            return seen
    raise AssertionError(f"{resource.key} does not settle: {seen}")
