"""Azure DevOps: why a pipeline runs, the threads of its pull requests, and what its agent takes for commands."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from action.github import unpacked
from action.github_api import Api, ApiError
from action.service import Comment, PullRequest, Refusal, Situation

_VERSION = "7.1"
_HOLDS = re.compile(r"^### .*⛔", re.MULTILINE)
"""The title of what has to be looked at before the merge: its thread stays active."""

_COMMAND = re.compile(r"::(error|warning|notice) ([^\n]*?)::([^\n]*)")
_WRITE = "'Contribute to pull requests' on the repository"
_BUILDS = "'View builds' on the pipeline"


@dataclass(frozen=True)
class AzureDevOpsApi(Api):
    """The REST API of an organisation, with the words that help there."""

    def get(self, path: str, may: str, **query: object) -> Any:
        """An answer's JSON; who is not let in is shown a page to sign in."""
        body, _ = self._send("GET", self._url(path, {"api-version": _VERSION, **query}), may)
        return _json(body, path)

    def send(self, method: str, path: str, may: str, body: Mapping[str, object] | None = None) -> Any:
        """Change something. What is made is asked for once."""
        url = self._url(path, {"api-version": _VERSION})
        return _json(self._send(method, url, may, body, again=method != "POST")[0], path)

    def archive(self, url: str, may: str) -> bytes:
        """A file of this organisation."""
        if urlsplit(url)[:2] != urlsplit(self.address)[:2]:
            raise ApiError(0, f"the file is elsewhere, at {urlsplit(url).hostname}, which is not told the token")
        body: bytes = self._send("GET", url, may)[0]
        return body

    def _send(self, method: str, url: str, may: str, *rest: Any, **how: Any) -> Any:
        try:
            return super()._send(method, url, may, *rest, **how)
        except ApiError as error:
            raise ApiError(error.status, _words(error, f"{method} {urlsplit(url).path}", may)) from error


