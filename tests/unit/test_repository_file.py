"""`.specrun.yaml`: read once, checked like a spec, never taken for one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from specrun.cli.main import run
from specrun.spec import source
from specrun.spec.diagnostics import Severity
from specrun.spec.load import check, load
from specrun.spec.loaded import Loaded
from specrun.spec.tree import read_tree

SPEC = "apiVersion: specrun/v1\nname: a\njob: {command: 'true'}\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    (root / "jobs").mkdir()
    for name in ("a", "b"):
        (root / "jobs" / f"{name}.yaml").write_text(SPEC)
    monkeypatch.chdir(root)
    return root


def codes_of(loaded: Loaded) -> list[tuple[str, int, int, str]]:
    return [
        (found.location.file, found.location.line, found.location.column, found.code) for found in loaded.diagnostics
    ]


@pytest.mark.parametrize(
    ("text", "line", "column", "code", "words"),
    [
        ("enw: [A]\n", 1, 1, "unknown-key", "looks like `env`|Did you mean `env`?"),
        ("apiVersion: specrun/v1\n", 1, 1, "unknown-key", "There is no `apiVersion` in `.specrun.yaml`"),
        ("environment: [A]\n", 1, 1, "unknown-key", "`.specrun.yaml`"),
        ("prices:\n", 1, 1, "wrong-type", "a mapping, text or a list"),
        ("rules: lock\n", 1, 8, "wrong-type", "a mapping"),
        ("rules:\n  lock: always\n", 2, 9, "not-allowed", "required"),
        ("rules: {lock: true}\n", 1, 15, "not-allowed", "required"),
        ("rules: {locks: required}\n", 1, 9, "unknown-key", "`lock`"),
        ("rules:\n", 1, 1, "wrong-type", "a mapping"),
        ("specs: jobs\n", 1, 8, "wrong-type", "`specs: [jobs]`"),
        ("specs: [/jobs]\n", 1, 9, "bad-value", "`jobs/**/*.yaml`"),
        ("env: A\n", 1, 6, "wrong-type", "`env: [A]`"),
        ("env:\n", 1, 1, "wrong-type", "a list"),
        ("env:\n- 1\n", 2, 3, "wrong-type", "takes text"),
        ("env: ['${{ env.A }}']\n", 1, 7, "bad-value", "`DATA_ROOT`"),
        ("env:\n- A\n- GITHUB_*\n", 3, 3, "bad-value", "the whole name"),
        ("env: [A]\nenv: [B]\n", 2, 1, "duplicate-key", "line 1"),
        ("- env\n", 1, 1, "not-a-mapping", "begin with `env:`"),
        ("default_targt: dev\n", 1, 1, "unknown-key", "looks like `default_target`"),
        ("default_target: [dev]\n", 1, 17, "wrong-type", "text"),
        ("default_target: ''\n", 1, 17, "bad-value", "`default_target: dev`"),
        ("repository: 7\n", 1, 13, "wrong-type", "in quotes"),
        ("repository:\n", 1, 1, "wrong-type", "text"),
        ("repository: my repo\n", 1, 13, "bad-value", "as in `github.com/org/training`"),
        ("repository: https://user:tok@github.com/org/repo\n", 1, 13, "bad-value", "letters, digits"),
        (f"repository: {'a' * 201}\n", 1, 13, "bad-value", "at most 200"),
        ("env: [A\n", 1, 6, "yaml-syntax", ""),
        ("env: [A]\n---\nenv: [B]\n", 2, 1, "several-documents", ""),
        ("env: *a\n", 1, 6, "unknown-anchor", ""),
        ("x" * (1 << 20) + "x", 1, 1, "too-large", ""),
    ],
)
def test_it_is_checked_like_a_spec_and_said_once(
    repository: Path, text: str, line: int, column: int, code: str, words: str
) -> None:
    (repository / ".specrun.yaml").write_text(text)
    loaded = load(["jobs/a.yaml", "jobs/b.yaml"])
    assert codes_of(loaded) == [(".specrun.yaml", line, column, code)]
    assert not loaded.specs
    assert any(one in loaded.diagnostics[0].detail for one in words.split("|"))
    assert check([".specrun.yaml"]) == loaded.diagnostics


def test_each_place_that_cannot_be_read_is_said(repository: Path, tmp_path: Path) -> None:
    file = repository / ".specrun.yaml"
    file.mkdir()
    assert codes_of(load(["jobs/a.yaml"])) == [(".specrun.yaml", 1, 1, "unreadable")]
    file.rmdir()
    os.mkfifo(file)
    assert codes_of(load(["jobs/a.yaml"])) == [(".specrun.yaml", 1, 1, "unreadable")]
    file.unlink()
    file.symlink_to("gone")
    assert codes_of(load(["jobs/a.yaml"])) == [(".specrun.yaml", 1, 1, "unreadable")]


def test_a_link_stays_in_the_repository(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").write_text("password: canary\n")
    (repository / ".specrun.yaml").symlink_to("../secrets.yaml")
    (found,) = load(["jobs/a.yaml"]).diagnostics
    assert (found.code, "canary" in f"{found}") == ("unreadable", False)
    (repository / ".specrun.yaml").unlink()
    (repository / "jobs/common.yaml").write_text("env: [A]\n")
    (repository / ".specrun.yaml").symlink_to("jobs/common.yaml")
    assert load(["jobs/a.yaml"]).ok


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing yet\n",
        "env: []\n",
        "env: [A, A, my-var]\n",
        "rules: {}\n",
        "rules: {lock: required}\n",
        "env:\n  - A  # why\n",
    ],
)
def test_what_it_may_hold_may_be_left_out(repository: Path, text: str) -> None:
    (repository / ".specrun.yaml").write_text(text)
    loaded = load(["jobs/a.yaml", "jobs/b.yaml"])
    assert (len(loaded.specs), loaded.diagnostics) == (2, ())


def test_it_is_read_once(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / ".specrun.yaml").write_text("env: [A]\n")
    read: list[str] = []
    real = source.read
    monkeypatch.setattr(source, "read", lambda file: (read.append(file), real(file))[1])
    assert load(["jobs/a.yaml", "jobs/b.yaml"]).ok
    assert read == ["jobs/a.yaml", ".specrun.yaml", "jobs/b.yaml"]


def test_the_innermost_repository_counts_and_without_one_the_folder(repository: Path, tmp_path: Path) -> None:
    (repository / ".specrun.yaml").write_text("wrong: 1\n")
    inner = repository / "vendored"
    (inner / ".git").mkdir(parents=True)
    (inner / "job.yaml").write_text(SPEC)
    assert load(["vendored/job.yaml"]).ok
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "job.yaml").write_text(SPEC)
    (outside / ".specrun.yaml").write_text("wrong: 1\n")
    (tmp_path / ".specrun.yaml").write_text("more: 1\n")
    (found,) = load(["../outside/job.yaml"]).diagnostics
    assert (found.code, found.location.file) == ("unknown-key", "../outside/.specrun.yaml")
    (found,) = load([str(outside / "job.yaml")]).diagnostics
    assert found.location.file == str(outside / ".specrun.yaml")


def test_outside_of_a_repository_one_in_the_current_folder_holds_for_specs_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says which specs a bare command means: its rules are not passed over in silence."""
    (tmp_path / "team" / "jobs").mkdir(parents=True)
    (tmp_path / "team" / "jobs" / "job.yaml").write_text(SPEC)
    (tmp_path / "team" / ".specrun.yaml").write_text("more: 1\n")
    monkeypatch.chdir(tmp_path / "team")
    assert codes_of(load(["jobs/job.yaml"])) == [(".specrun.yaml", 1, 1, "unknown-key")]
    (tmp_path / "team" / "jobs" / ".specrun.yaml").write_text("env: [A]\n")
    assert codes_of(load(["jobs/job.yaml"])) == []
    monkeypatch.chdir(tmp_path / "team" / "jobs")
    (tmp_path / "team" / "jobs" / ".specrun.yaml").unlink()
    assert codes_of(load(["job.yaml"])) == [], "a folder above where the command runs may be a stranger's"


