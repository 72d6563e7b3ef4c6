"""Logs of any length by the numbers of their lines: the same lines as the engine reads, with nothing held."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from urllib.parse import quote

import pytest

from specrun.engines.lines import read_lines
from specrun.ui.log_search import Search
from specrun.ui.role_log import RoleLog, Spool
from specrun.ui.run_log import Merged
from specrun.ui.wire import Refused
from tests.ui_server.asking import NAME, Client

PIECES = (
    *(b"step 1\n", b"\n", b"\xff\xfe\n", b"p 1%\rp 50%\rp 100%\r\n", b"x\ry\n", b"\x1b[31mred\x1b[0m\n", b"ab\b\bcd\n"),
    *(b"w" * 300 + b"\n", b"L" * 20_000 + b"\n", b"k" * 300_000 + b"\n", b"1%\r" * 9000 + b"99%\r\n", b"open"),
)


def spool() -> Spool:
    return Spool(tempfile.TemporaryFile())


def as_read(text: bytes) -> list[str]:
    return [line.text for line in read_lines("", text, len(text) + 1, last=True)[0]]


@pytest.mark.parametrize("seed", range(12))
def test_lines_are_those_that_the_engine_reads(tmp_path: Path, seed: int) -> None:
    drawn = random.Random(seed)
    text = b"".join(drawn.choice(PIECES) for _ in range(drawn.choice([0, 1, 40, 400])))
    (tmp_path / "log").write_bytes(text)
    log, buffer, at = RoleLog(spool, tmp_path / "log"), bytearray(drawn.choice([100, 70_000, 1 << 20])), 0
    while at < len(text):
        at = min(len(text), at + drawn.choice([7, 5000, 1 << 20]))
        log.advance(at, buffer)
    log.advance(len(text), buffer, last=True)
    wanted = as_read(text)
    assert log.total == len(wanted)
    for first in (0, len(wanted) // 2, max(0, len(wanted) - 1)):
        for line, want in zip(log.lines(first), wanted[first:], strict=True):
            assert line.text == want or (line.size > len(line.text) and want.startswith(line.text))
    log.close()


def test_bars_one_above_the_other_are_read_as_the_engine_does(tmp_path: Path) -> None:
    before = b"".join(b"line %d\n" % number for number in range(30_000))
    bars = b"".join(b"\rone %d%%\n\rtwo %d%%\x1b[A" % (part, part) for part in range(0, 101, 20)) + b"\n\nafter\n"
    (tmp_path / "log").write_bytes(before + bars)
    log, buffer = RoleLog(spool, tmp_path / "log"), bytearray(1 << 16)
    log.advance(len(before) + 20, buffer)
    log.advance(len(before) + len(bars), buffer, last=True)
    texts = [line.text for line in log.lines(29_999)]
    assert texts[0] == "line 29999"
    assert texts[-1] == "after"
    assert "one 100%" in texts
    assert not any("\x1b" in text for text in texts)
    log.close()


def test_what_is_known_of_a_million_lines_is_small(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"0123456789\n" * 1_000_000)
    log = RoleLog(spool, tmp_path / "log")
    log.advance(11_000_000, bytearray(1 << 20))
    assert log.total == 1_000_000
    assert len(log._raw._places) < 200
    assert next(log.lines(999_999)).text == "0123456789"
    log.close()


def test_lines_of_all_roles_stand_in_the_order_in_which_they_were_noted() -> None:
    merged = Merged()
    for role, total in ((0, 3), (1, 2), (0, 3), (0, 5), (1, 4)):
        merged.note(role, total)
    assert merged.total == 9
    assert list(merged.pieces(0)) == [(0, 0, 0, 3), (3, 1, 0, 2), (5, 0, 3, 2), (7, 1, 2, 2)]
    assert list(merged.pieces(4)) == [(4, 1, 1, 1), (5, 0, 3, 2), (7, 1, 2, 2)]
    assert [merged.number(0, 4), merged.number(1, 2), merged.number(1, 9)] == [6, 7, None]


@pytest.fixture
def logs(home: Path) -> Path:
    """The logs of a run: what two roles wrote, at moments that were noted."""
    folder = home / "runs" / NAME / "logs"
    (folder / "ps-0.txt").write_bytes(b"ps 1\nps 2\n")
    (folder / "worker-0.txt").write_bytes(b"w 1\nTraceback (most recent call last)\n\x1b[31mw 3\x1b[0m")
    (folder.parent / "log-times").write_text("worker/0 4 10.0\nps/0 10 20.0\nworker/0 60 30.0\n")
    return folder


def test_lines_over_http(client: Client, logs: Path) -> None:
    got = client.ask(f"/api/runs/{NAME}/logs").json
    assert [(line["n"], line["text"], line["when"]) for line in got["lines"]] == [
        (0, "w 1", 10.0),
        (1, "ps 1", 20.0),
        (2, "ps 2", 20.0),
        (3, "Traceback (most recent call last)", 30.0),
        (4, "\x1b[31mw 3\x1b[0m", 30.0),
    ]
    assert (got["total"], got["complete"]) == (5, True)
    one = client.ask(f"/api/runs/{NAME}/logs?role=worker/0&from=1&count=1").json
    assert [(line["n"], line["text"][:9]) for line in one["lines"]] == [(1, "Traceback")]
    state = client.ask(f"/api/runs/{NAME}/logs/state").json
    assert (state["first_error"], state["roles"], state["open"]) == (3, ["ps/0", "worker/0"], [])
    saved = client.ask(f"/api/runs/{NAME}/log.txt")
    assert saved.body.splitlines()[1:3] == [b"ps/0 | ps 1", b"ps/0 | ps 2"]
    assert client.ask(f"/api/runs/{NAME}/log.txt?role=ps/0").body == b"ps 1\nps 2\n"
    assert client.ask(f"/api/runs/{NAME}/log.txt?role=../x").status == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=W", (0, 2)),
        ("q=w&from=1", (4, 2)),
        ("q=PS&back=1", (2, 2)),
        ("q=ps&back=1&from=1", (1, 2)),
        ("q=w 3&role=worker/0", (2, 1)),
        ("q=nothing", (None, 0)),
        ("q=/^w \\d$/", (0, 2)),
        ("q=ü", (None, 0)),
    ],
)
def test_text_is_found_in_letters_of_either_case(
    client: Client, logs: Path, query: str, found: tuple[object, object]
) -> None:
    got = client.ask(f"/api/runs/{NAME}/logs/find?{quote(query, safe='=&')}").json
    assert (got["n"], got["count"]) == found


def test_a_pattern_that_is_none_or_never_ends_is_told_so(
    client: Client, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("specrun.ui.log_search.SECONDS", 0.0)
    (logs / "ps-0.txt").write_bytes(b"a" * 60 + b"b\n")
    for pattern, said in (("/(/", "no pattern"), ("/^(a+)+$/", "too long")):
        got = client.ask(f"/api/runs/{NAME}/logs/find?q={quote(pattern)}&role=ps/0")
        assert got.status == 422 or got.json["searched"] is not None
        assert said in got.body.decode() or got.status == 200


def test_a_log_that_is_emptied_is_begun_anew(client: Client, home: Path) -> None:
    from specrun.apply.runs_of import RunsOf
    from specrun.engines.base import Scope
    from specrun.plan.makers import NOBODY
    from specrun.ui.run_log import RunLog

    file = home / "runs" / NAME / "logs" / "main-0.txt"
    log = RunLog(RunsOf.open(NOBODY, "local", Scope(), home.parent, {}).engine, NAME, spool)
    totals = []
    for text in (b"1\n2\n3\n", b"1\n"):
        file.write_bytes(text)
        log._looked = -1e9
        log.look(ended=False)
        totals.append((log.total(""), log.begun))
    assert totals == [(3, 0), (1, 1)]
    with pytest.raises(Refused):
        Search("x").find(log, "worker/7", 0, back=False)
