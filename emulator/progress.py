"""Things that take a while: they settle after they were looked at so many times, not after so many seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Progress:
    """Something under way. `settle` is called once, at the `reads`-th look after which it is there."""

    def __init__(self, reads: int, settle: Callable[[], None]) -> None:
        self._lock = threading.RLock()
        self._reads = self._left = reads
        self._settle = settle
        self.settled = False
        if reads <= 0:
            self.finish()

    @property
    def fresh(self) -> bool:
        """Nobody has looked more than once."""
        with self._lock:
            return not self.settled and self._left >= self._reads - 1

    def look(self) -> bool:
        """Somebody looks; whether it has settled."""
        with self._lock:
            self._left -= 1
            if self._left < 0:
                self.finish()
            return self.settled

    def finish(self) -> None:
        """It settles now."""
        with self._lock:
            if not self.settled:
                self.settled = True
                self._settle()
