"""`specrun validate` against check-jsonschema: many files, files with mistakes, one file from a cold start."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import paired
from benchmarks.specs import write_specs
from benchmarks.table import Row
from benchmarks.workplace import Workplace

COUNT = 1000
ROUNDS = 3
STARTS = 11
PEER = "check-jsonschema"
FIFTEENTH = 1 / 15


def validate(place: Workplace) -> Iterator[Row]:
    """A thousand valid specs."""
    yield _many(place, "validate", 0, "{} valid specs of 90 lines", bound=True)


def mistakes(place: Workplace) -> Iterator[Row]:
    """A thousand specs, some or all of them with mistakes, each reported with its line and column."""
    yield _many(place, "mistakes", 10, "{} specs, mistakes in every tenth", bound=True)
    yield _many(place, "mistakes", 1, "{} specs, mistakes in each", bound=False)


def start(place: Workplace) -> Iterator[Row]:
    """One valid spec, from nothing."""
    (file,) = write_specs(place.subfolder("start"), 1)
    pair = paired(
        lambda: place.specrun("validate", file).wall,
        lambda: place.check_jsonschema(file).wall,
        place.rounds(STARTS),
    )
    yield Row(
        "start", "one spec, cold start", "s wall", pair.ours, pair.peer, PEER, pair.ratio, "1/4", pair.ratio <= 1 / 4
    )


def _many(place: Workplace, name: str, wrong_every: int, what: str, *, bound: bool) -> Row:
    count = place.amount(COUNT, 50)
    files = write_specs(place.subfolder(f"{name}-{wrong_every}"), count, wrong_every=wrong_every)
    pair = paired(
        lambda: place.specrun("validate", *files, exit_code=65 if wrong_every else 0).cpu,
        lambda: place.check_jsonschema(*files, exit_code=1 if wrong_every else 0).cpu,
        place.rounds(ROUNDS),
    )
    target, met = ("1/15", pair.ratio <= FIFTEENTH) if bound else ("", None)
    return Row(name, what.format(count), "s CPU", pair.ours, pair.peer, PEER, pair.ratio, target, met)
