"""Linux's and macOS's means to find and end every process of a run, however it tried to get away.

Linux: a subreaper inherits what its descendants leave behind, so a guard that has no child left has no descendant
left, whether they double-forked or took a session of their own. Only when guards and supervisor are killed together
is there nobody to inherit; then `sweep` finds what is left by the marker in its environment. macOS has no subreaper:
there a process group, the table of parents and the marker must do.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any

from specrun.engines.local.request import MARKER

LINUX = sys.platform.startswith("linux")
_PR_SET_PDEATHSIG, _PR_SET_NAME, _PR_SET_CHILD_SUBREAPER = 1, 15, 36
_PAUSE = 0.002
"""Seconds between two looks at processes that were just killed."""

OnReaped = Callable[[int, int], None]
"""Called with the process id and the wait status of each child that was reaped."""


def _prctl(option: int, argument: int | bytes) -> None:
    if LINUX:
        value = ctypes.c_char_p(argument) if isinstance(argument, bytes) else ctypes.c_ulong(argument)
        _LIBC.prctl(option, value, 0, 0, 0)


_LIBC: Any = ctypes.CDLL(None) if LINUX else None  # loaded before any fork: between fork and exec nothing should be


def adopt_orphans() -> None:
    """From now on, descendants that lose their parent become this process's children (Linux)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with(parent: int) -> None:
    """Have this process killed when `parent`, which forked it, dies (Linux), be it already dead."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if LINUX and os.getppid() != parent:
        os._exit(128 + signal.SIGKILL)


def rename(name: str) -> None:
    """What `ps` and `top` call this process (Linux; 15 characters)."""
    _prctl(_PR_SET_NAME, name.encode()[:15])


def show_argument(before: str, after: str, without: str) -> None:
    """Have the command line of this process, a fork, show another last argument, and none that begins `without`
    (Linux). There is as much room as its parent's took; where that is not enough it stays as it is.
    """
    fields = fields_of(os.getpid()) if LINUX else []
    start, end = (int(fields[45]), int(fields[46])) if len(fields) > 46 else (0, 0)
    words = read(os.getpid(), "cmdline").rstrip(b"\0").split(b"\0")
    if not 0 < start < end or words[-1] != os.fsencode(before):
        return
    words = [word for word in words[:-1] if not word.startswith(without.encode())]
    text = b"\0".join([*words, os.fsencode(after)]) + b"\0"
    if len(text) <= end - start:
        ctypes.memmove(start, text.ljust(end - start, b"\0"), end - start)


def listen(asked_to_end: Callable[..., object]) -> int:
    """Have signals wake a loop, through the descriptor that is returned, and those that ask for its end be heard."""
    wake, writer = os.pipe()
    for descriptor in (wake, writer):
        os.set_blocking(descriptor, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, asked_to_end)
    return wake


def drain(wake: int) -> None:
    """Take in what has woken the loop."""
    with contextlib.suppress(BlockingIOError):
        os.read(wake, 4096)


def reap(on_reaped: OnReaped) -> bool:
    """Collect the children that have ended. False when there are no children at all."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        on_reaped(pid, status)


def kill_descendants(on_reaped: OnReaped, *, spare: Collection[int] = (), patience: float = 10.0) -> bool:
    """SIGKILL every descendant but those in `spare` and theirs, until none is left. False: some would not die.

    One look at the process table can miss a process whose parent ends during the look, hence two.
    """
    give_up = time.monotonic() + patience
    empty_looks = 0
    while reap(on_reaped) and empty_looks < 2:
        found = _descendants(os.getpid(), spare)
        empty_looks = 0 if any(found.values()) else empty_looks + 1
        for pid in found:
            _kill(pid)
        if time.monotonic() > give_up:
            return False
        time.sleep(_PAUSE)
    return True


