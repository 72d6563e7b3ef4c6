"""Inputs of a job."""

from __future__ import annotations

from collections.abc import Mapping

from specrun.convert import coerce, credentials, locations
from specrun.convert.azureml.command import plain_word
from specrun.convert.azureml.input_path import place_of, write_address, write_place
from specrun.convert.azureml.reading import JobImport
from specrun.convert.azureml.references import asset_name
from specrun.convert.document import TODO, Key, Value
from specrun.convert.naming import identifier
from specrun.convert.section import Section, has_expression

_LITERALS = ("string", "integer", "number", "boolean", "str", "int", "float", "bool")
_MODELS = ("custom_model", "mlflow_model", "triton_model")


def write_inputs(reading: JobImport, section: Section) -> tuple[dict[str, str], dict[str, str]]:
    """Take the inputs over: the spec's names by the source's, and literals that bash would split, as texts."""
    names: dict[str, str] = {}
    texts: dict[str, str] = {}
    for name in [str(key) for key, value in section.values.items() if value is not None]:
        names[name] = identifier(name, names.values())
        to: Key = ("job", "inputs", names[name])
        raw = section.values[name]
        if isinstance(raw, Mapping):
            _write_path(reading, section.inner(name), to)
        else:
            _write_literal(section, name, to, texts)
    return names, texts


def settle_texts(section: Section, names: Mapping[str, str], texts: Mapping[str, str], used: frozenset[str]) -> None:
    """Write what the command takes as text as variables of the spec, all else as inputs."""
    for name, text in texts.items():
        if name in used:
            to: Key = ("vars", names[name])
            why = "Azure ML puts it into the command as it is, and bash splits it: an input would be one word"
        else:
            to, why = ("job", "inputs", names[name]), ""
        section.draft.set(to, text)
        section.tell(name, to, why)


def _write_literal(section: Section, name: str, to: Key, texts: dict[str, str]) -> None:
    raw = section.values[name]
    if isinstance(raw, bool):
        section.draft.set(to, raw)
        section.carry(name, to, f"Azure ML puts {raw} into the command, specrun {str(raw).lower()}")
    elif isinstance(raw, (int, float)):
        section.put(name, to, raw)
    elif not isinstance(raw, str):
        section.ask(name, to, f"a value or a path is expected here, and this is {coerce.shown(raw)}", write=True)
    elif has_expression(raw):
        what = "an expression that specrun does not have: write the value, or give it"
        section.ask(name, to, what, f"--input {to[-1]}=…", write=True)
    elif credentials.is_secret(name, raw):
        what = "a secret is not copied: hand it to the script in a variable of environment_variables"
        section.ask(name, to, what, write=True)
    elif plain_word(raw):
        section.put(name, to, raw)
    else:
        texts[name] = raw


def _write_path(reading: JobImport, entry: Section, to: Key) -> None:
    kind = (coerce.word(entry.get("type")) or "").lower()
    literal = next((key for key in ("value", "default") if isinstance(entry.get(key), (str, int, float, bool))), None)
    if literal and "path" not in entry.values and (kind in _LITERALS or not kind):
        _write_value(entry, literal, to)
        return
    place = place_of(entry)
    if place is None:
        entry.draft.set((*to, "path"), TODO, "TODO: a path")
        entry.ledger.ask(entry.path, ".".join(to), "an input without a path", f"--input {to[-1]}=…")
        return
    if _mode(entry) == "direct" and locations.is_address(place[1]) and not asset_name(place[1])[0]:
        write_address(entry, place, to)
        return
    write_place(reading, entry, to, place)
    _write_type(entry, to, kind, place[1])
    _write_mode(entry, to)
    for other, why in _DROPPED.items():
        entry.drop(other, why)


_DROPPED = {
    "path_on_compute": "a run gets the path as ${{ inputs.NAME }}, wherever it is",
    "datastore": "a local path goes to the workspace's default datastore; see `data` for others",
    "optional": "an input of a job that is declared is given",
    "description": "an input has no description",
}


def _write_value(entry: Section, key: str, to: Key) -> None:
    value = entry.get(key)
    if credentials.is_secret(to[-1], str(value)) or has_expression(value):
        entry.ask(key, to, "a secret or an expression is not copied: write the value", write=True)
    elif isinstance(value, (str, int, float, bool)):
        entry.draft.set(to, value)
        entry.rewrite(key, to, "a literal stands by itself")
    entry.drop("type", "a literal has the type of its value")


def _write_type(entry: Section, to: Key, kind: str, path: str) -> None:
    preview = {"file": "uri_file", "folder": "uri_folder"}
    given = next((preview[key] for key in preview if entry.get(key)), "")
    if kind in ("uri_file", "uri_folder"):
        if entry.draft.get((*to, "data")) is None:
            entry.put("type", (*to, "type"), kind)
        else:
            entry.rewrite("type", (*to, "data"), "an entry of data is a folder, or the folder around a file")
    elif kind in _MODELS or kind == "mltable":
        if path.startswith("azureml:") and not path.startswith("azureml://"):
            what = f"an input of type {kind} names an asset that is no plain data: write the path on its datastore"
            entry.ask("type", (*to, "type"), what)
        else:
            entry.rewrite("type", to, f"{kind}: the same folder, as uri_folder")
    elif kind == "path" or not kind:
        entry.drop("type", "a folder, unless it says uri_file")
        if given == "uri_file":
            entry.draft.set((*to, "type"), given)
    else:
        entry.ask("type", (*to, "type"), f"no type of an input: {coerce.shown(entry.get('type'))}")


def _mode(entry: Section) -> str:
    return (coerce.word(entry.get("mode")) or "").lower()


def _write_mode(entry: Section, to: Key) -> None:
    mode = _mode(entry)
    known: dict[str, Value] = {
        "ro_mount": "ro_mount",
        "mount": "ro_mount",
        "download": "download",
        "eval_mount": "ro_mount",
        "eval_download": "download",
        "rw_mount": "ro_mount",
    }
    if mode in known:
        note = {"rw_mount": "an input is read only", "mount": "read only"}.get(mode, "")
        entry.put("mode", (*to, "mode"), known[mode], note)
    elif mode:
        entry.ask("mode", (*to, "mode"), f"specrun has ro_mount and download, not {coerce.shown(entry.get('mode'))}")
