"""Inputs and outputs of SDK v2."""

from __future__ import annotations

import re

from specrun.convert import naming
from specrun.convert.document import TODO, Key
from specrun.convert.document import Value as Written
from specrun.convert.locations import folder_of, is_address, rebased
from specrun.convert.scripts.references import References
from specrun.convert.scripts.stores import Upload
from specrun.convert.scripts.values import Call, Hidden, Member, Template, Value
from specrun.convert.scripts.writing import Expressed, Writing
from specrun.spec.masking import names_secret

_MODES = {
    "ro_mount": "ro_mount",
    "mount": "ro_mount",
    "download": "download",
    "rw_mount": "rw_mount",
    "upload": "upload",
}


def write_data(writing: Writing, job: Call, section: str, references: References) -> None:
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
        elif isinstance(item, Hidden) or (isinstance(item, str) and item and names_secret(name)):
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
        elif isinstance(path, str) and not is_address(path) and found.value is not TODO:
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
