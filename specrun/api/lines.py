"""The lines that a run's roles wrote."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import overload

from specrun.engines.base import Cursor, LogLine, OpenLine
from specrun.engines.reliable import Reliable
from specrun.spec.secrets import hide
from specrun.spec.visible import visible_log
from specrun.views.html import text_html


class Lines(Sequence[LogLine]):
    """Lines, each with its `role` and `text`; of each role the last `tail`. As text several roles are named."""

    def __init__(self, lines: Iterable[LogLine], tail: int | None = None) -> None:
        if tail is None:
            self._lines: Sequence[LogLine] = list(lines)
            return
        kept: dict[str, deque[LogLine]] = {}
        for line in lines:
            kept.setdefault(line.role, deque(maxlen=tail)).append(line)
        self._lines = [line for role in kept.values() for line in role]

    @overload
    def __getitem__(self, index: int) -> LogLine: ...

    @overload
    def __getitem__(self, index: slice) -> Lines: ...

    def __getitem__(self, index: int | slice) -> LogLine | Lines:
        return Lines(self._lines[index]) if isinstance(index, slice) else self._lines[index]

    def __len__(self) -> int:
        return len(self._lines)

    def __str__(self) -> str:
        several = len({line.role for line in self._lines}) > 1
        return "\n".join(f"{line.role} | {line.text}" if several else line.text for line in self._lines)

    def __repr__(self) -> str:
        return "\n".join(visible_log(line, colours=False) for line in str(self).split("\n"))

    def _repr_html_(self) -> str:
        return text_html(repr(self))


def written(engine: Reliable, run: str, role: str, over: Callable[[], bool], *, follow: bool) -> Iterator[LogLine]:
    """The lines of a role, or of all (""), that a run has written; with `follow` until it is `over`."""
    cursor: Cursor = {}
    pause = threading.Event()
    while True:
        # Whether it has ended is read before the lines: once it has, these lines are the last.
        ended = over()
        found, after = engine.logs(run, cursor)
        is_all = after == cursor
        last = is_all and (ended or not follow)
        for line in found:
            is_wanted = not role or role in (line.role, line.role.partition("/")[0])
            if is_wanted and (last or not isinstance(line, OpenLine)):
                yield LogLine(line.role, hide(line.text), line.when)
        if last:
            return
        if is_all:
            pause.wait(engine.poll)
        cursor = after
