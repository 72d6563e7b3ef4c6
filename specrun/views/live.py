"""What moves at the lower end of a terminal, below all that is written there. Nothing of it is ever left behind."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TextIO, TypeAlias

from specrun.views.text import canvas

TICK = 0.1
"""Seconds between two looks at what is to be drawn."""

SPINNER, PLAIN_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\"

Lines: TypeAlias = Callable[[int, int], Sequence[str]]
"""What is drawn now: lines of at most so many columns, at most so many of them."""


def can_draw(stream: TextIO) -> bool:
    """Whether a stream is a terminal on which the cursor can be moved."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def is_shared(stream: TextIO) -> bool:
    """Whether a stream is a pipe: who reads it may write to the terminal, and nothing may be drawn there then."""
    try:
        return not stream.isatty() and stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


class Live:
    """Draws below what is written to `streams`, the first of which is the terminal. What a command writes is written
    `above`; the streams of a command see to that themselves. Nothing is drawn before `show`.
    """

    def __init__(self, *streams: TextIO) -> None:
        # Not what keeps an SDK from writing there, for a while.
        self._streams: list[Any] = [getattr(stream, "real", stream) for stream in streams]
        self._canvas = canvas(streams[0])
        self._lines: Lines | None = None
        self._drawn: list[str] = []
        self._depth = 0
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._minds = False
        self._spinner = _spinner_of(streams[0])

    def show(self, lines: Lines) -> None:
        """Draw these lines from now on, as they are at each moment."""
        if self._lines is None:
            self._mind_the_end()
            for stream in self._streams:
                if hasattr(stream, "above"):
                    if stream.above is not None:
                        stream.above.__self__.close()  # what was drawn there before gives way
                    stream.above = self.above
            threading.Thread(target=self._tick, daemon=True).start()
        self._lines = lines

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._minds:
            self._mind_no_more()
        with self._lock:
            self._over.set()
            self._lines = None
            self._draw([])
            for stream in self._streams:
                if getattr(stream, "above", None) == self.above:
                    stream.above = None

    def giving_way(self) -> AbstractContextManager[None]:
        """Draw no more, for good."""
        self.close()
        return nullcontext()

    @contextmanager
    def above(self) -> Iterator[None]:
        """While this lasts nothing is drawn: lines may be written, and what is drawn may change."""
        with self._lock:
            self._depth += 1
            if self._drawn:
                self._draw([])
            try:
                yield
            finally:
                self._depth -= 1
                self.redraw()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """While this lasts nothing is drawn: what is drawn may change."""
        with self._lock:
            yield

    def redraw(self) -> None:
        """Draw what is to be seen now."""
        with self._lock:
            if self._lines is None or self._depth or any(getattr(one, "is_open", False) for one in self._streams):
                return
            width, height = _size(self._canvas)
            lines = list(self._lines(width - 1, height - 1))  # the last column would begin a new line
            if lines != self._drawn:
                self._draw(lines)

    def spinner(self) -> str:
        """A character that turns."""
        return self._spinner[int(time.monotonic() / TICK) % len(self._spinner)]

    def _mind_the_end(self) -> None:
        """Have a request to end, such as that of `timeout`, find nothing drawn, where nobody else minds it."""
        import signal  # late: who draws nothing has nothing to mind

        if _is_main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._end)
            self._minds = True

    def _end(self, number: int, _: object) -> None:
        import signal

        self.close()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _mind_no_more(self) -> None:
        import signal

        if _is_main_thread() and signal.getsignal(signal.SIGTERM) == self._end:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def _tick(self) -> None:
        while not self._over.wait(TICK):
            self.redraw()

    def _draw(self, lines: list[str]) -> None:
        if not lines and not self._drawn:
            return
        for stream in self._streams:
            stream.flush()
        up = f"\x1b[{len(self._drawn) - 1}A" if len(self._drawn) > 1 else ""
        self._canvas.write(f"\r{up}" + "\x1b[K\n".join(lines) + "\x1b[J")
        self._canvas.flush()
        self._drawn = lines


def _is_main_thread() -> bool:
    """Whether this thread may say what becomes of signals."""
    return threading.current_thread() is threading.main_thread()


def _size(stream: TextIO) -> tuple[int, int]:
    """Columns and rows of a terminal."""
    try:
        columns, rows = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        import shutil  # late: for what is no terminal after all

        columns, rows = shutil.get_terminal_size()
    return columns or 80, rows or 24


def _spinner_of(stream: TextIO) -> str:
    try:
        SPINNER.encode(stream.encoding or "utf-8")
    except UnicodeError:
        return PLAIN_SPINNER
    return SPINNER
