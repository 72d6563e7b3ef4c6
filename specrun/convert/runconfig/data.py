"""Data references, datasets and outputs of a run configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from specrun.convert import coerce, credentials
from specrun.convert.document import TODO, Key
from specrun.convert.naming import identifier
from specrun.convert.runconfig.reading import RunconfigImport
from specrun.convert.section import Section, has_expression

_MODES = {"mount": "ro_mount", "download": "download"}
_OUTPUT_MODES = {"mount": "rw_mount", "upload": "upload"}


def write_data(reading: RunconfigImport) -> None:
    """Inputs and outputs, and how arguments and scripts call them."""
    taken: list[str] = []
    for name, entry in _entries(reading.section, "dataReferences"):
        _reference(reading, name, entry, _take(name, taken))
    for name, entry in _entries(reading.section, "data"):
        _dataset(reading, name, entry, _take(name, taken))
    for name, entry in _entries(reading.section, "outputData"):
        _output(reading, name, entry, _take(name, taken))


def _take(name: str, taken: list[str]) -> str:
    taken.append(identifier(name, taken))
    return taken[-1]


def _entries(section: Section, key: str) -> Iterator[tuple[str, Section]]:
    entries = section.inner(key)
    yield from entries.sections()
    for name in entries.names():
        if not isinstance(entries.values[name], Mapping):
            entries.ask(name, ("job", "inputs"), "a mapping is expected here")


def _told(reading: RunconfigImport, *names: str) -> bool:
    """Whether arguments or command name it: else the script reads a variable of its environment."""
    section = reading.section
    written = f"{section.get('arguments')} {section.get('command')}"
    ends = "|".join(re.escape(name) for name in names)
    return re.search(rf"(AZUREML_DATAREFERENCE_|Config:)({ends})(?!\w)", written) is not None


def _reference(reading: RunconfigImport, name: str, entry: Section, own: str) -> None:
    upload = (coerce.word(entry.get("mode")) or "").lower() == "upload"
    kind = "outputs" if upload else "inputs"
    to: Key = ("job", kind, own)
    _path(entry, to, "dataStoreName", "pathOnDataStore")
    _mode(entry, "mode", to, _OUTPUT_MODES if upload else _MODES)
    _bind(reading, name, f"${{{{ {kind}.{own} }}}}", f"AZUREML_DATAREFERENCE_{name}")
    entry.drop("overwrite", "specrun never overwrites what is on the instance")
    _on_compute(entry)


def _bind(reading: RunconfigImport, name: str, expression: str, variable: str) -> None:
    """What arguments call it; where they do not, the variable that the script reads."""
    reading.references[name] = expression
    if not _told(reading, name) and re.fullmatch(r"[A-Za-z_]\w*", variable):
        reading.prefix[variable] = expression


def _on_compute(entry: Section) -> None:
    path = coerce.word(entry.get("pathOnCompute"))
    if path in (None, ".", "./"):
        entry.drop("pathOnCompute", "the path is wherever specrun puts it")
    else:
        what = f"a script that opens {coerce.shown(path)} itself must take the path from its arguments"
        entry.ask("pathOnCompute", ("job",), what)


def _path(entry: Section, to: Key, store_key: str, path_key: str) -> None:
    """An address on a datastore, of its name and a path."""
    store, path = coerce.word(entry.get(store_key)), coerce.word(entry.get(path_key)) or ""
    if store is None or has_expression(store) or has_expression(path):
        entry.draft.set((*to, "path"), TODO)
        entry.ask(store_key, (*to, "path"), "the datastore's name", f"--input {to[-1]}=…", write=True)
        return
    plain = "/".join(part for part in path.replace("\\", "/").split("/") if part not in ("", "."))
    entry.draft.set((*to, "path"), f"azureml://datastores/{store}/paths/{plain}")
    for key in (store_key, path_key):
        if entry.get(key) is not None:
            entry.rewrite(key, (*to, "path"), "datastore and path in one address")


def _mode(entry: Section, key: str, to: Key, modes: Mapping[str, str]) -> None:
    written = (coerce.word(entry.get(key)) or "").lower()
    if written in modes:
        notes = {"mount": "mounted, but read only: what the job writes goes to outputs"}
        entry.draft.set((*to, "mode"), modes[written])
        entry.tell(key, (*to, "mode"), "" if modes[written] == written else notes.get(written, "in small letters"))
    elif written:
        entry.ask(key, (*to, "mode"), f"specrun has {' and '.join(modes.values())}, not {coerce.shown(written)}")


def _dataset(reading: RunconfigImport, name: str, entry: Section, own: str) -> None:
    to: Key = ("job", "inputs", own)
    _location(entry.inner("dataLocation"), to)
    _mode(entry, "mechanism", to, _MODES)
    variable = coerce.word(entry.get("environmentVariableName")) or name
    expression = f"${{{{ inputs.{own} }}}}"
    reading.references[variable] = expression
    reading.references[name] = expression
    if not _told(reading, name, variable) and re.fullmatch(r"[A-Za-z_]\w*", variable):
        reading.prefix[variable] = expression
        entry.rewrite("environmentVariableName", ("job", "command"), "the variable that the script reads")
    else:
        entry.drop("environmentVariableName", "the arguments name the input")
    for key in ("createOutputDirectories", "overwrite", "options"):
        entry.drop(key, "specrun decides how files come to the instance")
    _on_compute(entry)


def _location(section: Section, to: Key) -> None:
    """A dataset by name, a datastore's path, or an address."""
    dataset, data, uri = section.inner("dataset"), section.inner("dataPath"), section.inner("uri")
    name_key = "name" if dataset.get("name") is not None else "datasetName"
    name = coerce.word(dataset.get(name_key))
    if name and not has_expression(name):
        version_key = "version" if dataset.get("version") is not None else "datasetVersion"
        version = coerce.word(dataset.get(version_key))
        end = f":{version}" if version and version.lower() != "latest" else "@latest"
        dataset.draft.set((*to, "path"), f"azureml:{name}{end}")
        for key in (name_key, version_key):
            if dataset.get(key) is not None:
                dataset.rewrite(key, (*to, "path"), "name and version of the data asset")
        for key in ("id", "datasetId"):
            dataset.drop(key, "the data asset has its name and version")
    elif data.get("datastoreName") is not None:
        _path(data, to, "datastoreName", "relativePath")
    elif coerce.word(uri.get("path")):
        _address(uri, to)
    else:
        section.draft.set((*to, "path"), TODO, "TODO: the data asset has no name here")
        what = "a dataset without a name: write azureml:NAME:VERSION"
        section.ledger.ask(section.path, ".".join((*to, "path")), what, f"--input {to[-1]}=…")


