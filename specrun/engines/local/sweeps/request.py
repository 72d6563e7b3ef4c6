"""What a sweep is asked to do: `sweep.json`, beside the request for its trials, in a folder that is a run's.

`request.json` there is the request of each trial, but for what is its own: the command and the variables name
parameters, and paths of the run lead into a folder of the name `marker`, which is nobody's.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from specrun.engines.local import state
from specrun.engines.local.request import decoded
from specrun.plan.private import read_private, write_private
from specrun.plan.stored import number
from specrun.spec.frozen import dataclass
from specrun.spec.sweep import LIMITS, Objective, Sweep

FILE = state.SWEEP
FORMAT = 1
KEPT = "kept-trials.json"
"""Which trials go on without the sweep, in its folder; only where there are any."""


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """A sweep, and whether what has failed before the moment `since` (Unix seconds) is to be run again (None: not)."""

    sweep: Sweep
    since: float | None = None


def keep_trials(rundir: Path, fingerprints: Collection[str]) -> None:
    """Note which trials go on when the sweep is cancelled: what takes its place has them, too. Raises OSError."""
    write_private(rundir / KEPT, json.dumps(sorted(fingerprints)))


def kept_trials(rundir: Path) -> frozenset[str]:
    """The fingerprints of these trials."""
    try:
        found = json.loads(read_private(rundir / KEPT))
    except (OSError, ValueError, RecursionError):
        return frozenset()
    return frozenset(map(str, found)) if isinstance(found, list) else frozenset()


def is_sweep(rundir: Path) -> bool:
    """Whether the run in a folder is a sweep."""
    return (rundir / FILE).exists()


def noted(sweep: Sweep) -> Mapping[str, object]:
    """What is noted of a sweep in `run.json`, where whoever lists runs finds it."""
    objective = sweep.objective
    return {"goal": objective.goal, "primary_metric": objective.primary_metric, "trials": sweep.most_trials}


def write(rundir: Path, request: SweepRequest) -> None:
    """Write it down. Raises OSError."""
    values = {"format": FORMAT, "since": request.since, "sweep": asdict(request.sweep)}
    write_private(rundir / FILE, json.dumps(values, indent=1) + "\n")


def read(rundir: Path) -> SweepRequest:
    """What is written down. Raises RequestInvalid."""
    return decoded(rundir / FILE, _decode, f"a sweep of format {FORMAT}")


def _decode(values: dict[str, Any]) -> SweepRequest:
    if values["format"] != FORMAT:
        raise ValueError(f"format {values['format']!r}")
    fields = dict(values["sweep"])
    objective = Objective(**fields.pop("objective"))
    sweep = Sweep(objective=objective, **fields)
    spaces = [sweep.search_space, *sweep.search_space.values(), sweep.early_termination or {}]
    if not all(isinstance(space, dict) for space in spaces):
        raise TypeError("search_space and early_termination are mappings")
    for limit in (sweep.seed, *(getattr(sweep, name) for name in LIMITS)):
        if limit is not None and (type(limit) is not int or limit < 0):
            raise TypeError("seed and limits are whole numbers")
    for text in (sweep.sampling_algorithm, sweep.rule, objective.goal, objective.primary_metric):
        if not isinstance(text, str):
            raise TypeError(f"{text!r} is no text")
    since = values["since"]
    if since is not None and number(since) is None:
        raise TypeError("since is a moment")
    return SweepRequest(sweep, since)
