"""What has become of a sweep's trials: `trials.jsonl` in its folder, a line for each change of one.

Its supervisor alone writes there, at the end; the last line of a trial holds. A line that was cut off, as by a kill,
is none. Nothing is decided by it but what to show: what a trial has come to is told by its own run.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from specrun.plan.attempts import NAME
from specrun.plan.metrics import as_number, number_data
from specrun.plan.observed import RunStatus
from specrun.plan.private import open_private, read_private
from specrun.plan.stored import number
from specrun.plan.trials import Trial

FILE = "trials.jsonl"
_SCALAR = (str, int, float, bool, type(None))


class Record:
    """The record of the sweep in a folder, which whoever has that one's lock writes on."""

    def __init__(self, rundir: Path) -> None:
        self._path = rundir / FILE

    def append(self, trial: Trial) -> None:
        """Write down how a trial is now. Raises OSError; then nothing of it is there."""
        line = json.dumps(_encode(trial), separators=(",", ":")).encode() + b"\n"
        descriptor = open_private(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            before = os.fstat(descriptor).st_size
            try:
                while line:
                    line = line[os.write(descriptor, line) :]
            except OSError:
                with contextlib.suppress(OSError):  # what follows must not stand behind half a line
                    os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)


def read_trials(rundir: Path) -> list[Trial]:
    """The trials of the sweep in a folder, by their numbers, as they were written down last."""
    try:
        *lines, _ = read_private(rundir / FILE).split(b"\n")  # the last one is what was cut off, or nothing
    except OSError:
        return []
    found: dict[int, Trial] = {}
    for line in lines:
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
            trial = _decode(json.loads(line))
            found[trial.number] = trial
    return [found[number] for number in sorted(found)]


def _encode(trial: Trial) -> dict[str, object]:
    return {
        "number": trial.number,
        "parameters": dict(trial.parameters),
        "run": trial.run,
        "status": trial.status.value,
        "value": None if trial.value is None else number_data(trial.value),
        "reason": trial.reason,
        "started": trial.started,
        "ended": trial.ended,
        "notes": trial.notes,
    }


def _decode(values: dict[str, Any]) -> Trial:
    count, parameters, run, value = (values[name] for name in ("number", "parameters", "run", "value"))
    if type(count) is not int or count < 0 or not isinstance(parameters, dict):
        raise TypeError("number or parameters")
    if not all(isinstance(one, _SCALAR) for one in parameters.values()):
        raise TypeError("parameters have scalars for values")
    if run and not NAME.fullmatch(run):  # it is the name of a folder
        raise ValueError("no run's name")
    return Trial(
        number=count,
        parameters=parameters,
        run=run,
        status=RunStatus(values["status"]),
        value=None if value is None else as_number(value),
        reason=str(values["reason"]),
        started=number(values["started"]),
        ended=number(values["ended"]),
        notes=tuple(map(str, values["notes"])),
    )
