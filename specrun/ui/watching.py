"""What one reader watches: looked at one thing after another, by one thread, which a slow reader holds up alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from specrun.engines.base import EngineError
from specrun.plan.ownership import StateRefused
from specrun.ui.wire import NOTHING, Refused, Watched

MOST = 200
"""Things that one reader may watch."""

SILENCE = 15.0
"""Seconds after which something is sent although there is nothing to tell: so it is noticed that nobody listens."""

Told = dict[str, object]
Send = Callable[[Told | None], None]
"""Takes a message, or None in a silence. Raises OSError when nobody listens any more."""


class Watching:
    """The watches of one reader, by an id of its own choice."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watches: dict[object, tuple[Watched, float]] = {}
        self._fresh: list[Told] = []
        self._stopped = False

    def add(self, name: object, watched: Watched) -> None:
        """Watch something from now on, in place of what had this id. Raises Refused."""
        with self._changed:
            if len(self._watches) >= MOST and name not in self._watches:
                raise Refused(429, f"more than {MOST} things are watched")
            self._watches[name] = (watched, 0.0)
            self._changed.notify_all()

    def refuse(self, name: object, why: Refused) -> None:
        """Tell that something cannot be watched."""
        with self._changed:
            self._fresh.append({"id": name, "error": why.data})
            self._changed.notify_all()

    def remove(self, name: object) -> None:
        """Watch something no more."""
        with self._changed:
            self._watches.pop(name, None)

    def stop(self) -> None:
        """Have `run` return."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def run(self, send: Send) -> None:
        """Tell what there is to tell until it is stopped, or nobody listens."""
        said = time.monotonic()
        while True:
            with self._changed:
                if self._stopped:
                    return
                now = time.monotonic()
                due = [(name, one) for name, (one, at) in self._watches.items() if at <= now]
                fresh, self._fresh = self._fresh, []
                if not due and not fresh:
                    soon = min((at for _, at in self._watches.values()), default=now + SILENCE)
                    self._changed.wait(max(0.01, min(soon, said + SILENCE) - now))
            try:
                for message in fresh:
                    send(message)
                for name, one in due:
                    if (told := self._look(name, one)) is not None:
                        send(told)
                        said = time.monotonic()
                if time.monotonic() - said >= SILENCE:
                    send(None)
                    said = time.monotonic()
            except OSError:
                return

    def _look(self, name: object, one: Watched) -> Told | None:
        """What there is to tell of one watch, which is over where it is refused."""
        try:
            value = one.look()
        except Refused as refused:
            error = refused
        except (EngineError, StateRefused) as failed:
            error = Refused(502, str(failed))
        else:
            with self._changed:
                if self._watches.get(name, (None,))[0] is not one:
                    return None
                self._watches[name] = (one, time.monotonic() + one.every)
            return None if value is NOTHING else {"id": name, "data": value}
        with self._changed:
            if self._watches.get(name, (None,))[0] is not one:
                return None
            del self._watches[name]
        return {"id": name, "error": error.data}
