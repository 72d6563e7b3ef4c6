"""Writes into $COUNTS what this process has done by its end: files opened, most threads at once, memory.

Found on PYTHONPATH by the processes of one test; nothing in specrun knows of it.
"""

import json
import os
import resource
import sys
import threading
from collections import Counter
from pathlib import Path

opened: Counter[str] = Counter()
most_threads = 1
start, leave = threading.Thread.start, os._exit


def hook(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        opened[str(arguments[0])] += 1


def counted(thread: threading.Thread) -> None:
    global most_threads
    start(thread)
    most_threads = max(most_threads, threading.active_count())


def megabytes() -> int:
    """The most memory that this program had. `getrusage` also counts what its parent had when it forked."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def ending(status: int) -> None:
    """How the command line ends, without clearing up; see docs/adr."""
    told = {"opened": dict(opened), "threads": most_threads, "megabytes": megabytes()}
    Path(os.environ["COUNTS"]).write_text(json.dumps(told))
    leave(status)


threading.Thread.start = counted  # type: ignore[method-assign]
sys.addaudithook(hook)
os._exit = ending  # type: ignore[assignment]