def _address(uri: Section, to: Key) -> None:
    path = coerce.word(uri.get("path")) or ""
    if credentials.reveals(path) or has_expression(path):
        uri.ask("path", (*to, "path"), "the address has a signature in it, which is not copied", write=True)
    else:
        uri.put("path", (*to, "path"), path)
    if coerce.truth(uri.get("isFile")):
        uri.draft.set((*to, "type"), "uri_file")
        uri.rewrite("isFile", (*to, "type"), "one file")
    else:
        uri.drop("isFile", "a folder, unless it says uri_file")


def _output(reading: RunconfigImport, name: str, entry: Section, own: str) -> None:
    to: Key = ("job", "outputs", own)
    location = entry.inner("outputLocation")
    data = location.inner("dataPath")
    path = coerce.word(data.get("relativePath")) or ""
    entry.draft.set(to, {})
    if data.get("datastoreName") is None or "{" in path or not path:
        if list(location.names()):
            what = "the output is kept with the run, apart from those of other runs; write a path to have it elsewhere"
            location.ledger.ask(location.path, ".".join((*to, "path")), what)
        fields: dict[str, str] = {}
    else:
        address = f"azureml://datastores/{coerce.word(data.get('datastoreName'))}/paths/{path.strip('/')}"
        fields = {"path": address}
        for key in ("datastoreName", "relativePath"):
            data.rewrite(key, (*to, "path"), "datastore and path in one address")
    mode = _OUTPUT_MODES.get((coerce.word(entry.get("mechanism")) or "").lower())
    if mode:
        fields["mode"] = mode
        entry.tell("mechanism", (*to, "mode"), "" if mode == entry.get("mechanism") else f"written as {mode}")
    elif entry.get("mechanism") is not None:
        entry.ask("mechanism", (*to, "mode"), "specrun has rw_mount and upload")
    entry.draft.set(to, fields)
    entry.drop("additionalOptions", "specrun registers no outputs, and decides how files come to the store")
    _bind(reading, name, f"${{{{ outputs.{own} }}}}", name)
