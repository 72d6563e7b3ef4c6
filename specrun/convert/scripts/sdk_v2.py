"""Jobs of SDK v2, `command(...)` and `CommandJob(...)`: their arguments are the fields of the CLI v2's files."""

from __future__ import annotations

import re
from dataclasses import replace

from specrun.convert.scripts.builtin import can_join, joined
from specrun.convert.scripts.clusters import put_compute
from specrun.convert.scripts.lowering import Lowering, told
from specrun.convert.scripts.uploads import Uploads
from specrun.convert.scripts.values import Argument, Call, Member, Template, Value
from specrun.convert.section import Fields
from specrun.convert.unknown import Mixed, Unknown

KINDS = ("v2:command", "v2:CommandJob")
_SECTIONS = {
    **dict.fromkeys(
        ("instance_count", "instance_type", "locations", "docker_args", "shm_size", "max_instance_count"), "resources"
    ),
    **dict.fromkeys(("job_tier", "priority"), "queue_settings"),
    "timeout": "limits",
}
"""What SDK v2 takes as an argument of the job, too, and a file has in a section."""

_ASSET = re.compile(r"(?:azureml:)?(?P<name>[^:@/\s]+)(?P<end>[:@]|$)")


def lower_command(lowering: Lowering, job: Call, uploads: Uploads, sweep: Call | None = None) -> Fields:
    """The fields of a command job, with the cluster and the environment that the script makes for it.

    Where it is run for a sweep, that is what is submitted.
    """
    fields = Fields((job.key,))
    holders = [job, *lowering.on(job, "set_resources", "set_limits")]
    for holder in holders:
        for name, argument in told(holder):
            put_argument(lowering, fields, holder, name, argument)
    for submitted in lowering.of("submit"):
        if submitted.get("config") is (sweep or job):
            lowering.rewrite(submitted, "config", "job", "the job that `specrun apply` submits")
            for name in ("experiment_name", "tags", "description"):
                lowering.put(fields, name, submitted, name)
    put_compute(lowering, fields, "compute", job, "compute")
    put_environment(lowering, fields, job)
    variables = fields.get("environment_variables")
    if isinstance(variables, Fields):
        variables.update({name: str(value) for name, value in variables.items() if isinstance(value, bool)})
    for section in ("inputs", "outputs"):
        given = fields.get(section)
        for name, entry in given.items() if isinstance(given, Fields) else ():
            if isinstance(entry, Fields):
                put_entry(lowering, entry, uploads, _inner(job.get(section), name))
    return fields


def put_argument(lowering: Lowering, fields: Fields, holder: Call, name: str, argument: Argument) -> None:
    """An argument or attribute of a job where a file has it."""
    if name in ("compute", "environment"):
        return
    path = (holder.key, name)
    *above, last = name.split(".")
    section = above[0] if above else _SECTIONS.get(name, "")
    to = f"job.{section}.{last}" if section else f"job.{name}"
    value = lowering.value(argument.value, path, to)
    if not section:
        fields.put(name, value, path)
        return
    inner = fields.inner(section, path)
    if isinstance(inner, Fields):
        inner.put(last, value, path)


def put_environment(lowering: Lowering, fields: Fields, job: Call) -> None:
    """The environment that the script makes, also under a name; else that of a registered one."""
    value, path = job.get("environment"), (job.key, "environment")
    if isinstance(value, Call) and value.kind == "v2:environments.get":
        lowering.rewrite(job, "environment", "job.environment", "a registered environment")
        _registered(lowering, fields, value)
        return
    made = value if isinstance(value, Call) and value.kind == "v2:Environment" else None
    if made is None:
        name = _ASSET.match(_start(value))
        of_script = [one for one in lowering.of("v2:Environment") if name and _text(one.get("name")) == name["name"]]
        made = next((one for one in reversed(of_script) if any(map(one.get, ("image", "conda_file", "build")))), None)
    if made is None:
        if value is not None:
            fields.put("environment", _with_prefix(lowering.value(value, path, "job.environment")), path)
        return
    if any(map(made.get, ("image", "conda_file", "build"))):
        note = "its fields are those of the section"
        fields.put("environment", lowering.fields(made, "job.environment"), path, note=note)
    else:
        _registered(lowering, fields, made)


