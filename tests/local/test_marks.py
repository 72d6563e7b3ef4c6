"""Whose word counts: the record of a run and of an environment carry a mark of the user whose key it is."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from specrun.engines.local import marks, state
from specrun.engines.local.marks import Marks, load_key
from specrun.plan.changes import Action
from specrun.plan.observed import Loss, RunStatus
from specrun.plan.ownership import StateRefused
from specrun.spec.model import Spec
from tests.engine_double import read_specs, write_spec
from tests.local.machine import Machine
from tests.local.runs import wait_until


@pytest.fixture(autouse=True)
def key_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who has no key yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state/specrun"


def spec_of(folder: Path, command: str = "echo hello", more: str = "") -> Spec:
    (spec,) = read_specs(write_spec(folder, f"name: job\njob: {{command: '{command}'{more}}}\n"))
    return spec


@pytest.fixture
def applied(tmp_path: Path, machine: Machine) -> Path:
    """The folder of a run that has failed, in a state folder that is in use."""
    machine.apply(spec_of(tmp_path, "exit 3"))
    (folder,) = (machine.home / "runs").iterdir()
    wait_until(lambda: not state.held(folder), "the supervisor's exit")
    return folder


def edit(file: Path, **values: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def run_of(machine: Machine, name: str) -> tuple[RunStatus, Loss | None]:
    run = machine.engine.runs.get(name)
    assert (run.loss is Loss.UNMARKED) == ("no mark of this user" in run.reason)
    return run.status, run.loss


def test_a_run_that_ended_is_marked_and_counts(applied: Path, machine: Machine) -> None:
    assert len(json.loads((applied / state.FILE).read_text())["mark"]) == 64
    assert run_of(machine, applied.name) == (RunStatus.FAILED, None)


def forge_status(run: Path) -> None:
    edit(run / state.FILE, status="succeeded", reason="")


def forge_unmarked(run: Path) -> None:
    edit(run / state.FILE, status="succeeded", reason="", mark="")


def forge_the_record(run: Path) -> None:
    edit(run / marks.RECORD, reads=["data/default/other"])


def with_an_old_date(run: Path) -> None:
    forge_unmarked(run)
    os.utime(run / state.FILE, (1, 1))


def damage_the_mark(run: Path) -> None:
    edit(run / state.FILE, mark=17)


def half_a_character(run: Path) -> None:
    edit(run / state.FILE, mark="\udcff")


@pytest.mark.parametrize(
    "forge",
    [forge_status, forge_unmarked, forge_the_record, with_an_old_date, damage_the_mark, half_a_character],
    ids=lambda f: f.__name__,
)
def test_what_was_written_since_does_not_count_and_the_job_runs(
    applied: Path, machine: Machine, tmp_path: Path, forge: Callable[[Path], None]
) -> None:
    forge(applied)
    assert run_of(machine, applied.name) == (RunStatus.LOST, Loss.UNMARKED)
    change = machine.change("run/job", spec_of(tmp_path, "exit 3"))
    assert change.action is Action.SUBMIT
    assert change.submission.name == f"{applied.name}-2"
    assert change.reason.startswith(f"{applied.name}: not counted, since its record carries no mark of this user's")
    assert applied.is_dir()


def test_a_record_under_another_name_does_not_count(applied: Path, machine: Machine, tmp_path: Path) -> None:
    machine.apply(spec_of(tmp_path, "true"))
    (good,) = (one for one in (machine.home / "runs").iterdir() if one != applied)
    wanted = machine.submission(spec_of(tmp_path, "echo new"))
    copy = shutil.copytree(good, good.with_name(wanted.name), symlinks=True)
    assert run_of(machine, copy.name) == (RunStatus.LOST, Loss.DAMAGED)
    edit(copy / marks.RECORD, fingerprint=wanted.fingerprint)
    assert run_of(machine, copy.name) == (RunStatus.LOST, Loss.UNMARKED)
    for name in (state.FILE, marks.RECORD):
        shutil.copy(good / name, applied / name)
    edit(applied / marks.RECORD, fingerprint=json.loads((copy / marks.RECORD).read_text())["fingerprint"])
    assert run_of(machine, applied.name)[0] is RunStatus.LOST


def test_what_another_user_has_marked_does_not_count(
    applied: Path, machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = json.loads((applied / state.FILE).read_text())["mark"]
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "mine"))
    other = Machine(tmp_path / "home2")
    other.apply(spec_of(tmp_path, "exit 3"))
    edit(tmp_path / "home2/runs" / applied.name / state.FILE, mark=theirs)
    assert run_of(other, applied.name) == (RunStatus.LOST, Loss.UNMARKED)


def test_an_attempt_that_does_not_count_hides_none_that_does(applied: Path, machine: Machine, tmp_path: Path) -> None:
    copy = shutil.copytree(applied, applied.with_name(f"{applied.name}-2"), symlinks=True)
    edit(copy / marks.RECORD, attempt=2)
    forge_status(copy)
    change = machine.change("run/job", spec_of(tmp_path, "exit 3"))
    assert (change.action, change.run.name, change.run.status) == (Action.NO_OP, applied.name, RunStatus.FAILED)


def test_what_is_from_before_counts_and_nothing_runs_again(applied: Path, tmp_path: Path, key_folder: Path) -> None:
    """As an upgrade finds it: no mark, and no key."""
    values = json.loads((applied / state.FILE).read_text())
    del values["mark"]
    (applied / state.FILE).write_text(json.dumps(values))
    shutil.rmtree(key_folder)
    machine = Machine(applied.parents[1])
    assert not machine.plan(spec_of(tmp_path, "exit 3")).pending
    assert run_of(machine, applied.name) == (RunStatus.FAILED, None)
    edit(applied / state.FILE, status="succeeded")
    assert run_of(Machine(machine.home), applied.name) == (RunStatus.LOST, Loss.UNMARKED), "it is used since then"


@pytest.mark.parametrize("mode", [0o666, 0o664])
def test_what_is_from_before_and_others_could_write_does_not_count(
    applied: Path, key_folder: Path, mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("specrun.plan.ownership._is_private_group", lambda _: False)
    edit(applied / state.FILE, mark="")
    (applied / state.FILE).chmod(mode)
    shutil.rmtree(key_folder)
    assert run_of(Machine(applied.parents[1]), applied.name) == (RunStatus.LOST, Loss.UNMARKED)


def test_a_run_that_goes_on_through_an_upgrade_counts_when_it_ends(applied: Path, key_folder: Path) -> None:
    shutil.rmtree(key_folder)
    edit(applied / state.FILE, status="running", mark="")
    lock = state.acquire(applied)
    assert lock is not None
    machine = Machine(applied.parents[1])
    assert run_of(machine, applied.name) == (RunStatus.RUNNING, None)
    edit(applied / state.FILE, status="succeeded")  # as the version before does it
    os.close(lock)
    assert run_of(Machine(machine.home), applied.name) == (RunStatus.SUCCEEDED, None)


def test_a_state_folder_that_was_moved_or_copied_counts(applied: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(applied.parents[1], tmp_path / "copy", symlinks=True)
    assert run_of(Machine(copy), applied.name) == (RunStatus.FAILED, None)
    applied.parents[1].rename(tmp_path / "moved")
    assert run_of(Machine(tmp_path / "moved"), applied.name) == (RunStatus.FAILED, None)


def test_where_there_is_no_key_any_more_what_is_there_counts(applied: Path, machine: Machine, key_folder: Path) -> None:
    """As in a container that is new each time, and where a cache brings the state folder."""
    shutil.rmtree(key_folder)
    machine = Machine(machine.home)
    assert run_of(machine, applied.name) == (RunStatus.FAILED, None)
    forge_status(applied)
    assert run_of(machine, applied.name) == (RunStatus.LOST, Loss.UNMARKED)


@pytest.mark.parametrize("place", ["", "/proc/nowhere", "relative"])
def test_where_no_key_can_be_kept_a_run_works_and_counts(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", place)
    monkeypatch.setenv("HOME", "/proc/nowhere")
    assert load_key() is None
    assert [run.status for run in machine.apply(spec_of(tmp_path)).ended] == [RunStatus.SUCCEEDED]
    assert not Machine(machine.home).plan(spec_of(tmp_path)).pending


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file somebody else's")
@pytest.mark.parametrize("of_home", [True, False])
def test_a_home_of_somebody_else_keeps_no_key(
    applied: Path, machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of_home: bool
) -> None:
    """Behind `sudo`: nothing is made there that its user could not read afterwards."""
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 4242, 4242)
    monkeypatch.setenv("HOME", str(tmp_path / "theirs"))
    monkeypatch.delenv("XDG_STATE_HOME")
    assert load_key() is None
    assert list((tmp_path / "theirs").iterdir()) == []
    if of_home:
        assert run_of(Machine(machine.home), applied.name) == (RunStatus.FAILED, None), "whose files these are decides"
    else:
        os.chown(applied / marks.RECORD, 4242, 4242)
        assert run_of(Machine(machine.home), applied.name) == (RunStatus.LOST, Loss.UNMARKED)


def test_the_key_is_made_once_and_is_this_users_alone(key_folder: Path) -> None:
    keys: list[bytes | None] = []
    threads = [threading.Thread(target=lambda: keys.append(load_key())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 1
    assert [path.name for path in key_folder.iterdir()] == ["key"]
    assert (key_folder / "key").stat().st_mode & 0o777 == 0o600
    assert key_folder.stat().st_mode & 0o777 == 0o700
    (key_folder / "key").chmod(0o644)
    assert load_key() == keys[0]
    assert (key_folder / "key").stat().st_mode & 0o777 == 0o600


def test_home_says_where_it_is_and_else_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import pwd

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert marks.key_folder() == tmp_path / ".local/state/specrun"
    for empty in (lambda: monkeypatch.setenv("HOME", ""), lambda: monkeypatch.delenv("HOME")):
        empty()
        assert marks.key_folder() == Path(pwd.getpwuid(os.geteuid()).pw_dir, ".local/state/specrun")


def as_link(key: Path) -> None:
    key.rename(key.with_name("other"))
    key.symlink_to("other")


@pytest.mark.parametrize(
    "change",
    [as_link, lambda key: key.chmod(0o666), lambda key: key.write_text("short")],
    ids=["link", "modes", "text"],
)
def test_a_key_that_is_not_this_users_alone_is_refused(
    applied: Path, machine: Machine, key_folder: Path, change: Callable[[Path], None]
) -> None:
    change(key_folder / "key")
    with pytest.raises(StateRefused, match="delete it, and a new one is made"):
        Machine(machine.home).engine.runs.get(applied.name)
    (key_folder / "key").unlink()
    assert run_of(Machine(machine.home), applied.name) == (RunStatus.FAILED, None)


# --- environments

PIP = ", environment: {pip: []}"


@pytest.fixture
def built(tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an environment that was built by an installer that makes links alone."""
    tools = tmp_path / "tools"
    tools.mkdir()
    make = 'mkdir -p "$last/bin"; ln -s /usr/bin/python3 "$last/bin/python"; echo home = /usr/bin > "$last/pyvenv.cfg"'
    (tools / "uv").write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/calls\nfor last; do :; done\n{make}\n')
    (tools / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    machine.begin(machine.change("environment/47e1cfd431", spec_of(tmp_path, more=PIP)))
    (folder,) = (one for one in (machine.home / "environments").iterdir() if one.is_dir())
    return folder


def another_python(folder: Path) -> None:
    (folder / "bin/python").unlink()
    (folder / "bin/python").write_text("#!/bin/sh\necho planted\n")
    (folder / "bin/python").chmod(0o755)


def another_python_3(folder: Path) -> None:
    (folder / "bin/python3").symlink_to("/tmp/python")


def another_link(folder: Path) -> None:
    (folder / "bin/python").unlink()
    (folder / "bin/python").symlink_to("/tmp/python")


def another_home(folder: Path) -> None:
    (folder / "pyvenv.cfg").write_text("home = /tmp\n")


def planted(folder: Path) -> None:
    shutil.rmtree(folder)
    another = folder / "bin"
    another.mkdir(parents=True)
    (another / "python").write_text("#!/bin/sh\necho planted\n")
    (folder / marks.READY).write_text(json.dumps({"requirements": []}))


def of_another_name(folder: Path) -> None:
    folder.rename(folder.with_name("other"))
    shutil.copytree(folder.with_name("other"), folder, symlinks=True)
    edit(folder / marks.READY, requirements=["numpy"])


def behind_a_link(folder: Path) -> None:
    folder.rename(folder.with_name("other"))
    folder.symlink_to("other")


def programs_behind_a_link(folder: Path) -> None:
    (folder / "bin").rename(folder / "other")
    (folder / "bin").symlink_to("other")


CHANGES = (
    another_python,
    another_python_3,
    another_link,
    another_home,
    planted,
    of_another_name,
    behind_a_link,
    programs_behind_a_link,
)


def test_an_environment_that_was_built_here_is_ready(built: Path, machine: Machine, tmp_path: Path) -> None:
    change = machine.change("environment/47e1cfd431", spec_of(tmp_path, more=PIP))
    assert (change.action, built.stat().st_mode & 0o777) == (Action.NO_OP, 0o700)
    assert (tmp_path / "calls").read_text() == "venv\n"


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_one_that_is_not_as_it_was_built_is_built_again(
    built: Path, machine: Machine, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    change(built)
    planned = machine.change("environment/47e1cfd431", spec_of(tmp_path, more=PIP))
    assert planned.action is Action.CREATE
    assert "no mark of this user" in planned.reason
    machine.begin(planned)
    assert not built.is_symlink()
    assert (built / "bin/python").readlink() == Path("/usr/bin/python3")
    assert not machine.plan(spec_of(tmp_path, more=PIP)).pending[:-1]


def test_one_from_before_counts_until_it_is_changed(
    built: Path, machine: Machine, tmp_path: Path, key_folder: Path
) -> None:
    (built / marks.READY).write_text(json.dumps({"requirements": []}))
    shutil.rmtree(key_folder)
    address, spec = "environment/47e1cfd431", spec_of(tmp_path, more=PIP)
    assert machine.change(address, spec).action is Action.NO_OP
    another_python(built)
    assert machine.change(address, spec).action is Action.CREATE


def test_many_runs_do_not_make_a_look_at_one_longer(
    applied: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2, 40):
        shutil.copytree(applied, applied.with_name(f"{applied.name}-{number}"), symlinks=True)
    looked: list[Path] = []
    counts = Marks.counts_run
    monkeypatch.setattr(Marks, "counts_run", lambda self, rundir: looked.append(rundir) or counts(self, rundir))
    machine.engine.runs.get(applied.name)
    assert looked == [applied]
