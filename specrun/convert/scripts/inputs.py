"""Data that a job of SDK v1 reads and writes: references to datastores, datasets, and outputs."""

from __future__ import annotations

import posixpath
import re
from dataclasses import field, replace

from specrun.convert import naming
from specrun.convert.locations import is_address
from specrun.convert.report import FieldPath
from specrun.convert.scripts.lowering import Lowering, is_expression, told
from specrun.convert.scripts.uploads import Uploads, clean_target, put_together, spelled, store_of
from specrun.convert.scripts.values import Call, Member, Value
from specrun.convert.section import Fields
from specrun.convert.unknown import Missing, Unknown, is_open
from specrun.spec.frozen import dataclass

KINDS = (
    "path", "as_mount", "as_download", "as_upload", "as_named_input", "DataReference", "DataReferenceConfiguration",
    "runconfig.Data", "Dataset.File.from_files", "Dataset.get_by_name",
    "Dataset.Tabular.from_delimited_files", "OutputFileDatasetConfig",
    "DatasetConsumptionConfig", "get_default_datastore", "Datastore", "Datastore.get", "Datastore.get_default",
    "datastores", "Dataset.File.upload_directory", "FileDatasetFactory.upload_directory", "PipelineData",
)  # fmt: skip
_FILE = re.compile(r"\.\w{1,5}$")
_PATTERN = re.compile(r"/?\*+(/\*+)*$")
"""All that is in a folder: the folder itself."""
_DATASETS = ("Dataset.File.from_files", "Dataset.Tabular.from_delimited_files")
STORES = ("get_default_datastore", "Datastore", "Datastore.get", "Datastore.get_default", "datastores")
_WRITTEN_TO = re.compile(
    r"(?i)(^|[_-])(out(put)?s?|log(s|dir)?|checkpoints?|ckpt|save|results?|export)([_-]|$)|model_?dir"
)

_BEGUN_WITH = re.compile(r"(?i)(^|[_-])(base|init(ial)?|pre_?trained|input)[_-]")
"""A model or checkpoint that training begins with."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where data lies: at an `address`, or at `path` on the datastore `store`; `origins` say so in the script."""

    store: object = ""
    path: object = ""
    address: object = ""
    name: str = ""
    mode: str = ""
    written: bool = False
    is_read: bool = False
    """It is a dataset, into which nothing is written, whatever the argument is called."""
    kind: str = ""
    doubt: str = ""
    origins: tuple[FieldPath, ...] = ()


