"""What a job reads and writes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from specrun.convert import coerce, credentials, locations
from specrun.convert.document import TODO, Key
from specrun.convert.locations import asset_name, short
from specrun.convert.naming import identifier
from specrun.convert.section import Reader, Section, dropped, has_expression
from specrun.convert.unknown import Secret, is_open, opened
from specrun.convert.writers.command import Names, plain_word
from specrun.convert.writers.reading import Reading

_LITERALS = ("string", "integer", "number", "boolean", "str", "int", "float", "bool")
_MODELS = ("custom_model", "mlflow_model")
_FOLDERS = ("custom_model", "mlflow_model", "triton_model", "mltable")
_SCHEMES = ("azureml:", "https://", "http://", "wasbs://", "wasb://", "abfss://", "abfs://", "adl://")
_STORES = "azureml://datastores/"
_READ_ONLY = "mounted, but read only: what the job writes goes to outputs"
_READ = {
    **dict.fromkeys(("ro_mount", "mount", "eval_mount", "rw_mount"), "ro_mount"),
    **dict.fromkeys(("download", "eval_download"), "download"),
}
_WRITTEN = {"rw_mount": "rw_mount", "mount": "rw_mount", "upload": "upload"}
_INPUT = (
    *dropped("a run gets the path as ${{ inputs.NAME }}, wherever it is", "path_on_compute"),
    *dropped("a local path goes to the workspace's default datastore; see `data` for others", "datastore"),
    *dropped("an input of a job that is declared is given", "optional"),
    *dropped("an input has no description", "description"),
)
_OUTPUT = (
    *dropped("specrun registers outputs as models alone: az ml data create makes a data asset", "name"),
    *dropped("a model's version is the next one that there is", "version"),
    *dropped("an output has no description", "description"),
)


def write_inputs(reading: Reading, section: Section, names: Names) -> None:
    """Take the inputs over, and note what the command calls them."""
    for name, raw in section.values.items():
        if raw is None:
            continue
        names.inputs[name] = identifier(name, names.inputs.values())
        to: Key = ("job", "inputs", names.inputs[name])
        if isinstance(raw, Mapping):
            _write_entry(reading, section.inner(name, to=to), name, to, names)
        else:
            _write_literal(section, name, name, to, names)


def _write_literal(section: Section, key: str, name: str, to: Key, names: Names) -> None:
    """A value that the command takes: where Azure ML makes other words of it than specrun would, those."""
    raw, note = section.values[key], "" if key == name else "a literal stands by itself"
    if isinstance(raw, Secret) or (isinstance(raw, str) and credentials.is_secret(name, raw)):
        what = "a secret is not copied: hand it to the script in a variable of environment_variables"
        section.ask(key, to, what)
    elif isinstance(raw, bool):
        section.put(key, to, str(raw), f"Azure ML puts {raw} into the command, and specrun would {str(raw).lower()}")
    elif is_open(found := opened(raw, section.place(key) if has_expression(raw) else "", prose=True)):
        section.draft.set(to, section.expressed(key, to, found))
    elif not isinstance(raw, str | int | float):
        section.ask(key, to, f"a value or a path is expected here, and this is {coerce.shown(raw)}")
    elif isinstance(raw, str) and not plain_word(raw) and name in names.used:
        place: Key = ("vars", names.inputs[name])
        names.texts[name] = raw
        section.draft.set(place, raw)
        why = "Azure ML puts it into the command as it is, and bash splits it: an input would be one word"
        section.rewrite(key, place, why)
    else:
        section.draft.set(to, raw)
        section.tell(key, to, note)


def _write_entry(reading: Reading, entry: Section, name: str, to: Key, names: Names) -> None:
    kind = (coerce.word(entry.get("type")) or "").lower()
    literal = next((key for key in ("value", "default") if isinstance(entry.get(key), str | int | float)), None)
    literal = literal or next(
        (key for key in ("value", "default") if kind in _LITERALS and is_open(entry.get(key))), None
    )
    if literal and "path" not in entry.values and (kind in _LITERALS or not kind):
        _write_literal(entry, literal, name, to, names)
        entry.drop("type", "a literal has the type of its value")
        return
    path = entry.known("path")
    if kind in _LITERALS and not literal and path is None and entry.get("data") is None:
        meant = f"TODO: the input {to[-1]}, of type {kind}"
        expression = entry.draft.variable(to[-1], TODO, meant)
        entry.draft.set(to, expression)
        flag = f"--var {expression.removeprefix('${{ vars.').removesuffix(' }}')}=VALUE"
        entry.ledger.ask(entry.path, ".".join(to), f"an input of type {kind} without a value", flag)
        entry.drop("type", "a literal has the type of its value")
        entry.take(_INPUT, to)
        return
    if entry.get("run") is not None:
        _write_run(entry, to)
        return
    if entry.get("data") is not None:
        entry.copy("data", (*to, "data"), coerce.word, "the name of an entry of data")
        entry.rewrite("path", (*to, "data"), "the data that is declared beside the job")
    elif path is None:
        entry.draft.set((*to, "path"), TODO, "TODO: a path")
        entry.ledger.ask(entry.path, ".".join(to), "an input without a path", f"--input {to[-1]}=…")
    elif _mode(entry) == "direct" and isinstance(path, str) and _is_direct(path):
        entry.put("path", to, path, "mode direct: the script gets the address itself")
        for other in ("mode", "type"):
            entry.drop(other, "direct: the address is a literal now")
        return
    elif kind in _MODELS and isinstance(path, str) and _is_version(path):
        _write_model(entry, to, path, kind)
        return
    elif kind in _FOLDERS and isinstance(path, str) and asset_name(path)[0]:
        what = f"an input of type {kind} names an asset that is no plain data: write the path on its datastore"
        entry.ask("path", (*to, "path"), what, f"--input {to[-1]}=…")
    else:
        _write_place(reading, entry, to, path)
    _write_type(entry, to, kind)
    _write_mode(
        entry,
        to,
        _READ,
        "ro_mount and download",
        {"mount": _READ_ONLY},
    )
    if _mode(entry) == "rw_mount":
        what = "the job may write there, and an input of a spec is read only: what it writes goes to an output"
        entry.doubt("mode", (*to, "mode"), what)
    entry.take(_INPUT, to)


def _is_version(path: str) -> bool:
    """Whether a registered model is named as a spec can: with its version, or as the newest; not by another label."""
    name, version = asset_name(path)
    return bool(name) and (version in ("", "latest") or (path.endswith(f":{version}") and version.lower() != "newest"))


def _write_run(entry: Section, to: Key) -> None:
    """What the run of another spec writes."""
    for name in ("run", "output"):
        entry.copy(name, (*to, name), coerce.word, "the name of a spec, or of an output of it")
    kind = (coerce.word(entry.get("type")) or "").lower()
    if kind in ("", "uri_folder", *_FOLDERS):
        entry.drop("type", "what a run writes is a folder")
    else:
        entry.doubt(
            "type", to, f"what a run writes is a folder, and not {kind}: let the script look for its file there"
        )
    _write_mode(entry, to, _READ, "ro_mount and download", {"mount": _READ_ONLY})
    entry.take(_INPUT, to)


def _write_model(entry: Section, to: Key, path: str, kind: str) -> None:
    """A registered model, by its name and version."""
    name, version = asset_name(path)
    entry.draft.set((*to, "model"), name)
    entry.draft.set((*to, "version"), int(version) if version.isdecimal() else version or "latest")
    entry.rewrite("path", (*to, "model"), "a registered model")
    entry.rewrite("type", (*to, "model"), f"{kind}: the version says what it is")
    _write_mode(entry, to, _READ, "ro_mount and download", {"mount": _READ_ONLY})
    entry.take(_INPUT, to)


def _is_direct(path: str) -> bool:
    return locations.is_address(path) and not asset_name(path)[0] and not credentials.reveals(path)


def _write_place(reading: Reading, entry: Section, to: Key, path: object) -> None:
    """Write where an input's files are."""
    place, flag = (*to, "path"), f"--input {to[-1]}=…"
    if is_open(path):
        entry.copy("path", place, coerce.word, "a path")
        return
    written = coerce.word(path)
    if written is None:
        entry.ask("path", place, f"a path is expected here, and this is {coerce.shown(path)}", flag)
        return
    address = short(written)
    if credentials.reveals(written):
        entry.ask("path", place, "the address has a signature in it, which is not copied: name a datastore", flag)
    elif not locations.is_address(address):
        local = reading.local(entry, written)
        entry.put("path", place, local, "" if local == path else "relative to the spec")
    elif address.startswith(_SCHEMES):
        _put_address(entry, place, address, path)
    else:
        entry.ask("path", place, f"an address that Azure ML cannot read: {coerce.shown(written)}", flag)


