"""What is different from a commit, as git's content says, in repositories of every kind."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from specrun.plan.git import GitError
from specrun.plan.since.base import UnknownRef, merge_base
from specrun.plan.since.changes import changes_since

AS_SOMEBODY = {
    "GIT_AUTHOR_NAME": "Somebody",
    "GIT_AUTHOR_EMAIL": "somebody@example.org",
    "GIT_COMMITTER_NAME": "Somebody",
    "GIT_COMMITTER_EMAIL": "somebody@example.org",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "protocol.file.allow",  # of submodules
    "GIT_CONFIG_VALUE_0": "always",
}


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, env={**os.environ, **AS_SOMEBODY}
    )
    return done.stdout.decode().strip()


def commit(folder: Path, **files: str | bytes) -> str:
    """Write files, `__` for `/` in names without one, and commit everything; the commit."""
    for name, content in files.items():
        write(folder, name, content)
    run(folder, "add", "--all")
    run(folder, "commit", "-qm", "one more")
    return run(folder, "rev-parse", "HEAD")


def write(folder: Path, name: str, content: str | bytes) -> Path:
    file = folder / (name if "/" in name else name.replace("__", "/"))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    run(root, "init", "-q", "-b", "main", ".")
    commit(root, a="a\n", src__train="train\n", data__one="1\n", **{".gitignore": "*.log\n/cache/\n"})
    return root


def changed(root: Path, base: str = "HEAD") -> dict[str, str]:
    found = changes_since(str(root), merge_base(str(root), base))
    assert all(Path(change.path).is_relative_to(root) for change in found.found)
    return {os.path.relpath(change.path, root) + "/" * change.whole: change.how for change in found.found}


def test_nothing_is_different_in_a_moved_checkout_or_after_a_touch(repository: Path, tmp_path: Path) -> None:
    os.utime(repository / "a", (1, 1))
    assert changed(repository) == {}
    moved = tmp_path / "moved"
    subprocess.run(["cp", "-r", str(repository), str(moved)], check=True)
    assert changed(moved) == {}


def test_commits_and_what_is_not_committed_count_once(repository: Path) -> None:
    base = run(repository, "rev-parse", "HEAD")
    commit(repository, src__train="trained\n", src__new="new\n")
    write(repository, "data__one", "2\n")
    write(repository, "data__two", "2\n")
    write(repository, "x.log", "ignored")
    write(repository, "cache__x", "ignored")
    write(repository, "staged", "staged")
    run(repository, "add", "staged")
    (repository / "a").unlink()
    found = {"src/train": "changed", "src/new": "new", "data/one": "changed", "data/two": "new", "staged": "new"}
    assert changed(repository, base) == {**found, "a": "deleted"}

    # Changed back, committed or not, it is as before.
    write(repository, "src__train", "train\n")
    write(repository, "a", "a\n")
    run(repository, "rm", "-q", "--cached", "a", "data/one")
    del found["src/train"]
    assert changed(repository, base) == found


def test_ignored_files_are_listed_and_links_are(repository: Path) -> None:
    write(repository, "src__x.log", "ignored")
    write(repository, "cache__deep__x", "ignored")
    (repository / "src/__pycache__").mkdir()
    (repository / "src/__pycache__/x.log").touch()
    (repository / "link").symlink_to("src")
    run(repository, "add", "link")
    found = changes_since(str(repository), "HEAD")
    assert [os.path.relpath(path, repository) for path in found.ignored] == ["cache", "src/x.log"]
    assert list(found.links) == [f"{repository}/link"]
    assert [change.path for change in found.at(f"{repository}/link/train")] == [f"{repository}/link"]


def test_the_executable_bit_counts_where_git_has_it(repository: Path) -> None:
    (repository / "src/train").chmod(0o755)
    assert changed(repository) == {"src/train": "mode"}
    run(repository, "config", "core.fileMode", "false")
    assert changed(repository) == {}


@pytest.mark.parametrize("attributes", ["* text=auto\n", "* text eol=crlf\n"])
def test_other_ends_of_lines_are_no_change(repository: Path, attributes: str) -> None:
    commit(repository, **{".gitattributes": attributes, 'odd"\n\\name\r': "a\nb\n"})
    write(repository, 'odd"\n\\name\r', "a\r\nb\r\n")
    assert changed(repository) == {}
    write(repository, 'odd"\n\\name\r', "a\r\nc\r\n")
    assert changed(repository) == {'odd"\n\\name\r': "changed"}


def test_an_encoding_of_the_working_tree_is_no_change(repository: Path) -> None:
    commit(repository, **{".gitattributes": "table working-tree-encoding=UTF-16\n", "table": "a\n".encode("utf-16")})
    os.utime(repository / "table", (1, 1))
    assert changed(repository) == {}


def test_a_pointer_is_what_it_points_to(repository: Path) -> None:
    import hashlib

    digest = hashlib.sha256(b"weights").hexdigest()
    commit(
        repository,
        model=f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 7\n",
        annexed=f"/annex/objects/SHA256E-s7--{digest}.bin\n",
    )
    write(repository, "model", "weights")
    write(repository, "annexed", "weights")
    assert changed(repository) == {}
    write(repository, "model", "heavier")
    assert changed(repository) == {"model": "changed"}


def test_links_and_types(repository: Path) -> None:
    (repository / "link").symlink_to("a")
    commit(repository)
    (repository / "link").unlink()
    (repository / "link").symlink_to("src")
    (repository / "a").unlink()
    (repository / "a").symlink_to("src")
    assert changed(repository) == {"link": "changed", "a": "changed"}


def test_a_worktree_has_changes_of_its_own(repository: Path, tmp_path: Path) -> None:
    run(repository, "worktree", "add", "-q", "-b", "other", str(tmp_path / "tree"))
    write(repository, "a", "b\n")
    commit(tmp_path / "tree", src__train="trained\n")
    assert changed(tmp_path / "tree", "main") == {"src/train": "changed"}


def test_it_is_the_commit_where_both_went_apart(repository: Path) -> None:
    run(repository, "switch", "-qc", "topic")
    commit(repository, src__train="trained\n")
    run(repository, "switch", "-q", "main")
    commit(repository, a="b\n")
    run(repository, "switch", "-q", "topic")
    assert changed(repository, "main") == {"src/train": "changed"}


def test_a_submodule_is_looked_into(repository: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    run(library, "init", "-q", "-b", "main", ".")
    commit(library, lib__one="1\n")
    run(repository, "submodule", "--quiet", "add", str(library), "lib")
    assert changed(repository) == {"lib/": "new", ".gitmodules": "new"}
    base = commit(repository)
    assert changed(repository) == {}

    write(repository, "lib__lib__one", "2\n")
    write(repository, "lib__lib__two", "2\n")
    assert changed(repository, base) == {"lib/lib/one": "changed", "lib/lib/two": "new"}
    commit(repository / "lib")
    commit(repository)
    assert changed(repository, base) == {"lib/lib/one": "changed", "lib/lib/two": "new"}
    commit(repository / "lib", lib__one="1\n")  # back again, by another commit
    assert changed(repository, base) == {"lib/lib/two": "new"}

    run(repository, "submodule", "--quiet", "deinit", "--force", "lib")
    assert changed(repository, "HEAD") == {}
    assert changed(repository, base) == {"lib/": "changed"}
    run(repository, "rm", "-q", "lib")
    assert changed(repository, base) == {"lib/": "deleted", ".gitmodules": "changed"}


def test_a_repository_within_is_not_looked_into(repository: Path) -> None:
    (repository / "within").mkdir()
    run(repository / "within", "init", "-q", ".")
    commit(repository / "within", a="a")
    assert changed(repository) == {"within/": "new"}


def test_what_a_sparse_checkout_leaves_out_is_as_it_was(repository: Path) -> None:
    base = run(repository, "rev-parse", "HEAD")
    commit(repository, data__one="2\n")
    run(repository, "sparse-checkout", "set", "--no-cone", "/src/")
    assert changed(repository) == {}
    assert changed(repository, base) == {"data/one": "changed"}


def test_a_shallow_clone_says_what_it_lacks(repository: Path, tmp_path: Path) -> None:
    first = run(repository, "rev-parse", "HEAD")
    commit(repository, a="b\n")
    run(repository, "switch", "-qc", "topic")
    commit(repository, a="c\n")
    run(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", f"file://{repository}", "shallow")
    shallow = tmp_path / "shallow"
    with pytest.raises(GitError, match="fetch-depth: 0"):
        merge_base(str(shallow), "origin/main")
    with pytest.raises(UnknownRef, match="fetch-depth: 0"):
        merge_base(str(shallow), first)
    assert changed(shallow) == {}


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("mian", "Did you mean `main`"),
        ("nothing-like-it", "fetch it"),
        ("-h", "an option"),
        ("", "is the variable set"),
        ("main..HEAD", "are two"),
        ("main...HEAD", "are two"),
        ("0" * 40, "a branch that is new"),
        ("1" * 40, "is no commit"),
        ("HEAD:a", "is no commit"),
        ("a\0", "NUL"),
    ],
)
def test_a_ref_that_is_none(repository: Path, ref: str, said: str) -> None:
    with pytest.raises(UnknownRef, match=said):
        merge_base(str(repository), ref)


def test_what_has_nothing_in_common(repository: Path, tmp_path: Path) -> None:
    run(repository, "switch", "-q", "--orphan", "other")
    with pytest.raises(GitError, match="nothing is committed yet"):
        merge_base(str(repository), "main")
    commit(repository, b="b")
    with pytest.raises(GitError, match="no commit in common"):
        merge_base(str(repository), "main")
    with pytest.raises(GitError, match="not a git repository"):
        merge_base(str(tmp_path), "main")
