"""Kills a process at one of its writes: what a power cut, or the kernel when memory is short, does to it.

$LC_KILL names processes and numbers, such as `supervisor:7`: the one that kills itself at its 7th write. A process is
`apply`, or one of the run that it starts: `starter`, which detaches the `supervisor`, a `guard`, or a `role` before it
becomes the job's own; `run` is the supervisor with all its guards. (What begins with LC_ gets through to a run.)
$KILL_AT and $STOP_AT are numbers of writes at which `apply` is killed, or only stops until somebody lets it go on.

Python tells an audit hook of everything that changes the world, just before it happens. Imported by the processes of
one test, either when they were forked or through killer/sitecustomize.py, and run in the place of the supervisor's
module; nothing in specrun knows of it.
"""

from __future__ import annotations

import os
import signal
import sys

WRITES = {
    "fcntl.flock",
    "os.chmod",
    "os.link",
    "os.mkdir",
    "os.posix_spawn",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.symlink",
    "os.truncate",
    "os.utime",
    "subprocess.Popen",
    "tempfile.mkdtemp",
}
OF_RUNS = {"os.exec", "os.fork", "os.kill", "os.killpg"}
"""What changes the world besides, in a run's processes."""

CHANGING = {"apply", "destroy", "prune"}
"""The verbs whose writes count as those of `apply`."""

AFTER_FORK = {"starter": "supervisor", "supervisor": "guard", "guard": "role"}

own = "starter" if __name__ == "__main__" else "apply"
done = 0
at: dict[tuple[str, int], int] = {}
for variable, number in (("STOP_AT", signal.SIGSTOP), ("KILL_AT", signal.SIGKILL)):
    at |= {("apply", int(nth)): number for nth in os.environ.get(variable, "").split()}
for order in os.environ.get("LC_KILL", "").split():
    process, _, nth = order.partition(":")
    at[process, int(nth)] = signal.SIGKILL


def is_write(event: str, arguments: tuple[object, ...]) -> bool:
    if event == "open":
        mode, flags = arguments[1], arguments[2]
        return (isinstance(mode, str) and any(letter in mode for letter in "wax+")) or (
            isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
        )
    return event in WRITES or (event in OF_RUNS and own != "apply")


def hook(event: str, arguments: tuple[object, ...]) -> None:
    global done
    if is_write(event, arguments):
        done += 1
        if own == "supervisor" and ("run", done) in at:
            strike(*children(), os.getpid())
        if number := at.pop((own, done), None):
            strike(os.getpid(), number=number)


def strike(*pids: int, number: int = signal.SIGKILL) -> None:
    if number == signal.SIGKILL:
        at.clear()  # to kill is a write, too
    for pid in pids:
        os.kill(pid, number)


def children() -> list[int]:
    with open(f"/proc/self/task/{os.getpid()}/children") as listed:  # noqa: PTH123 - in a hook
        return [int(pid) for pid in listed.read().split()]


def forked() -> None:
    global own, done
    own, done = AFTER_FORK.get(own, own), 0


if at and own == "starter":
    os.register_at_fork(after_in_child=forked)
if at and (own == "starter" or CHANGING & {*sys.orig_argv, *sys.argv}):
    sys.addaudithook(hook)

if __name__ == "__main__":
    from specrun.engines.local import supervisor

    code = supervisor.main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)

if "LC_KILL" in os.environ:
    from specrun.engines.local import supervisor

    supervisor._MODULE = "tests.faults.killing"
