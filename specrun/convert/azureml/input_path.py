"""Where an input's files are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from specrun.convert import coerce, credentials, locations
from specrun.convert.azureml.reading import JobImport
from specrun.convert.azureml.references import asset_name, short
from specrun.convert.azureml.storage import asset_address, at_path, name_of, write_data
from specrun.convert.document import Key
from specrun.convert.section import Section, has_expression

Place: TypeAlias = tuple[Section, str, str]
"""The section with the path, the path, and its key."""

_PREVIEW = ("data", "file", "folder", "dataset", "uri", "value", "local_path")
"""Where the preview of 2021 has an input's path, or its value."""
_SCHEMES = ("azureml:", "https://", "http://", "wasbs://", "abfss://", "adl://")


def place_of(entry: Section) -> Place | None:
    """Section and key of an input's path, and the path; with what the preview of 2021 has instead."""
    path = coerce.word(entry.get("path"))
    if path:
        return entry, path, "path"
    for key in _PREVIEW:
        inner = entry.get(key)
        if isinstance(inner, Mapping):
            found = place_of(entry.inner(key))
            if found:
                return found
        elif isinstance(inner, str) and inner.strip():
            return entry, inner.strip(), key
    return None


def write_place(reading: JobImport, entry: Section, to: Key, place: Place) -> None:
    """Write the path, or the entry of data that is there; ask for what cannot be copied."""
    section, path, key = place
    of = "" if key == "path" and section is entry else "the 2021 preview's way to name the path"
    address = path.replace("wasb://", "wasbs://", 1) if path.startswith("wasb://") else short(path)
    named = reading.beside.data.get(asset_name(address)[0]) or at_path(reading, address)
    if has_expression(path):
        what = "an expression that specrun does not have: write the path, or give it"
        section.ask(key, (*to, "path"), what, f"--input {to[-1]}=…", write=True)
    elif credentials.reveals(path):
        what = "the address has a signature in it, which is not copied: name a datastore"
        section.ask(key, (*to, "path"), what, f"--input {to[-1]}=…", write=True)
    elif named is not None and write_data(reading, named):
        entry.draft.set((*to, "data"), name_of(named))
        section.rewrite(key, (*to, "data"), f"the data asset of {locations.base_name(named.file)}")
    elif named is not None and asset_address(reading, named, to):
        section.put(key, (*to, "path"), asset_address(reading, named, to))
    elif locations.is_address(path):
        if not address.startswith(_SCHEMES):
            section.ask(key, (*to, "path"), f"an address that Azure ML cannot read: {coerce.shown(path)}", write=True)
        else:
            section.draft.set((*to, "path"), address)
            section.tell(key, (*to, "path"), of or ("" if address == path else "the short form of the same address"))
    else:
        local = locations.rebased(path, locations.folder_of(section.ledger.file), reading.options.folder)
        section.draft.set((*to, "path"), local)
        section.tell(key, (*to, "path"), of or ("" if local == path else "relative to the spec"))


def write_address(entry: Section, place: Place, to: Key) -> None:
    """`mode: direct` hands the address itself to the script: a literal."""
    section, path, key = place
    if credentials.reveals(path) or has_expression(path):
        section.ask(key, to, "an address with a signature or an expression in it is not copied", write=True)
    else:
        section.put(key, to, path, "mode direct: the script gets the address itself")
    for name in ("mode", "type"):
        entry.drop(name, "direct: the address is a literal now")
