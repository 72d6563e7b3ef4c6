"""The files that a run wrote: listed, copied, opened."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from os import PathLike, fspath
from pathlib import Path
from typing import BinaryIO, overload

from specrun.apply.fetching import fetch
from specrun.engines.base import Missing, OutputFile
from specrun.engines.reliable import Reliable
from specrun.spec.errors import Error
from specrun.spec.visible import visible
from specrun.spec.wording import size
from specrun.views.html import runs_html


class Outputs(Sequence[OutputFile]):
    """The files that a run wrote, as they are when they are looked at; of one that has ended they are listed once."""

    def __init__(self, engine: Reliable, run: str, over: Callable[[], bool]) -> None:
        self._engine = engine
        self._run = run
        self._over = over
        self._listed: tuple[OutputFile, ...] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def fetch(self, folder: str | PathLike[str], *patterns: str) -> list[Path]:
        """Copy the files into a folder, or those like some patterns (`model/*`); where they are.

        Raises Missing where there is none, and Error for a name that no file can have here.
        """
        wanted = [one for one in self if not patterns or any(fnmatch(one.path, pattern) for pattern in patterns)]
        if patterns and not wanted:
            raise Missing(f"{self._run} has no output like {', '.join(patterns)}")
        to = Path(fspath(folder))
        if refused := fetch(self._engine, self._run, wanted, to):
            raise Error("\n".join(["not fetched:", *refused]))
        return [to / one.path for one in wanted]

    def path(self, path: str) -> Path:
        """A copy of one file on this machine, which is there as long as this program. Raises Missing."""
        found = next((one for one in self if one.path == path), None)
        if found is None:
            raise Missing(f"{self._run} has no output {path}")
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="specrun-")
        here = Path(self._folder.name)
        if refused := fetch(self._engine, self._run, [found], here):
            raise Error(refused[0])
        return here / path

    def open(self, path: str) -> BinaryIO:
        """One file, to be read as bytes. Raises Missing."""
        return self.path(path).open("rb")

    def _files(self) -> tuple[OutputFile, ...]:
        if self._listed is not None:
            return self._listed
        over, found = self._over(), tuple(self._engine.outputs(self._run))
        self._listed = found if over else None
        return found

    @overload
    def __getitem__(self, index: int) -> OutputFile: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[OutputFile]: ...

    def __getitem__(self, index: int | slice) -> OutputFile | Sequence[OutputFile]:
        return self._files()[index]

    def __len__(self) -> int:
        return len(self._files())

    def __repr__(self) -> str:
        lines = [f"{'' if one.size is None else size(one.size):>8}  {visible(one.path)}" for one in self._files()]
        return "\n".join(lines) or f"{self._run} has written nothing"

    def _repr_html_(self) -> str:
        rows = [{"path": one.path, "size": "" if one.size is None else size(one.size)} for one in self._files()]
        return runs_html(("path", "size"), rows)
