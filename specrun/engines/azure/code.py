"""The code of a run as it was submitted, read file by file: of SDK v2 a code asset, of SDK v1 a snapshot."""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from specrun.engines.azure.arm import Arm
from specrun.engines.azure.blob_errors import explained
from specrun.engines.azure.blobs import fetch_blob, folder
from specrun.engines.azure.connection import Connection
from specrun.engines.azure.containers import Container, SasToken
from specrun.engines.azure.coordinates import workspace_path
from specrun.engines.azure.jobs import get_job
from specrun.engines.azure.seen import SeenRun
from specrun.engines.azure.services import endpoint, read_details
from specrun.engines.base import EngineError, Missing

_ASSET = re.compile(r"(?i)/subscriptions/[^/]+/.*/codes/[^/]+/versions/[^/]+")
_SNAPSHOT = re.compile(r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_API = {"api-version": "2024-04-01"}

IN_MEMORY = 1 << 23
"""Bytes of a snapshot; a larger one lies on the disk while it is read."""

_ONE_AT_A_TIME = threading.Lock()
"""An archive is read at one place at a time."""

PATIENCE, PAUSE = 60.0, 2.0
"""Seconds for which the service may pack a snapshot, and between two looks whether it has."""


def fetch_code(connection: Connection[Any], run: SeenRun, path: str, to: Path) -> None:
    """Copy one file of a run's code: a request, and before the first one or two for where they lie. Raises Missing."""
    if run.by_v1:
        _unpack(connection, run, path, to)
    else:
        if run.code_at is None:
            run.code_at = _asset(connection, run)
        container, prefix = run.code_at
        fetch_blob(container, f"{prefix}{path}", to)


def _asset(connection: Connection[Any], run: SeenRun) -> tuple[Container, str]:
    """The container with the files of a code asset, and how their names begin there."""
    if not _ASSET.fullmatch(run.code):  # it was submitted just now
        run.code = get_job(connection, run.name).code
    if not _ASSET.fullmatch(run.code):
        raise Missing(f"the run {run.name} names no code asset of its workspace")
    asset = connection.arm.get(run.code, _API, f"find the code of {run.name}")
    properties = asset.get("properties") if isinstance(asset, dict) else None
    address = urlsplit(str((properties or {}).get("codeUri") or ""))
    name, _, start = unquote(address.path).strip("/").partition("/")
    if address.scheme != "https" or not name:
        raise Missing(f"the code of {run.name} does not say where its files are")
    default = connection.open_datastore(None)
    if address.hostname == urlsplit(default.account_url).hostname and not _for_one_container(default):
        return replace(default, name=name), folder(start)
    return Container(f"https://{address.hostname}", name, connection.credential), folder(start)


def _for_one_container(container: Container) -> bool:
    return isinstance(container.credential, SasToken) and container.opened_with == "sas"


def _unpack(connection: Connection[Any], run: SeenRun, path: str, to: Path) -> None:
    try:
        with _ONE_AT_A_TIME:
            if run.code_at is None:
                run.code_at = _snapshot(connection, run)
            _read(run.code_at, path, to)
    except KeyError:
        raise Missing(f"the snapshot of {run.name} has no {path}") from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise EngineError(f"cannot read the snapshot of {run.name}: {error}") from error


def _read(packed: IO[bytes], path: str, to: Path) -> None:
    with zipfile.ZipFile(packed) as archive, archive.open(path) as source:
        to.parent.mkdir(parents=True, exist_ok=True)
        with to.open("wb") as file:
            shutil.copyfileobj(source, file)


def _snapshot(connection: Connection[Any], run: SeenRun) -> IO[bytes]:
    """A run's snapshot as the archive that the service makes of it on request, as SDK v1 asks for it."""
    what = f"pack the code of {run.name}"
    snapshot = run.code if _SNAPSHOT.fullmatch(run.code) else _snapshot_in(connection, run)
    arm = Arm(connection.credential, endpoint=endpoint(connection))
    path = f"/content/v2.0{workspace_path(connection.coordinates)}/snapshots/{snapshot}/zip"
    give_up = time.monotonic() + PATIENCE
    answer = arm.post(path, {}, what)
    while "zipSasUri" not in answer:
        if time.monotonic() > give_up or not answer.get("location"):
            raise EngineError(f"cannot {what}: the service did not do it within {PATIENCE:.0f} s")
        time.sleep(PAUSE)
        answer = arm.post(str(answer["location"]), {}, what, "GET")
    address = urlsplit(str(answer["zipSasUri"]))
    name, _, blob = unquote(address.path).strip("/").partition("/")
    container = Container(f"https://{address.netloc}", name, SasToken(address.query))
    archive: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - it is read file by file
    with explained(container, f"reading {blob}"):
        container.blob(blob).download_blob().readinto(archive)
    return archive


def _snapshot_in(connection: Connection[Any], run: SeenRun) -> str:
    """What the details of a run call its snapshot."""
    details = run.details or read_details(connection, run.name)
    properties = details.get("properties")
    found = str((properties if isinstance(properties, dict) else {}).get("ContentSnapshotId") or "")
    if not _SNAPSHOT.fullmatch(found):
        raise Missing(f"the run {run.name} names no snapshot of its code")
    return found
