"""Runs command lines of specrun one by one, and says what each made Python do: `python -m tests.audited < CALLS`.

CALLS is a JSON list of argument lists; the answer has for each its exit status and what it did, as Python's own audit
events tell it. Each runs in a child of one process that has imported nothing, so that what it loads is its own.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

PROGRAMS = {"subprocess.Popen": 0, "os.exec": 0, "os.posix_spawn": 0, "os.system": 0, "pty.spawn": 0, "os.spawn": 1}
ADDRESSES = {"socket.connect": 1, "socket.sendto": 1, "socket.bind": 1, "socket.getaddrinfo": 0, "urllib.Request": 0}
CHANGES = {
    "os.mkdir": 0,
    "os.rename": 1,
    "os.remove": 0,
    "os.rmdir": 0,
    "os.symlink": 1,
    "os.link": 1,
    "os.truncate": 0,
}
PERMISSIONS = {"os.chmod": 0, "os.chown": 0}
LOADED = ("azure", "azureml", "msal", "tensorflow", "torch", "numpy", "google")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Audit:
    """What was done so far, by kind."""

    def __init__(self) -> None:
        self.done: dict[str, list[str]] = {"runs": [], "contacts": [], "writes": [], "loads": [], "unpickles": []}

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "import" and arguments[0].partition(".")[0] in LOADED:
            self._add("loads", arguments[0].partition(".")[0])
        elif event in PROGRAMS:
            self._add("runs", Path(os.fsdecode(arguments[PROGRAMS[event]])).name)
        elif event in ADDRESSES:
            self._add("contacts", str(arguments[ADDRESSES[event]]))
        elif event in CHANGES or event in PERMISSIONS or (event == "open" and _writes(*arguments)):
            place = arguments[{**CHANGES, **PERMISSIONS}.get(event, 0)]
            if not isinstance(place, int) and place != os.devnull:  # which keeps nothing
                self._add("writes", str(_folder(event, arguments) / os.fsdecode(place)))
        elif event == "pickle.find_class":
            self._add("unpickles", str(arguments))

    def _add(self, kind: str, what: str) -> None:
        if what not in self.done[kind]:
            self.done[kind].append(what)


def _folder(event: str, arguments: tuple[Any, ...]) -> Path:
    """Where a path begins: at the folder that it was opened with, which is an event's last argument, or here."""
    within = arguments[-1] if event != "open" and isinstance(arguments[-1], int) else -1
    return Path(f"/proc/self/fd/{within}").resolve() if within >= 0 else Path.cwd()


def _writes(_: object, mode: object, flags: object) -> bool:
    return bool(set("wax+") & set(mode)) if isinstance(mode, str) else isinstance(flags, int) and bool(flags & WRITING)


def _child(call: list[str], writing: int) -> None:
    audit = Audit()
    sys.addaudithook(audit)
    from specrun.cli.main import run

    status = run(call)
    sys.stdout.flush()
    os.write(writing, json.dumps({"status": status, **audit.done}).encode())


def _audited(call: list[str]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.dup2(2, 1)
        try:
            _child(call, writing)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    found: dict[str, Any] = json.loads(said)
    return found


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    answers = [_audited(call) for call in json.load(sys.stdin)]
    json.dump(answers, sys.stdout)
