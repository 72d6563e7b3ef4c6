"""`/artifact`: the files of runs. `origin` is ExperimentRun, `container` is "dcid." and the run's id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from emulator.planes import on, page, require
from emulator.router import Refused, Request, Response, Routes
from emulator.runs_state import Artifact, Plane, Run

routes = Routes()

ORIGIN = "ExperimentRun"
_BATCH_LIMIT = 500


@on(routes, "GET", "artifact/v2.0", "/artifacts/{origin}/{container}")
def in_container(plane: Plane, request: Request, origin: str, container: str) -> dict[str, Any]:
    return _listing(plane, request, origin, container, "")


@on(routes, "GET", "artifact/v2.0", "/artifacts/{origin}/{container}/{path+}")
def in_path(plane: Plane, request: Request, origin: str, container: str, path: str) -> dict[str, Any]:
    return _listing(plane, request, origin, container, path)


@on(routes, "GET", "artifact/v2.0", "/artifacts/contentinfo/{origin}/{container}/{path+}")
def content_information(plane: Plane, request: Request, origin: str, container: str, path: str) -> dict[str, Any]:
    return _information(plane, _run(plane, origin, container), _find(plane, origin, container, path))


@on(routes, "GET", "artifact/v2.0", "/artifacts/write/{origin}/{container}/{path+}")
def write_link(plane: Plane, request: Request, origin: str, container: str, path: str) -> dict[str, Any]:
    run = _run(plane, origin, container)
    artifact = run.artifacts.setdefault(path, plane.artifact_blob(run, path))
    return _information(plane, run, artifact, write=True)


@on(routes, "GET", "artifact/v2.0", "/artifacts/prefix/contentinfo/{origin}/{container}")
def prefix_all(plane: Plane, request: Request, origin: str, container: str) -> dict[str, Any]:
    return _links(plane, request, origin, container, "")


@on(routes, "GET", "artifact/v2.0", "/artifacts/prefix/contentinfo/{origin}/{container}/{path+}")
def prefix(plane: Plane, request: Request, origin: str, container: str, path: str) -> dict[str, Any]:
    return _links(plane, request, origin, container, path)


@on(routes, "GET", "artifact/v2.0", "/artifacts/content/{origin}/{container}/{path+}")
def content(plane: Plane, request: Request, origin: str, container: str, path: str) -> Response:
    found = _find(plane, origin, container, path)
    blobs = _blobs(plane, found)
    return Response(body=blobs.read(found.container, found.blob))


@on(routes, "POST", "artifact/v2.0", "/artifacts/content/{origin}/{container}/{path+}")
def upload(plane: Plane, request: Request, origin: str, container: str, path: str) -> dict[str, Any]:
    """A small artifact in the request itself; `append=true` adds to what is there."""
    run = _run(plane, origin, container)
    before = b""
    if request.query.get("append", "").lower() == "true" and path in run.artifacts:
        known = run.artifacts[path]
        before = _blobs(plane, known).read(known.container, known.blob)
    artifact = plane.artifact_blob(run, path)
    plane.blobs.write(artifact.container, artifact.blob, before + request.body)
    run.artifacts[path] = artifact
    return _view(run, artifact)


@on(routes, "POST", "artifact/v2.0", "/artifacts/batch/metadata/{origin}/{container}")
def create_empty(plane: Plane, request: Request, origin: str, container: str) -> dict[str, Any]:
    """Names for files to come, each with a link to write it with; a name that is taken is an error of its own."""
    run = _run(plane, origin, container)
    wanted = request.json.get("paths")
    require(isinstance(wanted, list), "The field paths must be a list.")
    require(len(wanted) <= _BATCH_LIMIT, f"At most {_BATCH_LIMIT} artifacts may be created at once.")
    answer: dict[str, dict[str, Any]] = {"artifacts": {}, "artifactContentInformation": {}, "errors": {}}
    for entry in wanted:
        path = entry.get("path") if isinstance(entry, dict) else None
        if not isinstance(path, str) or not path:
            raise Refused(400, "UserError", "Each of the paths needs a path.")
        if path in run.artifacts:
            told = f"Resource Conflict: ArtifactId {origin}/{container}/{path} already exists."
            answer["errors"][path] = {"error": {"code": "UserError", "message": told}}
            continue
        artifact = _placed(plane, run, path, request.query.get("datastoreName"))
        run.artifacts[path] = artifact
        answer["artifacts"][path] = _view(run, artifact)
        answer["artifactContentInformation"][path] = _information(plane, run, artifact, write=True)
    return answer


@on(routes, "POST", "artifact/v2.0", "/artifacts/register")
def register(plane: Plane, request: Request) -> dict[str, Any]:
    """An artifact that lies in any datastore already."""
    asked = request.json
    run, where = _run(plane, str(asked.get("origin")), str(asked.get("container"))), asked.get("dataPath") or {}
    require(isinstance(asked.get("path"), str) and where.get("relativePath"), "The path and dataPath are required.")
    artifact = _placed(plane, run, asked["path"], where.get("dataStoreName"))
    artifact.blob = where["relativePath"]
    run.artifacts[artifact.path] = artifact
    return _view(run, artifact)


def _placed(plane: Plane, run: Run, path: str, datastore: str | None) -> Artifact:
    artifact = plane.artifact_blob(run, path)
    if datastore:
        store = plane.datastores.get(datastore.lower())
        if store is None:
            raise Refused(404, "UserError", f"Could not find datastore: {datastore}")
        artifact.datastore, artifact.account, artifact.container = store.name, store.account, store.container
    return artifact


def _listing(plane: Plane, request: Request, origin: str, container: str, path: str) -> dict[str, Any]:
    run = _run(plane, origin, container)
    part, token = page(_below(run, path), request.query.get("continuationToken"), plane.page_size)
    return {"value": [_view(run, one) for one in part], "continuationToken": token}


def _links(plane: Plane, request: Request, origin: str, container: str, path: str) -> dict[str, Any]:
    run = _run(plane, origin, container)
    part, token = page(_below(run, path), request.query.get("continuationToken"), plane.page_size)
    return {"value": [_information(plane, run, one) for one in part], "continuationToken": token}


def _below(run: Run, path: str) -> list[Artifact]:
    prefix = path.rstrip("/")
    known: Iterable[Artifact] = list(run.artifacts.values())
    inside = (one for one in known if not prefix or one.path == prefix or one.path.startswith(prefix + "/"))
    return sorted(inside, key=lambda one: one.path)


def _run(plane: Plane, origin: str, container: str) -> Run:
    run = plane.runs.get(container.removeprefix("dcid."))
    if origin != ORIGIN or not container.startswith("dcid.") or run is None:
        raise Refused(404, "UserError", f"Container {container} in origin {origin} was not found.")
    return run


def _find(plane: Plane, origin: str, container: str, path: str) -> Artifact:
    found = _run(plane, origin, container).artifacts.get(path)
    if found is None:
        raise Refused(404, "UserError", f"Artifact {origin}/{container}/{path} was not found.")
    return found


def _blobs(plane: Plane, artifact: Artifact) -> Any:
    account = plane.cloud.account(artifact.account)
    if account is None:
        raise Refused(404, "UserError", f"The storage account {artifact.account} was not found.")
    return account.blobs


def _information(plane: Plane, run: Run, artifact: Artifact, *, write: bool = False) -> dict[str, Any]:
    link = _blobs(plane, artifact).link(artifact.container, artifact.blob, write=write)
    return {"contentUri": link, "origin": ORIGIN, "container": run.container, "path": artifact.path}


def _view(run: Run, artifact: Artifact) -> dict[str, Any]:
    return {
        "artifactId": f"{ORIGIN}/{run.container}/{artifact.path}",
        "origin": ORIGIN,
        "container": run.container,
        "path": artifact.path,
        "etag": artifact.etag,
        "createdTime": artifact.created,
        "dataPath": {"dataStoreName": artifact.datastore, "relativePath": artifact.blob},
        "tags": {},
    }
