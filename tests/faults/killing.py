"""Kills this process at its n-th write, where n is $KILL_AT: what a power cut does to `specrun apply`.

$STOP_AT are numbers of writes at which it only stops, until somebody lets it go on.

Python tells an audit hook of everything that changes the world, just before it happens. Imported by the processes of
one test, either when they were forked or through killer/sitecustomize.py; nothing in specrun knows of it.
"""

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
at = {int(number): signal.SIGSTOP for number in os.environ.get("STOP_AT", "").split()}
at |= {int(number): signal.SIGKILL for number in os.environ.get("KILL_AT", "").split()}
done = 0


def is_write(event: str, arguments: tuple[object, ...]) -> bool:
    if event == "open":
        mode, flags = arguments[1], arguments[2]
        return (isinstance(mode, str) and any(letter in mode for letter in "wax+")) or (
            isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
        )
    return event in WRITES


def hook(event: str, arguments: tuple[object, ...]) -> None:
    global done
    if is_write(event, arguments):
        done += 1
        if done in at:
            os.kill(os.getpid(), at[done])


if at and "apply" in (*sys.orig_argv, *sys.argv):
    sys.addaudithook(hook)
