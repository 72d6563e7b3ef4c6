"""A server over runs of this machine that never were processes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from specrun.apply.runs_of import RunsOf
from specrun.engines.base import Scope
from specrun.plan.makers import NOBODY
from specrun.ui.answers import Answers
from specrun.ui.guard import Guard
from specrun.ui.http import Server
from tests.ui_server.asking import TOKEN, Client, Serve, past_run


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with one run."""
    home = tmp_path / ".specrun"
    monkeypatch.setenv("SPECRUN_HOME", str(home))
    home.mkdir(mode=0o700)
    past_run(home)
    return home


@pytest.fixture
def serve(home: Path, tmp_path: Path) -> Iterator[Serve]:
    """Serves the runs of the state folder; a client with the token."""
    servers: list[Server] = []

    def serve(port: int = 0, *, hosts: tuple[str, ...] = (), token: str = TOKEN) -> Client:
        answers = Answers([RunsOf.open(NOBODY, "local", Scope(), tmp_path, {})], "tests")
        server = Server(port, answers, Guard(token, frozenset(hosts)))
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return Client(server.port, {"Authorization": f"Bearer {token}"})

    yield serve
    for server in servers:
        server.streams.stop()
        server.shutdown()
        server.server_close()
        server.answers.close()


@pytest.fixture
def client(serve: Serve) -> Client:
    """A client of a server, with the token."""
    return serve()
