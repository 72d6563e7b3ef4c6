"""Files and folders that a spec names must be there."""

# ruff: noqa: PTH117, PTH118
# A load looks at thousands of paths, and os.path joins them ten times as fast.

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

from specrun.spec.boundary import Boundary, Links
from specrun.spec.datastore_paths import input_target
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.reading import MOST_TEXT, MOST_YAML, is_absent
from specrun.spec.rules.data import is_local
from specrun.spec.rules.missing import missing_detail
from specrun.spec.rules.outside import found_outside, is_refused, noted_outside
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
    if (yield from _refused(subject, subject.reach.spec, folder, "job", "code")):
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
    yield from _noted(subject, subject.reach.spec, folder, "job", "code")
    links = Links(subject.reach.spec, stays=True)
    yield from _travelling(subject, folder, _data_in_code(subject, folder), "", links, "job", "code")
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
    if (yield from _refused(subject, subject.reach.spec, os.path.join(folder, script), *place)):
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
    if is_refused(subject.reach.spec, path) or subject.files.kind(os.path.join(subject.folder, path)) is not None:
        return None
    prefix = folder.rstrip("/") + "/"
    if script.startswith(prefix) and subject.files.kind(os.path.join(subject.folder, script)) == "file":
        return "missing-script", f"{where}: write `{script[len(prefix) :]}`."
    return "missing-script", missing_detail(subject, path, "missing-script")


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
        if (yield from _refused(subject, subject.reach.spec, path, *place)):
            continue
        where = os.path.join(subject.folder, path)
        kind = subject.files.kind(where)
        source = mapping(entry).get("source")
        if kind is None and source is not None and is_absent(where):
            if source == "optional":
                there = f"`{os.path.normpath(where)}` is not on this machine"
                from specrun.spec.rules.nearby import nearest_existing  # late: as a rule it is there

                near = nearest_existing(where)
                meant = f" Or is `{os.path.relpath(near, subject.folder)}` meant?" if near is not None else ""
                detail = f"{there}: what lies at {_target_of(name, entry)} stands for it, and nothing is sent.{meant}"
                yield subject.at("source-not-here", detail, *place)
        elif kind is None:
            yield _missing(subject, "missing-data", path, *place)
        elif kind == "other":
            yield _other(subject, path, *place)
        else:
            links = Links(subject.reach.spec, stays=True)
            yield from _travelling(subject, path, None, _target_of(name, entry), links, *place)


def _target_of(name: str, entry: object) -> str:
    return text(mapping(entry).get("target", name)) or name


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
        boundary = subject.reach.of_input(name)
        if (yield from _refused(subject, boundary, path, *place)):
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
            target = input_target(text(subject.values.get("name")) or "", name)
            yield from _travelling(subject, path, None, target, Links(boundary), *place)


def environment(subject: Subject) -> Iterator[Diagnostic]:
    """The conda file, the build folder and its Dockerfile are there."""
    written = mapping(subject.job.get("environment"))
    conda = text(written.get("conda_file"))
    if conda is not None:
        boundary = subject.reach.environment
        place = ("job", "environment", "conda_file")
        yield from _file(subject, "missing-conda-file", conda, boundary, *place, noted=True, most=MOST_YAML)
    build = mapping(written.get("build"))
    folder, dockerfile = text(build.get("path")), text(build.get("dockerfile_path", "Dockerfile"))
    if folder is not None and dockerfile is not None:
        yield from _build(subject, folder, dockerfile, "dockerfile_path" if "dockerfile_path" in build else "path")


def _build(subject: Subject, folder: str, dockerfile: str, key: str) -> Iterator[Diagnostic]:
    place = ("job", "environment", "build")
    if not _is_path(folder):
        yield from _odd(subject, folder, *place, "path")
        return
    boundary = subject.reach.spec
    if (yield from _refused(subject, boundary, folder, *place, "path")):
        return
    kind = subject.files.kind(os.path.join(subject.folder, folder))
    if kind == "folder":
        yield from _noted(subject, boundary, folder, *place, "path")
        links = Links(boundary, noted=not boundary.strict)
        yield from _travelling(subject, folder, None, "context", links, *place, "path")
        inside = os.path.join(folder, dockerfile)
        if "\0" in inside or (yield from _refused(subject, boundary, inside, *place, key)):
            return
        if subject.files.kind(os.path.join(subject.folder, inside)) != "file":
            detail = missing_detail(subject, inside, "missing-dockerfile")
            yield subject.at("missing-dockerfile", detail, *place, key)
        else:
            yield from _large(subject, inside, MOST_TEXT, *place, key)
    elif kind is None:
        yield _missing(subject, "missing-build-path", folder, *place, "path")
    elif kind == "other":
        yield _other(subject, folder, *place, "path")
    else:
        yield subject.at("not-a-folder", f"`{folder}` is a file. Name the folder it is in.", *place, "path")


def workspace(subject: Subject) -> Iterator[Diagnostic]:
    """The file of `workspace.from_config` is there, where the engine reads it."""
    path, place = text(mapping(subject.values.get("workspace")).get("from_config")), ("workspace", "from_config")
    if path is None:
        return
    if subject.engine != "local":
        yield from _file(subject, "missing-workspace-config", path, subject.reach.spec, *place)
    elif _is_path(path):
        yield from _refused(subject, subject.reach.spec, path, *place)


def _file(
    subject: Subject,
    code: str,
    path: str,
    boundary: Boundary,
    *place: str,
    noted: bool = False,
    most: int = MOST_TEXT,
) -> Iterator[Diagnostic]:
    if not _is_path(path):
        yield from _odd(subject, path, *place)
        return
    if (yield from _refused(subject, boundary, path, *place)):
        return
    kind = subject.files.kind(os.path.join(subject.folder, path))
    if kind is None:
        yield _missing(subject, code, path, *place)
    elif kind == "other":
        yield _other(subject, path, *place)
    elif kind == "folder":
        yield subject.at("not-a-file", f"`{path}` is a folder. Name the file in it.", *place)
    else:
        yield from _large(subject, path, most, *place)
        if noted:
            yield from _noted(subject, boundary, path, *place)


def _refused(subject: Subject, boundary: Boundary, path: str, *place: str) -> Generator[Diagnostic, None, bool]:
    """Says, and returns, whether nothing at a path may be looked at: not even whether it is there."""
    found = found_outside(boundary, path)
    if found is not None:
        yield subject.at(*found, *place)
    return found is not None


def _noted(subject: Subject, boundary: Boundary, path: str, *place: str) -> Iterator[Diagnostic]:
    """Says that a part of the job lies outside."""
    found = noted_outside(boundary, path)
    if found is not None:
        yield subject.at(*found, *place)


def _large(subject: Subject, path: str, most: int, *place: str) -> Iterator[Diagnostic]:
    """A file that is read as a whole has no more than one of its kind ever needs."""
    if subject.files.size(os.path.join(subject.folder, path)) > most:
        detail = f"`{path}` has more than {most:,} bytes, which no such file needs: is it the right one?"
        yield subject.at("file-too-large", detail, *place)


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
    return subject.at(code, missing_detail(subject, path, code, place), *place)


def _travelling(
    subject: Subject, path: str, leave_out: frozenset[str] | None, target: str, links: Links, *place: str
) -> Iterator[Diagnostic]:
    """What is wrong with the files at a path, which are code or go to a target."""
    from specrun.spec.rules.travel import Journey  # late: a cluster's file has no folders

    journey = Journey(path, subject.engine, target, subject.folder or os.curdir)
    for code, detail in subject.files.wrong(os.path.join(subject.folder, path), leave_out, journey, links):
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
