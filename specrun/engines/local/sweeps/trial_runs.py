"""The runs of a sweep's trials: which there are of one, and another begun.

A trial's folder is made of the sweep's, which no job has written to, and its supervisor is a fork of the sweep's, in a
session of its own: it needs nobody from then on, and is that of a run like any other.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from specrun.engines.local import disk, guard, processes, roles, state, supervisor
from specrun.engines.local.appearing import Taken, appear
from specrun.engines.local.execution import Execution
from specrun.engines.local.kept_code import note_names, noted_files
from specrun.engines.local.marks import RECORD, Marks, marked
from specrun.engines.local.request import Request, Withheld
from specrun.engines.local.run_notes import GOING, TRIALS
from specrun.engines.local.run_reading import read_run
from specrun.plan.attempts import NAME, run_name
from specrun.plan.home import scratch
from specrun.plan.observed import Loss, Run, RunStatus
from specrun.plan.private import open_private, write_private
from specrun.plan.stored import read_record
from specrun.plan.trials import FILLED, Fingerprints, filled, filled_command, identity_of_trial
from specrun.spec.frozen import dataclass
from specrun.spec.masking import mask, mask_property
from specrun.spec.model import Scalar

TAKEN, UNPREPARED, UNUSED = 3, 4, 5
"""How a trial's supervisor exits that has not become one: another has the name; there was no room, or the like; there
was no need of it.
"""


@dataclass(frozen=True, slots=True)
class Child:
    """A trial's supervisor, forked by this process, which waits for `go` once it has made ready what takes time.

    What is wrong before its run is there it writes to `report`, which it closes once nothing of the run runs any more.
    """

    pid: int
    report: int
    orders: int

    def go(self) -> None:
        """Have it begin."""
        with contextlib.suppress(BrokenPipeError):  # it has failed: that is in its report
            os.write(self.orders, b"g")
        os.close(self.orders)

    def leave(self) -> None:
        """Have it end: nobody needs it any more."""
        os.close(self.orders)


class TrialRuns:
    """The runs of the trials of the sweep in `rundir`. `present` are the GPUs of this machine.

    Raises Damaged and FileNotFoundError for what the sweep's folder lacks.
    """

    def __init__(self, rundir: Path, request: Request, withheld: Withheld, present: tuple[str, ...]) -> None:
        self._rundir = rundir
        self._home = rundir.parents[1]
        self._request = request
        self._withheld = withheld
        self._present = present
        self._record = read_record(rundir / RECORD)
        self._identity = read_record(rundir / state.IDENTITY)
        self._spec = str(self._record["spec"])
        self._names = [(path, name) for path, name, _ in noted_files(rundir)]
        self._marks = Marks(self._home)
        self._fingerprints = Fingerprints(withheld.identity)
        self._is_warm = False
        self._known = _attempts_in(rundir.parent, self._spec)

    def fingerprint(self, parameters: Mapping[str, Scalar]) -> str:
        """What a trial is, of the identity with nothing masked in it."""
        return self._fingerprints.of(parameters)

    def folder(self, name: str) -> Path:
        """Where a run lives."""
        return self._rundir.parent / name

    def name(self, fingerprint: str, number: int) -> str:
        """What an attempt at a trial is called."""
        return run_name(self._spec, fingerprint, number)

    def attempts(self, fingerprint: str) -> Sequence[Run]:
        """The attempts at a trial, whoever made them; but for those that were never started, whose name is free."""
        numbers = self._known.get(fingerprint[:10], [])
        following = numbers[-1] + 1 if numbers else 1
        while os.path.lexists(self.folder(self.name(fingerprint, following))):
            self._known.setdefault(fingerprint[:10], []).append(following)
            following += 1
        found = (self._attempt(fingerprint, number) for number in self._known.get(fingerprint[:10], ()))
        return [attempt for attempt in found if attempt is not None]

    def forget(self, fingerprint: str) -> None:
        """Let go of what is known of a trial that has ended, where a look tells it again."""
        if self._known.get(fingerprint[:10]) == [1]:
            del self._known[fingerprint[:10]]

    def _attempt(self, fingerprint: str, number: int) -> Run | None:
        run = read_run(self.folder(self.name(fingerprint, number)), self._marks)
        if run is None or run.is_of(fingerprint):
            return run
        # The same in the first digits: its name is taken, no more.
        return replace(run, status=RunStatus.LOST, loss=Loss.DAMAGED)

    def begin(self, fingerprint: str, attempt: int, parameters: Mapping[str, Scalar]) -> Child:
        """Have a process make ready an attempt at a trial, to be its supervisor. Raises OSError where there is none."""
        if not self._is_warm:  # what is read and compiled before the fork is shared by all that follow
            self._is_warm = True
            self._shown_identity(parameters)
            self._asked_for("", fingerprint, parameters)
            marked(self._rundir, state.read(self._rundir))
            if roles.port_count(self._request):
                import socket  # noqa: F401
        report, theirs = os.pipe()
        try:
            their_orders, orders = os.pipe()
        except OSError:  # no more of them may be open
            os.close(report)
            os.close(theirs)
            raise
        signals = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # what comes now must not be heard by the parent's handlers
        try:
            pid = os.fork()
            if pid == 0:
                code = 70
                try:
                    for one in signals:
                        signal.signal(one, signal.SIG_DFL)
                    signal.set_wakeup_fd(-1)
                    guard.close_all_but({0, 1, 2, theirs, their_orders})
                    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
                    code = self._be_supervisor(fingerprint, attempt, parameters, theirs, their_orders)
                finally:
                    # A fork must never return into its parent's code.
                    if code == 70:
                        import traceback

                        with contextlib.suppress(OSError):  # a full disk
                            traceback.print_exc()
                    os._exit(code)
        except OSError:
            os.close(report)
            os.close(orders)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
            os.close(theirs)
            os.close(their_orders)
        return Child(pid, report, orders)

    def _be_supervisor(
        self, fingerprint: str, attempt: int, parameters: Mapping[str, Scalar], report: int, orders: int
    ) -> int:
        os.setsid()
        processes.adopt_orphans()
        processes.rename("specrun run")
        name = self.name(fingerprint, attempt)
        folder = self.folder(name)
        processes.show_argument(str(self._rundir), str(folder), "--detach=")
        try:
            request, withheld = self._asked_for(name, fingerprint, parameters)
            with scratch(self._home) as aside:
                prepared = aside / "run"
                prepared.mkdir(mode=0o700)
                self._prepare(prepared, parameters)
                if not os.read(orders, 1):  # who has begun it has no need of it, or is gone
                    return UNUSED
                os.close(orders)
                self._write_record(prepared, fingerprint, attempt, parameters)
                # After a power cut the sweep looks anew which trials there are.
                state.write_prepared(prepared, request, durable=False)
                # It has its lock before it has its name: whoever finds it finds that it goes on.
                lock = state.acquire(prepared)
                assert lock is not None, "nobody else knows of it"
                appear(prepared, folder, aside)
            GOING.note(folder)
            TRIALS.note(folder)
            log = open_private(folder / supervisor.LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.close(log)
        except Taken:
            return TAKEN
        except OSError as error:
            os.write(report, f"{disk.why(error)} ({error.filename or folder})".encode())
            return UNPREPARED
        over = partial(os.close, report)
        Execution(folder, request, withheld, lock, present=self._present, over=over).carry_out()
        GOING.forget(folder)
        return 0

    def _prepare(self, folder: Path, parameters: Mapping[str, Scalar]) -> None:
        """Make ready what takes time, and holds whenever the run begins."""
        for part in ("code", "inputs", "outputs"):
            _copy(str(self._rundir / part), str(folder / part))
        note_names(folder, self._names)
        write_private(folder / state.IDENTITY, json.dumps(self._shown_identity(parameters)))
        if (self._rundir / state.KEPT).exists():
            _link(self._rundir / state.KEPT, folder / state.KEPT)

    def _write_record(self, folder: Path, fingerprint: str, attempt: int, parameters: Mapping[str, Scalar]) -> None:
        own = {"fingerprint": fingerprint, "attempt": attempt, "submitted": time.time()}
        record = {name: value for name, value in self._record.items() if name != "sweep"} | own
        record |= {"parent": self._rundir.name, "parameters": dict(parameters)}
        write_private(folder / RECORD, json.dumps(record, indent=1))

    def _shown_identity(self, parameters: Mapping[str, Scalar]) -> dict[str, object]:
        """What is kept of a trial's identity."""
        identity = identity_of_trial(self._identity, parameters)
        return identity | {name: mask_property(name, identity[name]) for name in FILLED if name in identity}

    def _asked_for(self, name: str, fingerprint: str, parameters: Mapping[str, Scalar]) -> tuple[Request, Withheld]:
        """The request of a trial, and what of it stands in no file."""
        template, withheld = self._request, dict(self._withheld.variables)
        command = filled_command(template.command, parameters).replace(template.marker, name)
        variables = {}
        for variable, written in template.environment_variables.items():
            variables[variable] = text = filled(written, parameters)
            if text != written and mask_property(variable, text) != text:
                withheld[variable] = variables.pop(variable)
        variables["SPECRUN_FINGERPRINT"] = fingerprint
        shown = mask(command)
        request = replace(
            template,
            name=name,
            command=shown,
            withheld=shown != command,
            marker=os.urandom(16).hex(),
            environment_variables=variables,
            secret_names=tuple(withheld),
        )
        told = Withheld(filled(withheld, parameters), self._withheld.hidden, command)
        return request, told


def _attempts_in(runs: Path, spec: str) -> dict[str, list[int]]:
    """The numbers of all attempts by runs of a spec, by the first digits of the fingerprint."""
    found: dict[str, list[int]] = {}
    for name in _names_in(runs, f"{spec}-"):
        match = NAME.fullmatch(name)
        if match is not None and match["spec"] == spec:
            found.setdefault(match["fingerprint"], []).append(int(match["attempt"] or 1))
    for numbers in found.values():
        numbers.sort()
    return found


def _names_in(folder: Path, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(prefix):
                yield entry.name


def _copy(source: str, target: str) -> None:
    """Copy a folder with all that is in it; links stay links. Raises OSError."""
    os.mkdir(target, 0o700)  # noqa: PTH102 - of a thousand trials each
    with os.scandir(source) as entries:
        for entry in entries:
            to = f"{target}/{entry.name}"
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), to)  # noqa: PTH115, PTH211
            elif entry.is_dir():
                _copy(entry.path, to)
            else:
                shutil.copy(entry.path, to)


def _link(source: Path, target: Path) -> None:
    """Have a file that nobody writes to a second time be there under another name, too. Raises OSError."""
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copy(source, target)
