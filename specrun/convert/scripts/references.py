"""Data that a job reads and writes: references to datastores, datasets, and outputs."""

from __future__ import annotations

import posixpath
import re
from dataclasses import field, replace

from specrun.convert import naming
from specrun.convert.document import TODO
from specrun.convert.document import Value as Written
from specrun.convert.locations import folder_of, is_address, rebased
from specrun.convert.scripts.stores import Upload, clean_target, store_name
from specrun.convert.scripts.values import Call, Computed, Member, Template, Value
from specrun.convert.scripts.writing import Writing
from specrun.spec.frozen import dataclass

KINDS = (
    "path", "as_mount", "as_download", "as_upload", "as_named_input", "DataReference", "Dataset.File.from_files",
    "Dataset.get_by_name", "Dataset.Tabular.from_delimited_files", "OutputFileDatasetConfig",
    "DatasetConsumptionConfig", "v2:Input", "v2:Output",
    "get_default_datastore", "Datastore", "Datastore.get", "Datastore.get_default", "datastores",
    "Dataset.File.upload_directory", "FileDatasetFactory.upload_directory",
)  # fmt: skip
_WRITTEN_TO = re.compile(
    r"(?i)(^|[_-])(out(put)?s?|log(s|dir)?|checkpoints?|ckpt|save|results?|export)([_-]|$)|model_?dir"
)


@dataclass(frozen=True, slots=True)
class DataPath:
    """Where data lies: `address` as a spec has it, or the path `path` on the datastore `store`."""

    store: str = ""
    path: str = ""
    address: str = ""
    name: str = ""
    mode: str = ""
    written: bool = False
    kind: str = ""


