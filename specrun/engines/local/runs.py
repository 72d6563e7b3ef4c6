"""The runs that there have been on this machine, each in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from specrun.engines.base import Cursor, LogLine, Missing, OutputFile, Page, Report, Staged
from specrun.engines.local import going, state, supervisor
from specrun.engines.local import request as requests
from specrun.engines.local.copies import copy_file, fetch_code, outputs_in
from specrun.engines.local.kept_code import delete_run
from specrun.engines.local.marks import RECORD, UNMARKED, Marks
from specrun.engines.local.resources import translated
from specrun.engines.local.role_logs import read_ends, read_logs
from specrun.engines.local.run_files import named_folder, own_folder
from specrun.engines.local.run_names import RunNames, written
from specrun.engines.local.submission import KEPT, submit
from specrun.plan.attempts import NAME
from specrun.plan.makers import Maker
from specrun.plan.observed import Loss, RoleStatus, Run, RunStatus
from specrun.plan.ownership import own_folders
from specrun.plan.parameters import kept_variables
from specrun.plan.private import make_folder, read_private, touch_private
from specrun.plan.provenance import provenance_in
from specrun.plan.stored import Damaged, number, read_record
from specrun.plan.submission import Submission
from specrun.spec.cost import instances_in

ADOPTED = "adopted"
"""In a run's folder, a file for each spec of another name that has taken it as its own."""

PAGE = 100
"""Runs of one page of a list."""

STATUSES = {
    state.PREPARED: RunStatus.QUEUED,
    state.QUEUED: RunStatus.QUEUED,
    state.RUNNING: RunStatus.RUNNING,
    state.SUCCEEDED: RunStatus.SUCCEEDED,
    state.FAILED: RunStatus.FAILED,
    state.CANCELLED: RunStatus.CANCELLED,
}


