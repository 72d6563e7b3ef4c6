"""Calls of the CLI v1 in the words of a run configuration and of the CLI v2, and where a script is run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from specrun.convert import coerce, locations, naming
from specrun.convert.azcli.calls import CLUSTER, HYPERDRIVE, STORES, SUBMITS, UPLOAD, Call
from specrun.convert.azcli.hyperdrive import put_arguments, sweep_of, unread
from specrun.convert.document import Document
from specrun.convert.recognizing import check
from specrun.convert.report import FieldPath, Ledger, Report
from specrun.convert.section import Fields, Section
from specrun.convert.sources import Source, read_yaml
from specrun.convert.unknown import Missing

_FOLDERS = (".azureml", "aml_config", "")
"""Where SDK v1 looks for a run configuration, in the project's folder."""

_UPWARDS = 3
"""How many folders above the script's may be the one in which it is run."""

_RUN = {"ct": "target", "experiment-name": "experimentName", "source-directory": "sourceDirectory"}
# fmt: off
_CLUSTER = {
    "name": "name", "vm-size": "size", "vm-priority": "tier", "description": "description",
    "min-nodes": "min_instances", "max-nodes": "max_instances", "enable-node-public-ip": "enable_node_public_ip",
    "idle-seconds-before-scaledown": "idle_time_before_scale_down", "idle-time": "idle_time_before_scale_down",
    "admin-username": "ssh_settings.admin_username", "admin-user-password": "ssh_settings.admin_password",
    "admin-user-ssh-key": "ssh_settings.ssh_key_value",
    "vnet-name": "network_settings.vnet_name", "subnet-name": "network_settings.subnet",
}
# fmt: on
_CREDENTIALS = ("account-key", "sas-token", "tenant-id", "client-id", "client-secret")
_STORE = {
    "account-name": "account_name",
    **{name: f"credentials.{name.replace('-', '_')}" for name in _CREDENTIALS},
}
"""Options, and the fields that they are in the words of the CLI v2."""


class Shell:
    """A script and its calls, with a ledger for it and for the files that it names, by their paths.

    In the ledger such a file's fields stand below its name; `by_file` gives each file its own.
    """

    def __init__(self, source: Source, calls: Sequence[Call], draft: Document) -> None:
        self.file, self.calls, self.draft = source.file, calls, draft
        self.values: dict[str, object] = {call.key: _values(call) for call in calls}
        self.ledger = Ledger(source.file, self.values, self.place)
        self.named: dict[str, Source] = {}

    def section(self, fields: Fields) -> Section:
        """Fields that were put together from what the script says."""
        return Section(self.ledger, self.draft, fields.path, fields, loose=True)

    def place(self, path: FieldPath) -> str:
        """Where something stands that a report speaks of."""
        for file, source in self.named.items():
            if path[:1] == (file,):
                return source.place(path[1:])
        return next((call.place for call in self.calls if path[:1] == (call.key,)), "")

    def by_file(self, report: Report) -> Report:
        """The same report, with the fields of the files that it names as those of these files."""
        own = [entry for entry in report.entries if not (entry.path and entry.path[0] in self.named)]
        moved = [
            replace(one, file=file, path=one.path[1:])
            for file in self.named
            for one in report.entries
            if one.path[:1] == (file,)
        ]
        return Report((*own, *moved), {**report.places, **{file: one.place for file, one in self.named.items()}})


def base_of(file: str, call: Call) -> str:
    """The folder in which a script's call is run: the first from the script's own upwards that has what it names."""
    begin, named = locations.folder_of(file), [*_named(call)]
    tried = (os.path.join(begin, *[".."] * number, call.folder or "") for number in range(_UPWARDS + 1))  # noqa: PTH118
    for folder in map(os.path.normpath, tried):
        if any(os.path.exists(os.path.join(folder, name)) for name in named):  # noqa: PTH110, PTH118
            return folder
    return begin


def project_of(file: str, call: Call) -> str:
    """The project's folder: --path, from where the call is run."""
    return os.path.normpath(os.path.join(base_of(file, call), _text(call.get("path"))))  # noqa: PTH118


