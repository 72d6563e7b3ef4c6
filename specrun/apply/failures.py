"""Why a run failed, as far as its roles' own last lines tell: read anew whenever it is asked for, and a little only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from specrun.engines.base import EngineError, LogLine
from specrun.engines.reliable import Reliable
from specrun.plan.observed import Loss, Run, RunStatus
from specrun.plan.trials import Trial
from specrun.spec.frozen import dataclass

ASKED = 3
"""Trials of a sweep that are looked at for one that failed by itself."""

LAST_LINES = 10
"""Lines that are shown of a role."""

_RANK = re.compile(r"\[rank\d+\]: ?")
"""What torchrun writes in front of each line of a process's traceback."""

_FRAMES = ("Traceback (most recent call last):", '  File "')
_AROUND = ("ChildFailedError", "CalledProcessError", "ProcessRaisedException")
"""What those raise that started the process which failed: after it, and it says less."""

_OF_OTHERS = re.compile(r"Connection|Broken pipe|DistBackendError|EOFError|Timeout|UnavailableError|AbortedError")
"""What is raised where another role has gone."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What the role that failed wrote last, or the roles where nobody says which it was (`role` ""); `raised`, the line
    among it that tells most ("" without any); a `hint` at what to do; and why nothing could be read. Of a sweep it is
    all of the `trial` of that name.
    """

    role: str = ""
    lines: tuple[LogLine, ...] = ()
    raised: str = ""
    hint: str = ""
    unread: str = ""
    trial: str = ""


NOTHING = Failure()


def failure_of(engine: Reliable, run: Run, trials: Sequence[Trial] | None = None) -> Failure:
    """Why a run failed, of a sweep the first of its trials that did (None: not known yet). What cannot be read is
    said, and hides nothing else.
    """
    if run.is_sweep and run.status is RunStatus.FAILED:
        return _of_trials(engine, run, trials)
    if run.status is not RunStatus.FAILED and run.loss is not Loss.SERVICE_ERROR:
        return NOTHING
    try:
        lines = engine.tail(run.name, run.failed_role)
    except EngineError as error:
        return Failure(run.failed_role or "", unread=str(error))
    by_role: dict[str, list[LogLine]] = {}
    for line in lines:
        by_role.setdefault(line.role, []).append(line)
    role = run.failed_role or _first_to_fail(by_role)
    own = by_role.get(role, [])
    found = _raised(own)
    told = own[found].text if found is not None else next((line.text for line in own[::-1] if line.text.strip()), "")
    told = _RANK.sub("", told, count=1)
    few = max(1, LAST_LINES // max(1, len(by_role)))
    shown = _shown(own, found) if role else [line for each in by_role.values() for line in each[-few:]]
    return Failure(role, tuple(shown), told, _hint(engine, run, role, own, told if found is not None else ""))


def _of_trials(engine: Reliable, sweep: Run, trials: Sequence[Trial] | None) -> Failure:
    """Why the first trial failed that did so by itself: one that has logged no value has not."""
    try:
        known = engine.trials(sweep.name) if trials is None else trials
        for trial in [one for one in known if one.run and one.status is RunStatus.FAILED][:ASKED]:
            run = engine.run(trial.run)
            if run.status is RunStatus.FAILED:
                return replace(failure_of(engine, run), trial=run.name)
    except EngineError as error:
        return Failure(unread=str(error))
    return NOTHING


def _first_to_fail(by_role: dict[str, list[LogLine]]) -> str:
    """The role that failed of itself, as far as can be told; "" where nothing tells it."""
    if len(by_role) == 1:
        return next(iter(by_role))
    raised = {role: lines[found].text for role, lines in by_role.items() if (found := _raised(lines)) is not None}
    first = [role for role, text in raised.items() if not _OF_OTHERS.search(text)]
    return next(iter(first or raised), "")


def _raised(lines: Sequence[LogLine]) -> int | None:
    """Where the exception stands that ended a role: the last below a traceback, but for those around another."""
    found: int | None = None
    in_frames = False
    for number, line in enumerate(lines):
        text = _RANK.sub("", line.text, count=1)
        if text.startswith(_FRAMES):
            in_frames = True
        elif in_frames and text[:1].strip():
            in_frames = False
            name = text.partition(":")[0]
            if re.fullmatch(r"[\w.]+", name) and (found is None or not name.endswith(_AROUND)):
                found = number
    return found


def _shown(lines: Sequence[LogLine], found: int | None) -> Sequence[LogLine]:
    """The last lines; and before them what tells most, where others have been written since."""
    if found is None or found >= len(lines) - LAST_LINES:
        return lines[-LAST_LINES:]
    return [*lines[max(0, found - LAST_LINES + 4) : found + 1], LogLine(lines[found].role, "…"), *lines[-2:]]


def _hint(engine: Reliable, run: Run, role: str, lines: Sequence[LogLine], raised: str) -> str:
    from specrun.apply.hints import Case, hint_of  # late: most runs do not fail

    ending = next((one for one in run.roles if one.name == role), None)
    code = None if ending is None else ending.exit if ending.exit is not None else ending.signal and -ending.signal
    case = Case(
        [_RANK.sub("", line.text, count=1) for line in lines],
        raised,
        code if code is not None else _code_in(run.reason),
        run.reason,
        is_here=not engine.facts.in_workspace,
        look=partial(engine.identity, run.name),
    )
    return hint_of(case)


def _code_in(reason: str) -> int | None:
    """The exit code that a service tells in its words."""
    found = re.search(r"exit(?:ed)?(?: with)?(?: exit)?(?: status)?(?: code)?:? *(-?\d{1,3})\b", reason, re.IGNORECASE)
    return int(found[1]) if found else None