class LocalRuns:
    """The runs below a state folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._marks = Marks(home)
        self._names = RunNames(home)
        self._ended: dict[str, tuple[object, Run]] = {}
        """What has ended is read once, as long as nobody writes there."""

    def list(self, spec: str | None = None, after: str = "") -> Page:
        """A page of all runs, or of those of one spec, newest first. A damaged one is lost; nothing of it is touched.

        Only the runs of the page are read; `after` is the name of the last one of the page before.
        """
        self._marks.note_use()
        adopted = self._adopted.get(spec, ()) if spec is not None else ()
        part, is_all = self._names.page(spec, adopted, after, PAGE)
        runs = [run for name in part if (run := self._read(name)) and spec in (None, *run.specs)]
        runs.sort(key=lambda run: (run.submitted or 0.0, run.attempt), reverse=True)
        return Page(runs, "" if is_all else part[-1])

    def get(self, name: str) -> Run:
        """One run as it is now. Raises Missing, also of one that is made and not started."""
        folder = self._folder(name)
        run = self._read(name)
        if run is not None:
            return run
        if NAME.fullmatch(name) is None or not folder.is_dir():
            raise Missing(f"there is no run {name} on this machine")
        # Its lock was made by a supervisor, that had it and wrote nothing.
        raise Missing(f"{name}: {supervisor.KILLED if (folder / state.LOCK).exists() else supervisor.UNSTARTED}")

    def going(self) -> Sequence[Run]:
        """The runs that go on, newest first; those that have ended are not looked at."""
        found = {name: run for name in going.noted(self._home) if (run := self._read(name))}
        for name, run in found.items():
            if run.status.ended:  # its supervisor was killed
                going.forget(self._folder(name))
        unfinished = [run for run in found.values() if not run.status.ended]
        return sorted(unfinished, key=lambda run: run.submitted or 0.0, reverse=True)

    def identity(self, name: str) -> Mapping[str, object]:
        """What a run's fingerprint was taken of; {} of a damaged one."""
        with contextlib.suppress(FileNotFoundError, Damaged):
            return read_record(self._own_folder(name) / "identity.json")
        return {}

    def kept(self, name: str) -> bytes:
        """What was kept of a run's spec; b"" of one from before that was."""
        with contextlib.suppress(FileNotFoundError):
            return read_private(self._own_folder(name) / KEPT)
        return b""

    def fetch_code(self, name: str, path: str, to: Path) -> None:
        """Copy a file of a run's code, as it was staged. Raises Missing."""
        with translated(f"run/{name}"):
            fetch_code(self._own_folder(name, "code").parent, path, to)

    def fetch_input(self, name: str, entry: str, path: str, to: Path) -> None:
        """Copy a file of an input, from where the run has found it. Raises Missing."""
        with translated(f"run/{name}"):
            copy_file(self._own_folder(name, "inputs") / entry / path, to)

    def submit(self, submission: Submission, staged: Staged, report: Report) -> None:
        """Start a run. Raises Conflict when its name is taken."""
        with translated(f"run/{submission.spec}"):
            submit(self._home, submission, staged)

    def cancel(self, name: str) -> None:
        """Ask for a run's end. Raises Missing."""
        state.cancel(self._own_folder(name))

    def delete(self, maker: Maker, ended_before: float | None, report: Report) -> None:
        """Delete the ended runs of a spec; when one ended that nobody has seen the end of, its files say."""
        with translated(f"run/{maker.spec}"):
            for name in self._names.every(maker.spec, self._adopted.get(maker.spec, ())):
                folder = self._folder(name)
                run = self._read(name)
                if run is None or not run.status.ended or not run.maker.is_of(maker):
                    continue
                if ended_before is None or (run.ended or _changed(folder)) < ended_before:
                    delete_run(folder)

    def adopt(self, name: str, spec: str) -> None:
        """Note in a run's folder that it is one of another spec's, too. Raises Missing."""
        folder = self._own_folder(name)
        with translated(f"run/{spec}"):
            make_folder(folder / ADOPTED, self._home)
            touch_private(folder / ADOPTED / spec)
        self.__dict__.pop("_adopted", None)

    def logs(self, name: str, cursor: Cursor, timed: bool = False) -> tuple[Sequence[LogLine], Cursor]:
        """Lines since the cursor; of a run that has ended, its unfinished last lines too."""
        folder = self._own_folder(name, "logs").parent
        # The state is read before the logs: what is written after it was not the end.
        last = state.observe(folder).status not in (state.PREPARED, state.QUEUED, state.RUNNING)
        return read_logs(folder, cursor, last=last, timed=timed)

    def tail(self, name: str, role: str | None) -> Sequence[LogLine]:
        """What roles wrote last."""
        return read_ends(self._own_folder(name, "logs"), role)

    def outputs(self, name: str) -> Sequence[OutputFile]:
        """The files in a run's outputs, each path starting with the output's name."""
        return sorted(outputs_in(self._own_folder(name, "outputs")), key=lambda file: file.path)

    def fetch(self, name: str, path: str, to: Path) -> None:
        """Copy one of a run's files. Raises Missing."""
        copy_file(self._own_folder(name, "outputs") / path, to)

    def address(self, name: str) -> str:
        """The folder of a run's outputs, where there are any."""
        folder = self._folder(name) / "outputs"
        with contextlib.suppress(OSError):
            return "" if folder.is_symlink() or next(outputs_in(folder), None) is None else str(folder)
        return str(folder)

    @cached_property
    def _adopted(self) -> Mapping[str, frozenset[str]]:
        """The names of the runs that specs have adopted, by the spec: looked for once, in the folder of each run."""
        found: dict[str, set[str]] = {}
        for folder in own_folders(self._home / "runs"):
            for spec in _adopted_by(folder.path):
                found.setdefault(spec, set()).add(folder.name)
        return {spec: frozenset(names) for spec, names in found.items()}

    def _read(self, name: str) -> Run | None:
        """A run; None where there is none, or one that is made and not started: the next apply does that."""
        self._marks.note_use()
        folder = self._folder(name)
        known = self._ended.get(name)
        seen = written(folder, state.FILE, RECORD, ADOPTED)
        if known is not None and known[0] == seen:
            return known[1]
        run = _read_run(folder, self._marks)
        if run is not None and run.status.ended and run.loss is None:
            self._ended[name] = (seen, run)
        return run

    def _own_folder(self, name: str, part: str = "") -> Path:
        return own_folder(self._home, name, part)

    def _folder(self, name: str) -> Path:
        return named_folder(self._home, name)


