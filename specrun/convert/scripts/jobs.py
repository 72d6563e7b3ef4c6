"""The jobs that stand in one script, and what is said of all that the imported one does not use."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from specrun.convert import naming
from specrun.convert.imported import Found
from specrun.convert.scripts import sdk_v1, sdk_v2
from specrun.convert.scripts.lowering import Lowering, told
from specrun.convert.scripts.signatures import ELSEWHERE, OTHER_JOBS
from specrun.convert.scripts.steps import PIPELINE
from specrun.convert.scripts.sweep_words import OTHER_INPUTS, SWEEP_TYPES, SWEEPS
from specrun.convert.scripts.sweeps import base_of, parts_of
from specrun.convert.scripts.values import DEEPEST, Call, Template, Value

_SERVICE = "it names what is there already: the spec's sections do"
_USER_MANAGED = "an image is used as it is unless pip or conda_file stands beside it"
_ARGUMENTS = {
    "workspace": "the spec's workspace is meant",
    "ws": "the spec's workspace is meant",
    "auth": "specrun signs in by itself: az login, a service principal, a managed identity",
    "credential": "specrun signs in by itself: az login, a service principal, a managed identity",
    "show_output": "specrun shows what it does",
    "show_progress": "specrun shows what it does",
    "overwrite": "files are compared by content, and those that differ are sent",
    "use_docker": "Azure ML runs every job in a container",
    "user_managed": _USER_MANAGED,
    "exist_ok": "what exists is kept",
    "sku": "Azure ML has one kind of workspace",
    "friendly_name": "a name for people; specrun keeps the workspace's own",
    "location": "a cluster is made in the workspace's region",
    "create_if_not_exists": "a container that is missing is an error in the plan",
    "skip_validation": "specrun checks by what it finds",
    "path_on_compute": "Azure ML chooses the path; `${{ inputs.NAME }}` is it",
    "communication_backend": "the script says it, in init_process_group",
    "relative_root": "a target mirrors its source",
    "vm_priority": "a run without a cluster of its own takes dedicated machines",
    "source_directory_data_store": "specrun keeps code where the engine wants it",
    "resume_from": "hand the earlier run's output over as an input",
    "_disable_validation": "specrun validate checks the spec",
    "_show_lint_warnings": "specrun validate checks the spec",
    "_enable_optimized_mode": "an experiment of SDK v1 that is gone",
    "pin_sdk_version": "no azureml package is added that the script does not list",
    "environment.docker.enabled": "Azure ML runs every job in a container",
    "docker.enabled": "Azure ML runs every job in a container",
    "environment.python.user_managed_dependencies": _USER_MANAGED,
    "python.user_managed_dependencies": _USER_MANAGED,
    "environment.python.interpreter_path": "the command says which Python runs",
    "python.interpreter_path": "the command says which Python runs",
    "auto_prepare_environment": "Azure ML always prepares the environment",
    "environment.spark.precache_packages": "specrun runs no Spark",
    "framework": "the environment says it",
    "name": _SERVICE,
    "version": _SERVICE,
    "provisioning_configuration": "the configuration of a cluster that this spec does not describe",
    "files": "what is uploaded",
    "url": "the script downloads it itself",
    "filename": "the script downloads it itself",
    "type": "it says what kind of thing this is",
    "is_deterministic": "a run is known by its fingerprint",
    "use_gpu": "the image or the size decides",
}
_KINDS = {
    "submit": "`specrun apply` submits the job",
    "get_default_datastore": "the default datastore is used where none is named",
    "ComputeTarget": "the cluster is in the section compute",
    "compute_targets": "the cluster is in the section compute",
    "Workspace.from_config": "the spec names the workspace already",
    "v2:MLClient.from_config": "the spec names the workspace already",
    "as_mount": "how data is read stands at the input",
    "as_download": "how data is read stands at the input",
    "as_upload": "how data is written stands at the output",
    "as_named_input": "the job does not use it",
    "path": "the job does not use it",
    "batchai.create": "Batch AI's workspaces and groups are not those of Azure ML",
    "v2:Data": "an input names the place itself",
    "start_logging": "an interactive run has no job",
    "Nccl": "the script says it, in init_process_group",
    "Gloo": "the script says it, in init_process_group",
}
_OF_SWEEP = "it is of a sweep, and not of the job that was imported"
_UNUSED = "the job that was imported does not use it"


def say_the_rest(lowering: Lowering, job: Call | None, jobs: Mapping[str, Found]) -> None:
    """Say of further jobs, of what these SDKs do besides, and of each argument that no section spoke of, why."""
    parts = parts_of(job) if job is not None else []
    for other in lowering.calls:
        found = jobs.get(other.key)
        name = other.kind.removeprefix("elsewhere:")
        if other in parts[1:] and found is not None and not found.chosen:
            continue
        if found is not None and other is not job and found.chosen:
            lowering.drop(other, "", "in a spec of its own")
        elif found is not None and other is not job and not found.why:
            first = f"{job.key} ({job.place})" if job is not None else "another"
            lowering.ask(other, "", "", f"another job of the file: {first} is in the spec", f"--job {found.number}")
        elif not other.skipped and ((found is not None and found.why) or name in OTHER_JOBS):
            lowering.ask(other, "", "", found.why if found is not None else OTHER_JOBS[name])
        elif other.kind.startswith("elsewhere:"):
            lowering.drop(other, "", other.skipped or ELSEWHERE.get(name, "it has no place in a spec"))
    if job is not None and not any(other.kind == "elsewhere:dsl.pipeline" for other in lowering.calls):
        _say_other_inputs(lowering, job)
    for part in parts:
        more = part.find("**")
        if more is not None:
            lowering.ask(part, "**", "job", f"`{more.text}` adds arguments that are not known here: write them")
    _say_conditions(lowering)
    by_key = {call.key: call for call in lowering.calls}
    for path in list(lowering.ledger.rest()):
        call = by_key.get(str(path[0])) if path else None
        if call is not None:
            lowering.ledger.drop(path, _reason(call, str(path[1]) if len(path) > 1 else ""))
    _say_loops(lowering, job)


def _say_other_inputs(lowering: Lowering, job: Call) -> None:
    """A job that is called with other inputs, and not for a sweep: nobody but the reader knows which are meant."""
    swept = [call.owner for call in lowering.of(*SWEEPS)] + [call.get("trial") for call in lowering.of(*SWEEPS)]
    for call in lowering.of(OTHER_INPUTS):
        if call.owner is job and call not in swept:
            given = ", ".join(f"{name}={argument.text}" for name, argument in told(call))
            what = f"the script calls the job with other inputs, {given}: the spec has those that the job is made with"
            lowering.doubt(call, "", "job.inputs", what)


def _say_loops(lowering: Lowering, job: Call | None) -> None:
    """A job that a loop makes or submits is several: whoever reads the spec has to apply it for each."""
    submitted = [call for call in lowering.of("submit") if job is not None and _uses(call, job)]
    looped = next((call for call in (job, *submitted) if call is not None and call.loop), None)
    if looped is not None:
        what = f"{looped.loop}: specrun has one job per spec; apply it once for each, with --var NAME=VALUE"
        lowering.doubt(looped, "", "job", what)


def _say_conditions(lowering: Lowering) -> None:
    """What the script sets in one branch alone stands in the spec in any case: whoever reads it has to know."""
    written = lowering.ledger.written()
    for call in lowering.calls:
        for name, argument in told(call) if not call.skipped else ():
            made = _made_only_if(argument.value)
            condition = argument.only_if or made
            at = next((path for path in written if path[:2] == (call.key, name)), None) if condition else None
            if at is not None:
                to = ".".join(written[at].split(".")[: -len(at[2:]) or None])
                whether = (
                    "and whether it does depends on" if made and not argument.only_if else "which it does only where"
                )
                lowering.doubt(call, name, to, f"the script sets it, {whether} `{condition}`: see if it applies")


def _made_only_if(value: Value, depth: int = 0) -> str:
    """The condition under which a value is what it is: its own, or that of what it is made of."""
    if depth > DEEPEST:
        return ""
    if isinstance(value, Call):
        return value.only_if or _made_only_if(value.owner, depth + 1)
    if isinstance(value, dict | Template):
        value = list(value.values() if isinstance(value, dict) else value.parts)
    items = value if isinstance(value, list) else ()
    return next(filter(None, (_made_only_if(item, depth + 1) for item in items)), "")


def _reason(call: Call, name: str) -> str:
    if call.skipped:
        return call.skipped
    argument = call.find(name)
    if argument is not None and argument.value is None:
        return "None is what is taken where nothing is said"
    if call.kind == OTHER_INPUTS:
        return "the job has other inputs here: the spec has those that it is made with"
    if call.kind.removeprefix("v2:") in (*SWEEP_TYPES, *SWEEPS, "SweepJobLimits", "Objective"):
        return _OF_SWEEP
    if isinstance(call.owner, Call) and call.owner.kind in SWEEPS and call.kind != "submit":
        return _OF_SWEEP
    if call.kind.startswith("batchai:"):
        return "the script has a job of Azure ML, too, and that is in the spec"
    if not name:
        return _KINDS.get(call.kind, _UNUSED)
    if call.kind == "batchai.create":
        called = "what Batch AI called it" if name.endswith("_name") else _KINDS[call.kind]
        return called if name != "parameters" else "what is in it stands here one by one"
    return _ARGUMENTS.get(name) or _KINDS.get(call.kind) or "specrun has no field for it"


def calls_reason(call: Call) -> str:
    """Why what a call does has no place in a spec."""
    return ELSEWHERE.get(call.kind.removeprefix("elsewhere:"), "it has no place in a spec")


BATCH_AI = "batchai:JobCreateParameters"
SAVED = "RunConfiguration"
"""A job where it names a script and no other job takes it: the CLI submits the file that it is saved to."""

_PARTS = ("PythonScriptStep", "EstimatorStep", "MpiStep", "HyperDriveStep", "CommandStep", "load_component")
"""What is a part of a pipeline: the pipeline is named."""

_MOVED = "Batch AI has ended, and the script has a job of Azure ML, too"
_DISTRIBUTED = ("distribution", "distributed_backend", "distributed_training", "distributed_job_config", "communicator")
_PROGRAMS = ("script", "entry_script", "command")


def jobs_of(calls: Sequence[Call], pipelines: Mapping[str, str], parts: Collection[str]) -> dict[str, Found]:
    """All jobs that the script comes to, by the keys of their calls; those that cannot be imported say why.

    `pipelines` are those that it builds, with why they cannot be, and `parts` the keys of what they are made of.
    """
    jobs: dict[str, Found] = {}
    newer = (*sdk_v1.KINDS, *sdk_v2.KINDS, *SWEEPS)
    kinds = (*newer, BATCH_AI)
    moved = any(call.kind in newer and not call.skipped for call in calls)
    for call in calls:
        other = call.kind.removeprefix("elsewhere:")
        alone = call.kind == SAVED and not moved and _program(call) != ""
        known = call.kind in kinds or call.key in pipelines or alone
        if call.skipped or (not known and (other not in OTHER_JOBS or other in _PARTS)):
            continue
        submitted = any(_uses(one, call) for one in calls)
        if call.key in parts and not submitted:
            continue
        sweep = call.kind in SWEEPS
        base = base_of(call) if sweep else call
        run = base.get("run_config") if base is not None else None
        holders = [*([base] if base is not None else []), *([run] if isinstance(run, Call) else [])]
        around = [one for one in calls if one.kind in SWEEPS and not one.skipped and base_of(one) is call]
        counts = [holder.get(name) for holder in holders for name in ("node_count", "instance_count")]
        jobs[call.key] = Found(
            number=len(jobs) + 1,
            name=_name(call),
            place=call.place,
            what="pipeline" if call.key in pipelines else call.key.partition("#")[0],
            program=next(filter(None, (_program(holder) for holder in holders)), ""),
            distributed=any(isinstance(count, int) and count > 1 for count in counts)
            or any(holder.get(name) is not None for holder in holders for name in _DISTRIBUTED),
            local=any(holder.get(name) == "local" for holder in holders for name in ("compute_target", "target")),
            submitted=submitted,
            sweep=sweep,
            only_in_sweep=bool(around) and not submitted,
            why=pipelines[call.key] if call.key in pipelines else _why(call, other, moved),
        )
    return jobs


def _why(call: Call, other: str, moved: bool) -> str:
    """Why a job cannot be imported; "" where it can."""
    if call.kind in SWEEPS and call.get("pipeline") is not None:
        return "a sweep over a pipeline has no place in a spec: import the step that trains as a job of its own"
    return _MOVED if moved and call.kind == BATCH_AI else OTHER_JOBS.get(other, "")


def _uses(other: Call, job: Call) -> bool:
    """Whether a call submits a job."""
    submits = other.kind in ("submit", "batchai.create")
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
    of_v2 = call.kind == "sweep" or call.kind.startswith("v2:")
    own = [call.get(name) for name in ("name", "display_name")] if of_v2 else []
    plain = call.key.partition("#")[0].rpartition(".")[2]
    variable = "" if call.kind == PIPELINE else call.variable  # which is called as its function is
    return naming.spec_name(*(one for one in own if isinstance(one, str)), variable, plain)
