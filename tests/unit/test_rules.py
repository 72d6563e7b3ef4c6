"""Each file in tests/cases/rules is a test: its last comments say what `load` must find, no more and no less.

# expect: LINE:COLUMN SEVERITY CODE      (`# expect: nothing` for a file without a mistake)
# says: DETAIL                           (one for each `# expect`, or none)
# env: NAME=VALUE · # var: NAME=VALUE · # engine: NAME · # unread: ENGINE FIELD · # secrets: required · # today: DATE
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from specrun.spec import load as loading
from specrun.spec.diagnostics import Severity
from specrun.spec.masking import source_line

FOLDER = Path(__file__).parents[1] / "cases" / "rules"
CASES = sorted(FOLDER.glob("*.yaml"))
DIRECTIVE = re.compile(r"^# (expect|says|env|var|engine|unread|secrets|today): (.*)$", re.MULTILINE)
VARIABLES = ("NOT_SET", "NOR_THIS", "KEY", "TOKEN", "SET", "RG", "SUB", "NESTED")


def directives(case: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in DIRECTIVE.findall(case.read_text(encoding="utf-8")):
        found.setdefault(name, []).append(value.strip())
    return found


def options(said: dict[str, list[str]]) -> dict[str, Any]:
    unread: dict[str, tuple[tuple[str, ...], ...]] = {}
    for engine, field in (line.split() for line in said.get("unread", [])):
        unread[engine] = (*unread.get(engine, ()), tuple(field.split(".")))
    return {
        "variables": dict(line.split("=", 1) for line in said.get("var", [])),
        "engine": said.get("engine", [None])[0],
        "unread": unread,
        "secrets_required": "secrets" in said,
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = directives(case)
    assert "expect" in said, "a case says what it expects"
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for line in said.get("env", []):
        monkeypatch.setenv(*line.split("=", 1))
    monkeypatch.setattr(loading, "_today", lambda: said.get("today", ["2026-11-23"])[0])
    monkeypatch.chdir(case.parent)

    loaded = loading.load([case.name], **options(said))

    found = [
        f"{d.location.line}:{d.location.column} {d.severity.value} {d.code}\n    {d.detail}" for d in loaded.diagnostics
    ]
    assert [line.split("\n")[0] for line in found] == [e for e in said["expect"] if e != "nothing"], "\n".join(found)
    assert [d.detail for d in loaded.diagnostics] == said.get("says", [d.detail for d in loaded.diagnostics])
    assert all(d.location.file == case.name for d in loaded.diagnostics)
    lines = re.split(r"\r?\n", case.read_bytes().decode())
    for d in loaded.diagnostics:
        assert d.location.text in (source_line(lines[d.location.line - 1]), "") or "•" in d.location.text
    assert len(loaded.specs) == (1 if loaded.ok else 0)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_without_advice_there_are_the_same_errors(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = directives(case)
    for line in said.get("env", []):
        monkeypatch.setenv(*line.split("=", 1))
    monkeypatch.chdir(case.parent)
    whole, part = (loading.load([case.name], advice=advice, **options(said)).diagnostics for advice in (True, False))
    assert [one for one in whole if one.severity is Severity.ERROR] == [
        one for one in part if one.severity is Severity.ERROR
    ]


def test_there_are_cases() -> None:
    assert len(CASES) >= 100


NOTE = "  {name}: {{path: https://x, sha256: {digest}, datastore: trainin}}\n"
ERROR = "  {name}: {{path: https://x, sha256: {digest}, datastore: share}}\n"


@pytest.mark.parametrize(
    ("notes", "errors", "found"),
    [(99, 99, (99, 99)), (100, 100, (100, 100)), (101, 0, (100, 0)), (150, 1, (100, 1)), (0, 101, (0, 100))],
)
def test_of_each_rule_so_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notes: int, errors: int, found: tuple[int, int]
) -> None:
    """Notes do not keep an error from being told that comes after them."""
    entries = [NOTE.format(name=f"n{n}", digest="a" * 64) for n in range(notes)]
    entries += [ERROR.format(name=f"e{n}", digest="a" * 64) for n in range(errors)]
    text = (
        "apiVersion: specrun/v1\nname: t\n"
        "datastores:\n"
        "  training: {type: azure_blob, account_name: mlstore, container_name: training}\n"
        "  share: {type: azure_file, account_name: mlstore, file_share_name: all}\n"
        f"data:\n{''.join(entries)}"
    )
    monkeypatch.chdir(tmp_path)
    Path("many.yaml").write_text(text)
    codes = [d.code for d in loading.check(["many.yaml"])]
    assert (codes.count("undeclared-datastore"), codes.count("data-on-file-share")) == found
    assert len(codes) == sum(found)


def test_after_enough_errors_a_rule_is_not_asked_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    requirements = "".join("      - a=1\n" for _ in range(150))
    Path("many.yaml").write_text(
        f"apiVersion: specrun/v1\nname: t\njob:\n  command: ls\n  environment:\n    pip:\n{requirements}"
    )
    assert [d.location.line for d in loading.check(["many.yaml"])] == list(range(7, 107))
