"""Patterns of rules: `*` stands for any characters, `?` for one, and nothing else for anything but itself."""

from __future__ import annotations

from fnmatch import fnmatchcase


def fits(pattern: str, text: str) -> bool:
    """Whether a text is one of those that a pattern stands for; capitals count."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def fixed(pattern: str) -> bool:
    """Whether a pattern stands for itself alone."""
    return "*" not in pattern and "?" not in pattern
