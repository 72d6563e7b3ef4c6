"""One run from the queue to its end: what the supervisor does once it holds the lock.

Nothing here is polled but the request to cancel and the queue, both with TICK; everything else wakes the loop.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from specrun.engines.local import disk, gpus, guard, memory, processes, roles, slots, state
from specrun.engines.local.kept_code import share_code
from specrun.engines.local.log_times import LogTimes
from specrun.engines.local.mounts import written_inputs
from specrun.engines.local.request import Request, Withheld
from specrun.spec.frozen import dataclass
from specrun.spec.secrets import longest_first

TICK = 0.2
"""Seconds within which a request to cancel, or a free slot, is noticed."""

SOON = TICK / 2
"""Seconds for which a change of the processes may stay unwritten, looked at with TICK: what ends soon needs no more."""

SHUTDOWN_SPREAD = 1.0
"""Seconds over which one shutdown's signals reach all processes."""

_UNFINISHED = "unfinished"
SHUTDOWN = "its supervisor was asked to end (SIGTERM), as when the machine shuts down"


@dataclass(frozen=True, slots=True)
class Ending:
    """How the run ends. `when` (monotonic seconds) is when its cause happened, `role` the one that failed."""

    status: str
    reason: str = ""
    role: str | None = None
    when: float = 0.0


