"""The workspace, whichever SDK asks for it: looked at, made once whatever is killed or lost, and deleted."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from concurrent.futures import wait
from typing import Any, Protocol

from specrun.engines.azure.connection import Connection
from specrun.engines.azure.coordinates import workspace_path
from specrun.engines.azure.deletion import delete, pace
from specrun.engines.azure.deployments import await_deployments, running_deployments
from specrun.engines.azure.quiet import quiet
from specrun.engines.background import in_background
from specrun.engines.base import Denied, EngineError, Missing, Progress, Quota, Report, Transient
from specrun.plan.changes import Action, ResourceChange
from specrun.plan.kinds.workspace import Workspace
from specrun.plan.makers import NOBODY, Maker
from specrun.plan.observed import Observed, Status
from specrun.spec.frozen import dataclass

APPEARS = 60.0
"""Seconds within which what was made is to be seen, and what was deleted is not, where older copies answer, too."""

NO_GROUP = "ResourceGroupNotFound"
"""The code for a resource group that is not there."""

_ACTIVE = "DeploymentActive"  # what was asked for a second time, since its first answer was lost


class WorkspaceCalls(Protocol):
    """What an SDK does for its workspace. Everything may raise EngineError.

    `maker` is who a workspace's tags name, `storage_account` an ARM id, `in_subscription` has name and group
    of each workspace. `make_group` makes the resource group where the SDK does not, and says whether it is new.
    `deploy` waits until the workspace is made; every `look` seconds we look what it does. `explain` gives the error of
    a deployment that failed, with what it has left; `check_whole` looks at a workspace that came about although
    the SDK had raised the error.
    """

    @property
    def look(self) -> float: ...
    def maker(self, workspace: Any) -> Maker: ...
    def storage_account(self, workspace: Any) -> str: ...
    def in_subscription(self) -> Iterable[tuple[str, str]]: ...
    def make_group(self, location: object) -> bool: ...
    def deploy(self, workspace: Workspace) -> None: ...
    def explain(self, workspace: Workspace, error: EngineError) -> EngineError: ...
    def check_whole(self, error: EngineError) -> None: ...


@dataclass(frozen=True, slots=True)
class Workspaces:
    """One workspace.

    Making it is a deployment that goes on by itself for minutes; the SDK that began it may lose sight of it, or hang.
    """

    connection: Connection[Any]
    calls: WorkspaceCalls

    def observe(self, workspace: Workspace) -> Observed:
        """The workspace as it is.

        Raises Missing when one that the spec only names is in another resource group, and when there is no such group.
        """
        try:
            found = self.connection.refresh()
        except Missing as error:
            if not workspace.managed:
                self._look_elsewhere()
                if NO_GROUP in str(error):
                    raise
            return Observed(Status.MISSING, reason=str(error))
        properties: dict[str, object] = {
            "name": found.name,
            "resource_group": found.resource_group,
            "subscription_id": self.connection.coordinates.subscription_id,
            "location": str(found.location).replace(" ", "").lower(),
        }
        if asked := str(workspace.properties.get("storage_account") or ""):
            account = self.calls.storage_account(found)
            properties["storage_account"] = asked if account.strip("/").lower() == asked.strip("/").lower() else account
        # Whose it is counts where it may be deleted; one of the SDKs has to ask for it.
        maker = self.calls.maker(found) if workspace.managed else NOBODY
        return Observed(Status.READY, properties, maker=maker)

    def begin(self, change: ResourceChange, workspace: Workspace, report: Report) -> None:
        """Make or delete the workspace, and return once that is seen."""
        if change.action is Action.DELETE:
            self._delete(report)
            return
        lacks_group = NO_GROUP in change.before.reason
        is_new = lacks_group and self.calls.make_group(workspace.properties.get("location"))
        # Somebody may be making it: another apply, one that was killed, or the try before this one.
        if is_new or not self._await_deployments(report) or not self._is_there():
            self._deploy(workspace, report)

    def _deploy(self, workspace: Workspace, report: Report) -> None:
        at = self.connection.coordinates
        made = in_background(lambda: self._quietly_deploy(workspace))
        while not wait([made], self.calls.look).done:
            # The SDK gives no sign of life.
            with contextlib.suppress(EngineError):
                names = running_deployments(self.connection.credential, at.subscription_id, at.resource_group)
                if names:
                    report(Progress(text=f"deployment {names[0]} is under way"))
        try:
            made.result()
        except Missing:
            # The SDK ends with a look, and who answers may not have heard of it yet.
            if not self._appears(report):
                raise
        except EngineError as error:
            self._await_lost(workspace, error, report)
        else:
            if not self._appears(report):
                name = at.workspace_name
                raise EngineError(f"the workspace {name} was made and is not seen: plan again in some minutes")

    def _quietly_deploy(self, workspace: Workspace) -> None:
        with quiet():
            self.calls.deploy(workspace)

    def _await_lost(self, workspace: Workspace, error: EngineError, report: Report) -> None:
        """Return when the workspace comes about all the same; raise the error, Transient if trying again may help."""
        try:
            waited = self._await_deployments(report)
        except Transient as busy:
            raise Transient(str(error), busy.after) from error
        if not self._is_there():
            lost = (waited or _ACTIVE in str(error)) and not isinstance(error, (Denied, Quota))
            raise Transient(str(error)) if lost else self.calls.explain(workspace, error)
        self.calls.check_whole(error)

    def _await_deployments(self, report: Report) -> int:
        at = self.connection.coordinates
        return await_deployments(self.connection.credential, at.subscription_id, at.resource_group, report)

    def _appears(self, report: Report) -> bool:
        """Look until it is there, for `APPEARS` seconds at most; whether it is."""
        deadline = time.monotonic() + APPEARS
        while not self._is_there():
            if time.monotonic() > deadline:
                return False
            report(Progress(text="waiting until it is seen"))
            time.sleep(1.0)
        return True

    def _delete(self, report: Report) -> None:
        """Return once it is not seen any more. What it stands on stays: its storage holds data, and may be the user's.

        It is not purged: Azure keeps it for some days, in which it can be restored and its name is taken.
        """
        at = self.connection.coordinates
        arm, what = self.connection.arm, f"delete the workspace {at.workspace_name}"
        delete(arm, workspace_path(at), {}, what, report)
        begun = time.monotonic()
        while self._is_there():
            if time.monotonic() - begun > APPEARS:
                name = at.workspace_name
                raise EngineError(f"the workspace {name} was deleted and is still seen: plan again in some minutes")
            report(Progress(text="waiting until it is gone"))
            time.sleep(pace(begun))

    def _is_there(self) -> bool:
        self.connection.forget()
        try:
            self.connection.workspace()
        except Missing:
            return False
        return True

    def _look_elsewhere(self) -> None:
        """Say so where the subscription has a workspace of this name in another resource group. Raises Missing."""
        at = self.connection.coordinates
        name = at.workspace_name
        groups = [group for one, group in self.calls.in_subscription() if one.lower() == name.lower()]
        if groups:
            raise Missing(
                f"cannot find the workspace {name} in the resource group {at.resource_group}: it is in "
                f"{', '.join(groups)}. Correct `resource_group`"
            )
