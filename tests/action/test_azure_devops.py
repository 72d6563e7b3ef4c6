"""A job of Azure Pipelines: its variables, the threads of a pull request on loopback, and what its agent is told."""

from __future__ import annotations

import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from action.azure_devops import AzureDevOps, AzureDevOpsApi
from action.inputs import inputs
from action.main import main, run
from action.program import Done
from action.service import Refusal
from tests.action.conftest import HEAD, NEXT, Told, plan_file
from tests.loopback import LoopbackServer

ROOT = Path(__file__).parents[2]
TEMPLATE: dict[str, Any] = yaml.safe_load((ROOT / "action/azure-pipelines.yml").read_text(encoding="utf-8"))
OURS, THEIRS = {"id": "build-service"}, {"id": "somebody"}
MARKER = "<!-- specrun plan -->"
_PLACE = "file=jobs/a; b.yaml,line=3,endLine=3,col=5,endColumn=8"
ERROR = f"::error {_PLACE},title=There is no such key. [unknown-key]::100%25%0A##vso[x]\n"
NOTICE = "::notice file=a.yaml,line=7,endLine=7,col=1,endColumn=2,title=T%3A t [c]::said\n"


class DevOps:
    """An organisation. `refused` are statuses by a pattern of `METHOD path`."""

    def __init__(self) -> None:
        self.threads: list[dict[str, Any]] = []
        self.builds: list[dict[str, Any]] = []
        self.completed: list[dict[str, Any]] = []
        self.open: list[int] = []
        self.refused: dict[str, int] = {}
        self.asked: list[str] = []
        self.archive = b""
        self.address = ""

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, object]:
        self.asked.append(f"{method} {path}")
        status = next((code for pattern, code in self.refused.items() if re.search(pattern, self.asked[-1])), 0)
        if status:
            return status, b"<html>Sign in" if status == 203 else {"message": "TF401027: you need permission"}
        if path.endswith("/connectionData"):
            return 200, {"authenticatedUser": OURS}
        if path.endswith("/pullrequestquery"):
            return 200, {"results": [{NEXT: self.completed}]}
        if path.endswith("/pullrequests"):
            return 200, {"value": [{"pullRequestId": number} for number in self.open]}
        if path.endswith("/content"):
            return 200, self.archive
        if path.endswith("/artifacts"):
            where = {"downloadUrl": f"{self.address}models/_apis/content?format=zip"}
            return 200, {"value": [{"name": "other"}, {"name": "specrun-plan", "resource": where}]}
        if path.endswith("/builds"):
            return 200, {"value": self.builds}
        if method == "POST":
            self.threads.append({**body, "id": len(self.threads) + 1})
            self.threads[-1]["comments"][0] |= {"id": 1, "author": OURS}
            return 200, self.threads[-1]
        if method == "PATCH":
            thread = self.threads[int(path.split("/threads/")[1].split("/")[0]) - 1]
            (thread["comments"][0] if "/comments/" in path else thread).update(body)
            return 200, thread
        return 200, {"value": self.threads}

    def write(self, content: str, author: dict[str, str] = OURS) -> None:
        """There is a thread already."""
        comment = {"id": 1, "content": content, "author": author}
        self.threads.append({"id": len(self.threads) + 1, "comments": [comment], "status": "active"})


@pytest.fixture(scope="module")
def served() -> Iterator[DevOps]:
    devops = DevOps()

    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            assert self.headers["Authorization"] == "Bearer of-the-job"
            assert "api-version" in parse_qs(parts.query) or "format" in parts.query
            status, found = devops.answer(self.command, parts.path, json.loads(data or b"{}"))
            content = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do

        def log_message(self, *_: object) -> None:
            pass

    with LoopbackServer(("127.0.0.1", 0), Handler) as server:
        devops.address = f"http://127.0.0.1:{server.server_port}/"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield devops
        server.shutdown()


