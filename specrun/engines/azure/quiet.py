"""An SDK brought in, and kept from writing where results and progress are written: it prints, warns and logs."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from specrun.engines.base import EngineError
from specrun.engines.facts import Facts
from specrun.plan.under_way import under_way

_TALKERS = r"(azureml|azure|msrest|msrestazure|paramiko|requests)(\.|$)"


class _Stream:
    """A standard stream for everybody but the threads that are muted."""

    def __init__(self, real: Any, muted: threading.local) -> None:
        self.real = real
        self._muted = muted

    def write(self, text: str) -> int:
        return len(text) if getattr(self._muted, "depth", 0) else int(self.real.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class _Gate:
    """Stands in for a standard stream while some thread is muted."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._muted = threading.local()
        self._lock = threading.Lock()
        self._inside = 0

    def enter(self) -> None:
        with self._lock:
            self._inside += 1
            # Whoever else replaces it while a thread is muted, is replaced in turn.
            present = getattr(sys, self._stream)
            if not isinstance(present, _Stream):
                setattr(sys, self._stream, _Stream(present, self._muted))
        self._muted.depth = getattr(self._muted, "depth", 0) + 1

    def leave(self) -> None:
        self._muted.depth -= 1
        with self._lock:
            self._inside -= 1
            present = getattr(sys, self._stream)
            if self._inside == 0 and isinstance(present, _Stream):
                setattr(sys, self._stream, present.real)


_OUT, _ERR = _Gate("stdout"), _Gate("stderr")
_IMPORTING = threading.Lock()


def import_sdk(facts: Facts, modules: Sequence[str]) -> bool:
    """Import what several threads are about to use; whether any of it is new.

    One thread at a time: the modules import each other, and at once that is a deadlock. Raises EngineError when they
    are not installed.
    """
    with _IMPORTING:
        new = [name for name in modules if name not in sys.modules]
        try:
            with under_way("loading the SDK of Azure ML"):
                for name in new:
                    import_module(name)
        except ModuleNotFoundError as error:
            from specrun.engines.installation import install_command  # late: it is there nearly always

            raise EngineError(
                f"the engine {facts.name} needs packages that are not installed ({error.name}): "
                f"`{install_command(facts.extra)}`"
            ) from error
    return bool(new)


@contextmanager
def quiet() -> Iterator[None]:
    """Drop what this thread prints, while others go on; what the SDK warns of and logs shows nowhere."""
    _silence()
    _OUT.enter()
    try:
        yield
    finally:
        _OUT.leave()


@contextmanager
def silent() -> Iterator[None]:
    """Drop what this thread writes to standard error, too: not where somebody may be asked to sign in."""
    _ERR.enter()
    try:
        yield
    finally:
        _ERR.leave()


def _silence() -> None:
    warnings.filterwarnings("ignore", module=_TALKERS)
    if not logging.root.handlers:
        # Who logs to a root logger without handlers gives it one that writes to standard error.
        logging.root.addHandler(logging.NullHandler())