class Execution:
    """The one writer of a run's state. `lock` is the run's lock, which the guards share; `present` are the GPUs here,
    where somebody has looked; `over` is called once nothing of the run runs, before its end is written down.
    """

    def __init__(
        self,
        rundir: Path,
        request: Request,
        withheld: Withheld,
        lock: int,
        *,
        present: tuple[str, ...] | None = None,
        over: Callable[[], object] = lambda: None,
    ) -> None:
        self.rundir = rundir
        self.request = request
        self.secrets = withheld.variables
        self.hidden = longest_first(withheld.hidden)
        self.lock = lock
        self.over = over
        self.state = state.read(rundir)
        self.roles = {role.name: role for role in roles.roles(request)}
        self.states = {name: state.RoleState() for name in self.roles}
        self.guards: dict[int, guard.Guard] = {}  # by the descriptor of their report
        self.unread: dict[int, bytes] = {}
        self.children: dict[str, int] = {}  # the role's own process, by its name, while it runs
        self.dead_guards: dict[int, int] = {}  # wait status by process id, of those reaped in passing
        self.ending: Ending | None = None
        self.stopped_at: float | None = None
        self.killed = self.unclean = False
        self.deadline: float | None = None
        self.kills = memory.kills()
        self.signalled_at: float | None = None
        self.gpus_present = present
        self.place: slots.Place | None = None

    def carry_out(self) -> None:
        """Wait for a grant, run the roles, write the result. The run is over when this returns."""
        wake = processes.listen(self._asked_to_end)
        grant = self._queue(wake)
        if grant is not None:
            self._start(grant)
            self._watch(wake)
        if self.unclean or not processes.LINUX:
            processes.sweep(self.request.marker)
        if self.place is not None:
            self.place.leave()
        self.over()
        self._finish()

    def _asked_to_end(self, *_: object) -> None:
        # As when the machine shuts down. Nobody asked for this run's end: it is left unfinished, which is "lost",
        # and the next apply submits it again.
        self.signalled_at = time.monotonic()

    # --- the queue

    def _queue(self, wake: int) -> slots.Grant | None:
        if self.gpus_present is None:
            self.gpus_present = () if self.request.gpu is False else gpus.present()
        present = self.gpus_present
        want = roles.want(self.request, present)
        place = self.place = slots.Place(Path(self.request.slots), self.rundir, self.request.name, want, present)
        refusal = slots.refusal(want, present)
        if refusal:
            self._end(Ending(state.FAILED, refusal))
        while self._goes_on():
            try:
                answer = place.ask()
            except OSError as error:
                told = f"no slot could be asked for in {self.request.slots}: {disk.why(error)}"
                self._end(Ending(state.FAILED, told))
                break
            if isinstance(answer, slots.Grant):
                return answer
            if (self.state.status, self.state.reason) != (state.QUEUED, answer):
                self._write(replace(self.state, status=state.QUEUED, reason=answer))
            select.select([wake], [], [], TICK)
            processes.drain(wake)
        return None

    def _goes_on(self) -> bool:
        """Whether nothing has asked for the end, from within or without."""
        if self.ending is None and self.signalled_at is not None:
            self._end(Ending(_UNFINISHED, when=time.monotonic()))
        elif self.ending is None and (why := state.cancelled_for(self.rundir)) is not None:
            self._end(Ending(state.CANCELLED, why, when=time.monotonic()))
        return self.ending is None

    # --- start

    def _start(self, grant: slots.Grant) -> None:
        command, marker = self.request.command, self.request.marker
        own = roles.own_gpus(self.request, grant.gpus)
        now = time.time()
        self.states = {name: state.RoleState("running", gpus=own.get(name, ()), started=now) for name in self.roles}
        # Written before the first process: dying in between is then a lost run, never one that is started twice.
        self._write(replace(self.state, status=state.RUNNING, reason="", started=now, roles=self.states))
        if self.request.timeout is not None:
            self.deadline = time.monotonic() + self.request.timeout
        known = grant.gpus if self.gpus_present or self.request.gpu is False else None
        for name, role in self.roles.items():
            if self.ending:
                self.states[name] = state.RoleState("stopped")
                continue
            environment = roles.environment(
                self.request, role, self.rundir, base=os.environ, secrets=self.secrets, ports=grant.ports, gpus=known
            )
            log = self.rundir / role.log
            program = guard.Program(name, command, environment, self.rundir / "code", log, marker, self.hidden)
            try:
                started = guard.start(program, keep=(self.lock,))
            except OSError as error:
                self._fail(name, f"{name} could not be started: {disk.why(error)}")
                continue
            self.guards[started.report] = started
            self.unread[started.report] = b""

    # --- while it runs

    def _watch(self, wake: int) -> None:
        poller = select.poll()
        times = LogTimes(self.rundir, {name: role.log for name, role in self.roles.items()})
        for descriptor in (wake, *self.guards):
            poller.register(descriptor, select.POLLIN)
        written, due = dict(self.states), math.inf
        while self.guards:
            ready = [descriptor for descriptor, _ in poller.poll(min(self._pause(), times.pause()) * 1000 + 1)]
            processes.drain(wake)
            times.take()
            for descriptor in times.descriptors:
                poller.register(descriptor, select.POLLIN)
            gone = [self.guards[report] for report in ready if report in self.guards and not self._listen_to(report)]
            for dead in gone:
                poller.unregister(dead.report)
                self._guard_gone(dead)
            self._decide()
            if self.states == written:
                continue
            due = min(due, time.monotonic() + SOON)
            if self.guards and time.monotonic() >= due:
                self._write(replace(self.state, roles=self.states))
                written, due = dict(self.states), math.inf
        times.close()

    def _pause(self) -> float:
        """Seconds until something must be looked at."""
        moments = [self.deadline] if self.deadline is not None and self.ending is None else []
        if self.stopped_at is not None and not self.killed:
            moments.append(self.stopped_at + self.request.grace)
        return max(0.0, min([TICK, *(moment - time.monotonic() for moment in moments)]))

    def _listen_to(self, report: int) -> bool:
        """Take in what a guard says. False when it has hung up."""
        said = os.read(report, 4096)
        *lines, self.unread[report] = (self.unread[report] + said).split(b"\n")
        role = self.guards[report].role
        for line in lines:
            word, _, rest = line.decode(errors="replace").partition(" ")
            if word == "started":
                self.children[role] = int(rest)
                self.states[role] = replace(self.states[role], pid=int(rest))
            elif word == "error":
                self._fail(role, f"{role} could not be started: {rest}")
            elif word == "unwritten":
                self._fail(role, f"the log of {role} could not be written: {rest}")
            elif word == "exit":
                status, when = rest.split()
                self.children.pop(role, None)
                self._role_ended(role, os.waitstatus_to_exitcode(int(status)), float(when))
        return bool(said)

    def _role_ended(self, role: str, code: int, when: float) -> None:
        stopped = self.stopped_at is not None and when >= self.stopped_at
        status = "stopped" if stopped else ("failed" if code else "succeeded")
        self._settle(role, status, exit=code if code >= 0 else None, signal=-code if code < 0 else None)
        if status == "failed":
            short = f": {memory.IS_SHORT}" if memory.was_short(code, self.kills) else ""
            full = short if disk.has_room(self.rundir) else f": {disk.IS_FULL} ({self.rundir})"
            self._fail(role, f"{role} {processes.how_it_ended(code)}{full}", when)

    def _guard_gone(self, dead: guard.Guard) -> None:
        del self.guards[dead.report], self.unread[dead.report]
        dead.close()
        status = self.dead_guards.pop(dead.pid, None)
        code = os.waitstatus_to_exitcode(os.waitpid(dead.pid, 0)[1] if status is None else status)
        if code == 0:
            return
        # What it leaves has come to this process; where there is no subreaper, the group is what can be found.
        self.unclean = True
        if dead.role in self.children:
            processes.kill_group(self.children.pop(dead.role), signal.SIGKILL)
        spare = [living.pid for living in self.guards.values()]
        processes.kill_descendants(self._reaped, spare=spare)
        if self.states[dead.role].status != "running":
            return
        self._settle(dead.role, "failed" if self.stopped_at is None else "stopped", signal=-code if code < 0 else None)
        self._fail(dead.role, f"the guard of {dead.role} {processes.how_it_ended(code)}, and {dead.role} with it")

    def _reaped(self, pid: int, status: int) -> None:
        if any(living.pid == pid for living in self.guards.values()):
            self.dead_guards[pid] = status

    def _settle(self, role: str, status: str, *, exit: int | None = None, signal: int | None = None) -> None:
        ended = time.time() if self.states[role].started is not None else None
        self.states[role] = replace(self.states[role], status=status, exit=exit, signal=signal, ended=ended, pid=None)

    def _decide(self) -> None:
        """Whether the run must end, or those that must end have had their time."""
        now = time.monotonic()
        if self._goes_on():
            workers = [self.states[name].status for name, role in self.roles.items() if not role.serves]
            if all(status == "succeeded" for status in workers):
                self._end(Ending(state.SUCCEEDED, when=now))
            elif self.deadline is not None and now >= self.deadline:
                told = f"ran longer than {self.request.limit} ({self.request.timeout:g} s)"
                self._end(Ending(state.FAILED, told, when=now))
        if self.stopped_at is not None and not self.killed and now >= self.stopped_at + self.request.grace:
            self.killed = True
            for living in self.guards.values():
                living.order(guard.KILL)

    # --- the end

    def _fail(self, role: str, reason: str, when: float | None = None) -> None:
        if self.states[role].status in ("waiting", "running"):
            self._settle(role, "failed")
        self._end(Ending(state.FAILED, reason, role, time.monotonic() if when is None else when))

    def _end(self, ending: Ending) -> None:
        """End the run; a failure that was there earlier but is heard of later takes the blame."""
        known = self.ending
        if known is None or (ending.role and known.status == state.FAILED and ending.when < known.when):
            self.ending = ending
        if self.stopped_at is None:
            self.stopped_at = time.monotonic()
            for living in self.guards.values():
                living.order(guard.TERMINATE)

    def _finish(self) -> None:
        from specrun.engines.local.logged import keep_logged  # late: nothing reads it while the run goes

        ending = self.ending or Ending(state.FAILED, "it ended without a result")
        for name, role in self.states.items():
            if role.status == "waiting":
                self._settle(name, "stopped")
        if ending.status == _UNFINISHED or (ending.status == state.FAILED and self._shut_down_by(ending.when)):
            # A role that failed of the shutdown did not fail of itself.
            self._write(replace(self.state, reason=SHUTDOWN, roles=self.states))
            return
        share_code(self.rundir)
        keep_logged(self.rundir)
        written = written_inputs(self.rundir, self.state.submitted or time.time())
        reason = "; ".join(told for told in (ending.reason, written) if told)
        result = replace(self.state, status=ending.status, reason=reason, failed_role=ending.role)
        self._write(replace(result, ended=time.time(), roles=self.states))
        with contextlib.suppress(OSError):
            (self.rundir / state.RESERVE).unlink(missing_ok=True)

    def _shut_down_by(self, when: float) -> bool:
        """Whether something that happened at `when` may come from what also asked this process to end."""
        return self.signalled_at is not None and when >= self.signalled_at - SHUTDOWN_SPREAD

    def _write(self, new: state.State) -> None:
        essential = new.status != self.state.status
        self.state = replace(new, roles=dict(new.roles))
        if new.status in state.ENDED:
            from specrun.engines.local.marks import marked  # late: what it imports is not needed while the run goes

            self.state = marked(self.rundir, self.state)
        state.write(self.rundir, self.state, essential=essential)
