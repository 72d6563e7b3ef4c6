"""Which of the specs that are asked about read from each other, and what of that is still to be submitted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from specrun.apply.runs_of import RunsOf
from specrun.cli.opened import RunsOfSpec
from specrun.plan.observed import Run
from specrun.spec.unchecked import values_of
from specrun.views.chains import Link


def upstream_in(opened: Sequence[RunsOfSpec]) -> dict[str, dict[str, str]]:
    """Of each spec that reads from another one of these: the specs by the input, upstream first; {} without any, and
    where they read from each other in a ring. Files that cannot be read say nothing.
    """
    specs = [one for one in opened if one.run is None and os.path.isfile(one.file)]  # noqa: PTH113
    names = {one.spec: one.spec for one in specs} | {os.path.realpath(one.file): one.spec for one in specs}
    if len(specs) < 2:
        return {}
    options: dict[str, Any] = {"variables": {}, "engine": None, "inputs": {}, "environment": None}
    found: dict[str, dict[str, str]] = {}
    for one in specs:
        values_in = values_of(**options, allow_outside=(), target=one.maker.target or None, var_files=())
        read = {
            name: names[at]
            for values in values_in(one.file)
            for name, written in _read_from(values)
            if (at := _meant(written, one.file)) in names and names[at] != one.spec
        }
        if read:
            found[one.spec] = read
    try:
        order = TopologicalSorter({spec: list(read.values()) for spec, read in found.items()}).static_order()
        return {spec: found.get(spec, {}) for spec in order}
    except CycleError:
        return {}


def newest_or_none(runs: RunsOfSpec) -> Run | None:
    """The newest run of a spec, where it has one."""
    newest = RunsOf.newest(runs)
    return runs.engine.run(newest.name) if newest is not None else None


def links_of(upstream: Mapping[str, Mapping[str, str]], runs: Mapping[str, Run | None]) -> Sequence[Link]:
    """The chain with the newest run of each, as far as these could be asked for."""
    return [
        Link(spec, runs[spec], {name: (one, runs.get(one)) for name, one in read.items()})
        for spec, read in upstream.items()
        if spec in runs
    ]


def _read_from(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The inputs that are outputs of another spec's run, and how that is named."""
    job = values.get("job")
    inputs = job.get("inputs") if isinstance(job, Mapping) else None
    for name, one in inputs.items() if isinstance(inputs, Mapping) else ():
        if isinstance(one, Mapping) and isinstance(one.get("run"), str):
            yield str(name), one["run"]


def _meant(written: str, file: str) -> str:
    """A spec's name, or the path of its file."""
    is_path = "/" in written or written.endswith((".yaml", ".yml"))
    return os.path.realpath(Path(file).parent / written) if is_path else written
