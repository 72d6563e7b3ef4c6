"""MLflow's file store, read without MLflow: STORE/EXPERIMENT/RUN with a file for each metric, parameter and tag.

A job may write there whatever it likes: links are not followed, and nothing in it is a path.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from specrun.engines.points import Points
from specrun.engines.scalars import LONGEST, MOST_NAMES
from specrun.plan.private import open_private
from specrun.spec.frozen import dataclass

FOLDER = "mlflow"
"""In a run's folder, with a store for each of its roles."""

ADDRESS, ALLOWED = "MLFLOW_TRACKING_URI", "MLFLOW_ALLOW_FILE_STORE"
"""The variables by which MLflow finds the store, and agrees to write into files."""

SPEAKERS = ("main/0", "chief/0", "worker/0")
"""Who speaks for a run: there is one of these in each."""

MOST_TEXT = 6_000
"""Bytes of a parameter that are read: MLflow's own limit."""

_PIECE = 1 << 20
_DEEPEST = 12
_NOT_RUNS = frozenset({"tags", "datasets", "traces", "models"})
_STORE = re.compile(r"([a-z]+)-(\d{1,6})")
_START = re.compile(rb"^start_time: (\d{1,15})$", re.MULTILINE)
_VERSION = re.compile(rb"^VERSION = \"([\w.+-]{1,40})\"", re.MULTILINE)
_DELETED = re.compile(rb"^lifecycle_stage: deleted$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Stored:
    """What the stores of a run hold: of each metric the role ("": who speaks for the run) and the file."""

    metrics: Mapping[str, tuple[str, str]]
    params: Mapping[str, str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Run:
    """One of MLflow's runs, which a script starts as it likes. `label` tells it from others of its store."""

    folder: str
    label: str
    has_parent: bool


def read_stores(rundir: Path) -> Stored:
    """What the roles of a run have logged. The first run that a role starts has the plain names.

    What a later one logs under a name that is taken, and all that a child run logs, stands below that run's name.
    """
    metrics: dict[str, tuple[str, str]] = {}
    params: dict[str, str] = {}
    cut = False
    for role, store in _stores(rundir / FOLDER):
        own = f"{role}/" if role else ""
        for run in _runs(store):
            for name, file in _files(f"{run.folder}/metrics"):
                title = f"{own}{run.label}/{name}" if run.has_parent or f"{own}{name}" in metrics else f"{own}{name}"
                if len(metrics) < MOST_NAMES and len(title) <= LONGEST:
                    metrics.setdefault(title, (role, file))
                else:
                    cut = True
            for name, file in _files(f"{run.folder}/params"):
                value = _text(file)
                if params.get(name) == value:
                    continue  # as whoever speaks for the run has it
                title = f"{own}{run.label}/{name}" if run.has_parent or f"{own}{name}" in params else f"{own}{name}"
                if len(params) < MOST_NAMES and len(title) <= LONGEST:
                    params.setdefault(title, value)
    return Stored(metrics, params, ("Not all that MLflow has logged is shown: it is too much.",) if cut else ())


def without_store(programs: Path) -> str:
    """Why a job is given no store, in a full sentence: its MLflow cannot write one, and would refuse to start.

    "" where it can, or there is no MLflow. `programs` is the folder of the environment's Python.
    """
    for package in (programs.parent / "lib").glob("python3*/site-packages/mlflow"):
        about = _content(str(package / "version.py"))
        if about and not (package / "store" / "tracking" / "file_store.py").is_file():
            version = _VERSION.search(about)
            return (
                f"MLflow {version[1].decode() if version else ''} no longer writes files, so it is left to itself, and "
                f"what the job logs through it is not read here: say where to with {ADDRESS}, or take an older MLflow."
            ).replace("  ", " ")
    return ""


def read_metric(file: str, points: Points, start: int) -> int:
    """Add the points in a metric's file from `start` (bytes); where to go on. A line that has not ended is for then.

    Raises OSError.
    """
    with os.fdopen(open_private(Path(file), os.O_RDONLY), "rb") as opened:
        opened.seek(start)
        rest = b""
        while piece := opened.read(_PIECE):
            *lines, rest = (rest + piece).split(b"\n")
            start += sum(map(len, lines)) + len(lines)
            _add(points, lines)
            if len(rest) > _PIECE:
                break  # no line of a metric's
    return start


def _add(points: Points, lines: list[bytes]) -> None:
    """The points in lines: time in milliseconds, value, step, perhaps a dataset. What is none is left out."""
    add = points.add
    for line in lines:
        words = line.split(b" ")
        try:
            add(int(words[2]) if len(words) > 2 else 0, int(words[0]) / 1000, float(words[1]))
        except (ValueError, IndexError, OverflowError):
            continue


def _stores(folder: Path) -> list[tuple[str, str]]:
    """The stores by role, who speaks for the run first."""
    found: list[tuple[bool, str, int, str]] = []
    for path, name in _folders(str(folder)):
        if match := _STORE.fullmatch(name):
            role = f"{match[1]}/{int(match[2])}"
            found.append((role not in SPEAKERS, match[1], int(match[2]), path))
    return [(f"{kind}/{index}" if other else "", path) for other, kind, index, path in sorted(found)]


def _runs(store: str) -> list[_Run]:
    """All runs of a store, in whatever experiment, in the order in which they started."""
    found: list[tuple[int, str, str]] = []
    for experiment, name in _folders(store):
        for folder, run in () if name.startswith(".") else _folders(experiment):
            about = b"" if run in _NOT_RUNS else _content(f"{folder}/meta.yaml")
            if about and not _DELETED.search(about):
                start = _START.search(about)
                found.append((int(start[1]) if start else 0, folder, run))
    runs, labels = list[_Run](), set[str]()
    for _, folder, run in sorted(found):
        label = _text(f"{folder}/tags/mlflow.runName")
        label = label if label and label not in labels else os.fsencode(run).decode("utf-8", "replace")
        labels.add(label)
        runs.append(_Run(folder, label, bool(_content(f"{folder}/tags/mlflow.parentRunId"))))
    return runs


def _folders(folder: str) -> list[tuple[str, str]]:
    """Path and name of the folders in a folder that are no links; none where it is not there."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return [(entry.path, entry.name) for entry in entries if entry.is_dir(follow_symlinks=False)]
    return []


def _files(folder: str, below: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Name, as MLflow was given it, and path of the files below a folder, in order; links are none."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        name = below + os.fsencode(entry.name).decode("utf-8", "replace")
        if entry.is_file(follow_symlinks=False):
            yield name, entry.path
        elif depth < _DEEPEST and entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path, f"{name}/", depth + 1)


def _text(file: str) -> str:
    """A parameter's or a tag's text; of a longer one its beginning, which ends with an ellipsis then."""
    content = _content(file)
    text = content[:MOST_TEXT].decode("utf-8", "replace")
    return f"{text}…" if len(content) > MOST_TEXT else text


def _content(file: str) -> bytes:
    """The beginning of a plain file; b"" where there is none."""
    with contextlib.suppress(OSError), os.fdopen(open_private(Path(file), os.O_RDONLY), "rb") as opened:
        return opened.read(MOST_TEXT + 1)
    return b""
