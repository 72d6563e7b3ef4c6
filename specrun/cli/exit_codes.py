"""What the exit status says. These numbers are a promise to scripts and pipelines."""

from __future__ import annotations

from specrun.spec.visible import visible

DONE = 0
FAILED = 1
CHANGES_PENDING = 2
DRIFT = 3
REFUSED = 4
STALE = 5
WRONG_USAGE = 64
INVALID_SPEC = 65
BUG = 70
RUN_FAILED = 100
RUN_CANCELLED = 103
INTERRUPTED = 130

ORDER = (INTERRUPTED, BUG, STALE, REFUSED, FAILED, RUN_FAILED, RUN_CANCELLED)
"""Of several that apply, the first is the one."""


def worst(codes: set[int]) -> int:
    """The exit status of a command to which all these apply."""
    return next((code for code in ORDER if code in codes), DONE)


class Exit(Exception):
    """Ends the command with a status; `message` goes to standard error, and what helps stands in its lines."""

    def __init__(self, code: int, *lines: str) -> None:
        self.code = code
        self.message = "\n".join(visible(line) for line in lines)
        super().__init__(self.message)
