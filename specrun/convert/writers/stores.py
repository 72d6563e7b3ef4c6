"""Datastores, and the data that must be on them before a run."""

from __future__ import annotations

import re

from specrun.convert import coerce, credentials, locations
from specrun.convert.document import Key
from specrun.convert.naming import identifier
from specrun.convert.section import Section, dropped
from specrun.convert.unknown import is_open
from specrun.convert.writers.reading import Reading
from specrun.convert.writers.words import write_secret

_STORE = re.compile(r"[A-Za-z0-9_]{1,255}")
_DATA = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")
CONTAINERS = {
    "azure_blob": "container_name",
    "azure_file": "file_share_name",
    "azure_data_lake_gen2": "filesystem",
}
"""The kinds of datastores, and what each calls its container."""

_PUBLIC = "specrun has Azure's public cloud alone"
_SCHEMA = dropped("it says what kind of file this is", "$schema")
_STORE_DROPPED = (
    *_SCHEMA,
    *dropped(_PUBLIC, "endpoint"),
    *dropped("specrun has https alone", "protocol"),
    *dropped("specrun's datastores have none", "description", "tags", "id"),
)
_DATA_DROPPED = (
    *_SCHEMA,
    *dropped("specrun compares the files themselves: there are no versions", "version"),
    *dropped("an entry of data is a file or a folder, as its path is", "type"),
    *dropped("specrun's data has none", "description", "tags", "properties", "id"),
)


def write_stores(reading: Reading, section: Section) -> None:
    """The datastores and the data that a job declares beside itself."""
    writers = {"datastores": write_datastore, "data": write_data}
    for kind, write in writers.items():
        entries = section.inner(kind, to=(kind,))
        for name, entry in entries.sections():
            entries.carry(name, write(reading, entry, name))


def write_datastore(reading: Reading, section: Section, name: str = "") -> Key:
    """A datastore as an entry of `datastores`, by the name that it has there, else by its own; where it stands."""
    to = _named(section, name, _STORE, "datastores", "a datastore's name has letters, digits and underscores")
    kind = coerce.word(section.get("type")) or ""
    known = kind.lower() if kind.lower() in CONTAINERS else ""
    if known:
        section.put("type", (*to, "type"), known)
    else:
        section.ask("type", (*to, "type"), f"a datastore is one of {', '.join(CONTAINERS)}")
    needed = {"account_name": "a storage account", CONTAINERS.get(known, ""): "a name"}
    for key, expected in needed.items():
        if key and section.copy(key, (*to, key), coerce.word, expected) is None:
            section.ask(key, (*to, key), f"a datastore needs {expected}: the {key.replace('_', ' ')}")
    _write_credentials(section.inner("credentials", to=(*to, "credentials")), to, known)
    section.take(_STORE_DROPPED, to)
    return to


def write_data(reading: Reading, section: Section, name: str = "") -> Key:
    """Data on this machine as an entry of `data`, by the name that it has there, else by its own; where it stands."""
    to = _named(section, name, _DATA, "data", "data's name has letters, digits, hyphens and underscores")
    path = section.known("path")
    if isinstance(path, str) and not locations.is_address(path):
        local = reading.local(section, path)
        section.put("path", (*to, "path"), local, "" if local == path else "relative to the spec")
    elif section.copy("path", (*to, "path"), coerce.word, "a file or folder") is None:
        section.ask("path", (*to, "path"), "the file or folder that it is")
    section.copy("datastore", (*to, "datastore"), _store_name, "a datastore's name")
    section.copy("target", (*to, "target"), coerce.word, "a path on the datastore")
    section.take(_DATA_DROPPED, to)
    return to


def _store_name(value: object) -> str | None:
    return coerce.matching(_STORE)((coerce.word(value) or "").removeprefix("azureml:"))


def _named(section: Section, name: str, pattern: re.Pattern[str], kind: str, expected: str) -> Key:
    written = name or coerce.word(section.get("name")) or ""
    own = written if pattern.fullmatch(written) else identifier(written or kind.removesuffix("s"))
    to: Key = (kind, own)
    if own != written:
        section.doubt("name", to, f"{expected}: it became {own}")
    elif section.get("name") == own:
        section.carry("name", to)
    else:
        section.drop("name", f"the spec calls it {own}")
    return to


def _write_credentials(section: Section, to: Key, kind: str) -> None:
    principal = ("tenant_id", "client_id") if kind == "azure_data_lake_gen2" else ()
    known = ("client_secret",) if principal else ("account_key", "sas_token")
    for key in section.names():
        place, value = (*to, "credentials", key), section.get(key)
        if key in known and (is_open(value) or isinstance(value, str)):
            write_secret(section, key, place, credentials.variable(to[-1], key))
        elif key in principal:
            section.copy(key, place, coerce.word, "an id")
        elif key in ("authority_url", "resource_url"):
            section.drop(key, _PUBLIC)
        else:
            section.doubt(key, (*to, "credentials"), f"a datastore of this type has no credential {coerce.shown(key)}")
    for key in (*principal, *(known if principal else ())):
        if list(section.names()) and section.get(key) is None:
            section.ask(key, (*to, "credentials", key), "a service principal needs it")
