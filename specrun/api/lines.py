"""The lines that a run's roles wrote."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import overload

from specrun.engines.base import LogLine
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
