"""The forms that the preview of 2021 had, in today's words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from specrun.convert.report import FieldPath
from specrun.convert.section import Fields

_COMMAND = re.compile(r"(?<![${])\{\s*((inputs|outputs|search_space)\.([\w-]+))\s*\}(?!\})")
_PLACES = ("data", "file", "folder", "dataset", "uri", "value", "local_path")
"""Where an input's path stood, or its value."""
_OF_PREVIEW = "the 2021 preview's way to say it"


def job_of_today(values: Mapping[str, object]) -> Fields:
    """A job's fields: those that are today's as they are. Of Fields it is these themselves."""
    job = values if isinstance(values, Fields) else Fields.of(values)
    code, compute = job.get("code"), job.get("compute")
    if isinstance(code, Mapping):
        _move(job, "code", code, "local_path", _place(job, "code"))
    if isinstance(compute, Mapping):
        resources, place = _as_fields(job.get("resources"), _place(job, "resources")), _place(job, "compute")
        for name in ("instance_count", "instance_type"):
            if name in compute and name not in resources:
                resources.put(name, compute[name], (*place, name), note=_OF_PREVIEW)
        job.put("resources", resources, _place(job, "resources"))
        _move(job, "compute", compute, "target", place)
    for section in ("inputs", "outputs"):
        entries, place = job.get(section), _place(job, section)
        if isinstance(entries, Mapping) and any(isinstance(entry, Mapping) for entry in entries.values()):
            made = _as_fields(entries, place)
            for name, entry in entries.items():
                if isinstance(entry, Mapping):
                    where = next(iter(made.origins.get(str(name), ())), (*place, str(name)))
                    made.put(str(name), _entry(entry, where), where)
            job.put(section, made, place)
    environment = job.get("environment")
    if isinstance(environment, Mapping):
        place = _place(job, "environment")
        job.put("environment", environment_of_today(environment, place), place)
    services = job.get("services")
    if isinstance(services, Mapping) and any(
        isinstance(one, Mapping) and "properties" in one for one in services.values()
    ):
        job.put("services", _services(services), ("services",))
    _command(job)
    return job


def environment_of_today(values: Mapping[str, object], path: FieldPath = ()) -> Fields:
    """An environment's fields; in the preview, image and Dockerfile stood below `docker`."""
    found = Fields.of(values, path)
    docker = values.get("docker")
    if isinstance(docker, Mapping):
        for name in ("image", "build"):
            if name in docker and name not in values:
                found.put(name, docker[name], (*path, "docker", name), note=_OF_PREVIEW)
    build = found.get("build")
    if isinstance(build, Mapping):
        where = next(iter(found.origins["build"]))
        folder = Fields.of(build, where)
        for old, new in (("context_path", "path"), ("local_path", "path"), ("dockerfile", "dockerfile_path")):
            if old in folder:
                folder.put(new, folder.pop(old), (*where, old), note=_OF_PREVIEW)
        found.put("build", folder, where)
    return found


def _place(job: Fields, name: str) -> FieldPath:
    """Where a field of a job stands: that of a sweep's trial is in the trial."""
    return next(iter(job.origins.get(name, ())), (name,))


def _as_fields(values: object, path: FieldPath) -> Fields:
    return values if isinstance(values, Fields) else Fields.of(_mapping(values), path)


def _move(job: Fields, name: str, values: Mapping[str, object], key: str, path: FieldPath) -> None:
    """What stood in a mapping of its own."""
    job.pop(name)
    if key in values:
        job.put(name, values[key], (*path, key), note=_OF_PREVIEW)


def _entry(values: Mapping[str, object], path: FieldPath) -> Fields:
    """An input or output with its path where it is today."""
    entry = values if isinstance(values, Fields) else Fields.of(values, path)
    if "path" in values or "run" in values:
        return entry
    for key in _PLACES:
        inner = values.get(key)
        nested = isinstance(inner, Mapping)
        found = _entry(inner, (*path, key)) if isinstance(inner, Mapping) else entry
        where, place = (found.get("path"), found.origins.get("path", ())) if nested else (inner, ((*path, key),))
        if isinstance(where, str) and where.strip() and not _is_literal(values, key):
            entry.pop(key)
            entry.put("path", where, *place, note=_OF_PREVIEW)
            kind = {"file": "uri_file", "folder": "uri_folder"}.get(key)
            if kind and "type" not in values:
                entry.put("type", kind)
            return entry
    return entry


def _services(services: Mapping[str, object]) -> Fields:
    """Ways into a run, whose settings stood below `properties`, by the service's own names."""
    found = Fields.of(services, ("services",))
    for name, service in services.items():
        settings = service.get("properties") if isinstance(service, Mapping) else None
        if isinstance(service, Mapping) and isinstance(settings, Mapping):
            place, path = Fields.of(service, ("services", name)), ("services", name, "properties")
            for old, new in (("logDir", "log_dir"), ("sshPublicKeys", "ssh_public_keys")):
                if old in settings and new not in service:
                    place.put(new, settings[old], (*path, old), note=_OF_PREVIEW)
            others = [(*path, str(key)) for key in settings if (*path, key) not in sum(place.origins.values(), ())]
            place.put("properties", settings, *(others if settings else (path,)))
            found.put(name, place, ("services", name))
    return found


def _is_literal(values: Mapping[str, object], key: str) -> bool:
    """`value` holds a path where the entry's type is one of files."""
    kind = values.get("type")
    return key == "value" and not (isinstance(kind, str) and kind.lower() in ("path", "uri_file", "uri_folder"))


def _command(job: Fields) -> None:
    command = job.get("command")
    if not isinstance(command, str) or not _COMMAND.search(command):
        return
    known = {"inputs": _mapping(job.get("inputs")), "outputs": _mapping(job.get("outputs"))}

    def of_today(match: re.Match[str]) -> str:
        _, kind, name = match.groups()
        return f"${{{{{match[1]}}}}}" if name in known.get(kind, {name}) else match[0]

    written = _COMMAND.sub(of_today, command)
    if written != command:
        note = "{inputs.NAME} is how the 2021 preview writes ${{inputs.NAME}}"
        job.put("command", written, _place(job, "command"), note=note)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
