"""A live run in a notebook: the page's module as a widget, which asks in messages what the page asks the server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import anywidget
import traitlets

from specrun.apply.runs_of import RunsOf
from specrun.spec.errors import Error
from specrun.ui.answers import Answers, Refused
from specrun.ui.module import module_text, style_text

FAILED = 502
"""What is said where an engine could not answer, as the server says it."""


class Live(anywidget.AnyWidget):  # type: ignore[misc,unused-ignore]
    """The page in a cell, at a `path` such as /runs/NAME. What it asks is answered in threads of their own: a service
    that takes its time holds up neither the notebook nor another answer.
    """

    _esm = module_text()
    _css = style_text()
    path = traitlets.Unicode("/runs").tag(sync=True)

    def __init__(self, answers: Answers, path: str) -> None:
        self._answers = answers
        self._watched: dict[object, Callable[[], None]] = {}
        super().__init__(path=path)
        self.on_msg(self._hear)

    def close(self) -> None:
        """Look at nothing any more."""
        for stop in [self._watched.pop(one) for one in list(self._watched)]:
            stop()
        super().close()

    def _hear(self, _: object, message: Any, buffers: object) -> None:
        verb, path, params = message.get("verb"), str(message.get("path", "")), message.get("params") or {}
        asked = message.get("id")
        if verb == "stop":
            if stop := self._watched.pop(asked, None):
                stop()
        elif verb == "watch":
            self._watched[asked] = self._answers.watch(path, params, lambda value: self._reply(asked, value))
        elif verb in ("get", "post"):
            ask = self._answers.get if verb == "get" else self._answers.post
            threading.Thread(target=self._ask, args=(asked, ask, path, params), daemon=True).start()

    def _ask(self, asked: object, ask: Callable[[str, Any], object], path: str, params: Any) -> None:
        try:
            self._reply(asked, ask(path, params))
        except (Refused, Error, OSError) as error:
            self._reply(asked, error)

    def _reply(self, asked: object, value: object) -> None:
        if isinstance(value, BaseException):
            status = value.status if isinstance(value, Refused) else FAILED
            self.send({"id": asked, "error": {"status": status, "message": str(value)}})
        else:
            self.send({"id": asked, "data": value})


def widget_of(sources: Sequence[RunsOf], path: str) -> Live:
    """The page about some runs, at a path. Raises ModuleNotFoundError without anywidget, as importing this does."""
    return Live(Answers(sources), path)
