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
    assert len(loaded.specs) == (1 if loaded.ok else 0)


def test_there_are_cases() -> None:
    assert len(CASES) >= 100
