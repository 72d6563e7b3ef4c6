"""What a script uploads, as entries of `data`."""

from __future__ import annotations

import posixpath
import re

from specrun.convert import naming
from specrun.convert.document import TODO, Key
from specrun.convert.locations import folder_of, is_address, rebased
from specrun.convert.scripts.stores import Upload, clean_target, store_name
from specrun.convert.scripts.values import Call, Value
from specrun.convert.scripts.writing import Expressed, Writing
from specrun.spec.datastore_paths import DEFAULT_NAME

_DATA = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")


def write_uploads(writing: Writing) -> list[Upload]:
    """What the script uploads, as entries of `data`."""
    uploads: list[Upload] = []
    for call in writing.of(
        "upload", "upload_files", "Dataset.File.upload_directory", "FileDatasetFactory.upload_directory"
    ):
        target, owner = call.get("target_path"), call.owner
        key = "target_path"
        if call.find("target") is not None:
            key, pair = "target", call.get("target")
            owner, target = (pair[0], pair[1]) if isinstance(pair, list) and len(pair) == 2 else (pair, "")
            reference = owner if isinstance(owner, Call) and owner.kind == "path" else None
            if reference is not None:
                owner, target = reference.owner, reference.get("path")
        store = store_name(writing, owner)
        sources = call.get("files") if call.kind == "upload_files" else [call.get("src_dir")]
        name = "files" if call.kind == "upload_files" else "src_dir"
        listed = sources if isinstance(sources, list) else [sources]
        folders = {posixpath.dirname(source) or "." for source in listed if isinstance(source, str)}
        if len(listed) > 1 and len(folders) == 1 and all(isinstance(source, str) for source in listed):
            folder = folders.pop()
            what = f"the script sends {len(listed)} files of {folder}; the spec sends the whole folder: is that right?"
            writing.ask(call, name, ("data",), what)
            listed = [folder]
        for source in listed:
            there = _clashing(store, clean_target(target) if isinstance(target, str) else "", uploads)
            if there is None:
                uploads.append(_upload(writing, call, (name, source), (key, target), store, uploads))
            elif there.source != source:
                what = f"data.{there.name} goes there already, and a target mirrors one source: put them together"
                writing.ask(call, name, ("data", there.name), what)
            else:
                writing.rewrite(call, name, ("data", there.name), "the same as before")
        _sources_of(writing, listed)
    for call in writing.of("v2:Data"):
        path, own = call.get("path"), call.get("name")
        if (
            isinstance(path, str)
            and isinstance(own, str)
            and not is_address(path)
            and "${{" not in path
            and _DATA.fullmatch(own)
        ):
            writing.draft.comment(("data", own), f"from {call.key} ({call.place})")
            where = rebased(path, folder_of(writing.file), writing.options.folder)
            writing.draft.set(("data", own, "path"), where)
            writing.carry(call, "name", ("data", own))
            writing.rewrite(call, "path", ("data", own, "path"), f"written as {where}")
            uploads.append(Upload(own, DEFAULT_NAME, own, path))
    return uploads


def _clashing(store: str, target: str, uploads: list[Upload]) -> Upload | None:
    """An entry that has the target already, or one above or below it."""
    for upload in uploads:
        one, other = f"{upload.target}/".lstrip("/"), f"{target}/".lstrip("/")
        if upload.store == store and (one.startswith(other) or other.startswith(one)):
            return upload
    return None


def _upload(
    writing: Writing, call: Call, source: tuple[str, Value], target: tuple[str, Value], store: str, before: list[Upload]
) -> Upload:
    place = clean_target(target[1]) if isinstance(target[1], str) else ""
    path = source[1]
    base = posixpath.basename(place or (path if isinstance(path, str) else "").rstrip("/")).split(".")[0]
    name = naming.identifier(
        base if base[:1].isalpha() else f"data_{base}".strip("_"), [upload.name for upload in before]
    )
    to: Key = ("data", name)
    writing.draft.comment(to, f"from {call.key} ({call.place})")
    found = writing.word(path, "data")
    if isinstance(path, str) and path.strip() and found.value is not TODO:
        found.value = rebased(path, folder_of(writing.file), writing.options.folder)
        writing.settle(call, source[0], (*to, "path"), found, "" if found.value == path else "relative to the spec")
    else:
        found.value = found.value if isinstance(found.value, str) and path else TODO
        found.asked = found.asked or [("what is uploaded", "")]
        writing.settle(call, source[0], (*to, "path"), found)
    writing.draft.set((*to, "path"), found.value)
    if store != DEFAULT_NAME:
        writing.draft.set((*to, "datastore"), store)
    nothing = target[1] is None or (isinstance(target[1], str) and not place)
    expressed = Expressed("") if nothing else writing.word(target[1], "target")
    if place:
        expressed.value = place
    if isinstance(expressed.value, str) and expressed.value:
        writing.draft.set((*to, "target"), expressed.value)
        writing.settle(call, target[0], (*to, "target"), expressed, "" if place == target[1] else f"written as {place}")
        place = place or expressed.value
    elif call.find(target[0]) is not None:
        writing.rewrite(call, target[0], to, f"the datastore's root is no target: the files go to {name}")
    return Upload(name, store, place, path if isinstance(path, str) else "")


def _sources_of(writing: Writing, sources: list[Value]) -> None:
    """A folder that the script itself fills from the web is not there before it ran."""
    for call in writing.of("urlretrieve"):
        name, url = call.get("filename"), call.get("url")
        inside = [
            s
            for s in sources
            if isinstance(s, str)
            and isinstance(name, str)
            and posixpath.normpath(name).startswith(posixpath.normpath(s))
        ]
        if inside:
            shown = url if isinstance(url, str) and "?" not in url else "a file"
            writing.draft.comment(
                ("data",),
                f"TODO: the script downloads {shown} to {name} first; do so before apply,"
                " or let `path` be the https address, with sha256",
            )
            writing.ask(
                call,
                "filename",
                ("data",),
                f"the script downloads it to {name} before it uploads it: download"
                " it before apply, or let `path` be the https address, with sha256",
            )
            if isinstance(url, str):
                writing.drop(call, "url", "what downloads the file stays a step before the spec")
