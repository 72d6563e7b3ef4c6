"""Two runs side by side, as data and as text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from specrun.plan.code_diff import LONGEST, FileFacts, compare_files, with_lines
from specrun.plan.observed import Run, RunStatus
from specrun.plan.provenance import Provenance
from specrun.plan.resources import Place
from specrun.plan.run_diff import Contents, Side, compare
from specrun.views.run_diff import run_diff_data, run_diff_text
from specrun.views.text import Paint

HERE = Place("local", "", "this machine")
CODE = {"train.py": ["a" * 32, False], "gone.py": ["b" * 32, False], "same.py": ["c" * 32, False]}
IDENTITY: dict[str, Any] = {
    "fp": 1,
    "script": "train.py",
    "arguments": ["--lr", "0.1"],
    "inputs": {
        "mnist": {"data": "mnist", "files": {"a.csv": ["1" * 32, False], "b.csv": ["2" * 32, False]}},
        "steps": {"value": 3},
    },
    "environment": {"pip": ["torch==2.1", "numpy"], "conda": "d" * 64},
    "environment_variables": {"MODE": "a", "KEY": {"secret": "OLD"}},
    "code": CODE,
}
OTHER = {
    **IDENTITY,
    "arguments": ["--lr", "0.01"],
    "inputs": {
        "mnist": {"data": "mnist", "files": {"a.csv": ["3" * 32, False], "c.csv": ["4" * 32, False]}},
        "steps": {"value": 4},
    },
    "environment": {"pip": ["torch==2.2", "numpy", "pandas"], "conda": "e" * 64},
    "environment_variables": {"MODE": "a", "KEY": {"secret": "NEW"}},
    "code": {"train.py": ["d" * 32, False], "new.py": ["b" * 32, False], "same.py": ["c" * 32, True]},
}
TEXTS = {"a": {"train.py": b"lr = 0.1\nprint(lr)\n"}, "b": {"train.py": b"lr = 0.01\nprint(lr)"}}


def side(name: str, identity: dict[str, Any] | None = None, **fields: Any) -> Side:
    run = Run(f"job-{name * 10}", "job", name * 64, 1, RunStatus.SUCCEEDED, started=0.0, ended=4.0)
    return Side(replace(run, **fields), HERE, IDENTITY if identity is None else identity)


def contents(name: str) -> Contents:
    def read(path: str) -> bytes | str:
        return TEXTS[name].get(path, "not kept")

    return Contents(read, read)


def test_every_part_of_two_runs_is_compared() -> None:
    found = compare(side("a"), side("b", OTHER), contents("a"), contents("b"))
    assert [one.text for one in found.fields] == [
        "command: train.py --lr 0.1 → train.py --lr 0.01",
        "torch: torch==2.1 → torch==2.2",
        "pandas: (none) → pandas",
        "KEY: ${{ secrets.OLD }} → ${{ secrets.NEW }}",
        "steps: 3 → 4",
    ]
    assert found.code is not None
    told = {one.path: (one.change, one.origin, one.note) for one in found.code.files}
    assert told == {
        "train.py": ("changed", "", ""),
        "new.py": ("renamed", "gone.py", ""),
        "same.py": ("mode", "", ""),
    }
    assert [one.change for one in found.data[0].files.files] == ["changed", "gone", "added"]
    assert [(one.path, one.note) for one in found.environment.files] == [("conda.yaml", "not kept")]
    assert not found.is_same
    assert not found.notes


def test_lines_are_those_of_a_unified_diff() -> None:
    found = compare(side("a"), side("b", OTHER), contents("a"), contents("b"))
    assert found.code is not None
    file = next(one for one in found.code.files if one.path == "train.py")
    expected = "@@ -1,2 +1,2 @@\n-lr = 0.1\n-print(lr)\n+lr = 0.01\n+print(lr)\n\\ No newline at end of file"
    assert (file.diff, file.added, file.removed) == (expected, 2, 2)


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (b"\x00\x01", "binary"),
        (b"\xff\xfe\xfd", "binary"),
        (b"x" * (LONGEST + 1), "too large to be shown (262 kB)"),
        ("the container is gone", "the container is gone"),
        (b"same\r\n", ""),
    ],
)
def test_what_cannot_be_shown_says_why(content: bytes | str, note: str) -> None:
    found = compare_files({"x": FileFacts("a")}, {"x": FileFacts("b")})
    shown = with_lines(found, lambda _: b"same\n", lambda _: content).files[0]
    assert shown.note == note
    assert bool(shown.diff) is not bool(note)


def test_what_is_too_large_is_not_even_read() -> None:
    def never(path: str) -> bytes:
        raise AssertionError(path)

    found = compare_files({}, {"x": FileFacts("b", size=LONGEST + 1)})
    assert "too large" in with_lines(found, never, never).files[0].note


def test_of_two_alike_none_was_renamed() -> None:
    same = FileFacts("a" * 32)
    found = compare_files({"one": same}, {"two": same, "three": same})
    assert sorted((one.path, one.change) for one in found.files) == [
        ("one", "gone"),
        ("three", "added"),
        ("two", "added"),
    ]


def test_what_was_not_kept_is_said_and_is_not_the_same() -> None:
    found = compare(side("a", {}), side("b"), contents("a"), contents("b"))
    assert found.code is None
    assert found.notes == (f"What job-{'a' * 10} consisted of was not kept: only what became of it is compared.",)
    alike = compare(side("a"), side("b"), contents("a"), contents("b"))
    assert "nothing that was kept of them does" in alike.notes[0]


def test_two_attempts_are_the_same() -> None:
    found = compare(side("a"), side("a", attempt=2), contents("a"), contents("a"))
    assert (found.is_same, found.notes, found.fields) == (True, (), ())


def test_results_stand_side_by_side() -> None:
    before = replace(side("a"), metrics={"accuracy": 0.5, "old": 1.0, "loss": float("nan")})
    after = replace(side("b", OTHER, status=RunStatus.FAILED), metrics={"accuracy": 0.75, "loss": float("inf")})
    found = compare(before, after, contents("a"), contents("b"))
    data = run_diff_data(found)
    assert data["results"] == [
        {"name": "status", "before": "succeeded", "after": "failed", "difference": None, "unit": None},
        {"name": "duration", "before": 4.0, "after": 4.0, "difference": 0.0, "unit": "s"},
        {"name": "accuracy", "before": 0.5, "after": 0.75, "difference": 0.25, "unit": "metric"},
        {"name": "loss", "before": "NaN", "after": "Infinity", "difference": None, "unit": "metric"},
        {"name": "old", "before": 1.0, "after": None, "difference": None, "unit": "metric"},
    ]
    text = run_diff_text(found, Paint(enabled=False), 80)
    assert "accuracy  0.5        0.75    +0.25  (+50%)" in text
    assert "\x1b" not in text


def test_names_of_others_do_nothing_to_a_terminal() -> None:
    code = {"\x1b[2Jx.py": ["f" * 32, False]}
    origin = Provenance(commit="abcdef0", branch="\x1b]0;x\x07")
    found = compare(side("a"), side("b", {**OTHER, "code": code}, provenance=origin), contents("a"), contents("b"))
    text = run_diff_text(found, Paint(enabled=False), 80)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert max(map(len, text.splitlines())) <= 80
