"""Jobs of SDK v1, estimators and ScriptRunConfig: what they say is a .runconfig, under the same names."""

from __future__ import annotations

import posixpath

from specrun.convert.scripts.clusters import lower_cluster, named_by
from specrun.convert.scripts.inputs import References
from specrun.convert.scripts.lowering import Lowering, nothing, told
from specrun.convert.scripts.software import lower_dependencies, lower_environment, put_below
from specrun.convert.scripts.values import Argument, Call, Member
from specrun.convert.section import Fields

ESTIMATORS = ("TensorFlow", "PyTorch", "Chainer", "SKLearn", "Estimator", "MMLBaseEstimator")
KINDS = (*ESTIMATORS, "ScriptRunConfig")
DISTRIBUTIONS = (
    "TensorflowConfiguration", "ParameterServer", "MpiConfiguration", "Mpi", "PyTorchConfiguration", "Nccl", "Gloo",
)  # fmt: skip
_NESTED = (*DISTRIBUTIONS, "DockerConfiguration", "ContainerRegistry")
_RENAMED = {
    "conda_dependencies_file_path": "conda_dependencies_file",
    "pip_requirements_file_path": "pip_requirements_file",
    "docker_runtime_config": "docker",
}
_IN_CODE = ("conda_dependencies_file", "pip_requirements_file")
"""Files that estimators look for in the code folder."""

_ARGUMENTS = ("script_params", "arguments", "command")
"""Where data may stand, for its path."""

_DATA = ("inputs", "data_references", "data")
_APART = ("run_config", "compute_target", "target", *_DATA)


def lower_run(lowering: Lowering, job: Call, references: References) -> Fields:
    """The fields of a run configuration: those of the job's own `run_config`, and what the job itself says."""
    fields = Fields((job.key,))
    given = job.get("run_config")
    configuration = given if isinstance(given, Call) and given.kind == "RunConfiguration" else None
    holders = [job] if configuration is None else [configuration, job]
    if job.kind in ESTIMATORS:
        fields.put("estimator", job.kind.replace("MMLBaseEstimator", "Estimator"))
    if configuration is not None:
        lowering.rewrite(job, "run_config", "job", "its fields are those of the section")
    environment = Fields((job.key,))
    for holder in holders:
        for name, argument in told(holder):
            lowering.refer = references.refer if name in _ARGUMENTS else nothing
            _put(lowering, fields, environment, holder, name, argument)
        dependencies = Member(holder, "environment.python.conda_dependencies")
        lower_dependencies(lowering, environment, dependencies)
    if fields.get("environment") is None and environment:
        fields.put("environment", environment)
    elif environment.get("environment_variables") is not None:
        fields.put("environment_variables", environment["environment_variables"])
    if job.get("source_directory") is None:
        fields.put("source_directory", ".", comment="the script says none: the folder it is run in")
    _compute(lowering, fields, holders)
    for holder in holders:
        _data(lowering, references, holder)
    for section, declared in (("inputs", references.inputs), ("outputs", references.outputs)):
        if declared:
            fields.put(section, declared)
    for submitted in lowering.of("submit"):
        if submitted.get("config") is job:
            lowering.rewrite(submitted, "config", "job", "the job that `specrun apply` submits")
            lowering.put(fields, "tags", submitted, "tags", "job.tags")
            break
    return fields


def _put(lowering: Lowering, fields: Fields, environment: Fields, holder: Call, name: str, argument: Argument) -> None:
    path, value = (holder.key, name), argument.value
    first, _, rest = name.partition(".")
    if name in ("environment", "environment_definition"):
        found = lower_environment(lowering, environment, holder, name, value)
        if found is not None:
            fields.put("environment", found, path)
    elif name in ("conda_dependencies", "environment.python.conda_dependencies"):
        lower_dependencies(lowering, environment, value, (holder, name))
    elif first == "environment":
        put_below(lowering, environment, holder, rest, "environment.")
    elif isinstance(value, Call) and value.kind in _NESTED:
        lowering.rewrite(holder, name, "job", "its fields are those of the section")
        inner = lowering.fields(value, "job")
        if value.kind in DISTRIBUTIONS:
            inner.put("type", value.kind, path)
        fields.put(_RENAMED.get(name, name), inner, path)
    elif rest:
        put_below(lowering, fields, holder, name)
    elif first not in _APART and not name.startswith("_"):
        given, folder = _as_text(lowering.value(value, path, f"job.{name}")), holder.get("source_directory")
        if name in _IN_CODE and isinstance(given, str) and isinstance(folder, str):
            given = posixpath.join(folder, given)
        fields.put(_RENAMED.get(name, name), given, path)


def _as_text(value: object) -> object:
    """Arguments as SDK v1 hands them over: what is no text as Python writes it."""
    if isinstance(value, list):
        return [str(item) if isinstance(item, bool) else item for item in value]
    if isinstance(value, Fields):
        for name, item in value.items():
            value[name] = str(item) if isinstance(item, bool) else item
    return value


def _compute(lowering: Lowering, fields: Fields, holders: list[Call]) -> None:
    """The cluster that the script makes for the job, or the name of one that is there."""
    for holder in reversed(holders):
        for name in ("compute_target", "target"):
            value, path = holder.get(name), (holder.key, name)
            if value is None:
                continue
            made = lower_cluster(lowering, value)
            if made is not None:
                lowering.rewrite(holder, name, "compute", "the cluster that the script makes")
                fields.put("compute_target", made, path)
                return
            found = named_by(value)
            if isinstance(value, Call) and value.find("name") is not None:
                note = "a cluster that exists is used by its name"
                lowering.rewrite(holder, name, "compute", note)
                lowering.put(fields, "compute_target", value, "name", "compute")
            else:
                fields.put("compute_target", lowering.word(found if found is not None else value, "compute"), path)
            return
    if fields.get("vm_size") is None:
        made = lower_cluster(lowering, None)
        if made is not None:
            fields.put("compute_target", made)


def _data(lowering: Lowering, references: References, holder: Call) -> None:
    """Inputs that no argument names: the script finds them in another way."""
    for name, argument in told(holder):
        if name.split(".")[0] not in _DATA:
            continue
        value = argument.value
        value = [value] if isinstance(value, Call) else value
        items = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
        names: list[str] = []
        for item in items:
            before = len(references.declared)
            expression = references.refer(item, "inputs")
            if expression and len(references.declared) > before:
                names.append(expression.replace("${{", "${{ ").replace("}}", " }}"))
        if names:
            what = f"the script finds them through the SDK: hand them over as arguments, {', '.join(names)}"
            lowering.ask(holder, name, "job.inputs", what)
        elif items:
            lowering.rewrite(holder, name, "job.inputs", "declared as inputs")
        elif not isinstance(value, list | dict):
            lowering.ask(holder, name, "job.inputs", "the inputs are computed: write them")
