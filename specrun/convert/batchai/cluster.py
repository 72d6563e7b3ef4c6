"""The cluster: `compute`, and what its nodes did before a job."""

from __future__ import annotations

from specrun.convert import coerce
from specrun.convert.batchai.section import LooseSection, Text
from specrun.convert.document import TODO, Document
from specrun.convert.locations import base_name
from specrun.convert.naming import VM_SIZE

_SSH = ("compute", "ssh_settings")
_ANSWERED = (
    "id",
    "type",
    "tags",
    "apiVersion",
    "resourceGroup",
    "allocationState",
    "allocationStateTransitionTime",
    "creationTime",
    "currentNodeCount",
    "nodeStateCounts",
    "provisioningState",
    "provisioningStateTransitionTime",
    "errors",
)


def compute(cluster: LooseSection, draft: Document, name: str) -> None:
    """The `compute` section, of a cluster's properties."""
    draft.set(("compute", "name"), name)
    draft.comment(("compute",), f"from {base_name(cluster.ledger.file)}")
    size = cluster.text("vmSize")
    if size and VM_SIZE.fullmatch(size.value):
        draft.set(("compute", "size"), size.value)
        cluster.ledger.carry(size.path, "compute.size")
    else:
        draft.set(("compute", "size"), TODO)
        path = size.path if size else ()
        cluster.ledger.ask(path, "compute.size", "write the size of the machines (vmSize), as STANDARD_NC4AS_T4_V3")
    _tier(cluster, draft)
    _scale(cluster.section("scaleSettings"), draft)
    comment = "Batch AI had no such time; what the Azure ML CLI takes by default"
    draft.set(("compute", "idle_time_before_scale_down"), 120, comment)
    _account(cluster.section("userAccountSettings"), draft)
    subnet = cluster.section("subnet").text("id") or _bare(cluster, "subnet")
    if subnet:
        draft.set(("compute", "network_settings", "subnet"), subnet.value, "subnet.id")
        cluster.ledger.carry(subnet.path, "compute.network_settings.subnet")
    region = cluster.text("location")
    if region:
        cluster.ledger.drop(region.path, "a cluster stands in its workspace's region")
    cluster.drop(
        "the nodes' system is Azure ML's own; the job's software is its environment", "virtualMachineConfiguration"
    )
    cluster.section("nodeSetup").drop(
        "the workspace has an Application Insights of its own", "performanceCountersSettings"
    )
    cluster.drop("what the service answered", *_ANSWERED)


def _tier(cluster: LooseSection, draft: Document) -> None:
    priority = cluster.text("vmPriority")
    if priority is None:
        return
    tier = coerce.tier(priority.value)
    draft.set(("compute", "tier"), tier or TODO)
    if tier is None:
        cluster.ledger.ask(priority.path, "compute.tier", "dedicated or low_priority")
    elif tier == priority.value:
        cluster.ledger.carry(priority.path, "compute.tier")
    else:
        cluster.ledger.rewrite(priority.path, "compute.tier", f"`{tier}`")


def _scale(scale: LooseSection, draft: Document) -> None:
    manual, automatic = scale.section("manual"), scale.section("autoScale")
    if automatic.values:
        least = _number(automatic, "minimumNodeCount", "min_instances", draft)
        most = _number(automatic, "maximumNodeCount", "max_instances", draft)
        automatic.drop("the cluster starts with min_instances", "initialNodeCount")
        manual.drop("autoScale stands beside it", "targetNodeCount")
        if isinstance(least, int) and isinstance(most, int) and least > most:
            draft.set(("compute", "max_instances"), TODO)
            what = f"the file's maximum is {most} and its minimum {least}: write the most instances"
            scale.ledger.ask(automatic.at("maximumNodeCount") or automatic.path, "compute.max_instances", what)
    else:
        most = _number(manual, "targetNodeCount", "max_instances", draft)
        comment = "Batch AI kept as many nodes as were asked for: with 0 an idle cluster costs nothing"
        draft.set(("compute", "min_instances"), most, comment)
        target = manual.at("targetNodeCount")
        if target is not None and most != TODO:
            note = "min_instances and max_instances: a cluster of Azure ML grows and shrinks between them"
            scale.ledger.rewrite(target, "compute.min_instances", note)
    manual.drop("Azure ML gives nodes back when no job needs them", "nodeDeallocationOption")


def _number(section: LooseSection, name: str, key: str, draft: Document) -> int | str:
    found = section.whole(name)
    to = f"compute.{key}"
    if found is not None and found.value is not None and found.value >= 0:
        draft.set(("compute", key), found.value)
        section.ledger.carry(found.path, to)
        return found.value
    draft.set(("compute", key), TODO)
    section.ledger.ask(found.path if found else (), to, f"write a whole number ({name})")
    return TODO


def _account(account: LooseSection, draft: Document) -> None:
    user, key = account.text("adminUserName"), account.text("adminUserSshPublicKey")
    password = account.text("adminUserPassword")
    if user is None and key is None and password is None:
        return
    draft.set((*_SSH, "admin_username"), user.value if user else TODO)
    if user:
        account.ledger.carry(user.path, "compute.ssh_settings.admin_username")
    else:
        account.ledger.ask(account.path, "compute.ssh_settings.admin_username", "write the administrator's name")
    if key:
        draft.set((*_SSH, "ssh_key_value"), key.value)
        account.ledger.carry(key.path, "compute.ssh_settings.ssh_key_value")
    if password:
        draft.set((*_SSH, "admin_password"), "${{ secrets.CLUSTER_PASSWORD }}")
        note = "a secret is not copied: set the environment variable CLUSTER_PASSWORD"
        account.ledger.rewrite(password.path, "compute.ssh_settings.admin_password", note)


def _bare(section: LooseSection, name: str) -> Text | None:
    return section.text(name) if isinstance(section.value(name), str) else None
