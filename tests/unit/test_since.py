"""Which specs changed since a commit, and why, in real repositories."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from specrun.plan.since.base import all_since
from specrun.plan.since.changes import changes_since
from specrun.plan.since.paths import PathChanges
from specrun.plan.since.reasons import Since
from specrun.plan.since.specs import Changed, changed_specs, usual_targets
from specrun.spec import source
from tests.unit.test_git_changes import commit, run, write

SPEC = """\
apiVersion: specrun/v1
name: {name}
job:
  code: {code}
  command: python train.py
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    run(root, "init", "-q", "-b", "main", ".")
    monkeypatch.chdir(root)
    commit(
        root,
        **{".gitignore": "/big/\n*.log\n", "src/train.py": "1", "lib/lib.py": "1", "data/one.csv": "1"},
        **{f"jobs/{name}.yaml": SPEC.format(name=name, code=code) for name, code in (("a", "../src"), ("b", "../lib"))},
    )
    return root


class Parsed:
    """Reads specs without layers, and counts them."""

    def __init__(self) -> None:
        self.files: list[str] = []

    def __call__(self, file: str) -> Iterator[Mapping[str, Any]]:
        self.files.append(file)
        document, _ = source.read(file)
        if document is not None:
            yield document.values


def changed(root: Path, *, parsed: Parsed | None = None, undecided: bool = False) -> Changed:
    repositories = [changes_since(str(root), "HEAD")]
    since = Since(PathChanges(repositories), parsed or Parsed())
    files = sorted(os.path.relpath(path) for path in root.rglob("*.yaml") if "specrun/" in path.read_text())
    return changed_specs(files, since, repositories, lambda path: path.startswith(f"{root}/"), undecided=undecided)


def reasons(root: Path, **options: Any) -> dict[str, dict[str, list[str]]]:
    """By the spec's name and what is different: where."""
    return {
        Path(file).stem: {
            reason.what: [f"{os.path.relpath(change.path, root)} {change.how}" for change in reason.changes]
            for reason in why
        }
        for file, why in changed(root, **options).specs.items()
    }


def test_nothing_is_taken_where_nothing_changed(repository: Path) -> None:
    parsed = Parsed()
    os.utime(repository / "src/train.py", (1, 1))
    assert reasons(repository, parsed=parsed) == {}
    assert parsed.files == []


def test_code_that_changed_takes_those_that_have_it(repository: Path) -> None:
    write(repository, "src/train.py", "2")
    write(repository, "src/new.py", "2")
    (repository / "lib/lib.py").unlink()
    (repository / "jobs/c.yaml").write_text(SPEC.format(name="c", code="./../src/"))
    assert reasons(repository) == {
        "a": {"code": ["src/new.py new", "src/train.py changed"]},
        "b": {"code": ["lib/lib.py deleted"]},
        "c": {"text": ["jobs/c.yaml new"], "code": ["src/new.py new", "src/train.py changed"]},
    }


def test_a_mode_is_a_change_of_code_and_none_of_text(repository: Path) -> None:
    (repository / "src/train.py").chmod(0o755)
    (repository / "jobs/b.yaml").chmod(0o755)
    assert reasons(repository) == {"a": {"code": ["src/train.py mode"]}}


def test_a_spec_is_no_code(repository: Path) -> None:
    write(repository, "jobs/here.yaml", SPEC.format(name="here", code="."))
    commit(repository)
    write(repository, "jobs/a.yaml", SPEC.format(name="a", code="../src") + "# more\n")
    (repository / "jobs/b.yaml").unlink()
    write(repository, "jobs/__pycache__/x", "1")
    found = changed(repository)
    assert list(found.specs) == ["jobs/a.yaml"]
    assert found.deleted == (f"{repository}/jobs/b.yaml",)
    write(repository, "jobs/other.yaml", "a: 1")
    assert reasons(repository)["here"] == {"code": ["jobs/other.yaml new"]}


def test_what_ignore_files_leave_out_is_no_code(repository: Path) -> None:
    write(repository, "src/.amlignore", "*.txt\n!x.log\n")
    commit(repository)
    write(repository, "src/notes.txt", "1")
    (repository / "src/venv").mkdir()
    write(repository, "src/venv/pyvenv.cfg", "1")
    assert reasons(repository) == {}