def _changed(folder: Path) -> float:
    """When what has become of a run was last written."""
    for path in (folder / state.FILE, folder):
        with contextlib.suppress(OSError):
            return path.lstat().st_mtime
    return 0.0


def _read_run(folder: Path, marks: Marks) -> Run | None:
    match = NAME.fullmatch(folder.name)
    if match is None or not os.path.lexists(folder):
        return None
    record, damage = _record(folder, match)
    seen = state.observe(folder)
    is_free = seen.status == state.PREPARED and not state.held(folder)
    if is_free and not damage and state.read(folder).status == state.PREPARED:
        return None
    status, loss = _outcome(folder, seen, damage, marks)
    if loss is Loss.UNMARKED:
        record, seen = {}, state.State(state.LOST, f"{UNMARKED}: {folder}")
    return Run(
        name=folder.name,
        spec=match["spec"],
        fingerprint=str(record.get("fingerprint", match["fingerprint"])),
        attempt=int(match["attempt"] or 1),
        status=status,
        reason=damage if damage and status is RunStatus.LOST else seen.reason,
        submitted=seen.submitted or number(record.get("submitted")),
        started=seen.started,
        ended=seen.ended,
        roles=tuple(_role(name, role) for name, role in seen.roles.items()),
        failed_role=seen.failed_role,
        reads=tuple(str(key) for key in _list(record.get("reads"))),
        compute=str(record.get("compute", "")),
        loss=loss,
        repository=str(record.get("repository", "")),
        target=str(record.get("target", "")),
        adopted=_adopted_by(str(folder)),
        provenance=provenance_in(record.get("provenance")),
        file=str(record.get("file", "")),
        code=str(record.get("code", "")),
        python=str(record.get("python", "")),
        instances=instances_in(record.get("instances")),
        variables=kept_variables(record.get("variables")),
    )


def _role(name: str, role: state.RoleState) -> RoleStatus:
    return RoleStatus(name, role.status, role.exit, role.signal, role.started, role.ended)


def _adopted_by(folder: str) -> tuple[str, ...]:
    """The specs that have adopted the run in a folder."""
    try:
        with os.scandir(f"{folder}/{ADOPTED}") as specs:
            return tuple(sorted(spec.name for spec in specs))
    except OSError:  # as a rule there is none
        return ()


def _record(folder: Path, match: re.Match[str]) -> tuple[Mapping[str, object], str]:
    """What was noted of a run when it was made, and why that is lost.

    Without it a run is still known by its name: that name is taken.
    """
    file = folder / RECORD
    if folder.is_symlink() or not folder.is_dir():
        return {}, f"{folder} is not a run's folder"
    try:
        record = read_record(file)
    except FileNotFoundError:
        return {}, f"there is no {file}"
    except Damaged as error:
        return {}, str(error)
    known = (match["spec"], match["fingerprint"], int(match["attempt"] or 1))
    if (record.get("spec"), str(record.get("fingerprint"))[:10], record.get("attempt")) != known:
        return {}, f"{file} is damaged: it is not that of {folder.name}"
    return record, ""


def _outcome(folder: Path, seen: state.State, damage: str, marks: Marks) -> tuple[RunStatus, Loss | None]:
    """Where a run is, and what became of it if that is lost."""
    status = STATUSES.get(seen.status)
    if not damage and status is not None:
        return (RunStatus.LOST, Loss.UNMARKED) if status.ended and not marks.counts_run(folder) else (status, None)
    if state.held(folder):
        return RunStatus.RUNNING, None
    _end_leftovers(folder)
    if damage or seen.status != state.LOST:
        return RunStatus.LOST, Loss.DAMAGED  # that attempt; the next one has a name of its own
    return RunStatus.LOST, Loss.NEVER_STARTED if seen.started is None else Loss.NODE_LOST


def _end_leftovers(folder: Path) -> None:
    """End what is left of a run whose supervisor and guards were all killed at once; nobody can add to that later."""
    swept = folder / "swept"
    if not folder.is_symlink() and not os.path.lexists(swept):
        from specrun.engines.local import processes  # late: it loads the C library, and few runs are ever lost

        with contextlib.suppress(requests.RequestInvalid, OSError):
            processes.sweep(requests.read(folder).marker)
            touch_private(swept)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