class Job:
    def __init__(self, folder: Path, checkout: Path, devops: DevOps) -> None:
        self.folder, self.devops, self.specrun = folder, devops, Told(checkout)
        self.environment = {
            "TF_BUILD": "True",
            "SYSTEM_COLLECTIONURI": devops.address,
            "SYSTEM_TEAMPROJECT": "models",
            "SYSTEM_DEFINITIONID": "4",
            "BUILD_REPOSITORY_ID": "7f3a",
            "BUILD_REPOSITORY_URI": "https://team@dev.azure.com/team/models/_git/jobs",
            "BUILD_BUILDID": "17",
            "BUILD_SOURCEVERSION": NEXT,
            "BUILD_SOURCEBRANCH": "refs/heads/main",
            "AGENT_TEMPDIRECTORY": str(folder),
            "RUNNER_TEMP": str(folder),
            "INPUT_TOKEN": "of-the-job",
        }

    def about(self, reason: str, **more: str) -> None:
        """Why it runs."""
        self.environment |= {"BUILD_REASON": reason, **more}

    def run(self, mode: str, **said: str) -> int:
        environment = {**self.environment, **{f"INPUT_{name.upper()}": text for name, text in said.items()}}
        api = AzureDevOpsApi(self.devops.address, "of-the-job", lambda seconds: None)
        service = AzureDevOps(environment, api)
        try:
            return run(service, inputs(environment, mode), self.specrun, environment)  # type: ignore[arg-type]
        except Refusal as refusal:
            service.tell("error", str(refusal))
            return refusal.code


@pytest.fixture
def job(tmp_path: Path, checkout: Path, served: DevOps) -> Job:
    """A job on a pull request of this repository."""
    address = served.address
    served.__init__()  # type: ignore[misc]
    served.address = address
    found = Job(tmp_path, checkout, served)
    found.about(
        "PullRequest",
        SYSTEM_PULLREQUEST_PULLREQUESTID="12",
        SYSTEM_PULLREQUEST_TARGETBRANCH="refs/heads/main",
        SYSTEM_PULLREQUEST_SOURCECOMMITID=HEAD,
        SYSTEM_PULLREQUEST_ISFORK="False",
    )
    return found


