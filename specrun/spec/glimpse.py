"""What a spec's text leads to, found without parsing it: thousands of specs are looked at for the few that matter.

What is found may be too much, never too little. A text that says something in an unusual way is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_BEHIND = r"[\"']?[ \t]*:(?=[\s\"'])[ \t]*([^\n]*)"
_FIELDS = {name: re.compile(name + _BEHIND) for name in ("code", "path", "conda_file", "from_config")}
"""Every field that may hold a path of this machine, and what stands behind it in its line."""

_PLAIN = re.compile(
    r"""(?P<plain>[\w./@+=-]+)(?P<end>[ \t]*[,}\]]|[ \t]*$|[ \t]+\#)
      | "(?P<double>[^"\\$]+)"[ \t]*(?:[,}\]\#]|$)
      | '(?P<single>[^'$]+)'[ \t]*(?:[,}\]\#]|$)
      | ["']?(?P<cloud>(?:azureml:|[a-z][a-z0-9+.-]*://)\S*)
    """,
    re.VERBOSE,
)
_ESCAPES = ("\\x", "\\u", "\\U")
"""In quotes a letter of a key might be spelled so."""

_OF_PIP = ("-r", "-c", "--req", "--con")
"""Options with which pip's lines name files, behind one of these."""
_BEFORE = " \"'[,"

_EXTENDS = re.compile(
    r"""^["']?extends["']?[ \t]*:[ \t]*(?:
          (?P<one>[\w./@+-]+)[ \t]*(?:[ \t]\#.*)?$
        | "(?P<double>[^"\\$]+)"[ \t]*(?:[ \t]\#.*)?$
        | '(?P<single>[^'$]+)'[ \t]*(?:[ \t]\#.*)?$
        | \[(?P<flow>[\w./@+,\ \t-]*)\][ \t]*(?:[ \t]\#.*)?$
        | (?:[ \t]\#.*)?\n(?P<block>(?:[ \t]*-[ \t]+[\w./@+-]+[ \t]*(?:[ \t]\#.*)?(?:\n|\Z))+)
    )""",
    re.VERBOSE | re.MULTILINE,
)
_COMPOSED = re.compile(
    r"""\b(?:name|compute|datastore|target)["']?\s*:\s*(?:\*|[^\s,}\#][^\n,}]*\$\{\{|["']?\$\{\{)|//datastores/\S*\$\{\{"""
)
"""A name that is made of expressions, or is an alias."""

_ABSTRACT = re.compile(r"""^["']?abstract["']?[ \t]*:[ \t]*true\b""", re.MULTILINE)
_ITEM = re.compile(r"^[ \t]*-[ \t]+([\w./@+-]+)", re.MULTILINE)


def paths_in(text: str) -> frozenset[tuple[str, str]] | None:
    """The paths of this machine that a spec's text may name, as they are written, each with its field; None where it
    has to be parsed.
    """
    if "? " in text or _is_escaped(text):  # the former: a key before a value on another line
        return None
    if any(option in text and any(before + option in text for before in _BEFORE) for option in _OF_PIP):
        return None
    found = set[tuple[str, str]]()
    for name, field in _FIELDS.items():
        for match in field.finditer(text) if name in text else ():
            before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
            if before[-1:].isalnum() or before[-1:] == "_":
                continue  # the end of another name
            path = _path(match[1], before)
            if path is not None:
                found.add((name, path))
            elif not before.lstrip().startswith("#"):
                return None
    return frozenset(found)


def _path(behind: str, before: str) -> str | None:
    """The path behind a field, None where that is not plain to see. `before` is what its line begins with."""
    value = _PLAIN.match(behind)
    if value is None or (value["end"] and value["end"].strip() in tuple(",}]") and "{" not in before):
        return None  # outside of braces these would belong to the path
    return value["plain"] or value["double"] or value["single"] or value["cloud"]


def bases_in(text: str) -> tuple[str, ...] | None:
    """The files that a spec extends, as they are written; None where it has to be parsed."""
    if "extends" not in text:
        return None if _is_escaped(text) else ()
    found = _EXTENDS.findall(text)
    if len(found) != 1 or text.count("extends") != 1:
        return None
    one, double, single, flow, block = found[0]
    if block:
        return tuple(_ITEM.findall(block))
    listed = flow.split(",") if flow else [one or double or single]
    return tuple(filter(None, map(str.strip, listed)))


def is_abstract(text: str) -> bool:
    """Whether a text is that of a base which is no spec by itself."""
    return "abstract" in text and _ABSTRACT.search(text) is not None


def may_name(text: str, names: Iterable[str]) -> bool:
    """Whether a text may call a resource by one of these names, in any case: it has the name, or puts one together."""
    small = text.lower()
    return any(name.lower() in small for name in names) or _is_escaped(text) or _COMPOSED.search(text) is not None


def _is_escaped(text: str) -> bool:
    return "\\" in text and any(escape in text for escape in _ESCAPES)
