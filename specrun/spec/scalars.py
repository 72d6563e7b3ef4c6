"""What a plain YAML scalar means: the core schema of YAML 1.2, in which `no`, `on` and `1_000` are text."""

from __future__ import annotations

import re
from typing import Any

_WORDS: dict[str, Any] = {
    "": None,
    **dict.fromkeys(("~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_BASES = ((re.compile(r"0o[0-7]+"), 8), (re.compile(r"0x[0-9a-fA-F]+"), 16))
_LONGEST_NUMBER = 100
"""More digits than that are text: Python refuses to read some thousands of them, and slows down before."""

_TAG = "tag:yaml.org,2002:"
_KINDS: dict[str, type] = {_TAG + "int": int, _TAG + "float": float, _TAG + "bool": bool, _TAG + "null": type(None)}


def plain(text: str) -> Any:
    """The value of a scalar written without quotes and without a tag."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    for form, base in _BASES:
        if form.fullmatch(text):
            return int(text[2:], base)
    return text


def tagged(text: str, tag: str) -> Any:
    """The value of a scalar with an explicit tag.

    Raises ValueError for a text that the tag does not fit, and LookupError for a tag that specrun does not know.
    """
    if tag in ("!", _TAG + "str"):
        return text
    kind = _KINDS[tag]
    value = plain(text)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError(text)
    return value


def short_tag(tag: str) -> str:
    """The tag as people write it: !!int."""
    return "!!" + tag[len(_TAG) :] if tag.startswith(_TAG) else tag


class Memo(dict[str, Any]):
    """Plain scalars that were met before; specs repeat the same few words. It never grows beyond a few thousand."""

    def __missing__(self, text: str) -> Any:
        value = plain(text)
        if len(self) < 4096 and len(text) < 64:
            self[text] = value
        return value
