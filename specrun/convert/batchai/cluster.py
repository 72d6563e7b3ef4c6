"""A cluster in the CLI v2's words, and its setup task: Azure ML's clusters have none, so each job does it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from specrun.convert import coerce
from specrun.convert.batchai.rewriting import IN_COMMAND, Rewriter
from specrun.convert.batchai.texts import unwrapped
from specrun.convert.naming import VM_SIZE
from specrun.convert.section import Fields, Section
from specrun.convert.unknown import Missing, Unknown, is_open
from specrun.spec.frozen import dataclass

_ANSWERED = """
id type tags apiVersion resourceGroup toolType creationTime provisioningState provisioningStateTransitionTime errors
allocationState allocationStateTransitionTime currentNodeCount nodeStateCounts
executionInfo executionState executionStateTransitionTime jobOutputDirectoryPathSegment
"""
OF_SERVICE = dict.fromkeys(_ANSWERED.split(), "what the service answered")
"""Fields of a job or cluster that is there."""

DROPPED = {
    "location": "a cluster stands in its workspace's region",
    "virtualMachineConfiguration": "the nodes' system is Azure ML's own; the job's software is its environment",
    **OF_SERVICE,
}
_OF_THE_HOST = re.compile(
    r"\b(sudo|mount|docker|systemctl|service|modprobe|sysctl|reboot|useradd|usermod|nvidia-(smi\s+-|docker)|waagent|fdisk"
    r"|mkfs|insmod|ufw|iptables)\b"
)


@dataclass(frozen=True, slots=True)
class Setup:
    """What runs before a job's program, and the variables and secrets that it needs."""

    lines: Sequence[str] = ()
    variables: Sequence[Section] = ()
    secrets: Sequence[Section] = ()


def cluster_of(cluster: Section) -> Fields:
    """A cluster's properties in the CLI v2's words, without its name."""
    found = Fields(cluster.path)
    size = cluster.known("vmSize")
    fits = is_open(size) or VM_SIZE.fullmatch(coerce.word(size) or "")
    missing = Missing("write the size of the machines (vmSize), as STANDARD_NC4AS_T4_V3")
    found.put("size", size if fits else missing, *cluster.origins("vmSize"))
    if cluster.get("vmPriority") is not None:
        found.put("tier", cluster.known("vmPriority"), *cluster.origins("vmPriority"))
    _scale(cluster.inner("scaleSettings"), found)
    comment = "Batch AI had no such time; what the Azure ML CLI takes by default"
    found.put("idle_time_before_scale_down", 120, comment=comment)
    _account(cluster.inner("userAccountSettings"), found)
    bare = isinstance(cluster.get("subnet"), str)
    place, name = (cluster, "subnet") if bare else (cluster.inner("subnet"), "id")
    if place.get(name) is not None:
        found.inner("network_settings").put("subnet", place.known(name), *place.origins(name), comment="subnet.id")
    why = "the workspace has an Application Insights of its own"
    cluster.inner("nodeSetup").drop("performanceCountersSettings", why)
    for key, why in DROPPED.items():
        cluster.drop(key, why)
    return found


def setup_of(cluster: Section, rewriter: Rewriter) -> Setup:
    """A cluster's setup task, as far as a job can do it in its container."""
    task = cluster.inner("nodeSetup").inner("setupTask")
    text = rewriter.texts.of(task, "commandLine", to=IN_COMMAND)
    task.drop("stdOutErrPathPrefix", "what a run prints goes to its logs")
    if not text:
        return Setup()
    if _OF_THE_HOST.search(text):
        what = "it set up the node itself, outside of any container: put what the job needs into its image"
        task.ledger.ask(task.path, "job.environment", what, "--image IMAGE")
        comment = "the cluster had a setup task, too, which was for the nodes themselves"
        rewriter.places.draft.comment(("job", "environment"), comment)
        return Setup()
    line = rewriter.line(task, task.at("commandLine"), unwrapped(text))
    return Setup((line,), task.items("environmentVariables"), task.items("secrets"))


def tell_setup_task(cluster: Section, *, alone: bool) -> None:
    """The report's entry for the setup task of a cluster that is a spec of its own; `alone`: without its jobs."""
    setup = cluster.inner("nodeSetup")
    if setup.get("setupTask") is not None and alone:
        what = "a cluster of Azure ML has no setup task: import the jobs with this file, and each does it"
        setup.ledger.ask(setup.at("setupTask"), IN_COMMAND, what, "--cluster CLUSTER.json")
    else:
        setup.rewrite("setupTask", ("job", "command"), "a cluster of Azure ML has no setup task: each job does it")


def _scale(scale: Section, found: Fields) -> None:
    manual, automatic = scale.inner("manual"), scale.inner("autoScale")
    if automatic.values:
        least, most = (_number(automatic, name) for name in ("minimumNodeCount", "maximumNodeCount"))
        found.put("min_instances", least, *automatic.origins("minimumNodeCount"))
        if isinstance(least, int) and isinstance(most, int) and least > most:
            most = Missing(f"the file's maximum is {most} and its minimum {least}: write the most instances")
        found.put("max_instances", most, *automatic.origins("maximumNodeCount"))
        automatic.drop("initialNodeCount", "the cluster starts with min_instances")
        manual.drop("targetNodeCount", "autoScale stands beside it")
    else:
        number, origins = _number(manual, "targetNodeCount"), manual.origins("targetNodeCount")
        comment = "Batch AI kept as many nodes as were asked for: with 0 an idle cluster costs nothing"
        if not isinstance(number, Missing):
            note = "min_instances and max_instances: a cluster of Azure ML grows and shrinks between them"
            found.put("min_instances", number, *origins, note=note, comment=comment)
        found.put("max_instances", number, *origins)
    manual.drop("nodeDeallocationOption", "Azure ML gives nodes back when no job needs them")


def _number(section: Section, name: str) -> object:
    value = section.known(name)
    number = value if is_open(value) else coerce.whole(value)
    return Missing(f"write a whole number ({name})") if number is None else number


def _account(account: Section, found: Fields) -> None:
    names = {"adminUserName": "admin_username", "adminUserSshPublicKey": "ssh_key_value"}
    for theirs, ours in names.items():
        if account.get(theirs) is not None:
            found.inner("ssh_settings").put(ours, account.known(theirs), *account.origins(theirs))
    if account.get("adminUserPassword") is not None:
        password = Unknown("the password", environment="CLUSTER_PASSWORD")
        found.inner("ssh_settings").put("admin_password", password, *account.origins("adminUserPassword"))
