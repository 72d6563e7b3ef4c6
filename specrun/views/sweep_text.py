"""A sweep for people: how far it is, the best trial until now and how it came to that, what runs, and what failed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from specrun.apply.events import Finished
from specrun.plan.observed import Run, RunStatus
from specrun.plan.trials import Trial, best, is_stopped_early
from specrun.spec.sweep import Objective
from specrun.spec.visible import visible
from specrun.views.sparkline import signs_for, sparkline
from specrun.views.text import Paint, in_room, shorten, tied, wrapped
from specrun.views.trials import PARAMETERS, best_text, counts_text, parameters_text, value_text

SHOWN = 5
"""Trials that run, and reasons for which trials failed, that are told one by one."""

ALIKE = 3
"""Trials that are named beside one that ended for the same reason."""

WIDEST, SPARK = 100, 40
"""Columns of a line where nothing breaks it, and of the picture of the best so far."""

_HEAD = 15


def sweep_text(
    run: Run,
    trials: Sequence[Trial],
    paint: Paint,
    room: int | None,
    tree: Callable[..., str] = lambda *_: "",
    raised: Mapping[str, str] = {},
) -> str:
    """Lines as the status of a run has them. `tree` makes a command that lists its trials, of options; `raised` has
    what tells most of why trials failed, in their own words, by their runs.
    """
    if run.objective is None:
        return ""
    return "\n".join(_lines(run, run.objective, trials, paint, room, tree, raised))


def trial_text(run: Run, trial: Trial | None, room: int | None) -> str:
    """Of a trial its sweep, and what that knows of it (None: nothing) which its own run does not tell."""
    if not run.parent:
        return ""
    why = trial.reason if trial is not None and trial.reason != run.reason else ""
    told = "" if trial is None else f", as trial {trial.number}" + (f": {why}" if why else "")
    return "\n".join(_told("sweep", run.parent + told, room))


def sweep_end_text(event: Finished, about: Callable[..., str], paint: Paint, room: int | None) -> str:
    """What became of the trials of a sweep that has ended; "" of another run. `about` makes a command of a run's name,
    its engine, a verb and options.
    """
    run, trials = event.run, event.trials
    if run.objective is None:
        return ""
    lines = [in_room(counts_text(run, trials), room, "  ")]
    found = best(trials, run.objective)
    engine = event.key.place.engine if event.key is not None else ""
    if found is not None:
        told = visible(f"best: {best_text(run, found)}")
        lines.append(in_room(told, room, "  ").replace("best:", paint("best:", "bold"), 1))
        lines.append(tied("  its outputs:", about(run.name, engine, "outputs", "--best"), room))
    elif trials:
        lines.append(tied("  all trials:", about(run.name, engine, "runs", "--tree"), room))
    return "\n".join(lines)


def best_so_far(trials: Sequence[Trial], objective: Objective) -> list[float]:
    """The best value after each trial that has succeeded with one, in the order in which they ended."""
    order = sorted(trials, key=lambda trial: (trial.ended is None, trial.ended or 0.0, trial.number))
    found: list[float] = []
    for trial in order:
        if trial.status is RunStatus.SUCCEEDED and trial.value is not None and not math.isnan(trial.value):
            better = not found or objective.is_better(trial.value, found[-1])
            found.append(trial.value if better else found[-1])
    return found


def _lines(
    run: Run,
    objective: Objective,
    trials: Sequence[Trial],
    paint: Paint,
    room: int | None,
    tree: Callable[..., str],
    raised: Mapping[str, str],
) -> Iterator[str]:
    yield from _told("trials", counts_text(run, trials), room)
    if (found := best(trials, objective)) is not None:
        metric = f"{objective.primary_metric} {value_text(found.value)}"
        yield f"{_head('best')}{paint(metric, 'bold')}{paint(f'  {_name(found)}')}"
        yield from _told("", parameters_text(found.parameters), room)
        curve = best_so_far(trials, objective)
        finite = [value for value in curve if math.isfinite(value)]
        if len({*finite}) > 1:
            span = f"  {finite[0]:.6g} to {finite[-1]:.6g}"
            width = min(SPARK, (room or WIDEST) - _HEAD - len(span))
            yield f"{_head('best so far')}{sparkline(curve, width, signs_for())}{span}"
    running = [trial for trial in trials if trial.status is RunStatus.RUNNING]
    for head, trial in zip(_heads("running"), running[:SHOWN], strict=False):
        value = f"{value_text(trial.value)}  " if trial.value is not None else ""
        yield _one(head, f"{_name(trial)}  {value}{parameters_text(trial.parameters, PARAMETERS)}", room)
        if trial.reason:
            yield from _told("", trial.reason, room)
    yield from _more(len(running) - SHOWN, tree, "running")
    for status in (RunStatus.FAILED, RunStatus.LOST, RunStatus.CANCELLED):
        several = [trial for trial in trials if trial.status is status and not is_stopped_early(trial)]
        alike: dict[str, list[Trial]] = {}
        for trial in several:
            alike.setdefault(trial.reason, []).append(trial)
        shown = [*alike.items()][:SHOWN]
        for head, (reason, (first, *others)) in zip(_heads(status.value), shown, strict=False):
            yield from _told(head, _name(first) + (f": {reason}" if reason else ""), room)
            if first.run in raised:
                yield _one("", f"  {raised[first.run].strip()}", room)
            if others:
                yield _one("", f"  and so {', '.join(map(_name, others[:ALIKE]))}{_and(len(others) - ALIKE)}", room)
        yield from _more(len(several) - sum(len(some) for _, some in shown), tree, status.value)
    none = [trial for trial in trials if trial.status is RunStatus.SUCCEEDED and not _counts(trial)]
    for head, trial in zip(_heads("no value"), none[:SHOWN], strict=False):
        why = trial.reason or f"its {objective.primary_metric} is {value_text(trial.value)}"
        yield from _told(head, f"{_name(trial)}: {why}", room)


def _and(number: int) -> str:
    return f" and {number} more" if number > 0 else ""


def _counts(trial: Trial) -> bool:
    return trial.value is not None and not math.isnan(trial.value)


def _name(trial: Trial) -> str:
    return trial.run or f"trial {trial.number}"


def _more(number: int, tree: Callable[..., str], status: str) -> Iterator[str]:
    if number > 0:
        command = tree("--filter", f"status={status}")
        yield f"{_head('')}… and {number} more{f': {command}' if command else ''}"


def _heads(word: str) -> Iterator[str]:
    """A word, and then nothing in its place."""
    yield word
    while True:
        yield ""


def _head(word: str) -> str:
    return f"  {word:<11}  "


def _one(word: str, text: str, room: int | None) -> str:
    """A line that is cut where it is too long."""
    return _head(word) + shorten(text, (room or WIDEST) - _HEAD)


def _told(word: str, text: str, room: int | None) -> list[str]:
    head = _head(word)
    return wrapped(text, head, room or 10_000, " " * _HEAD)
