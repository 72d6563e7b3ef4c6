"""Everything in the state folder is its user's alone, and nothing is written, nor believed, through a link in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from specrun.cli.main import run as specrun
from tests.engine_double import read_specs, write_spec
from tests.local.machine import Machine

TEXT = """\
name: job
compute: {name: gpu, max_instances: 2}
data: {d: {path: data, target: digits}, e: {path: data, target: other}}
job:
  command: cat ${{ inputs.d }}/deep/a ${{ inputs.e }}/deep/a && echo x > ${{ outputs.kept }}/x && sh run.sh
  code: src
  inputs: {d: {data: d}, e: {data: e, mode: download}}
  outputs: {kept: {path: azureml://datastores/workspaceblobstore/paths/kept/deep}}
  environment: {pip: []}
"""
FILES = {"data__deep__a": "1", "src__lib__b_py": "2", "src__run_sh": "echo $0"}


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_it_is_this_users_alone_whatever_the_umask(
    tmp_path: Path, machine: Machine, installer: Path, open_umask: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = write_spec(tmp_path, TEXT, **FILES)
    (tmp_path / "src/run.sh").chmod(0o755)
    (spec,) = read_specs(path)
    assert machine.apply(spec).failed == []
    machine.engine.runs.cancel(machine.engine.runs.list("job").runs[0].name)
    by_the_job = {machine.home / "datastores/default/kept/deep/x"}
    private = [one for folder in (machine.home, tmp_path / "state") for one in (folder, *folder.rglob("*"))]
    wide = {one for one in private if not one.is_symlink() and one.stat().st_mode & 0o077}
    assert wide == by_the_job
    (run,) = (machine.home / "runs").iterdir()
    assert (run / "code/run.sh").stat().st_mode & 0o100
    assert not (run / "code/lib/b.py").stat().st_mode & 0o100


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a spec has been applied."""
    folder = tmp_path / "repository"
    (folder / ".git").mkdir(parents=True)
    write_spec(folder, TEXT.replace("  environment: {pip: []}\n", ""), **FILES)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("SPECRUN_HOME", raising=False)
    assert specrun(["apply"]) == 0
    return folder


PLACES = (
    "resources/data",
    "resources/compute",
    "resources/compute/gpu.json",
    "datastores/default",
    "datastores/default/digits",
    "datastores/default/digits/deep",
    "datastores/default/digits/deep/a",
    "cache/md5.json",
    "runs/{run}",
    *(f"runs/{{run}}/{name}" for name in ("state.json", "run.json", "request.json", "logs", "outputs", "lock")),
)


@pytest.mark.parametrize("place", PLACES)
def test_no_link_is_followed_by_a_write(
    repository: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], place: str
) -> None:
    home = repository / ".specrun"
    (run,) = (home / "runs").iterdir()
    path = home / place.format(run=run.name)
    elsewhere = path.rename(tmp_path / "elsewhere")
    path.symlink_to(elsewhere)
    before = [(one, one.lstat().st_mtime_ns, one.lstat().st_mode) for one in (elsewhere, *elsewhere.rglob("*"))]
    (repository / "data/deep/a").write_text("new")
    (repository / "data/deep/b").write_text("new")
    (repository / "src/more.py").write_text("new")
    for verb in (["plan"], ["apply"], ["logs"], ["outputs", "--fetch", str(tmp_path / "out")], ["cancel"]):
        assert specrun(verb) in (0, 1)
    for verb in (["destroy", "--also", "run", "--also", "data", "--also", "environment", "--yes"],):
        assert specrun(verb) in (0, 1)
    assert "Traceback" not in capfd.readouterr().err
    after = [(one, one.lstat().st_mtime_ns, one.lstat().st_mode) for one in (elsewhere, *elsewhere.rglob("*"))]
    assert after == before


def test_what_was_fetched_and_is_not_what_it_is_called_is_fetched_again(tmp_path: Path) -> None:
    from specrun.plan.remote import NotFetched, download

    digest = "0" * 64
    kept = tmp_path / "home/cache/https" / digest / "a.zip"
    kept.parent.mkdir(parents=True)
    kept.write_text("planted")
    with pytest.raises(NotFetched, match="refused"):
        download("https://127.0.0.1:9/a.zip", digest, tmp_path / "home", lambda *_: None)
    shutil.rmtree(kept.parent)
