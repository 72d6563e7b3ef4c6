"""The runs that go on, as lines that move: one line of a single run, a table of several."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from specrun.plan.observed import Run, RunStatus
from specrun.spec.masking import mask
from specrun.spec.secrets import hide
from specrun.spec.visible import visible
from specrun.views.runs import COLOURS
from specrun.views.text import Paint, clock, columns, duration, shorten

KEPT = 2
"""Lines of the terminal that are left to what stands above."""

INTERRUPT = "^C"
"""What a terminal shows of it, at the end of the last line: it must not begin another one there."""


@dataclass(slots=True)
class GoingOn:
    """A run that goes on: as it was seen last, where it is ("": there is but one place), what it said last, and of a
    sweep how far it is.
    """

    run: Run
    place: str = ""
    line: str = ""
    sweep: str = ""
    since: float = field(default_factory=time.time)

    @property
    def seconds(self) -> float:
        """For how long it runs, or waits for that."""
        return max(0.0, time.time() - (self.run.started or self.run.submitted or self.since))

    @property
    def about(self) -> str:
        """How far it is, why it waits, or which of its roles run."""
        return self.sweep or about_run(self.run)


def status_line(one: GoingOn, spinner: str, width: int, paint: Paint) -> str:
    """`⠋ digits-ps-28f2d2e8a6 running 0:12 · ps/0 worker/0 worker/1`."""
    run = one.run
    state = f"{run.status.value} {clock(one.seconds)}"
    name = shorten(run.name, max(8, width - len(state) - 3))
    left = width - columns(name) - len(state) - 6
    about = "" if one.sweep else one.about
    told = f" · {shorten(about, left)}" if about and left > 8 else ""
    return f"{paint(spinner, COLOURS[run.status])} {paint(name, 'bold')} {state}{paint(told, 'dim')}"


def sweep_line(one: GoingOn, width: int, paint: Paint) -> str:
    """How far a sweep is, below the line of its run."""
    return paint(f"  {shorten(one.sweep, width - 2 - len(INTERRUPT))}", "dim")


def about_run(run: Run) -> str:
    """Why it waits, or which of its roles run."""
    if run.why:
        return mask(hide(run.why))
    roles = [role.name for role in run.roles if role.status == "running"] or [role.name for role in run.roles]
    return " ".join(roles)


def table(runs: Sequence[GoingOn], width: int, height: int, paint: Paint) -> Iterator[str]:
    """A row for each run, below how many there are; of those that do not fit, how many."""
    rows = sorted(runs, key=lambda one: one.run.status is not RunStatus.RUNNING)
    yield paint(_counted(rows, "run"), "dim")
    room = max(1, height - KEPT)
    shown = rows if len(rows) <= room else rows[: max(1, room - 1)]
    cells = [(one.run.name, one.place, one.run.status.value, duration(one.seconds)) for one in shown]
    most = (width * 2 // 5, width // 5, width, width)
    wanted = [max(map(columns, column)) for column in zip(*cells, strict=True)]
    rooms = [min(limit, room) for limit, room in zip(most, wanted, strict=True)]
    for one, (name, place, status, lasted) in zip(shown, cells, strict=True):
        texts = [_padded(name, rooms[0]), *([_padded(place, rooms[1])] if rooms[1] else [])]
        texts += [paint(_padded(status, rooms[2]), COLOURS[one.run.status]), f"{lasted:>{rooms[3]}}"]
        left = width - sum(room + 2 for room in rooms if room)
        yield "  ".join([*texts, paint(shorten(one.sweep or one.line or mask(hide(one.run.why)), left), "dim")])
    if len(shown) < len(rows):
        yield paint(f"… and {_counted(rows[len(shown) :], 'more')}", "dim")


def _padded(text: str, room: int) -> str:
    text = shorten(visible(text), room)
    return text + " " * (room - columns(text))


def _counted(rows: Sequence[GoingOn], noun: str) -> str:
    """`12 runs: 4 running, 8 queued`."""
    states = Counter(row.run.status.value for row in rows)
    number = len(rows)
    head = f"{number} {noun}" if noun == "more" or number == 1 else f"{number} {noun}s"
    return f"{head}: {', '.join(f'{many} {state}' for state, many in states.items())}"
