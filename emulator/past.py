"""Runs that somebody has made long ago, put into a workspace without running anything: a long history costs seconds."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from emulator.runs_state import COMPLETED, Plane, Run, written

BETWEEN = 60.0
"""Seconds between one and the next."""


def add_past_runs(
    plane: Plane,
    runs: Iterable[tuple[str, Mapping[str, str]]],
    experiment: str = "past",
    properties: Mapping[str, str] | None = None,
) -> list[Run]:
    """Completed runs with these names and tags, the oldest first, all with the same properties."""
    named = list(runs)
    where = plane.ensure_experiment(experiment)
    start = time.time() - BETWEEN * len(named)
    added = []
    for number, (name, tags) in enumerate(named, 1):
        made = written(start + BETWEEN * number)
        run = plane.add_run(where, name, "somebody", definition={}, tags=dict(tags), status=COMPLETED, target="past")
        run.properties = dict(properties or {})
        run.kind, run.created, run.started, run.ended = "azureml.commandjob", made, made, made
        added.append(run)
    return added
