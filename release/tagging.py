"""A version is released by its tag: what must be so before, and the tag itself."""

from __future__ import annotations

import datetime
import subprocess
from collections.abc import Iterator
from pathlib import Path

from release.changelog import released, section
from release.distributions import Wrong, publishable
from release.version import TAG

BRANCH = "main"


def release(root: Path, version: str) -> str:
    """Give what is unreleased the heading of a version, commit that, tag it and build it; what to push then.

    Where the changelog has the section already (a pull request has brought it), the commit that is there is tagged.
    Raises Wrong with all that is in the way; nothing is changed then. What is not fit to be published loses its tag.
    """
    changelog = root / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8")
    wrong = list(_in_the_way(root, version, text))
    if wrong:
        raise Wrong("\n".join(wrong))
    if section(text, version) is None:
        day = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
        changelog.write_text(released(text, version, day) or text, encoding="utf-8")
        _git(root, "commit", "--quiet", "--message", f"Release {version}", "--", str(changelog))
    tag = f"v{version}"
    _git(root, "tag", "--annotate", "--message", f"specrun {version}", tag)
    try:
        publishable(root, root / "dist", tag)
    except Wrong:
        _git(root, "tag", "--delete", tag)
        raise
    return f"git push --atomic origin {BRANCH} {tag}"


def _in_the_way(root: Path, version: str, changelog: str) -> Iterator[str]:
    if TAG.fullmatch(f"v{version}") is None:
        yield f"VERSION={version} is none: it wants three numbers, such as 0.1.0 or 0.2.0rc1"
    elif _git(root, "tag", "--list", f"v{version}"):
        yield f"there is a tag v{version} already"
    if (branch := _git(root, "branch", "--show-current")) != BRANCH:
        yield f"this is {branch or 'no branch'}, and releases are made of {BRANCH}"
    if changed := _git(root, "status", "--porcelain"):
        yield f"something is not committed:\n{changed}"
    if section(changelog, version) is None and released(changelog, version, "") is None:
        yield "CHANGELOG.md says nothing below [Unreleased]"
    upstream = f"refs/remotes/origin/{BRANCH}"
    if _git(root, "for-each-ref", upstream) and _git(root, "rev-list", f"HEAD..{upstream}"):
        yield f"origin/{BRANCH} has commits that are not here: git pull"


def _git(root: Path, *arguments: str) -> str:
    """What git says. Raises Wrong."""
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Wrong(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()
