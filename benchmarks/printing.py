"""Three processes that print without pause: how fast their lines reach the logs, and that every line is whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import printer
from benchmarks.jobs import PYTORCH, Job
from benchmarks.measure import WentWrong, paired, take
from benchmarks.table import Row
from benchmarks.workplace import Workplace

ROUNDS = 5
PROCESSES, BLOCKS = 3, 3000
TARGET = 1_000_000
"""Lines per second."""


def logs(place: Workplace) -> Iterator[Row]:
    """Against the same processes, each redirected to a file by bash."""
    blocks = place.amount(BLOCKS, 100)
    lines = PROCESSES * blocks * printer.LINES
    source = Path(printer.__file__).read_text(encoding="utf-8")
    command = f"exec python printer.py $RANK {blocks} ${{{{ inputs.numbers }}}} ${{{{ outputs.model }}}}"
    job = Job(command, {"printer.py": source}, PYTORCH, PROCESSES)
    file = job.write(place.subfolder("logs"))
    what = f"3 processes print {lines / 10**6:g} M lines"

    def redirected() -> float:
        return lines / _redirected(place, file.parent, blocks)

    pair = paired(lambda: lines / _detached(place, file, blocks), redirected, place.rounds(ROUNDS))
    yield Row("logs", what, "lines/s", pair.ours, pair.peer, "bash >", pair.ratio, f"{TARGET:,}", pair.ours >= TARGET)
    pair = paired(lambda: lines / _followed(place, file, lines), redirected, 1)
    yield Row("logs", "the same, each line shown by apply", "lines/s", pair.ours, pair.peer, "bash >", pair.ratio)


def _detached(place: Workplace, file: Path, blocks: int) -> float:
    """Seconds of a run that nobody watches, from its first process to its last."""
    home = place.folder / "logs-home"
    place.specrun("apply", "-q", "--rerun", "--detach", "--environment", "current", str(file), home=home)
    answer = file.with_suffix(".json")
    place.specrun("status", "--wait", "-o", "json", str(file), home=home, output=answer)
    run = json.loads(answer.read_text())
    _check_and_remove(lambda rank: home / "runs" / run["name"] / "logs" / f"worker-{rank}.txt", blocks)
    return float(run["duration"])


def _followed(place: Workplace, file: Path, expected: int) -> float:
    """Seconds in which `apply` reads all lines from the logs and prints them, with the role in front of each."""
    home, shown = place.subfolder("logs-followed"), file.with_suffix(".txt")
    wall = place.specrun("apply", "-q", "--environment", "current", str(file), home=home, output=shown).wall
    with shown.open("rb") as lines:
        count = sum(b" | " in line for line in lines)
    if count != expected:
        raise WentWrong(f"apply showed {count} lines of {expected}")
    shown.unlink()
    return wall


def _redirected(place: Workplace, folder: Path, blocks: int) -> float:
    script = f"for rank in 0 1 2; do python src/printer.py $rank {blocks} > $rank.txt & done; wait"
    taken = take(["bash", "-c", script], place.environment, folder=folder)
    _check_and_remove(lambda rank: folder / f"{rank}.txt", blocks)
    return taken.wall


def _check_and_remove(log: Callable[[int], Path], blocks: int) -> None:
    for rank in range(PROCESSES):
        with log(rank).open("rb") as file:
            for number in range(blocks):
                expected = printer.block(str(rank), number)
                if file.read(len(expected)) != expected:
                    raise WentWrong(f"block {number} of {log(rank)} is not as it was printed")
            if file.read(1):
                raise WentWrong(f"{log(rank)} has more than was printed")
        log(rank).unlink()
