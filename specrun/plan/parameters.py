"""The parameters of a run: its `vars`, those of its sweep, scalar inputs, the flags of its command, and what it logged.

Of one name in several of these the flag counts, then the input, the sweep, the variable: a flag is what the script was
given.
What the script logged itself only adds to them, so a parameter is the same whether the log was read or not.
`learning_rate` and `--learning-rate` are one parameter, under the name that comes first.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from specrun.plan.observed import Run
from specrun.spec.masking import mask_properties, names_secret
from specrun.spec.model import Scalar
from specrun.spec.scalars import plain
from specrun.spec.shell import REFERENCE

_LAUNCHERS = ("accelerate.", "deepspeed", "horovod", "torch.distributed.")
"""Modules that are run with `-m` and run a script themselves."""
_SCRIPTS = (".py", ".sh", ".R", ".jl", ".lua")
_SHELLS = ("bash", "sh", "zsh", "dash")
_UNKNOWN = ("$", "`", "\0")
"""What a word has of which only the job's machine knows what becomes of it."""


class Flag(NamedTuple):
    """A flag as it was given: `value` is True of a bare one, and several words are joined by blanks. `start` and `end`
    say which of the words, or which part of the command, it is.
    """

    name: str
    value: str | bool
    start: int
    end: int


def parameters(run: Run, identity: Mapping[str, object], logged: Mapping[str, str] = {}) -> Mapping[str, Scalar]:
    """The parameters of a run by name: its variables first, then those that a trial has of its sweep, inputs,
    flags, and what it logged (`Logged.params`).

    `identity` is what its fingerprint was taken of ({}: not known). What reads as a number is one. What is named as a
    password or key is left out.
    """
    found: dict[str, Scalar] = {}
    names: dict[str, str] = {}
    inputs = _scalar_inputs(identity)
    flags = {name: typed(value) for name, value in _flags_of(identity, inputs).items()}
    for several in (run.variables, run.parameters, inputs, flags):
        for name, value in several.items():
            found[names.setdefault(_one_name(name), name)] = value
    for name, text in logged.items():
        if _one_name(name) not in names:
            found[name] = typed(text)
    return {name: value for name, value in found.items() if not (isinstance(value, str) and names_secret(name))}


def kept_variables(values: object) -> Mapping[str, Scalar]:
    """A spec's `vars` as they are kept with its runs, and read again: scalars, without credentials."""
    entries: Mapping[str, Any] = values if isinstance(values, Mapping) else {}
    kept = {str(name): value for name, value in entries.items() if isinstance(value, (str, int, float))}
    finite = {name: str(value) if value in (math.inf, -math.inf) else value for name, value in kept.items()}
    return {name: value for name, value in mask_properties(finite).items() if isinstance(value, (str, int, float))}


def typed(text: str | bool) -> Scalar:
    """A text as a number or a truth value, where it is one: `01` and `null` are texts."""
    value: Scalar = plain(text) if isinstance(text, str) else text
    whole = isinstance(value, int) and not isinstance(value, bool)
    return text if value is None or (whole and str(value) != str(text).lstrip("+")) else value


def flags_in(words: Sequence[str]) -> Iterator[Flag]:
    """The flags among the words behind a script: `--lr 0.1`, `--lr=0.1`, bare ones; and `lr=0.1`, as Hydra has it."""
    at = 0
    while at < len(words) and words[at] != "--":
        word, start = words[at], at
        at += 1
        name, equals, value = word.partition("=")
        if _is_flag(word):
            while not equals and at < len(words) and not (words[at] == "--" or _is_flag(words[at]) or _set(words[at])):
                at += 1
            said = value if equals else " ".join(words[start + 1 : at])
            yield Flag(name.lstrip("-"), said if equals or at > start + 1 else True, start, at)
        elif _set(word):
            yield Flag(name.lstrip("+"), value, start, at)


def flags_in_command(command: str) -> Iterator[Flag]:
    """Those behind each script that a command runs; of commands without one, those of the last. Of a text for another
    shell they are no part of the command: `start` is -1.
    """
    from specrun.spec.shell_reader import read  # late: most lists show no parameters

    simple = [one.words for one in read(command).commands]
    for words in simple:
        if words and words[0].text.rpartition("/")[2] in _SHELLS and len(words) > 2 and words[1].text in ("-c", "-lc"):
            inside = _unquoted(words[2].text)
            yield from (flag._replace(start=-1, end=-1) for flag in flags_in_command(inside) if inside != command)
            return
    behind = [part for words in simple if (part := words[_script(words) :]) != words]
    for words in behind or [words[1:] for words in simple[-1:]]:
        for flag in flags_in([_unquoted(word.text) for word in words]):
            first, last = words[flag.start], words[flag.end - 1]
            if command.startswith(last.text, last.start):
                yield flag._replace(start=first.start, end=last.start + len(last.text))


def _flags_of(identity: Mapping[str, object], inputs: Mapping[str, Scalar]) -> Mapping[str, str | bool]:
    """The flags of a command or of arguments, scalar inputs in place; those with a path of the job's machine not."""
    command, arguments = identity.get("command"), identity.get("arguments")
    found = [*flags_in_command(command)] if isinstance(command, str) else []
    found += flags_in([str(word) for word in arguments]) if isinstance(arguments, list) else []

    def filled(value: str | bool) -> str | bool:
        if not isinstance(value, str):
            return value
        return REFERENCE.sub(lambda m: _text(inputs[m[2]]) if m[1] == "inputs" and m[2] in inputs else "\0", value)

    known = ((flag.name, filled(flag.value)) for flag in found)
    return {name: value for name, value in known if not any(sign in str(value) for sign in _UNKNOWN)}


def _one_name(name: str) -> str:
    return name.replace("-", "_").lower()


def _is_flag(word: str) -> bool:
    """Whether a word names a flag; `-`, `-0.5` and `-1e-3` do not."""
    return len(word) > 1 and word[0] == "-" and isinstance(plain(word), str)


def _set(word: str) -> bool:
    """Whether it is an override as Hydra has it, such as `optimizer.lr=0.1`."""
    name, equals, _ = word.partition("=")
    return bool(equals) and name.lstrip("+").replace(".", "").replace("/", "").isidentifier()


def _scalar_inputs(identity: Mapping[str, object]) -> dict[str, Scalar]:
    inputs = identity.get("inputs")
    entries: Mapping[str, Any] = inputs if isinstance(inputs, Mapping) else {}
    values = {name: entry.get("value") for name, entry in entries.items() if isinstance(entry, Mapping)}
    return {name: value for name, value in values.items() if isinstance(value, (str, int, float))}


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _script(words: Sequence[Any]) -> int:
    """Behind which of a command's words its script's own begin; 0 for none."""
    texts = [word.text for word in words]
    for at, text in enumerate(texts):
        if text == "-m" and at + 1 < len(texts) and not texts[at + 1].startswith(_LAUNCHERS):
            return at + 2
        if text == "-c" and at + 1 < len(texts) and "python" in texts[0]:
            return at + 2
        if text.endswith(_SCRIPTS):
            return at + 1
    return 0


def _unquoted(word: str) -> str:
    """A word without its quotes."""
    try:
        return " ".join(shlex.split(word)) if any(sign in word for sign in "'\"\\") else word
    except ValueError:  # one that is not closed
        return word
