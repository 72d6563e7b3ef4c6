"""The streams of events of pages: one for each, since a browser has six connections to a host."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping

from specrun.ui.answers import Answers
from specrun.ui.watching import Watching
from specrun.ui.wire import Refused

MOST = 64
"""Pages that are open at once."""

_NAME = re.compile(r"[0-9A-Za-z_-]{8,64}")


class Streams:
    """What each page watches, by the name that it has given itself."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._lock = threading.Lock()
        self._open: dict[str, Watching] = {}

    def open(self, page: str) -> Watching:
        """A page's watches, of which there are none yet; those that it had are over. Raises Refused."""
        if _NAME.fullmatch(page) is None:
            raise Refused(400, "a page's name has 8 to 64 letters and digits")
        watching = Watching()
        with self._lock:
            before = self._open.pop(page, None)
            if len(self._open) >= MOST:
                raise Refused(429, f"{MOST} pages are open")
            self._open[page] = watching
        if before is not None:
            before.stop()
        return watching

    def close(self, page: str, watching: Watching) -> None:
        """The page's stream has ended."""
        watching.stop()
        with self._lock:
            if self._open.get(page) is watching:
                del self._open[page]

    def stop(self) -> None:
        """Have all streams end."""
        with self._lock:
            for watching in self._open.values():
                watching.stop()

    def take(self, body: Mapping[str, object]) -> object:
        """Take in what a page wants to watch, and what no more. Raises Refused."""
        with self._lock:
            watching = self._open.get(str(body.get("page")))
        messages = body.get("messages")
        if watching is None:
            raise Refused(404, "this page has no stream of events (any more)")
        if not isinstance(messages, list) or not all(map(_is_message, messages)):
            raise Refused(400, "`messages` is a list of {id, verb, path, params}")
        for one in messages:
            if one.get("verb") == "stop":
                watching.remove(one["id"])
                continue
            params = one.get("params")
            try:
                watched = self._answers.watched(str(one.get("path")), params if isinstance(params, dict) else {})
                watching.add(one["id"], watched)
            except Refused as refused:
                watching.refuse(one["id"], refused)
        return {}


def _is_message(one: object) -> bool:
    return isinstance(one, dict) and isinstance(one.get("id"), int | str)
