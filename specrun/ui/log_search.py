"""Finding text in logs of any length, for a while: who wants more asks again from where the search has stopped."""

from __future__ import annotations

import json
import re
import select
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from specrun.engines.lines import line_text
from specrun.ui.run_log import RunLog
from specrun.ui.wire import Refused

SECONDS = 1.5
"""For how long it is searched before there is an answer."""

WINDOW = 10_000
"""Lines that are looked at together."""

_COLOURS = re.compile(r"\x1b\[[\d;:]*m")


class Search:
    """One search: `query` is a text, in letters of either case, or a regular expression between slashes."""

    def __init__(self, query: str) -> None:
        self._end = time.monotonic() + SECONDS
        is_pattern = len(query) > 2 and query[0] == query[-1] == "/"
        self._worker = Worker(query[1:-1], self._end) if is_pattern else None
        self._at = 0
        self._text = query.lower()
        self._bytes = self._text.encode() if query.isascii() else b""

    def find(self, log: RunLog, role: str, first: int, *, back: bool) -> dict[str, object]:
        """The nearest line with a match, from `first` on or `back` from there; of all lines that have one the `count`,
        if that is soon known. `searched` is where the search has stopped for want of time. Raises Refused.
        """
        try:
            found, stopped = self._nearest(log, role, first, back=back)
            count = self._count(log, role) if found is not None or (back and stopped is None) else None
            if found is None and stopped is None and not back and first == 0:
                count = 0
            return {"n": found, "count": count, "searched": stopped}
        finally:
            if self._worker is not None:
                self._worker.close()

    def _nearest(self, log: RunLog, role: str, first: int, *, back: bool) -> tuple[int | None, int | None]:
        """The line, and where the search has stopped."""
        total = log.total(role)
        try:
            if not back:
                return next(self._matches(log, role, first, total - first), None), None
            for end in range(min(first + 1, total), 0, -WINDOW):
                start = max(0, end - WINDOW)
                if (found := deque(self._matches(log, role, start, end - start), maxlen=1)) or not start:
                    return next(iter(found), None), None
                self._at = start
        except TimeoutError:
            return None, self._at
        return None, None

    def _count(self, log: RunLog, role: str) -> int | None:
        try:
            return sum(1 for _ in self._matches(log, role, 0, log.total(role)))
        except TimeoutError:
            return None

    def _matches(self, log: RunLog, role: str, first: int, count: int) -> Iterator[int]:
        """The numbers of the lines that match, of some. Raises TimeoutError."""
        for number, name, start, most in log.spans(role, first, count):
            for line, block in _blocks(log, name, start, most):
                self._at = number + line - start
                if time.monotonic() > self._end:
                    raise TimeoutError
                yield from (number + found - start for found in self._in_block(line, block))

    def _in_block(self, number: int, block: bytes) -> Iterator[int]:
        if self._worker is not None:
            texts = [_COLOURS.sub("", line_text(line)) for line in block.removesuffix(b"\n").split(b"\n")]
            yield from (number + at for at in self._worker.ask({"texts": texts}))
            return
        if not self._bytes:
            for at, line in enumerate(block.removesuffix(b"\n").split(b"\n"), number):
                if self._text in line_text(line).lower():
                    yield at
            return
        lower, at, counted = block.lower(), 0, 0
        while time.monotonic() < self._end and (at := lower.find(self._bytes, at)) >= 0:
            begun, end = block.rfind(b"\n", 0, at) + 1, block.find(b"\n", at)
            end = len(block) if end < 0 else end
            number += block.count(b"\n", counted, begun)
            counted = begun
            if self._text in _COLOURS.sub("", line_text(block[begun:end])).lower():
                yield number
            at = end


def _blocks(log: RunLog, role: str, first: int, count: int) -> Iterator[tuple[int, bytes]]:
    """The blocks of some lines of a role, and of no others."""
    for number, block in log.role(role).blocks(first):
        left = first + count - number
        if left <= 0:
            return
        if block.count(b"\n") > left:
            block = b"\n".join(block.split(b"\n", left)[:left])
        yield number, block


class Worker:
    """The program that tries a pattern, until a moment. Raises Refused where it is none."""

    _one = threading.BoundedSemaphore(2)

    def __init__(self, pattern: str, end: float) -> None:
        self._end = end
        if not self._one.acquire(timeout=SECONDS):
            raise Refused(503, "others are searching: try again")
        program = [sys.executable, "-I", "-S", str(Path(__file__).with_name("matcher.py"))]
        self._process = subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            self.ask({"pattern": pattern})
        except Refused as error:
            self.close()
            raise Refused(422, f"this is no pattern: {error}") from None

    def ask(self, what: object) -> list[int]:
        """What it answers. Raises Refused, also where that takes too long."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(json.dumps(what).encode() + b"\n")
            stdin.flush()
        except OSError:
            raise Refused(422, "this pattern takes more memory than there is: write a simpler one") from None
        ready, _, _ = select.select([stdout], [], [], max(0.0, self._end + 0.5 - time.monotonic()))
        answer = json.loads(stdout.readline() or b"{}") if ready else {}
        if "error" in answer:
            raise Refused(422, str(answer["error"]))
        if "found" not in answer:
            raise Refused(422, "this pattern takes too long on these lines: write a simpler one")
        return list(answer["found"])

    def close(self) -> None:
        """End it."""
        if self._process.returncode is None:
            self._process.kill()
            self._process.communicate()
            self._one.release()
