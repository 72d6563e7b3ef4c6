"""The log of a run as `specrun ui` shows it: how late a line is, and what three busy roles cost server and job."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import paced
from benchmarks.jobs import PYTORCH, Job
from benchmarks.measure import WentWrong
from benchmarks.table import Row
from benchmarks.viewer import Viewer, specrun_ui
from benchmarks.workplace import Workplace

PAGE = "0123456789abcdef"
LATE = 0.5
"""Seconds after which a line is to be there."""

RATE, SECONDS = 100_000, 20
"""Lines per second of three roles together, and for how long."""

CORES, SLOWED, GROWN = 0.3, 1.03, 1.1
"""Targets: the server's CPU, the job's time against that without a reader, the server's memory against the start."""

ROLES, BLOCK = 3, 1000
_TOOK = re.compile(r"^took ([\d.]+)$", re.MULTILINE)


def ui_logs(place: Workplace) -> Iterator[Row]:
    """A line's way, then the load."""
    yield _lateness(place)
    yield from _load(place)


def _lateness(place: Workplace) -> Row:
    """Of lines that come one by one, the one that is latest; against `tail -f` of the same log."""
    folder = place.subfolder("ui-line")
    blocks = place.amount(40, 10)
    file = _job(folder, f"0.13 1 {blocks}", 1)
    with specrun_ui(place, folder, folder / ".specrun") as viewer:
        name = _begin(place, folder, file)
        log = folder / ".specrun" / "runs" / name / "logs" / "worker-0.txt"
        with _tailed(log) as tailed, _followed(viewer, name) as seen:
            _wait(lambda: any("took" in line for line, _ in seen), "the last line")
    ours, peer = _latest(seen), _latest(tailed)
    met = ours <= LATE
    what = f"a line's way into a reader, the latest of {blocks}"
    return Row("ui-logs", what, "s", ours, peer, "tail -f", ours / peer, f"{LATE} s", met)


def _load(place: Workplace) -> Iterator[Row]:
    """Three roles that print as much as the target says, with a reader and without one."""
    folder = place.subfolder("ui-load")
    seconds = place.amount(SECONDS, 2)
    blocks = RATE // ROLES // BLOCK * seconds
    file = _job(folder, f"{_pause():.4f} {BLOCK} {blocks} work", ROLES)
    rounds = place.rounds(3)
    pairs = [(_watched(place, folder, file), _took(place, folder, _begin(place, folder, file))) for _ in range(rounds)]
    watched = [one for one, _ in pairs]
    cores, tail = median(one["cores"] for one in watched), median(one["tail"] for one in watched)
    lines = ROLES * BLOCK * blocks / median(one["took"] for one in watched)
    what = f"3 roles print {lines:,.0f} lines/s for {seconds} s: the server's CPU"
    yield Row("ui-logs", what, "cores", cores, tail, "tail -f", cores / max(tail, 1e-3), f"{CORES}", cores <= CORES)
    ours, begin = median(one["memory"] for one in watched), median(one["before"] for one in watched)
    grown = ours / begin
    yield Row("ui-logs", "… its memory", "MB", ours, begin, "at the start", grown, f"{GROWN}", grown <= GROWN)
    ratio = median(one["took"] / without for one, without in pairs)
    ours, alone = median(one["took"] for one in watched), median(without for _, without in pairs)
    yield Row("ui-logs", "… the job's time", "s wall", ours, alone, "no reader", ratio, f"{SLOWED}", ratio <= SLOWED)


def _pause() -> float:
    """What is left for a role to pause between two blocks, so that it prints its part of `RATE` on this machine."""
    begun = time.perf_counter()
    for _ in range(10):
        sum(range(paced.WORK))
    return max(0.0, BLOCK * ROLES / RATE - 3 * (time.perf_counter() - begun) / 10 - 0.002)


