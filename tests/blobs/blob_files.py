"""What the tests of uploads share: the engine's way from a folder to a container."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from specrun.engines.azure.blobs import list_files
from specrun.engines.azure.containers import Container
from specrun.engines.azure.upload import send
from specrun.engines.base import Progress
from specrun.plan.files import SourceFile, list_data
from specrun.plan.hashes import HashCache
from specrun.plan.makers import Maker
from specrun.plan.transfer import plan_transfer


@dataclass(frozen=True)
class Sent:
    """One request as it left: its operation is the method and what `comp` says, such as "PUT block"."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]

    @property
    def operation(self) -> str:
        return f"{self.method} {self.query.get('comp', '')}".strip()


def silent(progress: Progress) -> None:
    """A report that nobody reads."""


def planned(path: Path, name: str = "") -> SourceFile:
    """A file as a plan sees it now."""
    content = path.read_bytes()
    return SourceFile(name or path.name, path, len(content), False, hashlib.md5(content).hexdigest())


def mirror(folder: Path, container: Container, prefix: str = "data", owner: str = "job") -> int:
    """List, compare and send, as plan and apply do; the number of files sent."""
    transfer = plan_transfer(list_data(folder, HashCache(folder.parent / "home")), list_files(container, prefix))
    send(container, prefix, transfer.send, Maker(owner), silent)
    return len(transfer.send)


def content(container: Container, name: str) -> bytes:
    """A blob's bytes."""
    return container.blob(name).download_blob().readall()
