"""Data on a node: where it lies, where it is from, and what was there before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from emulator.blobs import Blobs
from emulator.runs_state import Datastore, Plane


class Unusable(Exception):
    """What a run asks for cannot be brought to a node; the message says what and why."""


@dataclass(frozen=True)
class Reference:
    """Data on a node. `path` is what the script is told; `root` is the folder that stands for `base` in the datastore,
    a prefix that is empty or ends with /; `before` is what was in it, with size and time. Whatever else is in it at
    the end goes to the datastore, unless the mode is download.
    """

    mode: str
    store: Datastore
    base: str
    root: Path
    path: Path
    before: Mapping[Path, tuple[int, int]] = field(default_factory=dict)


def contents(root: Path) -> dict[Path, tuple[int, int]]:
    """The files below a folder with size and time of change."""
    return {file: (file.stat().st_size, file.stat().st_mtime_ns) for file in root.rglob("*") if file.is_file()}


def open_store(plane: Plane, name: str, store: Datastore) -> Blobs:
    """The blobs of a datastore, which its own credential must open; `name` is the reference's. Raises Unusable."""
    account = plane.cloud.account(store.account)
    if account is None:
        raise Unusable(f"{name}: the storage account {store.account} cannot be reached.")
    credential = store.section.get("credential")
    if store.section.get("credentialType") in ("Sas", "AccountKey") and store.kind == "AzureBlob":
        problem = account.blobs.refusal(store.container, str(credential))
        if problem:
            raise Unusable(f"{name}: the datastore {store.name} cannot be opened: {problem}.")
    return account.blobs


def fetch(blobs: Blobs, container: str, base: str, root: Path) -> None:
    """Bring what lies at `base` or below it to a folder, by the path relative to `base`; a file by its name."""
    for blob in blobs.paths(container, base):
        if not base or blob.startswith(base + "/"):
            blobs.fetch(container, blob, root / blob[len(base) :].lstrip("/"))
        elif blob == base:
            blobs.fetch(container, blob, root / blob.rpartition("/")[2])
