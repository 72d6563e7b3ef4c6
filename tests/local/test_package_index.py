"""A private package index on this machine: pip gets its password, and nothing else does."""

from __future__ import annotations

import base64
import io
import os
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from specrun.engines.base import EngineError
from specrun.engines.local import environments
from specrun.plan.changes import Change
from specrun.plan.kinds.environment import PipLines
from tests.engine_double import read_specs, write_spec
from tests.local.machine import Machine
from tests.loopback import LoopbackServer

PASSWORD = "hush p@ss/42"
INFO = "small-1.0.dist-info"


def wheel() -> bytes:
    """A package of one module."""
    files = {
        "small.py": "VALUE = 42\n",
        f"{INFO}/METADATA": "Metadata-Version: 2.1\nName: small\nVersion: 1.0\n",
        f"{INFO}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{INFO}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{INFO}/RECORD"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()


@pytest.fixture
def index() -> Iterator[str]:
    """Host and port of an index that lets in who has the password."""
    expected = "Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()
    name = "small-1.0-py3-none-any.whl"
    pages = {"/simple/small/": f'<a href="/{name}">{name}</a>'.encode(), f"/{name}": wheel()}

    class Index(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            allowed = self.headers.get("Authorization") == expected
            page = pages.get(self.path) if allowed else b""
            self.send_response(401 if not allowed else 200 if page else 404)
            self.send_header("Content-Type", "text/html" if self.path.endswith("/") else "application/zip")
            self.end_headers()
            self.wfile.write(page or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = LoopbackServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()


def pip_alone(commands: Callable[[Path, PipLines, Path], Iterator[list[str]]]) -> Callable[..., Iterator[list[str]]]:
    """The same without a virtual environment, which takes seconds to make: what is installed lies in its folder."""

    def without_environment(folder: Path, lines: PipLines, aside: Path) -> Iterator[list[str]]:
        making, (_, *install) = commands(folder, lines, aside)
        assert making[1:3] == ["-m", "venv"]
        folder.mkdir()
        yield [sys.executable, *install, "--target", str(folder)]

    return without_environment


def environment_change(machine: Machine, folder: Path, lines: str, **files: str) -> Change:
    text = f"name: job\njob:\n  command: ls\n  environment:\n    pip:\n{lines}"
    (spec,) = read_specs(write_spec(folder, text, **files))
    return next(change for change in machine.plan(spec).changes if change.resource.kind == "environment")


def test_pip_gets_the_password_of_an_index_and_nothing_else_does(
    tmp_path: Path, machine: Machine, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INDEX_PASSWORD", PASSWORD)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setattr(environments, "_commands", pip_alone(environments._commands))
    lines = (
        f"      - --index-url http://me:${{{{ secrets.INDEX_PASSWORD }}}}@{index}/simple\n"
        "      - -r more.txt\n      - -c limits.txt\n"
    )
    change = environment_change(machine, tmp_path, lines, more_txt="small\n", limits_txt="small==1.0\nother==7\n")
    said = str(machine.begin(change))
    (installed,) = (machine.home / "environments").glob("*/small.py")
    assert installed.read_text() == "VALUE = 42\n"
    forms = [b"hush p", b"hush%20p", b"hush+p"]
    assert not any(form.decode() in said for form in forms)
    kept = [path for path in machine.home.rglob("*") if path.is_file()]
    assert [path for path in kept if any(form in path.read_bytes() for form in forms)] == []


@pytest.mark.parametrize("password", ["hush-hush", "hush@hush"])
def test_what_an_installer_says_has_no_password(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "uv").write_text('#!/bin/sh\nfor last; do :; done\n[ $1 = venv ] && exit 0\ncat "$last"; exit 1\n')
    (tools / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    change = environment_change(machine, tmp_path, f"      - small @ https://me:{password}@127.0.0.1:9/x.whl\n")
    with pytest.raises(EngineError, match=r"me:\*+@127\.0\.0\.1:9") as raised:
        machine.begin(change)
    assert "hush" not in str(raised.value)