def test_one_below_the_root_has_no_effect_and_says_so_once(repository: Path) -> None:
    (repository / "jobs" / ".specrun.yaml").write_text("enw: [A]\n")
    loaded = load(["jobs/a.yaml", "jobs/b.yaml"])
    assert codes_of(loaded) == [("jobs/.specrun.yaml", 1, 1, "no-effect")]
    assert (len(loaded.specs), loaded.ok) == (2, True)


def test_what_its_list_lacks_is_said_when_it_is_checked_itself(repository: Path) -> None:
    (repository / ".specrun.yaml").write_text("specs: [jobs, nothing]\n")
    assert [(found.code, found.location.column) for found in check([".specrun.yaml"])] == [("no-specs", 15)]
    assert check(["jobs/a.yaml"]) == ()


def test_it_is_no_spec(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / ".specrun.yaml").write_text("env: [A]\n")
    loaded = load([".specrun.yaml", "jobs/a.yaml"])
    assert [(found.code, found.severity) for found in loaded.diagnostics] == [("not-a-spec", Severity.ERROR)]
    assert run(["plan", ".specrun.yaml"]) == 65
    assert run(["validate", ".specrun.yaml"]) == 0
    assert run(["validate", "--engine", "local", ".specrun.yaml", "jobs/a.yaml"]) == 0
    assert run(["validate", "jobs/.specrun.yaml"]) == 65
    assert "no such file" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["validate", "plan", "apply", "graph", "export azureml", "destroy"])
def test_every_verb_that_reads_specs_ends_with_65(
    repository: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / ".specrun.yaml").write_text("enw: [A]\n")
    assert run([*verb.split(), "jobs/a.yaml"]) == 65
    said = capsys.readouterr()
    assert (said.out + said.err).count(".specrun.yaml:1:1: error[unknown-key]") == 1


def test_it_is_no_part_of_code(repository: Path) -> None:
    before = [file.path for file in read_tree(str(repository), frozenset()).files]
    (repository / ".specrun.yaml").write_text("env: [A]\n")
    assert [file.path for file in read_tree(str(repository), frozenset()).files] == before


def test_its_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "repository"]) == 0
    assert '"env"' in capsys.readouterr().out