@dataclass(slots=True)
class References:
    """The inputs and outputs that were declared, for what stands in a job's arguments."""

    lowering: Lowering
    uploads: Uploads
    inputs: Fields = field(default_factory=Fields)
    outputs: Fields = field(default_factory=Fields)
    configured: list[Call] = field(default_factory=list)
    """What a run configuration says of datastores that the arguments only name."""
    used: set[str] = field(default_factory=set)
    """The keys of those that an argument stands for."""
    _known: dict[str, str] = field(default_factory=dict)

    @property
    def declared(self) -> list[str]:
        """The expressions of what was declared."""
        return list(self._known.values())

    def configure(self, holders: list[Call]) -> None:
        """Know what the run configuration says of datastores, in `data_references`."""
        for holder in holders:
            for name, argument in told(holder):
                value = argument.value
                items = list(value.values()) if isinstance(value, dict) else [value]
                calls = [one for one in items if isinstance(one, Call) and one.kind == "DataReferenceConfiguration"]
                self.configured += calls if name.split(".")[0] == "data_references" else []

    def refer(self, value: Value, hint: str) -> str | None:
        """The expression for data, which becomes an input or output; None for what is no data."""
        call = value.call if isinstance(value, Member) else value
        if not isinstance(call, Call) or call.kind not in KINDS or (isinstance(value, Member) and value.path != "path"):
            return None
        place = self._place(call)
        return self._declare(place, call, hint) if place is not None else None

    def _declare(self, place: Place, call: Call, hint: str) -> str:
        """Declare an input or output, once for each place; the expression that stands for it."""
        flag = hint.lstrip("-") if hint not in ("argument", "inputs", "command", "arguments") else ""
        store, path = spelled(place.store), spelled(place.path)
        upload = self.uploads.at(store, path) if store and not spelled(place.address) else None
        unsaid = place.mode in ("", "mount") and not place.address and not place.is_read
        guessed = unsaid and bool(_WRITTEN_TO.search(flag)) and not _BEGUN_WITH.search(flag)
        written = place.written or (guessed and upload is None)
        key = repr((store, path, spelled(place.address), place.mode, written))
        if key in self._known:
            return self._known[key]
        section, declared = ("outputs", self.outputs) if written else ("inputs", self.inputs)
        name = naming.identifier(place.name or flag or _last(place) or "data", [*self.inputs, *self.outputs])
        entry, rest = Fields((call.key,)), ""
        if upload is not None and not written:
            entry.put("data", upload.name, *place.origins, note="what the script uploads")
            rest = path[len(upload.target) :].strip("/")
        elif place.address:
            entry.put("path", place.address, *place.origins, note="where the data lies", doubt=place.doubt)
        elif store:
            address = put_together("azureml://datastores/", place.store, "/paths/", place.path)
            entry.put("path", address, *place.origins, note="datastore and path in one address", doubt=place.doubt)
        self._describe(entry, place, written)
        comment = self.lowering.origin(call)
        if written and not place.written:
            comment += "; an output, as its name says: make it an input if it is only read"
        declared.put(name, entry, comment=comment)
        if not written and upload is None and store and not place.address:
            self._wait_for(name, store, path)
        expression = f"${{{{{section}.{name}}}}}"
        self._known[key] = f"{expression}/{rest}" if rest else expression
        return self._known[key]

    def _describe(self, entry: Fields, place: Place, written: bool) -> None:
        if place.kind and "path" in entry and not written:
            entry.put("type", place.kind)
        elif "path" in entry and not written and place.mode != "folder" and _FILE.search(spelled(place.path)):
            entry.put("type", "uri_file")
        if place.mode == "download" or (place.mode == "upload" and written):
            entry.put("mode", place.mode)

    def _wait_for(self, name: str, store: str, path: str) -> None:
        """What the script uploads below a path is an input of its own, so that the run waits for it."""
        for upload in self.uploads.below(store, path):
            entry = Fields()
            entry.put("data", upload.name)
            other = naming.identifier(f"{name}_{upload.name}", [*self.inputs, *self.outputs])
            self.inputs.put(other, entry, comment=f"lies below {name}: the run waits for it")

    def _place(self, call: Call) -> Place | None:
        owner = call.owner
        inner = self._place(owner) if isinstance(owner, Call) and owner.kind in KINDS else None
        match call.kind:
            case "path":
                store, origins = store_of(self.lowering, owner) if inner is None or not inner.store else ("", ())
                before = put_together(inner.path, "/") if inner and spelled(inner.path) else ""
                name = call.get("data_reference_name")
                there = clean_target(put_together(before, self._word(call, "path") or ""))
                self._took(call, "data_reference_name")
                origins = (*origins, *(inner.origins if inner else ()), *_at(call, "path"))
                return Place(
                    store or (inner.store if inner else ""),
                    there,
                    name=name if isinstance(name, str) else "",
                    origins=origins,
                )
            case "as_mount" | "as_download" | "as_upload":
                mode = call.kind.removeprefix("as_")
                if inner is None:
                    store, origins = store_of(self.lowering, owner)
                    inner = Place(store, origins=origins)
                inner = self._configured(inner, owner)
                to = "job.outputs" if mode == "upload" else "job.inputs"
                self.lowering.rewrite(call, "", to, f"{mode}: how the data gets to or from the job")
                self._on_compute(call)
                return replace(inner, mode=inner.mode or mode, written=inner.written or mode == "upload")
            case "as_named_input":
                name = call.get("name")
                self._took(call, "name")
                return replace(inner or Place(), name=name if isinstance(name, str) else "")
            case "DataReference" | "DataReferenceConfiguration":
                named = "datastore_name" if call.find("datastore_name") is not None else "datastore"
                store, origins = store_of(self.lowering, call.get(named))
                mode, name = str(call.get("mode") or "mount"), call.get("data_reference_name")
                self._took(call, named, "data_reference_name", "mode")
                self._on_compute(call)
                path = clean_target(self._word(call, "path_on_datastore") or "")
                if is_open(path):  # what is asked of it stands at the datastore's name
                    self._took(call, "path_on_datastore")
                return Place(
                    store,
                    path,
                    name=str(name or ""),
                    mode=mode,
                    written=mode == "upload",
                    origins=(*origins, *_at(call, "path_on_datastore")),
                )
            case "runconfig.Data":
                self._took(call, "data_location", "mechanism", "environment_variable_name")
                name, held = call.get("environment_variable_name"), call.get("data_location")
                for word in ("dataset", "dataset_id"):  # which is what the location is of
                    if isinstance(held, Call):
                        self._took(held, word)
                        held = held.get(word)
                held = held.call if isinstance(held, Member) else held
                found = self._place(held) if isinstance(held, Call) else None
                found = found or self._unknown(call, "data_location")
                mode = "download" if call.get("mechanism") == "download" else ""
                return replace(found, name=name if isinstance(name, str) else "", mode=mode, is_read=True)
            case "DatasetConsumptionConfig":
                held, name = call.get("dataset"), call.get("name")
                self._took(call, "dataset", "mode", "name")
                self._on_compute(call)
                found = self._place(held) if isinstance(held, Call) else None
                found = found or self._unknown(call, "dataset")
                mode = "download" if call.get("mode") == "download" else ""
                return replace(found, name=name if isinstance(name, str) else "", mode=mode)
            case "OutputFileDatasetConfig" | "PipelineData":
                pair, name = call.get("destination"), call.get("name")
                found = self._pair(call, "destination", pair) if pair is not None else Place()
                self._took(call, "name")
                if any(mark in spelled(found.path) for mark in ("{run-id}", "{output-name}")):
                    found = Place(origins=found.origins)  # which is what an output without a path is
                return replace(found, name=str(name or "output"), written=True)
            case "Dataset.get_by_name":
                version = call.get("version")
                label = f":{version}" if isinstance(version, str | int) and version != "latest" else "@latest"
                own = self._word(call, "name")
                return Place(
                    address=put_together("azureml:", own, label),
                    name=own if isinstance(own, str) else "",
                    origins=(*_at(call, "name"), *_at(call, "version")),
                )
            case kind if kind in _DATASETS:
                found = self._pair(call, "path", call.get("path"))
                plain = _PATTERN.sub("", found.path) if isinstance(found.path, str) else found.path
                return replace(found, path=plain, is_read=True)
            case "Dataset.File.upload_directory" | "FileDatasetFactory.upload_directory":
                return self._pair(call, "target", call.get("target"))
            case _:
                store, origins = store_of(self.lowering, call)
                return Place(store, origins=origins)

    def _configured(self, place: Place, owner: Value) -> Place:
        """`str(ds.as_mount())` is only the datastore's name: where it is, and how it comes, the configuration says."""
        if not isinstance(owner, Call) or owner.kind not in STORES or place.path or place.address:
            return place
        for one in self.configured:
            found = self._place(one)
            if found is not None and spelled(found.store) == spelled(place.store):
                self.used.add(one.key)
                return found
        return place

    def _pair(self, call: Call, argument: str, value: Value) -> Place:
        """(datastore, path), a path of a datastore, or an address."""
        origins = _at(call, argument)
        if isinstance(value, list) and len(value) == 2 and isinstance(value[0], Call | Member):
            store, named = store_of(self.lowering, value[0])
            path = clean_target(self.lowering.word(value[1], "path"))
            plain = _PATTERN.sub("", path) if isinstance(path, str) else path
            return Place(store, plain, mode="folder" if path != plain else "", origins=(*named, *origins))
        if isinstance(value, list) and len(value) == 1:
            return self._pair(call, argument, value[0])
        if isinstance(value, list) and value:
            what = "there are several places, and an input has one: put the files into one folder on a datastore"
            return Place(address=Missing(what), origins=origins)
        if isinstance(value, Call):
            return self._place(value) or self._unknown(call, argument)
        if value is None:
            return self._unknown(call, argument)
        address = self.lowering.word(value, "path")
        doubt = ""
        if isinstance(address, str) and "*" in address and is_address(address):
            doubt = "a pattern of addresses cannot be read: put the files on a datastore, with an entry of data"
        kind = "uri_folder" if "*" in spelled(address) else ""
        return Place(address=address, kind=kind, doubt=doubt, origins=origins)

    def _unknown(self, call: Call, argument: str) -> Place:
        found = call.find(argument)
        text = found.text if found is not None else f"{call.key}(…)"
        return Place(address=Unknown(text, found.place if found else call.place, argument), origins=_at(call, argument))

    def _word(self, call: Call, name: str) -> object:
        value = call.get(name)
        found = self.lowering.word(value, name)
        if isinstance(found, list | dict):
            return Unknown(f"{call.key}(…)", call.place, name)
        return Unknown(str(found), call.place, name) if is_expression(found) and not is_open(found) else found

    def _took(self, call: Call, *names: str) -> None:
        """These arguments say where the data lies and what it is called."""
        for name in names:
            if call.get(name) is not None:
                self.lowering.rewrite(call, name, "job.inputs", "tells where the data lies, or what it is called")

    def _on_compute(self, call: Call) -> None:
        if call.get("path_on_compute") is not None:
            self.lowering.drop(call, "path_on_compute", "Azure ML chooses the path; `${{ inputs.NAME }}` is it")


def _at(call: Call, name: str) -> tuple[FieldPath, ...]:
    return ((call.key, name),) if call.get(name) is not None else ()


def _last(place: Place) -> str:
    text = place.path or place.address
    return posixpath.basename(text.rstrip("/")).split(".")[0] if isinstance(text, str) else ""
