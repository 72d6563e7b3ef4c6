"""GitHub's REST API, as far as the action asks for it, on loopback: all of it is in memory, and fails on demand."""

from __future__ import annotations

import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.loopback import LoopbackServer

BOT = "github-actions[bot]"
REPOSITORY = "team/models"


@dataclass
class Failure:
    """An answer that is no, to requests that fit, as often as `times` says."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    times: int = 1_000
    after: bool = False
    """Whether what was asked for is done all the same."""


@dataclass
class GitHubApi:
    """What there is. `author` is who writes with the token; `asked` is each request, as `POST /path`."""

    author: str = BOT
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    issues: list[dict[str, Any]] = field(default_factory=list)
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    archives: dict[int, bytes] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    page: int = 100
    address: str = ""
    number: int = 1000

    def fail(self, method: str, path: str, status: int, **more: Any) -> None:
        """From now on, requests whose path fits the pattern are refused."""
        self.failures.append(Failure(method, path, status, **more))

    def pull(self, number: int, head: str, *, base: str = "main", **more: Any) -> dict[str, Any]:
        """A pull request, as it stands in an event and in answers."""
        found = {
            "number": number,
            "state": "open",
            "html_url": f"https://github.com/{REPOSITORY}/pull/{number}",
            "head": {"sha": head, "ref": f"branch-{number}", "repo": {"full_name": REPOSITORY}},
            "base": {"ref": base, "sha": "b" * 40, "repo": {"full_name": REPOSITORY}},
            "merged_at": None,
            "commits_in": [],
            **more,
        }
        self.pulls[number] = found
        return found

    def merge(self, number: int, commit: str) -> None:
        """The pull request is merged, and its commit is the branch's newest."""
        self.pulls[number].update(state="closed", merged_at="2026-11-30T12:00:00Z", merged=True, commits_in=[commit])

    def comment(self, number: int, body: str, login: str = BOT) -> dict[str, Any]:
        """Somebody writes a comment."""
        self.number += 1
        url = f"https://github.com/{REPOSITORY}/pull/{number}#issuecomment-{self.number}"
        made = {"id": self.number, "body": body, "html_url": url, "user": {"login": login}}
        self.comments.setdefault(number, []).append(made)
        return made

    def artifact(self, name: str, content: bytes, head: str, **more: Any) -> None:
        """A workflow's run saves a file."""
        self.number += 1
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("specrun.plan", content)
        self.archives[self.number] = packed.getvalue()
        run = {"id": 1, "repository_id": 7, "head_repository_id": 7, "head_sha": head, "head_branch": "b"}
        made = {"id": self.number, "name": name, "expired": False, "created_at": f"2026-11-30T{self.number}"}
        self.artifacts.append({**made, "workflow_run": run, **more})

    def bodies(self, number: int) -> list[str]:
        """The comments of a pull request."""
        return [one["body"] for one in self.comments.get(number, [])]

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> tuple[int, Any]:
        """Status and JSON of a request."""
        for pattern, answers in _ROUTES:
            if (found := re.fullmatch(pattern, f"{method} {path}")) is not None:
                return answers(self, found.groups(), query, body)  # type: ignore[no-any-return]
        return 404, {"message": "Not Found"}


def _user(api: GitHubApi, _: Any, __: Any, ___: Any) -> tuple[int, Any]:
    if api.author.endswith("[bot]"):
        return 403, {"message": "Resource not accessible by integration"}
    return 200, {"login": api.author}


def _comments(api: GitHubApi, found: Any, _: Any, __: Any) -> tuple[int, Any]:
    return 200, api.comments.get(int(found[0]), [])


def _write(api: GitHubApi, found: Any, _: Any, body: Any) -> tuple[int, Any]:
    if len(body["body"]) > 65_536:
        return 422, {
            "message": "Validation Failed",
            "errors": [{"message": "body is too long (maximum is 65536 characters)"}],
        }
    return 201, api.comment(int(found[0]), body["body"], api.author)


def _rewrite(api: GitHubApi, found: Any, _: Any, body: Any) -> tuple[int, Any]:
    for one in (one for all_of in api.comments.values() for one in all_of):
        if one["id"] == int(found[0]):
            one["body"] = body["body"]
            return 200, one
    return 404, {"message": "Not Found"}


def _delete(api: GitHubApi, found: Any, _: Any, __: Any) -> tuple[int, Any]:
    for number, all_of in api.comments.items():
        api.comments[number] = [one for one in all_of if one["id"] != int(found[0])]
    return 204, None


