"""Standard output and standard error, to which no credential gets, and on which nothing acts that specrun has not drawn
itself.
"""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TextIO

from specrun.spec.masking import mask
from specrun.spec.visible import visible_output


class Visible:
    """A stream that masks credentials, and makes visible what the views have left: what an SDK prints or logs, a
    traceback, a text that nobody thought of.

    `canvas` is the stream itself, for what moves the cursor on purpose, and for the lines of a job.
    """

    def __init__(self, canvas: TextIO) -> None:
        self.canvas = canvas
        self.used = False
        """Whether anything was written."""
        self._begun = ""
        self.is_open = False
        """Whether what was written last has not ended in a line feed."""
        self.above: Callable[[], AbstractContextManager[None]] | None = None
        """What keeps what moves at the lower end of a terminal out of the way of what is written."""

    def write(self, text: str) -> int:
        """Write a text; colours stay."""
        self.used = self.used or bool(text)
        shown = visible_output(mask(text), self._begun)
        self._begun = (self._begun + shown).rpartition("\n")[2].strip()[:2]
        with nullcontext() if self.above is None else self.above():
            self.canvas.write(shown)
            self.is_open = not shown.endswith("\n")
        return len(text)

    def writelines(self, lines: Iterator[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.canvas, name)


def spelled() -> str:
    """The name of how to write what a stream's encoding does not have: so that JSON stays JSON."""

    def escape(error: UnicodeError) -> tuple[str, int]:
        import json  # late: few streams lack anything

        assert isinstance(error, UnicodeEncodeError)
        return json.dumps(error.object[error.start : error.end])[1:-1], error.end

    codecs.register_error("specrun", escape)
    return "specrun"


@contextmanager
def visible_streams() -> Iterator[None]:
    """Have standard output and standard error be such streams."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (Visible(stream) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
