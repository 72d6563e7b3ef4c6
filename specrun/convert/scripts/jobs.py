"""Jobs of SDK v1: estimators and ScriptRunConfig."""

from __future__ import annotations

import re

from specrun.convert import coerce, naming
from specrun.convert.document import Key
from specrun.convert.locations import stem
from specrun.convert.naming import VM_SIZE
from specrun.convert.scripts.arguments import write_program
from specrun.convert.scripts.clusters import write_bare_name, write_cluster
from specrun.convert.scripts.distributions import write_distribution
from specrun.convert.scripts.environments import write_environment
from specrun.convert.scripts.references import References
from specrun.convert.scripts.tags import write_tags
from specrun.convert.scripts.values import Call, Value
from specrun.convert.scripts.variables import write_variables
from specrun.convert.scripts.writing import Writing

ESTIMATORS = ("TensorFlow", "PyTorch", "Chainer", "SKLearn", "Estimator", "MMLBaseEstimator")
KINDS = (*ESTIMATORS, "ScriptRunConfig")
_RESOURCES: Key = ("job", "resources")


def write_job(writing: Writing, job: Call, references: References) -> None:
    """The section `job`, and the cluster that it names."""
    given = job.get("run_config")
    configuration = given if isinstance(given, Call) and given.kind == "RunConfiguration" else None
    if configuration is not None:
        writing.rewrite(job, "run_config", ("job",), "its fields are those of the section")
    writing.draft.comment(("job",), f"from {job.key} ({job.place})")
    _compute(writing, job, configuration)
    write_program(writing, job, configuration)
    _inputs(writing, job, references)
    write_distribution(writing, job, configuration)
    write_environment(writing, job, configuration)
    for holder in (job, configuration):
        if holder is not None:
            write_variables(writing, holder, "environment_variables")
            _limits(writing, holder)
    _submission(writing, job)


def _compute(writing: Writing, job: Call, configuration: Call | None) -> None:
    for call in (job, configuration):
        for name in ("compute_target", "target"):
            if call is None or call.get(name) is None or writing.draft.get(("compute",)) is not None:
                continue
            target = call.get(name)
            if target == "amlcompute" and call.get("vm_size") is not None:
                writing.drop(call, name, "the run's own machines, without a cluster")
                continue
            if write_cluster(writing, target):
                writing.rewrite(call, name, ("compute",), "the cluster that the script makes")
            else:
                write_bare_name(writing, call, name, target)
            return
    size = next((call for call in (job, configuration) if call is not None and call.get("vm_size") is not None), None)
    if size is not None:
        writing.copy(
            size,
            "vm_size",
            (*_RESOURCES, "instance_type"),
            coerce.matching(VM_SIZE),
            "a VM size",
            "the run's own machines, without a cluster",
        )
    else:
        write_cluster(writing, None)


def _inputs(writing: Writing, job: Call, references: References) -> None:
    """Inputs that no argument names: the script finds them in another way."""
    configuration = job.get("run_config")
    holders = [call for call in (job, configuration) if isinstance(call, Call)]
    named = [(call, name) for call in holders for name in (*call.arguments, *call.attributes)]
    for holder, name in dict.fromkeys(named):
        if name.split(".")[0] not in ("inputs", "data_references", "data"):
            continue
        value = holder.get(name)
        value = [value] if isinstance(value, Call) else value
        items = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
        names: list[str] = []
        for item in items:
            before = len(references.declared)
            expression = references.refer(item, "inputs")
            if expression and len(references.declared) > before:
                names.append(expression)
        if names:
            writing.ask(
                holder,
                name,
                ("job", "inputs"),
                f"the script finds them through the SDK: hand them over as arguments, {', '.join(names)}",
            )
        elif items:
            writing.rewrite(holder, name, ("job", "inputs"), "declared as inputs")
        elif value is not None and not isinstance(value, list | dict):
            writing.ask(holder, name, ("job", "inputs"), "the inputs are computed: write them")


def _limits(writing: Writing, call: Call) -> None:
    if call.kind in ESTIMATORS and call.find("use_gpu") is not None:
        writing.copy(call, "use_gpu", (*_RESOURCES, "gpu"), coerce.truth, "true or false")
    for name in ("shm_size", "environment.docker.shm_size", "docker.shm_size"):
        writing.copy(call, name, (*_RESOURCES, "shm_size"), shared_memory, "a size, such as 8g")
    for name in ("max_run_duration_seconds",):
        writing.copy(call, name, ("job", "limits", "timeout"), coerce.count, "seconds, as a whole number")
    docker = call.get("docker_runtime_config") or call.get("docker")
    if isinstance(docker, Call) and docker.kind == "DockerConfiguration":
        writing.rewrite(
            call,
            "docker_runtime_config" if call.find("docker_runtime_config") else "docker",
            _RESOURCES,
            "its fields are those of resources",
        )
        writing.copy(docker, "shm_size", (*_RESOURCES, "shm_size"), shared_memory, "a size, such as 8g")
        words = docker.get("arguments")
        if isinstance(words, list) and all(isinstance(word, str) for word in words) and words:
            writing.draft.set((*_RESOURCES, "docker_args"), " ".join(map(str, words)))
            writing.rewrite(docker, "arguments", (*_RESOURCES, "docker_args"), "in one text")
        elif words:
            writing.ask(
                docker, "arguments", (*_RESOURCES, "docker_args"), "Docker's arguments are computed: write them"
            )


def _submission(writing: Writing, job: Call) -> None:
    for call in writing.of("submit"):
        config = call.get("config")
        if config is job:
            writing.rewrite(call, "config", ("job",), "the job that `specrun apply` submits")
            write_tags(writing, call, "tags", ("job", "tags"))
            return


def shared_memory(value: object) -> str | None:
    word = coerce.word(value)
    return word if word and re.fullmatch(r"[0-9]+[bBkKmMgG]", word) else None


def job_name(writing: Writing, job: Value) -> str:
    """What the spec is called: as was asked, as the experiment is, as the file is."""
    experiment = next((call.get("name") for call in writing.of("Experiment")), None)
    own = job.get("name") or job.get("display_name") or job.get("experiment_name") if isinstance(job, Call) else None
    named = job.kind.startswith("v2:") if isinstance(job, Call) else False
    file = stem(writing.file)
    return naming.spec_name(writing.options.name, own if named else None, experiment, file)
