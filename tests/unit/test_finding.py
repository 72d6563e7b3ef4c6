"""Which specs folders, globs and names mean, and what is meant where there are none."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from specrun.spec import finding, named
from specrun.spec.finding import Scan, TooMany
from specrun.spec.load import check, load
from specrun.spec.named import find, listed, nothing, own_repository, own_spec

SPEC = "apiVersion: specrun/v1\nname: a\njob: {command: 'true'}\n"
Write = Callable[..., None]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repository"
    (root / ".git" / "info").mkdir(parents=True)
    monkeypatch.chdir(root)
    return root


def write(*files: str, text: str = SPEC) -> None:
    for file in files:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(text)


def codes_of(found: named.Found) -> list[tuple[str, str]]:
    return [(mistake.location.file, mistake.code) for mistake in found.mistakes]


def test_a_folder_is_the_specs_below_it_in_order(repository: Path) -> None:
    write("team/b.yaml", "team/a.yml", "team/deep/er/c.yaml", "team/.hidden/d.yaml", "team/A.yaml", "other.yaml")
    write("team/conda.yaml", text="dependencies: [python]\n")
    write("team/indented.yaml", text="data:\n  apiVersion: specrun/v1\n")
    os.mkfifo("team/pipe.yaml")  # which nobody writes to
    write("team/notes.txt", "team/job.yaml.bak", ".git/x.yaml", "team/.specrun/runs/a/job.yaml")
    write("team/node_modules/x/a.yaml", "team/.venv/pyvenv.cfg", "team/.venv/a.yaml", "team/conda/conda-meta/h")
    write("team/conda/a.yaml", "team/.ipynb_checkpoints/a-checkpoint.yaml")
    found = find(["team"])
    assert found.files == ("team/.hidden/d.yaml", "team/A.yaml", "team/a.yml", "team/b.yaml", "team/deep/er/c.yaml")
    assert (found.scanned, found.mistakes) == (frozenset(found.files), ())


@pytest.mark.parametrize(
    ("text", "is_spec"),
    [
        ("# first\n---\napiVersion: specrun/v1\n", True),
        ("\ufeffapiVersion: specrun/v1\r\n", True),
        ('"apiVersion": "specrun/v1"\n', True),
        ('{"apiVersion": "specrun/v1"}\n', True),
        ("apiVersion: specrun/v2\n", True),
        ("apiversion: specrun/v1\n", True),  # which is a mistake, and is told
        ("api_version: Specrun/v1\n", True),
        ("apiVersion: specrun/v1\nname: [\n", True),
        ("apiVersion: v1\nkind: ConfigMap\n", False),
        ("apiVersion: specrunner/v1\n", False),
        ("job:\n  apiVersion: specrun/v1\n", False),
        ("# apiVersion: specrun/v1\n", False),
        ("", False),
    ],
)
def test_what_is_taken_for_a_spec(repository: Path, text: str, is_spec: bool) -> None:
    Path("x.yaml").write_bytes(text.encode())
    assert (find(["."]).files == ("x.yaml",)) == is_spec


@pytest.mark.parametrize(
    ("names", "files"),
    [
        (["."], ["a.yaml", "team/b.yaml", "team/sub/c.yaml"]),
        (["./team/"], ["team/b.yaml", "team/sub/c.yaml"]),
        (["team/sub", "team"], ["team/sub/c.yaml", "team/b.yaml"]),
        (["team", "./team/b.yaml"], ["team/b.yaml", "team/sub/c.yaml"]),
        (["./a.yaml", "a.yaml", "."], ["./a.yaml", "team/b.yaml", "team/sub/c.yaml"]),
        (["link.yaml", "a.yaml"], ["link.yaml"]),
        (["team/*.yaml"], ["team/b.yaml"]),
        (["**/*.yaml"], ["a.yaml", "team/b.yaml", "team/sub/c.yaml"]),
        (["t*"], ["team/b.yaml", "team/sub/c.yaml"]),
        (["team/**"], ["team/b.yaml", "team/sub/c.yaml"]),
        (["team/**/c.yaml"], ["team/sub/c.yaml"]),
        (["*/*/[a-c].yaml"], ["team/sub/c.yaml"]),
        (["?.yaml", "team/[!c].yaml"], ["a.yaml", "team/b.yaml"]),
        (["b.yaml", "missing.yaml"], ["b.yaml", "missing.yaml"]),
        (["-", "-"], ["-"]),
    ],
)
def test_each_file_is_meant_once(repository: Path, names: list[str], files: list[str]) -> None:
    write("a.yaml", "team/b.yaml", "team/sub/c.yaml")
    Path("link.yaml").symlink_to("a.yaml")
    assert list(find(names).files) == files


def test_paths_begin_as_they_were_typed(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("team/a.yaml", "here/b.yaml")
    monkeypatch.chdir("here")
    assert find(["../team"]).files == ("../team/a.yaml",)
    assert find([str(repository / "team")]).files == (str(repository / "team" / "a.yaml"),)
    assert find(["../t*/a.yaml"]).files == ("../team/a.yaml",)
    assert find([f"{repository}/*/a.yaml"]).files == (str(repository / "team" / "a.yaml"),)


def test_a_name_with_signs_of_a_glob_in_it_is_a_name(repository: Path) -> None:
    write("a[1].yaml", "*.yaml", "[x]/a.yaml", "x/a.yaml")
    assert find(["a[1].yaml"]).files == ("a[1].yaml",)
    assert find(["*.yaml"]).files == ("*.yaml",)
    assert find(["[x]"]).files == ("[x]/a.yaml",)
    assert find(["[x]/*.yaml"]).files == ("[x]/a.yaml", "x/a.yaml")


def test_ignore_files_hold_for_scans_and_not_for_names(repository: Path) -> None:
    write("a.yaml", "build/b.yaml", "team/c.yaml", "team/keep/d.yaml", "secret.yaml")
    write(".gitignore", text="build/\nteam/*.yaml\n")
    write("team/.gitignore", text="!c.yaml\nkeep/\n")
    write(".git/info/exclude", text="secret.yaml\n")
    write(".amlignore", text="*\n")
    assert find(["."]).files == ("a.yaml", "team/c.yaml")
    assert find(["**/*.yaml"]).files == ("a.yaml", "team/c.yaml")
    assert find(["build", "secret.yaml"]).files == ("build/b.yaml", "secret.yaml")


def test_git_is_of_the_same_opinion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    subprocess.run(["git", "init", "-q", "."], check=True)
    ignore = (
        "*.tmp.yaml\n/only-here.yaml\nout/\n!out/kept.yaml\ndocs/**/x.yaml\nspaced name.yaml\n\\#a.yaml\n[ab]?.yaml\n"
    )
    write(".gitignore", text=ignore)
    write("sub/.gitignore", text="*\n!*.yaml\n!/deep\nno-?.yaml\n")
    write(".git/info/exclude", text="excluded.yaml\nno-1.yaml\n")
    folders = ("", "sub/", "sub/deep/", "out/", "docs/", "docs/a/b/", "sub/out/")
    names = ("a.yaml", "b.tmp.yaml", "only-here.yaml", "kept.yaml", "x.yaml", "#a.yaml", "a1.yaml", "b2.yml")
    files = [f"{folder}{name}" for folder in folders for name in (*names, "no-1.yaml", "excluded.yaml")]
    write(*files)
    ask = ["git", "check-ignore", "-z", "--stdin"]
    asked = subprocess.run(ask, input="\0".join(files).encode(), capture_output=True)
    ignored = set(asked.stdout.decode().split("\0"))
    assert 20 < len(ignored) < len(files)
    assert set(find(["."]).files) == set(files) - ignored


def test_of_a_worktree_the_repository_excludes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("main/.git/info/exclude", text="no.yaml\n")
    write("main/.git/worktrees/w/commondir", text="../..\n")
    write("w/.git", text=f"gitdir: {tmp_path}/main/.git/worktrees/w\n")
    write("w/a.yaml", "w/no.yaml")
    assert find(["w"]).files == ("w/a.yaml",)


def test_links_are_followed_inside_of_the_repository_and_never_in_circles(repository: Path, tmp_path: Path) -> None:
    write("shared/a.yaml", "team/b.yaml", str(tmp_path / "outside" / "c.yaml"), "team/real.yaml")
    Path("team/common").symlink_to("../shared")
    Path("team/up").symlink_to("..")
    Path("team/self").symlink_to(".")
    Path("team/out").symlink_to(tmp_path / "outside")
    Path("team/nowhere.yaml").symlink_to("nothing")
    Path("team/loop.yaml").symlink_to("loop.yaml")
    Path("team/alias.yaml").symlink_to("real.yaml")
    Path("team/far.yaml").symlink_to(tmp_path / "outside" / "c.yaml")  # one file, which loading judges
    assert find(["team"]).files == ("team/b.yaml", "team/common/a.yaml", "team/far.yaml", "team/real.yaml")
    assert find(["."]).files == ("shared/a.yaml", "team/b.yaml", "team/far.yaml", "team/real.yaml")
    assert find(["team/*/a.yaml"]).files == ("team/common/a.yaml",)


def test_other_repositories_are_passed_over_and_said(repository: Path) -> None:
    write("a.yaml", "vendor/x/.git", "vendor/x/specs/b.yaml", "vendor/y/.git/HEAD", "vendor/y/c.txt")
    found = find(["."])
    assert (found.files, codes_of(found)) == (("a.yaml",), [("vendor/x", "other-repository")])
    assert find(["vendor/x"]).files == ("vendor/x/specs/b.yaml",)


def test_a_folder_of_repositories_has_the_specs_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("x/.git/info/exclude", text="no.yaml\n")
    write("x/a.yaml", "x/no.yaml", "y/.git/HEAD", "y/no.yaml")
    assert find(["."]).files == ("x/a.yaml", "y/no.yaml")


@pytest.mark.parametrize("name", ["team", "t*/*.yaml", "nothing/*"])
def test_no_specs_is_an_error_that_says_what_was_looked_for(repository: Path, name: str) -> None:
    write("team/conda.yaml", "team/ci.yml", text="a: b\n")
    (mistake,) = find([name]).mistakes
    assert (mistake.code, mistake.location.file) == ("no-specs", name)
    assert "apiVersion: specrun/v1" in mistake.detail
    assert name == "nothing/*" or "YAML file" in mistake.detail


def test_what_cannot_be_looked_into_is_said(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.yaml", "closed/b.yaml")
    scan = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(finding.os, "scandir", refusing)
    found = find(["."])
    assert found.files == ("a.yaml",)
    assert [(one.code, one.severity.value) for one in found.mistakes] == [("unreadable", "warning")]


def test_a_scan_has_an_end(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(*(f"data/{number}.txt" for number in range(30)), "data/a.yaml", text="")
    with pytest.raises(TooMany):
        Scan(20).below(".")
    monkeypatch.setattr(finding, "opened", lambda _: pytest.fail("nothing is read before all was counted"))
    monkeypatch.setattr(named, "Scan", lambda: Scan(20))
    (mistake,) = find(["data"]).mistakes
    assert (mistake.code, mistake.location.file) == ("too-many-files", "data")
    assert "more than 20 " in mistake.detail
    assert "specs" in mistake.detail


def test_ignored_folders_are_not_counted(repository: Path) -> None:
    write(*(f"data/{number}.txt" for number in range(30)), text="")
    write("a.yaml")
    write(".gitignore", text="data/\n")
    assert list(Scan(20).below(".").specs.values()) == ["a.yaml"]


def test_without_a_file_the_nearest_job_in_the_repository(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(str(repository.parent / "job.yaml"), "deep/job.yaml/folder.txt", "deep/er/x.txt")
    monkeypatch.chdir("deep/er")
    assert own_spec() == ""  # not beyond the root
    write("../../job.yaml")
    assert own_spec() == "../../job.yaml"
    write("../../deep/er/job.yaml")
    assert own_spec() == "job.yaml"


def test_outside_of_a_repository_only_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    write("../job.yaml")
    assert own_spec() == ""
    write("job.yaml")
    assert own_spec() == "job.yaml"


def test_what_a_repository_lists(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("team/a.yaml", "jobs/b.yaml", "jobs/deep/c.yaml", "other/d.yaml", "single.yaml")
    write(".specrun.yaml", text="specs:\n- team\n- jobs/*.yaml\n- ./single.yaml\n")
    monkeypatch.chdir("other")
    found = listed(own_repository())
    assert found.files == ("../team/a.yaml", "../jobs/b.yaml", "../single.yaml")
    assert found.scanned == frozenset(found.files)


@pytest.mark.parametrize(
    ("text", "line", "column", "code"),
    [
        ("specs: team\n", 1, 8, "wrong-type"),
        ("specs: []\n", 1, 8, "out-of-range"),
        ("specs:\n", 1, 1, "wrong-type"),
        ("specs:\n- team\n- 3\n", 3, 3, "wrong-type"),
        ("specs: [/team]\n", 1, 9, "bad-value"),
        ("specs: [~/team]\n", 1, 9, "bad-value"),
        ("specs: [../team]\n", 1, 9, "bad-value"),
        ("specs: [team/../../x]\n", 1, 9, "bad-value"),
        ('specs: ["${{ env.TEAM }}"]\n', 1, 9, "bad-value"),
        ("specs: ['']\n", 1, 9, "bad-value"),
        ("specs: [team, nothing]\n", 1, 15, "no-specs"),
        ("specs:\n- team\n- nothing/*.yaml\n", 3, 3, "no-specs"),
        ("specs: [empty]\n", 1, 9, "no-specs"),
        ("specs: [link]\n", 1, 9, "no-specs"),
    ],
)
def test_mistakes_in_the_list_are_at_their_places(
    repository: Path, tmp_path: Path, text: str, line: int, column: int, code: str
) -> None:
    write("team/a.yaml", "empty/x.txt", str(tmp_path / "outside" / "b.yaml"))
    Path("link").symlink_to(tmp_path / "outside")
    write(".specrun.yaml", text=text)
    (mistake,) = listed(own_repository()).mistakes
    place = mistake.location
    assert (place.file, place.line, place.column, mistake.code) == (".specrun.yaml", line, column, code), mistake


def test_where_there_is_nothing_it_says_what_to_do(repository: Path) -> None:
    assert "`specrun init`" in nothing(own_repository()).detail
    write(*(f"jobs/{number}.yaml" for number in range(8)))
    said = nothing(own_repository()).detail
    assert "jobs/0.yaml" in said
    assert "and 3 more" in said


def test_scans_pass_bases_over(repository: Path) -> None:
    write("team/a.yaml", "bases/b.yaml")
    write("team/base.yaml", "bases/b.yaml", text=f"{SPEC}abstract: true\n")
    found = find(["team"])
    loaded = load(found.files, scanned=found.scanned)
    assert ([spec.name for spec in loaded.specs], loaded.abstract) == (["a"], ("team/base.yaml",))
    found = find(["bases"])
    (mistake,) = load(found.files, scanned=found.scanned).diagnostics
    assert (mistake.code, "bases, 1 of them" in mistake.detail) == ("no-specs", True)
    assert [one.code for one in load(["bases/b.yaml", "team/a.yaml"]).diagnostics] == ["not-a-spec"]
    assert check(["bases/b.yaml"]) == ()
