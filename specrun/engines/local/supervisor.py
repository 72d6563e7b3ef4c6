"""The process that a run belongs to: `python -m specrun.engines.local.supervisor RUNDIR`.

`start` has one run detached, in a session of its own, and returns when it holds the run's lock; from then on the
run needs nobody. Started by hand it stays in the foreground. A supervisor that does not get the lock, or gets it and
finds that the run was started before, just exits: of any number started at once, one runs the roles.

SIGTERM and SIGINT, which is what a machine that shuts down sends, end the processes and leave the run unfinished,
that is lost, so that the next apply submits it again. To cancel a run is to create its file `cancel`.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from specrun.engines.local import disk, roles, state
from specrun.engines.local import request as requests
from specrun.engines.local.run_notes import GOING
from specrun.plan.private import open_private

LOG = "supervisor.log"
KILLED = "its supervisor was killed just after its start, and nothing of it has run; the next apply starts it again"
UNSTARTED = "it was never started; the next apply does that"
"""Of a run that is `prepared`, whether somebody tried to start it or not."""

_MODULE = "specrun.engines.local.supervisor"
_HELD, _OTHER, _ERROR = "held", "other", "error"
_START_PATIENCE = 60.0
_LOCK_PATIENCE = 30.0
"""Seconds; whoever has the lock of a run asks for its GPUs, for 20 of them at most, and writes then."""


class NotStarted(Exception):
    """The supervisor could not take the run over; the run is still `prepared`. The message says why."""


def start(rundir: Path, withheld: requests.Withheld) -> None:
    """Start a prepared run, detached; return when its supervisor has the lock, or the run had been started already.

    What is withheld from the request travels through a pipe alone. Raises NotStarted.
    """
    import subprocess

    rundir = rundir.absolute()
    package = str(Path(__file__).resolve().parents[3])
    # No site, no caller's variables: started sooner, and what is in the caller's environment stays out of this one.
    environment = roles.inherited(os.environ) | {"PYTHONPATH": package}
    if (place := os.environ.get("XDG_STATE_HOME")) is not None:  # where this user's key is: see `marks`
        environment["XDG_STATE_HOME"] = place
    answer, theirs = os.pipe()
    try:
        with open(open_private(rundir / LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab") as log:  # noqa: PTH123
            command = [sys.executable, "-S", "-s", "-m", _MODULE]
            child = subprocess.Popen(
                [*command, f"--detach={theirs}", str(rundir)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd="/",
                env=environment,
                start_new_session=True,
                pass_fds=(theirs,),
            )
    except OSError as error:
        os.close(answer)
        raise NotStarted(f"the supervisor of {rundir} could not be started: {disk.why(error)}") from None
    finally:
        os.close(theirs)
    try:
        said = _converse(child.communicate, withheld.encode(), answer)
    finally:
        os.close(answer)
    word, _, detail = ("" if said is None else said).partition(" ")
    if word in (_HELD, _OTHER):
        return
    if said is None:
        raise NotStarted(f"the supervisor of {rundir.name} said nothing for {_START_PATIENCE:g} s; see {rundir / LOG}")
    raise NotStarted(detail or f"{rundir.name}: {KILLED}; see {rundir / LOG}")


def _converse(communicate: Callable[[bytes], object], withheld: bytes, answer: int) -> str | None:
    """Hand over what is withheld and wait for the answer: "" from who is gone, None when there is none in time."""
    import select

    communicate(withheld)  # ends with the process that detached the supervisor and left
    ready = select.select([answer], [], [], _START_PATIENCE)[0]
    return os.read(answer, 4096).decode(errors="replace") if ready else None


def main(arguments: list[str]) -> int:
    """Supervise the run in a folder, the last argument, to its end."""
    *options, folder = arguments
    answer: int | None = None
    for option in options:
        answer = int(option.removeprefix("--detach="))
        os.set_inheritable(answer, False)
    withheld = _read_withheld()
    if answer is not None and os.fork():
        os._exit(0)  # whoever started this has no child to collect later
    rundir = Path(folder).absolute()
    lock = None
    try:
        lock = _lock(rundir)
        request = None if lock is None else _read_request(rundir, withheld)
    except (requests.RequestInvalid, NotStarted, OSError) as error:
        if lock is not None:  # before anybody is told: whoever looks then must find that nothing goes on
            os.close(lock)
        told = f"{rundir.name}: {disk.why(error)} ({error.filename})" if isinstance(error, OSError) else f"{error}"
        _say(answer, f"{_ERROR} {told}")
        print(told, file=sys.stderr)
        return 1
    _say(answer, _OTHER if request is None else _HELD)
    if lock is None or request is None or withheld is None:
        return 0
    _carry_out(rundir, request, withheld, lock)
    GOING.forget(rundir)
    return 0


def _carry_out(rundir: Path, request: requests.Request, withheld: requests.Withheld, lock: int) -> None:
    from specrun.engines.local import processes  # late, as what follows: who waits for the answer need not wait for it

    if (rundir / state.SWEEP).exists():
        from specrun.engines.local.sweeps.scheduling import Scheduling

        processes.rename("specrun sweep")
        Scheduling(rundir, request, withheld, lock).carry_out()
    else:
        from specrun.engines.local.execution import Execution

        processes.adopt_orphans()
        processes.rename("specrun run")
        Execution(rundir, request, withheld, lock).carry_out()


def _read_request(rundir: Path, withheld: requests.Withheld | None) -> requests.Request:
    request = requests.read(rundir)
    missing = set(request.secret_names) - set(withheld.variables if withheld is not None else ())
    if withheld is None or missing:
        raise NotStarted(f"the values of these secrets did not arrive: {', '.join(sorted(missing)) or 'all'}")
    if request.withheld and not withheld.command:
        raise NotStarted("the command, which has a credential in it, did not arrive")
    if (rundir / state.SWEEP).exists() and not withheld.identity:
        raise NotStarted("what its trials are taken for did not arrive")
    return replace(request, command=withheld.command) if request.withheld else request


def _lock(rundir: Path) -> int | None:
    """The run's lock, if the run is still to be started. Raises NotStarted when somebody has it and does not start it.

    Somebody who only looks whether the lock is free has it for a moment, too; hence the patience.
    """
    give_up = time.monotonic() + _LOCK_PATIENCE
    while state.read(rundir).status == state.PREPARED:
        lock = state.acquire(rundir)
        if lock is not None:
            if state.read(rundir).status == state.PREPARED:
                return lock
            os.close(lock)
        elif time.monotonic() > give_up:
            raise NotStarted(f"{rundir.name}: another process has {rundir / state.LOCK} and does not start the run")
        else:
            time.sleep(0.005)
    return None


def _read_withheld() -> requests.Withheld | None:
    """What came on standard input; None when it was cut off, as by the death of who wrote it."""
    text = b""
    try:
        if not os.isatty(0):
            while chunk := os.read(0, 65536):
                text += chunk
        return requests.Withheld.decode(text)
    except OSError:  # closed
        return requests.Withheld()
    except ValueError:
        return None
    finally:
        _close_input()


def _close_input() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    if nothing:
        os.close(nothing)


def _say(answer: int | None, text: str) -> None:
    """Tell who started this, if anybody did."""
    if answer is None:
        return
    with contextlib.suppress(BrokenPipeError):  # nobody listens any more
        os.write(answer, text.encode())
    os.close(answer)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # nothing is left to tidy up, and whoever waits for the run waits for this
