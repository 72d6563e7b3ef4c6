"""Components, which a pipeline's steps name: as the fields of a command job."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from specrun.convert import coerce, locations
from specrun.convert.report import FieldPath
from specrun.convert.section import Fields, has_expression
from specrun.convert.unknown import Open

OF_JOB = (
    *("command", "code", "environment", "distribution", "resources", "environment_variables"),
    *("identity", "queue_settings", "services", "limits", "compute"),
)
_ABOUT = (
    *("$schema", "type", "name", "version", "display_name", "description", "tags", "properties", "is_deterministic"),
    *("inputs", "outputs", "intellectual_property", "creation_context", "id"),
)
"""What a component says of itself, and no run has; its inputs and outputs are taken one by one."""

_LITERALS = ("string", "integer", "number", "boolean")


def put_component(job: Fields, component: Mapping[str, object], note: str) -> list[str]:
    """Put what a component says into the step that names it, which has the last word; the fields that no job has."""
    place: FieldPath = ("component",)
    for name in OF_JOB:
        if coerce.is_empty(component.get(name)):
            continue
        own = job.get(name)
        if coerce.is_empty(own):
            job.put(name, component[name], place, note=note)
        elif isinstance(own, Mapping) and isinstance(component[name], Mapping):
            both = own if isinstance(own, Fields) else Fields.of(own, (name,))
            for key, value in coerce.mapping(component[name]).items():
                if key not in both:
                    both.put(str(key), value, place, note=note)
            job.put(name, both, *job.origins[name])
    for section in ("inputs", "outputs"):
        _put_entries(job, section, coerce.mapping(component.get(section)), place, note)
    return [str(name) for name in component if name not in (*OF_JOB, *_ABOUT)]


def _put_entries(job: Fields, section: str, declared: Mapping[str, object], place: FieldPath, note: str) -> None:
    """Each entry that the component declares: as the step gives it, with the type that the component says."""
    given = coerce.mapping(job.get(section))
    made = given if isinstance(given, Fields) else Fields.of(given, (section,))
    for name, raw in declared.items():
        entry = coerce.mapping(raw)
        kind = (coerce.word(entry.get("type")) or "").lower()
        own = made.get(name)
        if own is None:
            if section == "outputs":
                made.put(name, {key: entry[key] for key in ("type", "mode", "path") if key in entry}, place, note=note)
            elif entry.get("default") is not None:
                made.put(name, entry["default"], place, note=note)
            elif str(entry.get("optional")).lower() != "true":
                made.put(name, {"type": kind or "uri_folder"}, place)
            continue
        said = {key: entry[key] for key in ("type", "mode") if key in entry}
        if isinstance(own, Mapping):
            both = own if isinstance(own, Fields) else Fields.of(own, (section, name))
            for key, value in said.items():
                if key not in both and not (kind in _LITERALS and "path" not in both):
                    both.put(key, value)
            made.put(name, both, *made.origins[name])
        elif section == "inputs" and kind and kind not in _LITERALS and isinstance(own, str | Open):
            both = Fields((section, name))
            both.put("path", own, *made.origins[name])
            for key, value in said.items():
                both.put(key, value)
            made.put(name, both, *made.origins[name])
    if made:
        job.put(section, made, *job.origins.get(section, ()))


def moved(component: Mapping[str, object], start: str, folder: str) -> dict[str, object]:
    """A component with the paths in it as they are written in another `folder` than the one that it lies in."""
    values = dict(component)

    def at(path: object) -> object:
        plain = path if isinstance(path, str) else ""
        local = plain and not locations.is_address(plain) and not has_expression(plain)
        return _from(plain, start, folder) if local else path

    values["code"] = at(values.get("code"))
    environment = values.get("environment")
    if isinstance(environment, str) and (environment.startswith("file:") or environment.endswith((".yml", ".yaml"))):
        values["environment"] = at(environment)
    elif isinstance(environment, Mapping):
        inner = {str(key): at(value) if key == "conda_file" else value for key, value in environment.items()}
        build = inner.get("build")
        if isinstance(build, Mapping):
            inner["build"] = {str(key): at(value) if key == "path" else value for key, value in build.items()}
        values["environment"] = inner
    return values


def moved_entry(entry: object, start: str, folder: str) -> object:
    """An input's value, with the path that it names as it is written in another folder."""
    if not isinstance(entry, Mapping) or not isinstance(path := entry.get("path"), str):
        return entry
    if locations.is_address(path) or has_expression(path):
        return entry
    return {**entry, "path": _from(path, start, folder)}


def _from(path: str, start: str, folder: str) -> str:
    if os.path.abspath(start) == os.path.abspath(folder):  # noqa: PTH100
        return path
    return locations.rebased(path, start, Path(folder))
