"""What a simple command runs: a program of the job's own, and which of its files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from specrun.spec.shell import Simple, Word

_PYTHON = re.compile(r"(?:.*/)?python(?:[23](?:\.[0-9]+)?)?")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=.*", re.DOTALL)
_PLAIN = re.compile(r"""([\w@%+=:,./-]+)|'((?:(?!\$\{\{)[^'])*)'|"([^"$`\\]*)\"""")
_SHELLS = frozenset({"bash", "sh", "dash", "zsh"})
_LAUNCHERS = frozenset({"accelerate", "deepspeed", "horovodrun", "mpiexec", "mpirun", "torchrun"})
_OTHERS = frozenset({"Rscript", "julia", "papermill", "pytest"})
_WRAPPERS = frozenset(
    ("command", "env", "exec", "nice", "nohup", "numactl", "stdbuf", "sudo", "taskset", "timeout", "unbuffer")
)
"""What runs the command that stands behind it."""
_RUNNERS = frozenset({"conda", "micromamba", "pdm", "pipenv", "poetry", "uv"})
"""What does so behind its word `run`."""
_NO_TRAINING = frozenset({"ensurepip", "pip", "venv", "virtualenv"})


def plain(word: Word) -> str | None:
    """The text of a word in which nothing is left to bash."""
    found = _PLAIN.fullmatch(word.text)
    return None if found is None else next(text for text in found.groups() if text is not None)


def unwrapped(command: Simple) -> tuple[Word, ...]:
    """The command's words from the program on: without assignments and what only runs it."""
    words: Sequence[Word] = command.words
    while words and _ASSIGNMENT.fullmatch(words[0].text):
        words = words[1:]
    name = _name(words)
    if name in _WRAPPERS or (name in _RUNNERS and "run" in (word.text for word in words[:4])):
        behind = (n for n in range(1, len(words)) if _is_program_name(words[n].text))
        return tuple(words[next(behind, 0) :])
    return tuple(words)


def is_program(command: Simple) -> bool:
    """Whether it is plainly what the job is for, and no look around: `python train.py`, `torchrun …`, `bash run.sh`."""
    words = unwrapped(command)
    if not words or not _is_program_name(words[0].text):
        return False
    rest = [word.text for word in words[1:]]
    if _PYTHON.fullmatch(words[0].text):
        option = next((n for n, word in enumerate(rest) if word in ("-c", "-V", "--version", "-m")), None)
        if option is not None and all(word.startswith("-") for word in rest[:option]):
            return rest[option] == "-m" and rest[option + 1 : option + 2] not in ([name] for name in _NO_TRAINING)
        return bool(rest) and rest[0] != "setup.py"
    if _name(words) in _SHELLS:
        return any(word.endswith(".sh") for word in rest)
    return True


def is_shell_script(command: Simple) -> bool:
    """Whether it runs a shell script: `bash run.sh`, `./run.sh`."""
    words = unwrapped(command)
    return bool(words) and (_name(words) in _SHELLS or words[0].text.endswith(".sh"))


class Script(NamedTuple):
    """A file that a command runs. `path` starts at the folder where the command runs; `module`: it is `-m` NAME."""

    word: Word
    path: str
    module: bool = False


def script_of(command: Simple) -> Script | None:
    """The script that a command runs, where it is named in plain words."""
    words = unwrapped(command)
    if not words:
        return None
    texts = [plain(word) for word in words]
    first = texts[0] or ""
    found: int | None = None
    if _PYTHON.fullmatch(first):
        found = _operand(texts, _PYTHON_FLAGS, _PYTHON_WITH_VALUE)
    elif _name(words) in _SHELLS:
        found = _operand(texts, _SHELL_FLAGS, ("-o", "+o", "-O"))
        found = None if found is not None and not str(texts[found]).endswith(".sh") else found
    elif _name(words) in _LAUNCHERS:
        if "-m" not in texts and "--module" not in texts and None not in texts:
            found = next((n for n, text in enumerate(texts) if text and _SCRIPT_WORD.fullmatch(text)), None)
    elif first in ("source", ".") and len(words) > 1 and str(texts[1]).endswith(".sh"):
        found = 1
    elif first.startswith("./"):
        found = 0
    if found is None or texts[found] is None:
        return None
    return Script(words[found], str(texts[found]), module=found > 0 and texts[found - 1] == "-m")


def _operand(texts: Sequence[str | None], flags: re.Pattern[str], with_value: Sequence[str]) -> int | None:
    """The index of the first word that is no option; None where there is none, or an option is unknown."""
    index = 1
    while index < len(texts):
        text = texts[index]
        if text is None or text == "-":
            return None
        if text == "-m" and "-m" not in with_value:
            return index + 1 if index + 1 < len(texts) else None
        if text[0] not in "-+":
            return index
        if not flags.fullmatch(text):
            if text not in with_value:
                return None
            index += 1
        index += 1
    return None


_PYTHON_FLAGS = re.compile(r"-[bBdEiIOPqRsSuvx]+|-[WX].+")
_PYTHON_WITH_VALUE = ("-W", "-X")
_SHELL_FLAGS = re.compile(r"[-+][aeufhlmnpxvEBCT]+|--login|--norc|--noprofile")
_SCRIPT_WORD = re.compile(r"[^-=][^=]*\.py")


def _is_program_name(text: str) -> bool:
    name = text.rpartition("/")[2]
    return (
        _PYTHON.fullmatch(text) is not None
        or name in _SHELLS | _LAUNCHERS | _OTHERS
        or (text.startswith("./") and "$" not in text)
        or text.endswith((".py", ".sh"))
    )


def _name(words: Sequence[Word]) -> str:
    return words[0].text.rpartition("/")[2] if words else ""
