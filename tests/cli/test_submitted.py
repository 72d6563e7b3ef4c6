"""`diff` and `checkout`: what runs consisted of, on this machine and anywhere."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specrun.apply.kept_spec import _as_written
from specrun.plan.as_ran import AsRan, unpacked
from specrun.plan.fingerprint import fingerprint
from specrun.plan.observed import Run, RunStatus
from tests.cli.conftest import Command
from tests.engine_double import Double, offer, write_spec

BASE = """
apiVersion: specrun/v1
abstract: true
vars: {lr: 0.1, who: "${{ env.WHO }}"}
job:
  code: ../src
  command: ./run.sh ${{ inputs.d }} ${{ inputs.f }} ${{ inputs.s }} --lr ${{ vars.lr }}
  environment_variables: {WHO: "${{ vars.who }}", KEY: "${{ secrets.KEY }}", AT: "${{ env.WHO }}/x"}
"""
SPEC = """
name: shell
extends: base.yaml
targets: {prod: {vars: {lr: 0.5}}, dev: {}}
data: {d: {path: ../data}}
job:
  inputs: {d: {data: d}, f: {path: one.txt, type: uri_file}, s: 3}
"""


def lay_out(home: Path) -> None:
    Path(".git").mkdir()
    for folder in ("src", "data", "specs"):
        Path(folder).mkdir()
    Path(".gitignore").write_text("*.bin\n")
    Path("src/run.sh").write_text("#!/bin/sh\necho $*; echo gone > keep.txt\n")
    Path("src/run.sh").chmod(0o755)
    for file in ("src/keep.txt", "src/no.bin", "data/a.csv", "specs/one.txt"):
        Path(file).write_text(f"{file}\n")
    Path("specs/base.yaml").write_text(BASE)
    Path("specs/job.yaml").write_text(f"apiVersion: specrun/v1\n{SPEC}")


def test_a_run_is_compared_and_written_out_again(
    specrun: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path)
    monkeypatch.setenv("WHO", "me")
    monkeypatch.setenv("KEY", "a-secret-of-12")
    names = []
    for more in ((), ("--var", "lr=0.7")):
        said = specrun("apply", "--target", "prod", *more, "specs/job.yaml")
        assert said.code == 0, said.err
        names.append(specrun("runs", "-q", "--limit", "1", "--target", "prod", "specs/job.yaml").out.strip())
        Path("src/run.sh").write_text("#!/bin/sh\necho again $*\n")
        monkeypatch.setenv("WHO", "you")
    older, newer = names

    said = specrun("diff", newer)
    assert said.code == 0, said.err
    assert {"lr 0.5 → 0.7", "AT me/x → you/x"} <= {" ".join(line.split()) for line in said.out.splitlines()}
    assert "--- a/run.sh\n+++ b/run.sh\n" in said.out
    assert "\n-echo $*; echo gone > keep.txt\n+echo again $*\n" in said.out
    assert specrun("diff", older).err.startswith(f"{older} is the first run of shell")

    shutil.rmtree("src")
    Path("specs/one.txt").unlink()
    monkeypatch.delenv("WHO")
    assert "a-secret" not in "".join(read_all(Path(".specrun")))
    # Its job has written to keep.txt; the run after it, which did not, has it still.
    said = specrun("checkout", older, "out")
    assert said.code == 0, said.out + said.err
    assert f"{older}: 4 files in out, with the same fingerprint" in said.err
    assert Path("out/src/keep.txt").read_text() == "src/keep.txt\n"
    assert os.access("out/src/run.sh", os.X_OK)
    assert "--lr ${{ vars.lr }}" in Path("out/job.yaml").read_text()
    said = specrun("plan", "--exit-code", "out/job.yaml")
    assert said.code == 0, said.out + said.err
    assert older in said.out
    again = specrun("checkout", older, "out")
    assert (again.code, "out is not empty" in again.err) == (64, True)
    assert specrun("checkout", older).err.startswith(f"say where to write the run: specrun checkout {older} DIR")


def read_all(folder: Path) -> list[str]:
    return [path.read_bytes().decode("latin1") for path in folder.rglob("*") if path.is_file()]


CODE = b"print(1)\n"
MD5 = hashlib.md5(CODE, usedforsecurity=False).hexdigest()
JOB = "name: job\njob: {code: src, command: python train.py}\n"


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Double:
    """One run on this machine, of which nothing was kept yet."""
    identity: dict[str, Any] = {"fp": 1, "command": "python train.py", "code": {"train.py": [MD5, False]}}
    digest = fingerprint(identity)
    run = Run(f"job-{digest[:10]}", "job", digest, 1, RunStatus.SUCCEEDED)
    double = Double(asks=False, all_runs=[run])
    double.identities[run.name] = identity
    double.code[f"{run.name}/train.py"] = CODE
    offer(monkeypatch, "local", double)
    write_spec(Path.cwd(), JOB, **{"src/train.py": "print(1)\n"})
    return double


def test_of_a_run_from_before_specs_were_kept_there_is_its_code(specrun: Command, double: Double) -> None:
    said = specrun("checkout", "job.yaml", "out")
    assert said.code == 1
    assert "error: there is no job.yaml: " in said.err
    assert "was submitted by a version of specrun that kept no spec" in said.err
    assert Path("out/src/train.py").read_bytes() == CODE


SWEPT = """\
apiVersion: specrun/v1
name: job
job:
  command: python train.py --lr ${{ search_space.lr }}
  environment_variables: {LR: "${{ search_space.lr }}"}
