"""A server that shows runs in a browser, ours or a peer's, as a process that is asked by a plain HTTP reader."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from benchmarks.measure import LeftOut, WentWrong
from benchmarks.workplace import Workplace, program

PATIENCE = 300.0
ADDRESS = re.compile(rb"(http://127\.0\.0\.1:\d+/\S*)\s")
_TICK = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port of loopback that nobody had a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Viewer:
    """The process, what it listens at, and what every request to it says besides. `begun` is of `time.perf_counter`."""

    process: subprocess.Popen[bytes]
    port: int
    headers: Mapping[str, str]
    begun: float
    address: str = ""

    def get(self, path: str, **params: object) -> object:
        """An answer as JSON. Raises WentWrong."""
        return self._asked("GET", f"/{path}{'?' + urlencode(params) if params else ''}")

    def post(self, path: str, body: object) -> object:
        """The same of what is sent as JSON."""
        return self._asked("POST", f"/{path}", json.dumps(body).encode())

    def stream(self, path: str) -> HTTPResponse:
        """An answer that goes on: its lines come as they are sent."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", f"/{path}", headers=dict(self.headers))
        return connection.getresponse()

    def cpu(self) -> float:
        """Seconds of CPU that the process and its threads have taken so far."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def memory(self) -> float:
        """Megabytes that it has in memory."""
        return self._size("VmRSS")

    def most_memory(self) -> float:
        """Megabytes that it had in memory at most."""
        return self._size("VmHWM")

    def _size(self, name: str) -> float:
        found = re.search(rf"{name}:\s+(\d+) kB", self._proc("status"))
        return int(found[1]) / 1000 if found else 0.0

    def _proc(self, file: str) -> str:
        try:
            return Path(f"/proc/{self.process.pid}/{file}").read_text()
        except OSError as error:
            raise LeftOut("CPU and memory of a server are counted by Linux alone") from error

    def _asked(self, method: str, path: str, body: bytes | None = None) -> object:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            more = {"Content-Type": "application/json", "X-Specrun": "1"} if body is not None else {}
            connection.request(method, path, body, {**self.headers, **more})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise WentWrong(f"{method} {path} was answered with {answer.status}: {text[:300]!r}")
        return json.loads(text)


@contextlib.contextmanager
def specrun_ui(place: Workplace, folder: Path, home: Path) -> Iterator[Viewer]:
    """`specrun ui` in a folder, once it has said where it is."""
    begun = time.perf_counter()
    environment = {**place.environment, "SPECRUN_HOME": str(home)}
    command = [program("specrun"), "ui", "--no-open", "--port", "0"]
    with _process(command, environment, folder) as process:
        address = _printed(process)
        token = next(iter(parse_qs(urlsplit(address).query).values()))[0]
        headers = {"Authorization": f"Bearer {token}"}
        yield Viewer(process, urlsplit(address).port or 0, headers, begun, address)


@contextlib.contextmanager
def peer_server(
    command: Callable[[int], Sequence[str]], environment: Mapping[str, str], folder: Path, answers: str
) -> Iterator[Viewer]:
    """A peer that is started with the port it gets, once it answers at a path."""
    port, begun = free_port(), time.perf_counter()
    with _process(command(port), environment, folder, subprocess.DEVNULL) as process:
        viewer = Viewer(process, port, {}, begun, f"http://127.0.0.1:{port}/")
        while not _is_up(viewer, answers):
            if process.poll() is not None or time.perf_counter() - begun > PATIENCE:
                raise WentWrong(f"{command(port)[0]} does not answer: {process.poll()}")
            time.sleep(0.01)
        yield viewer


def _is_up(viewer: Viewer, path: str) -> bool:
    connection = HTTPConnection("127.0.0.1", viewer.port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def _process(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, output: int = subprocess.PIPE
) -> Iterator[subprocess.Popen[bytes]]:
    """In a session of its own: a server may have begun others, which end with it."""
    with subprocess.Popen(
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _printed(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    said = b""
    while not (found := ADDRESS.search(said)):
        more = os.read(process.stdout.fileno(), 1 << 16)
        said += more
        if not more:
            raise WentWrong(f"specrun ui ended: {said.decode(errors='replace')[-500:]}")
    return found[1].decode()
