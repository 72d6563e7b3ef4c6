from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emulator.azurite import server
from emulator.azurite.server import Azurite, Unavailable, install

REPOSITORY = Path(__file__).parents[2]
HOLDER = """
import threading
from emulator.azurite.server import Azurite
with Azurite() as azurite:
    print(azurite.port, flush=True)
    threading.Event().wait()
"""


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_it_ends_with_the_process_that_started_it(azurite: Azurite) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER], cwd=REPOSITORY, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        port = int(holder.stdout.readline())
        assert answers(port)
        holder.kill()
    deadline = time.monotonic() + 30
    while answers(port):
        assert time.monotonic() < deadline, "Azurite outlives a process that was killed"
        time.sleep(0.02)


def test_without_npm_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "package.json").write_text((server.FOLDER / "package.json").read_text())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match=r"azurite needs Node\.js with npm, and there is none on the PATH"):
        install(tmp_path)