def _put_address(entry: Section, place: Key, address: str, path: object) -> None:
    """The short form means the spec's own workspace, and the long one names a workspace."""
    named, own = locations.workspace_of(coerce.word(path) or ""), entry.draft.get(("workspace", "name"))
    note = "the short form of the same address"
    if named and own != named:
        note = f"the short form: it lies in the workspace {named}, which the spec's has to be"
    entry.put("path", place, address, "" if address == path else note)
    if named and isinstance(own, str) and "${{" not in own and own not in (TODO, named):
        what = f"it lies in the workspace {named}, and the spec's is {own}: have a datastore there, or copy the files"
        entry.doubt("path", place, what)


def _write_type(entry: Section, to: Key, kind: str) -> None:
    if entry.draft.get((*to, "data")) is not None:
        entry.rewrite("type", (*to, "data"), "an entry of data is a folder, or the folder around a file")
    elif kind in ("uri_file", "uri_folder"):
        entry.put("type", (*to, "type"), kind)
    elif kind in _FOLDERS:
        entry.rewrite("type", to, f"{kind}: the same folder, as uri_folder")
    elif kind == "path":
        entry.drop("type", "a folder, unless it says uri_file")
    else:
        entry.copy("type", (*to, "type"), lambda value: None, "uri_file or uri_folder")