def _named(call: Call) -> Iterator[str]:
    """Files and folders that a call names, relative to where it is run."""
    root, source = _text(call.get("path")), _text(call.get("source-directory"))
    yield from (os.path.join(root, one) for one in _configurations(call))  # noqa: PTH118
    if source not in ("", "."):
        yield source
    elif call.command in SUBMITS and call.words and isinstance(call.words[0], str):
        yield os.path.join(root, call.words[0])  # noqa: PTH118
    yield from filter(None, (_text(call.get(option)) for option in ("conda-dependencies", "src-path")))


def _configurations(call: Call) -> list[str]:
    """A name with another ending is the file's, as SDK v1 has it."""
    name = _text(call.get("run-configuration-name")).removesuffix(".runconfig")
    files = [name, f"{name}.runconfig"] if "." in name else [f"{name}.runconfig"]
    return [os.path.join(folder, file) for folder in _FOLDERS for file in files] if name else []  # noqa: PTH118


def _rebased(path: object, file: str, call: Call, project: str) -> object:
    """A path of the command line as one that begins at the project's folder."""
    if not isinstance(path, str) or not path or locations.is_address(path):
        return path
    return os.path.relpath(os.path.join(base_of(file, call), path), project).replace(os.sep, "/")  # noqa: PTH118


def run_of(shell: Shell, job: Call, project: str) -> tuple[Fields, Fields | None]:
    """The job in the words of a run configuration: that of the file, and before it what the call says; and its sweep,
    where it is one.
    """
    run = _configuration(shell, job, project)
    if job.words:
        _replace(shell, run, "script", job.words[0], (job.key, "script"))
    if job.words[1:]:
        _replace(shell, run, "arguments", list(job.words[1:]), (job.key, "arguments"))
    for option, name in _RUN.items():
        if (value := job.get(option)) is not None:
            path = _rebased(value, shell.file, job, project) if option == "source-directory" else value
            _replace(shell, run, name, path, (job.key, option))
    if (conda := job.get("conda-dependencies")) is not None:
        origin: FieldPath = (job.key, "conda-dependencies")
        environment = _copied(run, "environment", origin)
        python = _copied(environment, "python", origin)
        for name in ("condaDependencies", "userManagedDependencies"):
            _replace(shell, python, name, None, origin)
        _replace(shell, python, "condaDependenciesFile", _rebased(conda, shell.file, job, project), origin)
    key = _key(run, "target")
    made = [call for call in shell.calls if call.command == CLUSTER and call.get("name") == run.get(key)]
    if made and run.get(key) is not None:
        run.put(key, cluster_of(made[-1]), *run.origins.get(key, ()), note="the cluster that the script makes")
    put_stores(run, shell, project, "uploads")
    return run, _sweep(shell, job, run, project) if job.command == HYPERDRIVE else None


def _sweep(shell: Shell, job: Call, run: Fields, project: str) -> Fields:
    """What the file of a sweep says: it is named from where the call is run, else lies anywhere in the project."""
    name, origin = _text(job.get("hyperdrive-configuration-name")), (job.key, "hyperdrive-configuration-name")
    base = base_of(shell.file, job)
    tried = [os.path.join(base, name), *(os.path.join(project, one, name) for one in (*_FOLDERS, "."))]  # noqa: PTH118
    file = next((os.path.normpath(one) for one in tried if name and os.path.isfile(one)), None)  # noqa: PTH113
    if file is None:
        what = f"the sweep's file {coerce.shown(name)} is not beside the script: grid, random or bayesian, and of what?"
        return unread(what, origin)
    source = read_yaml(file)
    shell.named[file], shell.values[file] = source, source.values
    shell.ledger.rewrite(origin, "sweep", f"what {file} says")
    sweep, flags = sweep_of(coerce.mapping(source.values), (file,))
    if "early_termination" not in sweep:
        shell.ledger.drop((file, "policy"), "without `early_termination` every trial runs to its end")
    put_arguments(run, _key(run, "arguments"), flags)
    return sweep