class AzureDevOps:
    """The service of a job of Azure Pipelines, whose repository is in Azure Repos. `environment` is the job's."""

    room = 150_000
    deep = "write `fetchDepth: 0` at `checkout: self`, as the template has it"

    def __init__(self, environment: Mapping[str, str], api: AzureDevOpsApi | None = None) -> None:
        self._environment = environment
        self._summaries = 0
        self._first: dict[int, int] = {}
        """The first comment of each thread that was seen."""
        address = environment.get("SYSTEM_COLLECTIONURI", "")
        self._api = api or AzureDevOpsApi(address, environment.get("INPUT_TOKEN", ""), time.sleep)
        self._project = environment.get("SYSTEM_TEAMPROJECT", "")
        self._repository = f"{self._project}/_apis/git/repositories/{environment.get('BUILD_REPOSITORY_ID', '')}"

    @cached_property
    def _author(self) -> str:
        """As whom this token writes: only that one's comments are ours."""
        found = self._api.get("_apis/connectionData", _WRITE, **{"api-version": f"{_VERSION}-preview"})
        return str(found["authenticatedUser"]["id"])

    @property
    def distrust(self) -> str:
        """Why this is about something that no credential may come near; "" where it may."""
        return "a fork" if self._environment.get("SYSTEM_PULLREQUEST_ISFORK", "").lower() == "true" else ""

    def situation(self) -> Situation:
        """From the variables that the agent sets."""
        env = self._environment
        build = env.get("BUILD_BUILDID", "")
        base = f"{env.get('SYSTEM_COLLECTIONURI', '')}{quote(self._project)}"
        reason = env.get("BUILD_REASON", "")
        order = int(build) if build.isdigit() else 0
        kind = "by hand" if reason == "Manual" else "other"
        now = Situation(kind, f"{base}/_build/results?buildId={build}", env.get("BUILD_SOURCEVERSION", ""), order)
        if reason in ("IndividualCI", "BatchedCI"):
            return replace(now, kind="merged")
        if reason != "PullRequest":
            return now
        number = env.get("SYSTEM_PULLREQUEST_PULLREQUESTID", "")
        if env.get("BUILD_REPOSITORY_PROVIDER", "TfsGit") != "TfsGit" or not number.isdigit():
            raise Refusal("the comments of this template are for Azure Repos; on GitHub use action.yml", 64)
        to = env.get("SYSTEM_PULLREQUEST_TARGETBRANCH", "").removeprefix("refs/heads/")
        head, url = env.get("SYSTEM_PULLREQUEST_SOURCECOMMITID", ""), self._page(int(number))
        of = PullRequest(int(number), to, head, url, self.distrust)
        return replace(now, kind="pull request", before=f"origin/{to}", pull_requests=[of])

    def merged(self, now: Situation) -> Sequence[PullRequest]:
        """Those whose completion has made the commit."""
        asked = {"queries": [{"type": "lastMergeCommit", "items": [now.commit]}]}
        found = self._api.send("POST", f"{self._repository}/pullrequestquery", _WRITE, asked)
        branch = self._environment.get("BUILD_SOURCEBRANCH", "")
        ones = [one for result in found.get("results", ()) for few in result.values() for one in few]
        return [
            PullRequest(
                int(one["pullRequestId"]),
                branch.removeprefix("refs/heads/"),
                one["lastMergeSourceCommit"]["commitId"],
                self._page(int(one["pullRequestId"])),
                "a fork" if one.get("forkSource") else "",
            )
            for one in ones
            if one.get("status") == "completed" and one.get("targetRefName") == branch
        ]

    def _page(self, number: int) -> str:
        page = re.sub(r"//[^/@]*@", "//", self._environment.get("BUILD_REPOSITORY_URI", ""))
        return f"{page}/pullrequest/{number}"

    def find_comment(self, number: int, marker: str) -> Comment | None:
        """The oldest one counts."""
        return next((one for one in self._own(number) if one.body.split("\n", 1)[0].rstrip() == marker), None)

    def comments(self, number: int, beginning: str) -> Iterable[Comment]:
        """All of our own that begin so."""
        return [one for one in self._own(number) if one.body.startswith(beginning)]

    def _own(self, number: int) -> Iterator[Comment]:
        for thread in self._api.get(self._threads(number), _WRITE)["value"]:
            first: Mapping[str, Any] = next(iter(thread.get("comments") or ()), {})
            ours = (first.get("author") or {}).get("id") == self._author
            if ours and not thread.get("isDeleted") and not first.get("isDeleted"):
                self._first[int(thread["id"])] = int(first["id"])
                body = (first.get("content") or "").replace("\r\n", "\n")
                yield Comment(int(thread["id"]), body, self._url(number, int(thread["id"])))

    def write_comment(self, number: int, body: str, old: Comment | None) -> str:
        """A thread that asks for nothing is closed: it holds nobody up where all threads have to be."""
        status = "active" if _HOLDS.search(body) else "closed"
        if old is None:
            comment = {"parentCommentId": 0, "content": body, "commentType": "text"}
            made = self._api.send("POST", self._threads(number), _WRITE, {"comments": [comment], "status": status})
            return self._url(number, int(made["id"]))
        thread = f"{self._threads(number)}/{old.id}"
        if old.body != body:
            path = f"{thread}/comments/{self._first.get(old.id, 1)}"
            self._api.send("PATCH", path, _WRITE, {"content": body})
        self._api.send("PATCH", thread, _WRITE, {"status": status})
        return old.url

    def _threads(self, number: int) -> str:
        return f"{self._repository}/pullRequests/{number}/threads"

    def _url(self, number: int, thread: int) -> str:
        return f"{self._page(number)}?discussionId={thread}"

    def open_pull_requests(self, base: str) -> Sequence[int]:
        """At most a hundred."""
        asked = {"searchCriteria.status": "active", "searchCriteria.targetRefName": f"refs/heads/{base}", "$top": 100}
        found = self._api.get(f"{self._repository}/pullrequests", _WRITE, **asked)
        return [int(one["pullRequestId"]) for one in found["value"]]

    def reviewed_plan(self, pull_request: PullRequest, name: str) -> bytes:
        """Of the newest build of this pipeline for that commit of the pull request."""
        asked = {
            "definitions": self._environment.get("SYSTEM_DEFINITIONID", ""),
            "branchName": f"refs/pull/{pull_request.number}/merge",
            "reasonFilter": "pullRequest",
            "queryOrder": "queueTimeDescending",
            "$top": 100,
        }
        builds = self._api.get(f"{self._project}/_apis/build/builds", _BUILDS, **asked)["value"]
        for build in builds:
            if (build.get("triggerInfo") or {}).get("pr.sourceSha") == pull_request.head:
                path = f"{self._project}/_apis/build/builds/{build['id']}/artifacts"
                for one in self._api.get(path, _BUILDS)["value"]:
                    if one["name"] == name:
                        return unpacked(self._api.archive(one["resource"]["downloadUrl"], _BUILDS))
        of = f"of commit {pull_request.head[:9]} of !{pull_request.number}"
        raise Refusal(f"the plan {of} is not there: no run of `mode: plan` of this pipeline has saved `{name}`", 4)

    def find_issue(self, marker: str, label: str) -> Comment | None:
        """None: which work items there are is different in each project."""
        return None

    def write_issue(self, title: str, body: str, label: str, old: Comment | None) -> str:
        """A warning of the run, which is then not green; whoever follows the pipeline is told by mail."""
        self.tell("warning", f"{title}: the summary of this run has it")
        print("##vso[task.complete result=SucceededWithIssues;]", flush=True)
        return self.situation().run

    def close_issue(self, issue: Comment, body: str) -> None:
        """There is none."""

    def summary(self, text: str) -> None:
        """A part of the run's page, of its own for each text."""
        self._summaries += 1
        folder = Path(self._environment.get("AGENT_TEMPDIRECTORY") or ".")
        file = folder / f"specrun {self._summaries}.md"
        file.write_text(text, encoding="utf-8")
        print(f"##vso[task.uploadsummary]{file.resolve()}", flush=True)

    def output(self, name: str, value: str) -> None:
        """A variable `specrun.NAME` of the steps that follow."""
        print(f"##vso[task.setvariable variable=specrun.{name}]{_data(value)}", flush=True)

    def tell(self, level: str, text: str) -> None:
        """An issue of the run; there are no notices."""
        self.annotate(f"::{level} title=specrun::{text.replace('%', '%25').replace(chr(10), '%0A')}")

    def annotate(self, commands: str) -> None:
        """GitHub's commands, as those of this agent. Of ours alone: other lines are left out."""
        for found in filter(None, map(_COMMAND.fullmatch, commands.splitlines())):
            told = dict(one.partition("=")[::2] for one in found[2].split(","))
            text = _plain(f"{told.get('title', '')}: {found[3]}")
            if found[1] == "notice":
                place = f"{told['file']}:{told['line']}: " if "file" in told else ""
                print(f"{_plain(place)}{' '.join(text.split())}".replace("##", r"\x23#"), flush=True)
                continue
            names = {"file": "sourcepath", "line": "linenumber", "col": "columnnumber"}
            where = "".join(f";{to}={_property(_plain(told[name]))}" for name, to in names.items() if name in told)
            print(f"##vso[task.logissue type={found[1]}{where}]{_data(text)}", flush=True)


def _plain(text: str) -> str:
    for code, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, character)
    return text


def _data(text: str) -> str:
    text = text.replace("##", r"\x23#")  # where another command would begin
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(";", "%3B").replace("]", "%5D")


def _json(body: bytes, path: str) -> Any:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ApiError(0, f"Azure DevOps shows a page to sign in, and not {path}: give the step `System.AccessToken`")
    return found


def _words(error: ApiError, asked: str, may: str) -> str:
    """What an answer means here, and what it says itself."""
    said = found[0] if (found := re.search(r" \(.*\)$", str(error), re.DOTALL)) else ""
    if not error.status:
        return str(error).replace("GitHub", "Azure DevOps")
    if error.status == 401:
        what = "it does not know the token, which is `System.AccessToken`"
    elif error.status in (403, 404):
        what = f"there is none, or the build service may not see it. Allow it {may} (project settings, security)"
    else:
        what = "it failed: run this job again"
    return f"Azure DevOps answered {error.status} to {asked}: {what}{said}"
