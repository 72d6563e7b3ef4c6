"""What may stand where a command line ends, for the scripts that `specrun completion` prints.

A shell waits for it at every press of a key: nothing is imported that plans, nobody is asked, and no mistake is told.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from specrun.cli.option_table import ROWS, TABLE

_TEXT = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=@%+,~^-")
_MOST = 500


class Candidate(NamedTuple):
    """A word that may stand there, and what it is. `open`: something follows without a blank."""

    text: str
    about: str = ""
    open: bool = False


class Typed(NamedTuple):
    """What is typed behind a verb: FILEs, and the values of options by their long names."""

    verb: str
    files: Sequence[str]
    values: Mapping[str, Sequence[str]]

    def last(self, option: str) -> str:
        """The value of an option that counts."""
        return next(reversed(self.values.get(option, ())), "")


class Word(NamedTuple):
    """The unfinished last word of a line: its text, the quote that is open in it ("" for none), and how much of it is
    before what the shell will replace.
    """

    text: str = ""
    quote: str = ""
    kept: int = 0


def complete(shell: str, arguments: Sequence[str], verbs: Mapping[str, tuple[str, str]]) -> None:
    """Print candidates as a shell's script reads them. Never raises, and says nothing else."""
    try:
        if shell == "bash":
            words, last = split(*[*arguments, "", ""][:2])
            found = candidates(words[1:], last.text, verbs)
        else:
            *words, raw = arguments or [""]
            last = split(raw)[1] if shell == "fish" else Word(raw)
            found = candidates(words, last.text, verbs)
        seen: dict[str, None] = {}
        for one in found:
            if one.text.startswith(last.text) and one.text.isprintable() and len(seen) < _MOST:
                seen[_line(shell, one, last)] = None
        sys.stdout.write("".join(f"{line}\n" for line in seen))
    except Exception:  # noqa: BLE001 - whoever presses a key wants no traceback: then there is nothing to offer
        return


def _line(shell: str, one: Candidate, last: Word) -> str:
    about = " ".join(one.about.split())
    if shell == "bash":
        text = one.text[last.kept :]
        return text if last.quote else _quoted(text) + " " * (not one.open)
    return f"{one.text}\t{about}\t{'open' if one.open else ''}" if shell == "zsh" else f"{one.text}\t{about}"


def _quoted(text: str) -> str:
    return "".join(sign if sign in _TEXT or not sign.isascii() else f"\\{sign}" for sign in text)


def split(line: str, breaks: str = "") -> tuple[list[str], Word]:
    """The words of a line for bash, and the last one, which may be unfinished. A shell replaces what stands behind the
    last of the `breaks` that are not quoted, or behind a quote that is open.
    """
    words: list[str] = []
    text, quote, kept, begun = "", "", 0, False
    signs = iter(line)
    for sign in signs:
        if quote == "'" and sign != "'":
            text += sign
        elif sign == quote:
            quote = ""
        elif sign == "\\":
            behind = next(signs, "")
            text += behind if not quote or behind in '"\\$`' else sign + behind
            begun = True
        elif quote:
            text += sign
        elif sign in "'\"":
            quote, kept, begun = sign, len(text), True
        elif sign.isspace():
            words += [text] if begun else []
            text, kept, begun = "", 0, False
        else:
            text += sign
            begun = True
            if sign in breaks:
                kept = len(text)
    return words, Word(text, quote, kept)


def candidates(words: Sequence[str], last: str, verbs: Mapping[str, tuple[str, str]]) -> Iterator[Candidate]:
    """What may stand in place of the `last` word behind others, which begin with the verb."""
    if not words:
        if last.startswith("-"):
            yield from (Candidate("--help", "All verbs."), Candidate("--version", "The version."))
        else:
            yield from (Candidate(name, about) for name, (_, about) in verbs.items())
        return
    verb, *rest = words
    kinds = {name.split()[1]: about for name, (about, _) in TABLE.items() if name.startswith(f"{verb} ")}
    if kinds:
        if not rest:
            yield from (Candidate(name, about) for name, about in kinds.items())
        elif rest[0] in kinds:
            verb = f"{verb} {rest.pop(0)}"
    if verb not in TABLE:
        return
    options = {name: row for row in TABLE[verb][1] for name in ROWS[row][0]}
    typed, pending, ended = _typed(verb, rest, options)
    option, equals, value = last.partition("=")
    if pending:
        yield from _values(typed, pending, options, last)
    elif not ended and option.startswith("--") and equals and option in options:
        for one in _values(typed, _long(option, options), options, value):
            yield one._replace(text=f"{option}={one.text}")
    elif not ended and last.startswith("-"):
        for row in TABLE[verb][1]:
            names, _, about, many = ROWS[row]
            if many or names[-1] not in typed.values:
                yield from (Candidate(name, about) for name in names if name.startswith("--") or last == name)
        yield Candidate("--help", "Show this message and exit.")
    else:
        from specrun.cli.candidates import of_argument

        yield from of_argument(typed, last)


def _long(name: str, options: Mapping[str, int]) -> str:
    return next((one for one in ROWS[options[name]][0] if one.startswith("--")), name)


def _typed(verb: str, words: Sequence[str], options: Mapping[str, int]) -> tuple[Typed, str, bool]:
    """What the words say, the option that waits for its value ("" for none), and whether `--` has ended options."""
    files: list[str] = []
    values: dict[str, list[str]] = {}
    pending, ended = "", False
    for word in words:
        name, equals, value = word.partition("=")
        if pending:
            values[pending].append(word)
            pending = ""
        elif ended or not word.startswith("-") or word == "-":
            files.append(word)
        elif word == "--":
            ended = True
        elif name in options:
            long = _long(name, options)
            values.setdefault(long, []).extend([value] if equals else [])
            pending = "" if equals or not ROWS[options[name]][1] else long
        elif word[:2] in options:
            values.setdefault(_long(word[:2], options), []).append(word[2:])
    return Typed(verb, files, values), pending, ended


def _values(typed: Typed, option: str, options: Mapping[str, int], last: str) -> Iterator[Candidate]:
    takes = ROWS[options[option]][1]
    if "|" in takes and takes == takes.lower():
        yield from (Candidate(value) for value in takes.split("|") if value)
    elif takes:
        from specrun.cli.candidates import of_option

        yield from of_option(typed, option, last)
