"""A copy of exactly the planned code files: what engines are given, so that an edit during apply cannot get in."""

from __future__ import annotations

import hashlib
from pathlib import Path

from specrun.plan.files import SourceFile


class Stale(Exception):
    """The world is not what the plan saw: nothing was overwritten, plan again (exit 5)."""


def stage(files: tuple[SourceFile, ...], folder: Path) -> None:
    """Copy the files into `folder`. Raises Stale when one is not what was planned any more, and OSError."""
    folder.mkdir()
    for file in files:
        try:
            content = file.source.read_bytes()
        except FileNotFoundError:
            raise Stale(f"code changed since the plan: {file.path} is gone") from None
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != file.md5:
            raise Stale(f"code changed since the plan: {file.path} is not what it was")
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o755 if file.executable else 0o644)
