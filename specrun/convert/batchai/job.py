"""A job's spec: all but what it runs on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from specrun.convert.batchai.custom import unwrapped
from specrun.convert.batchai.directories import inputs, outputs
from specrun.convert.batchai.durations import seconds_of
from specrun.convert.batchai.environment import container, variables
from specrun.convert.batchai.program import Program
from specrun.convert.batchai.rewriting import Rewriter
from specrun.convert.batchai.secrets import hide
from specrun.convert.batchai.section import LooseSection, shortened
from specrun.convert.batchai.toolkits import program_of
from specrun.convert.document import TODO, Document, Value

_INSTALLS_MPI = re.compile(r"install\b[^;&|]{0,1000}\b(mpi-default|openmpi|libopenmpi|mpich|intel-?mpi)")

Exports = list[tuple[str, str]]

_ANSWERED = (
    "id",
    "type",
    "tags",
    "apiVersion",
    "resourceGroup",
    "toolType",
    "creationTime",
    "executionInfo",
    "executionState",
    "executionStateTransitionTime",
    "jobOutputDirectoryPathSegment",
    "provisioningState",
    "provisioningStateTransitionTime",
)


def read_job(
    job: LooseSection, rewriter: Rewriter, draft: Document, image: str | None, name: str
) -> tuple[Program, list[str], Exports]:
    """Everything but directories' sections and the command: the program, lines before it, and variables to export."""
    nodes = job.whole("nodeCount")
    count = nodes.value if nodes and nodes.value and nodes.value > 0 else None
    inputs(job, rewriter)
    outputs(job, rewriter, name)
    program = program_of(job, rewriter, count)
    preparation = _preparation(job, rewriter)
    _mpi_comes_late(job, program, preparation)
    container(job, draft, image)
    exports = [*variables(job.items("environmentVariables"), rewriter, draft), *program.exports]
    exports += variables(job.items("secrets"), rewriter, draft, secret=True)
    for key, value in program.distribution.items():
        draft.set(("job", "distribution", key), value, program.comments.get(key, ""))
    _instances(job, program, count, draft)
    _timeout(job, draft)
    _rest(job)
    return program, preparation, exports


def _preparation(job: LooseSection, rewriter: Rewriter) -> list[str]:
    section = job.section("jobPreparation")
    text = section.text("commandLine")
    if text is None:
        return []
    hidden = hide(unwrapped(text.value))
    rewriter.secrets.update(hidden.variables)
    line = rewriter.text(hidden.text, text.path)
    note = f"before the program, in the same container: `{shortened(line)}`"
    job.ledger.rewrite(text.path, "job.command", note)
    return [line]


def _mpi_comes_late(job: LooseSection, program: Program, preparation: Sequence[str]) -> None:
    """The service starts mpirun, in the image, before anything that the job prepares."""
    if program.runtime == "mpi" and any(_INSTALLS_MPI.search(line) for line in preparation):
        what = "it installs MPI, which the image must have already: the service runs mpirun before it"
        job.ledger.ask(job.section("jobPreparation").path, "job.environment.image", what, "--image IMAGE")


def _instances(job: LooseSection, program: Program, count: int | None, draft: Document) -> None:
    to, path = "job.resources.instance_count", job.at("nodeCount")
    value: Value = program.instances if program.instances is not None else count
    if value is None or value == TODO:
        what = program.instances_comment or "write how many instances the job takes (nodeCount)"
        job.ledger.ask(path or (), to, what)
        value = TODO
    elif path is not None and value == count:
        job.ledger.carry(path, to)
    elif path is not None:
        job.ledger.rewrite(path, to, program.instances_comment or f"`{value}`")
    draft.set(("job", "resources", "instance_count"), value, program.instances_comment or "nodeCount")


def _timeout(job: LooseSection, draft: Document) -> None:
    text = job.section("constraints").text("maxWallClockTime")
    if text is None:
        return
    seconds = seconds_of(text.value)
    draft.set(("job", "limits", "timeout"), seconds if seconds is not None else TODO, "maxWallClockTime, in seconds")
    if seconds is None:
        job.ledger.ask(text.path, "job.limits.timeout", "write the seconds after which the run is ended")
    else:
        job.ledger.rewrite(text.path, "job.limits.timeout", f"{seconds} seconds")


def _rest(job: LooseSection) -> None:
    job.drop("what a run prints goes to its logs", "stdOutErrPathPrefix")
    job.drop("jobs of a cluster of Azure ML run in the order in which they come", "schedulingPriority", "priority")
    job.drop("a job runs in its workspace's region", "location")
    job.drop("what the service answered", *_ANSWERED)
