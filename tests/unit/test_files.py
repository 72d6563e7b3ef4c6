from __future__ import annotations

import os
import socket
import unicodedata
from pathlib import Path

import pytest

from specrun.plan.files import SourceFile, list_code, list_data
from specrun.plan.hashes import HashCache


def make(folder: Path, *names: str, **contents: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(contents.get("text", name))


def code(folder: Path, *leave_out: Path) -> list[str]:
    return names(list_code(folder, set(leave_out), HashCache(folder.parent / "home")))


def data(path: Path) -> list[str]:
    return names(list_data(path, HashCache(path.parent / "home")))


def names(files: tuple[SourceFile, ...]) -> list[str]:
    return [file.path for file in files]


@pytest.fixture
def src(tmp_path: Path) -> Path:
    folder = tmp_path / "src"
    folder.mkdir()
    return folder


def test_in_the_byte_order_of_whole_paths(src: Path) -> None:
    make(src, "a/z", "a.py", "a-b/c", "B", "é", "z", "a0")
    assert code(src) == ["B", "a-b/c", "a.py", "a/z", "a0", "z", "é"]


def test_amlignore_is_taken_and_gitignore_then_is_not(src: Path) -> None:
    make(src, "a.log", "b.tmp", "keep.py")
    (src / ".gitignore").write_text("*.log\n")
    assert code(src) == [".gitignore", "b.tmp", "keep.py"]
    (src / ".amlignore").write_text("*.tmp\n")
    assert code(src) == [".amlignore", ".gitignore", "a.log", "keep.py"]


def test_an_inner_file_speaks_for_its_folder_and_the_outer_one_for_the_rest(src: Path) -> None:
    make(src, "a.bin", "lib/b.bin", "lib/c.txt", "other/d.bin")
    (src / ".gitignore").write_text("*.bin\n.gitignore\n")
    (src / "lib/.gitignore").write_text("!b.bin\nc.txt\n")
    assert code(src) == ["lib/b.bin"]


def test_negation_anchors_and_folders_as_in_git(src: Path) -> None:
    make(src, "build/x", "sub/build/x", "logs/a", "sub/logs/a", "out/a.txt", "out/keep.txt")
    (src / ".gitignore").write_text("/build\nlogs/\nout/*\n!out/keep.txt\n.gitignore\n")
    assert code(src) == ["out/keep.txt", "sub/build/x"]


def test_nothing_below_an_ignored_folder_comes_back(src: Path) -> None:
    make(src, "out/keep.txt", "a")
    (src / ".gitignore").write_text("out/\n!out/keep.txt\n.gitignore\n")
    assert code(src) == ["a"]


def test_what_is_never_code(src: Path) -> None:
    make(src, ".git/config", ".specrun/runs/x", "lib/__pycache__/a.pyc", "env/pyvenv.cfg", "env/bin/python")
    make(src, "train.py", "lib/a.py", "data/big.bin", "job.notes.yaml")
    make(src, "job.yaml", "quoted.yml", text="# a job\napiVersion: specrun/v1\nname: x\n")
    make(src, "azure.yaml", text="apiVersion: v1\n")
    assert code(src, (src / "data").resolve()) == ["azure.yaml", "job.notes.yaml", "lib/a.py", "train.py"]


def test_a_data_file_among_code_is_left_out_through_a_link_too(src: Path) -> None:
    make(src, "digits.csv", "train.py")
    (src / "link.csv").symlink_to("digits.csv")
    assert code(src, (src / "digits.csv").resolve()) == ["train.py"]


def test_ignore_files_and_hidden_folders_mean_nothing_for_data(tmp_path: Path) -> None:
    make(tmp_path / "data", "a.csv", ".hidden/b", "__pycache__/c", "pyvenv.cfg", "sub/pyvenv.cfg", "sub/d")
    (tmp_path / "data/.gitignore").write_text("*\n")
    found = data(tmp_path / "data")
    assert found == [".gitignore", ".hidden/b", "__pycache__/c", "a.csv", "pyvenv.cfg", "sub/d", "sub/pyvenv.cfg"]


def test_a_single_data_file_has_its_own_name(tmp_path: Path) -> None:
    make(tmp_path, "digits.csv")
    assert data(tmp_path / "digits.csv") == ["digits.csv"]


def test_links_are_followed(src: Path) -> None:
    make(src, "real/a.py")
    (src / "linked").symlink_to("real")
    (src / "file.py").symlink_to("real/a.py")
    assert code(src) == ["file.py", "linked/a.py", "real/a.py"]


def test_loops_of_links_end(src: Path) -> None:
    make(src, "a/f", "b/g")
    (src / "a/self").symlink_to(".")
    (src / "a/up").symlink_to("..")
    (src / "a/x").symlink_to("../b")
    (src / "b/y").symlink_to("../a")
    assert code(src) == ["a/f", "a/x/g", "b/g", "b/y/f"]
    assert data(src) == ["a/f", "a/x/g", "b/g", "b/y/f"]


def test_a_broken_link_is_named(src: Path) -> None:
    (src / "gone").symlink_to("nowhere")
    with pytest.raises(FileNotFoundError) as error:
        code(src)
    assert error.value.filename == str(src / "gone")


def test_a_link_to_itself_is_an_error_with_a_name(src: Path) -> None:
    (src / "me").symlink_to("me")
    with pytest.raises(OSError, match="symbolic links") as error:
        code(src)
    assert str(src / "me") in str(error.value.filename)


def test_pipes_and_sockets_are_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make(Path("src"), "train.py")
    os.mkfifo("src/pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("src/socket")
        assert code(Path("src")) == ["train.py"]


def test_a_name_that_is_not_utf_8_is_an_error_that_can_be_printed(src: Path) -> None:
    try:
        (src / os.fsdecode(b"caf\xe9.py")).write_text("")
    except OSError:
        pytest.skip("this file system has only names in UTF-8")
    with pytest.raises(OSError, match="not UTF-8") as error:
        code(src)
    assert str(error.value.filename).encode() == os.fsencode(src) + rb"/caf\xe9.py"


def test_names_are_composed_and_the_source_is_the_file_that_is_there(src: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "é.py")
    make(src, decomposed)
    (file,) = list_code(src, (), HashCache(src.parent / "home"))
    assert (file.path, file.source.name, file.source.is_file()) == ("é.py", decomposed, True)


def test_size_md5_and_executable_bit(src: Path) -> None:
    make(src, "run.sh", text="echo\n")
    (src / "run.sh").chmod(0o755)
    (file,) = list_code(src, (), HashCache(src.parent / "home"))
    assert (file.size, file.md5, file.executable) == (5, "53f31a089339194f333d2e3995dbb05e", True)


def test_ignore_files_above_the_code_folder_count_up_to_the_repository(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    code = repository / "team" / "src"
    (code / "out").mkdir(parents=True)
    for name in ("train.py", "notes.log", "keep.log", "out/model.bin"):
        (code / name).write_text(name)
    (tmp_path / ".gitignore").write_text("train.py\n")
    (repository / ".gitignore").write_text("*.log\nout/\n")
    (repository / "team" / ".gitignore").write_text("!keep.log\n")
    cache = HashCache(tmp_path / "home")
    everything = ["keep.log", "notes.log", "out/model.bin", "train.py"]
    assert [file.path for file in list_code(code, (), cache)] == everything, "no repository, nothing above counts"
    (repository / ".git").mkdir()
    assert [file.path for file in list_code(code, (), cache)] == ["keep.log", "train.py"]
    (repository / ".gitignore").write_text("src/\n")
    assert [file.path for file in list_code(code, (), cache)] == everything, "whoever names a folder means it"


def test_in_a_submodule_the_ignore_files_of_git_around_it_do_not_count(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    src = repository / "src"
    make(src, "train.py", "build/x", "lib/build/tables.py", "lib/a.log", "lib/b.tmp", "lib/c.pdf")
    (repository / ".git").mkdir()
    (repository / ".gitignore").write_text("build/\n*.tmp\nsrc/lib\n")
    (src / ".amlignore").write_text("*.pdf\n.*ignore\n")
    (src / "lib/.gitignore").write_text("*.log\n")
    cache = HashCache(tmp_path / "home")
    assert [file.path for file in list_code(src, (), cache)] == ["train.py"]
    (src / "lib/.git").write_text("gitdir: ../../.git/modules/lib\n")
    (repository / ".gitmodules").write_text('[submodule "lib"]\n  path = src/lib\n')
    found = [file.path for file in list_code(src, (), cache)]
    assert found == ["lib/b.tmp", "lib/build/tables.py", "train.py"], "what is not git's own does count"
