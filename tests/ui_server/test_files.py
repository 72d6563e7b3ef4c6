"""Files of runs: what is shown, what is saved, and nothing outside of a run's folder."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.ui_server.asking import NAME, Client


@pytest.fixture
def outputs(home: Path) -> Path:
    return home / "runs" / NAME / "outputs"


@pytest.mark.parametrize(
    ("name", "kind", "how"),
    [
        ("a.png", "image/png", "inline"),
        ("a.txt", "text/plain; charset=utf-8", "inline"),
        ("a.JSON", "text/plain; charset=utf-8", "inline"),
        ("a.html", "application/octet-stream", "attachment"),
        ("a.svg", "application/octet-stream", "attachment"),
        ("a.xml", "application/octet-stream", "attachment"),
        ("a.pdf", "application/octet-stream", "attachment"),
        ("noending", "application/octet-stream", "attachment"),
        ('q".txt', "text/plain; charset=utf-8", "inline"),
        ("ü\n.txt", "text/plain; charset=utf-8", "inline"),
    ],
)
def test_pictures_and_text_are_shown_and_all_else_is_saved(
    client: Client, outputs: Path, name: str, kind: str, how: str
) -> None:
    (outputs / name).write_bytes(b"<script>alert(1)</script>")
    got = client.ask(f"/api/runs/{NAME}/file?path={quote(name)}")
    assert got.status == 200
    assert got.body == b"<script>alert(1)</script>"
    assert got.headers["Content-Type"] == kind
    assert got.headers["Content-Disposition"].startswith(f"{how}; filename=")
    assert got.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert (
        client.ask(f"/api/runs/{NAME}/file?download=1&path={quote(name)}").headers["Content-Disposition"][:10]
        == "attachment"
    )


@pytest.mark.parametrize(
    "path",
    ["../run.json", "m/../../run.json", "/etc/passwd", "..", ".", "m//x", "a\0b", "..\\run.json", "a" * 3000, "no"],
)
def test_no_path_leads_out(client: Client, outputs: Path, path: str) -> None:
    (outputs / "m").mkdir()
    assert client.ask(f"/api/runs/{NAME}/file?path={quote(path)}").status in (400, 403, 404)


def test_no_link_leads_out(client: Client, outputs: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    (outputs / "link").symlink_to(tmp_path / "secret")
    (outputs / "folder").symlink_to(tmp_path)
    (outputs / "loop").symlink_to("loop")
    (outputs / "own.txt").write_text("own")
    (outputs / "within").symlink_to("own.txt")
    for path in ("link", "folder/secret", "loop", "folder"):
        assert client.ask(f"/api/runs/{NAME}/file?path={path}").status == 403
    assert client.ask(f"/api/runs/{NAME}/file?path=within").body == b"own"


@pytest.mark.parametrize("name", ["..", "../..", "%2e%2e", "digits-012345678x", "x", "a" * 300])
def test_no_name_of_a_run_leads_elsewhere(client: Client, name: str) -> None:
    for rest in ("", "/files", "/logs", "/file?path=run.json", "/metrics", "/spec"):
        assert client.ask(f"/api/runs/{quote(name, safe='%')}{rest}").status in (400, 404)


def test_a_file_within_an_answer(client: Client, outputs: Path) -> None:
    (outputs / "m").mkdir()
    (outputs / "m/big.txt").write_bytes(b"\xff" + b"x" * 300_000)
    (outputs / "m/b.bin").write_bytes(b"a\0b")
    text = client.ask(f"/api/runs/{NAME}/file?as=text&path=m/big.txt").json
    assert (text["size"], text["truncated"], text["text"][:2]) == (300_001, True, "\ufffdx")
    assert client.ask(f"/api/runs/{NAME}/file?as=text&path=m/b.bin").json["binary"]
    embedded = client.ask(f"/api/runs/{NAME}/file?as=data&path=m/b.bin").json
    assert base64.b64decode(embedded["base64"]) == b"a\0b"
    listed = client.ask(f"/api/runs/{NAME}/files").json["files"]
    assert listed == [{"path": "m/b.bin", "size": 3}, {"path": "m/big.txt", "size": 300_001}]
