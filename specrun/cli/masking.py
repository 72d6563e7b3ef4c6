"""Secrets kept out of everything that is shown: their values are replaced wherever they turn up."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable
from typing import TypeVar

from specrun.apply.events import Event
from specrun.engines.base import LogLine, Progress
from specrun.plan.resources import Key

T = TypeVar("T")

SECRET = re.compile(r"\$\{\{\s*secrets\.(\w+)\s*\}\}")
SHORTEST = 4
"""Shorter values would turn up everywhere, and are no secrets."""

MASK = "••••"

_values: set[str] = set()


def remember(texts: Iterable[str]) -> None:
    """Note the values of all secrets that specs name."""
    names = {name for text in texts for name in SECRET.findall(text)}
    values = (os.environ.get(name, "") for name in names)
    # Logs come line by line: so does a key of several lines that a job prints.
    parts = (part.strip() for value in values for part in (value, *value.splitlines()))
    _values.update(part for part in parts if len(part) >= SHORTEST)


def mask_environment(text: str) -> str:
    """A text without the value of any secret that was named so far."""
    for value in sorted(_values, key=len, reverse=True):
        text = text.replace(value, MASK)
    return text


def mask_event(event: Event) -> Event:
    """An event without them: whatever a job printed, a service answered or a file was called."""
    return _masked(event) if _values else event


def _masked(value: T) -> T:
    if isinstance(value, str):
        return mask_environment(value)  # type: ignore[return-value]
    if isinstance(value, Key):
        return Key(value.place, mask_environment(value.address))  # type: ignore[return-value]
    if isinstance(value, tuple):
        return tuple(_masked(item) for item in value)  # type: ignore[return-value]
    if isinstance(value, (LogLine, Progress)) or type(value).__module__ in (
        "specrun.apply.events",
        "specrun.plan.observed",
    ):
        if not dataclasses.is_dataclass(value):
            return value
        changes = {field.name: _masked(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **changes)  # type: ignore[type-var]
    return value
