"""GitHub: what happened, its comments and issues, and the artefacts of its workflows."""

from __future__ import annotations

import io
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from action.github_api import LARGEST, Api, ApiError
from action.runner import Runner
from action.service import Comment, PullRequest, Refusal, Situation

ACTIONS = "github-actions[bot]"
"""As whom a job's own token writes."""

PULLS = "pull-requests: write"
_ISSUES = "issues: write"
_READ = "contents: read, pull-requests: read"
_ARTEFACTS = "actions: read"
_ABOUT_ONE = ("pull_request", "pull_request_review", "pull_request_target")
_ABOUT = {"pull_request", "merge_group", "workflow_run"}
_OPEN = 100
"""Open pull requests that are looked at."""


DEEP = "write `with: {fetch-depth: 0}` at actions/checkout, which fetches one commit otherwise"
"""What a checkout needs."""


class GitHub:
    """The service of a job on GitHub. `environment` is the job's, `folder` is where its checkout is."""

    room = 65_536

    deep = DEEP

    def __init__(self, environment: Mapping[str, str], folder: str | None = None, api: Api | None = None) -> None:
        self._environment = environment
        self._folder = folder
        self._runner = Runner(environment)
        address = environment.get("GITHUB_API_URL") or "https://api.github.com"
        self._api = api or Api(address, environment.get("INPUT_TOKEN", ""), time.sleep)
        self._repository = f"repos/{environment.get('GITHUB_REPOSITORY', '')}"
        self.summary, self.output, self.tell = self._runner.summary, self._runner.output, self._runner.tell
        self.annotate = self._runner.annotate

    @cached_property
    def author(self) -> str:
        """As whom this token writes: only that one's comments are ours."""
        if said := self._environment.get("INPUT_COMMENT_AUTHOR", "").strip():
            return said
        try:
            return str(self._api.get("user", "")["login"])
        except ApiError as error:
            if error.status in (401, 403, 404):  # a job's own token is nobody's
                return ACTIONS
            raise

    @property
    def distrust(self) -> str:
        """Why the event is about something that no credential may come near; "" where it may."""
        about = self._runner.event.get("pull_request")
        return self._pull_request(about).distrust if about else ""

    def situation(self) -> Situation:
        """From the event, by the rules of what GitHub gives to whom."""
        event, env = self._runner.event, self._environment
        name = env.get("GITHUB_EVENT_NAME", "")
        server, run = env.get("GITHUB_SERVER_URL", "https://github.com"), env.get("GITHUB_RUN_ID", "")
        page = f"{server}/{env.get('GITHUB_REPOSITORY', '')}/actions/runs/{run}" if run else ""
        order = int(run) if run.isdigit() else 0
        now = Situation("by hand" if name == "workflow_dispatch" else "other", page, env.get("GITHUB_SHA", ""), order)
        if name in (*_ABOUT_ONE, "merge_group", "workflow_run") and not event.keys() & _ABOUT:
            raise Refusal(f"GITHUB_EVENT_PATH says nothing of the `{name}` that this run is about", 64)
        if name in _ABOUT_ONE:
            found = self._pull_request(event["pull_request"])
            if name == "pull_request_target":
                _refuse_secrets(name, found.distrust)
            if event.get("action") != "closed":
                return replace(now, kind="pull request", before=f"origin/{found.base}", pull_requests=[found])
            if event["pull_request"].get("merged") is not True:
                raise Refusal(f"#{found.number} was closed, and not merged: there is nothing to do", 0)
            return replace(now, kind="merged", pull_requests=[found])
        if name == "workflow_run":
            _refuse_secrets(name, self._distrust(event["workflow_run"].get("head_repository")))
        if name == "merge_group":
            group = event["merge_group"]
            return replace(now, kind="queue", before=group["base_sha"], pull_requests=list(self._queued(group)))
        if name == "push":
            before = event.get("before", "")
            return replace(now, kind="merged", before=before if before.strip("0") else "")
        return now

    def _pull_request(self, data: Mapping[str, Any]) -> PullRequest:
        head, base = data["head"], data["base"]
        distrust = self._distrust(head.get("repo"))
        if not distrust and self._environment.get("GITHUB_ACTOR") == "dependabot[bot]":
            distrust = "a branch of Dependabot, whose jobs get no secrets and may not write"
        return PullRequest(int(data["number"]), base["ref"], head["sha"], data.get("html_url", ""), distrust)

    def _distrust(self, repository: Mapping[str, Any] | None) -> str:
        """What a repository is, unless it is this one."""
        name = (repository or {}).get("full_name")
        if name == self._environment.get("GITHUB_REPOSITORY"):
            return ""
        return f"a fork, {name}" if name else "a fork that is gone"

    def _queued(self, group: Mapping[str, Any]) -> Iterator[PullRequest]:
        """The pull request that a branch of the merge queue is about: GitHub writes its number into the name."""
        number = group["head_ref"].rpartition("/pr-")[2].partition("-")[0]
        if number.isdigit():
            yield self._pull_request(self._api.get(f"{self._repository}/pulls/{number}", _READ))

    def merged(self, now: Situation) -> Sequence[PullRequest]:
        """One, or all of a merge queue's group."""
        if now.pull_requests:
            return now.pull_requests
        event = self._runner.event
        after, branch = event.get("after", ""), event.get("ref", "").removeprefix("refs/heads/")
        commits = _first_parents(now.before, after, self._folder) if now.before else [after]
        found: dict[int, PullRequest] = {}
        for commit in commits:
            for one in self._api.pages(f"{self._repository}/commits/{commit}/pulls", _READ):
                if one.get("merged_at") and one["base"]["ref"] == branch:
                    found.setdefault(int(one["number"]), self._pull_request(one))
        return list(found.values())

    def find_comment(self, number: int, marker: str) -> Comment | None:
        """The oldest one counts. Others, which two jobs at once have written, are deleted."""
        found = [one for one in self._own(number) if one.body.split("\n", 1)[0].rstrip() == marker]
        for one in found[1:]:
            self._api.send("DELETE", f"{self._repository}/issues/comments/{one.id}", PULLS)
            self.tell("notice", f"#{number} had a second comment of this kind, which is deleted: {one.url}")
        return found[0] if found else None

    def comments(self, number: int, beginning: str) -> Iterable[Comment]:
        """Of each of those that would be found."""
        return [one for one in self._own(number) if one.body.startswith(beginning)]

    def _own(self, number: int) -> Iterator[Comment]:
        for one in self._api.pages(f"{self._repository}/issues/{number}/comments", PULLS):
            if (one.get("user") or {}).get("login") == self.author:
                yield _comment(one)

    def write_comment(self, number: int, body: str, old: Comment | None) -> str:
        """Writes nothing where it stands there already."""
        if old is not None:
            if old.body == body:
                return old.url
            path = f"{self._repository}/issues/comments/{old.id}"
            return str(self._api.send("PATCH", path, PULLS, {"body": body})["html_url"])
        marker = body.partition("\n")[0]
        path = f"{self._repository}/issues/{number}/comments"
        return self._make(path, PULLS, {"body": body}, lambda: self.find_comment(number, marker))

    def _make(self, path: str, may: str, body: Mapping[str, object], find: Callable[[], Comment | None]) -> str:
        """Make something once: where an answer fails it may have been made all the same."""
        for left in (2, 1, 0):
            try:
                made = self._api.send("POST", path, may, body)
            except ApiError as error:
                if 0 < error.status < 500 or not left:
                    raise
                if (found := find()) is not None:
                    return found.url
                self._api.sleep(2.0 ** (3 - left))
                continue
            if (login := (made.get("user") or {}).get("login", self.author)) != self.author:
                said = f"this token writes as {login}: say `comment-author: {login}`, or each run writes a new one"
                self.tell("warning", said)
            return str(made["html_url"])
        raise AssertionError("the last try returns or raises")

    def open_pull_requests(self, base: str) -> Sequence[int]:
        """At most a hundred."""
        asked = {"state": "open", "base": base, "sort": "updated", "direction": "desc", "per_page": _OPEN}
        return [int(one["number"]) for one in self._api.get(f"{self._repository}/pulls", _READ, **asked)]

    def reviewed_plan(self, pull_request: PullRequest, name: str) -> bytes:
        """Of the newest run for that commit of a branch of this repository: a fork's workflow may save one, too."""
        found = [
            one
            for one in self._api.pages(f"{self._repository}/actions/artifacts", _ARTEFACTS, key="artifacts", name=name)
            if one.get("name") == name and _is_of(one.get("workflow_run") or {}, pull_request.head)
        ]
        kept = [one for one in found if not one.get("expired")]
        if not kept:
            of = f"of commit {pull_request.head[:9]} of #{pull_request.number}"
            why = "has expired" if found else f"is not there: no run of `mode: plan` has saved `{name}`"
            raise Refusal(f"the plan {of} {why}. Nothing was reviewed that could be applied: plan again", 4)
        newest = max(kept, key=lambda one: (str(one.get("created_at")), int(one["id"])))
        return unpacked(self._api.download(f"{self._repository}/actions/artifacts/{newest['id']}/zip", _ARTEFACTS))

    def find_issue(self, marker: str, label: str) -> Comment | None:
        """The oldest one with the label."""
        found = self._api.pages(f"{self._repository}/issues", _ISSUES, state="open", labels=label, direction="asc")
        for one in found:
            body = (one.get("body") or "").replace("\r\n", "\n")
            ours = (one.get("user") or {}).get("login") == self.author and body.split("\n", 1)[0] == marker
            if ours and "pull_request" not in one:
                return Comment(int(one["number"]), body, str(one["html_url"]))
        return None

    def write_issue(self, title: str, body: str, label: str, old: Comment | None) -> str:
        """A label that there is not is made."""
        if old is None:
            asked = {"title": title, "body": body, "labels": [label]}
            marker = body.partition("\n")[0]
            return self._make(f"{self._repository}/issues", _ISSUES, asked, lambda: self.find_issue(marker, label))
        if old.body != body:
            path = f"{self._repository}/issues/{old.id}"
            self._api.send("PATCH", path, _ISSUES, {"title": title, "body": body})
        return old.url

    def close_issue(self, issue: Comment, body: str) -> None:
        """Whoever follows the issue is told."""
        path = f"{self._repository}/issues/{issue.id}"
        self._api.send("POST", f"{path}/comments", _ISSUES, {"body": body})
        self._api.send("PATCH", path, _ISSUES, {"state": "closed", "state_reason": "completed"})


