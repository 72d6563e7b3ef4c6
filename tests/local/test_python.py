"""What a job without `environment` runs in: the Python that is active, as `uv pip` chooses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from specrun.cli.main import run
from specrun.engines.local.python import active_python, short, words
from specrun.engines.local.submission import run_folder
from specrun.views.runs import Surroundings, status_text
from specrun.views.text import Paint
from tests.engine_double import read_specs, write_spec
from tests.local.machine import Machine

OWN = f"(Python {sys.version_info[0]}.{sys.version_info[1]}, the one that runs specrun)"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder, in a project of which we are."""
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    (project / "jobs").mkdir()
    monkeypatch.chdir(project / "jobs")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def specrun(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command line in this process: its status, and what it said."""
    monkeypatch.delenv("SPECRUN_ENGINE", raising=False)

    def command(*arguments: str) -> tuple[int, str, str]:
        return run([*arguments]), *capfd.readouterr()

    return command


def virtual(folder: Path, cfg: str = "version = 3.9.18\n") -> str:
    """What looks like a virtual environment."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").write_text("#!/bin/sh\n")
    (folder / "bin" / "python").chmod(0o755)
    (folder / "pyvenv.cfg").write_text(cfg)
    return str(folder)


def conda(folder: Path) -> str:
    """What looks like a conda environment."""
    virtual(folder)
    (folder / "pyvenv.cfg").unlink()
    (folder / "lib" / "python3.12" / "site-packages").mkdir(parents=True)
    return str(folder)


def found(**environ: str) -> tuple[str, list[str]]:
    python = active_python(environ)
    return python.words, sorted(python.variables)


def test_the_active_virtual_environment_comes_first(home: Path) -> None:
    virtual(home / "project" / ".venv")
    both = {"VIRTUAL_ENV": virtual(home / "envs" / "one"), "CONDA_PREFIX": conda(home / "miniconda" / "envs" / "two")}
    assert found(**both) == ("~/envs/one (Python 3.9, active virtual environment)", ["VIRTUAL_ENV"])
    assert active_python(both).programs == home / "envs" / "one" / "bin"


def test_then_the_active_conda_environment(home: Path) -> None:
    virtual(home / "project" / ".venv")
    said = found(CONDA_PREFIX=conda(home / "mc" / "envs" / "two"), CONDA_DEFAULT_ENV="two")
    assert said == ("~/mc/envs/two (Python 3.12, active conda environment)", ["CONDA_DEFAULT_ENV", "CONDA_PREFIX"])
    named_base = found(CONDA_PREFIX=conda(home / "mc" / "envs" / "base"), CONDA_DEFAULT_ENV="base")
    assert named_base[0] == "~/mc/envs/base (Python 3.12, active conda environment)"


@pytest.mark.parametrize("told", [{"CONDA_DEFAULT_ENV": "base"}, {"CONDA_DEFAULT_ENV": "root"}, {"_CONDA_ROOT": ""}])
def test_a_folder_s_own_comes_before_conda_s_base(home: Path, told: dict[str, str]) -> None:
    base = conda(home / "miniconda")
    told = {name: value or base for name, value in told.items()}
    assert found(CONDA_PREFIX=base, **told)[0] == "~/miniconda (Python 3.12, conda's base environment)"
    virtual(home / "project" / ".venv", "home = /x\nversion_info = 3.10.13.final.0\n")
    assert found(CONDA_PREFIX=base, **told) == (
        "~/project/.venv (Python 3.10, virtual environment of this folder)",
        ["VIRTUAL_ENV"],
    )


def test_no_folder_outside_of_the_repository_is_looked_into(home: Path) -> None:
    virtual(home / ".venv")
    assert found() == (f"{short(sys.executable)} {OWN}", [])
    assert active_python({}).programs == Path(sys.executable).parent


