"""Points of one metric, collected as they are read: a hundred thousand take 2.4 MB."""

from __future__ import annotations

from array import array

from specrun.plan.metrics import Last, Series

_LARGEST = (1 << 63) - 1


class Points:
    """Points in the order in which they were written: step, time (Unix seconds) and value of each."""

    __slots__ = ("_best", "_steps", "_times", "_values")

    def __init__(self) -> None:
        self._steps, self._times, self._values = array("q"), array("d"), array("d")
        self._best = 0

    def __len__(self) -> int:
        return len(self._steps)

    def add(self, step: int, time: float, value: float) -> None:
        """One more. A step that 64 bits cannot hold is the nearest that they can."""
        if not -_LARGEST <= step <= _LARGEST:
            step = _LARGEST if step > 0 else -_LARGEST
        if self._steps and (step, time) >= (self._steps[self._best], self._times[self._best]):
            self._best = len(self._steps)
        self._steps.append(step)
        self._times.append(time)
        self._values.append(value)

    def last(self, role: str = "") -> Last:
        """The value of the highest step, as MLflow has it; of one step the latest. There has to be one."""
        at = self._best
        return Last(self._values[at], self._steps[at], self._times[at], len(self), role)

    def series(self, name: str, after: int = 0) -> Series:
        """All but the first `after`."""
        start = max(0, after)
        return Series(name, tuple(self._steps[start:]), tuple(self._times[start:]), tuple(self._values[start:]))