def _configuration(shell: Shell, job: Call, project: str) -> Fields:
    """The run configuration that a call names."""
    name, origin = job.get("run-configuration-name"), (job.key, "run-configuration-name")
    run = Fields((job.key,))
    if name is None:
        run.put("target", "local")  # as the CLI has it, with a plain Python
        return run
    tried = (os.path.normpath(os.path.join(project, one)) for one in _configurations(job))  # noqa: PTH118
    file = next((one for one in tried if os.path.isfile(one)), None)  # noqa: PTH113
    if file is None:
        what = f"the run configuration {coerce.shown(name)} is not beside the script: write what it says"
        run.put("target", Missing(what), origin)
        run.put("environment", Missing(what), origin)
        return run
    config = read_yaml(file)
    check(config, "runconfig", "no run configuration of SDK v1")
    shell.named[file], shell.values[file] = config, config.values
    values, path = config.values, (file,)
    for key in ("runDefinition", "definition", "runConfig"):
        if isinstance(values, Mapping) and isinstance(values.get(key), Mapping):
            values, path = values[key], (*path, key)  # type: ignore[assignment]
    shell.ledger.rewrite(origin, "job", f"what {file} says")
    return _fields(values, path)


def _replace(shell: Shell, fields: Fields, name: str, value: object, origin: FieldPath) -> None:
    """What the command line says, in place of what the file says."""
    key = _key(fields, name)
    if fields.origins.get(key) and not coerce.is_empty(fields.get(key)):
        shell.ledger.drop(fields.origins[key][0], "the command line says another")
    fields.pop(key, None)
    fields.origins.pop(key, None)
    if value is not None:
        fields.put(name, value, origin)


def _copied(fields: Fields, name: str, origin: FieldPath) -> Fields:
    """A mapping in Fields as Fields itself, which may be changed."""
    key = _key(fields, name)
    made = _fields(fields.get(key), next(iter(fields.origins.get(key, ())), fields.path))
    fields.put(key, made, origin)
    return made


def _fields(values: object, path: FieldPath) -> Fields:
    place = Fields(path)
    for key, item in values.items() if isinstance(values, Mapping) else ():
        place.put(str(key), item, (*path, str(key)))
    return place


def _key(fields: Fields, name: str) -> str:
    """A field's name as the file spells it."""
    return next((key for key in fields if key.replace("_", "").lower() == name.lower()), name)


def cluster_of(call: Call) -> Fields:
    """`az ml computetarget create amlcompute`."""
    place = _put(Fields((call.key,)), call, _CLUSTER)
    if (identity := call.get("assign-identity")) is not None:
        origin = (call.key, "assign-identity")
        own = identity in ("[system]", "")
        place.inner("identity", origin).put("type", "system_assigned" if own else "user_assigned", origin)
        if not own:
            entry = Fields(origin)
            entry.put("resource_id", identity, origin)
            place.inner("identity").put("user_assigned_identities", [entry], origin)
    return place


def put_stores(place: Fields, shell: Shell, project: str, data: str) -> None:
    """Datastores that the script attaches, and under the name `data` what it uploads to one."""
    for call in shell.calls:
        if call.command in STORES:
            kind, container = STORES[call.command]
            store = place.inner("datastores").inner(_text(call.get("name")) or "store", (call.key, "name"))
            store.path = (call.key,)
            store.put("type", kind)
            _put(store, call, {**_STORE, "container-name": container})
        elif call.command == UPLOAD:
            path = call.get("src-path")
            name = naming.slug(_text(path).rstrip("/").rpartition("/")[2]) or "data"
            entry = place.inner(data).inner(name, (call.key, "src-path"))
            entry.path = (call.key,)
            entry.put("path", _rebased(path, shell.file, call, project), (call.key, "src-path"))
            _put(entry, call, {"name": "datastore", "target-path": "target"})


def _put(place: Fields, call: Call, names: Mapping[str, str]) -> Fields:
    """Options as fields, or as fields of a section; numbers are numbers, and a flag is true."""
    for option, name in names.items():
        if (value := call.get(option)) is not None:
            section, _, last = name.rpartition(".")
            inner = place.inner(section, (call.key, option)) if section else place
            number = isinstance(value, str) and value.isdecimal()
            inner.put(last, int(str(value)) if number else value or "true", (call.key, option))
    return place


def _values(call: Call) -> dict[str, object]:
    """What a call says, for the report: options by their names, and the words that are none."""
    script, arguments = ("script", "arguments") if call.command in SUBMITS else ("word", "words")
    rest = {script: call.words[:1], arguments: call.words[1:]}
    return {**call.options, **{name: list(words) for name, words in rest.items() if words}}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