def test_an_ignore_file_counts_in_the_code_and_where_it_makes_another_listing(repository: Path) -> None:
    write(repository, "src/notes.txt", "1")
    commit(repository)
    write(repository, ".gitignore", "/big/\n*.log\n*.tmp\n")
    assert reasons(repository) == {}  # there is none
    write(repository, ".gitignore", "/big/\n*.log\n*.txt\n")
    assert reasons(repository) == {"a": {"code": [".gitignore changed"]}}
    write(repository, ".gitignore", "/big/\n*.log\n")
    write(repository, "src/x.log", "1")
    write(repository, "lib/.amlignore", "nothing\n")
    assert reasons(repository) == {"b": {"code": ["lib/.amlignore new"]}}
    write(repository, ".gitignore", "/big/\n")  # now it is code, which git sees, too
    assert reasons(repository)["a"] == {"code": [".gitignore changed", "src/x.log new"]}


def test_data_inputs_and_environments(repository: Path) -> None:
    write(repository, "env/conda.yaml", "dependencies: [{pip: [-r more.txt]}]\n")
    write(repository, "env/more.txt", "numpy\n-c pins.txt\n")
    write(repository, "env/pins.txt", "numpy<2\n")
    write(repository, "image/Dockerfile", "FROM x\n")
    head = "apiVersion: specrun/v1\nname: x\n"
    for name, text in {
        "data": "data: {d: {path: ../data}}\n",
        "input": "job:\n  inputs:\n    d:\n      path: ../data/one.csv\n      type: uri_file\n",
        "conda": "job: {environment: {conda_file: ../env/conda.yaml}}\n",
        "pip": "job:\n  environment:\n    pip:\n      - -r ../env/more.txt\n",
        "build": "job:\n  environment:\n    build: {path: ../image}\n",
        "workspace": "workspace:\n  from_config: ../data/one.csv\n",
        "cloud": "data:\n  d:\n    path: azureml://datastores/x/paths/data\n",
    }.items():
        write(repository, f"jobs/{name}.yaml", head + text)
    commit(repository)
    write(repository, "env/pins.txt", "numpy<3\n")
    write(repository, "data/one.csv", "2")
    write(repository, "image/more", "1")
    (repository / "image/Dockerfile").chmod(0o755)
    assert reasons(repository) == {
        "data": {"data": ["data/one.csv changed"]},
        "input": {"input": ["data/one.csv changed"]},
        "conda": {"environment": ["env/pins.txt changed"]},
        "pip": {"environment": ["env/pins.txt changed"]},
        "build": {"environment": ["image/more new"]},
        "workspace": {"workspace": ["data/one.csv changed"]},
    }


def test_data_in_the_code_is_none_of_it(repository: Path) -> None:
    write(repository, "src/data/x.csv", "1")
    spec = SPEC.format(name="d", code="../src") + "data:\n  d:\n    path: ../src/data\n"
    write(repository, "jobs/a.yaml", spec)
    commit(repository)
    write(repository, "src/data/x.csv", "2")
    assert reasons(repository) == {"a": {"data": ["src/data/x.csv changed"]}}


@pytest.mark.parametrize(
    "extends",
    [
        "extends: ../bases/one.yaml # the one",
        "extends: [../bases/one.yaml]",
        "extends:\n  - '../bases/one.yaml'",
        "extends:\n- ../bases/one.yaml",
        '"extends": "../bases/one.yaml"',
        "extends: !!str ../bases/one.yaml",
        '"e\\x78tends": "../bases/one.yaml"',
    ],
)
def test_bases_count_also_those_of_bases(repository: Path, extends: str) -> None:
    write(repository, "bases/one.yaml", "abstract: true\napiVersion: specrun/v1\nextends: deep/two.yaml\n")
    write(repository, "bases/deep/two.yaml", "job: {command: x}\n")
    write(repository, "jobs/a.yaml", f"apiVersion: specrun/v1\nname: a\n{extends}\n")
    commit(repository)
    write(repository, "bases/deep/two.yaml", "job: {command: y}\n")
    assert reasons(repository)["a"] == {"base": ["bases/deep/two.yaml changed"]}
    (repository / "bases/deep/two.yaml").unlink()
    assert reasons(repository)["a"] == {"base": ["bases/deep/two.yaml deleted"]}


