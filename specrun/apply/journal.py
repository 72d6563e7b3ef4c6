"""What apply did, as JSON lines for people to read afterwards. Nothing is ever decided by it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path

from specrun.apply.events import (
    BestChanged,
    Event,
    LogLines,
    Looked,
    OpenLines,
    OperationProgressed,
    TrialEnded,
    TrialsSeen,
)
from specrun.plan.home import make_home
from specrun.plan.private import open_private
from specrun.spec.masking import mask
from specrun.spec.moments import rfc3339
from specrun.spec.visible import json_text

KEPT = 8_000_000
"""Bytes after which the journal starts anew; the one before is kept beside it."""

TOO_MANY = (LogLines, Looked, OpenLines, OperationProgressed, TrialsSeen, TrialEnded, BestChanged)
"""Events that are in the run's own logs, or of no interest afterwards."""


class Journal:
    """Appends to `journal.jsonl` in the state folder. A journal that cannot be written stops nobody."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._file = home / "journal.jsonl"

    def keeps(self, event: Event) -> bool:
        """Whether an event is of interest afterwards; asked first, since a job may write a million lines."""
        return not isinstance(event, TOO_MANY)

    def end(self) -> None:
        """Note that an apply is over whose process lives on."""
        self.write({"event": "apply_ended"})

    def write(self, event: Mapping[str, object]) -> None:
        """Append one event, as JSON values, with the time (RFC 3339) and this process's id."""
        with contextlib.suppress(OSError):
            make_home(self._home)
            seen = self._file.lstat() if self._file.is_file() else None
            if seen is not None and (seen.st_size > KEPT or seen.st_nlink > 1):  # a file of two names may be anybody's
                self._file.replace(self._file.with_suffix(".1.jsonl"))
            line = mask(json_text({"time": rfc3339(time.time()), "process": os.getpid(), **event}))
            descriptor = open_private(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            with open(descriptor, "a", encoding="utf-8") as journal:  # noqa: PTH123 - a descriptor
                journal.write(f"{line}\n")
