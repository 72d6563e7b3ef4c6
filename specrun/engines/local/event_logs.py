"""The event files of TensorBoard's in a run's outputs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from specrun.engines.local import state
from specrun.engines.scalars import MARK
from specrun.plan.private import open_private

MOST = 50_000
"""Files and folders of an output that are looked at."""

_SLACK = 2.0
"""Seconds by which a file system's clock may be beside this machine's."""


def event_files(rundir: Path) -> dict[str, int]:
    """Sizes in bytes, by path below the run's outputs; links are not followed.

    Of an output that has a place on a datastore, which other runs write to as well, those count that were written to
    while this run went.
    """
    outputs, found = rundir / "outputs", dict[str, int]()
    if outputs.is_symlink() or not outputs.is_dir():
        return found
    for output in sorted(outputs.iterdir()):
        placed = output.is_symlink()
        if placed and not _is_ours(output, rundir.parents[1]):
            continue
        since, until = _moments(rundir) if placed else (0.0, float("inf"))
        for path, seen in _below(str(output)):
            if since <= seen.st_mtime <= until:
                found[f"{output.name}/{path}"] = seen.st_size
    return found


def read_piece(rundir: Path, path: str, start: int, length: int) -> bytes:
    """A part of a file in a run's outputs. Raises OSError, also where there is a link by now."""
    descriptor = open_private(rundir / "outputs" / path, os.O_RDONLY)
    try:
        return os.pread(descriptor, length, start)
    finally:
        os.close(descriptor)


def _is_ours(output: Path, home: Path) -> bool:
    """Whether a link is one that specrun makes: to a folder of a datastore of this machine."""
    return Path(os.path.realpath(output)).is_relative_to(os.path.realpath(home / "datastores"))


def _moments(rundir: Path) -> tuple[float, float]:
    known = state.read(rundir)
    started = known.started if known.started is not None else float("inf")
    return started - _SLACK, float("inf") if known.ended is None else known.ended + _SLACK


def _below(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """The event files below a folder, by their paths in it."""
    left, waiting = MOST, [("", folder)]
    while waiting and left > 0:
        below, here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    left -= 1
                    name = os.fsencode(entry.name).decode("utf-8", "surrogateescape")
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append((f"{below}{name}/", entry.path))
                    elif MARK in name and entry.is_file(follow_symlinks=False):
                        yield below + name, entry.stat(follow_symlinks=False)
        except OSError:  # gone meanwhile
            continue
