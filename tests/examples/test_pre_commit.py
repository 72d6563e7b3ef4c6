"""The hook, as the real pre-commit clones, installs and runs it on a repository; nothing is fetched for that."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = (".pre-commit-hooks.yaml", "pyproject.toml", "README.md", "LICENSE", "release", "schemas", "specrun")
AS_SOMEBODY = ("-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false")

FILES = {
    "jobs/train.yaml": "apiVersion: specrun/v1\nname: train\njob: {command: ls}\n",
    "base.yml": "apiVersion: specrun/v1\nabstract: true\ncompute: {name: gpu}\n",
    ".specrun.yaml": "specs: [jobs]\n",
    "chart/templates/a.yaml": "{{- if .Values.x }}\nkind: {{ .Values.kind }}\n{{- end }}\n",
    "two.yaml": "a: 1\n---\nb: 2\n",
    "broken.yaml": "a: [\n",
    "nothing.yaml": "",
    "page.yaml": "text: |\n  apiVersion: specrun/v1\n  name: only told\n",
    "notes.txt": "apiVersion: specrun/v1\nnonsense\n",
}


def git(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *AS_SOMEBODY, *arguments],
        cwd=folder,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def committed(folder: Path) -> str:
    """A repository's first commit, of all that is there."""
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    assert git(folder, "commit", "-qm", "first", "--no-verify").returncode == 0
    return git(folder, "rev-parse", "HEAD").stdout.strip()


@pytest.mark.slow
def test_a_commit_is_checked(tmp_path: Path) -> None:
    pytest.importorskip("pre_commit")
    pytest.importorskip("hatchling")
    project, work = tmp_path / "project", tmp_path / "work"
    for name in PROJECT:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, project / name)
    revision = committed(project)
    hook = (
        f"repos: [{{repo: '{project.as_uri()}', rev: {revision}, hooks: [{{id: specrun-validate, verbose: true}}]}}]\n"
    )
    write(work, {**FILES, ".pre-commit-config.yaml": hook})
    committed(work)
    variables = {
        "PRE_COMMIT_HOME": str(tmp_path / "home"),
        # What pip would fetch is here already.
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_COMPILE": "1",
        "VIRTUALENV_NO_SETUPTOOLS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it the other way round
        "PYTHONPATH": sysconfig.get_paths()["purelib"],
    }
    installed = subprocess.run(
        [sys.executable, "-m", "pre_commit", "install"], cwd=work, env={**os.environ, **variables}, capture_output=True
    )
    assert installed.returncode == 0
    write(work, {name: f"{text}\n# touched\n" for name, text in FILES.items()})
    git(work, "add", "-A")
    passed = git(work, "commit", "-m", "all", **variables)
    assert passed.returncode == 0, passed.stdout
    assert "no mistakes" not in passed.stdout
    assert "in 3 files" in passed.stdout
    write(work, {"jobs/train.yaml": FILES["jobs/train.yaml"].replace("command", "comand"), "broken.yaml": "a: [[\n"})
    write(work, {".specrun.yaml": "spec: [jobs]\n", "jobs/new.yml": "apiVersion: specrun/v1\nname: [\n"})
    git(work, "add", "-A")
    refused = git(work, "commit", "-m", "wrong", **variables)
    assert refused.returncode == 1, refused.stdout
    for told in ("jobs/train.yaml:3:7: error[unknown-key]", ".specrun.yaml:1:1: error[unknown-key]", "jobs/new.yml:"):
        assert told in refused.stdout
    assert "broken.yaml" not in refused.stdout
