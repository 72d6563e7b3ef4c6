"""How long a call to Azure may be silent."""

from __future__ import annotations

import os

PATIENCE = 120.0
"""Seconds without a sign of life after which a call is given up: an SDK may wait for ever on a line that is dead."""


def patience_of() -> float:
    """What SPECRUN_PATIENCE says, in seconds; else `PATIENCE`."""
    try:
        return float(os.environ["SPECRUN_PATIENCE"])
    except (KeyError, ValueError):
        return PATIENCE
