"""How fast an upload is, and how long it will take."""

from __future__ import annotations

import io
import threading
import time
from collections import deque

from specrun.engines.base import Progress, Report

EVERY = 0.2
"""Seconds between two reports."""

WINDOW = 10.0
"""Seconds over which the rate is taken: long enough to be calm, short enough to follow the line."""


class Pace:
    """Counts bytes from several threads, and reports them with rate and time left."""

    def __init__(self, total: int, report: Report) -> None:
        self._total = total
        self._report = report
        self._lock = threading.Lock()
        self._done = 0
        self._skipped = 0
        self._marks = deque([(time.monotonic(), 0)])

    def add(self, count: int, *, sent: bool = True) -> None:
        """So many bytes more (less, when they are sent again); not `sent`: they were there from the last time."""
        with self._lock:
            self._done += count
            self._skipped += 0 if sent else count
            now = time.monotonic()
            if now - self._marks[-1][0] >= EVERY:
                self._marks.append((now, self._done - self._skipped))
                while now - self._marks[0][0] > WINDOW and len(self._marks) > 2:
                    self._marks.popleft()
                self._report(Progress(self._done, self._total, self._text()))

    def _text(self) -> str:
        (begin, first), (end, last) = self._marks[0], self._marks[-1]
        if last <= first or end <= begin:
            return "resuming" if self._skipped else "starting"
        rate = (last - first) / (end - begin)
        left = round((self._total - self._done) / rate)
        return f"{rate / 1e6:.1f} MB/s, {clock(left)} left"


def clock(seconds: int) -> str:
    """Seconds as a clock shows them: 0:42, 1:02:03."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


class Counted(io.BytesIO):
    """A request's body that counts what is read of it; going back to its beginning takes that back."""

    def __init__(self, data: bytes, pace: Pace) -> None:
        super().__init__(data)
        self._pace = pace
        self._size = len(data)

    def __len__(self) -> int:
        return self._size

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        data = super().read(size)
        self._pace.add(len(data))
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place."""
        before = self.tell()
        place = super().seek(offset, whence)
        if place != before:
            self._pace.add(place - before)
        return place
