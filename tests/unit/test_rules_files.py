from __future__ import annotations

import os
from pathlib import Path

import pytest

from specrun.spec.load import load
from specrun.spec.rules.files import Files, nearest_existing

JOB = "apiVersion: specrun/v1\nname: x\njob: {code: src, command: x}\n"
DATA = "apiVersion: specrun/v1\nname: x\ndata: {d: {path: src}}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "src" / "deep").mkdir(parents=True)
    (tmp_path / "src" / "train.py").touch()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").touch()
    (tmp_path / "code.yaml").write_text(JOB, encoding="utf-8")
    (tmp_path / "data.yaml").write_text(DATA, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("file", "code"), [("code.yaml", "link-leaves-code"), ("data.yaml", "link-leaves-data")])
@pytest.mark.parametrize("target", ["../../outside/file", "../../outside", "/etc", "../../nowhere"])
def test_a_link_that_leaves(folder: Path, file: str, code: str, target: str) -> None:
    (folder / "src" / "deep" / "link").symlink_to(target)
    (found,) = load([file]).diagnostics
    assert found.code == code
    assert "src/deep/link" in found.detail


@pytest.mark.parametrize("target", ["../train.py", "..", "../../src/train.py"])
def test_a_link_that_stays(folder: Path, target: str) -> None:
    (folder / "src" / "deep" / "link").symlink_to(target)
    assert load(["code.yaml"]).diagnostics == ()


def test_a_link_in_what_is_never_part_of_code(folder: Path) -> None:
    (folder / "src" / ".venv" / "bin").mkdir(parents=True)
    (folder / "src" / ".venv" / "bin" / "python").symlink_to("/usr/bin/python3")
    (folder / "src" / ".venv" / "pyvenv.cfg").touch()
    (folder / "src" / ".git").mkdir()
    (folder / "src" / ".git" / "hook").symlink_to("/etc/passwd")
    assert load(["code.yaml"]).diagnostics == ()


def test_a_folder_whose_name_begins_like_the_code_folders_is_outside(folder: Path) -> None:
    (folder / "src-more").mkdir()
    (folder / "src" / "link").symlink_to("../src-more")
    assert [d.code for d in load(["code.yaml"]).diagnostics] == ["link-leaves-code"]


def test_the_code_folder_may_be_a_link_itself(folder: Path) -> None:
    (folder / "src").rename(folder / "real")
    (folder / "src").symlink_to("real")
    assert load(["code.yaml"]).diagnostics == ()


@pytest.mark.parametrize(
    ("file", "target"), [("code.yaml", "nowhere"), ("data.yaml", "nowhere"), ("code.yaml", "link")]
)
def test_a_link_to_nothing(folder: Path, file: str, target: str) -> None:
    (folder / "src" / "link").symlink_to(target)
    (found,) = load([file]).diagnostics
    assert found.code == "broken-link"


@pytest.mark.parametrize(
    ("patterns", "matters"),
    [
        ({".gitignore": "deep\n"}, False),
        ({".gitignore": "*\n!link\n"}, False),  # as in git, what is in an ignored folder cannot come back
        ({".gitignore": "deep\n", ".amlignore": ""}, True),
        ({"deep/.amlignore": "link"}, False),
        ({".gitignore": "link\n", "deep/.gitignore": "!link\n"}, True),
        ({".gitignore": "other\n"}, True),
    ],
)
def test_a_link_that_is_ignored(folder: Path, patterns: dict[str, str], matters: bool) -> None:
    (folder / "src" / "deep" / "link").symlink_to("/etc")
    for name, text in patterns.items():
        (folder / "src" / name).write_text(text, encoding="utf-8")
    assert bool(load(["code.yaml"]).diagnostics) == matters
    assert [d.code for d in load(["data.yaml"]).diagnostics] == ["link-leaves-data"], "all of data travels"


def test_a_data_path_inside_the_code_folder_is_not_code(folder: Path) -> None:
    (folder / "src" / "data").symlink_to("/etc")
    text = JOB + "data: {d: {path: src/data}}\n"
    (folder / "both.yaml").write_text(text, encoding="utf-8")
    assert "link-leaves-code" not in {d.code for d in load(["both.yaml"]).diagnostics}


def test_a_broken_link_says_so(folder: Path) -> None:
    (folder / "src" / "train.py").unlink()
    (folder / "src" / "deep").rmdir()
    (folder / "src").rmdir()
    (folder / "src").symlink_to("nowhere")
    (found,) = load(["code.yaml"]).diagnostics
    assert found.code == "missing-code"
    assert "link" in found.detail


def test_kind() -> None:
    files = Files()
    assert [files.kind(p) for p in ("src", "code.yaml", "none", "a\0b", "x" * 5000)] == [
        "folder",
        "file",
        None,
        None,
        None,
    ]


def test_an_answer_holds_for_one_load_only(folder: Path) -> None:
    files = Files()
    assert files.kind("later") is None
    (folder / "later").touch()
    assert files.kind("later") is None
    assert Files().kind("later") == "file"


def test_nearest_existing() -> None:
    assert nearest_existing("src/trian.py") == "src/train.py"
    assert nearest_existing("code.yml") == "code.yaml"
    assert nearest_existing("nothing/like/it") is None
    assert nearest_existing("src/zzzzz") is None


def test_a_hint_is_relative_to_the_spec(folder: Path) -> None:
    (folder / "specs").mkdir()
    (folder / "specs" / "x.yaml").write_text(JOB.replace("code: src", "code: ../scr"), encoding="utf-8")
    (found,) = load(["specs/x.yaml"]).diagnostics
    assert "Looked for `scr`" in found.detail
    assert "Did you mean `../src`?" in found.detail


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        ("job: {code: pipe, command: x}", "pipe", 3),
        ("job:\n  code: src\n  script: pipe", "pipe", 5),
        ("data:\n  d: {path: pipe}", "pipe", 4),
        ("job:\n  command: x ${{ inputs.i }}\n  inputs: {i: {path: pipe}}", "pipe", 5),
        ("job:\n  command: x\n  environment: {conda_file: pipe}", "pipe", 5),
    ],
)
def test_what_may_never_end_is_refused(folder: Path, text: str, name: str, line: int) -> None:
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / "src" / "pipe")
    (folder / "odd.yaml").write_text(f"apiVersion: specrun/v1\nname: x\n{text}\n", encoding="utf-8")
    (found,) = load(["odd.yaml"]).diagnostics
    assert (found.code, found.location.line) == ("not-regular", line)
    assert found.detail == f"`{name}` is a pipe, a socket or a device: reading it may never end."