def _refuse_secrets(name: str, distrust: str) -> None:
    """End a mode that would show a stranger's specs what no job of a stranger gets."""
    if distrust:
        raise Refusal(
            f"`{name}` gives this repository's secrets to a job that is about {distrust}. "
            "Write `on: pull_request`: it is validated then, and planned without credentials",
            4,
        )


def _comment(data: Mapping[str, Any]) -> Comment:
    return Comment(int(data["id"]), (data.get("body") or "").replace("\r\n", "\n"), str(data["html_url"]))


def _is_of(run: Mapping[str, Any], head: str) -> bool:
    return run.get("head_sha") == head and run.get("head_repository_id") == run.get("repository_id") is not None


def unpacked(archive: bytes) -> bytes:
    """The one file of an artefact; nothing is written anywhere."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            entries = [one for one in packed.infolist() if not one.is_dir()]
            if len(entries) != 1 or entries[0].file_size > LARGEST:
                raise Refusal(f"the artefact has {len(entries)} files, and a saved plan is one", 4)
            return packed.read(entries[0])
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError) as error:
        raise Refusal(f"the artefact of the plan cannot be unpacked: {error}") from error


def _first_parents(before: str, after: str, folder: str | None) -> Sequence[str]:
    """The commits of a branch that a push has added, the oldest first."""
    asked = ["git", "rev-list", "--reverse", "--first-parent", "--end-of-options", f"{before}..{after}"]
    done = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refusal(f"the checkout does not have all commits that were pushed: {DEEP}", 64)
    return done.stdout.split()
