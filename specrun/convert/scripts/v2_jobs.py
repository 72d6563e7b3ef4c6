"""Jobs of SDK v2: `command(...)` and `CommandJob(...)`."""

from __future__ import annotations

import re

from specrun.convert import coerce, naming
from specrun.convert.draft import TODO, Key
from specrun.convert.draft import Value as Written
from specrun.convert.locations import folder_of, is_address, rebased
from specrun.convert.scripts.arguments import write_code
from specrun.convert.scripts.clusters import SIZE, write_bare_name, write_cluster, write_tags
from specrun.convert.scripts.references import References
from specrun.convert.scripts.secrets import is_credential
from specrun.convert.scripts.stores import Upload, matching
from specrun.convert.scripts.values import Call, Hidden, Member, Template, Value
from specrun.convert.scripts.variables import write_variables
from specrun.convert.scripts.writing import Expressed, Reader, Writing

KINDS = ("v2:command", "v2:CommandJob")
_TYPES = {"tensorflow": "tensorflow", "pytorch": "pytorch", "mpi": "mpi"}
_COUNTS = {
    "tensorflow": ("parameter_server_count", "worker_count"),
    "pytorch": ("process_count_per_instance",),
    "mpi": ("process_count_per_instance",),
}
_REFERENCE = re.compile(r"\$\{\{\s*(inputs|outputs)\s*\.\s*([A-Za-z_]\w*)\s*\}\}")
_MODES = {
    "ro_mount": "ro_mount",
    "mount": "ro_mount",
    "download": "download",
    "rw_mount": "rw_mount",
    "upload": "upload",
}
_RESOURCES: dict[str, Reader] = {
    "instance_type": matching(SIZE),
    "shm_size": matching(re.compile("[0-9]+[bBkKmMgG]")),
    "docker_args": coerce.word,
}
_IDENTITIES = {
    "v2:UserIdentityConfiguration": "user_identity",
    "v2:ManagedIdentityConfiguration": "managed",
    "v2:AmlTokenConfiguration": "aml_token",
}


def write_v2_job(writing: Writing, job: Call, references: References) -> None:
    """The section `job`, and the cluster that it names."""
    writing.draft.comment(("job",), f"from {job.key} ({job.place})")
    if job.get("compute") is not None:
        target = job.get("compute")
        plain = target.removeprefix("azureml:") if isinstance(target, str) else target
        if write_cluster(writing, plain):
            writing.rewrite(job, "compute", ("compute",), "the cluster that the script makes")
        else:
            write_bare_name(writing, job, "compute", target)
    for name in ("display_name", "description"):
        writing.copy(job, name, ("job", name), coerce.word, "text")
    if job.get("code") is not None:
        write_code(writing, job, "code")
    _command(writing, job)
    for name in ("inputs", "outputs"):
        _data(writing, job, name, references)
    _environment(writing, job)
    write_variables(writing, job, "environment_variables")
    _distribution(writing, job)
    _resources(writing, job)
    writing.copy(job, "experiment_name", ("experiment",), _experiment, "a name")
    write_tags(writing, job, "tags", ("job", "tags"))
    identity = job.get("identity")
    if isinstance(identity, Call) and identity.kind in _IDENTITIES:
        writing.draft.set(("job", "identity", "type"), _IDENTITIES[identity.kind])
        writing.rewrite(job, "identity", ("job", "identity"), _IDENTITIES[identity.kind])
        for name in ("client_id", "object_id", "resource_id"):
            writing.copy(identity, name, ("job", "identity", name), coerce.word, "an id")
    for call in writing.of("submit"):
        if call.get("config") is job:
            writing.rewrite(call, "config", ("job",), "the job that `specrun apply` submits")


def _command(writing: Writing, job: Call) -> None:
    value, to = job.get("command"), ("job", "command")
    if value is None:
        found = Expressed(TODO, [("a job needs a command", "")])
    else:
        found = writing.express(value, "command") if isinstance(value, str) else writing.word(value, "command")
    text = str(found.value)
    if isinstance(value, str):
        known = {name for key in ("inputs", "outputs") for name in _names(job.get(key))}
        text = _REFERENCE.sub(lambda match: f"${{{{ {match[1]}.{match[2]} }}}}", value)
        strange = [match[2] for match in _REFERENCE.finditer(value) if match[2] not in known]
        rest = _REFERENCE.sub("", value)
        if "${{" in rest or "$[[" in rest:
            found.asked.append(("the command has an expression that specrun does not have", ""))
            text = TODO
        elif strange:
            found.asked.append((f"the job declares no {strange[0]}", ""))
            text = TODO
    writing.draft.set(to, text.strip() or TODO)
    writing.settle(job, "command", to, found, "" if text == value else "expressions as specrun spells them")


