"""Jobs of SDK v1, estimators and ScriptRunConfig: what they say is a .runconfig, under the same names."""

from __future__ import annotations

import posixpath

from specrun.convert.report import FieldPath
from specrun.convert.scripts.clusters import lower_cluster, put_compute
from specrun.convert.scripts.inputs import References
from specrun.convert.scripts.lowering import Lowering, nothing, told
from specrun.convert.scripts.values import Argument, Call, Member, Reference, Value
from specrun.convert.section import Fields
from specrun.convert.unknown import Mixed

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


def lower_run(lowering: Lowering, job: Call, references: References, sweep: Call | None = None) -> Fields:
    """The fields of a run configuration: those of the job's own `run_config`, and what the job itself says.

    Where it is run for a sweep, that is what is submitted.
    """
    fields = Fields((job.key,))
    given = job.get("run_config")
    configuration = given if isinstance(given, Call) and given.kind == "RunConfiguration" else None
    holders = [job] if configuration is None else [configuration, job]
    if job.kind in ESTIMATORS:
        fields.put("estimator", job.kind.replace("MMLBaseEstimator", "Estimator"))
    if configuration is not None:
        lowering.rewrite(job, "run_config", "job", "its fields are those of the section")
    environment = Fields((job.key,))
    references.configure(holders)
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
        if submitted.get("config") is (sweep or job):
            here = all(fields.get(name) in (None, "local") for name in ("compute_target", "target", "vm_size"))
            lowering.rewrite(submitted, "config", "job", _HERE if here else "the job that `specrun apply` submits")
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
            if put_compute(lowering, fields, "compute_target", holder, name):
                return
    made = lower_cluster(lowering, None) if fields.get("vm_size") is None else None
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
        computed = False
        for item in items:
            if isinstance(item, Call) and item.key in references.used:
                continue
            before = len(references.declared)
            expression = references.refer(item, "inputs")
            computed = computed or expression is None
            if expression and len(references.declared) > before:
                names.append(expression.replace("${{", "${{ ").replace("}}", " }}"))
        if names:
            what = f"the script finds them through the SDK: hand them over as arguments, {', '.join(names)}"
            lowering.ask(holder, name, "job.inputs", what)
        elif computed:
            lowering.ask(holder, name, "job.inputs", "the inputs are computed: write them")
        elif items:
            lowering.rewrite(holder, name, "job.inputs", "declared as inputs")
        elif not isinstance(value, list | dict):
            lowering.ask(holder, name, "job.inputs", "the inputs are computed: write them")


_CREATED = ("CondaDependencies", "CondaDependencies.create")
_IMAGES = {
    "DEFAULT_CPU_IMAGE": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04",
    "DEFAULT_GPU_IMAGE": "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.8-cudnn8-ubuntu22.04",
}
"""The images that SDK v1 names by constants are gone: those that took their place."""

_ADDED = {
    "add_pip_package": ("pip_package", "pip_packages"),
    "add_conda_package": ("conda_package", "conda_packages"),
    "add_channel": ("channel", "channels"),
}
_HERE = "SDK v1 ran it on this machine, as the script names no cluster: so does `specrun apply --engine local`"
_NEEDS_NO_NAME = "an environment that goes with the job needs no name"


def lower_environment(lowering: Lowering, fields: Fields, holder: Call, name: str, value: Value) -> object:
    """Follow an Environment into its fields; what is there for a registered one, or one that is not known."""
    if not isinstance(value, Call):
        return lowering.word(value, "environment")
    lowering.rewrite(holder, name, "job.environment", "its fields are those of the section")
    base = value
    chain = [value]
    while base.kind == "clone" and isinstance(base.owner, Call):
        lowering.drop(base, "new_name", _NEEDS_NO_NAME)
        base = base.owner
        chain.insert(0, base)
    if base.kind == "Environment.get":
        _changed(lowering, fields, chain[1:])
        return _registered(lowering, base)
    for call in chain:
        _fields(lowering, fields, call)
    return None


def lower_dependencies(lowering: Lowering, fields: Fields, value: Value, place: tuple[Call, str] | None = None) -> None:
    """The packages of a CondaDependencies, or of the one that a configuration has of itself."""
    to = "job.environment"
    if isinstance(value, Call) and value.kind in _CREATED:
        if place is not None:
            lowering.rewrite(*place, to, "its packages are those of the environment")
        for name, argument in told(value):
            if name == "conda_dependencies_file_path":
                path = (value.key, name)
                fields.inner("python").put("conda_dependencies_file", lowering.word(argument.value, "file"), path)
            elif name == "python_version":
                lowering.put(fields, name, value, name, f"{to}.python_version")
            elif name in ("pip_packages", "conda_packages"):
                _more(lowering, fields, name, value, name)
    elif place is not None:
        fields.inner("python").put("conda_dependencies", lowering.word(value, "packages"), (place[0].key, place[1]))
        return
    target, at = (value.call, value.path) if isinstance(value, Member) else (value, "")
    for call in lowering.calls:
        if call.skipped or call.owner is not target or call.at != at:
            continue
        if call.kind in _ADDED:
            listed, key = _ADDED[call.kind]
            _more(lowering, fields, key, call, listed)
        elif call.kind == "set_python_version":
            lowering.put(fields, "python_version", call, "version", f"{to}.python_version")
        elif call.kind == "add_tensorflow_pip_package":
            version = call.get("version")
            package = f"tensorflow=={version}" if isinstance(version, str) else "tensorflow"
            _add(fields, "pip_packages", [package], (call.key, "version"))
            for name in call.arguments or ("",):
                lowering.rewrite(call, name, f"{to}.pip", f"the package {package}")
        elif call.kind == "set_pip_requirements":
            lowering.put(fields, "pip_requirements_file", call, "pip_requirements", to)


