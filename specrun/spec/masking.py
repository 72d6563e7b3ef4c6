"""Hides what looks like a credential in a line of source, so that a message can show the line."""

from __future__ import annotations

import re

_NAMED = re.compile(
    r"""(?ix) (?P<name> (?:account|access|api|shared)_?key | sas_?token | (?:access|auth)_?token | client_?secret
                      | pass(?:word|wd) | secret | credentials? | connection_?string ) ["']? \s* [:=] \s*
             (?P<value> ["']? [^\s,}&;"'${|>*] [^\s,}&;]* )"""
)
# A value does not begin like an expression, a mapping, a block's mark or an alias.
_SIGNATURE = re.compile(r"(?i)[?&]sig=(?P<value>[^&\s\"']+)")


_LONGEST_LINE = 1000
"""Nobody reads more of a line, and a file may be a single one."""


def source_line(line: str) -> str:
    """The line as a message may show it."""
    return masked(line[:_LONGEST_LINE])


def masked(line: str) -> str:
    """The line with credentials replaced by asterisks, as many as they had characters, so that a caret still fits."""
    for form in (_NAMED, _SIGNATURE):
        line = form.sub(_stars, line)
    return line


def _stars(match: re.Match[str]) -> str:
    value = match["value"]
    start = match.start("value") - match.start()
    return match[0][:start] + "*" * len(value) + match[0][start + len(value) :]
