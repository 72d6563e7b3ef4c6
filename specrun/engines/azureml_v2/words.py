"""The SDK's words: it gives some of them as texts, and some as members of enumerations."""

from __future__ import annotations


def word_of(value: object) -> str:
    """The service's word for something; "" for None."""
    return str(getattr(value, "value", value) or "")
