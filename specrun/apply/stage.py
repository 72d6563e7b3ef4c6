"""Copies of exactly the planned files: what engines are given, so that an edit during apply cannot get in."""

from __future__ import annotations

import hashlib
from pathlib import Path

from specrun.engines.base import Staged
from specrun.plan.files import SourceFile
from specrun.plan.kinds.environment import EnvironmentContent
from specrun.plan.private import make_folder
from specrun.plan.submission import Submission
from specrun.spec.errors import STALE, Error
from specrun.spec.reading import Replaced, TooLarge, read_bytes


class Stale(Error):
    """The world is not what the plan saw: nothing was overwritten, plan again."""

    code = STALE


def stage(submission: Submission, folder: Path) -> Staged:
    """Copy what a run consists of below `folder`. Raises Stale when a file is not what was planned, and OSError."""
    code = folder / "code"
    code.mkdir(mode=0o700)
    _copy("code", submission.code, code)
    environment = submission.environment
    if environment is None:
        return Staged(code)
    conda = context = None
    for file in environment.named:
        _read("the environment", file, str(file.source), follow=True)
    if environment.conda is not None:
        conda = folder / "conda.yml"
        conda.write_bytes(environment.conda_text or b"")
    if environment.context:
        context = folder / "context"
        _copy("the environment", environment.context, context)
    return Staged(code, conda, context)


def check_environment(environment: EnvironmentContent) -> None:
    """Raise Stale when a file that the environment is made of is not what it was when the plan was made."""
    for file in environment.files:
        _read("the environment", file, str(file.source), follow=file in environment.named)


def _copy(what: str, files: tuple[SourceFile, ...], folder: Path) -> None:
    for file in files:
        content = _read(what, file, file.path)
        target = folder / file.path
        make_folder(target.parent, folder)
        target.write_bytes(content)
        target.chmod(0o700 if file.executable else 0o600)


def _read(what: str, file: SourceFile, name: str, *, follow: bool = False) -> bytes:
    try:
        content = read_bytes(file.source, file.size, follow=follow)
    except FileNotFoundError:
        raise Stale(f"{what} changed since the plan: {name} is gone") from None
    except (TooLarge, Replaced):
        raise Stale(f"{what} changed since the plan: {name} is not what it was") from None
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != file.md5:
        raise Stale(f"{what} changed since the plan: {name} is not what it was")
    return content
