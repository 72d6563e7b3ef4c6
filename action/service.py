"""What every mode needs of the service whose pipeline this is: what happened, where to write, what was reviewed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol


class Refusal(Exception):
    """Ends a mode: what is wrong, and what to do. `code` is the exit status, one of specrun's own."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class PullRequest:
    """A pull request: its number, the branch it goes to, its newest commit, and the address of its page.

    `distrust` says in words why no credential may come near it ("": it may): whose branch it is, say.
    """

    number: int
    base: str
    head: str
    url: str = ""
    distrust: str = ""


@dataclass(frozen=True)
class Situation:
    """Why the pipeline runs: one of `pull request`, `queue`, `merged`, `by hand`, `other`, and what that is about.

    `before` is the commit that specs are compared with ("": none), a git ref or an id; `run` is the address of this
    run of the pipeline; `order` grows from run to run. `pull_requests` are those that it is about, as far as that is
    known without asking.
    """

    kind: str
    run: str
    commit: str
    order: int = 0
    before: str = ""
    pull_requests: Sequence[PullRequest] = ()


@dataclass(frozen=True)
class Comment:
    """A comment or an issue that this pipeline has written."""

    id: int
    body: str
    url: str


class Service(Protocol):
    """A service: GitHub, for one. All that it does may raise `Refusal`, with what to do about it."""

    room: int
    """Characters that a comment may have."""

    deep: str
    """How the pipeline gets a checkout with all commits."""

    @property
    def distrust(self) -> str:
        """Why this is about something that no credential may come near; "" where it may."""

    def situation(self) -> Situation:
        """Why the pipeline runs."""

    def merged(self, now: Situation) -> Sequence[PullRequest]:
        """The pull requests whose merge this is about, the oldest first."""

    def find_comment(self, number: int, marker: str) -> Comment | None:
        """The pipeline's own comment of a pull request whose first line is `marker`; never one of somebody else."""

    def comments(self, number: int, beginning: str) -> Iterable[Comment]:
        """All of this pipeline's own comments of a pull request that begin in this way."""

    def write_comment(self, number: int, body: str, old: Comment | None) -> str:
        """Write a comment, or `old` anew; its address."""

    def open_pull_requests(self, base: str) -> Sequence[int]:
        """The numbers of the open ones that go to a branch, those that changed last first; not all of very many."""

    def reviewed_plan(self, pull_request: PullRequest, name: str) -> bytes:
        """The plan that was saved under a name for the pull request's newest commit."""

    def find_issue(self, marker: str, label: str) -> Comment | None:
        """The open issue of this pipeline's own whose first line is `marker`."""

    def write_issue(self, title: str, body: str, label: str, old: Comment | None) -> str:
        """Open an issue, or write `old` anew; its address."""

    def close_issue(self, issue: Comment, body: str) -> None:
        """Close an issue, with a comment that says why."""

    def summary(self, text: str) -> None:
        """Add Markdown to the page of this run."""

    def output(self, name: str, value: str) -> None:
        """Set an output of this step."""

    def annotate(self, commands: str) -> None:
        """Show at lines of files what `specrun -o github` has printed."""

    def tell(self, level: str, text: str) -> None:
        """Say something at the run: `error`, `warning` or `notice`."""
