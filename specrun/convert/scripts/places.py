"""Where data lies: datastores, and paths on them."""

from __future__ import annotations

from specrun.convert.report import FieldPath
from specrun.convert.scripts.lowering import Lowering
from specrun.convert.scripts.values import Call, Member, Value
from specrun.convert.section import Fields
from specrun.convert.unknown import Mixed, Secret, Unknown
from specrun.spec.datastore_paths import DEFAULT_NAME

_V1 = {
    "Datastore.register_azure_blob_container": ("azure_blob", "container_name"),
    "Datastore.register_azure_file_share": ("azure_file", "file_share_name"),
    "Datastore.register_azure_data_lake_gen2": ("azure_data_lake_gen2", "filesystem"),
}
_V2 = ("v2:AzureBlobDatastore", "v2:AzureFileDatastore", "v2:AzureDataLakeGen2Datastore")
_CREDENTIALS = ("account_key", "sas_token", "tenant_id", "client_id", "client_secret")


def lower_datastores(lowering: Lowering) -> Fields:
    """The datastores that the script registers, by their names."""
    made = Fields()
    for call in lowering.of(*_V1, *_V2):
        if call.kind in _V2:
            entry, key = lowering.fields(call, "datastores"), "name"
            entry.pop("name", None)
        else:
            entry, key = Fields((call.key,)), "datastore_name"
            kind, container = _V1[call.kind]
            entry.put("type", kind)
            for name in ("account_name", container):
                lowering.put(entry, name, call, name)
            for name in _CREDENTIALS:
                if call.get(name) is not None:
                    inner = entry.inner("credentials", (call.key, name))
                    lowering.put(inner, name, call, name)
        given = call.get(key)
        name = given.strip() if isinstance(given, str) else ""
        made.put(name or f"TODO_{len(made) + 1}", entry, (call.key, key), comment=lowering.origin(call))
        if not name:
            lowering.ask(call, key, "datastores", "the datastore's name is computed: write it")
    return made


def store_of(lowering: Lowering, value: Value) -> tuple[object, tuple[FieldPath, ...]]:
    """What a datastore is called, and where the script says so."""
    call = value.call if isinstance(value, Member) else value
    if isinstance(call, Call):
        if call.kind in ("get_default_datastore", "Datastore.get_default"):
            chosen = lowering.of("set_default_datastore")
            return (lowering.word(chosen[0].get("name"), "datastore") if chosen else DEFAULT_NAME), ()
        for key in ("datastore_name", "name"):
            if call.find(key) is not None:
                found = lowering.word(call.get(key), "datastore")
                return (found.strip() if isinstance(found, str) else found), ((call.key, key),)
    if value is None or isinstance(call, Call):
        return DEFAULT_NAME, ()
    return lowering.word(value, "datastore"), ()


def clean_target(path: object) -> object:
    """A path on a datastore as a spec has it: relative, without blanks at its ends."""
    if isinstance(path, Mixed):
        first = path.parts[0]
        return Mixed((first.lstrip("./ "), *path.parts[1:])) if isinstance(first, str) else path
    if not isinstance(path, str):
        return path if isinstance(path, Unknown) else str(path or "")
    words = [word.strip() for word in path.replace("\\", "/").split("/")]
    return "/".join(word for word in words if word not in ("", ".", ".."))


def spelled(value: object) -> str:
    """A value as one text, by which two of them are told apart."""
    match value:
        case Mixed():
            return "".join(map(spelled, value.parts))
        case Unknown():
            return f"{{{value.expression}}}"
        case Secret():
            return "{…}"
        case _:
            return "" if value is None else str(value)


def put_together(*parts: object) -> object:
    """Parts one after the other: text where all are known."""
    flat: list[str | Unknown | Secret] = []
    for part in parts:
        for word in part.parts if isinstance(part, Mixed) else (part,):
            known = word if isinstance(word, Unknown | Secret) else str(word)
            if isinstance(known, str) and flat and isinstance(flat[-1], str):
                flat[-1] += known
            elif known != "":
                flat.append(known)
    if all(isinstance(part, str) for part in flat):
        return "".join(map(str, flat))
    return Mixed(tuple(flat))
