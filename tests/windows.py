"""`python -m tests.windows 'validate job.yaml' …`: command lines in a Python that lacks what Windows lacks.

Prints one line of JSON for each: the exit status, and what it wrote to both streams. With `--modules` it imports every
module of specrun before.
"""

from __future__ import annotations

# What the standard library chose by this system, it chose before anything was taken away.
import asyncio  # noqa: F401
import concurrent.futures.process  # noqa: F401
import contextlib
import importlib
import io
import json
import logging.handlers  # noqa: F401
import multiprocessing.context
import multiprocessing.popen_fork  # noqa: F401
import os
import pkgutil
import shlex
import shutil  # noqa: F401
import signal
import socket  # noqa: F401
import ssl  # noqa: F401
import subprocess  # noqa: F401
import sys
import tempfile  # noqa: F401
import uuid  # noqa: F401
from typing import Any

MODULES = frozenset(["fcntl", "grp", "pty", "pwd", "readline", "resource", "spwd", "syslog", "termios", "tty"])
OF_OS = """
    chown fchmod fchown fdatasync fork forkpty getegid geteuid getgid getgroups getloadavg getpgid getpgrp getsid getuid
    initgroups killpg lchown mkfifo mknod nice openpty pidfd_open pipe2 posix_fadvise pread pwrite register_at_fork
    sched_getaffinity sendfile set_blocking setpgid setsid sync sysconf tcgetpgrp ttyname uname wait wait3 wait4 waitid
    O_CLOEXEC O_DIRECTORY O_DSYNC O_NOCTTY O_NOFOLLOW O_NONBLOCK O_PATH O_SYNC WNOHANG WIFEXITED WIFSIGNALED
"""
OF_SIGNAL = """
    SIGALRM SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGUSR1 SIGUSR2 SIGWINCH
    SIGXFSZ alarm pthread_kill pthread_sigmask setitimer siginterrupt sigwait
"""


class _Absent:
    """Finds nothing of what is absent."""

    def find_spec(self, name: str, *_: Any) -> None:
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def take_away() -> None:
    """From now on, this Python lacks it."""
    assert not any(name.startswith("specrun") for name in sys.modules), "specrun comes after"
    for name in MODULES:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, _Absent())  # type: ignore[arg-type]
    for module, names in ((os, OF_OS), (signal, OF_SIGNAL)):
        for name in names.split():
            if hasattr(module, name):
                delattr(module, name)


def main(lines: list[str]) -> None:
    take_away()
    import specrun

    if lines[:1] == ["--modules"]:
        lines = lines[1:]
        for module in pkgutil.walk_packages(specrun.__path__, "specrun."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    from specrun.cli.main import run

    for line in lines:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(shlex.split(line))
        print(json.dumps([code, out.getvalue(), err.getvalue()]))


if __name__ == "__main__":
    main(sys.argv[1:])
