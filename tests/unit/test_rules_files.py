from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from specrun.spec.load import load
from specrun.spec.rules import travel
from specrun.spec.rules.files import Files
from specrun.spec.rules.nearby import nearest_existing

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


@pytest.mark.parametrize("target", ["../train.py", "../../src/train.py"])
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
    ("target", "code"), [("nowhere", "broken-link"), ("link", "link-loop"), (".", "link-not-followed")]
)
@pytest.mark.parametrize("file", ["code.yaml", "data.yaml"])
def test_a_link_to_nothing(folder: Path, file: str, target: str, code: str) -> None:
    (folder / "src" / "link").symlink_to(target)
    (found,) = load([file]).diagnostics
    assert (found.code, found.location.line) == (code, 3)
    assert "`src/link`" in found.detail


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


def told(file: str, engine: str = "local") -> list[tuple[str, str]]:
    """The code and the detail of each diagnostic, errors first."""
    found = sorted(load([file], engine=engine).diagnostics, key=lambda one: one.severity.value)
    return [(one.code, one.detail) for one in found]


def test_all_wrong_links_are_told_at_once_and_the_ways_out_work(folder: Path) -> None:
    for name, target in {
        "one": "two",
        "two": "one",
        "out": "../outside",
        "file": "../outside/file",
        "gone": "nowhere",
        "lost": "no",
    }.items():
        (folder / "src" / name).symlink_to(target)
    assert dict(told("code.yaml")) == {
        "link-leaves-code": "`src/file` and `src/out` lead to places outside of `src`, which do not travel with it. "
        "Put the files themselves there, or leave the links out with `.amlignore`. Or name a folder that has both: "
        "`code: .`; the job's paths then begin with `src/`.",
        "broken-link": "What `src/gone` and `src/lost` lead to does not exist. Mend the links, remove them, or leave "
        "them out with `.amlignore`.",
        "link-loop": "`src/one` and `src/two` lead back to themselves, and to no file. Have them lead to one, remove "
        "them, or leave them out with `.amlignore`.",
    }
    assert [code for code, _ in told("data.yaml")] == ["broken-link", "link-leaves-data", "link-loop"]
    (folder / "src" / ".amlignore").write_text("one\ntwo\ngone\nlost\n")
    assert [code for code, _ in told("code.yaml")] == ["link-leaves-code"]
    (folder / "code.yaml").write_text(JOB.replace("code: src", "code: ."))
    assert told("code.yaml") == [], "a higher folder"


def test_a_folder_above_the_specs_is_not_proposed(folder: Path) -> None:
    (folder / "specs/src").mkdir(parents=True)
    (folder / "specs/job.yaml").write_text(JOB)
    (folder / "specs/src/link").symlink_to("../../outside/file")
    assert "Or name" not in told("specs/job.yaml")[0][1]


def test_of_many_the_first_are_listed(folder: Path) -> None:
    for number in range(20):
        (folder / "src" / f"link{number:02}").symlink_to("nowhere")
    ((_, detail),) = told("code.yaml")
    assert "`src/link07` and 12 more lead to does not exist" in detail
    assert "link08" not in detail


BAD_BYTES = os.fsdecode(b"caf\xe9.py")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (JOB, ("job", "code")),
        (DATA, ("data", "d", "path")),
        (DATA.replace("path: src", f"path: src/{'x'}"), ("data", "d", "path")),
        ("apiVersion: specrun/v1\nname: x\njob: {command: 'ls ${{ inputs.i }}', inputs: {i: {path: src}}}\n", None),
        ("apiVersion: specrun/v1\nname: x\njob: {command: x, environment: {build: {path: src}}}\n", None),
    ],
)
def test_a_name_that_is_not_utf_8(folder: Path, text: str, path: tuple[str, ...] | None) -> None:
    within = "src/x" if "src/x" in text else "src"
    (folder / within).mkdir(exist_ok=True)
    (folder / "src/Dockerfile").write_text("")
    (folder / within / BAD_BYTES).write_text("")
    (folder / "odd.yaml").write_text(text)
    (found,) = load(["odd.yaml"]).diagnostics
    assert found.code == "name-not-utf8"
    assert f"`{within}/caf\\xe9.py`" in found.detail
    assert path is None or found.path == path
    (folder / within / ".amlignore").write_text("caf*\n")
    assert (load(["odd.yaml"]).diagnostics == ()) == (path == ("job", "code")), "the way out that is named for code"


def test_names_that_are_only_composed_in_another_way(folder: Path) -> None:
    for name in ("\u00e9.py", "e\u0301.py"):
        (folder / "src" / name).write_text(name)
    assert [code for code, _ in told("code.yaml")] == [code for code, _ in told("data.yaml")] == ["same-name"]


