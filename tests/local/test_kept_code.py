"""The code of runs that have ended is kept once, and a job's own writing stays its own."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from specrun.engines.local import kept_code
from specrun.engines.local.kept_code import KEPT_SINCE, delete_run, note_code, share_code
from specrun.plan.files import SourceFile
from specrun.plan.makers import Maker
from tests.engine_double import read_specs, write_spec
from tests.local.machine import Machine


class Folders:
    """Folders of runs, below one home."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def prepare(self, name: str, **contents: str) -> Path:
        """A run's folder whose code files are as they were staged; `__` in a name is a slash, `X` at its end `x`."""
        rundir = self.home / "runs" / name
        files = []
        for key, text in contents.items():
            path = rundir / "code" / key.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755 if key.endswith("X") else 0o644)
            md5 = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
            files.append(SourceFile(key.replace("__", "/"), path, len(text), key.endswith("X"), md5))
        note_code(rundir, files)
        return rundir

    def kept(self) -> list[Path]:
        return sorted(path for path in (self.home / "code").rglob("*") if path.is_file())


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "home")


def inode(path: Path) -> int:
    return path.stat().st_ino


def test_what_is_unchanged_is_one_file_and_read_only(folders: Folders) -> None:
    first = folders.prepare("a", same="1", deep__same="2", toolX="3", other="4")
    second = folders.prepare("b", same="1", deep__same="2", toolX="3", other="5")
    plain = folders.prepare("c", tool="3", empty="")
    for run in (first, second, plain):
        share_code(run)
    for name in ("same", "deep/same", "toolX"):
        assert inode(first / "code" / name) == inode(second / "code" / name)
    assert inode(first / "code/other") != inode(second / "code/other")
    assert [(first / "code" / name).stat().st_mode & 0o777 for name in ("same", "toolX")] == [0o400, 0o500]
    assert (plain / "code/tool").stat().st_mode & 0o777 == 0o400, "the same content that is no program is another file"
    assert (second / "code/deep/same").read_text() == "2"
    assert not (second / "link").exists()
    share_code(first)
    assert inode(first / "code/same") == inode(second / "code/same"), "again, nothing changes"


def test_what_a_job_wrote_to_stays_its_own(folders: Folders) -> None:
    first = folders.prepare("a", lib="one", gone="x", swapped="two")
    share_code(first)
    second = folders.prepare("b", lib="one", gone="x", swapped="two")
    with (second / "code/lib").open("r+") as file:  # in place, and of the same length
        file.write("uno")
    (second / "code/gone").unlink()
    (second / "code/swapped").unlink()
    (second / "code/swapped").symlink_to("/etc/hostname")
    share_code(second)
    assert [(run / "code/lib").read_text() for run in (first, second)] == ["one", "uno"]
    assert not (second / "code/gone").exists()
    assert (second / "code/swapped").is_symlink()
    assert all(kept.read_text() in ("one", "x", "two") for kept in folders.kept())


@pytest.mark.parametrize("text", ["uno", "longer"])
def test_a_kept_file_that_somebody_wrote_to_is_given_to_no_other_run(folders: Folders, text: str) -> None:
    first = folders.prepare("a", lib="one")
    share_code(first)
    (first / "code/lib").chmod(0o644)
    (first / "code/lib").write_text(text)
    second, third = folders.prepare("b", lib="one"), folders.prepare("c", lib="one")
    share_code(second)
    share_code(third)
    assert [(run / "code/lib").read_text() for run in (first, second, third)] == [text, "one", "one"]
    assert inode(second / "code/lib") == inode(third / "code/lib") != inode(first / "code/lib")


