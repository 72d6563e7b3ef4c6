"""Files and folders that a spec names must be there."""

# ruff: noqa: PTH114, PTH117, PTH118
# A load looks at thousands of paths, and os.path joins them ten times as fast.

from __future__ import annotations

import os
from collections.abc import Iterator

from specrun.spec.diagnostics import Diagnostic
from specrun.spec.rules.data import is_local
from specrun.spec.rules.files import nearest_existing
from specrun.spec.rules.subject import Subject, mapping, text

_NOTHING: frozenset[str] = frozenset()


def code(subject: Subject) -> Iterator[Diagnostic]:
    """The code folder, the script in it, and nothing in it that would not arrive."""
    folder, script = text(subject.job.get("code")), text(subject.job.get("script"))
    if folder is None:
        return
    if not _is_path(folder):
        yield from _odd(subject, folder, "job", "code")
        return
    where = os.path.join(subject.folder, folder)
    kind = subject.files.kind(where)
    if kind is None:
        yield _missing(subject, "missing-code", folder, "job", "code")
        return
    if kind == "other":
        yield _other(subject, folder, "job", "code")
        return
    if kind == "file":
        yield subject.at("not-a-folder", f"`{folder}` is a file. Name the folder it is in.", "job", "code")
        return
    yield from _travelling(subject, folder, _data_in_code(subject, folder), "", "job", "code")
    if script is not None and "command" not in subject.job:
        yield from _script(subject, folder, script)


def _script(subject: Subject, folder: str, script: str) -> Iterator[Diagnostic]:
    place = ("job", "script")
    if not _is_path(script):
        yield from _odd(subject, script, *place)
        return
    found = wrong_script(subject, folder, script, "`script` is a path inside the code folder")
    if found is not None:
        yield subject.at(*found, *place)
        return
    path = os.path.join(subject.folder, folder, script)
    kind = subject.files.kind(path)
    if kind == "other":
        yield _other(subject, script, *place)
    elif kind == "folder":
        yield subject.at("not-a-file", f"`{script}` is a folder. Name the script in it.", *place)


def wrong_script(subject: Subject, folder: str, script: str, where: str) -> tuple[str, str] | None:
    """The code and the detail of what is wrong with a script that is to be in the code `folder`, if something is.

    `where` says where its path starts.
    """
    if script.endswith(".ipynb"):
        detail = (
            f"Python runs scripts. Make one of it, `jupyter nbconvert --to script {os.path.join(folder, script)}`, and "
            f"write `{script.removesuffix('.ipynb')}.py` here."
        )
        return "notebook-as-script", detail
    if os.path.isabs(script) or os.path.normpath(script).startswith(".."):
        detail = f"Only the code folder travels with the job. Move the script into `{folder}`; its path starts there."
        return "script-outside-code", detail
    path = os.path.join(folder, script)
    if subject.files.kind(os.path.join(subject.folder, path)) is not None:
        return None
    prefix = folder.rstrip("/") + "/"
    if script.startswith(prefix) and subject.files.kind(os.path.join(subject.folder, script)) == "file":
        return "missing-script", f"{where}: write `{script[len(prefix) :]}`."
    return "missing-script", missing_detail(subject, path)


def data(subject: Subject) -> Iterator[Diagnostic]:
    """Local data is there, and all of it can arrive."""
    for name, entry in subject.data.items():
        path = text(mapping(entry).get("path"))
        if path is None or not is_local(path):
            continue
        place = ("data", name, "path")
        if not _is_path(path):
            yield from _odd(subject, path, *place)
            continue
        where = os.path.join(subject.folder, path)
        kind = subject.files.kind(where)
        if kind is None:
            yield _missing(subject, "missing-data", path, *place)
        elif kind == "other":
            yield _other(subject, path, *place)
        else:
            target = text(mapping(entry).get("target", name)) or name
            yield from _travelling(subject, path, None, target, *place)


def inputs(subject: Subject) -> Iterator[Diagnostic]:
    """A local input is there, and is what its type says."""
    for name, entry in mapping(subject.job.get("inputs")).items():
        entry = mapping(entry)
        path = text(entry.get("path"))
        if path is None or not is_local(path):
            continue
        place = ("job", "inputs", name, "path")
        if not _is_path(path):
            yield from _odd(subject, path, *place)
            continue
        kind = subject.files.kind(os.path.join(subject.folder, path))
        if kind is None:
            yield _missing(subject, "missing-input", path, *place)
        elif kind == "other":
            yield _other(subject, path, *place)
        elif kind == "file" and entry.get("type", "uri_folder") == "uri_folder":
            yield subject.at("not-a-folder", f"`{path}` is a file: write `type: uri_file`.", *place)
        elif kind == "folder" and entry.get("type") == "uri_file":
            yield subject.at("not-a-file", f"`{path}` is a folder: write `type: uri_folder`.", *place)
        else:
            target = f"inputs/{text(subject.values.get('name')) or ''}/{name}"
            yield from _travelling(subject, path, None, target, *place, stays=False)


