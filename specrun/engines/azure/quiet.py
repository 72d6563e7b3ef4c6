"""Keeps the SDK from writing where results and progress are written: it prints, warns and logs by itself."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_TALKERS = r"(azureml|azure|msrest|msrestazure|paramiko|requests)(\.|$)"


class _Stdout:
    """Standard output for everybody but the threads that are muted."""

    def __init__(self, real: Any, muted: threading.local) -> None:
        self.real = real
        self._muted = muted

    def write(self, text: str) -> int:
        return len(text) if getattr(self._muted, "depth", 0) else int(self.real.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class _Gate:
    """Stands in for standard output while some thread is muted."""

    def __init__(self) -> None:
        self._muted = threading.local()
        self._lock = threading.Lock()
        self._inside = 0

    def enter(self) -> None:
        with self._lock:
            self._inside += 1
            # Whoever else replaces it while a thread is muted, is replaced in turn.
            if not isinstance(sys.stdout, _Stdout):
                sys.stdout = _Stdout(sys.stdout, self._muted)
        self._muted.depth = getattr(self._muted, "depth", 0) + 1

    def leave(self) -> None:
        self._muted.depth -= 1
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and isinstance(sys.stdout, _Stdout):
                sys.stdout = sys.stdout.real


_GATE = _Gate()


@contextmanager
def quiet() -> Iterator[None]:
    """Drop what this thread prints, while others go on; what the SDK warns of and logs shows nowhere."""
    _silence()
    _GATE.enter()
    try:
        yield
    finally:
        _GATE.leave()


def _silence() -> None:
    warnings.filterwarnings("ignore", module=_TALKERS)
    if not logging.root.handlers:
        # Who logs to a root logger without handlers gives it one that writes to standard error.
        logging.root.addHandler(logging.NullHandler())
