"""A command in a pseudo-terminal: what stands on its screen at any moment, what is typed there, and how it ends."""

from __future__ import annotations

import os
import select
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from record import Screen, read_terminal, set_size

from tests import commands

PATIENCE = 30.0
"""Seconds after which a test gives up on what is to come."""

CTRL_C, CTRL_Z = "\x03", "\x1a"


class Terminal:
    """A command that runs in a terminal of its own; `raw` is all that it wrote so far, ends of lines as `\\r\\n`."""

    def __init__(self, command: commands.Command, descriptor: int, screen: Screen) -> None:
        self.command = command
        self.screen = screen
        self.raw = ""
        self._descriptor = descriptor
        self._decoder = getincrementaldecoder("utf-8")("replace")

    def lines(self) -> list[str]:
        """The rows of the screen as they stand, below those that scrolled away; no empty ones at the end."""
        self._read(0)
        rows = ["".join(char for char, _ in row).rstrip() for row in self.screen.rows]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def wait_for(self, what: str | Callable[[list[str]], bool]) -> list[str]:
        """The rows once a text stands on the screen, or they are as wanted. Fails when the command ends before."""
        wanted = what if callable(what) else lambda rows: any(what in row for row in rows)
        give_up = time.monotonic() + PATIENCE
        while not wanted(rows := self.lines()):
            if not self._read(0.05) and self.command.poll() is not None and not wanted(rows := self.lines()):
                raise AssertionError(f"ended without {what!r}:\n" + "\n".join(rows))
            if time.monotonic() > give_up:
                raise AssertionError(f"no {what!r}:\n" + "\n".join(rows))
        return rows

    def press(self, keys: str) -> None:
        """Type something; CTRL_C goes to the command as SIGINT."""
        os.write(self._descriptor, keys.encode())

    def finish(self) -> int:
        """Wait for the command's end; its exit status, or minus the signal that killed it."""
        give_up = time.monotonic() + PATIENCE
        while self.command.poll() is None:
            assert time.monotonic() < give_up, "it does not end:\n" + "\n".join(self.lines())
            self._read(0.05)
        while self._read(0):
            pass
        assert self.command.returncode is not None
        return self.command.returncode

    def close(self) -> None:
        """Take the terminal away; what stood on its screen is still known."""
        os.close(self._descriptor)
        self._descriptor = -1

    def _read(self, seconds: float) -> bool:
        """Take in what the command wrote, and wait so long for some of it; whether there was any."""
        if self._descriptor < 0 or not select.select([self._descriptor], [], [], seconds)[0]:
            return False
        written = self._decoder.decode(read_terminal(self._descriptor))
        self.raw += written
        self.screen.feed(written)
        return bool(written)


@contextmanager
def in_terminal(
    arguments: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    engine: str | None = "local",
    *,
    columns: int = 80,
    rows: int = 24,
    first: str | None = None,
) -> Iterator[Terminal]:
    """`specrun ARGUMENTS` in a terminal of that size; `engine` and `first` as in `commands.start`. It is killed at the
    end of the block, if it goes on till then. TERM is xterm's unless the environment says another.
    """
    ours, theirs = os.openpty()
    set_size(ours, columns, rows)
    sizes = ("COLUMNS", "LINES", "CI")
    settings = {"TERM": "xterm-256color", **{name: value for name, value in environment.items() if name not in sizes}}
    try:
        command = commands.start(arguments, cwd, settings, engine, first, terminal=theirs)
    finally:
        os.close(theirs)
    terminal = Terminal(command, ours, Screen(columns, rows))
    try:
        yield terminal
    finally:
        command.kill()
        command.wait(PATIENCE)
        terminal.close()
