"""What costs nothing the second time: an apply with nothing to do, and data that has not changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.jobs import Job
from benchmarks.measure import LeftOut, paired, take
from benchmarks.table import Row
from benchmarks.validating import PEER
from benchmarks.workplace import Workplace

APPLIES = 7
LIMIT = 0.5
"""Seconds."""

PLANS = 3
FILES, FILE_SIZE = 2000, 100_000


def nothing_to_do(place: Workplace) -> Iterator[Row]:
    """The second apply of a job that has succeeded, with its cluster and its data in place."""
    file = str(
        Job("echo ${{ inputs.numbers }} ${{ outputs.model }}", data_files=20).write(place.subfolder("nothing-to-do"))
    )
    call = ("apply", "--environment", "current", file)
    place.specrun(*call)
    # No other tool does the same: checking that very file with the peer is what puts the machine into proportion.
    pair = paired(lambda: place.specrun(*call).wall, lambda: place.check_jsonschema(file).wall, place.rounds(APPLIES))
    what = "apply with nothing to do; peer: the check alone"
    yield Row(
        "nothing-to-do", what, "s wall", pair.ours, pair.peer, PEER, pair.ratio, f"{LIMIT:g} s", pair.ours < LIMIT
    )


def hashing(place: Workplace) -> Iterator[Row]:
    """A plan over much data, for the first time and again, against one md5sum of the same files."""
    folder, count, rounds = place.subfolder("hashing"), place.amount(FILES, 100), place.rounds(PLANS)
    file = str(
        Job("echo ${{ inputs.numbers }} ${{ outputs.model }}", data_files=count, data_size=FILE_SIZE).write(folder)
    )
    files = sorted(map(str, (folder / "data").iterdir()))
    homes = (place.subfolder(f"hashing-home-{number}") for number in range(rounds))
    calls: list[Path] = []

    def first() -> float:
        calls.append(next(homes))
        return place.specrun("plan", file, home=calls[-1]).cpu

    def md5sum() -> float:
        return take([_md5sum(), *files], place.environment).cpu

    size = f"{count:,} files, {count * FILE_SIZE // 10**6} MB"
    pair = paired(first, md5sum, rounds)
    yield Row("hashing", f"first plan over {size}", "s CPU", pair.ours, pair.peer, "md5sum", pair.ratio)
    pair = paired(lambda: place.specrun("plan", file, home=calls[-1]).cpu, md5sum, rounds)
    yield Row("hashing", "the same again", "s CPU", pair.ours, pair.peer, "md5sum", pair.ratio, "less", pair.ratio < 1)
    ours, peer = place.specrun("plan", file, home=calls[-1]).read, take([_md5sum(), *files], place.environment).read
    if ours is not None and peer is not None:
        ratio = ours / peer
        yield Row(
            "hashing", "the same again", "MB read", ours / 1e6, peer / 1e6, "md5sum", ratio, "1/20", ratio <= 1 / 20
        )


def _md5sum() -> str:
    found = shutil.which("md5sum") or shutil.which("md5")
    if found is None:
        raise LeftOut("neither md5sum nor md5 is installed")
    return found
