"""Deleting something: Azure accepts that and does it afterwards, as an operation that is looked at until it is over.

Not through the SDKs: one of them forgets the operation, the other looks at it in a thread that nobody can end.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from specrun.engines.azure.arm import Arm
from specrun.engines.azure.arm_errors import translate
from specrun.engines.azure.network import retry_after
from specrun.engines.azure.refusals import refusal_of
from specrun.engines.base import Missing, Progress, Report

VERSION = "2024-04-01"
"""The interface of the machine learning provider that is asked."""


def delete(arm: Arm, path: str, query: Mapping[str, str], what: str, report: Report) -> None:
    """Delete what is at a path, and return once that is over, as far as Azure tells; also where nothing is there.

    Each look is reported. Raises EngineError's kinds, also for an operation that was accepted and failed.
    """
    try:
        answer = arm.delete(path, {"api-version": VERSION, **query}, what)
    except Missing:
        return
    headers = answer.headers if answer.status_code == 202 else {}
    address = headers.get("Azure-AsyncOperation") or headers.get("Location")
    begun = time.monotonic()
    while address and not _is_over(answer := arm.look(address, what), what):
        report(Progress(text="waiting until it is gone"))
        time.sleep(retry_after(answer) or pace(begun))


def pace(begun: float) -> float:
    """Seconds until the next look at what has begun then, on the monotonic clock: longer the longer it takes."""
    return min(5.0, 0.2 + (time.monotonic() - begun) / 5)


def _is_over(answer: Any, what: str) -> bool:
    """What an operation says of itself: in its body (Azure-AsyncOperation), or by its HTTP status (Location)."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    status = str(body.get("status") or "") if isinstance(body, dict) else ""
    if status.lower() in ("failed", "canceled", "cancelled"):
        refusal = refusal_of(0, answer.text(), None)
        raise translate(0, refusal.code or status, refusal.message, what)
    return status.lower() == "succeeded" if status else answer.status_code != 202
