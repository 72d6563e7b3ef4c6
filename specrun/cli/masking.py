"""Secrets kept out of everything that is shown: their values are replaced wherever they turn up."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable
from typing import TypeVar

from specrun.apply.events import Event, LogLines
from specrun.engines.base import LogLine, Progress
from specrun.plan.resources import Key
from specrun.spec.masking import MASK, longest_first, mask_addresses

T = TypeVar("T")

SECRET = re.compile(r"\$\{\{\s*secrets\.(\w+)\s*\}\}")
_forms: tuple[str, ...] = ()
"""What must not show of the secrets that were named so far, the longest first."""


def remember(texts: Iterable[str]) -> None:
    """Note the values of all secrets that specs name."""
    global _forms
    names = {name for text in texts for name in SECRET.findall(text)}
    if names:
        fresh = longest_first(os.environ.get(name, "") for name in names)
        _forms = tuple(sorted({*_forms, *fresh}, key=lambda form: (-len(form), form)))


def mask_secrets(text: str) -> str:
    """A text without the value of any secret that was named so far."""
    for form in _forms:
        if form in text:
            text = text.replace(form, MASK)
    return text


def mask_environment(text: str) -> str:
    """The same without a password in an address either: what specrun itself tells has none."""
    return mask_addresses(mask_secrets(text))


def mask_event(event: Event) -> Event:
    """An event without them: whatever a job printed, a service answered or a file was called."""
    # Which addresses a job prints is its own affair, and it may print a million lines.
    return event if isinstance(event, LogLines) and not _forms else _masked(event)


def _masked(value: T) -> T:
    if isinstance(value, str):
        return mask_environment(value)  # type: ignore[return-value]
    if isinstance(value, Key):
        return Key(value.place, mask_environment(value.address))  # type: ignore[return-value]
    if isinstance(value, tuple):
        return tuple(_masked(item) for item in value)  # type: ignore[return-value]
    if isinstance(value, LogLine):
        return dataclasses.replace(value, text=mask_secrets(value.text))
    if isinstance(value, Progress) or type(value).__module__ in (
        "specrun.apply.events",
        "specrun.plan.observed",
    ):
        if not dataclasses.is_dataclass(value):
            return value
        changes = {field.name: _masked(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **changes)  # type: ignore[type-var]
    return value
