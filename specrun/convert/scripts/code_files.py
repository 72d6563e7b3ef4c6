"""Files that a script or notebook itself makes for its job: what stands in it is written beside the spec."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path

from specrun.convert import credentials
from specrun.convert.locations import folder_of, rebased
from specrun.convert.scripts.lowering import Lowering
from specrun.convert.scripts.values import Call, Value
from specrun.convert.sources import MAX_BYTES


def write_code_files(lowering: Lowering, files: Sequence[Call]) -> dict[str, str]:
    """The files below the job's code folder, or that its environment names, by their paths beside the spec."""
    made: dict[str, str] = {}
    for call in files:
        if call.skipped:
            continue
        if call.kind.startswith("shutil."):
            _copy(lowering, call, made)
        else:
            _write(lowering, call, made)
    return made


def wanted_files(files: Sequence[Call], folders: Sequence[str], named: Sequence[str]) -> list[Call]:
    """Of what writes files, that which is below one of these folders, or writes one of these files."""
    return [call for call in files if _is_wanted(_target(call), folders, named)]


def _target(call: Call) -> str:
    value = call.get("dst") if call.kind.startswith("shutil.") else call.get("path")
    return posixpath.normpath(value) if isinstance(value, str) and value else ""


def _is_wanted(path: str, folders: Sequence[str], named: Sequence[str]) -> bool:
    inside = any(path == folder or folder == "." or path.startswith(f"{folder}/") for folder in folders)
    return _is_below(path) and (inside or path in named)


def _is_below(path: str) -> bool:
    """Whether a path stays in the script's folder: a file of somebody else's must not reach for others."""
    return bool(path) and not path.startswith(("..", "/")) and ":" not in path


def _write(lowering: Lowering, call: Call, made: dict[str, str]) -> None:
    where, text = _beside(lowering, _target(call)), call.get("text")
    if call.find("mode") is not None:
        lowering.drop(call, "mode", "how the script opens it")
    if not isinstance(text, str) or credentials.reveals(text):
        what = "its text is computed" if not isinstance(text, str) else "a credential stands in it, and is not copied"
        lowering.ask(call, "path", "job.code", f"{what}: write {where} before apply")
    else:
        _make(lowering, call, "path", made, _target(call), text if text.endswith("\n") or not text else f"{text}\n")


def _copy(lowering: Lowering, call: Call, made: dict[str, str]) -> None:
    """A file that is there is copied, too; a folder, or what is not there, is somebody's to copy."""
    source, target = call.get("src"), _target(call)
    there = _text_of(lowering, source)
    name = posixpath.basename(source) if isinstance(source, str) else ""
    if target and not posixpath.splitext(target)[1]:
        target = posixpath.join(target, name)
    if there is not None and call.kind != "shutil.move" and not credentials.reveals(there):
        _make(lowering, call, "src", made, target, there)
        return
    shown = source if isinstance(source, str) else "what the script copies"
    lowering.ask(call, "src", "job.code", f"the script copies {shown} to {target}: do so before apply")
    lowering.drop(call, "dst", "where it is copied to")


def _tell(lowering: Lowering, call: Call, note: str) -> None:
    for name in call.arguments:
        if name != "mode":
            lowering.rewrite(call, name, "job.code", note)


def _text_of(lowering: Lowering, source: Value) -> str | None:
    if not isinstance(source, str) or not source or not _is_below(posixpath.normpath(source)):
        return None
    path = Path(folder_of(lowering.file)) / source
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return None
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return None


def _make(lowering: Lowering, call: Call, name: str, made: dict[str, str], path: str, text: str) -> None:
    """A file beside the spec, unless one is there."""
    where, there = _beside(lowering, path), _text_of(lowering, path)
    if there is None:
        made[where] = text
        _tell(lowering, call, f"written beside the spec, as {where}")
        return
    _tell(lowering, call, f"{where} is there already")
    if there.strip() != text.strip():
        lowering.ask(call, name, "job.code", f"{where} is there, and is another than this one: which is the job's?")


def _beside(lowering: Lowering, path: str) -> str:
    return rebased(path, folder_of(lowering.file), lowering.options.folder)


def folders_of(job: Mapping[str, object]) -> tuple[list[str], list[str]]:
    """The folders and the files that a job's fields name, as the script has them."""
    folders: list[str] = []
    for key in ("code", "source_directory"):
        value = job.get(key)
        if isinstance(value, str) and value.strip():
            folders.append(posixpath.normpath(value.strip()))
    named: list[str] = []
    environment = job.get("environment")
    held = environment if isinstance(environment, Mapping) else {}
    inner = [held, *(value for value in held.values() if isinstance(value, Mapping))]
    for place in inner:
        for key in ("conda_file", "conda_dependencies_file", "pip_requirements_file", "base_dockerfile"):
            value = place.get(key)
            if isinstance(value, str) and value.strip() and "\n" not in value:
                named.append(posixpath.normpath(value.strip()))
    build = held.get("build")
    path = build.get("path") if isinstance(build, Mapping) else None
    if isinstance(path, str) and path.strip():
        folders.append(posixpath.normpath(path.strip()))
    return folders, named
