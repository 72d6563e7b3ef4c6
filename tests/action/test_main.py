"""The scripts as a job starts them: in processes, with the runner's files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from action.main import told
from action.program import Specrun
from tests.action.conftest import Job
from tests.github_api import REPOSITORY, github_api

ROOT = Path(__file__).parents[2]
SPEC = "apiVersion: specrun/v1\nname: tides\njob:\n  command: echo hi\n  entrypoint: x\n"


def test_validate_as_a_job_starts_it(tmp_path: Path) -> None:
    (tmp_path / "tides.yaml").write_text(SPEC)
    (tmp_path / "event.json").write_text(json.dumps({"ref": "refs/heads/main", "before": "0" * 40}))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "CI": "true",
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "INPUT_FILES": "tides.yaml",
    }
    command = [sys.executable, "-I", str(ROOT / "action"), "validate"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 65, done.stderr
    assert "::error file=tides.yaml,line=5" in done.stdout
    assert "exit-code<<" in (tmp_path / "output").read_text()


def test_a_pull_request_cannot_relax_the_rule_that_it_breaks(tmp_path: Path) -> None:
    with github_api() as api:
        job = Job(tmp_path, api)
        clone = tmp_path / "clone"
        clone.mkdir()
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CI": "true"}
        job.specrun = Specrun((str(Path(sys.executable).with_name("specrun")),), environment, str(clone))  # type: ignore[assignment]

        def commit(most: int, wanted: int) -> None:
            (clone / ".specrun.yaml").write_text(f"specs: [tides.yaml]\nrules: {{max_instances: {most}}}\n")
            size = f"compute: {{name: cpu, size: STANDARD_D4S_V3, max_instances: {wanted}}}\n"
            (clone / "tides.yaml").write_text(f"apiVersion: specrun/v1\nname: tides\n{size}job: {{command: ls}}\n")
            for words in (["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"]):
                subprocess.run(["git", *words], cwd=clone, check=True)

        subprocess.run(["git", "init", "-qb", "main"], cwd=clone, check=True)
        commit(4, 2)
        subprocess.run(["git", "update-ref", "refs/remotes/origin/main", "HEAD"], cwd=clone, check=True)
        commit(40, 9)
        job.pull_request()
        assert job.run("validate") == 4
        assert api.asked == []


def test_specrun_is_told_who_signs_in_and_not_the_token() -> None:
    given = {
        "INPUT_TOKEN": "ghs_1",
        "INPUT_CLIENT_ID": "id",
        "INPUT_TENANT_ID": "",
        "AZURE_TENANT_ID": "mine",
        "X": "y",
    }
    assert told(given) == {"AZURE_CLIENT_ID": "id", "AZURE_TENANT_ID": "mine", "X": "y"}


def test_a_strangers_specs_are_read_without_credentials() -> None:
    secret = [
        *("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE", "ACTIONS_ID_TOKEN_REQUEST_URL"),
        *("GH_TOKEN", "ACTIONS_RUNTIME_URL", "SYSTEM_ACCESSTOKEN", "WANDB_API_KEY", "DB_PASSWORD", "MY_SAS"),
    ]
    fine = ["PATH", "CI", "GITHUB_SHA", "AZURE_SUBSCRIPTION_ID", "AZURE_TENANT_ID", "STEPS"]
    kept = Specrun((), dict.fromkeys([*secret, *fine], "x")).without_credentials().environment
    assert kept == dict.fromkeys(fine, "x")
    for given in ({}, {"AZURE_SUBSCRIPTION_ID": ""}):  # GitHub gives a fork no `vars`
        assert Specrun((), given).without_credentials().environment["AZURE_SUBSCRIPTION_ID"].startswith("00000000-")


def test_what_is_followed_is_shown_as_it_comes_and_its_end_is_kept(capfd) -> None:  # type: ignore[no-untyped-def]
    script = "import sys; [print(n) for n in range(500)]; print('é', file=sys.stderr); sys.exit(100)"
    done = Specrun((sys.executable, "-u", "-X", "utf8", "-c"), {}).follow(script)
    assert done.code == 100
    lines = done.out.splitlines()
    assert len(lines) == 400
    assert "é" in lines
    assert capfd.readouterr().out.startswith("0\n1\n")


def test_who_ends_the_job_asks_specrun_to_end() -> None:
    script = (
        "import os, signal, sys; signal.signal(signal.SIGINT, lambda *_: sys.exit(130)); print('begun', flush=True);"
        "os.kill(os.getppid(), signal.SIGTERM); signal.pause()"
    )
    done = Specrun((sys.executable, "-c"), {}).follow(script)
    assert (done.code, done.out) == (130, "begun\n")
