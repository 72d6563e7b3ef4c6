"""The jobs that stand in one script."""

from __future__ import annotations

import re
from collections.abc import Sequence

from specrun.convert import naming
from specrun.convert.imported import Found
from specrun.convert.scripts import sdk_v1, sdk_v2
from specrun.convert.scripts.signatures import OTHER_JOBS
from specrun.convert.scripts.values import Call, Template, Value

BATCH_AI = "batchai:JobCreateParameters"
_PARTS = ("PythonScriptStep", "EstimatorStep", "MpiStep", "HyperDriveStep", "CommandStep", "load_component")
"""What is a part of a pipeline: the pipeline is named."""

_MOVED = "Batch AI has ended, and the script has a job of Azure ML, too"
_DISTRIBUTED = ("distribution", "distributed_backend", "distributed_training", "distributed_job_config", "communicator")
_PROGRAMS = ("script", "entry_script", "command")


def jobs_of(calls: Sequence[Call]) -> dict[str, Found]:
    """All jobs that the script comes to, by the keys of their calls; those that cannot be imported say why."""
    jobs: dict[str, Found] = {}
    newer = (*sdk_v1.KINDS, *sdk_v2.KINDS)
    kinds = (*newer, BATCH_AI)
    moved = any(call.kind in newer and not call.skipped for call in calls)
    for call in calls:
        other = call.kind.removeprefix("elsewhere:")
        if call.skipped or (call.kind not in kinds and (other not in OTHER_JOBS or other in _PARTS)):
            continue
        run = call.get("run_config")
        holders = [call, *([run] if isinstance(run, Call) else [])]
        counts = [holder.get(name) for holder in holders for name in ("node_count", "instance_count")]
        jobs[call.key] = Found(
            number=len(jobs) + 1,
            name=_name(call),
            place=call.place,
            what=call.key.partition("#")[0],
            program=next(filter(None, (_program(holder) for holder in holders)), ""),
            distributed=any(isinstance(count, int) and count > 1 for count in counts)
            or any(holder.get(name) is not None for holder in holders for name in _DISTRIBUTED),
            local=any(holder.get(name) == "local" for holder in holders for name in ("compute_target", "target")),
            submitted=any(_uses(one, call) for one in calls),
            why=_MOVED if moved and call.kind == BATCH_AI else OTHER_JOBS.get(other, ""),
        )
    return jobs


def _uses(other: Call, job: Call) -> bool:
    """Whether a call submits a job, or runs it for a sweep."""
    submits = other.kind in ("submit", "batchai.create") or other.kind.startswith("elsewhere:Hyper")
    return submits and any(argument.value is job for argument in other.arguments.values())


def _program(call: Call) -> str:
    """The script that a job runs, else the beginning of its command."""
    words = " ".join(word for name in _PROGRAMS for word in _words(call.get(name)))
    return next(iter(re.findall(r"[\w./-]+\.(?:py|sh)\b", words)), words[:60])


def _words(value: Value) -> list[str]:
    if isinstance(value, Template | list):
        parts = value.parts if isinstance(value, Template) else value
        return [part for part in parts if isinstance(part, str)]
    return [value] if isinstance(value, str) else []


def _name(call: Call) -> str:
    """What `--job` may call it: as the job is called, else as the script's variable is."""
    own = [call.get(name) for name in ("name", "display_name")] if call.kind.startswith("v2:") else []
    plain = call.key.partition("#")[0].rpartition(".")[2]
    return naming.spec_name(*(one for one in own if isinstance(one, str)), call.variable, plain)
