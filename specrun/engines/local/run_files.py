"""The files of runs on this machine, for whoever looks at them where they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from specrun.engines.base import Missing
from specrun.engines.local.role_logs import files_of, read_times
from specrun.engines.local.submission import run_folder
from specrun.plan.attempts import NAME


class LocalFiles:
    """The files of the runs below a state folder."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def log_files(self, name: str) -> Mapping[str, Path]:
        """The log of each role."""
        return dict(files_of(own_folder(self._home, name, "logs")))

    def log_times(self, name: str) -> Mapping[str, Sequence[tuple[int, float]]] | None:
        """What was noted of how long each log was when."""
        return read_times(own_folder(self._home, name))

    def folder(self, name: str, part: str) -> Path:
        """A folder of a run."""
        return own_folder(self._home, name, part)


def own_folder(home: Path, name: str, part: str = "") -> Path:
    """The folder of a run that is there, or one in it, where neither is a link. Raises Missing."""
    folder = named_folder(home, name)
    if not folder.is_dir() or folder.is_symlink() or (folder / part).is_symlink():
        raise Missing(f"there is no run {name} on this machine")
    return folder / part


def named_folder(home: Path, name: str) -> Path:
    """Where the run of a name is, or would be. Raises Missing, if no run can be called so."""
    if NAME.fullmatch(name) is None:  # which may hold anything, such as `..`
        raise Missing(f"there is no run {name} on this machine")
    return run_folder(home, name)
