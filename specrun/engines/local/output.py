"""What a role writes, on its way to its log: without the values of the run's secrets."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable

from specrun.spec.secrets import MASK

_ROOM = 1 << 20
"""Bytes that fit into the pipe, where the system lets it have that many."""


class Masking:
    """Replaces some texts in a stream of bytes, also where they are cut by the pieces in which it comes."""

    def __init__(self, forms: Iterable[str]) -> None:
        self._forms = [form.encode("utf-8", "surrogateescape") for form in forms]
        self._any = re.compile(b"|".join(map(re.escape, self._forms)))
        self._held = b""

    def put(self, piece: bytes) -> bytes:
        """What may be shown by now. What may be the beginning of a text is held back until more has come."""
        known = self._held + piece
        cut = min((self._begun(form, known) for form in self._forms), default=len(known))
        if any(form in known for form in self._forms):
            shown, cut = self._replace(known, cut)
        else:
            shown = known[:cut]
        self._held = known[cut:]
        return shown

    def end(self) -> bytes:
        """What was held back and is no whole text after all."""
        held, self._held = self._held, b""
        return self._any.sub(MASK.encode(), held)

    def _replace(self, known: bytes, cut: int) -> tuple[bytes, int]:
        """What may be shown, and where what is held back begins."""
        parts, end = [], 0
        for match in self._any.finditer(known):
            if match.start() >= cut:
                break
            parts += [known[end : match.start()], MASK.encode()]
            end = match.end()
        cut = max(cut, end)
        return b"".join([*parts, known[end:cut]]), cut

    @staticmethod
    def _begun(form: bytes, known: bytes) -> int:
        """Where at the end of what is known a text begins that may go on."""
        at = known.find(form[:1], max(0, len(known) - len(form) + 1))
        while at >= 0 and not form.startswith(known[at:]):
            at = known.find(form[:1], at + 1)
        return at if at >= 0 else len(known)


class MaskedLog:
    """A pipe whose `end` takes a log's place; `source` tells when there is something for `pump` to write into it."""

    def __init__(self, log: int, forms: Iterable[str]) -> None:
        import fcntl  # late: Windows has none

        self.source, self.end = os.pipe()
        os.set_blocking(self.source, False)
        with contextlib.suppress(OSError, AttributeError):  # AttributeError: macOS
            fcntl.fcntl(self.end, fcntl.F_SETPIPE_SZ, _ROOM)
        self._log = log
        self._masking = Masking(forms)

    def pump(self) -> bool:
        """Have what is in the pipe written into the log. False: nobody will write any more. Raises OSError."""
        try:
            piece = os.read(self.source, _ROOM)
        except BlockingIOError:
            return True
        self._write(self._masking.put(piece) if piece else self._masking.end())
        return bool(piece)

    def drain(self) -> bool:
        """Take what is left, once nobody writes any more; False. Raises OSError."""
        while piece := self._rest():
            self._write(self._masking.put(piece))
        self._write(self._masking.end())
        return False

    def close(self) -> None:
        """Take nothing more: whoever goes on writing is told so by the system."""
        os.close(self.source)

    def _rest(self) -> bytes:
        with contextlib.suppress(BlockingIOError):
            return os.read(self.source, _ROOM)
        return b""

    def _write(self, text: bytes) -> None:
        view = memoryview(text)
        while view:
            view = view[os.write(self._log, view) :]