@pytest.mark.parametrize("left", [[], ["bin"]])
def test_one_that_is_gone_is_told(home: Path, left: list[str]) -> None:
    for name in left:
        (home / "gone" / name).mkdir(parents=True)
    python = active_python({"VIRTUAL_ENV": str(home / "gone")})
    assert python.broken == "active virtual environment at ~/gone has no `bin/python`"
    assert python.words.endswith(OWN)


SPEC = "name: bare\njob:\n  code: src\n  command: python whence.py; echo $VIRTUAL_ENV\n"


def test_a_job_runs_in_it(home: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    # A real one; its Python says where it is from.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / "real"], check=True)
    (spec,) = read_specs(write_spec(home / "project", SPEC, src__whence_py="import sys\nprint(sys.prefix)\n"))
    before = machine.submission(spec)
    monkeypatch.setenv("VIRTUAL_ENV", str(home / "real"))
    submission = machine.submission(spec)
    assert (submission.fingerprint, submission.identity) == (before.fingerprint, before.identity)
    machine.apply(spec)
    assert machine.said() == [str(home / "real")] * 2
    one = machine.engine.runs.get(submission.name)
    assert one.python == words({"VIRTUAL_ENV": str(home / "real")})
    assert f"\n  python       {one.python}" in status_text(one, Surroundings(""), Paint(False))
    request = json.loads((run_folder(machine.home, one.name) / "request.json").read_text())
    assert request["path"] == [str(home / "real" / "bin")]


def test_an_environment_that_is_gone_is_a_warning(
    home: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare, own = read_specs(
        write_spec(home / "project", SPEC, src__whence_py=""),
        write_spec(home / "project", SPEC.replace("bare", "own") + "  environment: {pip: [six]}\n", "own.yaml"),
    )
    assert list(machine.engine.check(bare)) == []
    monkeypatch.setenv("VIRTUAL_ENV", str(home / "gone"))
    (told,) = machine.engine.check(bare)
    assert (told.code, told.path) == ("environment-gone", ("job",))
    assert "~/gone has no `bin/python`: the job runs in" in told.detail
    assert list(machine.engine.check(own)) == []


def test_plan_names_it_and_notes_what_it_means(home: Path, specrun: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", virtual(home / "envs" / "one"))
    write_spec(home / "project" / "jobs", SPEC, src__whence_py="")
    _, out, err = specrun("plan", "job.yaml")
    assert "      runs in ~/envs/one (Python 3.9, active virtual environment)\n" in out
    assert err.count("note[environment-of-machine]") == 1
    _, out, err = specrun("plan", "job.yaml", "--environment", "current", "-o", "json")
    (change,) = (one for one in json.loads(out)["resource_changes"] if one["type"] == "run")
    assert change["run"]["runs_in"] == "~/envs/one (Python 3.9, active virtual environment)"
    assert "environment-of-machine" not in out + err
    assert specrun("plan", "job.yaml", "--out", "plan.specrun")[0] == 0
    assert "envs" not in Path("plan.specrun").read_text("utf-8")
    monkeypatch.delenv("VIRTUAL_ENV")
    assert specrun("plan", "--check", "plan.specrun")[0] == 0


@pytest.mark.parametrize(
    ("more", "options", "codes"),
    [
        ("", [], ["environment-of-machine"]),
        ("", ["--engine", "local"], ["environment-of-machine"]),
        ("", ["--environment", "current"], []),
        ("engine: local\nworkspace: {name: ml-ws}\n", [], ["environment-of-machine"]),
        ("workspace: {name: ml-ws}\n", [], []),
        ("engine: azureml\n", [], []),
    ],
)
def test_validate_notes_it_of_what_goes_to_this_machine(
    home: Path, specrun: Command, more: str, options: list[str], codes: list[str]
) -> None:
    write_spec(home / "project" / "jobs", more + SPEC, src__whence_py="")
    _, out, _ = specrun("validate", "job.yaml", "-o", "json", *options)
    told = [one["code"] for one in json.loads(out)["diagnostics"]]
    assert [code for code in told if code.startswith("environment")] == codes
