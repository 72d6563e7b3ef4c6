"""Components, which a pipeline's steps name: as the fields of a command job."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Mapping, Sequence
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
_TOGETHER = ("environment_variables",)
"""What a step adds to; all else that it says stands in the place of what its component says."""

_OF_COMPONENT = "it is about the component, and no run has it"
_SAID = "the step says another"
Drop = Callable[[FieldPath, str], None]


def put_component(
    job: Fields,
    component: Mapping[str, object],
    place: FieldPath,
    note: str,
    drop: Drop,
    *,
    inline: bool,
    fields: Sequence[str] = OF_JOB,
    swept: Container[str] = (),
) -> None:
    """Put what a component says into the step that names it, which has the last word.

    `drop` is told what no job has. A component that stands `inline` is told field by field; of one in a file of its
    own, all is said at the `place` where it is named. `swept` are inputs that a sweep gives.
    """

    def at(*path: str) -> FieldPath:
        return (*place, *path) if inline else place

    for name in fields:
        if coerce.is_empty(component.get(name)):
            continue
        own = job.get(name)
        if coerce.is_empty(own):
            job.put(name, component[name], at(name), note=note)
        elif name in _TOGETHER and isinstance(own, Mapping) and isinstance(component[name], Mapping):
            both = own if isinstance(own, Fields) else Fields.of(own, (name,))
            for key, value in coerce.mapping(component[name]).items():
                if key not in both:
                    both.put(str(key), value, at(name, str(key)), note=note)
                elif inline:
                    drop(at(name, str(key)), _SAID)
            job.put(name, both, *job.origins[name])
        elif inline:
            drop(at(name), _SAID)
    for section in ("inputs", "outputs"):
        _put_entries(job, section, coerce.mapping(component.get(section)), at, note, drop if inline else _ignore, swept)
    for name in component:
        known = name in (*fields, *_ABOUT)
        if name == "additional_includes" and not coerce.is_empty(component[name]):
            brought = component[name]
            shown = ", ".join(map(str, brought)) if isinstance(brought, list) else coerce.shown(brought)
            what = f"a run has its code folder alone, and the component brings {shown}, too: put it into that folder"
            job.put("code", job.get("code", "."), at(name), *job.origins.get("code", ()), note=note, doubt=what)
        elif name == "is_deterministic" and str(component[name]).lower() == "false":
            drop(
                (*place, name), "a run that has succeeded is not run again: `specrun apply --rerun NAME` runs it again"
            )
        elif inline and known and name not in (*fields, "inputs", "outputs"):
            drop((*place, name), _OF_COMPONENT)
        elif not known and not coerce.is_empty(component[name]):
            drop((*place, name), "neither the CLI v2's command jobs nor specrun have this field")


def _ignore(path: FieldPath, why: str) -> None:
    """What a file of its own says beside what is taken from it."""


def _put_entries(
    job: Fields,
    section: str,
    declared: Mapping[str, object],
    at: Callable[..., FieldPath],
    note: str,
    drop: Drop,
    swept: Container[str],
) -> None:
    """Each entry that the component declares: as the step gives it, with the type that the component says."""
    given = coerce.mapping(job.get(section))
    made = given if isinstance(given, Fields) else Fields.of(given, (section,))
    for name, raw in declared.items():
        entry = {str(key): value for key, value in coerce.mapping(raw).items()}
        kind = (coerce.word(entry.get("type")) or "").lower()
        kind = "" if kind == "path" else kind  # as in 2021: a file or a folder
        own, used = made.get(name), {"type"}
        if own is None and section == "outputs":
            used = {"type", "mode", "path"}
            kept = {key: entry[key] for key in ("type", "mode", "path") if key in entry and (kind or key != "type")}
            made.put(name, kept, at(section, name), note=note)
        elif own is None and name in swept:
            used = set()
        elif own is None and entry.get("default") is not None:
            used = {"default"}
            made.put(name, entry["default"], at(section, name, "default"), note=note)
        elif own is None and str(entry.get("optional")).lower() != "true":
            made.put(name, {"type": kind or "uri_folder"}, at(section, name))
        elif own is not None:
            said = {key: entry[key] for key in ("type", "mode") if key in entry and (kind or key != "type")}
            used = _put_said(made, section, name, own, said, kind, at)
        if not kind:
            used.discard("type")
        for key in entry:
            if key not in used:
                drop(at(section, name, key), _OF_ENTRY.get(key, _OF_COMPONENT))
    if made:
        job.put(section, made, *job.origins.get(section, ()))


_OF_ENTRY = {
    "type": "what is given says what it is",
    "mode": "the step says another",
    "default": "the step, or the sweep, gives it",
    "optional": "an input of a spec is always given, or not declared",
}


def _put_said(
    made: Fields,
    section: str,
    name: str,
    own: object,
    said: Mapping[str, object],
    kind: str,
    at: Callable[..., FieldPath],
) -> set[str]:
    """Put what the component says of an entry into what the step says of it; what of that was used."""
    if isinstance(own, Mapping):
        both = own if isinstance(own, Fields) else Fields.of(own, (section, name))
        left = {key for key in said if key not in both and not (kind in _LITERALS and "path" not in both)}
    elif section == "inputs" and kind and kind not in _LITERALS and isinstance(own, str | Open):
        both, left = Fields((section, name)), {*said}
        both.put("path", own, *made.origins[name])
    else:
        return set()
    for key in said:
        if key in left:
            both.put(key, said[key], *([at(section, name, key)] if len(at(section)) > 1 else []))
    made.put(name, both, *made.origins[name])
    return left


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