def _watched(place: Workplace, folder: Path, file: Path) -> dict[str, float]:
    """A run that a reader follows: the server's CPU and memory, that of `tail -f` beside it, and the job's time."""
    with specrun_ui(place, folder, folder / ".specrun") as viewer:
        name = _begin(place, folder, file)
        with _followed(viewer, name) as seen:
            _wait(lambda: len(seen) > 0, "a first line")
            before, cpu, begun = viewer.memory(), viewer.cpu(), time.perf_counter()
            took = _took(place, folder, name)
            wall = time.perf_counter() - begun
            used, memory = viewer.cpu() - cpu, viewer.memory()
        logs = [str(log) for log in (folder / ".specrun" / "runs" / name / "logs").glob("*.txt")]
    return {"cores": used / wall, "before": before, "memory": memory, "took": took, "tail": _tail_cpu(logs) / wall}


def _tail_cpu(logs: list[str]) -> float:
    """Seconds of CPU that `tail` takes for all of these lines."""
    from benchmarks.measure import take

    return take(["tail", "-n", "+1", "-q", *logs], {"PATH": "/usr/bin:/bin"}).cpu


def _begin(place: Workplace, folder: Path, file: Path) -> str:
    """Submit the run; its name."""
    home = folder / ".specrun"
    answer = folder / "apply.txt"
    place.specrun("apply", "-q", "--rerun", "--detach", "--environment", "current", str(file), home=home, output=answer)
    place.specrun("status", "-o", "json", str(file), home=home, output=answer)
    return str(json.loads(answer.read_text())["name"])


def _took(place: Workplace, folder: Path, name: str) -> float:
    """Wait for a run's end; the seconds that its slowest role has printed."""
    place.specrun("status", "--wait", name, home=folder / ".specrun")
    logs = (folder / ".specrun" / "runs" / name / "logs").glob("*.txt")
    ends = [_TOOK.search(_end_of(log)) for log in logs]
    if not all(ends):
        raise WentWrong(f"a role of {name} has not printed how long it took")
    return max(float(end[1]) for end in ends if end)


def _end_of(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        return file.read().decode()


def _job(folder: Path, arguments: str, roles: int) -> Path:
    source = Path(paced.__file__).read_text(encoding="utf-8")
    command = f"exec python paced.py {arguments} ${{{{ inputs.numbers }}}} ${{{{ outputs.model }}}}"
    return Job(command, {"paced.py": source}, PYTORCH, roles).write(folder)


Seen = list[tuple[str, float]]
"""Lines, each with the moment at which a reader had it."""


@contextmanager
def _followed(viewer: Viewer, name: str) -> Iterator[Seen]:
    """What a page that follows a log asks: told of each change of its length, it gets the last lines."""
    seen: Seen = []
    stream = viewer.stream(f"api/events?page={PAGE}")
    ended = threading.Event()

    def read() -> None:
        known = 0
        for line in stream:
            if ended.is_set():
                return
            if not line.startswith(b"data: "):
                continue
            told: Any = json.loads(line[6:])
            if "hello" in told:
                watch = {"id": 1, "verb": "watch", "path": f"runs/{name}/logs/state", "params": {}}
                viewer.post("api/watch", {"page": PAGE, "messages": [watch]})
            elif "data" in told:
                total = int(told["data"]["total"])
                if total > known:
                    begin = max(known, total - 200)
                    asked = {"from": begin, "count": total - begin}
                    found: Any = viewer.get(f"api/runs/{name}/logs", **asked)
                    now = time.time()
                    seen.extend((str(one["text"]), now) for one in found["lines"])
                    known = begin + len(found["lines"])
                    del seen[:-2000]

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield seen
    finally:
        ended.set()


@contextmanager
def _tailed(log: Path) -> Iterator[Seen]:
    seen: Seen = []
    with subprocess.Popen(
        ["tail", "-n", "+1", "-F", str(log)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as tail:
        assert tail.stdout is not None
        lines = tail.stdout

        def read() -> None:
            seen.extend((line.decode(), time.time()) for line in lines)

        threading.Thread(target=read, daemon=True).start()
        try:
            yield seen
        finally:
            tail.kill()


def _latest(seen: Seen) -> float:
    """Seconds by which the line was late that was so most, but for those that were there before the reader."""
    late = [moment - float(line.split()[0]) for line, moment in seen if " block " in line]
    return max(late[len(late) // 4 :], default=0.0)


def _wait(condition: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + 60
    while not condition():
        if time.monotonic() > give_up:
            raise WentWrong(f"waited for {what}")
        time.sleep(0.02)