def _pulls_of(api: GitHubApi, found: Any, _: Any, __: Any) -> tuple[int, Any]:
    return 200, [one for one in api.pulls.values() if found[0] in one["commits_in"]]


def _pull(api: GitHubApi, found: Any, _: Any, __: Any) -> tuple[int, Any]:
    one = api.pulls.get(int(found[0]))
    return (200, one) if one else (404, {"message": "Not Found"})


def _open(api: GitHubApi, _: Any, query: Any, __: Any) -> tuple[int, Any]:
    return 200, [one for one in api.pulls.values() if one["state"] == "open" and one["base"]["ref"] == query["base"]]


def _artifacts(api: GitHubApi, _: Any, query: Any, __: Any) -> tuple[int, Any]:
    return 200, {"artifacts": [one for one in api.artifacts if one["name"] == query["name"]]}


def _archive(api: GitHubApi, found: Any, _: Any, __: Any) -> tuple[int, Any]:
    return 302, f"{api.address}/storage/{found[0]}"


def _stored(api: GitHubApi, found: Any, _: Any, __: Any) -> tuple[int, Any]:
    return 200, api.archives[int(found[0])]


def _issues(api: GitHubApi, _: Any, query: Any, __: Any) -> tuple[int, Any]:
    return 200, [one for one in api.issues if one["state"] == "open" and query["labels"] in one["labels"]]


def _file_issue(api: GitHubApi, _: Any, __: Any, body: Any) -> tuple[int, Any]:
    number = len(api.issues) + 1
    url = f"https://github.com/{REPOSITORY}/issues/{number}"
    api.issues.append({**body, "number": number, "state": "open", "html_url": url, "user": {"login": api.author}})
    return 201, api.issues[-1]


def _edit_issue(api: GitHubApi, found: Any, _: Any, body: Any) -> tuple[int, Any]:
    api.issues[int(found[0]) - 1].update(body)
    return 200, api.issues[int(found[0]) - 1]


_HERE = f"/repos/{REPOSITORY}"
_ROUTES: list[tuple[str, Any]] = [
    ("GET /user", _user),
    (rf"GET {_HERE}/issues/(\d+)/comments", _comments),
    (rf"POST {_HERE}/issues/(\d+)/comments", _write),
    (rf"PATCH {_HERE}/issues/comments/(\d+)", _rewrite),
    (rf"DELETE {_HERE}/issues/comments/(\d+)", _delete),
    (rf"GET {_HERE}/commits/(\w+)/pulls", _pulls_of),
    (rf"GET {_HERE}/pulls/(\d+)", _pull),
    (rf"GET {_HERE}/pulls", _open),
    (rf"GET {_HERE}/actions/artifacts", _artifacts),
    (rf"GET {_HERE}/actions/artifacts/(\d+)/zip", _archive),
    (r"GET /storage/(\d+)", _stored),
    (rf"GET {_HERE}/issues", _issues),
    (rf"POST {_HERE}/issues", _file_issue),
    (rf"PATCH {_HERE}/issues/(\d+)", _edit_issue),
]


@contextmanager
def github_api() -> Iterator[GitHubApi]:
    """The API, as long as this lasts, at its `address`."""
    api = GitHubApi()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            api.asked.append(f"{self.command} {parts.path}")
            api.tokens.append(self.headers.get("Authorization", ""))
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            for one in api.failures:
                if one.times and one.method == self.command and re.search(one.path, parts.path):
                    one.times -= 1
                    if one.after:
                        api.answer(self.command, parts.path, query, body)
                    self._send(one.status, one.body if one.body is not None else {"message": "No."}, one.headers)
                    return
            status, answer = api.answer(self.command, parts.path, query, body)
            headers = {}
            if status == 302:
                headers["Location"], answer = answer, None
            if isinstance(answer, list):
                at = int(query.get("page", 1))
                if len(answer) > at * api.page:
                    more = f"{api.address}{parts.path}?page={at + 1}&per_page={api.page}"
                    more += "".join(f"&{name}={query[name]}" for name in ("labels", "base") if name in query)
                    headers["Link"] = f'<{more}>; rel="next", <{more}>; rel="last"'
                answer = answer[(at - 1) * api.page : at * api.page]
            self._send(status, answer, headers)

        def _send(self, status: int, answer: Any, headers: Mapping[str, str]) -> None:
            data = answer if isinstance(answer, bytes) else b"" if status == 204 else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _do

        def log_message(self, *_: object) -> None:
            pass

    server = LoopbackServer(("127.0.0.1", 0), Handler)
    api.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
