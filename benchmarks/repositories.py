"""Many specs that share a few clusters: with bases against in one file, all cores against one, ten times as many."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import LeftOut, Pair, paired
from benchmarks.specs import write_repository
from benchmarks.table import Row
from benchmarks.workplace import Workplace

COUNT = 10_000
ROUNDS = 3
LAYERS = 1.10
"""What specs may cost that stand in bases and files, against the same in one file each."""
CORES = 1 / 1.7
CHANGED, FIFTH = 3, 1 / 5
LINEAR = 11
"""What ten times as many may cost."""


def repositories(place: Workplace) -> Iterator[Row]:
    """Thousands of specs of 90 lines that share 20 clusters in two workspaces."""
    count, rounds = place.amount(COUNT, 60), place.rounds(ROUNDS)
    flat, layered = (_repository(place, count, layered=layered) for layered in (False, True))
    pair = paired(lambda: place.specrun("validate", layered).cpu, lambda: place.specrun("validate", flat).cpu, rounds)
    yield _row(f"validate, {count:,} specs with a base", "s CPU", pair, "in one file", LAYERS)
    plan = ("plan", "--engine", "local", "--max-runs", str(count))
    homes = [place.subfolder(f"repositories-home-{number}") for number in range(2)]
    pair = paired(
        lambda: place.specrun(*plan, layered, home=homes[0]).cpu,
        lambda: place.specrun(*plan, flat, home=homes[1]).cpu,
        rounds,
    )
    yield _row(f"plan (local), {count:,} specs with a base", "s CPU", pair, "in one file", LAYERS)
    yield _changed(place, Path(layered), (*plan, layered), count)
    yield from _cores(place, layered, count)
    many = _repository(place, 10 * count, layered=True)
    pair = paired(lambda: place.specrun("validate", many).cpu, lambda: place.specrun("validate", layered).cpu, 1)
    yield _row(f"validate, {10 * count:,} specs", "s CPU", pair, f"{count:,}", LINEAR)


def _changed(place: Workplace, folder: Path, plan: tuple[str, ...], count: int) -> Row:
    """A plan of those that changed since a commit, against one of all."""
    git = ("git", "-c", "user.name=specrun", "-c", "user.email=specrun@example.org")
    for arguments in (("add", "--all"), ("commit", "-qm", "all of them")):
        subprocess.run([*git, *arguments], cwd=folder, check=True)
    files = sorted(folder.glob("team-*/*.yaml"))
    for file in files[:: len(files) // CHANGED][:CHANGED]:
        file.write_text(f"{file.read_text(encoding='utf-8')}# changed\n", encoding="utf-8")
    home = place.subfolder("repositories-home-changed")
    pair = paired(
        lambda: place.specrun(*plan, "--changed-since", "HEAD", home=home).cpu,
        lambda: place.specrun(*plan, home=home).cpu,
        place.rounds(ROUNDS),
    )
    return _row(f"plan --changed-since, {CHANGED} of {count:,} changed", "s CPU", pair, "all of them", FIFTH)


def _cores(place: Workplace, folder: str, count: int) -> Iterator[Row]:
    """On all cores against one."""
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        raise LeftOut("this machine has one core, or does not let a process choose")
    whole = os.sched_getaffinity(0)

    def on_one() -> float:
        os.sched_setaffinity(0, {min(whole)})
        try:
            return place.specrun("validate", folder).wall
        finally:
            os.sched_setaffinity(0, whole)

    pair = paired(lambda: place.specrun("validate", folder).wall, on_one, place.rounds(ROUNDS))
    yield _row(f"validate, {count:,} specs on {len(whole)} cores", "s wall", pair, "on one", CORES)


def _row(what: str, unit: str, pair: Pair, peer: str, most: float) -> Row:
    target = f"{most:g}" if most > 1 else f"1/{1 / most:.1f}"
    return Row("repositories", what, unit, pair.ours, pair.peer, peer, pair.ratio, target, pair.ratio <= most)


def _repository(place: Workplace, count: int, *, layered: bool) -> str:
    folder = place.subfolder(f"repository-{count}-{layered}")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    write_repository(Path(folder), count, layered=layered)
    return str(folder)
