"""`specrun ui` as a process of its own, as people start it: what it prints, how it dies, and that it comes again."""

from __future__ import annotations

import contextlib
import os
import re
import select
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests import commands

PATIENCE = 60.0
ADDRESS = re.compile(r"http://(?:127\.0\.0\.1|localhost):\d+\S*")


def free_port() -> int:
    """A port of loopback that nobody had a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Served:
    """The server of a folder. `address` is what it printed, with the token; `root` is the same without it."""

    folder: Path
    arguments: Sequence[str]
    engine: str
    environment: Mapping[str, str]
    port: int = field(default_factory=free_port)
    command: commands.Command | None = None
    address: str = ""
    said: str = ""

    @property
    def root(self) -> str:
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def token(self) -> str:
        """The value of the address's one parameter, or what stands behind its `#`."""
        parts = urlsplit(self.address)
        found = [value for values in parse_qs(parts.query or parts.fragment).values() for value in values]
        return found[0] if found else ""

    def start(self) -> Served:
        """Start it, on the same port each time, and wait until it has printed its address."""
        arguments = ["ui", "--port", str(self.port), *self.arguments]
        self.command = commands.start(arguments, self.folder, self.environment, self.engine)
        self.said = ""
        give_up = time.monotonic() + PATIENCE
        while not (found := ADDRESS.search(self.said)) or not self.said[found.end() :]:
            ended = self.command.poll()
            more = self._read(0.0 if ended is not None else 0.05)
            assert more or ended is None, f"specrun ui ended with {ended}:\n{self.said}"
            assert time.monotonic() < give_up, f"no address:\n{self.said}"
        self.address = found[0].rstrip(".,")
        return self

    def kill(self) -> None:
        """SIGKILL, and wait."""
        if self.command is not None:
            self.command.kill()
            self.command.wait(PATIENCE)
            for stream in filter(None, (self.command.stdout, self.command.stderr)):
                stream.close()
            self.command = None

    def _read(self, seconds: float) -> bool:
        assert self.command is not None
        streams = [one for one in (self.command.stdout, self.command.stderr) if one is not None]
        ready, _, _ = select.select(streams, [], [], seconds)
        read = "".join(os.read(one.fileno(), 1 << 16).decode() for one in ready)
        self.said += read
        return bool(read)


@contextlib.contextmanager
def serving() -> Iterator[Callable[..., Served]]:
    """What starts servers; all are killed at the end."""
    begun: list[Served] = []

    def serve(
        folder: Path, *arguments: str, engine: str = "local", environment: Mapping[str, str] | None = None
    ) -> Served:
        # $BROWSER: nothing of a test opens a window
        served = Served(folder, arguments, engine, {**os.environ, "BROWSER": "true", **(environment or {})})
        begun.append(served)
        return served.start()

    try:
        yield serve
    finally:
        for one in begun:
            one.kill()