def _registered(lowering: Lowering, fields: Fields, call: Call) -> None:
    """An environment by its name and version."""
    whole = asset_of(lowering, call, "environment")
    origins = [(call.key, key) for key in ("name", "version", "label") if call.get(key) is not None]
    fields.put("environment", whole, *origins, note="a registered environment")


def asset_of(lowering: Lowering, call: Call, hint: str) -> object:
    """An asset of the workspace as a file has it: `azureml:NAME:VERSION`, or with its label."""
    given = call.get("version")
    version = given if given is not None else call.get("label") or "latest"
    parts: list[Value] = ["azureml:", call.get("name"), "@" if given is None or given == "latest" else ":", version]
    return lowering.word(joined(parts) if all(map(can_join, parts)) else Unknown(f"{call.key}(…)", call.place), hint)


def _with_prefix(value: object) -> object:
    """A registered environment's name as a file has it: `azureml:NAME:VERSION`, the latest where it says none."""
    if isinstance(value, str):
        plain = value.strip().removeprefix("azureml:")
        known = plain.startswith("//") or set(plain) & set(":@") or "${{" in plain
        return f"azureml:{plain}" if known else f"azureml:{plain}@latest"
    if isinstance(value, Unknown) and isinstance(value.default, str) and value.default:
        return replace(value, default=str(_with_prefix(value.default)))
    if isinstance(value, Mixed) and not str(value.parts[0]).startswith("azureml:"):
        return Mixed(("azureml:", *value.parts))
    return value


def put_entry(lowering: Lowering, entry: Fields, uploads: Uploads, call: Value) -> None:
    """An input or output: what the script itself brings to Azure is an entry of `data`."""
    if not isinstance(call, Call):
        return
    path = call.get("path")
    upload = _uploaded(path, uploads)
    if upload:
        entry.pop("path", None)
        entry.put("data", upload, (call.key, "path"), note="what the script brings to Azure")
    elif isinstance(path, Member | Call):
        data = path.call if isinstance(path, Member) else path
        if data.kind == "v2:Input":  # what a pipeline is given, in another mode
            inner = lowering.fields(data, "job.inputs")
            for key, value in inner.items():
                if key == "path" or key not in entry:
                    entry.put(key, value, *inner.origins[key])
            put_entry(lowering, entry, uploads, data)
        elif data.kind == "v2:data.get" and data.get("name") is not None:
            entry.put("path", asset_of(lowering, data, "data"), (call.key, "path"), note="a data asset")
            for key in ("name", "version", "label"):
                if data.get(key) is not None:
                    lowering.rewrite(data, key, "job.inputs", "the data asset that it gets")
        elif data.kind == "v2:Data" and data.get("path") is not None:
            lowering.put(entry, "path", data, "path")
            lowering.rewrite(call, "path", "job.inputs", "where the data lies")
    elif path is None and call.find("default") is not None:
        pass


def _uploaded(path: Value, uploads: Uploads) -> str:
    """The entry of `data` whose files an input has; "" for none."""
    if isinstance(path, Call | Member):
        call = path.call if isinstance(path, Member) else path
        return uploads.names.get(call.key, "")
    match = _ASSET.match(_start(path))
    if match and match["name"] in uploads.names.values() and match[0] != match["name"]:
        return match["name"]
    return next((one.name for one in uploads.entries if one.of_sdk_v2 and one.source == path), "")


def _start(value: Value) -> str:
    """The text with which a value begins."""
    while isinstance(value, Template):
        value = value.parts[0]
    return value.strip() if isinstance(value, str) else ""


def _text(value: Value) -> str:
    return value.strip() if isinstance(value, str) else ""


def _inner(value: Value, name: str) -> Value:
    return value.get(name) if isinstance(value, dict) else None
