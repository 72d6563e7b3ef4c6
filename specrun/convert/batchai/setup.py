"""A cluster's setup task: Azure ML's clusters have none, so each job does it."""

from __future__ import annotations

import re

from specrun.convert.batchai.custom import unwrapped
from specrun.convert.batchai.environment import variables
from specrun.convert.batchai.rewriting import Rewriter
from specrun.convert.batchai.secrets import hide
from specrun.convert.batchai.section import LooseSection
from specrun.convert.document import Document

_OF_THE_HOST = re.compile(
    r"\b(sudo|mount|docker|systemctl|service|modprobe|sysctl|reboot|useradd|usermod|nvidia-(smi\s+-|docker)|waagent|fdisk"
    r"|mkfs|insmod|ufw|iptables)\b"
)


def setup_task(cluster: LooseSection, rewriter: Rewriter, draft: Document) -> tuple[list[str], list[tuple[str, str]]]:
    """The lines to run before a job's program, and variables to export."""
    task = cluster.section("nodeSetup").section("setupTask")
    text = task.text("commandLine")
    task.drop("what a run prints goes to its logs", "stdOutErrPathPrefix")
    if text is None:
        return [], []
    if _OF_THE_HOST.search(text.value):
        what = "it set up the node itself, outside of any container: put what the job needs into its image"
        cluster.ledger.ask(task.path, "job.environment", what, "--image IMAGE")
        draft.comment(("job", "environment"), "the cluster had a setup task, too, which was for the nodes themselves")
        return [], []
    exports = variables(task.items("environmentVariables"), rewriter, draft)
    exports += variables(task.items("secrets"), rewriter, draft, secret=True)
    hidden = hide(unwrapped(text.value))
    rewriter.secrets.update(hidden.variables)
    line = rewriter.text(hidden.text, text.path)
    cluster.ledger.rewrite(text.path, "job.command", "each run does it before it starts; better: an image that has it")
    return [line], exports


def tell_setup_task(cluster: LooseSection, *, alone: bool) -> None:
    """The report's entry for the setup task of a cluster that is a spec of its own; `alone`: without its jobs."""
    path = cluster.section("nodeSetup").at("setupTask")
    if path is None:
        return
    if alone:
        what = "a cluster of Azure ML has no setup task: import the jobs with this file, and each does it"
        cluster.ledger.ask(path, "job.command", what, "--cluster CLUSTER.json")
    else:
        cluster.ledger.rewrite(path, "job.command", "a cluster of Azure ML has no setup task: each job does it")
