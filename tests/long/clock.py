"""A machine whose clock is wrong by $CLOCK_OFF seconds. Imported by a command before it begins."""

from __future__ import annotations

import os
import time

OFF = float(os.environ.get("CLOCK_OFF", "0"))
_right = time.time


def wrong() -> float:
    return _right() + OFF


if OFF:
    time.time = wrong

import tests.faults.killing  # noqa: E402, F401 - $STOP_AT is for it