def put_below(lowering: Lowering, fields: Fields, call: Call, name: str, prefix: str = "") -> None:
    """A field of a field that is set as an attribute, such as `docker.base_image`."""
    path, value = (call.key, f"{prefix}{name}"), call.get(f"{prefix}{name}")
    *above, last = name.split(".")
    if above[-1:] == ["base_image_registry"] and last in ("username", "password"):
        lowering.drop(call, path[1], "the workspace's identity or a connection reads the registry")
        return
    for word in above:
        fields = fields.inner(word, path)
    if isinstance(value, Call) and value.kind == "ContainerRegistry":
        lowering.rewrite(call, path[1], "job.environment.image", "its address stands before the image")
        fields.put(last, lowering.fields(value, "job.environment.image"), path)
        return
    image = image_of(lowering, value) if last == "base_image" else None
    fields.put(last, image or lowering.value(value, path, f"job.environment.{name}"), path)


def image_of(lowering: Lowering, value: Value) -> object:
    """An image's name."""
    known = _IMAGES.get(value.dotted.rpartition(".")[2]) if isinstance(value, Reference) else None
    return known or lowering.word(value, "image")


def _fields(lowering: Lowering, fields: Fields, call: Call) -> None:
    for name, argument in told(call):
        path, value = (call.key, name), argument.value
        if name == "name":
            lowering.drop(call, name, _NEEDS_NO_NAME)
        elif name in ("file_path", "conda_specification") and call.kind != "Environment.from_pip_requirements":
            fields.inner("python").put("conda_dependencies_file", lowering.word(value, "conda_file"), path)
        elif name in ("file_path", "pip_requirements"):
            fields.put("pip_requirements_file", lowering.word(value, "requirements"), path)
        elif name == "image":
            fields.put("image", image_of(lowering, value), path)
        elif name == "dockerfile":
            fields.inner("docker").put("base_dockerfile", lowering.word(value, "dockerfile"), path)
        elif name == "container_registry" and isinstance(value, Call):
            lowering.rewrite(call, name, "job.environment.image", "its address stands before the image")
            fields.inner("docker").put("base_image_registry", lowering.fields(value, "job.environment.image"), path)
        elif name == "python.conda_dependencies":
            lower_dependencies(lowering, fields, value, (call, name))
        elif name == "conda_environment_name":
            lowering.ask(call, name, "job.environment", "an environment of this machine: write its packages")
        elif name.partition(".")[0] in ("python", "docker", "environment_variables"):
            put_below(lowering, fields, call, name)
    lower_dependencies(lowering, fields, Member(call, "python.conda_dependencies"))


def _changed(lowering: Lowering, fields: Fields, clones: list[Call]) -> None:
    """What is set on a copy of a registered environment: its variables are the job's, and the rest is nowhere."""
    for call in clones:
        for name, _ in told(call):
            if name.partition(".")[0] == "environment_variables":
                put_below(lowering, fields, call, name)
            elif name != "new_name":
                what = "it is set on a copy of the registered environment, which the spec names as it is: see to it"
                lowering.doubt(call, name, "job.environment", what)
        for added in lowering.calls:
            if added.owner is call and added.at == "python.conda_dependencies" and not added.skipped:
                what = "the registered environment has to have it: the spec names it as it is"
                lowering.doubt(added, next(iter(added.arguments), ""), "job.environment", what)


def _registered(lowering: Lowering, call: Call) -> object:
    """A registered environment, as `NAME:VERSION`."""
    name, version, label = lowering.word(call.get("name"), "environment"), call.get("version"), call.get("label")
    plain = version if isinstance(version, str | int) else None
    ending = f":{plain}" if plain is not None else f"@{label if isinstance(label, str) and label else 'latest'}"
    for key in ("name", "version", "label"):
        if key == "version" and version is not None and plain is None:
            lowering.ask(call, key, "job.environment", "the version is computed: write it instead of latest")
        elif call.get(key) is not None:
            lowering.rewrite(call, key, "job.environment", "the registered environment's name and version")
    if isinstance(name, str):
        return f"azureml:{name.strip()}{ending}"
    return Mixed(("azureml:", name, ending)) if not isinstance(name, Mixed) else name  # type: ignore[arg-type]


def _more(lowering: Lowering, fields: Fields, key: str, call: Call, argument: str) -> None:
    value = call.get(argument)
    items = value if isinstance(value, list) else [] if value is None else [value]
    _add(fields, key, [lowering.word(item, "package") for item in items], (call.key, argument))


def _add(fields: Fields, key: str, items: list[object], path: FieldPath) -> None:
    """Packages more than those that are there."""
    there = fields.get(key)
    before = there if isinstance(there, list) else []
    fields.put(key, [*before, *items], *fields.origins.get(key, ()), path)
