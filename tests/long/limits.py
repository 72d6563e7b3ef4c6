"""What one case of a search may take, and what may not be in its answer."""

from __future__ import annotations

import re
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 2.0
MEMORY = 500 << 20


class TookTooLong(BaseException):
    """Passes everything that catches exceptions."""


@contextmanager
def limited(seconds: float = SECONDS, memory: int = MEMORY) -> Iterator[None]:
    """Seconds of CPU, which a busy machine does not change, and bytes of memory beyond what the process has had."""

    def stop(*_: object) -> None:
        raise TookTooLong

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    taken = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    assert taken < memory, f"{taken >> 20} MB"


ACTS = re.compile(
    "(?!\n)[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]|##(vso)?\\[|(?m:^\\s*::)"
)
"""What may stand in nothing that is shown, see tests/unit/test_visible.py."""
