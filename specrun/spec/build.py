"""Values that passed every check to a Spec. Nothing here can go wrong for a user's reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specrun.spec.boundary import UNBOUNDED, Boundary, Reach
from specrun.spec.datastore_paths import input_target
from specrun.spec.expressions import scalar_text, whole
from specrun.spec.frozen import dataclass
from specrun.spec.model import (
    CloudPath,
    Data,
    Download,
    Environment,
    Input,
    Job,
    LocalPath,
    ModelVersion,
    Origin,
    Output,
    Properties,
    RunOutput,
    Secret,
    Spec,
)
from specrun.spec.processes import Distribution, JobResources
from specrun.spec.rules.command import is_reserved_tag
from specrun.spec.secret_places import is_credential
from specrun.spec.sweep import sweep_of

if TYPE_CHECKING:
    from specrun.spec.prices import Prices
    from specrun.spec.source import Document

# `mount` is what SDK v1 calls it.
_MODES = {"mount": "ro_mount"}


def build(
    document: Document,
    values: Mapping[str, Any],
    reach: Reach = UNBOUNDED,
    written: Mapping[str, Any] | None = None,
    prices: Prices | None = None,
) -> Spec:
    """The Spec of a valid document; `values` are its substituted values, `reach` says how far its paths do.

    `written` are the values before the command line replaced any, with paths as its files have them (None: the same).
    """
    builder = _Builder(document, Path(document.file).absolute(), values, reach)
    return replace(builder.spec(), digest=digest(values if written is None else written), prices=prices)


@dataclass(frozen=True, slots=True)
class _Builder:
    """One document on its way to a Spec: what its parts need of the whole."""

    document: Document
    file: Path
    values: Mapping[str, Any]
    reach: Reach

    def spec(self) -> Spec:
        values = self.values
        compute = values.get("compute")
        data = {key: self._data(key, value) for key, value in (values.get("data") or {}).items()}
        stores = (values.get("datastores") or {}).items()
        return Spec(
            file=self.file,
            name=values["name"],
            document=self.document,
            engine=values.get("engine"),
            workspace=self._workspace(values.get("workspace")),
            compute=_with_secrets(_with_own_tags(compute), ("compute",)) if isinstance(compute, dict) else compute,
            datastores={key: _with_secrets(value, ("datastores", key)) for key, value in stores},
            data=data,
            experiment=values.get("experiment") or values["name"],
            job=self._job(values["job"], data) if values.get("job") is not None else None,
            sweep=sweep_of(values["sweep"]) if values.get("sweep") is not None else None,
            target=self.document.target,
            layers=tuple(map(Path, self.document.files)),
            variables=values.get("vars") or {},
            values=values,
        )

    def _local(self, written: str, boundary: Boundary | None = None) -> LocalPath:
        return LocalPath(self.file.parent / written, written, self.reach.spec if boundary is None else boundary)

    def _workspace(self, workspace: Properties | None) -> Properties | None:
        if workspace is None or "from_config" not in workspace:
            return workspace
        return {**workspace, "from_config": self._local(str(workspace["from_config"]))}

    def _data(self, name: str, entry: Mapping[str, Any]) -> Data:
        path: str = entry["path"]
        sha256: str | None = entry.get("sha256")
        return Data(
            name=name,
            source=Download(path, sha256.lower()) if sha256 is not None else self._local(path),
            datastore=entry.get("datastore"),
            target=entry.get("target", name),
            prune=entry.get("prune", False),
            optional=entry.get("source") == "optional",
            origin=Origin(self.document, ("data", name)),
        )

    def _input(self, name: str, entry: Any, data: Mapping[str, Data]) -> Input:
        if not isinstance(entry, dict):
            return Input(name, entry)
        mode: str = entry.get("mode", "ro_mount")
        source: Data | CloudPath | RunOutput | ModelVersion
        if "run" in entry:
            source = RunOutput(entry["run"], entry["output"])
        elif "model" in entry:
            source = ModelVersion(entry["model"], str(entry["version"]))
        else:
            source = data[entry["data"]] if entry.get("data") is not None else self._path(name, entry["path"])
        return Input(name, source, entry.get("type", "uri_folder"), _MODES.get(mode, mode))

    def _path(self, name: str, path: str) -> Data | CloudPath:
        if ":" in path.partition("/")[0]:
            return CloudPath(path)
        origin = Origin(self.document, ("job", "inputs", name))
        target = input_target(self.values["name"], name)
        source = self._local(path, self.reach.of_input(name))
        return Data(f"inputs.{name}", source, None, target, of_input=True, origin=origin)

    def _environment(self, entry: str | Mapping[str, Any] | None) -> Environment | None:
        if entry is None:
            return None
        if isinstance(entry, str):
            return Environment(registered=entry)
        build_from = entry.get("build") or {}
        conda_file, context = entry.get("conda_file"), build_from.get("path")
        pip = entry.get("pip")
        return Environment(
            pip=None if pip is None else tuple(requirement.strip() for requirement in pip),
            conda_file=None if conda_file is None else self._local(conda_file, self.reach.environment),
            image=entry.get("image"),
            build_path=None if context is None else self._local(context),
            dockerfile_path=build_from.get("dockerfile_path"),
            framework=entry.get("framework"),
            version=None if entry.get("version") is None else scalar_text(entry["version"]),
            folder=self.file.parent,
            given=self.reach.given,
            boundary=self.reach.environment,
        )

    def _job(self, job: Mapping[str, Any], data: Mapping[str, Data]) -> Job:
        distribution, resources = job.get("distribution"), job.get("resources") or {}
        variables = job.get("environment_variables") or {}
        built = {
            "code": None if job.get("code") is None else self._local(job["code"]),
            "arguments": words(job.get("arguments")),
            "inputs": {name: self._input(name, entry, data) for name, entry in (job.get("inputs") or {}).items()},
            "outputs": {name: _output(name, entry) for name, entry in (job.get("outputs") or {}).items()},
            "environment": self._environment(job.get("environment")),
            "environment_variables": {name: _variable(value) for name, value in variables.items()},
            "distribution": None if distribution is None else Distribution(**distribution),
            "resources": JobResources(**_as_written(JobResources, resources)),
            **{name: (job.get("limits") or {}).get(name) for name in ("timeout", "max_attempts")},
            "tags": {name: scalar_text(value) for name, value in _own_tags(job.get("tags")).items()},
        }
        return Job(**{**_as_written(Job, job), **built})


def _as_written(kind: type[Job | JobResources], values: Mapping[str, Any]) -> dict[str, Any]:
    """What a mapping says of the fields that a dataclass has, each under its name: lists as tuples."""
    found = ((name, values.get(name)) for name in kind.__dataclass_fields__)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found if value is not None}


def digest(values: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the canonical JSON of a substituted document: keys in order, no blanks, UTF-8."""
    import hashlib

    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def words(arguments: object) -> tuple[str, ...]:
    """Arguments as words, in order.

    A list is taken as it stands. Of a mapping each key is a flag, as typed, before its value: `true` and an empty value
    mean the bare flag, `false` leaves the flag out, a list is the flag once with all its values.
    """
    if isinstance(arguments, dict):
        return tuple(word for flag, value in arguments.items() for word in _flag(str(flag), value))
    return tuple(scalar_text(word) for word in arguments) if isinstance(arguments, list) else ()