def test_a_file_system_without_links_has_copies(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(kept_code.os, "link", refuse)
    runs = [folders.prepare(name, lib="one") for name in "ab"]
    for run in runs:
        share_code(run)
    assert [(run / "code/lib").read_text() for run in runs] == ["one", "one"]
    assert folders.kept() == []


def test_what_no_run_has_any_more_is_not_kept(folders: Folders) -> None:
    first, second = folders.prepare("a", both="1", own="2"), folders.prepare("b", both="1")
    for run in (first, second):
        share_code(run)
    assert len(folders.kept()) == 2
    delete_run(first)
    (left,) = folders.kept()
    assert (left.read_text(), first.exists()) == ("1", False)
    delete_run(second)
    assert folders.kept() == []


def test_a_supervisor_that_is_just_leaving_keeps_nothing(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    run = folders.prepare("a", lib="1")
    rmtree, failed = shutil.rmtree, []

    def race(folder: Path) -> None:
        if not failed:
            failed.append(folder)
            raise FileNotFoundError(folder / "reserve")
        rmtree(folder)

    monkeypatch.setattr(shutil, "rmtree", race)
    delete_run(run)
    assert not run.exists()


def test_a_run_without_a_note_is_left_alone(folders: Folders) -> None:
    run = folders.prepare("a", lib="1")
    (run / kept_code.FILE).unlink()
    share_code(run)
    assert (run / "code/lib").stat().st_mtime_ns != KEPT_SINCE
    delete_run(run)
    assert not run.exists()


def test_runs_that_ended_long_ago_are_deleted_and_what_only_they_had(tmp_path: Path, machine: Machine) -> None:
    text = "name: job\njob: {code: src, command: 'COMMAND'}\n"
    for number, command in enumerate(("cat both.txt", "true")):
        files = {"src__both_txt": "1", f"src__own{number}_txt": str(number)}
        (spec,) = read_specs(write_spec(tmp_path, text.replace("COMMAND", command), **files))
        (tmp_path / "src/own0.txt").unlink() if number else None
        machine.apply(spec)
    new, old = machine.engine.runs.list("job").runs
    assert old.ended is not None
    assert new.ended is not None
    kept = {path.read_text() for path in (machine.home / "code").rglob("*") if path.is_file()}
    assert kept == {"0", "1"}
    machine.engine.runs.delete(Maker("job"), old.ended, lambda _: None)
    assert len(machine.engine.runs.list("job").runs) == 2
    machine.engine.runs.delete(Maker("job"), (old.ended + new.ended) / 2, lambda _: None)
    assert [run.name for run in machine.engine.runs.list("job").runs] == [new.name]
    assert not (machine.home / "runs" / old.name).exists()
    assert {path.read_text() for path in (machine.home / "runs" / new.name / "code").glob("*.txt")} == {"1"}
    assert {path.read_text() for path in (machine.home / "code").rglob("*") if path.is_file()} == {"1"}


def test_the_end_of_one_that_nobody_saw_end_is_when_it_was_last_written(tmp_path: Path, machine: Machine) -> None:
    (spec,) = read_specs(write_spec(tmp_path, "name: job\njob: {command: ls}\n"))
    machine.apply(spec)
    (run,) = (machine.home / "runs").iterdir()
    (run / "state.json").write_text("")
    os.utime(run / "state.json", (1000, 1000))
    machine.engine.runs.delete(Maker("job"), 1000.0, lambda _: None)
    assert run.exists()
    machine.engine.runs.delete(Maker("job"), 1001.0, lambda _: None)
    assert not run.exists()


def test_runs_of_one_code_share_it_and_none_changes_anothers(tmp_path: Path, machine: Machine) -> None:
    text = "name: job\njob: {code: src, command: 'COMMAND'}\n"
    runs = []
    for command in ("cat lib.txt", "cat lib.txt; echo more >> lib.txt; cat other.txt", "cat lib.txt && true"):
        (spec,) = read_specs(
            write_spec(tmp_path, text.replace("COMMAND", command), src__lib_txt="one\n", src__other_txt="two\n")
        )
        runs.append(machine.home / "runs" / machine.submission(spec).name / "code")
        machine.apply(spec)
    assert [(run / "lib.txt").read_text() for run in runs] == ["one\n", "one\nmore\n", "one\n"]
    assert len({inode(run / "other.txt") for run in runs}) == 1
    assert inode(runs[0] / "lib.txt") == inode(runs[2] / "lib.txt")
    assert machine.said() == ["one", "one", "two", "one"]
    assert os.access(tmp_path / "src/lib.txt", os.W_OK)
