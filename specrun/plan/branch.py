"""Whether what is checked out is a branch as it was last fetched, with every spec as it is committed there."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator

from specrun.plan.git import GitError, git
from specrun.plan.since.changes import changes_since
from specrun.spec.repository_file import NAME

_HEADS, _REMOTES = "refs/heads/", "refs/remotes/"


def default_branch(root: str) -> str:
    """The branch that is the repository's own: as its remote has it, or its only one where it has no remote; "" where
    nothing tells. Raises GitError.
    """
    refs = _refs(root)
    remotes = git(root, "remote").decode(errors="replace").split()
    for remote in dict.fromkeys(["origin", *remotes]) if "origin" in remotes or len(remotes) == 1 else ():
        try:
            head = git(root, "symbolic-ref", "--quiet", f"{_REMOTES}{remote}/HEAD").decode(errors="replace").strip()
        except GitError:
            continue
        return head.removeprefix(f"{_REMOTES}{remote}/")
    if remotes:
        return ""
    local = [name.removeprefix(_HEADS) for name in refs if name.startswith(_HEADS)] or [_head_branch(root)]
    usual = [name for name in local if name in ("main", "master")]
    found = local if len(local) == 1 else usual
    return found[0] if len(found) == 1 else ""


def not_on(root: str, branch: str) -> str:
    """Why HEAD is not the newest known commit of a branch, in words; "" where it is, or is ahead. Raises GitError."""
    refs = _refs(root)
    at = _head_branch(root)
    try:
        head = git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").decode().strip()
    except GitError as error:
        if error.code != 1:
            raise
        return "nothing is committed yet"
    remotes = git(root, "remote").decode(errors="replace").split()
    fetched = {name: commit for name, commit in refs.items() if name in {f"{_REMOTES}{r}/{branch}" for r in remotes}}
    known = {**fetched, f"{_HEADS}{branch}": refs.get(f"{_HEADS}{branch}", "")}
    if at and at != branch:
        return f"HEAD is the branch {at}, and not {branch}"
    if not at and head not in known.values():
        return f"HEAD is the commit {head[:10]}, which is not where {branch} is"
    behind = [name.removeprefix(_REMOTES) for name, commit in fetched.items() if not _has(root, head, commit)]
    return f"HEAD lacks commits of {behind[0]}, and so specs, maybe: pull" if behind else ""


def not_as_committed(root: str, read: Collection[str]) -> Iterator[str]:
    """The files of specs that are not as in the commit that is checked out, or are not here, as paths from the root.

    `read` are real paths of what specs consist of: bases may be any file. Files that git does not know take nothing
    away. Raises GitError.
    """
    changes = changes_since(root, "HEAD")
    for change in changes.found:
        if change.before is None or change.before.repository != changes.root:  # it is new, or of a submodule
            continue
        is_spec = change.path in read or changes.spec_before(change.path) is not None
        if is_spec or change.path == f"{changes.root}/{NAME}":
            yield os.path.relpath(change.path, changes.root)
    listed = git(root, "ls-files", "-t", "-z").decode(errors="surrogateescape").split("\0")
    for one in listed:
        if (
            one.startswith("S ")
            and one.endswith((".yaml", ".yml"))
            and not os.path.lexists(f"{changes.root}/{one[2:]}")
        ):
            yield one[2:]  # a sparse checkout has not written it


def _refs(root: str) -> dict[str, str]:
    said = git(root, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/remotes")
    rows = (line.partition(" ") for line in said.decode(errors="replace").splitlines())
    return {name: commit for commit, _, name in rows}


def _head_branch(root: str) -> str:
    """The branch that HEAD is; "" for a commit by itself."""
    try:
        return git(root, "symbolic-ref", "--quiet", "HEAD").decode(errors="replace").strip().removeprefix(_HEADS)
    except GitError as error:
        if error.code != 1:
            raise
        return ""


def _has(root: str, head: str, commit: str) -> bool:
    """Whether a commit is part of what is checked out, as far as this clone can tell."""
    if head == commit:
        return True
    try:
        git(root, "merge-base", "--is-ancestor", commit, head)
    except GitError as error:
        if error.code not in (1, 128):
            raise
        return False
    return True
