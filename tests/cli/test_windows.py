"""What Windows lacks is not missed but where jobs run; how it looks to somebody there."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from specrun.plan.checkout import other_line_ends
from tests.engine_double import write_spec
from tests.unit.test_checkout import PLAIN, as_windows, commit, repository

__all__ = ["repository"]  # a fixture
ROOT = Path(__file__).parents[2]
SPEC = """\
name: digits
compute: {name: cpu-cluster, size: STANDARD_D4DS_V5, max_instances: 2}
job:
  code: src
  command: python train.py
  resources: {instance_count: 2}
  distribution: {type: tensorflow}
  environment: {pip: [tensorflow-cpu]}
"""
CLI_V2 = "type: command\ncommand: python train.py\ncode: src\nenvironment: azureml:tf:1\ncompute: azureml:cpu\n"
LINES = {
    "validate digits.yaml": 0,
    "schema": 0,
    "show digits.yaml": 0,
    "plan digits.yaml": 0,
    "plan -o json digits.yaml": 0,
    "plan --out saved.json digits.yaml": 0,
    "export azureml digits.yaml --out-dir out": 0,
    "export tfjob digits.yaml --out tfjob.yaml": 0,
    "import azureml old.yaml --out new.yaml": 0,
    "graph digits.yaml": 0,
    "explain needs-wsl": 0,
    "init fresh": 0,
    "runs digits.yaml": 0,
    "doctor": 0,
    "apply digits.yaml": 1,
    "destroy --yes digits.yaml": 1,
}


def without(tmp_path: Path, *lines: str) -> list[Any]:
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "USERNAME": "ada", "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "key"),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "tests.windows", *lines],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_verbs_run_without_what_windows_lacks(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write_spec(tmp_path, SPEC, "digits.yaml")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("print(1)\n")
    (tmp_path / "old.yaml").write_text(CLI_V2)
    said = dict(zip(LINES, without(tmp_path, "--modules", *LINES), strict=True))
    assert {line: code for line, (code, _, _) in said.items()} == LINES, said
    assert "1 to submit" in said["plan digits.yaml"][1]
    assert codes_in(said["plan digits.yaml"][2]) == ["needs-wsl"]
    assert "error" not in said["plan digits.yaml"][2]
    refused = "nobody has tried `specrun {}` on Windows: use WSL, where specrun is on Linux\n"
    assert said["apply digits.yaml"][1:] == ["", refused.format("apply")]
    assert said["destroy --yes digits.yaml"][1:] == ["", refused.format("destroy")]
    assert (tmp_path / "new.yaml").is_file()
    assert "Traceback" not in said["doctor"][2]
    assert not (tmp_path / ".specrun" / "runs").exists()
    assert not list((tmp_path / ".specrun" / "staging").glob("*"))


@pytest.mark.parametrize("verb", ["apply", "destroy --yes", "prune --yes"])
def test_what_changes_something_is_refused_on_windows(verb: str, specrun: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write_spec(Path.cwd(), SPEC, "digits.yaml")
    monkeypatch.setattr(sys, "platform", "win32")
    said = specrun(*verb.split(), *([] if verb.startswith("prune") else ["digits.yaml"]))
    assert (said.code, said.out) == (1, "")
    assert said.err == f"nobody has tried `specrun {verb.split()[0]}` on Windows: use WSL, where specrun is on Linux\n"


@pytest.mark.parametrize("answer", [["init", "new"], ["export", "config", "--out", "config.json"]])
def test_files_that_are_written_have_plain_line_ends(
    answer: list[str], specrun: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_spec(
        Path.cwd(),
        "name: digits\njob: {command: ls}\nworkspace: {name: ml-ws, resource_group: ml-rg, "
        "subscription_id: 44444444-4444-4444-4444-444444444444}\n",
    )
    written: list[Any] = []
    whole = Path.write_text

    def write_text(self: Path, *args: Any, **options: Any) -> int:
        written.append(options.get("newline"))
        return whole(self, *args, **options)

    monkeypatch.setattr(Path, "write_text", write_text)
    specrun(*answer)
    assert written
    assert set(written) == {"\n"}


def test_a_plan_warns_of_it_until_it_is_mended_as_it_says(repository: Path, specrun: Any) -> None:
    write_spec(
        repository,
        "name: digits\ndata: {table: {path: table}}\njob: {code: src, command: python train.py}\n",
        table__a_csv="1\n2\n",
    )
    commit(repository, util=PLAIN, more=PLAIN, other=PLAIN)
    before = fingerprint(specrun)
    (repository / "table" / "a.csv").unlink()
    as_windows(repository)
    for _ in range(2):  # the second time from what is remembered
        said = specrun("plan", "job.yaml")
        assert (said.code, codes_in(said.err)) == (0, ["other-line-ends", "other-line-ends"])
        assert "`src/more.py`, `src/other.py` and `src/train.py` have Windows line ends" in " ".join(said.err.split())
        assert "`table/a.csv` has Windows line ends" in " ".join(said.err.split())
    assert fingerprint(specrun) != before
    (repository / ".gitattributes").write_text("* text=auto eol=lf\n")
    for name in ("src/train.py", "src/util.py", "src/more.py", "src/other.py", "table/a.csv"):
        mend = re.search(r"`(rm -- \S+ && git checkout -- \S+)`", other_line_ends([repository / name]))
        assert mend is not None
        assert shlex.split(mend[1])[-1] == name
        subprocess.run(mend[1], shell=True, check=True, capture_output=True)
    said = specrun("plan", "job.yaml")
    assert "other-line-ends" not in said.err
    assert fingerprint(specrun) == before


def codes_in(text: str) -> list[str]:
    return re.findall(r"warning\[([\w-]+)\]", text)


def fingerprint(specrun: Any) -> str:
    found = re.search(r"digits-[0-9a-f]{10}", specrun("plan", "job.yaml").out)
    assert found is not None
    return found[0]