sweep:
  sampling_algorithm: grid
  search_space: {lr: {type: choice, values: [1, 2]}}
  objective: {goal: maximize, primary_metric: a}
"""


def test_a_trial_is_written_as_a_plain_run_and_its_code_is_its_sweeps_where_it_has_none(
    specrun: Command, double: Double
) -> None:
    (sweep,) = double.all_runs
    trial = replace(sweep, name="job-00000000aa", fingerprint="a" * 64, parent=sweep.name, parameters={"lr": 2})
    double.all_runs.append(trial)
    double.identities[trial.name] = double.identities[sweep.name]
    double.kept[trial.name] = double.kept[sweep.name] = AsRan(SWEPT).packed()
    specrun("checkout", trial.name, "out")
    written = Path("out/job.yaml").read_text()
    assert ("sweep" in written.splitlines()[1:], "--lr 2" in written, "${{" in written) == (False, True, False)
    assert written.splitlines()[0] == (
        f"# The spec of {trial.name} as it ran, a trial of {sweep.name}: its parameters are in place."
    )
    assert Path("out/src/train.py").read_bytes() == CODE
    specrun("checkout", sweep.name, "all")
    assert Path("all/job.yaml").read_text() == SWEPT
    double.kept[trial.name] = AsRan("{{{").packed()  # what nobody can read stays as it is
    specrun("checkout", trial.name, "odd")
    assert Path("odd/job.yaml").read_text() == "{{{"


def test_what_would_leave_the_folder_or_is_not_what_was_submitted_is_refused(specrun: Command, double: Double) -> None:
    (run,) = double.all_runs
    names = ("../../x", "/etc/x", "a/../../x", "a\\x", "bad\nname", "changed.py")
    code = {"train.py": [MD5, False]} | {name: [MD5, False] for name in names}
    double.identities[run.name] = {"fp": 1, "command": "x", "code": code}
    double.code |= {f"{run.name}/{name}": CODE for name in names} | {f"{run.name}/changed.py": b"other"}
    double.kept[run.name] = AsRan("name: job\n", {}).packed()
    said = specrun("checkout", "job.yaml", "out", "-o", "json")
    told = json.loads(said.out)
    assert said.code == 1
    assert {*told["not_written"]} == {f"src/{name}" for name in names}
    assert told["not_written"]["src/changed.py"] == "what is there is not what was submitted"
    assert told["files"] == ["job.yaml", "src/train.py"]
    written = [str(path) for path in Path("out").rglob("*") if path.is_file()]
    assert sorted(written) == ["out/.amlignore", "out/job.yaml", "out/src/train.py"]


@pytest.mark.parametrize("content", [b"", b"not a zip", AsRan("x", {"../y": b""}).packed(), AsRan("x").packed()[:-9]])
def test_an_archive_that_is_not_what_was_written_is_none(content: bytes) -> None:
    assert unpacked(content) is None


def test_an_archive_gives_back_what_was_put_in() -> None:
    kept = AsRan("a: 1\n", {"environment/x.txt": b"1"}, {"fp": 1}, {"": {"a.py": 3}}, {"d": "inputs/d/in"}, ("that",))
    assert unpacked(kept.packed()) == kept
    assert kept.packed() == replace(kept).packed()


def test_variables_stay_what_they_are_called_and_the_environment_is_put_in() -> None:
    written = {"a": "${{ vars.x }}", "b": "${{ env.E }}/${{ vars.x }}", "c": ["${{vars.x}}-${{ inputs.i }}", 1], "d": 1}
    final = {"a": 3, "b": "e/3", "c": ["3-${{ inputs.i }}", 1], "d": 2}
    kept = {"a": "${{ vars.x }}", "b": "e/3", "c": ["${{vars.x}}-${{ inputs.i }}", 1], "d": 2}
    assert _as_written(written, final, {"x": 3}) == kept
    assert _as_written(written, final, {"x": 4}) == final


def test_one_run_is_compared_with_one(specrun: Command, double: Double) -> None:
    run = double.all_runs[0]
    double.all_runs.append(replace(run, name="job-9999999999", fingerprint="9" * 64))
    double.identities["job-9999999999"] = {}
    for name in (run.name, "job-9999999999"):
        Path(".specrun/runs", name).mkdir(parents=True, mode=0o700)
    for folder in (Path(".specrun"), Path(".specrun/runs")):
        folder.chmod(0o700)
    said = specrun("diff", run.name, "job-9999999999")
    assert said.code == 0, said.err
    assert "note: What job-9999999999 consisted of was not kept" in said.out
    said = specrun("diff", run.name, "job-9999999999", "job.yaml")
    assert (said.code, said.err) == (64, "3 runs are named, and two can be compared: say which\n")
