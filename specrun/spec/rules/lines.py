"""A command that bash reads in another way than it looks on the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from specrun.spec import codes, shell
from specrun.spec.diagnostics import Diagnostic, Path, Severity
from specrun.spec.expressions import DECLARED, parse
from specrun.spec.rules.subject import Subject
from specrun.spec.shell_reader import read

COMMAND: Path = ("job", "command")
_STARTERS = frozenset(
    ("python", "python3", "pip", "pip3", "torchrun", "cd", "export", "echo", "source", "mkdir", "set")
)
"""What begins a command, and hardly ever stands in the middle of one."""
_MORE_STARTERS = frozenset({"accelerate", "bash", "deepspeed", "mpirun", "sh"})

_SUSPECT = re.compile(rf"[\\#]|\n(?=.)|\s(?:{'|'.join(sorted(_STARTERS | _MORE_STARTERS))})\s")
_BACKSLASH = re.compile(r"\\(?:[ \t]|\Z)")


def command_as_written(subject: Subject) -> str | None:
    """The command with its expressions, as the file has it; None where there is none to speak of."""
    if not isinstance(subject.job.get("command"), str):
        return None
    job = subject.document.values.get("job")
    written = job.get("command") if isinstance(job, dict) else None
    return written if isinstance(written, str) else None


def escaped_expressions(subject: Subject) -> Iterator[Diagnostic]:
    """A backslash before an expression would belong to whatever takes the expression's place."""
    command = subject.job.get("command")
    written = command_as_written(subject)
    if written is None or "\\${{" not in written or not isinstance(command, str):
        return
    standing = read(command).references
    here = [e for e in parse(written) if getattr(e, "namespace", "") in DECLARED]
    for found, expression in zip(standing, here, strict=False):
        if found.escaped:
            detail = (
                "Bash would take the backslash for a part of the path or the text that comes here. Leave it out: "
                "specrun quotes what it puts in."
            )
            place = subject.document.inside(COMMAND, written, expression.start, 3)
            yield codes.diagnostic("expression-escaped", detail, COMMAND, place)


def lookalikes(subject: Subject) -> Iterator[Diagnostic]:
    """Bash takes a no-break space for a part of a word, and a typographic quote or hyphen for a letter like others."""
    written = command_as_written(subject) or ""
    if written.isascii():
        return
    from specrun.spec.lookalikes import in_command  # late: most commands have the characters of a keyboard alone

    for found in in_command(written):
        detail = f"{found} Bash takes it for a part of the word."
        place = subject.document.inside(COMMAND, written, found.at, 1)
        yield codes.diagnostic("lookalike", detail, COMMAND, place, Severity.WARNING)


def quoted_arguments(subject: Subject) -> Iterator[Diagnostic]:
    """Quotes around an argument reach the script: there is no shell between."""
    arguments = subject.job.get("arguments")
    if not isinstance(arguments, (dict, list)):
        return
    for key, word in arguments.items() if isinstance(arguments, dict) else enumerate(arguments):
        if isinstance(word, str) and len(word) > 1 and word[0] == word[-1] and word[0] in "\"'" and "${{" in word:
            detail = f"An argument is one word as it stands: the script gets the quotes, too. Write `{word[1:-1]}`."
            yield subject.at("quoted-argument", detail, "job", "arguments", key)


def broken_lines(subject: Subject) -> Iterator[Diagnostic]:
    """Lines that belong together and are none, or the other way round."""
    command = command_as_written(subject)
    if command is None or _SUSPECT.search(command, 1) is None:
        return  # nearly always
    if "\\" not in command and command in subject.document.text:
        return  # it stands on one line
    yield from _Page(subject, command).mistakes()


