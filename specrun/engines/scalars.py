"""What a run's event files hold, read as they grow, wherever they lie; and what each metric in them is called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from posixpath import dirname

from specrun.engines.event_files import PIECE, read_events
from specrun.engines.points import Points

MARK = "events.out.tfevents."
"""What is in the name of every event file."""

MOST_NAMES = 10_000
"""Metrics of a run that are told apart; a name of more than `LONGEST` characters is none."""

LONGEST = 500

SPLITS = frozenset(
    {"train", "training", "val", "valid", "validation", "test", "testing", "eval", "evaluation", "dev", "holdout"}
)
"""Folders that stay in a name even where all files lie in them: the next comes with the first evaluation."""

ReadPiece = Callable[[str, int, int], bytes]
"""At most so many bytes of a file, by its path, from a position. Raises EngineError and OSError."""


class Scalars:
    """The scalars in the event files of one run. Each piece of a file is read once."""

    def __init__(self) -> None:
        self._read: dict[str, int] = {}
        self._points: dict[tuple[str, str], Points] = {}
        self._broken: set[str] = set()
        self._damaged = 0
        self._left_out = False

    def __len__(self) -> int:
        """How many points are held."""
        return sum(map(len, self._points.values()))

    def read(self, sizes: Mapping[str, int], piece: ReadPiece, budget: int) -> bool:
        """Read what is new in files of these sizes in bytes, at most `budget` bytes; whether that was all there is."""
        for path in sorted(sizes):
            start = self._read.get(path, 0)
            while start < sizes[path] and path not in self._broken:
                if budget <= 0:
                    return False
                content = piece(path, start, min(PIECE, sizes[path] - start))
                events = read_events(content)
                budget -= len(content)
                self._damaged += events.damaged
                for point in events.points:
                    self._keep(dirname(path), point.tag).add(point.step, point.time, point.value)
                if events.broken:
                    self._broken.add(path)
                if not events.used:
                    break  # its last record has not ended
                start += events.used
                self._read[path] = start
        return True

    def _keep(self, folder: str, tag: str) -> Points:
        known = self._points.get((folder, tag))
        if known is not None:
            return known
        if not tag or len(tag) > LONGEST or len(self._points) >= MOST_NAMES:
            self._left_out = True
            return Points()
        return self._points.setdefault((folder, tag), Points())

    def named(self) -> Mapping[str, Points]:
        """The points by the names of their metrics."""
        prefixes = prefixes_of({folder for folder, _ in self._points})
        return {f"{prefixes[folder]}{tag}": points for (folder, tag), points in self._points.items()}

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be read, and what was left out."""
        damaged = len(self._broken) + self._damaged
        return (
            *([f"{damaged} damaged records in TensorBoard's event files are left out."] if damaged else []),
            *([f"More than {MOST_NAMES:,} scalars, or such with long names, are left out."] if self._left_out else []),
        )


def prefixes_of(folders: Collection[str]) -> Mapping[str, str]:
    """What stands in front of a tag, by the folder of its event file: of its path what not all of them share.

    Such as `train/`, for a file in model/logs/train beside one in model/logs/validation; and for a file there alone.
    """
    # Folders of ./outputs are called without it in a workspace.
    parts = {folder: folder.removeprefix("default/").split("/") for folder in folders}
    shared = 0
    for level in zip(*parts.values(), strict=False):
        if len(set(level)) > 1 or level[0].lower() in SPLITS:
            break
        shared += 1
    return {folder: "".join(f"{part}/" for part in path[shared:]) for folder, path in parts.items()}