def _flag(flag: str, value: Any) -> list[str]:
    if value is False:
        return []
    if value is True or value is None:
        return [flag]
    if isinstance(value, list):
        return [flag, *map(scalar_text, value)]
    return [flag, scalar_text(value)]


def _with_secrets(value: Any, path: tuple[str | int, ...]) -> Any:
    """The value with each credential as a Secret."""
    if isinstance(value, dict):
        return {key: _with_secrets(item, (*path, key)) for key, item in value.items()}
    return _secret(value) if is_credential(path) else value


def _secret(value: str) -> str | Secret:
    one = whole(value)
    return Secret(one.name) if one is not None and one.namespace == "secrets" else value


def _output(name: str, entry: Mapping[str, Any] | None) -> Output:
    entry = entry or {}
    mode = entry.get("mode", "rw_mount")
    model = entry.get("register") or {}
    kind = model.get("type", "custom_model") if model else ""
    return Output(name, entry.get("path"), "rw_mount" if mode == "mount" else mode, model.get("name", ""), kind)


def _variable(value: Any) -> str | Secret:
    return _secret(value) if isinstance(value, str) else scalar_text(value)


def _with_own_tags(compute: Mapping[str, Any]) -> dict[str, Any]:
    """A cluster without the tags that say who made one, which are specrun's to set."""
    return {**compute, **({"tags": _own_tags(compute["tags"])} if compute.get("tags") else {})}


def _own_tags(tags: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (tags or {}).items() if not is_reserved_tag(str(name))}