class _Page:
    """A command beside the lines on which it is written."""

    def __init__(self, subject: Subject, command: str) -> None:
        self.subject = subject
        self.command = command
        self.script = read(command)
        self.folded = not subject.document.written(COMMAND).startswith("|")

    def mistakes(self) -> Iterator[Diagnostic]:
        """Each at its place; of what follows from one another the first."""
        told = -1
        for offset, code, detail in sorted(
            (*self._backslashes(), *self._comments(), *self._own_commands(), *self._joined())
        ):
            if self._line(offset) > told:
                place = self.subject.document.inside(COMMAND, self.command, offset, self._length(offset))
                yield codes.diagnostic(code, detail, COMMAND, place)
                told = self._line(offset) + 1

    def _line(self, offset: int) -> int:
        """The line of the file on which a character stands."""
        return self.subject.document.inside(COMMAND, self.command, offset).line

    def _length(self, offset: int) -> int:
        return len(self.command[offset:].split(maxsplit=1)[0])

    def _backslashes(self) -> Iterator[tuple[int, str, str]]:
        for word in (word for command in self.script.commands for word in command.words):
            quotes_blank = _BACKSLASH.match(word.text) or _BACKSLASH.search(word.text, max(0, len(word.text) - 2))
            if quotes_blank is None:
                continue
            at = word.start + quotes_blank.start()
            rest = self.command[at + 1 :]
            follows = len(rest) - len(rest.lstrip())
            if not rest.strip():
                detail = "Nothing follows the backslash, and the program gets it as a word. Take it away."
            elif "\n" in rest[:follows]:
                detail = (
                    "A blank stands behind the backslash, which quotes it: the command ends here, with a blank as its "
                    "last word. Take the blank away."
                )
            elif word.start != at:
                continue  # a blank in a name
            elif self.folded and self._line(at) < self._line(at + 1 + follows):
                detail = (
                    "YAML joins these lines by itself, and the backslash quotes the blank that it puts between: the "
                    "program gets a word that begins with a blank. Leave the backslash out, or begin the command with "
                    "`|`."
                )
            else:
                detail = "The backslash quotes the blank behind it: the program gets a blank. Leave it out."
            yield at, "broken-line", detail

    def _comments(self) -> Iterator[tuple[int, str, str]]:
        for start, end in self.script.comments:
            if self.folded and self._line(start) < self._line(start + len(self.command[start:end].rstrip()) - 1):
                detail = (
                    "YAML joins these lines, and to bash all that stands behind the `#` is a comment: the lines below "
                    "do not run. Begin the command with `|`, where each line is one, or take the comment out."
                )
                yield start, "swallowed-by-comment", detail
            above = self.command[:start].rstrip(" \t")
            if above.endswith("\\\n") and len(above) - 2 in self.script.continued and self.command[end:].strip():
                detail = (
                    "The backslash above continues the command with this line, and the comment ends it: what stands "
                    "below is a command of its own. Put the comment above the command."
                )
                yield start, "swallowed-by-comment", detail

    def _own_commands(self) -> Iterator[tuple[int, str, str]]:
        """Lines that bash takes for commands of their own and that were none."""
        before: shell.Simple | None = None
        for command in self.script.commands:
            first = command.words[0]
            if before is not None and before.after == "\n":
                if self._is_deeper(before, command):
                    detail = (
                        f"In a `>` block YAML keeps the line break before a line that is indented deeper: bash runs "
                        f"`{_shown(first)}` as a command of its own. Indent all lines alike, or begin the command with "
                        "`|` and end each line that goes on with ` \\`."
                    )
                    yield first.start, "broken-line", detail
                elif first.text.startswith("-"):
                    detail = (
                        f"Bash runs each line as a command, and looks for a program called `{_shown(first)}`. End the "
                        "line above with ` \\`, or begin the command with `>-`, where YAML joins lines."
                    )
                    yield first.start, "broken-line", detail
            before = command
        for offset in self.script.stray:
            detail = "No command begins like this: bash stops here. Write it at the end of the line above."
            yield offset, "broken-line", detail

    def _is_deeper(self, before: shell.Simple, command: shell.Simple) -> bool:
        """Whether YAML kept a line break that nobody wanted: in a folded block, and not for an empty line."""
        if not self.folded or before.depth or command.depth:
            return False
        lines = self._line(before.words[-1].start), self._line(command.words[0].start)
        return lines[1] - lines[0] == 1

    def _joined(self) -> Iterator[tuple[int, str, str]]:
        """Commands that YAML joined to one."""
        if not self.folded:
            return
        for command in self.script.commands:
            words = [word for word in command.words if "=" not in word.text.partition("/")[0]]
            if not words or words[0].text not in _STARTERS:
                continue
            for last, word in pairwise(words):
                known = word.text in _STARTERS or word.text in _MORE_STARTERS
                if known and not last.text.startswith("-") and self._line(last.start) < self._line(word.start):
                    detail = (
                        f"YAML joins these lines: bash runs `{_shown(words[0])} …` with `{_shown(word)}` as one of its "
                        "words. Begin the command with `|`, where each line is a command, or end the line above with "
                        "` &&`."
                    )
                    yield word.start, "joined-commands", detail
                    break


def _shown(word: shell.Word) -> str:
    return word.text if len(word.text) < 40 else f"{word.text[:40]}…"