def _mode(entry: Section) -> str:
    return (coerce.word(entry.get("mode")) or "").lower()


def _write_mode(entry: Section, to: Key, modes: Mapping[str, str], expected: str, notes: Mapping[str, str]) -> None:
    read: Reader = lambda value: modes.get((coerce.word(value) or "").lower())  # noqa: E731
    mode = _mode(entry)
    if mode in modes:
        entry.put("mode", (*to, "mode"), modes[mode], notes.get(mode, ""))
    else:
        entry.copy("mode", (*to, "mode"), read, f"one of {expected}")


def write_outputs(section: Section, names: Names) -> None:
    """Take the outputs over, and note what the command calls them."""
    for name, raw in section.values.items():
        names.outputs[name] = identifier(name, names.outputs.values())
        to: Key = ("job", "outputs", names.outputs[name])
        section.draft.set(to, {})
        if isinstance(raw, Mapping) and raw:
            _write_output(section.inner(name, to=to), to)
        elif raw is None or raw == {}:
            section.carry(name, to)
        elif isinstance(raw, str) and (raw == "default" or raw in _WRITTEN):
            section.rewrite(name, to, "an output has its mode by default")
        else:
            section.doubt(name, to, f"a mapping is expected here, and this is {coerce.shown(raw)}")


def _write_output(entry: Section, to: Key) -> None:
    entry.rewrite("as", to, "an output of the pipeline, too")
    _write_target(entry, to)
    kind = (coerce.word(entry.get("type")) or "").lower()
    if kind in _MODELS and entry.get("name") is not None:
        entry.copy("name", (*to, "register", "name"), _model_name, "a model's name")
        entry.put("type", (*to, "register", "type"), kind)
    elif kind in ("", "uri_folder", "path"):
        entry.carry("type", to, "every output is a folder")
    elif kind in _FOLDERS:
        entry.rewrite("type", to, f"{kind}: the same folder; `register` makes it a version of a model")
    else:
        entry.doubt("type", to, f"an output is a folder, not {kind}: write the file into it")
    _write_mode(entry, to, _WRITTEN, "rw_mount and upload", {"mount": "an output's mount is rw_mount"})
    entry.take(_OUTPUT if entry.draft.get((*to, "register", "name")) is None else _OUTPUT[1:], to)


def _model_name(value: object) -> str | None:
    written = coerce.word(value) or ""
    return written if re.fullmatch("[A-Za-z0-9][A-Za-z0-9_.-]{0,254}", written) else None


def _write_target(entry: Section, to: Key) -> None:
    """Where an output goes: a path on a datastore; without one it is kept with the run."""
    path, place = entry.get("path"), (*to, "path")
    if isinstance(path, str) and has_expression(path):
        what = (
            f"specrun has no {coerce.shown(path)}: the output is kept with the run, apart from those of other runs; "
            "write a path on a datastore to have it elsewhere"
        )
        entry.doubt("path", place, what)
        return
    if is_open(found := entry.known("path")) or path is None:
        entry.copy("path", place, coerce.word, "a path on a datastore")
        return
    address = short(coerce.word(found) or "")
    if address.startswith(_STORES) and "/paths/" in address:
        _put_address(entry, place, address, path)
    else:
        entry.doubt("path", place, f"an output goes to {_STORES}NAME/paths/…, not to {coerce.shown(path)}")
