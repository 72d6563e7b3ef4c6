"""What shows itself as a text, in a terminal and in a notebook alike."""

from __future__ import annotations

from datetime import datetime, timezone

from specrun.views.html import text_html
from specrun.views.markdown_text import fenced
from specrun.views.text import Paint

PLAIN, COLOURED = Paint(False), Paint(True)

WIDTH = 100
"""Columns of what is text."""


class Shown:
    """The text comes from the view that the command line uses; in a notebook it has the same colours."""

    def _text(self, paint: Paint) -> str:
        raise NotImplementedError

    def __repr__(self) -> str:
        return self._text(PLAIN)

    def _repr_html_(self) -> str:
        return text_html(self._text(COLOURED))

    def _repr_markdown_(self) -> str:
        return fenced(self._text(PLAIN), "text")


def moment(seconds: float | None) -> datetime | None:
    """A moment in UTC."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, OSError, ValueError):  # what somebody else has written down
        return None
