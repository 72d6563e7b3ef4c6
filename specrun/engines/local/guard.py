"""One small process above each role: it starts it, reports how it ended, and leaves nothing of it behind.

A guard is forked by the supervisor, not started as a program: the supervisor is single-threaded, so a fork is as
safe as an exec, takes 1 ms instead of 20, needs nothing to be found or read on a disk that may be full, and secrets
pass in memory. What a guard inherits and must not keep (the pipes of other guards) it closes first. It does keep
the run's lock: a run whose supervisor was killed counts as alive until its guards have cleaned up.

The supervisor's end of `orders` is the leash: `T` asks the role to end (SIGTERM to its process group), `K` or the
pipe's end, which the supervisor's death is, kills all that descends from it. That is why a guard itself has no
parent-death signal: it must outlive the supervisor for the moment that this takes. The role has one.

On `report` a guard writes lines: `started PID`, `error TEXT`, `unwritten TEXT` (the log could not be written, and what
the role writes goes nowhere any more) or `exit WAITSTATUS MONOTONIC-SECONDS`.

A role writes into its log itself, with nothing in between; where the run has secrets, the guard stands in between.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from specrun.engines.local import disk, processes
from specrun.engines.local.output import MaskedLog
from specrun.plan.private import open_private
from specrun.spec.frozen import dataclass

TERMINATE, KILL = b"T", b"K"
LINGER = 0.5
"""Seconds that what a role leaves running gets to end by itself: `> >(tee log)` still has lines to write."""


@dataclass(frozen=True, slots=True)
class Program:
    """What a guard runs: a bash command line, its whole environment, its folder and its log; `hidden` are texts that
    must not get into the log, the longest first.
    """

    role: str
    command: str
    environment: Mapping[str, str]
    folder: Path
    log: Path
    marker: str
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guard:
    """The supervisor's handle on a guard: its process and the supervisor's ends of the two pipes."""

    role: str
    pid: int
    orders: int
    report: int

    def order(self, what: bytes) -> None:
        """Send TERMINATE or KILL; a guard that is gone needs neither."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self.orders, what)

    def close(self) -> None:
        """Close the pipes."""
        os.close(self.orders)
        os.close(self.report)


def start(program: Program, *, keep: Sequence[int] = ()) -> Guard:
    """Fork a guard, which starts the program. It keeps the descriptors in `keep` and the standard ones. OSError."""
    theirs_orders, orders = os.pipe()
    report, theirs_report = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        for descriptor in (theirs_orders, orders, report, theirs_report):
            os.close(descriptor)
        raise
    if pid == 0:
        code = 70
        try:
            close_all_but({0, 1, 2, theirs_orders, theirs_report, *keep})
            code = _Serving(program, theirs_orders, theirs_report).serve()
        finally:
            # A fork must never return into its parent's code.
            if code == 70:
                import traceback

                with contextlib.suppress(OSError):  # a full disk
                    traceback.print_exc()
            os._exit(code)
    os.close(theirs_orders)
    os.close(theirs_report)
    return Guard(program.role, pid, orders, report)


class _Serving:
    """A guard's own side."""

    def __init__(self, program: Program, orders: int, report: int) -> None:
        self.program = program
        self.orders = orders
        self.report = report
        self.child = 0
        self.ended = False
        self.log: MaskedLog | None = None

    def serve(self) -> int:
        """Run the program to its end. 0: nothing of it is left; 1: something could not be killed."""
        os.setsid()
        processes.adopt_orphans()
        processes.rename(f"guard {self.program.role}")
        wake, wake_writer = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(wake_writer, False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # only the leash ends a guard
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
        try:
            self.child, self.log = _start_role(self.program)
        except OSError as error:
            self._tell(f"error {disk.why(error)}")
            return 0
        self._tell(f"started {self.child}")
        code = self._watch(wake)
        if self.log is not None:
            self._into_log(drain=True)
        if not processes.LINUX:  # no subreaper: having no child left does not mean that nothing is left
            processes.kill_group(self.child, signal.SIGKILL)
        return code

    def _watch(self, wake: int) -> int:
        poller = select.poll()
        poller.register(self.orders, select.POLLIN)
        poller.register(wake, select.POLLIN)
        source = self.log.source if self.log is not None else None
        if source is not None:
            poller.register(source, select.POLLIN)
        give_up: float | None = None
        while processes.reap(self._reaped):
            if self.ended and give_up is None:
                give_up = time.monotonic() + LINGER
            remaining = None if give_up is None else max(0.0, give_up - time.monotonic())
            if remaining == 0.0:
                return self._kill()
            ready = {descriptor for descriptor, _ in poller.poll(None if remaining is None else remaining * 1000 + 1)}
            if wake in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(wake, 4096)
            if source is not None and source in ready and not self._into_log():
                poller.unregister(source)
                source = None
            if self.orders in ready:
                order = os.read(self.orders, 64)
                if not order:
                    return self._supervisor_gone()
                if KILL in order:
                    return self._kill()
                if not self.ended:
                    processes.kill_group(self.child, signal.SIGTERM)
        return 0

    def _into_log(self, *, drain: bool = False) -> bool:
        """Have some of what the role wrote go into its log. False: there is no more to come, or no way to keep it."""
        assert self.log is not None
        try:
            return self.log.drain() if drain else self.log.pump()
        except OSError as error:
            self._tell(f"unwritten {disk.why(error)}")
            self.log.close()
            self.log = None
            return False

    def _supervisor_gone(self) -> int:
        code = self._kill()
        # Another guard may have been killed as well, and what that one left has nobody else now.
        processes.sweep(self.program.marker)
        return code

    def _kill(self) -> int:
        if not self.ended:
            processes.kill_group(self.child, signal.SIGKILL)
        return 0 if processes.kill_descendants(self._reaped) else 1

    def _reaped(self, pid: int, status: int) -> None:
        if pid == self.child:
            self.ended = True
            self._tell(f"exit {status} {time.monotonic()}")

    def _tell(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(self.report, line.encode() + b"\n")


def _start_role(program: Program) -> tuple[int, MaskedLog | None]:
    # Opened here, where a full disk can still be reported.
    log = open_private(program.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    masked = MaskedLog(log, program.hidden) if program.hidden else None
    out = log if masked is None else masked.end
    guard = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            processes.die_with(guard)
            os.dup2(nothing, 0)
            os.dup2(out, 1)
            os.dup2(out, 2)
            _become(program)
        finally:
            os._exit(127)
    os.close(out)
    os.close(nothing)
    return pid, masked


def _become(program: Program) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # what is ignored stays ignored through an exec
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        os.chdir(program.folder)
        os.execvpe("bash", ["bash", "-c", program.command], dict(program.environment))
    except OSError as error:
        os.write(2, f"bash could not be started in {program.folder}: {error.strerror}\n".encode())


def close_all_but(keep: set[int]) -> None:
    """Close what a fork has inherited and must not keep."""
    for descriptor in [int(entry.name) for entry in Path("/dev/fd").iterdir()]:
        if descriptor not in keep:
            with contextlib.suppress(OSError):  # the listing's own
                os.close(descriptor)