def test_bases_that_loop_end(repository: Path) -> None:
    write(repository, "jobs/a.yaml", SPEC.format(name="a", code="../src") + "extends: b.yaml\n")
    write(repository, "jobs/b.yaml", SPEC.format(name="b", code="../src") + "extends: a.yaml\n")
    commit(repository)
    write(repository, "jobs/b.yaml", SPEC.format(name="b", code="../src") + "extends: a.yaml # so\n")
    assert reasons(repository) == {"a": {"base": ["jobs/b.yaml changed"]}, "b": {"text": ["jobs/b.yaml changed"]}}


def test_a_renamed_spec_has_another_place(repository: Path) -> None:
    run(repository, "mv", "jobs/a.yaml", "jobs/z.yaml")
    (repository / "jobs/b.yaml").rename(repository / "b.yaml")
    write(repository, "b.yaml", SPEC.format(name="b", code="lib"))
    found = changed(repository)
    assert found.deleted == ()
    assert {file: why[0].changes[0].path for file, why in found.specs.items()} == {
        "jobs/z.yaml": f"{repository}/jobs/a.yaml",
        "b.yaml": f"{repository}/jobs/b.yaml",
    }
    assert {reason.what for why in found.specs.values() for reason in why} == {"place"}


def test_what_git_does_not_track_is_named_and_counts_as_unchanged(repository: Path, tmp_path: Path) -> None:
    write(repository, "big/x.csv", "1")
    outside = tmp_path / "outside"
    outside.mkdir()
    for name, path in (("a", "../big"), ("b", "../big/x.csv"), ("c", str(outside)), ("d", "../data"), ("e", "../no")):
        write(repository, f"jobs/{name}.yaml", f"apiVersion: specrun/v1\nname: {name}\ndata:\n  d:\n    path: {path}\n")
    commit(repository)
    write(repository, "big/x.csv", "2")
    write(repository, "data/x.log", "2")
    found = changed(repository)
    assert found.specs == {}
    untracked = {f"{repository}/{name}": 1 for name in ("big", "big/x.csv", "data/x.log", "no")}
    assert found.untracked == {**untracked, str(outside): 1}
    taken = changed(repository, undecided=True)
    assert [Path(file).stem for file in taken.specs] == ["a", "b", "c", "d", "e"]


def test_code_that_git_ignores_and_a_job_has_is_not_tracked(repository: Path) -> None:
    write(repository, "src/.amlignore", "*.txt\n")
    commit(repository)
    write(repository, "src/made.log", "1")  # .gitignore does not hold where there is an .amlignore
    run(repository, "config", "core.excludesFile", str(repository / ".git/excluded"))
    write(repository, ".git/excluded", ".idea/\n")
    write(repository, "lib/.idea/x", "1")
    write(repository, "lib/x.log", "1")
    assert set(changed(repository).untracked) == {f"{repository}/lib/.idea"}


def test_links_lead_to_what_changed(repository: Path) -> None:
    write(repository, "releases/1/x.py", "1")
    write(repository, "releases/2/x.py", "2")
    (repository / "current").symlink_to("releases/1")
    (repository / "data/more").symlink_to("../releases/1")
    (repository / "jobs/link.yaml").symlink_to("../templates/t.yaml")
    write(repository, "templates/t.yaml", "apiVersion: specrun/v1\nname: t\njob:\n  code: ../current\n")
    write(repository, "jobs/b.yaml", "apiVersion: specrun/v1\nname: b\ndata:\n  d:\n    path: ../data\n")
    write(repository, "jobs/a.yaml", SPEC.format(name="a", code="../current"))
    commit(repository)
    write(repository, "releases/1/x.py", "1.1")
    changed_there = ["releases/1/x.py changed"]
    expected = {"a": {"code": changed_there}, "b": {"data": changed_there}, "link": {"code": changed_there}}
    assert reasons(repository) == {**expected, "t": {"code": changed_there}}
    write(repository, "releases/1/x.py", "1")
    (repository / "current").unlink()
    (repository / "current").symlink_to("releases/2")
    assert reasons(repository)["a"] == {"code": ["current changed"]}
    assert "b" not in reasons(repository)


