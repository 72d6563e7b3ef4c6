from __future__ import annotations

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


@pytest.mark.parametrize("target", ["../train.py", "..", "nowhere", "../../src/train.py"])
def test_a_link_that_stays(folder: Path, target: str) -> None:
    (folder / "src" / "deep" / "link").symlink_to(target)
    assert load(["code.yaml"]).diagnostics == ()


def test_a_link_in_what_is_never_part_of_code(folder: Path) -> None:
    (folder / "src" / ".venv" / "bin").mkdir(parents=True)
    (folder / "src" / ".venv" / "bin" / "python").symlink_to("/usr/bin/python3")
    assert load(["code.yaml"]).diagnostics == ()


def test_a_folder_whose_name_begins_like_the_code_folders_is_outside(folder: Path) -> None:
    (folder / "src-more").mkdir()
    (folder / "src" / "link").symlink_to("../src-more")
    assert [d.code for d in load(["code.yaml"]).diagnostics] == ["link-leaves-code"]


def test_the_code_folder_may_be_a_link_itself(folder: Path) -> None:
    (folder / "src").rename(folder / "real")
    (folder / "src").symlink_to("real")
    assert load(["code.yaml"]).diagnostics == ()


def test_a_circle_of_links_ends(folder: Path) -> None:
    (folder / "src" / "a").symlink_to("b")
    (folder / "src" / "b").symlink_to("a")
    assert load(["code.yaml"]).diagnostics == ()


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
    assert "Looked for scr" in found.detail
    assert "Did you mean ../src?" in found.detail
