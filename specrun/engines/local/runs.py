"""The runs that there have been on this machine, each in a folder of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from specrun.engines.base import Cursor, LogLine, Missing, OutputFile, Page, Report, Staged
from specrun.engines.local import state, supervisor
from specrun.engines.local.copies import copy_file, fetch_code, is_written, outputs_in
from specrun.engines.local.kept_code import delete_run
from specrun.engines.local.marks import RECORD, Marks
from specrun.engines.local.resources import translated
from specrun.engines.local.role_logs import read_ends, read_logs
from specrun.engines.local.run_files import named_folder, own_folder
from specrun.engines.local.run_names import RunNames, written
from specrun.engines.local.run_notes import GOING, TRIALS
from specrun.engines.local.run_reading import ADOPTED, adopted_by, read_run
from specrun.engines.local.submission import submit
from specrun.engines.local.sweeps.request import is_sweep, keep_trials
from specrun.plan.attempts import NAME, spec_of
from specrun.plan.makers import Maker
from specrun.plan.observed import Run, Written
from specrun.plan.private import make_folder, read_private, touch_private
from specrun.plan.stored import Damaged, read_record
from specrun.plan.submission import Submission

PAGE = 100
"""Runs of one page of a list."""


class LocalRuns:
    """The runs below a state folder. The trials of sweeps are known by their names and in no list."""

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
        runs, is_all = list[Run](), False
        while not (runs or is_all):
            part, is_all = self._names.page(spec, adopted, after, PAGE)
            found = [run for name in part if (run := self._read(name)) and spec in (None, *run.specs)]
            runs = [run for run in found if not self._is_trial(run)]
            after = "" if is_all else part[-1]
        runs.sort(key=lambda run: (run.submitted or 0.0, run.attempt), reverse=True)
        return Page(runs, after)

    def get(self, name: str) -> Run:
        """One run as it is now. Raises Missing, also of one that is made and not started."""
        folder = self._folder(name)
        run = self._read(name)
        if run is not None:
            if not run.parent:
                TRIALS.forget(folder)  # of a trial that had the name before
            return run
        if NAME.fullmatch(name) is None or not folder.is_dir():
            raise Missing(f"there is no run {name} on this machine")
        # Its lock was made by a supervisor, that had it and wrote nothing.
        raise Missing(f"{name}: {supervisor.KILLED if (folder / state.LOCK).exists() else supervisor.UNSTARTED}")

    def going(self) -> Sequence[Run]:
        """The runs that go on, newest first; those that have ended are not looked at."""
        found = {name: run for name in GOING.noted(self._home) if (run := self._read(name))}
        for name, run in found.items():
            if run.status.ended:  # its supervisor was killed
                GOING.forget(self._folder(name))
        # A trial that goes on without its sweep is nobody's, and seen.
        unfinished = [run for run in found.values() if not run.status.ended]
        sweeps = {run.name for run in unfinished}
        unfinished = [run for run in unfinished if run.parent not in sweeps or not self._is_trial(run)]
        return sorted(unfinished, key=lambda run: run.submitted or 0.0, reverse=True)

    def identity(self, name: str) -> Mapping[str, object]:
        """What a run's fingerprint was taken of; {} of a damaged one."""
        with contextlib.suppress(FileNotFoundError, Damaged):
            return read_record(self._own_folder(name) / "identity.json")
        return {}

    def kept(self, name: str) -> bytes:
        """What was kept of a run's spec; b"" of one from before that was."""
        with contextlib.suppress(FileNotFoundError):
            return read_private(self._own_folder(name) / state.KEPT)
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
            TRIALS.forget(self._folder(submission.name))  # of one that had the name and is gone
            submit(self._home, submission, staged)

    def cancel(self, name: str, keep: Collection[str] = ()) -> None:
        """Ask for a run's end; of a sweep the trials in `keep` go on. Raises Missing."""
        folder = self._own_folder(name)
        if keep and is_sweep(folder):
            with translated(f"run/{name}"):
                keep_trials(folder, keep)
        state.cancel(folder)

    def delete(self, maker: Maker, ended_before: float | None, report: Report) -> None:
        """Delete the ended runs of a spec; when one ended that nobody has seen the end of, its files say."""
        with translated(f"run/{maker.spec}"):
            trials = [name for name in TRIALS.noted(self._home) if spec_of(name) == maker.spec]
            for name in (*self._names.every(maker.spec, self._adopted.get(maker.spec, ())), *trials):
                folder = self._folder(name)
                run = self._read(name)
                if run is None or not run.status.ended or not run.maker.is_of(maker):
                    continue
                if ended_before is None or (run.ended or _changed(folder)) < ended_before:
                    delete_run(folder)
                    TRIALS.forget(folder)

    def adopt(self, name: str, spec: str) -> None:
        """Note in a run's folder that it is one of another spec's, too, or more than a trial. Raises Missing."""
        folder = self._own_folder(name)
        with translated(f"run/{spec}"):
            make_folder(folder / ADOPTED, self._home)
            touch_private(folder / ADOPTED / spec)
        TRIALS.forget(folder)
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

    def has_output(self, written: Written) -> bool:
        """Whether anything is there of an output; of one with a place of its own, which its folder is a link to."""
        return is_written(self._own_folder(written.run, "outputs") / written.output)

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
        for name in self._names.every(None, ()):
            for spec in adopted_by(str(self._folder(name))):
                found.setdefault(spec, set()).add(name)
        return {spec: frozenset(names) for spec, names in found.items()}

    def _read(self, name: str) -> Run | None:
        """A run; None where there is none, or one that is made and not started: the next apply does that."""
        self._marks.note_use()
        folder = self._folder(name)
        known = self._ended.get(name)
        seen = written(folder, state.FILE, RECORD, ADOPTED)
        if known is not None and known[0] == seen:
            return known[1]
        run = read_run(folder, self._marks)
        if run is not None and run.status.ended and run.loss is None:
            self._ended[name] = (seen, run)
        return run

    def _is_trial(self, run: Run) -> bool:
        """Whether a run is a trial and nothing else: it is in no list, and from now on met in none."""
        folder = self._folder(run.name)
        if not run.parent or adopted_by(str(folder)):
            return False
        TRIALS.note(folder)
        return True

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
