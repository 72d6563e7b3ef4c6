"""Where a run comes from: its commit, who asked, through which pipeline. It decides nothing, and is kept with the run.

All of it is somebody's word, of a branch's name for example: it is kept short, on one line, without credentials, and
shown as any text that is not ours.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import NamedTuple

from specrun import __version__
from specrun.plan.git import GitError, git
from specrun.spec.frozen import dataclass
from specrun.spec.masking import mask
from specrun.spec.visible import visible

LOOKS = 10.0
"""Seconds that git has to say whether something changed since the commit: it looks at every file."""

_LONGEST: Mapping[str, int] = {"commit": 64, "branch": 120, "pull_request": 20, "user": 80, "ci": 250}
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_LINK = re.compile(r"https?://[^\s\"'`<>\\^{|}]+")
_NUMBER = re.compile(r"refs/(?:pull|merge-requests)/(\d+)/.*|(?!refs/)(?:.*/)?(\d+)", re.DOTALL)
_CHANGED = re.compile(rb"1 \.M")
"""A file whose content is not that of git's index, in what `git status` says."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is known of a run's origin; "" what is not. `dirty`: something is not as in the commit (None: not known).

    `pull_request` is its number, `ci` a link to the pipeline's run, `specrun_version` that of who submitted.
    """

    commit: str = ""
    dirty: bool | None = None
    branch: str = ""
    pull_request: str = ""
    user: str = ""
    ci: str = ""
    specrun_version: str = ""

    def noted(self) -> dict[str, object]:
        """What is known, as JSON values to be kept."""
        return {name: value for name, value in asdict(self).items() if value not in ("", None)}


UNKNOWN = Provenance()


class _Service(NamedTuple):
    """A service that runs pipelines, by the variables that it sets; the first that is set counts.

    `ci` are templates of links, `pull_request` hold its number or end with it.
    """

    marks: str
    ci: str
    branch: str
    pull_request: str = ""
    user: str = ""
    commit: str = ""


_SERVICES = (
    _Service(
        "GITHUB_ACTIONS GITHUB_RUN_ID",
        "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
        "GITHUB_HEAD_REF GITHUB_REF",
        "GITHUB_REF",
        "GITHUB_ACTOR",
        "GITHUB_SHA",
    ),
    _Service(
        "TF_BUILD BUILD_BUILDID",
        "{SYSTEM_COLLECTIONURI}/{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",
        "SYSTEM_PULLREQUEST_SOURCEBRANCH BUILD_SOURCEBRANCH",
        "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER SYSTEM_PULLREQUEST_PULLREQUESTID BUILD_SOURCEBRANCH",
        "BUILD_REQUESTEDFOR",
        "BUILD_SOURCEVERSION",
    ),
    _Service(
        "GITLAB_CI CI_JOB_URL",
        "{CI_JOB_URL} {CI_PIPELINE_URL}",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME CI_COMMIT_BRANCH CI_COMMIT_REF_NAME",
        "CI_MERGE_REQUEST_IID",
        "GITLAB_USER_LOGIN",
        "CI_COMMIT_SHA",
    ),
    _Service(
        "CIRCLECI CIRCLE_BUILD_URL",
        "{CIRCLE_BUILD_URL}",
        "CIRCLE_BRANCH",
        "CIRCLE_PR_NUMBER CIRCLE_PULL_REQUEST",
        "CIRCLE_USERNAME",
        "CIRCLE_SHA1",
    ),
    _Service(
        "BITBUCKET_BUILD_NUMBER",
        "{BITBUCKET_GIT_HTTP_ORIGIN}/pipelines/results/{BITBUCKET_BUILD_NUMBER} "
        "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/pipelines/results/{BITBUCKET_BUILD_NUMBER}",
        "BITBUCKET_BRANCH BITBUCKET_TAG",
        "BITBUCKET_PR_ID",
        commit="BITBUCKET_COMMIT",
    ),
    _Service(
        "BUILDKITE BUILDKITE_BUILD_URL",
        "{BUILDKITE_BUILD_URL}",
        "BUILDKITE_BRANCH",
        "BUILDKITE_PULL_REQUEST",
        "BUILDKITE_BUILD_CREATOR",
        "BUILDKITE_COMMIT",
    ),
    _Service(
        "TRAVIS",
        "{TRAVIS_JOB_WEB_URL} {TRAVIS_BUILD_WEB_URL}",
        "TRAVIS_PULL_REQUEST_BRANCH TRAVIS_BRANCH",
        "TRAVIS_PULL_REQUEST",
        commit="TRAVIS_COMMIT",
    ),
    _Service(
        "CODEBUILD_BUILD_ID",
        "{CODEBUILD_BUILD_URL}",
        "CODEBUILD_WEBHOOK_HEAD_REF",
        commit="CODEBUILD_RESOLVED_SOURCE_VERSION",
    ),
    _Service(
        "JENKINS_URL BUILD_URL",
        "{BUILD_URL}",
        "CHANGE_BRANCH BRANCH_NAME GIT_LOCAL_BRANCH",
        "CHANGE_ID",
        "BUILD_USER_ID",
        "GIT_COMMIT",
    ),
)


def collect(repository: str | None) -> Provenance:
    """What there is to say of a run that is submitted now from a repository, by its root. Nothing in it fails.

    What is checked out says which commit it is: for a pull request a service names another. Without a repository the
    service's word is taken: some runners fetch an archive where they have no git.
    """
    service = _service()
    commit, dirty, branch = _checked_out(repository) if repository is not None else ("", None, "")
    if service is None:
        return _bounded(Provenance(commit, dirty, branch, user=_local_user(), specrun_version=__version__))
    numbers = (_NUMBER.fullmatch(os.environ.get(name, "")) for name in service.pull_request.split())
    return _bounded(
        Provenance(
            commit=commit or ("" if repository is not None else _first(service.commit)),
            dirty=dirty,
            branch=branch or _short(_first(service.branch)),
            pull_request=next((found[1] or found[2] for found in numbers if found is not None), ""),
            user=_first(service.user),
            ci=_link(service),
            specrun_version=__version__,
        )
    )


def who_asks() -> tuple[str, str]:
    """Who asks, and the link to the pipeline's run through which they do; "" what is not known. No git is asked."""
    service = _service()
    if service is None:
        return _bounded(Provenance(user=_local_user())).user, ""
    found = _bounded(Provenance(user=_first(service.user), ci=_link(service)))
    return found.user or _local_user(), found.ci


