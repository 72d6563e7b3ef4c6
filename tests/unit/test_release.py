"""How specrun is released: the tag's version, the changelog's section, what is published, and by which workflow."""

from __future__ import annotations

import re
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from release import __main__ as command
from release import tagging
from release.changelog import released, section
from release.distributions import IN_BOTH, IN_SOURCE, SCHEMAS, Wrong, build, check_contents, check_use, version_of
from release.tagging import release
from release.version import version
from tests.unit.test_git_index import git

ROOT = Path(__file__).parents[2]
CHANGES = "### Added\n\n- A thing.\n\n### Changed\n\n- Another."
OLDER = "## [0.1.0] - 2026-01-02\n\n- The first.\n"
CHANGELOG = f"# Changelog\n\nWords.\n\n## [Unreleased]\n\nTo be 0.2.0.\n\n{CHANGES}\n\n{OLDER}"


def test_a_section_is_what_stands_below_its_heading() -> None:
    assert section(CHANGELOG, "0.1.0") == "- The first."
    assert section(CHANGELOG, "Unreleased") == f"To be 0.2.0.\n\n{CHANGES}"
    assert section(CHANGELOG, "0.1") is None
    assert section("## [0.1.0]\n\n## [0.0.1]\n\n- x\n", "0.1.0") is None


def test_what_is_unreleased_gets_a_heading() -> None:
    text = released(CHANGELOG, "0.2.0", "2026-11-30")
    assert text == f"# Changelog\n\nWords.\n\n## [Unreleased]\n\n## [0.2.0] - 2026-11-30\n\n{CHANGES}\n\n{OLDER}"
    assert section(text, "0.2.0") == CHANGES
    assert section(text, "Unreleased") is None
    assert released(text, "0.3.0", "2026-12-01") is None
    assert released("## [Unreleased]\n\nTo be 0.2.0.\n", "0.2.0", "2026-12-01") is None


def test_the_changelog_of_this_repository_can_be_released() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    changes = section(text, "Unreleased")
    after = released(text, "9.8.7", "2026-11-30")
    if changes is not None:
        assert after is not None
        assert (section(after, "9.8.7") or "").startswith("### ")
        assert len(after) > len(changes)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with a changelog, on main, of one commit."""
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "--initial-branch", "main")
    git(folder, "config", "user.name", "x")
    git(folder, "config", "user.email", "x")
    commit(folder, CHANGELOG)
    return folder


def commit(folder: Path, changelog: str) -> None:
    (folder / "CHANGELOG.md").write_text(changelog)
    git(folder, "add", "--all")
    git(folder, "commit", "--message", "x")


def test_the_version_is_that_of_the_tag(clone: Path) -> None:
    assert re.fullmatch(r"0\.dev1\+g[0-9a-f]{9}", version(clone))
    git(clone, "tag", "v0.1.0")
    git(clone, "tag", "v0-notes")  # not a version
    git(clone, "tag", "latest")
    assert version(clone) == "0.1.0"
    (clone / "CHANGELOG.md").write_text("other")
    assert re.fullmatch(r"0\.1\.1\.dev0\+g[0-9a-f]{9}\.dirty", version(clone))
    commit(clone, "other")
    assert re.fullmatch(r"0\.1\.1\.dev1\+g[0-9a-f]{9}", version(clone))
    git(clone, "tag", "--annotate", "--message", "x", "v0.2.0rc1")
    assert version(clone) == "0.2.0rc1"
    commit(clone, "another")
    assert version(clone).startswith("0.2.0rc2.dev1+g")


def test_a_source_distribution_knows_its_version_and_other_folders_none(clone: Path, tmp_path: Path) -> None:
    git(clone, "tag", "v0.1.0")
    inner = clone / "unpacked"
    inner.mkdir()
    assert version(inner) == version(tmp_path) == "0.dev0"
    (inner / "PKG-INFO").write_text("Metadata-Version: 2.4\nName: specrun\nVersion: 3.2.1\n\nVersion: no\n")
    assert version(inner) == "3.2.1"


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tags that something would have been built of."""
    tags: list[str] = []
    monkeypatch.setattr(tagging, "publishable", lambda _root, _folder, tag: tags.append(tag))
    return tags


def test_a_release_is_one_commit_and_its_tag(clone: Path, built: list[str]) -> None:
    assert release(clone, "0.2.0") == "git push --atomic origin main v0.2.0"
    assert built == ["v0.2.0"]
    assert version(clone) == "0.2.0"
    assert section((clone / "CHANGELOG.md").read_text(), "0.2.0") == CHANGES
    assert tagging._git(clone, "log", "-1", "--format=%s") == "Release 0.2.0"


def test_a_section_that_is_there_is_tagged_as_it_is(clone: Path, built: list[str]) -> None:
    before = tagging._git(clone, "rev-parse", "HEAD")
    release(clone, "0.1.0")
    assert tagging._git(clone, "rev-parse", "v0.1.0^{commit}") == before


