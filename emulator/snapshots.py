"""`/content`: folders as they were when a run was submitted. A client sends only what changed since the latest one."""

from __future__ import annotations

import io
import re
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from emulator.planes import on, require
from emulator.router import Refused, Request, Response, Routes
from emulator.runs_state import ARTIFACTS, EMPTY, Plane, Snapshot, now

routes = Routes()

_UPLOADS = "LocalUpload"
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@on(routes, "GET", "content/v1.0", "/snapshots/latest/metadata")
def latest(plane: Plane, request: Request) -> dict[str, Any]:
    snapshot = plane.snapshots.get(plane.latest)
    return _view(snapshot) if snapshot else {"id": EMPTY, "root": {}, "tags": {}, "properties": {}}


@on(routes, "POST", "content/v2.0", "/snapshots/getblob")
def places_for_files(plane: Plane, request: Request) -> dict[str, Any]:
    """Where to upload the files of the next snapshot: one signed link for each."""
    names = request.json.get("FileNames")
    require(
        isinstance(names, list) and all(isinstance(name, str) for name in names), "FileNames must be a list of strings."
    )
    nodes = [
        {"fullName": name, "blobUri": plane.blobs.link(ARTIFACTS, f"{_UPLOADS}/{uuid.uuid4()}", write=True)}
        for name in names
    ]
    return {"fileNodes": nodes}


@on(routes, "POST", "content/v2.0", "/snapshots/{snapshot}")
def create(plane: Plane, request: Request, snapshot: str) -> dict[str, Any]:
    body = request.json
    require(_ID.fullmatch(snapshot), f"'{snapshot}' is not the id of a snapshot.")
    require(snapshot not in plane.snapshots, f"The snapshot {snapshot} exists already.", status=409, code="Conflict")
    tree, sent = body.get("DirTreeNode"), (body.get("FileRevisionList") or {}).get("FileNodes")
    require(isinstance(tree, dict), "DirTreeNode is required.")
    require(isinstance(sent, list), "FileRevisionList.FileNodes is required.")
    parent = plane.snapshots.get(body.get("ParentSnapshotId") or EMPTY)
    require(
        parent or body.get("ParentSnapshotId") in (None, EMPTY),
        f"The parent snapshot {body.get('ParentSnapshotId')} was not found.",
    )
    made = Snapshot(
        snapshot,
        tree,
        _files(plane, tree, list(sent or []), parent),
        parent.id if parent else EMPTY,
        {str(key): str(value) for key, value in (body.get("Tags") or {}).items()},
        {str(key): str(value) for key, value in (body.get("Properties") or {}).items()},
    )
    with plane.lock:
        plane.snapshots[snapshot] = made
        plane.latest = snapshot
    return {"id": snapshot}


@on(routes, "GET", "content/v1.0", "/snapshots/{snapshot}/metadata")
def metadata(plane: Plane, request: Request, snapshot: str) -> dict[str, Any]:
    return _view(_find(plane, snapshot))


@on(routes, "POST", "content/v2.0", "/snapshots/{snapshot}/zip")
def build_zip(plane: Plane, request: Request, snapshot: str) -> dict[str, Any]:
    found = _find(plane, snapshot)
    blob = f"SnapshotZips/{found.id}.zip"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, source in found.files.items():
            archive.writestr(path, plane.blobs.read(ARTIFACTS, source))
    plane.blobs.write(ARTIFACTS, blob, content.getvalue())
    return {"zipSasUri": plane.blobs.link(ARTIFACTS, blob)}


@on(routes, "GET", "content/v1.0", "/snapshots/{snapshot}/sas")
def links(plane: Plane, request: Request, snapshot: str) -> Response:
    return Response(json=_tree_with_links(plane, _find(plane, snapshot)))


def unpack(plane: Plane, snapshot: Snapshot, folder: Path) -> None:
    """Write a snapshot's files below a folder."""
    for path, blob in snapshot.files.items():
        plane.blobs.fetch(ARTIFACTS, blob, folder / path)


def _files(plane: Plane, tree: Mapping[str, Any], sent: list[Any], parent: Snapshot | None) -> dict[str, str]:
    """For each file of the tree the blob: as it was sent, or as it was in the parent. Raises Refused."""
    uploaded = {}
    for node in sent:
        require(
            isinstance(node, dict) and isinstance(node.get("FullName"), str) and isinstance(node.get("BlobUri"), str),
            "Each file needs FullName and BlobUri.",
        )
        uploaded[node["FullName"]] = unquote(urlsplit(node["BlobUri"]).path).removeprefix(f"/{ARTIFACTS}/")
    before = dict(files_of(parent.tree)) if parent else {}
    result = {}
    for path, hash_ in files_of(tree):
        if path in uploaded:
            require(plane.blobs.exists(ARTIFACTS, uploaded[path]), f"The file '{path}' was not uploaded.")
            result[path] = uploaded[path]
        elif parent is not None and before.get(path) == hash_:
            result[path] = parent.files[path]
        else:
            raise Refused(
                400, "UserError", f"The file '{path}' is neither in the list of files nor in the parent snapshot."
            )
    return result


def files_of(tree: Mapping[str, Any], folder: str = "") -> Iterator[tuple[str, str]]:
    """(path, hash) of every file in a tree. Raises Refused for a path that leads out of it."""
    children = tree.get("children") or {}
    for name, node in children.items():
        path = str(PurePosixPath(folder) / name)
        require("/" not in name and name not in ("", ".", ".."), f"'{path}' is no name of a file.")
        if node.get("type") == "File":
            yield path, str(node.get("hash"))
        else:
            yield from files_of(node, path)


def _find(plane: Plane, snapshot: str) -> Snapshot:
    found = plane.snapshots.get(snapshot)
    if found is None:
        raise Refused(404, "UserError", f"Snapshot {snapshot} not found.")
    return found


def _view(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "id": snapshot.id,
        "root": snapshot.tree,
        "parentId": snapshot.parent,
        "tags": snapshot.tags,
        "properties": snapshot.properties,
        "createdTime": snapshot.created,
    }


def _tree_with_links(plane: Plane, snapshot: Snapshot) -> dict[str, Any]:
    """The flat form of a snapshot with a link to each file."""
    children = {
        path: {"name": path, "type": "File", "sasUrl": plane.blobs.link(ARTIFACTS, blob)}
        for path, blob in snapshot.files.items()
    }
    return {"name": "", "type": "Directory", "timestamp": now(), "children": children}
