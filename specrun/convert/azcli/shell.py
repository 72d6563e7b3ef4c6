"""The commands of a shell script that call `az`, with what is known of their words: nothing is run."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from specrun.convert.azcli.cells import Shell
from specrun.convert.unknown import Missing, Mixed, Secret, Unknown
from specrun.spec.masking import mask
from specrun.spec.shell import Simple
from specrun.spec.shell_reader import read

Known: TypeAlias = "str | Unknown | Mixed"
Part: TypeAlias = "str | Unknown | Secret | Missing"

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=")
_NAME = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?[-=]([^{}]*))?\}|([0-9@*#?])|\{([^{}]*)\})")
_MACRO = re.compile(r"\$\(([\w.-]+)\)")
"""A variable of a pipeline of Azure DevOps; a shell would run it."""

_DECLARES = ("export", "local", "declare", "readonly", "typeset")
_LEADS = ("sudo", "time", "!", "call", "exec", "command")


def words_of(shell: Shell) -> Iterator[tuple[list[Known], str, str | None]]:
    """The words of each command that begins with `az`, its place, and the folder that it is run in.

    The folder is "" where the script has not left the one in which it began, and None where nobody knows.
    """
    names: dict[str, Known] = dict(shell.literals)
    folder: str | None = ""
    ends = [at for at, sign in enumerate(shell.text) if sign == "\n"]
    for command in read(shell.text).commands:
        place = shell.place(bisect_left(ends, command.words[0].start) + 1)
        plain = [word.text for word in command.words]
        if plain[0] in ("for", "select", "read"):
            names.update(
                (name, Unknown(f"${name}", place, name)) for name in plain[1 : 2 if plain[0] != "read" else None]
            )
        _assign(command, plain, names, place)
        at = next((n for n, word in enumerate(plain) if not _ASSIGNMENT.match(word) and word not in _LEADS), 0)
        if plain[at] in ("cd", "pushd"):
            folder = _gone(folder, _value(plain[at + 1], names, place) if plain[at + 1 :] else "~")
        elif plain[at] == "az":
            words = [_value(word, names, place) for word in plain[at:]]
            yield _named([_pythons(word) for word in words] if shell.is_notebook else words), place, folder


def _assign(command: Simple, plain: Sequence[str], names: dict[str, Known], place: str) -> None:
    """Remember what a variable is set to; in a condition it may be or not."""
    declares = plain[0] in _DECLARES
    words = [*zip(plain, map(_ASSIGNMENT.match, plain), strict=True)]
    if not declares and not all(match for _, match in words):
        return  # it is set for that one command
    for word, match in words:
        if match is None:
            continue
        name = match[1]
        sure = command.depth == 0 and not match[2]
        names[name] = _value(word[match.end() :], names, place) if sure else Unknown(f"${name}", place, name)


def _pythons(word: Known) -> Known:
    """The same, with what is not known as Python's, and not as the environment's."""
    if isinstance(word, Mixed):
        return Mixed(tuple(replace(part, environment="") if isinstance(part, Unknown) else part for part in word.parts))
    return replace(word, environment="") if isinstance(word, Unknown) else word


def _named(words: list[Known]) -> list[Known]:
    """The same, where what is not known and has no name of its own is called as the option before it."""
    for number, word in enumerate(words[1:], 1):
        before = words[number - 1]
        if isinstance(word, Unknown) and word.name in ("", "argument") and isinstance(before, str):
            option = before[2:].replace("-", "_")
            if before.startswith("--") and option.isidentifier():
                words[number] = replace(word, name=option)
    return words


def _gone(folder: str | None, to: Known) -> str | None:
    if not isinstance(to, str) or to.startswith(("~", "-")):
        return None
    return to if to.startswith("/") or not folder else None if folder is None else f"{folder}/{to}"


def _value(word: str, names: Mapping[str, Known], place: str) -> Known:
    """What a word is, without its quotes and with its variables in it."""
    parts: list[Part] = []
    at, quote = 0, ""
    while at < len(word):
        sign = word[at]
        if quote != "'" and sign == "\\" and (not quote or word[at + 1 : at + 2] in ('"', "$", "`", "\\", "\n")):
            parts.append("" if word[at + 1 : at + 2] == "\n" else word[at + 1 : at + 2])
            at += 2
        elif sign in ("'", '"') and quote in ("", sign):
            quote = "" if quote else sign
            at += 1
        elif quote != "'" and sign in "$`" and (end := _expansion_end(word, at)) > at + 1:
            found = _expanded(word[at:end], names, place)
            parts += found.parts if isinstance(found, Mixed) else [found]
            at = end
        else:
            parts.append(sign)
            at += 1
    return _joined(parts)


def _joined(parts: Sequence[Part]) -> Known:
    together: list[Part] = []
    for part in parts:
        if isinstance(part, str) and together and isinstance(together[-1], str):
            together[-1] += part
        elif part != "":
            together.append(part)
    if len(together) == 1 and isinstance(together[0], str | Unknown):
        return together[0]
    return Mixed(tuple(together)) if together else ""


def _expansion_end(word: str, at: int) -> int:
    """Behind what begins with a dollar sign or a backquote."""
    if word[at] == "`":
        end = word.find("`", at + 1)
        return end + 1 if end > 0 else at + 1
    match = _NAME.match(word, at)
    if match is not None:
        return match.end()
    if not word.startswith("$(", at):
        return at + 1
    depth, end = 0, at + 1
    while end < len(word):
        depth += {"(": 1, ")": -1}.get(word[end], 0)
        end += 1
        if depth == 0:
            return end
    return len(word)


def _expanded(text: str, names: Mapping[str, Known], place: str) -> Known:
    macro, match = _MACRO.fullmatch(text), _NAME.fullmatch(text)
    if macro is not None:
        return Unknown(text, place, macro[1].rpartition(".")[2])
    if match is None or match[5] is not None:
        return Unknown(mask(text), place)
    name = match[1] or match[2]
    if name is None:
        return Unknown(text, place, "argument")
    if name in names:
        return names[name]
    default = match[3] or None
    return Unknown(text, place, name.lower(), default, "" if default else name)