def environment(subject: Subject) -> Iterator[Diagnostic]:
    """The conda file, the build folder and its Dockerfile are there."""
    written = mapping(subject.job.get("environment"))
    conda = text(written.get("conda_file"))
    if conda is not None:
        yield from _file(subject, "missing-conda-file", conda, "job", "environment", "conda_file")
    build = mapping(written.get("build"))
    folder, dockerfile = text(build.get("path")), text(build.get("dockerfile_path", "Dockerfile"))
    if folder is None or dockerfile is None:
        return
    place = ("job", "environment", "build")
    if not _is_path(folder):
        yield from _odd(subject, folder, *place, "path")
        return
    kind = subject.files.kind(os.path.join(subject.folder, folder))
    if kind == "folder":
        yield from _travelling(subject, folder, None, "context", *place, "path", stays=False)
        inside = os.path.join(folder, dockerfile)
        if "\0" not in inside and subject.files.kind(os.path.join(subject.folder, inside)) != "file":
            key = "dockerfile_path" if "dockerfile_path" in build else "path"
            yield subject.at("missing-dockerfile", missing_detail(subject, inside), *place, key)
    elif kind is None:
        yield _missing(subject, "missing-build-path", folder, *place, "path")
    else:
        yield subject.at("not-a-folder", f"`{folder}` is a file. Name the folder it is in.", *place, "path")


def workspace(subject: Subject) -> Iterator[Diagnostic]:
    """The file of `workspace.from_config` is there, where the engine reads it."""
    path = text(mapping(subject.values.get("workspace")).get("from_config"))
    if path is not None and subject.engine != "local":
        yield from _file(subject, "missing-workspace-config", path, "workspace", "from_config")


def _file(subject: Subject, code: str, path: str, *place: str) -> Iterator[Diagnostic]:
    if not _is_path(path):
        yield from _odd(subject, path, *place)
        return
    kind = subject.files.kind(os.path.join(subject.folder, path))
    if kind is None:
        yield _missing(subject, code, path, *place)
    elif kind == "other":
        yield _other(subject, path, *place)
    elif kind == "folder":
        yield subject.at("not-a-file", f"`{path}` is a folder. Name the file in it.", *place)


def _is_path(path: str) -> bool:
    return bool(path) and "\0" not in path and path == path.strip()


def _odd(subject: Subject, path: str, *place: str) -> Iterator[Diagnostic]:
    if "\0" in path or not path.strip():
        detail = "It has a NUL byte in it." if path else "It is empty. Write `.` for this file's folder."
        yield subject.at("invalid-path", detail if "\0" in path or not path else "It is blank.", *place)
    else:
        detail = f"The blank would be part of the path: write `{path.strip()}`."
        yield subject.at("blanks-around-path", detail, *place)


def _other(subject: Subject, path: str, *place: str) -> Diagnostic:
    return subject.at("not-regular", f"`{path}` is a pipe, a socket or a device: reading it may never end.", *place)


def _missing(subject: Subject, code: str, path: str, *place: str) -> Diagnostic:
    return subject.at(code, missing_detail(subject, path), *place)


def missing_detail(subject: Subject, path: str) -> str:
    if path.startswith("~"):
        return "`~` is the shell's and is not expanded here. Paths start at the folder of this file."
    where = os.path.normpath(os.path.join(subject.folder, path))
    if os.path.islink(where):
        return f"`{where}` is a link to something that does not exist."
    near = nearest_existing(where)
    if near is None:
        return f"Looked for `{where}`; paths start at the folder of this file."
    return f"Looked for `{where}`. Did you mean `{os.path.relpath(near, subject.folder)}`?"


def _travelling(
    subject: Subject, path: str, leave_out: frozenset[str] | None, target: str, *place: str, stays: bool = True
) -> Iterator[Diagnostic]:
    """What is wrong with the files at a path, which are code or go to a target. Where it `stays`, no link may leave."""
    from specrun.spec.rules.travel import Journey  # late: a cluster's file has no folders

    journey = Journey(path, subject.engine, target, subject.folder or os.curdir)
    for code, detail in subject.files.wrong(os.path.join(subject.folder, path), leave_out, journey, stays=stays):
        yield subject.at(code, detail, *place)


def _data_in_code(subject: Subject, folder: str) -> frozenset[str]:
    """The real paths of the spec's data inside the code folder: they are not part of the code."""
    code = os.path.normpath(folder)
    found = []
    for entry in subject.data.values():
        path = text(mapping(entry).get("path"))
        if path and is_local(path):
            path = os.path.normpath(path)
            if code == os.curdir or path.startswith(code + os.sep):
                found.append(path)
    if not found:
        return _NOTHING
    return frozenset(os.path.realpath(os.path.join(subject.folder, path)) for path in found)
