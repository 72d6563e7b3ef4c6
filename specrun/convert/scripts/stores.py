"""Datastores that the script registers, and what it uploads."""

from __future__ import annotations

import re

from specrun.convert import coerce
from specrun.convert.document import TODO, Key
from specrun.convert.scripts.values import Call, Computed, Environ, Member, Reference, Template, Value
from specrun.convert.scripts.writing import Writing
from specrun.spec.datastore_paths import DEFAULT_NAME
from specrun.spec.expressions import OPEN
from specrun.spec.frozen import dataclass

_V1 = {
    "Datastore.register_azure_blob_container": ("azure_blob", "container_name"),
    "Datastore.register_azure_file_share": ("azure_file", "file_share_name"),
    "Datastore.register_azure_data_lake_gen2": ("azure_data_lake_gen2", "filesystem"),
    "v2:AzureBlobDatastore": ("azure_blob", "container_name"),
    "v2:AzureFileDatastore": ("azure_file", "file_share_name"),
    "v2:AzureDataLakeGen2Datastore": ("azure_data_lake_gen2", "filesystem"),
}
_STORE = re.compile(r"[A-Za-z0-9_]{1,255}")
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER = re.compile(r"\$root|\$logs|\$web|[a-z0-9](-?[a-z0-9]){2,62}")


@dataclass(frozen=True, slots=True)
class Upload:
    """An entry of `data`: what lies below `target` on the datastore comes from it."""

    name: str
    store: str
    target: str
    source: str = ""


def write_datastores(writing: Writing) -> None:
    """The datastores that the script registers."""
    for call in writing.of(*_V1):
        kind, container = _V1[call.kind]
        key = "name" if call.kind.startswith("v2:") else "datastore_name"
        name = call.get(key)
        plain = name.strip() if isinstance(name, str) and _STORE.fullmatch(name.strip()) else TODO
        to: Key = ("datastores", plain)
        writing.draft.set((*to, "type"), kind, f"from {call.key} ({call.place})")
        if plain == name:
            writing.carry(call, key, to)
        elif call.find(key) is not None and plain is not TODO:
            writing.rewrite(call, key, to, f"written as {plain}")
        else:
            writing.ask(call, key, to, "a datastore's name has letters, digits and underscores: write it")
        for field, pattern in (("account_name", _ACCOUNT), (container, _CONTAINER)):
            expected = f"{field.replace('_', ' ')} of the storage"
            if writing.copy(call, field, (*to, field), coerce.matching(pattern), expected) is None:
                writing.draft.set((*to, field), "todo", f"TODO: the {expected}")
                writing.lack((*to, field), f"the {expected}")
        _credentials(writing, call, (*to, "credentials"), plain)


def _credentials(writing: Writing, call: Call, to: Key, store: str) -> None:
    holder = call.get("credentials")
    source = holder if isinstance(holder, Call) else call
    if isinstance(holder, Call):
        writing.rewrite(call, "credentials", to, "its fields are those of the section")
    if source.find("client_secret") is not None:
        for name in ("tenant_id", "client_id"):
            if writing.copy(source, name, (*to, name), coerce.word, "a GUID") is None:
                writing.draft.set((*to, name), TODO)
                writing.lack((*to, name), "a service principal needs it")
        writing.secret(source, "client_secret", (*to, "client_secret"), store, "client_secret")
        return
    for name in ("account_key", "sas_token"):
        if source.get(name) is not None and writing.draft.get((*to, "account_key")) is None:
            writing.secret(source, name, (*to, name), store, name)


def store_name(writing: Writing, value: Value) -> str:
    """What a datastore is called in the spec."""
    if isinstance(value, Call):
        if value.kind in ("get_default_datastore", "Datastore.get_default"):
            return DEFAULT_NAME
        for key in ("datastore_name", "name"):
            if value.find(key) is not None:
                found = value.get(key)
                if isinstance(found, str):
                    if not value.kind.startswith(("Datastore.register", "v2:")):
                        writing.rewrite(value, key, ("job", "inputs"), "the datastore that data lies on")
                    return found.strip() if _STORE.fullmatch(found.strip()) else TODO
                text = writing.text(value, key, ("job", "inputs")) or DEFAULT_NAME
                return text if OPEN in text or _STORE.fullmatch(text) else TODO
    if isinstance(value, Computed | Environ | Template | Reference | Member):
        return str(writing.word(value, "datastore").value)
    return DEFAULT_NAME


def clean_target(path: str) -> str:
    """A path on a datastore as a spec has it: relative, without blanks at its ends."""
    words = [word.strip() for word in path.replace("\\", "/").split("/")]
    return "/".join(word for word in words if word not in ("", ".", ".."))
