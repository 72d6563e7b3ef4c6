"""What the emulated service holds. No HTTP: routes translate, tests look at it and change it behind a client's back."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.clusters import Cluster
from emulator.contract import check
from emulator.expressions import Scope
from emulator.identities import Directory, Principal, Roles, Tenant
from emulator.progress import Progress
from emulator.regions import LOCATIONS, Quota, region
from emulator.resources import FAILED, RUNNING, SUCCEEDED, Deployment, Group, Resource, taken
from emulator.router import Failure, Refused
from emulator.spaces import KIND, Workspace, of_template
from emulator.stores import Stores
from emulator.templates import Wanted, read

if TYPE_CHECKING:
    from emulator.dataplane import DataPlanes

GROUPS = "microsoft.resources/resourcegroups"


class Service:
    """One Azure with one tenant, one subscription and one service principal that owns it; `home`: a folder of its own.

    `creating_reads`: so many times a new thing is seen in the making before it is there. `retry_after`: seconds that
    clients of long operations are told to wait between looks (None: they are told nothing, as the service does).
    `keyless`: storage accounts take no keys and nothing that is signed with them. `taken`: patterns such as
    "Microsoft.Storage/storageAccounts/mlws*" of names that somebody else in the world has. `soft_deleted`: names of
    deleted workspaces that still hold their name. `person` signs in by device code; `managed_identity` is the
    machine's, if it has one, on Azure ML behind `msi_secret`; a pipeline gets assertions about `pipeline_subject` for
    `pipeline_token`. `variables` send a process to the emulator; `data` are the workspaces' data planes, once somebody
    used one. Resources are keyed by their id in lower case.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.lock = threading.RLock()
        self.creating_reads = 2
        self.retry_after: int | None = None
        self.keyless = False
        self.subscription = str(uuid.uuid4())
        self.subscription_name = "specrun-tests"
        self.tenant = Tenant(str(uuid.uuid4()))
        self.directory = Directory()
        self.directory.tenants[self.tenant.id] = self.tenant
        self.roles = Roles()
        self.owner = self.add_principal("specrun-tests", secret=f"secret~{uuid.uuid4()}")
        self.roles.assign(self.owner)
        self.person = self.add_principal("somebody@specrun.example")
        self.roles.assign(self.person)
        self.managed_identity: Principal | None = None
        self.msi_secret = str(uuid.uuid4())
        self.pipeline_token = str(uuid.uuid4())
        self.pipeline_subject = "repo:specrun/specrun:ref:refs/heads/main"
        self.quota = Quota()
        self.stores = Stores()
        self.taken: list[str] = []
        self.soft_deleted: set[str] = set()
        self.groups: dict[str, Group] = {}
        self.resources: dict[str, Resource] = {}
        self.workspaces: dict[str, Workspace] = {}
        self.deployments: dict[tuple[str, str], Deployment] = {}
        self.operations: dict[str, Cluster] = {}
        self.deletions: dict[str, Progress] = {}
        self.variables: Mapping[str, str] = {}
        self.data: DataPlanes | None = None

    def close(self) -> None:
        """Ends the runs, and gives the storage back."""
        if self.data:
            self.data.close()
        self.stores.close()

    def add_principal(self, name: str, secret: str | None = None) -> Principal:
        """A new principal of the tenant, with no role."""
        principal = Principal(name, secret=secret)
        self.tenant.principals[principal.client_id] = principal
        return principal

    @property
    def patience(self) -> dict[str, str]:
        """The header of an answer about a long operation that says when to look again."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}

    def group(self, name: str) -> Group:
        """A resource group. Raises Refused when it is not there."""
        found = self.groups.get(name.lower())
        if found is None:
            raise Refused(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")
        return found

    def put_group(self, name: str, location: str, tags: dict[str, str]) -> bool:
        """Makes or changes a resource group; whether it is new. Raises Refused when it is elsewhere."""
        if region(location) not in LOCATIONS:
            raise _no_location(location, "resource group")
        found = self.groups.get(name.lower())
        if found and region(found.location) != region(location):
            raise Refused(
                409,
                "InvalidResourceGroupLocation",
                f"Invalid resource group location '{location}'. The Resource group already exists in location "
                f"'{found.location}'.",
            )
        self.groups[name.lower()] = Group(name, region(location), tags)
        return found is None

    def delete_group(self, name: str) -> None:
        """Removes a resource group with everything in it."""
        del self.groups[self.group(name).name.lower()]
        for things in (self.resources, self.workspaces):
            for key in [key for key, thing in things.items() if thing.group.lower() == name.lower()]:
                del things[key]
        self.deployments = {key: one for key, one in self.deployments.items() if key[0] != name.lower()}

    def in_group(self, name: str) -> list[Resource | Workspace]:
        """Everything in a resource group."""
        things: list[Resource | Workspace] = [*self.resources.values(), *self.workspaces.values()]
        return [thing for thing in things if thing.group.lower() == name.lower()]

    def add_resource(
        self, kind: str, name: str, group: str, location: str, body: dict[str, Any] | None = None
    ) -> Resource:
        """A resource as it stands from now on, such as a storage account that a workspace is to be given."""
        resource_id = f"/subscriptions/{self.subscription}/resourceGroups/{group}/providers/{kind}/{name}"
        asked = body or {}
        resource = Resource(resource_id, kind, name, group, region(location), asked.get("tags") or {}, asked)
        self.resources[resource_id.lower()] = resource
        return resource

    def region_of(self, path: str, host: str) -> str:
        """The region that answers a request: the host names it, or the workspace in the path lies in it."""
        lower = path.lower()
        there = (one.location for key, one in self.workspaces.items() if f"{lower}/".startswith(f"{key}/"))
        return next(there, host.partition(".")[0] if host.endswith("azureml.ms") else "westus")

    def workspace(self, subscription: str, group: str, name: str, *, nested: bool = False) -> Workspace:
        """A workspace. Raises Refused when it is not there; `nested`: what was asked for is something in it."""
        self.look(group)
        found = self.workspaces.get(
            f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{KIND}/{name}".lower()
        )
        if found is None and nested:
            told = "Can not perform requested operation on nested resource. Parent resource "
            raise Refused(404, "ParentResourceNotFound", f"{told}'{name}' not found.")
        if found is None:
            what = f"{KIND}/{name}"
            told = f"The Resource '{what}' under resource group '{group}' was not found. For more details please go to "
            raise Refused(404, "ResourceNotFound", told + "https://aka.ms/ARMResourceNotFoundFix")
        return found

    def look(self, group: str | None) -> None:
        """Somebody looks at a resource group: what is under way in it comes on."""
        with self.lock:
            for deployment in [
                one for one in self.deployments.values() if one.group in (group, None) or _same(one, group)
            ]:
                deployment.progress.look()

    def deploy(
        self, name: str, group: str | None, properties: dict[str, Any], failure: Failure | None = None
    ) -> tuple[Deployment, bool]:
        """Begins a deployment, or one more under its name; whether the name is new. Raises Refused."""
        scope = self.group(group).name if group else None
        where = Scope(self.subscription, self.tenant.id, scope)
        wanted = read(properties["template"], properties.get("parameters") or {}, where)
        self._check(name, wanted)
        key = ((group or "").lower(), name.lower())
        with self.lock:
            before = self.deployments.get(key)
            if before and before.state == RUNNING:
                raise Refused(
                    409,
                    "DeploymentActive",
                    f"Unable to edit or replace deployment '{name}': previous deployment from '{before.started}' is "
                    "still "
                    "active. Please see https://aka.ms/arm-deploy for usage details.",
                )
            deployment = Deployment(name, scope, properties, wanted)
            self.deployments[key] = deployment
            for one in wanted:
                if one.kind.lower() != KIND.lower():
                    self._make(one)
            deployment.progress = Progress(self.creating_reads, lambda: self._finish(deployment, failure))
        return deployment, before is None

    def _check(self, name: str, wanted: list[Wanted]) -> None:
        for one in wanted:
            if one.kind.lower() == KIND.lower():
                check("workspace", of_template(one.body))
            if "location" in one.body and region(one.body["location"]) not in (*LOCATIONS, "global"):
                raise _no_location(one.body["location"], one.kind)
            there = one.id(self.subscription).lower() in self.resources
            if not there and (told := taken(self.taken, one)):
                raise Refused(
                    400,
                    "InvalidTemplateDeployment",
                    f"The template deployment '{name}' is not valid according to the validation procedure. The "
                    "tracking id "
                    f"is '{uuid.uuid4()}'. See inner errors for details.",
                    details=[{"code": told[0], "message": told[1]}],
                )

    def _make(self, wanted: Wanted) -> None:
        location = region(wanted.body.get("location", ""))
        if wanted.kind.lower() == GROUPS:
            self.groups.setdefault(wanted.name.lower(), Group(wanted.name, location))
        else:
            self.add_resource(wanted.kind, wanted.name, wanted.group or "", location, dict(wanted.body))

    def _finish(self, deployment: Deployment, failure: Failure | None) -> None:
        spaces = [one for one in deployment.resources if one.kind.lower() == KIND.lower()]
        try:
            if failure:
                raise Refused(400, failure.code, failure.message)
            for one in spaces:
                self.put_workspace(one.group or "", one.name, of_template(one.body))
        except Refused as refused:
            deployment.state, deployment.failure = FAILED, Failure(refused.code, refused.message)
        else:
            deployment.state = SUCCEEDED

    def put_workspace(self, group: str, name: str, body: dict[str, Any]) -> Workspace:
        """Makes a workspace, or changes what may be changed. Raises Refused."""
        if name.lower() in self.soft_deleted:
            raise Refused(
                400,
                "BadRequest",
                "Soft-deleted workspace exists. Please purge or recover it. https://aka.ms/wsoftdelete",
            )
        properties = {key: value for key, value in (body.get("properties") or {}).items() if value is not None}
        for field in ("storageAccount", "keyVault", "applicationInsights"):
            self._check_part(field, properties.get(field))
        workspace = Workspace(self.subscription, self.group(group).name, name, region(body["location"]), properties)
        before = self.workspaces.get(workspace.id.lower())
        if before is None:
            before = self.workspaces[workspace.id.lower()] = workspace
        elif before.storage_account != workspace.storage_account:
            raise Refused(400, "BadRequest", f"The storage account of the workspace '{name}' cannot be changed.")
        before.properties.update(properties)
        before.tags = dict(body.get("tags") or {})
        before.sku = dict(body.get("sku") or before.sku)
        before.identity = dict(body.get("identity") or before.identity)
        before.kind = str(body.get("kind") or before.kind).capitalize()
        return before

    def _check_part(self, field: str, resource_id: str | None) -> None:
        if not resource_id:
            raise Refused(400, "ValidationError", f"Missing dependent resources in workspace json: {field}.")
        if resource_id.lower() not in self.resources:
            raise Refused(
                400,
                "ValidationError",
                f"The resource '{resource_id}' given as {field} of the workspace was not found. Please make sure "
                "that it "
                "exists and that you have access to it.",
            )


def _same(deployment: Deployment, group: str | None) -> bool:
    return deployment.group is not None and group is not None and deployment.group.lower() == group.lower()


def _no_location(location: str, kind: str) -> Refused:
    known = ",".join(LOCATIONS)
    return Refused(
        400,
        "LocationNotAvailableForResourceType",
        f"The provided location '{location}' is not available for {kind}. List of available regions for the "
        "resource type "
        f"is '{known}'.",
    )
