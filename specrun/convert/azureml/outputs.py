"""Outputs of a job."""

from __future__ import annotations

from collections.abc import Mapping

from specrun.convert import coerce
from specrun.convert.azureml.references import short
from specrun.convert.document import Key
from specrun.convert.naming import identifier
from specrun.convert.section import Section, has_expression

_MODES = {"rw_mount": "rw_mount", "mount": "rw_mount", "upload": "upload"}
_FOLDERS = ("custom_model", "mlflow_model", "mltable", "triton_model")
_DATASTORES = "azureml://datastores/"


def write_outputs(section: Section) -> dict[str, str]:
    """Take the outputs over; the spec's names by the source's."""
    names: dict[str, str] = {}
    for key, raw in section.values.items():
        names[key] = identifier(key, names.values())
        to: Key = ("job", "outputs", names[key])
        section.draft.set(to, {})
        if isinstance(raw, Mapping) and raw:
            _write(section.inner(key), to)
        elif raw is None or raw == {}:
            section.carry(key, to)
        elif isinstance(raw, str) and (raw == "default" or raw in _MODES):
            section.rewrite(key, to, "an output has its mode by default")
        else:
            section.ask(key, to, f"a mapping is expected here, and this is {coerce.shown(raw)}")
    return names


def _write(entry: Section, to: Key) -> None:
    fields: dict[str, str] = {}
    _path(entry, to, fields)
    kind = (coerce.word(entry.get("type")) or "").lower()
    if kind in ("", "uri_folder"):
        if "type" in entry.values:
            entry.carry("type", to, "every output is a folder")
    elif kind in _FOLDERS:
        entry.rewrite("type", to, f"{kind}: the same folder; register it afterwards")
    else:
        entry.ask("type", to, f"an output is a folder, not {kind}: write the file into it")
    mode = (coerce.word(entry.get("mode")) or "").lower()
    if mode in _MODES:
        fields["mode"] = _MODES[mode]
        same = _MODES[mode] == entry.get("mode")
        entry.tell("mode", (*to, "mode"), "" if same else "an output's mount is rw_mount")
    elif mode:
        entry.ask("mode", (*to, "mode"), f"specrun has rw_mount and upload, not {coerce.shown(entry.get('mode'))}")
    for key in ("name", "version"):
        entry.drop(key, "specrun registers no outputs: az ml data create, or az ml model create, does")
    entry.drop("description", "an output has no description")
    entry.draft.set(to, fields)


def _path(entry: Section, to: Key, fields: dict[str, str]) -> None:
    """A path on a datastore. In the preview of 2021 it stood below `data`."""
    preview = isinstance(entry.get("data"), Mapping)
    section = entry.inner("data") if preview else entry
    path = coerce.word(section.get("path"))
    if not path:
        return
    address = short(path)
    if has_expression(path):
        what = (
            f"specrun has no {coerce.shown(path)}: the output is kept with the run, apart from those of other runs; "
            "write a path on a datastore to have it elsewhere"
        )
        section.ask("path", (*to, "path"), what)
    elif address.startswith(_DATASTORES) and "/paths/" in address:
        fields["path"] = address
        same = address == path and not preview
        section.tell("path", (*to, "path"), "" if same else "the short form of the same address")
    else:
        section.ask("path", (*to, "path"), f"an output goes to {_DATASTORES}NAME/paths/…, not to {coerce.shown(path)}")