NAMES = {
    "x\\y.py": "the service takes `\\` for `/`",
    "c\x01.txt": "it has a control character in it",
    "\u0085": "it has a control character in it",
    "end.": "the service drops a dot at the end",
    "\uf027": "it has a character in it that Unicode keeps for private use",
    "/".join(["d" * 200] * 5): "its name there has 1,0",
    "/".join("d" * 255): "it lies 254 folders deep",
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("file", ["code.yaml", "data.yaml"])
def test_a_name_that_azure_does_not_take(folder: Path, name: str, file: str) -> None:
    path = folder / "src" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    (folder / "data.yaml").write_text(DATA.replace("path: src", f"path: src, target: {'t' * 30}"))
    for engine in ("azureml", "azureml-v1"):
        found = [(code, detail) for code, detail in told(file, engine) if code != "needs-workspace"]
        assert [code for code, _ in found] == ["not-a-blob-name"]
        assert NAMES[name] in found[0][1]
        assert found[0][1].isprintable()
    assert told(file) == []


def test_a_folder_of_such_a_name_is_named_once_and_a_good_name_never(folder: Path) -> None:
    for name in ("v1./a", "v1./b", "v1./deep/c", ".hidden", "a.b.c", "blank here", "%41", "#?&+", "é~", ".gitignore"):
        (folder / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "src" / name).write_text("")
    ((_, detail),) = told("data.yaml", "azureml")
    assert detail == "`src/v1.` (the service drops a dot at the end). Rename it."


def test_a_single_file_of_data_is_named_as_it_is_written(folder: Path) -> None:
    (folder / "a\\b.csv").write_text("")
    (folder / "data.yaml").write_text(DATA.replace("path: src", "path: 'a\\b.csv'"))
    ((code, detail),) = told("data.yaml", "azureml")
    assert (code, "`a\\b.csv` (" in detail) == ("not-a-blob-name", True)


def submodule(folder: Path) -> Path:
    """A repository whose code has a submodule, as git leaves it on the disk."""
    (folder / ".git").mkdir()
    (folder / ".gitmodules").write_text('[submodule "lib"]\n\tpath = src/lib\n\turl = ../lib\n')
    (folder / ".gitignore").write_text("build/\nsrc/lib\n")
    (folder / "src/lib").mkdir()
    return folder / "src/lib"


@pytest.mark.parametrize("file", ["code.yaml", "data.yaml"])
def test_a_submodule_that_is_not_checked_out(folder: Path, file: str) -> None:
    lib = submodule(folder)
    ((code, detail),) = told(file)
    assert (code, "`src/lib`" in detail) == ("submodule-not-here", True)
    (lib / ".git").write_text("gitdir: ../../.git/modules/lib\n")
    assert told(file) == []
    (lib / ".git").unlink()
    (folder / "src/.amlignore").write_text("lib\n")
    assert [code for code, _ in told("code.yaml")] == []


def test_a_folder_that_is_empty_is_no_submodule_yet(folder: Path) -> None:
    submodule(folder).rename(folder / "src/other")
    assert told("code.yaml") == []


MEGABYTE = 1_000_000


def grow(path: Path, size: int) -> None:
    path.touch()
    os.truncate(path, size)  # on the disk it takes no room


def test_large_code_is_told_with_what_is_largest_in_it(folder: Path) -> None:
    for name, size in {"a.bin": 30, "b.bin": 19, "c.bin": 1}.items():
        grow(folder / "src" / name, size * MEGABYTE)
    assert told("code.yaml") == []
    grow(folder / "src/deep/d.bin", 2 * MEGABYTE)
    for engine in ("local", "azureml-v1"):
        ((code, detail),) = told("code.yaml", engine)
        assert code == "large-code"
        assert detail.startswith(
            "`src` has 5 files of 52 MB together, the largest `src/a.bin` (30 MB), `src/b.bin` (19 MB) and "
            "`src/deep/d.bin` (2.0 MB). Leave out"
        )
    (folder / "src/.amlignore").write_text("a.bin\n")
    assert told("code.yaml") == []
    grow(folder / "src/a.bin", 1000 * MEGABYTE)
    assert told("data.yaml", "azureml-v1") == [], "data may have any size"


def test_sdk_v1_takes_no_more_than_so_much_code(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AML_SNAPSHOT_NO_FILE_LIMIT", raising=False)
    monkeypatch.setattr(travel, "SDK_V1_FILES", 20)
    grow(folder / "src/weights.bin", 300 << 20)
    assert [code for code, _ in told("code.yaml", "azureml-v1")] == ["large-code"]
    (folder / "src/train.py").write_text("1")
    ((code, detail),) = told("code.yaml", "azureml-v1")
    assert (code, "SDK v1 sends no more than 300 MB (315 MB as counted here). " in detail) == ("too-much-code", True)
    assert [code for code, _ in told("code.yaml", "azureml")] == ["large-code"]
    (folder / "src/weights.bin").unlink()
    for number in range(19):
        (folder / "src" / f"{number}.txt").touch()
    (folder / "src/job.yaml").write_text(JOB)  # a spec, which is no code
    assert told("code.yaml", "azureml-v1") == []
    (folder / "src/one-more").touch()
    ((code, detail),) = told("code.yaml", "azureml-v1")
    assert (code, "no more than 20 files" in detail) == ("too-much-code", True)
    assert told("code.yaml", "azureml") == []
    monkeypatch.setenv("AML_SNAPSHOT_NO_FILE_LIMIT", "1")
    assert told("code.yaml", "azureml-v1") == []


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
    assert nearest_existing("a/" * 2000) is None
    assert nearest_existing("code.yml") == "code.yaml"
    assert nearest_existing("nothing/like/it") is None
    assert nearest_existing("src/zzzzz") is None


@pytest.mark.parametrize(
    ("written", "there", "meant"),
    [
        ("conda_file: env.yml", ["env/", ".env", "env.yml.bak", "environment.yml"], "environment.yml"),
        ("conda_file: env.yml", ["env/env.yml", "envs.txt"], "env/env.yml"),
        ("conda_file: env.yml", ["../env.yml", "envs.json"], "../env.yml"),
        ("conda_file: envs/gpu.yml", ["env/gpu.yml", "gpu.yml"], "env/gpu.yml"),
        ("conda_file: envs/gpu.yml", ["env/gpu.yaml", "gpu.md"], "env/gpu.yaml"),
        ("conda_file: env.yml", ["conda.yaml"], "conda.yaml"),
        ("conda_file: env.yml", ["conda.yaml", "other.yaml"], None),
        ("conda_file: envx.yml", ["env.yml/", "envx/"], None),
        ("conda_file: spex.yaml", ["env/"], None),  # the spec itself, spec.yaml, is none
        ("build: {path: dokcer}", ["docker.txt", "docker/Dockerfile"], "docker"),
        ("build: {path: docker, dockerfile_path: Dockerfile.gpu}", ["docker/Dockerfile.cpu"], "docker/Dockerfile.cpu"),
        ("pip: ['-r requirements.txt']", ["requirements.yml", "requirements/", "requirement.txt"], "requirement.txt"),
        ("pip: ['-r requirements.txt']", ["requirements.yml", "docker/requirements.txt"], "docker/requirements.txt"),
    ],
)
def test_what_a_missing_path_may_mean_fits_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, there: list[str], meant: str | None
) -> None:
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "jobs"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in there:
        path = folder / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_text("dependencies: [python]\n", encoding="utf-8")
    spec = f"apiVersion: specrun/v1\nname: t\njob:\n  command: python -V\n  environment: {{{written}}}\n"
    (folder / "spec.yaml").write_text(spec, encoding="utf-8")
    (found,) = load(["spec.yaml"]).diagnostics
    assert re.findall(r"Did you mean `(.*)`\?", found.detail) == ([meant] if meant else [])


def test_a_hint_is_relative_to_the_spec(folder: Path) -> None:
    (folder / "specs").mkdir()
    (folder / "scrs").touch()  # code is a folder
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


def test_shell_scripts_with_windows_line_ends(folder: Path) -> None:
    for name, text in {
        "src/run.sh": "#!/bin/bash\r\nset -e\r\n",
        "src/sub/launch": "#!/usr/bin/env bash\r\nfalse\r\n",
        "src/good.sh": "set -e\n",
        "src/notes": "no script\r\n",
        "src/left_out.sh": "set -e\r\n",
        "src/table.csv": "1,2\r\n",
        "src/.amlignore": "left_out.sh\n",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(text.encode())
    file = folder / "crlf.yaml"
    file.write_bytes(
        b"apiVersion: specrun/v1\r\nname: t\r\njob:\r\n  code: src\r\n  command: |\r\n    echo a\r\n    echo b\r\n"
    )
    loaded = load([str(file)])
    (found,) = loaded.diagnostics
    assert (found.code, found.path) == ("windows-line-ends", ("job", "code"))
    assert found.detail.startswith("`src/run.sh` and `src/sub/launch`: to bash")
    (spec,) = loaded.specs
    assert spec.job is not None
    assert spec.job.command == "echo a\necho b\n"
