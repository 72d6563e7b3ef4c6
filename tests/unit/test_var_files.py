"""Files of variables: a layer between a spec and --var, with mistakes at their own places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from specrun.spec.load import load
from specrun.spec.loaded import Loaded

SPEC = """\
apiVersion: specrun/v1
name: a
vars: {steps: 1, word: one}
job: {command: "echo ${{ vars.word }} ${{ vars.steps }}"}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(SPEC)
    return tmp_path


def loaded(*texts: str, files: tuple[str, ...] = ("a.yaml",), **options: Any) -> Loaded:
    names = []
    for number, text in enumerate(texts):
        Path(f"{number}.yaml").write_text(text)
        names.append(f"{number}.yaml")
    return load(files, var_files=names, **options)


def command(of: Loaded) -> str | None:
    (spec,) = of.specs
    return spec.job.command if spec.job else None


def test_later_files_win_and_var_over_all() -> None:
    assert command(loaded("steps: 2\nword: two\n", "word: three\n")) == "echo three 2"
    assert command(loaded("steps: 2\n", variables={"steps": "9"})) == "echo one 9"
    assert command(loaded("", "# nothing\n")) == "echo one 1"
    assert loaded("steps: '010'\n").specs[0].job.command == "echo one 010"  # type: ignore[union-attr]


def test_a_file_may_lie_anywhere_and_read_the_environment(
    tmp_path_factory: pytest.TempPathFactory, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "1")
    monkeypatch.setenv("BUILD_NUMBER", "7")
    (folder / ".git").mkdir()
    (folder / ".specrun.yaml").write_text("env: [BUILD_NUMBER]\n")
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "v.yaml"
    elsewhere.write_text("steps: ${{ env.BUILD_NUMBER }}\n")
    assert command(load(["a.yaml"], var_files=[str(elsewhere)])) == "echo one 7"
    found = load(["a.yaml"], var_files=[str(elsewhere)], var_files_said=False).diagnostics
    assert [(one.code, one.location.file) for one in found] == [("outside-repository", str(elsewhere))]


MISTAKES = {
    "undeclared": ("stpes: 1\n", "unknown-override", 1, 1, "Did you mean `steps`?"),
    "below vars": ("vars:\n  steps: 1\n", "unknown-override", 1, 1, "without `vars`"),
    "a list": ("word: x\nsteps: [1]\n", "wrong-type", 2, 8, "`steps` is a list here"),
    "a mapping": ("steps: {a: 1}\n", "wrong-type", 1, 8, "`steps` is a mapping here"),
    "null": ("steps:\n", "wrong-type", 1, 1, "`steps` is null here"),
    "a list of all": ("- steps\n", "not-a-mapping", 1, 1, "Write `NAME: value` at the top"),
    "text": ("steps=1\n", "not-a-mapping", 1, 1, "Write `NAME: value` at the top"),
    "twice": ("steps: 1\nsteps: 2\n", "duplicate-key", 2, 1, "line 1"),
    "no YAML": ("steps: [\n", "yaml-syntax", 1, 8, ""),
    "another variable": ("steps: ${{ vars.word }}\n", "expression-misplaced", 1, 8, "never from another variable"),
    "an unset one": ("steps: ${{ env.NOT_SET }}\n", "unset-env", 1, 8, "export NOT_SET"),
    "a nested expression": ("steps: ${{ steps }}\n", "expression-syntax", 1, 8, ""),
    "a secret": ("steps: ${{ secrets.KEY }}\n", "secret-misplaced", 1, 8, ""),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_stands_in_the_file(name: str) -> None:
    text, code, line, column, words = MISTAKES[name]
    found = loaded(text)
    assert [(one.code, one.location.file, one.location.line, one.location.column) for one in found.diagnostics] == [
        (code, "0.yaml", line, column)
    ]
    assert words in found.diagnostics[0].detail
    assert found.specs == ()


def test_a_mistake_is_told_once_however_many_specs_there_are() -> None:
    Path("b.yaml").write_text(SPEC.replace("name: a", "name: b"))
    found = loaded("steps: ${{ env.NOT_SET }}\nother: 1\n", files=("a.yaml", "b.yaml"))
    assert [(one.code, one.location.line) for one in found.diagnostics] == [("unset-env", 1), ("unknown-override", 2)]


def test_a_name_of_one_of_the_specs_is_enough() -> None:
    Path("b.yaml").write_text(
        "apiVersion: specrun/v1\nname: b\nvars: {more: 1}\njob: {command: 'echo ${{ vars.more }}'}\n"
    )
    found = loaded("steps: 5\nmore: 6\n", files=("a.yaml", "b.yaml"))
    assert [spec.job and spec.job.command for spec in found.specs] == ["echo one 5", "echo 6"]


def test_a_file_that_cannot_be_read(folder: Path) -> None:
    (folder / "large.yaml").write_text("#" * (1 << 20) + "#")
    names = ("gone.yaml", ".", "large.yaml", "a\0b")
    found = [(one.code, one.location.file) for one in load(["a.yaml"], var_files=names).diagnostics]
    assert sorted(found) == sorted(
        [("unreadable", "gone.yaml"), ("unreadable", "."), ("too-large", "large.yaml"), ("unreadable", "a\0b")]
    )


@pytest.mark.parametrize("text", ["key: canary-1\nsteps: 1\n", "canary-1\n", "steps: [canary-1]\n", "canary-1: [\n"])
def test_of_a_file_that_a_saved_plan_names_nothing_is_shown(text: str) -> None:
    found = loaded(text, var_files_said=False)
    assert found.specs == ()
    assert [one.location.text for one in found.diagnostics] == [""]
    assert "canary" not in found.diagnostics[0].detail