def test_what_is_not_fit_loses_its_tag(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise Wrong("no README")

    monkeypatch.setattr(tagging, "publishable", refuse)
    with pytest.raises(Wrong, match="no README"):
        release(clone, "0.2.0")
    assert tagging._git(clone, "tag") == ""


def test_all_that_is_in_the_way_is_said_at_once_and_nothing_changed(clone: Path, built: list[str]) -> None:
    git(clone, "switch", "--create", "other")
    commit(clone, "# Changelog\n\n## [Unreleased]\n")
    (clone / "new").touch()
    git(clone, "tag", "v0.2.0")
    git(clone, "update-ref", "refs/remotes/origin/main", "main")
    commit_ahead = tagging._git(clone, "commit-tree", "-p", "main", "-m", "y", "main^{tree}")
    git(clone, "update-ref", "refs/remotes/origin/main", commit_ahead)
    with pytest.raises(Wrong) as refused:
        release(clone, "0.2.0")
    assert str(refused.value).splitlines() == [
        "there is a tag v0.2.0 already",
        "this is other, and releases are made of main",
        "something is not committed:",
        "?? new",
        "CHANGELOG.md says nothing below [Unreleased]",
        "origin/main has commits that are not here: git pull",
    ]
    with pytest.raises(Wrong, match=r"VERSION=1\.0 is none"):
        release(clone, "1.0")
    assert built == []


def test_a_tag_without_a_section_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["notes", "v99.0.0"]) == 1
    assert "CHANGELOG.md has no section for v99.0.0" in capsys.readouterr().err
    assert command.main(["notes", "latest"]) == 1


def workflow() -> dict[str, Any]:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    return {str(key): value for key, value in yaml.safe_load(text).items()}


def test_the_workflow_gives_each_job_what_it_needs_and_no_more() -> None:
    found = workflow()
    assert found["True"] == {"push": {"tags": ["v*"]}}
    assert found["permissions"] == {}
    jobs = found["jobs"]
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "build": {"contents": "read"},
        "publish": {"id-token": "write"},
        "announce": {"contents": "write"},
    }
    assert jobs["publish"]["environment"] == "pypi"
    assert (jobs["publish"]["needs"], jobs["announce"]["needs"]) == ("build", "publish")
    steps = [step for job in jobs.values() for step in job["steps"]]
    actions = [step["uses"] for step in steps if "uses" in step]
    assert all(re.fullmatch(r"[\w/.-]+@[0-9a-f]{40}", action) for action in actions)
    assert not any("uses" not in step for step in jobs["publish"]["steps"]), "what publishes runs nothing of ours"
    assert not any("${{" in step.get("run", "") for step in steps), "a tag's name is no part of a script"
    fetched = {step["with"].get("name") for step in steps if "upload" in step.get("uses", "")}
    assert fetched == {"dist", "notes"}
    runs = "\n".join(step["run"] for step in jobs["build"]["steps"] if "run" in step)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in (word for line in re.findall(r"^make (.*)$", runs, re.M) for word in line.split() if word.islower()):
        if re.fullmatch(r"[a-z-]+", target) and not target.startswith("-"):
            assert re.search(rf"^{target}:", makefile, re.M), target
    assert runs.index("release notes") < runs.index("make dist")


FOLDERS = ("specrun", "schemas", "specs", "docs", "release")
FILES = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".gitignore")


@pytest.mark.slow
def test_what_is_built_has_what_it_needs_and_runs(tmp_path: Path) -> None:
    """The wheel is built of the source distribution, which is outside of git, and used in place of what is here."""
    clone = tmp_path / "clone"
    clone.mkdir()
    for name in FOLDERS:
        shutil.copytree(
            ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__", "_version.py", ".specrun")
        )
    for name in FILES:
        shutil.copy(ROOT / name, clone)
    git(clone, "init", "--initial-branch", "main")
    git(clone, "add", "--all")
    git(clone, "commit", "--message", "x")
    git(clone, "tag", "v4.5.6")
    for stray in ("tests/test_x.py", "logs/x.log", "specrun/__pycache__/x.pyc", "specs/.specrun/x", ".env", "dist/x"):
        (clone / stray).parent.mkdir(exist_ok=True)
        (clone / stray).touch()
    source, wheel = build(clone, tmp_path / "dist")
    assert (source.name, version_of(wheel)) == ("specrun-4.5.6.tar.gz", "4.5.6")
    check_contents(source, wheel)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    check_use(
        [sys.executable, "-m", "specrun"],
        "4.5.6",
        tmp_path / "use",
        ["init", "plan"],
        PYTHONPATH=str(tmp_path / "site"),
    )
    metadata = (tmp_path / "site" / "specrun-4.5.6.dist-info" / "METADATA").read_text(encoding="utf-8")
    assert metadata.startswith("Metadata-Version: 2.4\n")


def test_what_is_missing_and_what_is_nobodys_business_is_told(tmp_path: Path) -> None:
    source, wheel = tmp_path / "specrun-1.0.0.tar.gz", tmp_path / "specrun-1.0.0-py3-none-any.whl"
    with tarfile.open(source, "w:gz") as archive:
        for name in (*IN_BOTH, *IN_SOURCE, *(f"schemas/{one}" for one in SCHEMAS[1:]), "specs/.env", "tests/x.py"):
            archive.addfile(tarfile.TarInfo(f"specrun-1.0.0/{name}"))
    with zipfile.ZipFile(wheel, "w") as zipped:
        for name in (*IN_BOTH[1:], *(f"specrun/schemas/{one}" for one in SCHEMAS), "specrun/__pycache__/x.pyc"):
            zipped.writestr(name, "")
        zipped.writestr("specrun-1.0.0.dist-info/METADATA", "")
    with pytest.raises(Wrong) as refused:
        check_contents(source, wheel)
    assert str(refused.value).splitlines() == [
        f"{source.name} lacks schemas/specrun.v1.schema.json",
        f"{wheel.name} lacks specrun/_version.py",
        f"{source.name} has specs/.env",
        f"{source.name} has tests/x.py",
        f"{wheel.name} has specrun/__pycache__/x.pyc",
    ]
