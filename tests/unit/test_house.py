"""What CONTRIBUTING.md says of the code's shape and can be counted."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "specrun"
MOST = 320
"""Lines of a module."""

VAGUE = ("manager", "helper", "util", "misc", "common")


def modules() -> dict[str, str]:
    return {file.relative_to(PACKAGE).as_posix(): file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py")}


def test_no_module_is_too_long() -> None:
    assert {name: n for name, text in modules().items() if (n := text.count("\n")) > MOST} == {}


def test_names_say_something() -> None:
    assert [name for name in modules() if any(word in name.lower() for word in VAGUE)] == []


def test_every_module_says_what_it_is_for() -> None:
    written = {name: text for name, text in modules().items() if text.strip()}
    assert [name for name, text in written.items() if not text.startswith('"""')] == []


def test_frozen_dataclasses_are_those_that_are_made_quickly() -> None:
    frozen = {
        name: text
        for name, text in modules().items()
        if "@dataclass(frozen=True, slots=True" in text and name != "spec/frozen.py"
    }
    assert [name for name, text in frozen.items() if "from specrun.spec.frozen import dataclass" not in text] == []


ROOT = PACKAGE.parent
AT_THE_ROOT = {
    *(".ci", ".github", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md"),
    *(
        "SECURITY.md",
        "action",
        "action.yml",
        "benchmarks",
        "constraints.txt",
        "docs",
        "emulator",
        "pyproject.toml",
        "release",
    ),
    *("requirements", "schemas", "specrun", "specs", "tests", ".gitattributes", ".pre-commit-hooks.yaml"),
}


def test_git_has_nothing_at_the_root_that_nobody_put_there() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert {name.partition("/")[0] for name in names.split("\0") if name} - AT_THE_ROOT == set()