def marked(marker: str) -> tuple[int, ...]:
    """The living processes that carry a run's marker."""
    wanted = f"{MARKER}={marker}"
    if LINUX:
        return tuple(pid for pid in pids() if wanted.encode() in read(pid, "environ").split(b"\0"))
    lines = (line.strip().partition(" ") for line in listed("-axEwwo", "pid=,command="))
    return tuple(int(pid) for pid, _, rest in lines if wanted in rest.split() and int(pid) != os.getpid())


def sweep(marker: str, *, patience: float = 5.0) -> tuple[int, ...]:
    """SIGKILL whatever still carries a run's marker, until nothing does; returns whom that struck."""
    struck: set[int] = set()
    give_up = time.monotonic() + patience
    empty_looks = 0
    while empty_looks < 2 and time.monotonic() < give_up:
        found = [pid for pid in marked(marker) if pid != os.getpid()]
        empty_looks = 0 if found else empty_looks + 1
        for pid in found:
            _kill_marked(pid, marker)
        struck.update(found)
        if found:
            time.sleep(_PAUSE)
    return tuple(sorted(struck))


def kill_group(leader: int, number: int) -> None:
    """Send a signal to a process group, if it is still there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _kill_marked(pid: int, marker: str) -> None:
    """Kill a process that is no relative of ours: by a handle, lest another one got its number in the meantime."""
    if not (LINUX and hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal")):
        _kill(pid)
        return
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except OSError:  # a kernel or sandbox without pidfd
        _kill(pid)
        return
    try:
        if f"{MARKER}={marker}".encode() in read(pid, "environ").split(b"\0"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
    finally:
        os.close(handle)


def _descendants(ancestor: int, spare: Collection[int]) -> dict[int, bool]:
    """Descendants' ids, without `spare` and theirs; the value says whether it is alive, not yet a zombie."""
    children: dict[int, list[tuple[int, bool]]] = {}
    for pid, parent, alive in _table():
        if pid not in spare:
            children.setdefault(parent, []).append((pid, alive))
    found: dict[int, bool] = {}
    waiting = [ancestor]
    while waiting:
        for pid, alive in children.get(waiting.pop(), ()):
            found[pid] = alive
            waiting.append(pid)
    return found


def _table() -> Iterable[tuple[int, int, bool]]:
    """(pid, parent, alive) of every process."""
    if not LINUX:
        for line in listed("-axo", "pid=,ppid=,stat="):
            pid, parent, state = line.split()[:3]
            yield int(pid), int(parent), not state.startswith("Z")
        return
    for process in pids():
        fields = fields_of(process)
        if len(fields) > 1:
            yield process, int(fields[1]), fields[0] not in (b"Z", b"X")


def fields_of(pid: int) -> list[bytes]:
    """What the kernel says of a process (Linux), from its state on: `pid (comm) state ppid …`."""
    return read(pid, "stat").rpartition(b")")[2].split()  # comm may itself hold blanks and brackets


def pids() -> Iterable[int]:
    """The ids of all processes (Linux)."""
    return (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208  names alone: thrice as fast


def read(pid: int, what: str) -> bytes:
    """A file that the kernel has about a process (Linux); empty where there is nothing to be read."""
    try:
        with open(f"/proc/{pid}/{what}", "rb", buffering=0) as file:  # noqa: PTH123  likewise
            return file.read()
    except OSError:  # gone, or another user's
        return b""


def listed(*arguments: str) -> list[str]:
    """The lines of `ps` (macOS)."""
    import subprocess

    return subprocess.run(
        ["ps", *arguments], capture_output=True, text=True, errors="replace", check=False
    ).stdout.splitlines()


def how_it_ended(code: int) -> str:
    """What an exit code (negative: a signal) means, as the end of a sentence."""
    if code < 0:
        return f"was killed by {_signal_name(-code)} ({-code})"
    hint = f", as after {_signal_name(code - 128)} ({code - 128})" if 128 < code < 160 else ""
    return f"exited with status {code}{hint}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "signal"
