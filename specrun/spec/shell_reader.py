"""Reads a command as bash does, up to where it would run or expand anything."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from specrun.spec.shell import (
    ANSI,
    BACKQUOTES,
    COMMENT,
    DOUBLE,
    HEREDOC,
    IN_BRACES,
    QUOTED_HEREDOC,
    REFERENCE,
    SINGLE,
    UNQUOTED,
    Script,
    Simple,
    Standing,
    Word,
)

_MOST_LEVELS = 40
_SHELLS = frozenset({"bash", "sh", "dash", "zsh", "ksh"})
_ORDINARY = re.compile(r"[^\s'\"\\$`#;&|()<>]+")
_REDIRECTION = re.compile(r"&>>?|[<>]&[-\d]*|<<<|>>|<>|>\||[<>](?!\()")
_HEREDOC = re.compile(r"<<(?!<)(-?)[ \t]*(?:(['\"])([^'\"\n]+)\2|(\\?)([\w.+-]+))")
_OPERATOR = re.compile(r"&&|\|\||;;&?|;&|\|&|[;&|\n]")
_FD = re.compile(r"[0-9]+")
_OPEN = frozenset({"if", "while", "until", "{"})
_OPEN_WITH_WORDS = frozenset({"for", "case", "select", "function"})
_CLOSE = frozenset({"fi", "done", "esac", "}"})
_LEAD = frozenset({"then", "do", "else", "elif", "time"})
_ESCAPES = {DOUBLE: '"$`\\\n', BACKQUOTES: "$`\\", ANSI: "'\\"}
"""What a backslash quotes where a text stands that another shell reads anew."""


@lru_cache(maxsize=64)
def read(text: str) -> Script:
    """Reads a command."""
    return _Reader(text).script()


@dataclass(slots=True)
class _Line:
    """The simple command that is being read, in one list of commands."""

    depth: int
    words: list[Word] = field(default_factory=list)
    start: int = -1
    is_target: bool = False
    writes: bool = False
    ended: str = ""
    """The operator behind the last command."""


class _Reader:
    """One pass over a text, which begins at `base` of the command; `level` counts the shells around it."""

    def __init__(self, text: str, base: int = 0, level: int = 0) -> None:
        self._text = text
        self._base = base
        self._level = level
        self._script = Script(text)
        self._heredocs: list[tuple[str, bool, bool, bool]] = []

    def script(self) -> Script:
        """The whole text as commands."""
        self._code(0, "", 0)
        return self._script

    def here_document(self) -> list[Standing]:
        """The references of the whole text as the body of a here-document in which bash replaces variables."""
        self._quoted(0, "\0", HEREDOC, 0)
        return self._script.references

    def _code(self, at: int, closing: str, depth: int) -> int:
        """Reads commands up to `closing`; the offset behind it."""
        text, line = self._text, _Line(depth)
        while at < len(text):
            ordinary = _ORDINARY.match(text, at)
            if ordinary is not None:
                line.start = at if line.start < 0 else line.start
                at = ordinary.end()
                continue
            sign = text[at]
            if sign in " \t\r":
                self._end_word(line, at)
                at += 1
            elif sign == "#" and line.start < 0:
                at = self._comment(at)
            elif sign == closing and (sign == ")" or sign == "`"):
                self._end_command(line, at, closing)
                return at + 1
            elif sign in "<>" or text.startswith("&>", at):
                at = self._redirection(line, at)
            elif sign in ";&|\n":
                operator = _OPERATOR.match(text, at)
                assert operator is not None
                self._end_command(line, at, operator[0])
                at = operator.end()
                if operator[0] == "\n" and self._heredocs:
                    at = self._bodies(at)
            elif sign == ")":  # behind a pattern of `case`
                self._end_command(line, at, sign)
                at += 1
            else:
                line.start = at if line.start < 0 else line.start
                at = self._in_word(line, at, depth)
        self._end_command(line, at, "")
        return at

    def _in_word(self, line: _Line, at: int, depth: int) -> int:
        """Reads what a word has beside ordinary characters."""
        text, sign = self._text, self._text[at]
        if sign == "\\":
            if text.startswith("\n", at + 1):
                self._script.continued.append(at)
                if line.start == at:
                    line.start = -1
            return self._escape(at, UNQUOTED)
        if sign == "'" or text.startswith("$'", at):
            return self._single(line, at, ANSI if sign == "$" else SINGLE)
        if sign == '"' or text.startswith('$"', at):
            return self._double(line, at + (sign == "$"), depth)
        if sign == "(" and depth < _MOST_LEVELS:
            arithmetic = text.startswith("((", at) and not line.words and line.start == at
            return self._arithmetic(at + 2, depth) if arithmetic else self._code(at + 1, ")", depth + 1)
        return self._expansion(at, UNQUOTED, depth)

    def _escape(self, at: int, form: str) -> int:
        """Behind a backslash and what it quotes."""
        reference = REFERENCE.match(self._text, at + 1)
        if reference is None:
            return at + 2
        self._add(reference.start(), form, escaped=True)
        return reference.end()

    def _add(self, at: int, form: str, *, escaped: bool = False) -> None:
        self._script.references.append(Standing(self._base + at, (form,), escaped))

    def _add_all(self, begin: int, end: int, form: str) -> None:
        for reference in REFERENCE.finditer(self._text, begin, end):
            self._add(reference.start(), form)

    def _expansion(self, at: int, form: str, depth: int) -> int:
        """Reads what a dollar sign, a backquote or any other character begins, in quotes of that form or in none."""
        text = self._text
        reference = REFERENCE.match(text, at)
        if reference is not None:
            self._add(at, form)
            return reference.end()
        if depth > _MOST_LEVELS:
            return at + 1
        if text.startswith("$((", at):
            return self._arithmetic(at + 3, depth)
        if text.startswith("$(", at):
            return self._code(at + 2, ")", depth + 1)
        if text.startswith("${", at):
            inside = UNQUOTED if form == UNQUOTED else IN_BRACES
            return self._quoted(at + 2, "}", inside, depth + 1)
        if text[at] == "`":
            return self._backquotes(at)
        return at + 1

    def _quoted(self, at: int, closing: str, form: str, depth: int) -> int:
        """Reads on to `closing`, in quotes of that form; the offset behind it."""
        text = self._text
        while at < len(text):
            sign = text[at]
            if text.startswith(closing, at):
                return at + len(closing)
            if sign == "\\":
                at = self._escape(at, form)
            elif sign == "'" and form == UNQUOTED:
                at = self._single(None, at, SINGLE)
            elif sign == '"' and form in (UNQUOTED, IN_BRACES) and closing == "}":
                at = self._quoted(at + 1, '"', DOUBLE, depth)
            elif sign in "$`":
                at = self._expansion(at, form, depth)
            else:
                at += 1
        return at

    def _double(self, line: _Line, at: int, depth: int) -> int:
        first = len(self._script.references)
        end = self._quoted(at + 1, '"', DOUBLE, depth)
        if _is_read_anew(line, at):
            self._nested(self._text[at + 1 : end - 1], DOUBLE, first)
        return end

    def _single(self, line: _Line | None, at: int, form: str) -> int:
        begin, first = at + len(form), len(self._script.references)
        end = begin
        while end < len(self._text) and self._text[end] != "'":
            end += 2 if form == ANSI and self._text[end] == "\\" else 1
        self._add_all(begin, min(end, len(self._text)), form)
        if line is not None and _is_read_anew(line, at):
            self._nested(self._text[begin:end], form, first)
        return end + 1

    def _backquotes(self, at: int) -> int:
        first, end = len(self._script.references), at + 1
        while end < len(self._text) and self._text[end] != "`":
            end += 2 if self._text[end] == "\\" else 1
        self._add_all(at + 1, min(end, len(self._text)), BACKQUOTES)
        self._nested(self._text[at + 1 : end], BACKQUOTES, first)
        return end + 1

    def _nested(self, inside: str, form: str, first: int) -> None:
        """Looks at a text that a shell reads anew; `first` is the number of its first reference."""
        if self._level >= _MOST_LEVELS or not self._script.references[first:]:
            return
        escaped = _ESCAPES.get(form, "")
        if escaped:
            inside = re.sub(rf"\\([{re.escape(escaped)}])", r"\1", inside)
        found = _Reader(inside, level=self._level + 1).script().references
        for number, (outer, inner) in enumerate(zip(self._script.references[first:], found, strict=False), first):
            if outer.quoting == (form,):
                standing = Standing(outer.start, (form, *inner.quoting), outer.escaped or inner.escaped)
                self._script.references[number] = standing

    def _arithmetic(self, at: int, depth: int) -> int:
        return self._quoted(at, "))", DOUBLE, depth + 1)

    def _comment(self, at: int) -> int:
        end = self._text.find("\n", at)
        end = len(self._text) if end < 0 else end
        self._script.comments.append((at, end))
        self._add_all(at, end, COMMENT)
        return end

    def _redirection(self, line: _Line, at: int) -> int:
        if line.start >= 0 and _FD.fullmatch(self._text, line.start, at):
            line.start = -1
        heredoc = _HEREDOC.match(self._text, at)
        if heredoc is not None:
            self._end_word(line, at)
            anew = bool(line.words) and _name(line.words[0]) in _SHELLS
            quoted = bool(heredoc[2] or heredoc[4])
            self._heredocs.append((heredoc[3] or heredoc[5], quoted, bool(heredoc[1]), anew))
            return heredoc.end()
        operator = _REDIRECTION.match(self._text, at)
        if operator is None:  # a process substitution: part of a word
            line.start = at if line.start < 0 else line.start
            return self._code(at + 2, ")", line.depth + 1) if line.depth < _MOST_LEVELS else at + 1
        self._end_word(line, at)
        line.writes |= ">" in operator[0] and not operator[0].startswith(">&")
        line.is_target = not (operator[0][-1].isdigit() or operator[0].endswith("-"))
        return operator.end()

    def _bodies(self, at: int) -> int:
        """Reads the here-documents of the line that ended just before."""
        waiting, self._heredocs = self._heredocs, []
        for delimiter, quoted, tabs, anew in waiting:
            begin, end, at = at, at, at
            while at < len(self._text):
                stop = self._text.find("\n", at)
                stop = len(self._text) if stop < 0 else stop
                row = self._text[at:stop]
                end, at = at, min(stop + 1, len(self._text))
                if (row.lstrip("\t") if tabs else row) == delimiter:
                    break
                end = at
            self._body(begin, end, QUOTED_HEREDOC if quoted else HEREDOC, anew)
        return at

    def _body(self, begin: int, end: int, form: str, anew: bool) -> None:
        first = len(self._script.references)
        if form == QUOTED_HEREDOC:
            self._add_all(begin, end, form)
        else:
            inside = _Reader(self._text[begin:end], self._base + begin, self._level + 1)
            self._script.references += inside.here_document()
        if anew:
            self._nested(self._text[begin:end], form, first)

    def _end_word(self, line: _Line, at: int) -> None:
        if line.start < 0:
            return
        if not line.is_target:
            line.words.append(Word(self._text[line.start : at], line.start))
        line.start, line.is_target = -1, False

    def _end_command(self, line: _Line, at: int, operator: str) -> None:
        self._end_word(line, at)
        words, writes = line.words, line.writes
        line.words, line.writes, line.is_target = [], False, False
        while words and words[0].text in _OPEN | _LEAD:
            line.depth += words[0].text in _OPEN
            words = words[1:]
        if not words:
            if operator in ("&&", "||", "|") and line.ended == "\n":
                self._script.stray.append(at)
            return
        line.ended = operator
        if words[0].text in _OPEN_WITH_WORDS or words[-1].text == "{":
            line.depth += 1
        elif words[0].text in _CLOSE:
            line.depth = max(0, line.depth - 1)
        self._script.commands.append(Simple(tuple(words), operator, line.depth, writes))


def _is_read_anew(line: _Line, at: int) -> bool:
    """Whether what is quoted here is a command for another shell: `bash -c '…'`, `eval "…"`."""
    if line.start not in (at, at - 1) or not line.words:
        return False
    last = line.words[-1].text
    if last == "eval":
        return True
    return re.fullmatch(r"-[a-z]*c", last) is not None and any(_name(word) in _SHELLS for word in line.words[:-1])


def _name(word: Word) -> str:
    return word.text.rpartition("/")[2]
