"""A failure that nobody would notice: bash ends as its last command does, whatever came before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from specrun.spec import codes
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.rules.lines import COMMAND, broken_lines, command_as_written
from specrun.spec.rules.programs import is_program, is_shell_script, unwrapped
from specrun.spec.rules.subject import Subject
from specrun.spec.shell import Simple
from specrun.spec.shell_reader import read

_MENDS = ("exit", "return", "false", "kill")
"""What may stand behind `||` for the failure to be one."""


@dataclass(slots=True)
class _List:
    """Commands joined by `&&`, `||` and `|`; `inner` are those inside of their groups, loops and conditions."""

    commands: list[Simple] = field(default_factory=list)
    inner: list[Simple] = field(default_factory=list)

    @property
    def ends(self) -> str:
        return self.commands[-1].after if self.commands else ""

    def says(self, *words: str) -> bool:
        return any(word.text in words for command in (*self.commands, *self.inner) for word in command.words)

    def runs_a_program(self) -> bool:
        return any(map(is_program, (*self.commands, *self.inner)))


def unnoticed(subject: Subject) -> Iterator[Diagnostic]:
    """A program of the job whose failure does not fail the run; the first of them.

    Only what is plainly the job's own work counts. A `cd` or an install that goes wrong shows in what comes after.
    """
    command = command_as_written(subject)
    if command is None or not any(sign in command.rstrip() for sign in "\n;|&"):
        return
    for program, code, detail in _unnoticed(command):
        if any(broken_lines(subject)):
            return  # it is not what somebody meant to write
        word = unwrapped(program)[0]
        place = subject.document.inside(COMMAND, command, word.start, len(word.text))
        yield codes.diagnostic(code, detail, COMMAND, place)
        return


def _unnoticed(text: str) -> Iterator[tuple[Simple, str, str]]:
    lists = _lists(read(text).commands)
    if any(one.says("trap") for one in lists):
        return  # it may do anything
    stops = pipefail = False
    for number, one in enumerate(lists):
        later = lists[number + 1 :]
        if one.commands and one.commands[0].words[0].text == "set":
            stops, pipefail = _options(one.commands[0], stops, pipefail)
        for index, command in enumerate(one.commands):
            if not is_program(command):
                continue
            if command.after in ("|", "|&"):
                end = _end_of_pipe(one.commands, index)
                if not pipefail and "PIPESTATUS" not in text and not is_program(end):
                    yield command, "failure-in-pipe", _in_pipe(end, stops)
                continue
            detail = _why(one, index, later, stops)
            if detail:
                yield command, "failure-unnoticed", detail


def _lists(commands: Sequence[Simple]) -> list[_List]:
    found = [_List()]
    for command in commands:
        if command.depth:
            found[-1].inner.append(command)
            continue
        found[-1].commands.append(command)
        if command.after not in ("&&", "||", "|", "|&"):
            found.append(_List())
    return [one for one in found if one.commands]


def _options(command: Simple, stops: bool, pipefail: bool) -> tuple[bool, bool]:
    """What `set` makes of the two options."""
    words = [word.text for word in command.words[1:]]
    for option, name in zip(words, [*words[1:], ""], strict=False):
        if option[:1] in ("-", "+") and option[1:].isalpha():
            stops = option[0] == "-" if "e" in option or (option[-1] == "o" and name == "errexit") else stops
            pipefail = option[0] == "-" if option[-1] == "o" and name == "pipefail" else pipefail
    return stops, pipefail


def _end_of_pipe(commands: Sequence[Simple], index: int) -> Simple:
    while commands[index].after in ("|", "|&") and index + 1 < len(commands):
        index += 1
    return commands[index]


def _in_pipe(end: Simple, stops: bool) -> str:
    first = "set -eo pipefail" if stops else "set -o pipefail"
    return (
        f"A pipe ends as its last command does: the run succeeds when `{end.words[0].text}` does, whatever becomes of "
        f"this. Write `{first}` on a line before it."
    )


def _why(one: _List, index: int, later: Sequence[_List], stops: bool) -> str:
    """Why a failure of the command at `index` goes unnoticed; "" where it does not."""
    behind = [command.after for command in one.commands[index:]]
    if "||" in behind:
        rest = _List(one.commands[index + 1 :], one.inner)
        if rest.says(*_MENDS) or rest.runs_a_program() or any(list_.runs_a_program() for list_ in later):
            return ""
        return (
            "What stands behind `||` runs when this fails, and then all is well: the run succeeds. Leave it out, or "
            "end it with a failure: `|| { …; exit 1; }`."
        )
    if one.ends == "&":
        return _in_background(later)
    if not later or _looks_at_status(later[0]) or (stops and behind[0] != "&&"):
        return ""
    if is_shell_script(one.commands[index]) and any(list_.runs_a_program() for list_ in later):
        return ""  # most likely an installation
    last = _shown(later[-1].commands[-1])
    if stops:
        return (
            f"`set -e` does not look at what stands before `&&`: the run succeeds when `{last}` does. Write the two "
            "commands on lines of their own."
        )
    return (
        f"The run ends as its last command does: it succeeds when `{last}` does, whatever becomes of this. Write "
        "`set -eo pipefail` on a line before, or join the commands by `&&`."
    )


def _looks_at_status(one: _List) -> bool:
    first = one.commands[0].words
    if first[0].text == "exit" and len(first) == 1:
        return True
    return any("$?" in word.text for command in (*one.inner, *one.commands) for word in command.words)


def _in_background(later: Sequence[_List]) -> str:
    if any(list_.runs_a_program() for list_ in later):
        return ""  # a server, say, for what runs then
    waits = [command for list_ in later for command in list_.commands if command.words[0].text == "wait"]
    if any(len(command.words) > 1 for command in waits):
        return ""
    if waits:
        return "`wait` alone ends well whatever becomes of this. Write `wait $!` for each, or leave `&` out."
    return "It runs in the background, and the run ends without waiting for it. Leave `&` out, or end with `wait $!`."


def _shown(command: Simple) -> str:
    text = " ".join(word.text for word in command.words)
    if text in ("fi", "done", "esac", "}"):
        text = f"… {text}"
    return text if len(text) <= 40 else f"{text[:39]}…"
