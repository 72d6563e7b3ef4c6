"""The commit that changes are counted from: where this branch, and what somebody named, went apart."""

from __future__ import annotations

import os
from collections.abc import Collection

from specrun.plan.git import GitError, git
from specrun.plan.since.changes import Changes, changes_since
from specrun.spec.boundary import is_below
from specrun.spec.nearest import nearest

DEEPEN = "`git fetch --unshallow`, or `fetch-depth: 0` where actions/checkout, or `GIT_DEPTH: 0` where GitLab, gets it"


class UnknownRef(GitError):
    """What was named is no commit of the repository."""


def all_since(repositories: Collection[str], ref: str, here: str | None = None) -> list[Changes]:
    """The changes of repositories since `ref`, with their submodules. Raises UnknownRef, and GitError.

    A submodule is compared with what its own repository has recorded of it, if that is one of them, or is the one that
    is `here`. Of repositories in one another the inner ones come first.
    """
    roots = set(repositories)
    if here and any(_is_within(root, here) for root in repositories):
        roots.add(here)
    found: list[Changes] = []
    for root in sorted(roots, key=len):
        if not any(root in changes.indexes for changes in found):
            found.insert(0, changes_since(root, merge_base(root, ref)))
    return found


def _is_within(root: str, other: str) -> bool:
    """Whether a repository is a submodule of another one, or of one of its submodules."""
    while root and root != other and is_below(root, other):
        root = os.path.realpath(os.fsdecode(git(root, "rev-parse", "--show-superproject-working-tree")).strip() or "/")
    return root == other


def merge_base(repository: str, ref: str) -> str:
    """The commit (its full name) where HEAD and `ref` went apart. Raises UnknownRef, and GitError."""
    commit = commit_of(repository, ref)
    try:
        head = git(repository, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").decode().strip()
    except GitError as error:
        if error.code != 1:
            raise
        raise GitError(f"nothing is committed yet in {repository}: there is nothing to compare with") from None
    try:
        return git(repository, "merge-base", head, commit).decode().split()[0]
    except GitError as error:
        if error.code != 1:
            raise
    if _is_shallow(repository):
        raise GitError(f"where HEAD and {ref} went apart is not in this clone, which is a shallow one: {DEEPEN}")
    raise GitError(f"HEAD and {ref} have no commit in common")


def commit_of(repository: str, ref: str) -> str:
    """The commit (its full name) that `ref` means. Raises UnknownRef, and GitError."""
    if not ref.strip() or "\0" in ref:
        raise UnknownRef("it is empty: is the variable set that it comes from?" if not ref.strip() else "it has a NUL")
    if ref.startswith("-"):
        raise UnknownRef(f"`{ref}` is an option, and no commit: a name of git's never begins with `-`")
    if ".." in ref:
        raise UnknownRef(f"`{ref}` are two: name the one that your branch is compared with, as in `origin/main`")
    try:
        return git(repository, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").decode().strip()
    except GitError as error:
        if error.code != 1:
            raise
    raise UnknownRef(f"`{ref}` is no commit of {repository}.{_hint(repository, ref)}")


def _hint(repository: str, ref: str) -> str:
    if set(ref) == {"0"}:
        return " So says a service of a branch that is new: name the branch that it began at, as in `origin/main`."
    names = git(repository, "for-each-ref", "--format=%(refname:short)").decode(errors="replace").split()
    elsewhere = next((name for name in names if name.endswith(f"/{ref}")), None)
    if near := elsewhere or nearest(ref, names):
        return f" Did you mean `{near}`?"
    shallow = f" This clone is a shallow one: {DEEPEN}." if _is_shallow(repository) else ""
    return f" If it is elsewhere, fetch it.{shallow}"


def _is_shallow(repository: str) -> bool:
    return git(repository, "rev-parse", "--is-shallow-repository").strip() == b"true"
