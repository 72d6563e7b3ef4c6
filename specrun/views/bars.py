"""The live line of an operation: what it does and for how long; with a size known, a bar with rate and time left."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from specrun.spec.wording import size
from specrun.views.text import Paint, clock, columns, shorten

BAR = 20
"""Columns of a bar."""

WINDOW = 30.0
"""Seconds over which the rate is taken."""


@dataclass(slots=True)
class Bar:
    """An operation that goes on; a `total` of 0 is unknown."""

    name: str
    text: str
    done: int = 0
    total: int = 0
    begun: float = field(default_factory=time.monotonic)
    _seen: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=1000))

    def advance(self, done: int, total: int, text: str) -> None:
        """How far the operation is now."""
        now = time.monotonic()
        self.done, self.total, self.text = done, total, text
        self._seen.append((now, done))
        while now - self._seen[0][0] > WINDOW:
            self._seen.popleft()

    def line(self, spinner: str, name_room: int, width: int, paint: Paint) -> str:
        """What is seen of it; the words at the end give way where the terminal is narrow."""
        name = shorten(self.name, min(name_room, max(10, width // 2)))
        head = name + " " * (min(name_room, max(10, width // 2)) - columns(name))
        parts = [(spinner, "green"), (head, ""), (clock(time.monotonic() - self.begun), "yellow")]
        left = width - sum(columns(text) + 1 for text, _ in parts)
        if self.total:
            known = [self._rate(), self._time_left()]
            if left > BAR + sum(len(text) + 1 for text in known) + 6:
                whole = min(BAR, BAR * self.done // self.total)
                parts += [("━" * whole, "green"), ("─" * (BAR - whole), "dim"), (known[0], "red"), (known[1], "cyan")]
                left -= BAR + sum(len(text) + 1 for text in known) + 1
        parts.append((shorten(self.text, left), ""))
        shown = [paint(text, *([colour] if colour else [])) for text, colour in parts]
        if len(parts) > 4:
            shown[3:5] = ["".join(shown[3:5])]
        return " ".join(shown)

    def _per_second(self) -> float:
        (first, before), (last, now) = self._seen[0], self._seen[-1]
        return (now - before) / (last - first) if last > first else 0.0

    def _rate(self) -> str:
        rate = self._per_second() if self._seen else 0.0
        return f"{size(int(rate))}/s" if rate else "?"

    def _time_left(self) -> str:
        rate = self._per_second() if self._seen else 0.0
        return clock((self.total - self.done) / rate) if rate else "-:--"