def _names(value: Value) -> list[str]:
    return list(value) if isinstance(value, dict) else []


def _data(writing: Writing, job: Call, section: str, references: References) -> None:
    value = job.get(section)
    if value is None:
        return
    if not isinstance(value, dict):
        writing.ask(job, section, ("job", section), f"the {section} are computed: write them")
        return
    whole = Expressed(None)
    for name, item in value.items():
        to: Key = ("job", section, naming.identifier(name))
        if isinstance(item, Call) and item.kind in ("v2:Input", "v2:Output"):
            found = _entry(writing, item, section, to, references)
        elif isinstance(item, Hidden) or (isinstance(item, str) and item and is_credential(name)):
            found = writing.express(Hidden(name), name)
        elif section == "outputs" or item is None or isinstance(item, list | dict):
            found = Expressed({} if section == "outputs" else TODO, [(f"what {name} is", "")])
        else:
            found = writing.express(item, name)
        writing.draft.set(to, found.value)
        whole.asked += found.asked
        whole.notes += found.notes
    writing.settle(job, section, ("job", section), whole)


def _entry(writing: Writing, call: Call, section: str, to: Key, references: References) -> Expressed:
    """An Input or Output; it accounts for its arguments itself."""
    entry: dict[str, Written] = {}
    kind = str(call.get("type") or "uri_folder")
    if call.find("path") is not None and call.get("path") is not None:
        path = call.get("path")
        found = writing.word(path, "path")
        upload = next((upload for upload in references.uploads if _is_of(path, upload)), None)
        if upload is not None:
            entry["data"] = upload.name
            found.asked = []
        elif isinstance(path, str) and not is_address(path):
            entry["path"] = rebased(path, folder_of(writing.file), writing.options.folder)
        else:
            entry["path"] = found.value
        key = "data" if "data" in entry else "path"
        writing.settle(call, "path", (*to, key), found, "" if entry[key] == path else f"written as {entry[key]}")
    elif section == "inputs":
        default = call.get("default")
        if isinstance(default, str | int | float):
            writing.carry(call, "default", to)
            return Expressed(default)
        entry["path"] = TODO
        writing.ask(call, "path" if call.find("path") else "", (*to, "path"), "where the input lies")
    if call.find("type") is not None:
        _type(writing, call, kind, section, entry, to)
    mode = call.get("mode")
    known = _MODES.get(str(mode).lower().removeprefix("inputoutputmodes.")) if mode is not None else None
    if isinstance(mode, Call) or not isinstance(mode, str | None):
        known = _MODES.get(writing.ledger_text(call, "mode"))
    if known is not None and (section == "outputs") == (known in ("rw_mount", "upload")):
        entry["mode"] = known
        writing.rewrite(call, "mode", (*to, "mode"), f"written as {known}")
    elif mode is not None:
        writing.ask(
            call, "mode", (*to, "mode"), "specrun has ro_mount and download for inputs, rw_mount and upload for outputs"
        )
    return Expressed(entry)


def _is_of(path: Value, upload: Upload) -> bool:
    """Whether an input's path is what the script registers as data."""
    if isinstance(path, Call | Member):
        call = path.call if isinstance(path, Member) else path
        return call.kind == "v2:Data" and call.get("name") == upload.name
    if isinstance(path, Template):
        path = path.parts[0]
    text = path.strip() if isinstance(path, str) else ""
    return bool(text) and (text == upload.source or bool(re.match(rf"(azureml:)?{re.escape(upload.name)}[:@]", text)))


def _type(writing: Writing, call: Call, kind: str, section: str, entry: dict[str, Written], to: Key) -> None:
    text = writing.ledger_text(call, "type")
    plain = kind if isinstance(call.get("type"), str) else text
    if plain in ("uri_folder", "uri_file") and section == "inputs" and "path" in entry:
        entry["type"] = plain
        writing.rewrite(call, "type", (*to, "type"), f"written as {plain}")
    elif plain == "uri_folder" or "data" in entry:
        writing.drop(
            call, "type", "a folder is what an output always is" if section == "outputs" else "the data says it"
        )
    else:
        writing.ask(call, "type", (*to, "type"), f"{plain}: specrun has uri_folder and uri_file")


