"""The recorder of the documents' pictures: a terminal that is drawn over, and what becomes of it."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from xml.etree import ElementTree

import pytest

from specrun.cli.main import run

FILE = Path(__file__).parents[2] / "docs" / "record.py"
SPEC = spec_from_file_location("record", FILE)
assert SPEC is not None
assert SPEC.loader is not None
record = module_from_spec(SPEC)
SPEC.loader.exec_module(record)

RED, PLAIN = "\x1b[31m", "\x1b[0m"


def screen(written: str, columns: int = 10) -> list[str]:
    shown = record.Screen(columns)
    shown.feed(written)
    return ["".join(char for char, _ in row) for row in shown.rows]


@pytest.mark.parametrize(
    ("written", "rows"),
    [
        ("one\r\ntwo", ["one", "two"]),
        ("50 %\r100 %", ["100 %"]),
        ("longer\rab\x1b[K", ["ab"]),
        ("a bar\r\n\x1b[1A\x1b[2Kdone", ["done", ""]),
        ("a\r\nb\r\nc\x1b[2A\r\x1b[J-", ["-"]),
        ("0123456789ab", ["0123456789", "ab"]),
        ("0123456789\r\nab", ["0123456789", "ab"]),
        ("ab\bc\td", ["ac      d"]),
        ("\x1b[?25lhidden\x1b[?25h", ["hidden"]),
    ],
)
def test_screen_is_what_a_terminal_shows(written: str, rows: list[str]) -> None:
    assert screen(written) == rows


def test_picture_has_the_prompt_the_lines_and_their_colours() -> None:
    recorded = record.recording(["echo", "a b"], f"  plain {RED}red <1>{PLAIN}\r\n\r\n", 20)
    assert recorded == f"$ echo 'a b'\n  plain {PLAIN}{RED}red <1>{PLAIN}\n"
    svg = record.picture(recorded, 20)

    texts = [node for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text")]
    assert [(node.text or "").replace(record.BLANK, " ") for node in texts] == [
        "echo",
        "$",
        "echo 'a b'",
        "plain",
        "red <1>",
    ]
    colour = "#{:02x}{:02x}{:02x}".format(*record.THEME.ansi_colors[1])
    assert f".{texts[-1].attrib['class']} {{ fill: {colour} }}" in svg
    assert float(texts[-1].attrib["x"]) - float(texts[-2].attrib["x"]) == pytest.approx(6 * 12.2)


def test_a_command_runs_in_a_terminal_of_that_width() -> None:
    probe = "import os, sys; print(os.get_terminal_size().columns, sys.stdout.isatty()); sys.exit(3)"
    assert record.run([sys.executable, "-c", probe], 77) == ("77 True\r\n", 3)


def test_pictures_are_made_from_their_recordings() -> None:
    docs = FILE.parent
    drawn = sorted((docs / "images").glob("*.svg"))
    assert drawn
    for svg in drawn:
        recorded = (docs / "recorded" / f"{svg.stem}.txt").read_text(encoding="utf-8")
        assert record.picture(recorded) == svg.read_text(encoding="utf-8")


def test_what_differs_each_time_is_no_difference() -> None:
    from replay_recorded import _lasting

    one = f"{RED}✗ x{PLAIN} failed after 0.1 s\n  main/0 | import x\n  main/0 | ^^^^^^^^\n"
    assert _lasting(one) == _lasting("✗ x failed after 12.5 s\n  main/0 | import x\n")
    assert _lasting(one) != _lasting("✗ y failed after 0.1 s\n  main/0 | import x\n")


def test_the_training_of_the_picture_has_the_plan_of_today(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from replay_recorded import _plain

    monkeypatch.setenv("SPECRUN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(FILE.parents[1])
    assert run(["plan", "specs/examples/digits-ps/job.yaml"]) == 0
    plan = capsys.readouterr().out.rstrip()
    assert "Plan: 3 to create, 1 to submit." in plan
    assert _plain("demo").split("\n", 1)[1].startswith(plan)
