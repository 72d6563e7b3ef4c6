"""Where data lies: datastores, paths on them, and what a script uploads there, as entries of `data`."""

from __future__ import annotations

import posixpath
import re
from dataclasses import field

from specrun.convert import naming
from specrun.convert.locations import is_address
from specrun.convert.report import FieldPath
from specrun.convert.scripts.lowering import Lowering, is_expression
from specrun.convert.scripts.values import Call, Member, Value
from specrun.convert.section import Fields
from specrun.convert.unknown import Mixed, Secret, Unknown
from specrun.spec.datastore_paths import DEFAULT_NAME
from specrun.spec.frozen import dataclass

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
        return "" if path is None else path
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


_DATA = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")
_KINDS = ("upload", "upload_files", "Dataset.File.upload_directory", "FileDatasetFactory.upload_directory")


@dataclass(frozen=True, slots=True)
class Upload:
    """An entry of `data`: what lies below `target` on the datastore comes from `source`."""

    name: str
    store: str
    target: str
    source: str = ""
    of_sdk_v2: bool = False


@dataclass(slots=True)
class Uploads:
    """The entries, their fields, and the names by the keys of the calls that made them."""

    entries: list[Upload] = field(default_factory=list)
    fields: Fields = field(default_factory=Fields)
    names: dict[str, str] = field(default_factory=dict)

    def at(self, store: str, path: str) -> Upload | None:
        """The entry whose files lie at a path, or above it."""
        fitting = [
            one
            for one in self.entries
            if one.store == store and (not one.target or path == one.target or path.startswith(f"{one.target}/"))
        ]
        return max(fitting, key=lambda one: len(one.target), default=None)

    def below(self, store: str, path: str) -> list[Upload]:
        """The entries whose files lie below a path; "" is all of the datastore."""
        return [one for one in self.entries if one.store == store and one.target.startswith(f"{path}/".lstrip("/"))]


def lower_uploads(lowering: Lowering) -> Uploads:
    """What the script uploads, in the order of its calls."""
    uploads = Uploads()
    for call in lowering.of(*_KINDS):
        _uploaded(lowering, uploads, call)
    for call in lowering.of("v2:Data"):
        _data(lowering, uploads, call)
    return uploads


def _uploaded(lowering: Lowering, uploads: Uploads, call: Call) -> None:
    key, target, owner = "target_path", call.get("target_path"), call.owner
    if call.find("target") is not None:
        key, pair = "target", call.get("target")
        owner, target = (pair[0], pair[1]) if isinstance(pair, list) and len(pair) == 2 else (pair, "")
        place = owner if isinstance(owner, Call) and owner.kind == "path" else None
        owner, target = (place.owner, place.get("path")) if place is not None else (owner, target)
    store, _ = store_of(lowering, owner)
    name = "files" if call.kind == "upload_files" else "src_dir"
    given = call.get(name)
    sources = given if isinstance(given, list) else [given]
    folders = {posixpath.dirname(one) or "." for one in sources if isinstance(one, str)}
    doubt = ""
    if len(sources) > 1 and len(folders) == 1 and all(isinstance(one, str) for one in sources):
        folder = folders.pop()
        doubt = f"the script sends {len(sources)} files of {folder}; the spec sends the whole folder: is that right?"
        sources = [folder]
    there = clean_target(lowering.value(target, (call.key, key), "data.target"))
    for source in sources:
        clash = _clashing(spelled(store), spelled(there), uploads)
        if clash is None:
            _add(lowering, uploads, call, (name, source), (key, there), store, doubt)
        elif isinstance(source, str) and clash.source == source:
            lowering.rewrite(call, name, f"data.{clash.name}", "the same as before")
        else:
            what = f"data.{clash.name} goes there already, and a target mirrors one source: put them together"
            lowering.ask(call, name, f"data.{clash.name}", what)
    _downloaded(lowering, uploads, sources)


def _add(
    lowering: Lowering,
    uploads: Uploads,
    call: Call,
    source: tuple[str, Value],
    target: tuple[str, object],
    store: object,
    doubt: str,
) -> None:
    plain = source[1] if isinstance(source[1], str) else ""
    base = posixpath.basename((target[1] if isinstance(target[1], str) and target[1] else plain).rstrip("/"))
    word = base.split(".")[0]
    taken = [one.name for one in uploads.entries]
    name = naming.identifier(word if word[:1].isalpha() else f"data_{word}".strip("_"), taken)
    entry = Fields((call.key,))
    path = (call.key, source[0])
    entry.put("path", lowering.word(source[1], "data") if source[1] is not None else None, path, doubt=doubt)
    if spelled(store) != DEFAULT_NAME:
        entry.put("datastore", store)
    if spelled(target[1]):
        entry.put("target", target[1], (call.key, target[0]))
    elif call.find(target[0]) is not None:
        lowering.rewrite(call, target[0], f"data.{name}", f"the datastore's root is no target: the files go to {name}")
    uploads.fields.put(name, entry, comment=lowering.origin(call))
    uploads.entries.append(Upload(name, spelled(store), spelled(target[1]), plain))
    uploads.names[call.key] = name


def _data(lowering: Lowering, uploads: Uploads, call: Call) -> None:
    """A data asset whose files are on this machine; what lies at an address stands in the inputs."""
    path, name = call.get("path"), call.get("name")
    if not isinstance(path, str) or not path.strip() or is_address(path) or is_expression(path):
        return
    if not isinstance(name, str) or not _DATA.fullmatch(name) or name in uploads.fields:
        return
    entry = Fields((call.key,))
    entry.put("path", path, (call.key, "path"))
    uploads.fields.put(name, entry, (call.key, "name"), comment=lowering.origin(call))
    uploads.entries.append(Upload(name, DEFAULT_NAME, name, path, of_sdk_v2=True))
    uploads.names[call.key] = name


def _clashing(store: str, target: str, uploads: Uploads) -> Upload | None:
    """An entry that has the target already, or one above or below it."""
    for upload in uploads.entries:
        one, other = f"{upload.target}/".lstrip("/"), f"{target}/".lstrip("/")
        if upload.store == store and (one.startswith(other) or other.startswith(one)):
            return upload
    return None


def _downloaded(lowering: Lowering, uploads: Uploads, sources: list[Value]) -> None:
    """A folder that the script itself fills from the web is not there before it ran."""
    folders = [posixpath.normpath(one) for one in sources if isinstance(one, str)]
    for call in lowering.of("urlretrieve"):
        name = call.get("filename")
        if isinstance(name, str) and any(posixpath.normpath(name).startswith(folder) for folder in folders):
            what = "download it before apply, or let `path` be the https address, with sha256"
            lowering.doubt(call, "filename", "data", f"the script downloads it to {name} before it uploads it: {what}")
            lowering.drop(call, "url", "what downloads the file stays a step before the spec")