def _environment(writing: Writing, job: Call) -> None:
    value, to = job.get("environment"), ("job", "environment")
    if value is None:
        return
    if isinstance(value, Call) and value.kind == "v2:Environment":
        writing.rewrite(job, "environment", to, "its fields are those of the section")
        for name in ("image", "conda_file"):
            given = value.get(name)
            if name == "conda_file" and isinstance(given, str):
                path = rebased(given, folder_of(writing.file), writing.options.folder)
                writing.draft.set((*to, name), path)
                writing.rewrite(value, name, (*to, name), "relative to the spec")
            elif given is not None:
                writing.copy(value, name, (*to, name), coerce.word, "text")
        build = value.get("build")
        if isinstance(build, Call):
            writing.rewrite(value, "build", (*to, "build"), "its fields are those of the section")
            context = build.get("path")
            start = folder_of(writing.file)
            where = rebased(context, start, writing.options.folder) if isinstance(context, str) else TODO
            writing.draft.set((*to, "build", "path"), where)
            writing.rewrite(build, "path", (*to, "build", "path"), "relative to the spec")
            writing.copy(build, "dockerfile_path", (*to, "build", "dockerfile_path"), coerce.word, "a path")
        if all(writing.draft.get((*to, name)) is None for name in ("image", "conda_file")) and not isinstance(
            build, Call
        ):
            writing.draft.set(to, _registered(str(value.get("name") or TODO), value.get("version")))
        return
    found = writing.word(value, "environment")
    text = str(found.value)
    writing.draft.set(to, _registered(text, None) if isinstance(value, str) else f"azureml:{text}")
    writing.settle(job, "environment", to, found, "" if writing.draft.get(to) == value else "a registered environment")


def _registered(name: str, version: Value) -> str:
    plain = name.strip().removeprefix("azureml:")
    if plain.startswith("//") or set(plain) & set(":@"):
        return f"azureml:{plain}"
    return f"azureml:{plain}:{version}" if isinstance(version, str | int) else f"azureml:{plain}@latest"


def _distribution(writing: Writing, job: Call) -> None:
    value, to = job.get("distribution"), ("job", "distribution")
    if isinstance(value, dict):
        kind = _TYPES.get(str(value.get("type") or "").lower())
        if kind is None:
            writing.ask(job, "distribution", to, "which type: tensorflow, pytorch or mpi")
            return
        entry: dict[str, Written] = {"type": kind}
        whole = Expressed(None)
        for name in _COUNTS[kind]:
            if value.get(name) is not None:
                found = writing.express(value[name], name)
                number = coerce.whole(found.value)
                entry[name] = number if number is not None else found.value
                whole.asked += found.asked
                whole.notes += found.notes
        writing.draft.set(to, entry)
        writing.settle(job, "distribution", to, whole, "" if entry == value else "in specrun's words")
    elif isinstance(value, Call):
        kind = value.kind.removeprefix("v2:").removesuffix("Distribution").lower()
        if kind not in _COUNTS:
            writing.ask(job, "distribution", to, "which type: tensorflow, pytorch or mpi")
            return
        writing.draft.set((*to, "type"), kind)
        writing.rewrite(job, "distribution", to, f"written as type: {kind}")
        if not value.arguments:
            writing.rewrite(value, "", to, f"written as type: {kind}")
        for name in _COUNTS[kind]:
            writing.copy(value, name, (*to, name), coerce.whole, "a whole number")
    elif value is not None:
        writing.ask(job, "distribution", to, "the distribution is computed: write it")


def _resources(writing: Writing, job: Call) -> None:
    holders = [job, *(call for call in writing.of("set_resources", "set_limits") if call.owner is job)]
    for name in ("resources", "limits"):
        inner = job.get(name)
        if isinstance(inner, Call):
            writing.rewrite(job, name, ("job", name), "its fields are those of the section")
            holders.append(inner)
    for call in holders:
        for prefix in ("", "resources.", "limits."):
            writing.copy(
                call, f"{prefix}instance_count", ("job", "resources", "instance_count"), coerce.count, "a whole number"
            )
            for name, read in _RESOURCES.items():
                writing.copy(call, f"{prefix}{name}", ("job", "resources", name), read, name.replace("_", " "))
            writing.copy(call, f"{prefix}timeout", ("job", "limits", "timeout"), coerce.count, "seconds")


def _experiment(value: object) -> str | None:
    return naming.experiment(value) or None if isinstance(value, str) else None