def test_findings_are_issues_at_their_lines(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    job.specrun.answers["validate"] = Done(65, ERROR + NOTICE + "other\n")
    assert job.run("validate") == 65
    assert job.specrun.called("validate") == [
        *("validate", "--rules-from", "origin/main", "--changed-since", "origin/main", "-o", "github")
    ]
    issue, notice, code = capsys.readouterr().out.splitlines()
    where = "sourcepath=jobs/a%3B b.yaml;linenumber=3;columnnumber=5"
    said = r"There is no such key. [unknown-key]: 100%AZP25%0A\x23#vso[x]"
    assert issue == f"##vso[task.logissue type=error;{where}]{said}"
    assert notice == "a.yaml:7: T: t [c]: said"
    assert code == "##vso[task.setvariable variable=specrun.exit-code]65"


def test_a_plan_is_one_thread_that_holds_nobody_up(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    job.devops.write(f"{MARKER}\nof somebody else", THEIRS)
    assert job.run("plan") == 0
    _, thread = job.devops.threads
    assert thread["status"] == "closed"
    assert thread["comments"][0]["content"].startswith(f"{MARKER}\n<!-- specrun digest ")
    assert "### 1 to update" in thread["comments"][0]["content"]
    out = capsys.readouterr().out
    page = "https://dev.azure.com/team/models/_git/jobs/pullrequest/12?discussionId=2"
    assert f"variable=specrun.comment-url]{page}\n" in out
    assert f"variable=specrun.plan-file]{job.folder}/specrun-plan/specrun.plan\n" in out
    summary = re.findall(r"##vso\[task\.uploadsummary\](.+)", out)[0]
    assert "### 1 to update" in Path(summary).read_text()
    job.specrun.answers["plan"] = Done(65, f"{MARKER}\n### ⛔ specrun plan: 1 mistake, nothing was planned\n")
    assert job.run("plan") == 65
    assert len(job.devops.threads) == 2
    assert job.devops.threads[1]["status"] == "active"
    assert "1 mistake" in job.devops.threads[1]["comments"][0]["content"]


def test_a_fork_is_planned_without_credentials_and_comment(job: Job) -> None:
    job.about("PullRequest", SYSTEM_PULLREQUEST_ISFORK="True")
    assert job.run("plan", engine="azureml") == 0
    assert (job.specrun.trusted, job.devops.asked) == (False, [])
    assert job.specrun.called("plan")[1:3] == ["--engine", "local"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (203, "shows a page to sign in"),
        (401, "does not know the token"),
        (403, "Allow it 'Contribute to pull requests' on the repository"),
        (404, "there is none, or the build service may not see it"),
        (500, "it failed"),
    ],
)
def test_what_the_service_refuses_is_told(
    job: Job, status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    job.devops.refused = {"/threads": status}
    assert job.run("plan") == 1
    told = capsys.readouterr().out
    assert words in told
    assert "##vso[task.logissue type=error]" in told
    assert ("TF401027" in told) == (status != 203)


def test_what_was_reviewed_is_applied_after_the_completion(job: Job) -> None:
    assert job.run("plan") == 0
    with zipfile.ZipFile(packed := io.BytesIO(), "w") as archive:
        archive.writestr("specrun-plan/specrun.plan", plan_file())
    job.devops.archive = packed.getvalue()
    job.devops.builds = [
        {"id": 19, "triggerInfo": {"pr.sourceSha": NEXT}},
        {"id": 17, "triggerInfo": {"pr.sourceSha": HEAD}},
    ]
    merged = {"pullRequestId": 12, "status": "completed", "targetRefName": "refs/heads/main"}
    job.devops.completed = [{**merged, "lastMergeSourceCommit": {"commitId": HEAD}}]
    job.about("IndividualCI")
    assert job.run("apply") == 0
    assert job.specrun.called("apply")[0] == "apply"
    assert "✅ **Applied**" in job.devops.threads[0]["comments"][0]["content"]
    assert [one for one in job.devops.asked if one.endswith("/artifacts")] == [
        "GET /models/_apis/build/builds/17/artifacts"
    ]
    job.devops.builds.pop()
    assert job.run("apply") == 4
    assert "⛔ **Not applied**" in job.devops.threads[0]["comments"][0]["content"]
    job.devops.completed = [{**job.devops.completed[0], "forkSource": {}}]
    assert job.run("apply") == 4
    job.devops.completed = []
    assert job.run("apply") == 4


def test_drift_is_a_warning_of_the_run(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    job.about("Schedule")
    job.specrun.answers["drift"] = Done(3, "<!-- specrun drift -->\n### 1 drifted\n")
    assert job.run("drift") == 0
    out = capsys.readouterr().out
    assert "##vso[task.logissue type=warning]specrun: Drift: the summary of this run has it" in out
    assert "##vso[task.complete result=SucceededWithIssues;]" in out
    job.specrun.answers["drift"] = Done(0, "")
    assert job.run("drift") == 0
    assert "task.complete" not in capsys.readouterr().out


def test_a_wrong_call_is_told_to_the_agent(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TF_BUILD", "True")
    assert main(["nosuch"]) == 64
    assert capsys.readouterr().out.startswith("##vso[task.logissue type=error]`mode` is one of validate, plan")


def steps(found: Any) -> Iterator[dict[str, Any]]:
    """The steps, with those that stand below a condition."""
    for one in found:
        first = next(iter(one))
        if first.startswith("${{"):
            yield from steps(one[first])
        else:
            yield one


def test_the_template_runs_the_same_scripts() -> None:
    found = list(steps(TEMPLATE["steps"]))
    scripts = [one.get("bash") or one.get("inputs", {}).get("inlineScript") for one in found]
    lines = [one for one in scripts if one]
    assert lines == [
        'exec "${INPUT_PYTHON:-python3}" -I "$SPECRUN_ACTION" install',
        *['exec "$SPECRUN_PYTHON" -I "$SPECRUN_ACTION" "$INPUT_MODE"'] * 2,
    ]
    with_azure, without = [one["env"] for one in found if "SPECRUN_PYTHON" in one.get("env", {})]
    assert with_azure == without
    handed = "".join(str(value) for one in found for value in one.get("env", {}).values())
    known = {one["name"] for one in TEMPLATE["parameters"]}
    assert {name for name in known if f"parameters.{name} " not in handed} == {"serviceConnection"}
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    named = {re.sub("[A-Z]", lambda one: f"-{one[0].lower()}", name) for name in known} - {"service-connection"}
    assert named <= set(action["inputs"])
    (azure,) = [one for one in found if one.get("task") == "AzureCLI@2"]
    assert "ne(variables['System.PullRequest.IsFork'], 'True')" in azure["condition"]