def test_code_in_a_submodule(repository: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    run(library, "init", "-q", "-b", "main", ".")
    commit(library, **{"code/x.py": "1", "other/y.py": "1"})
    run(repository, "submodule", "--quiet", "add", str(library), "lib2")
    write(repository, "jobs/a.yaml", SPEC.format(name="a", code="../lib2/code"))
    commit(repository)
    write(repository, "lib2/other/y.py", "2")
    assert reasons(repository) == {}
    write(repository, "lib2/code/x.py", "2")
    assert reasons(repository) == {"a": {"code": ["lib2/code/x.py changed"]}}


@pytest.mark.parametrize(
    "code",
    [
        "code: ../src",
        "code:   ../src   # ours",
        "code: '../src'",
        'code: "../src"',
        '"code": ../src',
        "code: &c ../src",
        "code: ${{ vars.src }}",
        "code: >-\n    ../src",
        '"c\\x6fde": ../src',
        "? code\n  : ../src",
    ],
)
def test_paths_are_found_however_they_are_written(repository: Path, code: str) -> None:
    write(repository, "jobs/a.yaml", f"apiVersion: specrun/v1\nname: a\nvars: {{src: ../src}}\njob:\n  {code}\n")
    commit(repository)
    write(repository, "src/train.py", "2")
    parsed = Parsed()
    changed(repository, parsed=parsed)
    assert parsed.files == ["jobs/a.yaml"]


@pytest.mark.parametrize("job", ["{code: ../src, command: x}", '{"code":"../src"}', "{command: x, code: ../src}"])
def test_paths_are_found_in_braces(repository: Path, job: str) -> None:
    write(repository, "jobs/a.yaml", f"apiVersion: specrun/v1\nname: a\njob: {job}\n")
    commit(repository)
    write(repository, "src/train.py", "2")
    assert reasons(repository) == {"a": {"code": ["src/train.py changed"]}}


def test_another_usual_target_takes_those_that_have_targets(repository: Path) -> None:
    write(repository, "jobs/a.yaml", SPEC.format(name="a", code="../src") + "targets: {dev: {}, prod: {}}\n")
    write(repository, ".specrun.yaml", "default_target: dev\n")
    commit(repository)
    write(repository, ".specrun.yaml", "# the same\ndefault_target: dev\n")
    assert list(usual_targets([changes_since(str(repository), "HEAD")])) == []
    write(repository, ".specrun.yaml", "default_target: prod\n")
    repositories = [changes_since(str(repository), "HEAD")]
    since = Since(PathChanges(repositories), Parsed(), usual_targets=list(usual_targets(repositories)))
    assert [reason.what for reason in since.of("jobs/a.yaml").reasons] == ["target"]
    assert not since.of("jobs/b.yaml").reasons


def test_specs_of_several_repositories_and_of_submodules(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    run(other, "init", "-q", "-b", "main", ".")
    commit(other, **{"jobs/o.yaml": SPEC.format(name="o", code="..")})
    run(repository, "submodule", "--quiet", "add", str(other), "inner")
    commit(repository)
    first = run(repository, "rev-parse", "HEAD")
    commit(repository / "inner", **{"jobs/o.yaml": SPEC.format(name="o", code="..") + "# more\n"})
    run(repository, "commit", "-qam", "more")

    inner = str(repository / "inner")
    both = all_since([str(repository), inner], first)  # a commit that the submodule has not
    assert [one.root for one in both] == [str(repository)]
    assert all_since([inner], first, str(repository))[0].root == str(repository)
    assert [one.root for one in all_since([inner], "HEAD")] == [inner]
    run(tmp_path, "init", "-q", ".")  # a repository around them, which has nothing to do with them
    two = {str(other), str(repository)}
    assert {one.root for one in all_since(two, "HEAD", str(tmp_path))} == two
    assert Since(PathChanges(both), Parsed()).of("inner/jobs/o.yaml").reasons[0].what == "text"