def _service() -> _Service | None:
    return next((one for one in _SERVICES if _first(one.marks)), None)


def _link(service: _Service) -> str:
    return next(filter(None, map(_filled, service.ci.split())), "")


def provenance_in(noted: object) -> Provenance:
    """What was kept of a run, as JSON values or their text; what is no such thing is not known of it."""
    if isinstance(noted, str):
        try:
            noted = json.loads(noted)
        except (ValueError, RecursionError):
            return UNKNOWN
    if not isinstance(noted, Mapping):
        return UNKNOWN
    texts = {one.name: noted.get(one.name) for one in fields(Provenance) if one.name != "dirty"}
    known = {name: text[: _LONGEST.get(name, 40)] for name, text in texts.items() if isinstance(text, str)}
    dirty = noted.get("dirty")
    return Provenance(**known, dirty=dirty if isinstance(dirty, bool) else None)


def _checked_out(repository: str) -> tuple[str, bool | None, str]:
    """The commit, whether something changed since, and the branch ("": none), as git has them."""
    look = ("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal", "--ignore-submodules=dirty")
    try:
        said = git(repository, *look, longest=LOOKS).split(b"\0")
    except GitError:
        return _head(repository), None, ""
    told = {key: os.fsdecode(value) for key, _, value in (one[2:].partition(b" ") for one in said if one[:1] == b"#")}
    commit, branch = told.get(b"branch.oid", ""), told.get(b"branch.head", "")
    entries = [one for one in said if one and one[:1] != b"#"]
    return commit, _is_dirty(repository, entries), "" if branch == "(detached)" else branch


def _is_dirty(repository: str, entries: list[bytes]) -> bool | None:
    """Whether one of what `git status` lists is a change; None where that is for a filter to say, which was not run."""
    changed = [one for one in entries if _CHANGED.match(one)]
    if len(changed) < len(entries) or not entries:
        return bool(entries)
    paths = b"".join(one.split(b" ", 8)[8] + b"\0" for one in changed)
    try:
        said = git(repository, "check-attr", "-z", "--stdin", "filter", given=paths, longest=LOOKS).split(b"\0")
    except GitError:
        return None
    return None if all(value not in (b"unspecified", b"unset") for value in said[2::3]) else True


def _head(repository: str) -> str:
    try:
        return git(repository, "rev-parse", "--verify", "--quiet", "HEAD", longest=LOOKS).decode().strip()
    except (GitError, UnicodeDecodeError):
        return ""


def _bounded(found: Provenance) -> Provenance:
    """The same, as it may be kept and shown."""
    texts = {name: _told(str(getattr(found, name)), most) for name, most in _LONGEST.items()}
    texts["commit"] = texts["commit"] if _COMMIT.fullmatch(found.commit) else ""
    texts["ci"] = texts["ci"] if _LINK.fullmatch(found.ci) and len(found.ci) <= _LONGEST["ci"] else ""
    return Provenance(**texts, dirty=found.dirty, specrun_version=found.specrun_version)


def _told(text: str, most: int) -> str:
    text = visible(mask(text.strip()))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _first(names: str) -> str:
    return next((value for name in names.split() if (value := os.environ.get(name, "").strip())), "")


def _filled(template: str) -> str:
    """A link with the values of its variables; "" where one of them is not set."""
    values = {name: os.environ.get(name, "").strip() for name in re.findall(r"{(\w+)}", template)}
    if not all(values.values()):
        return ""
    link = template.format_map({name: value.replace(" ", "%20") for name, value in values.items()})
    return re.sub(r"(?<!:)//+", "/", link)


def _short(ref: str) -> str:
    """A branch by its name; a tag as tags/NAME; "" for what a service makes of a pull request."""
    return "" if _NUMBER.fullmatch(ref) and ref.startswith("refs/") else re.sub(r"^refs/(heads/)?", "", ref)


def _local_user() -> str:
    """Who is signed in on this machine; a container may have no name for them."""
    if told := _first("LOGNAME USER LNAME USERNAME"):
        return told
    try:
        import pwd  # Windows has none

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError, OSError):
        return ""
