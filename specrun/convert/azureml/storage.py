"""Datastore files and data files as sections of a spec."""

from __future__ import annotations

import re

from specrun.convert import coerce, credentials, locations
from specrun.convert.azureml.reading import JobImport
from specrun.convert.azureml.references import short
from specrun.convert.document import Key
from specrun.convert.naming import identifier
from specrun.convert.section import Section, has_expression
from specrun.convert.sources import Source

_DATASTORE = re.compile(r"[A-Za-z0-9_]{1,255}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")
_CONTAINERS = {
    "azure_blob": "container_name",
    "azure_file": "file_share_name",
    "azure_data_lake_gen2": "filesystem",
}
_KINDS = {"azureblob": "azure_blob", "azurefile": "azure_file", "azuredatalakegen2": "azure_data_lake_gen2"}


def name_of(source: Source) -> str:
    """What the file calls itself."""
    values = source.values
    assert isinstance(values, dict)
    return coerce.word(values.get("name")) or ""


def write_datastore(reading: JobImport, source: Source) -> None:
    """A datastore's file as an entry of `datastores`."""
    if source.file in reading.used:
        return
    section = reading.open(source)
    name = name_of(source) if _DATASTORE.fullmatch(name_of(source)) else identifier(name_of(source) or "datastore")
    to: Key = ("datastores", name)
    reading.draft.comment(to, f"from {locations.base_name(source.file)}")
    kind = _kind(section)
    section.put("type", (*to, "type"), kind) if "type" in section.values else section.draft.set((*to, "type"), kind)
    section.drop("$schema", "it says what kind of file this is")
    if name_of(source) == name:
        section.carry("name", to)
    else:
        section.ask("name", to, f"a datastore's name has letters, digits and underscores: it became {name}")
    for key, expected in (("account_name", "a storage account"), (_CONTAINERS[kind], "a name")):
        if section.copy(key, (*to, key), coerce.word, expected) is None:
            section.ask(key, (*to, key), "a datastore needs it", write=True)
    _credentials(section.inner("credentials"), to, name, kind)
    section.drop("endpoint", "specrun has Azure's public cloud alone")
    section.drop("protocol", "specrun has https alone")
    for key in ("description", "tags", "id"):
        section.drop(key, "specrun's datastores have none")


def _kind(section: Section) -> str:
    written = (coerce.word(section.get("type")) or "").lower()
    if written in _CONTAINERS:
        return written
    schema = (coerce.word(section.get("$schema")) or "").lower()
    return next((kind for word, kind in _KINDS.items() if f"{word}." in schema), "azure_blob")


def _credentials(section: Section, to: Key, name: str, kind: str) -> None:
    known = ("account_key", "sas_token") if kind != "azure_data_lake_gen2" else ("client_secret",)
    for key in section.names():
        place = (*to, "credentials", key)
        if key in known and isinstance(section.get(key), str):
            variable = credentials.variable(name, key)
            section.draft.set_secret(place, variable)
            section.rewrite(key, place, f"a secret is not copied: set {variable} in the environment of specrun")
        elif kind == "azure_data_lake_gen2" and key in ("tenant_id", "client_id"):
            section.copy(key, place, coerce.word, "an id")
        elif key in ("authority_url", "resource_url"):
            section.drop(key, "specrun has Azure's public cloud alone")
        else:
            section.ask(key, (*to, "credentials"), "specrun has no such credential")


def write_data(reading: JobImport, source: Source) -> bool:
    """A data asset's file as an entry of `data`, where its path is local; False where it is an address."""
    values = source.values
    assert isinstance(values, dict)
    name, path = name_of(source), coerce.word(values.get("path")) or ""
    if not _NAME.fullmatch(name) or not path or locations.is_address(path) or has_expression(path):
        return False
    if source.file in reading.used:
        return True
    section = reading.open(source)
    to: Key = ("data", name)
    reading.draft.comment(to, f"from {locations.base_name(source.file)}")
    local = locations.rebased(path, locations.folder_of(source.file), reading.options.folder)
    section.put("path", (*to, "path"), local, "" if local == path else "relative to the spec")
    section.carry("name", to)
    datastore = (coerce.word(section.get("datastore")) or "").removeprefix("azureml:")
    if datastore:
        section.put("datastore", (*to, "datastore"), datastore)
    section.drop("$schema", "it says what kind of file this is")
    section.drop("version", "specrun compares the files themselves: there are no versions")
    section.drop("type", "an entry of data is a file or a folder, as its path is")
    for key in ("description", "tags", "properties", "id"):
        section.drop(key, "specrun's data has none")
    return True


def at_path(reading: JobImport, address: str) -> Source | None:
    """The data asset, of those that were given, that is at an address."""
    return next((one for one in reading.beside.data.values() if _path(one) == address), None)


def asset_address(reading: JobImport, source: Source, to: Key) -> str:
    """The address that a data asset stands for; its fields are told of once. "" where it is local, or none."""
    path = _path(source)
    if not locations.is_address(path) or has_expression(path) or credentials.reveals(path):
        return ""
    if source.file not in reading.used:
        section = reading.open(source)
        section.carry("path", (*to, "path"))
        for key in section.names():
            if key != "path":
                section.drop(key, "an input names the place itself")
    return path


def _path(source: Source) -> str:
    values = source.values
    return short(coerce.word(values.get("path")) or "") if isinstance(values, dict) else ""
