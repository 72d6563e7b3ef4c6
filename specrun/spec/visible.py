"""Texts that are not ours on their way to people and programs: names, values, what a service answers, a job's lines.

What would act rather than show (control characters, those that turn or hide what stands beside them, what a runner of
GitHub or Azure Pipelines takes for a command) is spelled as in a string of Python. Nothing is lost, and to make a text
visible twice changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_ACTING = (
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # which way text runs
    "\xad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e007f"  # unseen
    "\u2028\u2029"  # ends of lines and paragraphs
    "\ud800-\udfff"  # what no encoding has: bytes of a file's name that are not UTF-8
)
_ALONE = r"(?<![^\x00-\x7f\u200c\u200d])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\u200c\u200d])"
"""A joiner belongs between two letters of Persian, or two parts of an emoji; in a file's name it only deceives."""

_RUNNERS = r"#(?=#\w{0,40}\[)"
"""`##vso[`, `##[`, `##teamcity[`: in these a runner of Azure Pipelines, GitHub or TeamCity finds a command anywhere."""

# Patterns are compiled where one is needed, which few commands do: that takes longer than to read a spec.
_ONE_LINE = f"[{_ACTING}]|{_ALONE}|{_RUNNERS}"
_BUT_ENDS = f"(?!\n){_ONE_LINE}"
_COLOUR = "\x1b\\[[0-9;:]{0,40}m"
_LOGGED = f"({_COLOUR})|(?!\t){_ONE_LINE}"
_WRITTEN = f"({_COLOUR})|(?![\n\t]){_ONE_LINE}"
_COMMAND = r"(?m:^)([^\S\n]*):(?=:)"
"""`::` begins a command of GitHub's runner at a line's start, blanks before it left out."""

_MOVES = (
    r"(?:\x1b\]|\x9d)[^\x07\x1b\x80-\x9f]*(?:\x07|\x1b\\|\x9c)"  # a title, a link, the clipboard
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x80-\x9f]*(?:\x1b\\|\x9c)"  # other strings
    r"|(?:\x1b\[|\x9b)(?![0-9;:]{0,40}m)[0-?]*[ -/]*[@-~]?"  # the cursor, what is erased, modes
    r"|\x9b(?=[0-9;:]{0,40}m)"
    r"|\x1b(?!\[)[ -/]*[0-~]?"
    r"|\x08"
)
_PLAIN_AGAIN = "\x1b[0m"
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str) -> str:
    """A text on one line, whatever is in it, as it can stand at a line's start."""
    if not text.isprintable() or "##" in text:
        text = re.sub(_ONE_LINE, _spelled, text)
    return at_start(text)


def visible_characters(text: str) -> list[str]:
    """What is shown for each character of a line."""
    shown = list(text)
    for found in re.finditer(_ONE_LINE, text):
        shown[found.start()] = _spelled(found)
    return shown


def visible_log(text: str, *, colours: bool = True) -> str:
    """A line of a job: its colours and tabs stay, what moves the cursor, sets a title or clears the screen goes."""
    if text.isprintable() and "##" not in text:
        return text
    shown = re.sub(_LOGGED, lambda found: found[1] or _spelled(found), re.sub(_MOVES, "", text))
    if not colours:
        return re.sub(_COLOUR, "", shown)
    *_, last = ("", *re.findall(_COLOUR, shown))
    # A colour that is left on, or that hides, must not reach what specrun writes next.
    return shown if last in ("", "\x1b[m", _PLAIN_AGAIN) else shown + _PLAIN_AGAIN


def at_start(text: str) -> str:
    """What is visible of a text, as it can stand at a line's start."""
    return re.sub(_COMMAND, r"\1\\x3a", text) if "::" in text else text


def visible_output(text: str, begun: str = "") -> str:
    """What a stream is given, behind what the line has `begun` with; colours and ends of lines are specrun's own."""
    shown = text
    if "##" in text or not all(map(str.isprintable, text.split("\n"))):  # most of a long text is plain
        shown = re.sub(_WRITTEN, lambda found: found[1] or _spelled(found), text)
    if begun.strip() == ":" and shown.startswith(":"):
        return r"\x3a" + shown[1:]
    first, end, others = shown.partition("\n") if begun.strip() else ("", "", shown)
    return first + end + at_start(others)


def json_text(value: object, indent: int | None = None) -> str:
    """A value as JSON: programs read each text exactly, and a terminal or a runner finds nothing in it that acts."""
    import json  # late: what people read needs none

    return _in_json(json.dumps(value, ensure_ascii=False, indent=indent))


def json_lines(values: Iterable[object]) -> str:
    """A list as JSON, each value on a line of its own: long ones are written in a fraction of the time."""
    import json

    # No blank between two texts: of a flag and what stands behind it, the second would be masked.
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ": ")).encode
    lines = [line if line.isprintable() and "##" not in line else _in_json(line) for line in map(encode, values)]
    return "[\n  {}\n]".format(",\n  ".join(lines)) if lines else "[]"


def _in_json(text: str) -> str:
    return re.sub(_BUT_ENDS, _for_json, text)


def _spelled(found: re.Match[str]) -> str:
    character = found[0]
    number = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _for_json(found: re.Match[str]) -> str:
    number = ord(found[0])
    if number < 0x10000:
        return f"\\u{number:04x}"
    number -= 0x10000
    return f"\\u{0xD800 + (number >> 10):04x}\\u{0xDC00 + (number & 0x3FF):04x}"
