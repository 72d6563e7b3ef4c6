"""The token that lets a browser in, kept in the state folder: an open page outlives a server that has come again."""

from __future__ import annotations

import secrets
import threading
import time
from pathlib import Path

from specrun.plan.home import make_home, replace_text
from specrun.plan.private import read_private

FILE = "ui-token"
BYTES = 24
ONCE_FOR = 60.0
"""Seconds in which the address that a browser is opened with counts: others of this machine may see it meanwhile."""


def token_of(home: Path) -> str:
    """The token of a state folder, made where there is none; one that cannot be kept holds until the server ends."""
    file = home / FILE
    try:
        known = read_private(file).decode("ascii").strip()
        if len(known) >= BYTES and file.stat().st_mode & 0o077 == 0:
            return known
    except (OSError, UnicodeDecodeError):
        pass
    fresh = secrets.token_urlsafe(BYTES)
    try:
        make_home(home)
        replace_text(home, file, f"{fresh}\n")
    except OSError:
        pass
    return fresh


class Once:
    """A word that lets somebody in once: which program opens an address with which arguments, everyone here can see."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._word = ""
        self._until = 0.0

    def make(self) -> str:
        """A new word, which counts in place of the one before."""
        with self._lock:
            self._word, self._until = secrets.token_urlsafe(BYTES), time.monotonic() + ONCE_FOR
            return self._word

    def take(self, word: str) -> bool:
        """Whether that is the word; it is none any more then."""
        with self._lock:
            counts = bool(self._word) and secrets.compare_digest(word.encode(errors="replace"), self._word.encode())
            counts = counts and time.monotonic() < self._until
            if counts:
                self._word = ""
            return counts
