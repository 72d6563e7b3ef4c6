"""One line that says what is waited for, while a service takes its time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from specrun.plan.under_way import told
from specrun.spec.masking import mask
from specrun.spec.secrets import hide
from specrun.spec.visible import visible
from specrun.views.live import Live, can_draw
from specrun.views.text import clock, paint_for, shorten

SOON = 0.3
"""Seconds without an answer after which the line is there."""

MINUTE = 60.0
"""Seconds between two lines, where nothing can be drawn."""


@contextmanager
def waiting(out: TextIO, err: TextIO) -> Iterator[bool]:
    """While this lasts people are told what is waited for. It ends early where a run is followed (see `Moving`), and
    where the answer goes to another program, which may write to the same terminal as soon as it has some of it.
    """
    if can_draw(err):
        live = Live(err, *[out] * can_draw(out))
        if not can_draw(out) and hasattr(out, "above"):
            out.above = live.giving_way
        live.show(_Waited(live, err).lines)
        try:
            yield True
        finally:
            live.close()
        return
    over = threading.Event()
    threading.Thread(target=_say, args=(err, over), daemon=True).start()
    try:
        yield True
    finally:
        over.set()


class _Waited:
    """For how long something has been waited for without a break."""

    def __init__(self, live: Live, err: TextIO) -> None:
        self._live = live
        self._paint = paint_for(err)
        self._since: float | None = None

    def lines(self, width: int, height: int) -> list[str]:
        words, now = told(), time.monotonic()
        self._since = (self._since or now) if words else None
        if self._since is None or now - self._since < SOON:
            return []
        lasted = clock(now - self._since)
        said = shorten(mask(hide(words)), width - len(lasted) - 3)
        return [f"{self._paint(self._live.spinner(), 'cyan')} {said} {self._paint(lasted, 'dim')}"]


def _say(err: TextIO, over: threading.Event) -> None:
    while not over.wait(MINUTE):
        if words := told(MINUTE):
            err.write(f"{visible(mask(hide(words)))}\n")
            err.flush()
