"""What of an apply moves at the lower end of a terminal: the bars of roles and operations, and the runs that go on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TextIO, TypeAlias

from specrun.engines.base import Progress
from specrun.plan.observed import Run
from specrun.plan.resources import Key
from specrun.spec.masking import mask
from specrun.spec.secrets import hide
from specrun.spec.visible import visible, visible_log
from specrun.spec.wording import size
from specrun.views.bars import Bar
from specrun.views.going_on import GoingOn, status_line, sweep_line, table
from specrun.views.live import Live, can_draw, is_shared
from specrun.views.role_lines import RoleLines
from specrun.views.text import Paint, clock, columns

SILENCE = 1.0
"""Seconds without a line of the job after which the line about its run is there, and stays."""

MINUTE = 60.0
"""Seconds of a run's silence after which something is to be said of it, where nothing is drawn."""

PROGRESS = 10.0
"""Seconds between two lines about how far a sweep is, where nothing is drawn."""

RunKey: TypeAlias = tuple[Key | None, str]
"""Which run: the names of two places may be alike."""


class Moving:
    """`draws`: whether operations and runs are drawn, which go to `err` as all that specrun itself has to say. The bars
    of `roles` are drawn where the job's lines go.
    """

    def __init__(self, out: TextIO, err: TextIO, paint: Paint, roles: RoleLines, *, quiet: bool) -> None:
        self.draws = can_draw(err) and not quiet and not is_shared(out)
        self.in_rows = False
        """Whether each run has a row of a table, and its lines are not shown."""
        self._streams = [stream for stream in (err, out) if can_draw(stream)]
        self._paint = paint
        self._roles = roles
        self._bars: dict[Key, Bar] = {}
        self._runs: dict[RunKey, GoingOn] = {}
        self._live: Live | None = None
        self._wrote = time.monotonic()
        self._heard: dict[RunKey, float] = {}
        self._far: dict[RunKey, float] = {}
        self._is_silent = False

    def above(self) -> AbstractContextManager[None]:
        """While this lasts nothing is drawn, and lines may be written."""
        return nullcontext() if self._live is None else self._live.above()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """While this lasts what is drawn may change."""
        with nullcontext() if self._live is None else self._live.changing():
            yield
        if self._live is not None:
            self._live.redraw()

    def wrote(self, key: RunKey) -> None:
        """A line was written about a run, or of it."""
        self._wrote = self._heard[key] = time.monotonic()
        if self._streams:
            self._begin()

    def begin(self, key: Key, name: str, text: str) -> None:
        """A bar for an operation."""
        self._bars[key] = Bar(name, text)
        self._begin()

    def advance(self, key: Key, progress: Progress) -> bool:
        """How far an operation is. False: it has no bar."""
        if key not in self._bars:
            return False
        done, total = progress.done, progress.total
        text = f"{size(done)} of {size(total)}" if total else mask(hide(progress.text))
        self._bars[key].advance(done, total, text)
        return True

    def end(self, key: Key) -> None:
        """An operation is over."""
        self._bars.pop(key, None)

    def see(self, key: RunKey, run: Run, place: str = "") -> str:
        """A run that goes on as it is now; `place` is "" where there is but one. Where it cannot be drawn, from time to
        time what is to be said of it, else "".
        """
        one = self._runs.setdefault(key, GoingOn(run, place))
        one.run = run
        if self.draws:
            self._begin()
            return ""
        now = time.monotonic()
        if now - self._heard.setdefault(key, now) < MINUTE:
            return ""
        self._heard[key] = now
        about = one.about
        return f"is {run.status.value} {clock(one.seconds)}" + (f" · {visible(about)}" if about else "")

    def say(self, key: RunKey, line: str) -> None:
        """What a run wrote last."""
        if key in self._runs:
            self._runs[key].line = visible_log(hide(line), colours=False).strip()

    def say_how_far(self, key: RunKey, text: str) -> bool:
        """How far a sweep is. True where it cannot be drawn, is something new, and the last line about it is old."""
        one = self._runs.get(key)
        if one is None or one.sweep == text:
            return False
        one.sweep = text
        now = time.monotonic()
        if self.draws or now - self._far.setdefault(key, now) < PROGRESS:
            return False
        self._far[key] = self._heard[key] = now
        return True

    def settle(self, key: RunKey) -> None:
        """A run has ended: what became of it is written."""
        self._runs.pop(key, None)
        self._heard.pop(key, None)
        self._far.pop(key, None)
        self._roles.clear()

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._live is not None:
            self._live.close()
            self._live = None

    def _begin(self) -> None:
        if self._live is None:
            self._live = Live(*self._streams)
            self._live.show(self._lines)

    def _lines(self, width: int, height: int) -> list[str]:
        assert self._live is not None
        spinner = self._live.spinner()
        room = max((columns(bar.name) for bar in self._bars.values()), default=0)
        below = [bar.line(spinner, room, width, self._paint) for bar in self._bars.values()]
        below += self._about_runs(spinner, width, height - len(below))
        return [*self._roles.lines(width, height - len(below)), *below][-height:]

    def _about_runs(self, spinner: str, width: int, height: int) -> Iterator[str]:
        if not self._runs or not self.draws:
            return
        if self.in_rows:
            yield from table(list(self._runs.values()), width, height, self._paint)
            return
        self._is_silent = self._is_silent or time.monotonic() - self._wrote >= SILENCE
        if self._is_silent:
            for one in self._runs.values():
                yield status_line(one, spinner, width, self._paint)
                if one.sweep:
                    yield sweep_line(one, width, self._paint)