@dataclass(slots=True)
class References:
    """The inputs and outputs that were declared, for what stands in a job's arguments."""

    writing: Writing
    uploads: list[Upload]
    _known: dict[str, str] = field(default_factory=dict)

    @property
    def declared(self) -> list[str]:
        """The expressions of what was declared."""
        return list(self._known.values())

    def refer(self, value: Value, hint: str) -> str | None:
        """The expression for data, which becomes an input or output; None for what is no data."""
        call = value.call if isinstance(value, Member) else value
        if not isinstance(call, Call) or call.kind not in KINDS or (isinstance(value, Member) and value.path != "path"):
            return None
        place = self._place(call)
        if place is None:
            return None
        return self.declare(place, call, hint)

    def declare(self, place: DataPath, call: Call, hint: str) -> str:
        """Declare an input or output, once for each place; the expression that stands for it."""
        flag = hint.lstrip("-")
        written = place.written or (
            place.mode in ("", "mount")
            and not place.address
            and bool(_WRITTEN_TO.search(flag))
            and self._upload(place) is None
        )
        name = naming.identifier(place.name or (flag if flag and flag != "inputs" else "") or _last(place) or "data")
        key = repr((replace(place, name=""), written))
        if key in self._known:
            return self._known[key]
        section = "outputs" if written else "inputs"
        taken = [known.split(".")[1].split(" ")[0] for known in self._known.values()]
        name = naming.identifier(name, taken)
        entry, rest = self._entry(place, written)
        note = f"from {call.key} ({call.place})"
        if written and not place.written:
            note += "; an output, as its name says: make it an input if it is only read"
        self.writing.draft.set(("job", section, name), entry, note)
        expression = f"${{{{ {section}.{name} }}}}{rest}"
        self._known[key] = expression
        return expression

    def _entry(self, place: DataPath, written: bool) -> tuple[dict[str, Written], str]:
        entry: dict[str, Written] = {}
        rest = ""
        upload = None if written else self._upload(place)
        if upload is not None:
            entry["data"] = upload.name
            rest = place.path[len(upload.target) :]
            rest = f"/{rest.strip('/')}" if rest.strip("/") else ""
        elif place.address:
            entry["path"] = place.address
        elif place.store:
            entry["path"] = f"azureml://datastores/{place.store}/paths/{place.path}"
        if place.kind and "path" in entry:
            entry["type"] = place.kind
        elif "path" in entry and not written and re.search(r"\.\w{1,5}$", place.path) and place.mode != "folder":
            entry["type"] = "uri_file"
        if place.mode == "download" or (place.mode == "upload" and written):
            entry["mode"] = place.mode
        return entry, rest

    def _upload(self, place: DataPath) -> Upload | None:
        fitting = [
            upload
            for upload in self.uploads
            if place.store == upload.store
            and (not upload.target or place.path == upload.target or place.path.startswith(f"{upload.target}/"))
        ]
        return max(fitting, key=lambda upload: len(upload.target), default=None)

    def _place(self, call: Call) -> DataPath | None:
        self._took(call, "datastore", "data_reference_name", "mode", "name", "destination", "version", "target")
        if call.kind.startswith("Dataset."):
            self._took(call, "path")
        inner = self._place(call.owner) if isinstance(call.owner, Call) and call.owner.kind in KINDS else None
        match call.kind:
            case "path":
                name = call.get("data_reference_name")
                before = f"{inner.path}/" if inner and inner.path else ""
                return DataPath(
                    store_name(self.writing, call.owner) if inner is None or not inner.store else inner.store,
                    clean_target(before + self._text(call, "path")),
                    name=name if isinstance(name, str) else "",
                )
            case "as_mount" | "as_download" | "as_upload":
                there = inner or DataPath(store_name(self.writing, call.owner))
                mode = call.kind.removeprefix("as_")
                self.writing.rewrite(
                    call,
                    "",
                    ("job", "outputs" if mode == "upload" else "inputs"),
                    f"{mode}: how the data gets to or from the job",
                )
                self._took(call, "path_on_compute")
                return replace(there, mode=mode, written=there.written or mode == "upload")
            case "as_named_input":
                name = call.get("name")
                return replace(inner or DataPath(), name=name if isinstance(name, str) else "")
            case "DataReference":
                mode, name = str(call.get("mode") or "mount"), call.get("data_reference_name")
                store = store_name(self.writing, call.get("datastore"))
                path = clean_target(self._text(call, "path_on_datastore"))
                return DataPath(store, path, name=str(name or ""), mode=mode, written=mode == "upload")
            case "DatasetConsumptionConfig":
                self._took(call, "dataset")
                held, name = call.get("dataset"), call.get("name")
                found = (self._place(held) if isinstance(held, Call) else None) or DataPath(address=TODO)
                mode = "download" if call.get("mode") == "download" else ""
                return replace(found, name=name if isinstance(name, str) else "", mode=mode)
            case "OutputFileDatasetConfig":
                pair, name = call.get("destination"), call.get("name")
                found = self._pair(pair) if pair is not None else DataPath()
                return replace(found, name=str(name or "output"), written=True)
            case "Dataset.get_by_name":
                version = call.get("version")
                label = f":{version}" if isinstance(version, str | int) and version != "latest" else "@latest"
                name = self._text(call, "name")
                return DataPath(address=f"azureml:{name}{label}", name=name if "$" not in name else "")
            case "Dataset.File.from_files" | "Dataset.Tabular.from_delimited_files":
                found = self._pair(call.get("path"))
                if "*" in found.address:
                    what = "a pattern of addresses cannot be read: put the files on a datastore, with an entry of data"
                    self.writing.ask(call, "path", ("job", "inputs"), what)
                return found
            case "Dataset.File.upload_directory" | "FileDatasetFactory.upload_directory":
                return self._pair(call.get("target"))
            case "get_default_datastore" | "Datastore" | "Datastore.get" | "Datastore.get_default" | "datastores":
                return DataPath(store_name(self.writing, call))
            case _:
                return None

    def _took(self, call: Call, *names: str) -> None:
        """These arguments say where the data lies and what it is called."""
        for name in names:
            value = call.get(name)
            if name == "path_on_compute" and value is not None:
                self.writing.drop(call, name, "Azure ML chooses the path; `${{ inputs.NAME }}` is it")
            elif value is not None and name != "path_on_compute" and not isinstance(value, Computed | Template):
                self.writing.rewrite(call, name, ("job", "inputs"), "tells where the data lies, or what it is called")

    def _pair(self, value: Value) -> DataPath:
        """(datastore, path), a DataPath, or an address."""
        if isinstance(value, list) and len(value) == 2 and isinstance(value[0], Call):
            path = clean_target(str(self.writing.word(value[1], "path").value))
            return DataPath(
                store_name(self.writing, value[0]),
                re.sub(r"/?\*+(/\*+)*$", "", path),
                mode="folder" if "*" in path else "",
            )
        if isinstance(value, list) and value:
            return self._pair(value[0])
        if isinstance(value, Call):
            return self._place(value) or DataPath(address=TODO)
        text = str(self.writing.word(value, "path").value)
        if not is_address(text) and "${{" not in text and value is not None:
            text = rebased(text, folder_of(self.writing.file), self.writing.options.folder)
        return DataPath(address=text if value is not None else TODO, kind="uri_folder" if "*" in text else "")

    def _text(self, call: Call, name: str) -> str:
        return self.writing.text(call, name, ("job", "inputs"), "a part of the data's address")


def _last(place: DataPath) -> str:
    return posixpath.basename((place.path or place.address).rstrip("/")).split(".")[0]
