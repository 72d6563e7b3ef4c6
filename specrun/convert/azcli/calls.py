"""The calls of `az` in a shell script or a notebook, with what is known of their words: nothing is run.

Options are those of the extension azure-cli-ml (the CLI v1), whose commands `run` and `datastore` stand in azureml-core
(`azureml/_cli/run/run_commands.py`, `azureml/_cli/datastore/datastore_commands.py`): all that follows the script of
`submit-script` belongs to it. Those of `computetarget create amlcompute` are as its reference has them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeAlias

from specrun.convert.scripts.cells import code_cells
from specrun.convert.unknown import Missing, Mixed, Secret, Unknown
from specrun.spec.frozen import dataclass
from specrun.spec.masking import mask
from specrun.spec.shell_reader import read

Known: TypeAlias = "str | Unknown | Mixed"
Part: TypeAlias = "str | Unknown | Secret | Missing"

SUBMIT = "az ml run submit-script"
HYPERDRIVE = "az ml run submit-hyperdrive"
SUBMITS = (SUBMIT, HYPERDRIVE)
CLUSTER = "az ml computetarget create amlcompute"
UPLOAD = "az ml datastore upload"
STORES = {
    "az ml datastore attach-blob": ("azure_blob", "container_name"),
    "az ml datastore attach-file": ("azure_file", "file_share_name"),
    "az ml datastore attach-adls-gen2": ("azure_data_lake_gen2", "filesystem"),
}
OTHER_JOBS = {
    "az ml run submit-pipeline": "a pipeline: import each of its steps as a job of its own",
    "az ml pipeline": "a pipeline: import each of its steps as a job of its own",
}
"""What is a job, too, and none that a spec has."""

FILES = {
    **{f"az ml {kind} create": "the CLI v2" for kind in ("job", "compute", "data", "datastore", "environment")},
    **dict.fromkeys(("az batchai job create", "az batchai cluster create"), "Batch AI"),
}
"""Commands that read a `--file`, and whose it is: it is imported itself."""

_ALL = "-w workspace-name -g resource-group -t output-metadata-file -n name -f file --config-file file"
_STORE = "-a account-name -k account-key -c container-name"
_SHORT: Mapping[str, str] = {
    **dict.fromkeys(SUBMITS, "-c run-configuration-name -d conda-dependencies -e experiment-name --target ct"),
    CLUSTER: "-s vm-size --size vm-size -u admin-username -p admin-user-password -k admin-user-ssh-key -l location",
    UPLOAD: "-p src-path -u target-path",
    **dict.fromkeys(STORES, f"{_STORE} --share-name container-name --file-system container-name"),
    "az account set": "-s subscription -n subscription",
}
"""What stands for an option, for all commands and for each."""

_OWN = ("path", "async", "subscription")
"""Options of `submit-script` that are whole, though they have no short form."""

_FLAGS = ("async", "no-wait", "verbose", "debug", "only-show-errors", "v", "y", "yes", "stream", "web")
_COMMANDS = (*SUBMITS, CLUSTER, UPLOAD, "az ml folder attach", "az account set", *STORES, *OTHER_JOBS, *FILES)

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=")
_NAME = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?[-=]([^{}]*))?\}|([0-9@*#?])|\{([^{}]*)\})")
_MACRO = re.compile(r"\$\(([\w.-]+)\)")
"""A variable of a pipeline of Azure DevOps; a shell would run it."""

_DECLARES = ("export", "local", "declare", "readonly", "typeset")
_LEADS = ("sudo", "time", "!", "call", "exec", "command")
_PLACEHOLDER = re.compile(r"""(?<=[\s="'/])<([A-Za-z_][\w .:/-]{0,79})>(?=[\s"'/;]|$)""")
_BRACKETS = str.maketrans("<> ", "\ue000\ue001\ue002")
"""What the text of a manual wants filled in is no redirection: it is read as a part of its word."""

_FILLED = {new: old for old, new in _BRACKETS.items()}
_SHELL_CELL = re.compile(r"%%(?:bash|sh|script[ \t]+(?:bash|sh))\b|%%!")
_LITERAL = re.compile(r"""(\w+)[ \t]*=[ \t]*(["'])([^"'\\]*)\2[ \t]*(?:#.*)?""")
_BRACES = re.compile(r"(?<![${])\{([A-Za-z_]\w*)\}")


@dataclass(frozen=True, slots=True)
class Call:
    """`az ml run submit-script …`: options by their long names without hyphens at the front, and the other `words`.

    `key` is what the report calls it: the command, with a number where it is not the first. `place` is as in `line 3`.
    `folder` is where it is run: "" where the script began, None where that is not known.
    """

    command: str
    key: str
    place: str
    folder: str | None
    options: Mapping[str, Known]
    words: Sequence[Known] = ()

    def get(self, name: str) -> Known | None:
        """An option's value."""
        return self.options.get(name)


def calls_of(file: str, text: str) -> list[Call]:
    """The calls of `az ml`, `az batchai`, and those that say where, in their order. Raises Refused for no notebook."""
    found: list[Call] = []
    for words, place, folder in _az(file, text):
        plain = [word if isinstance(word, str) and re.fullmatch(r"[a-z][a-z0-9-]*", word) else "" for word in words]
        typed = f"{' '.join(plain)} "
        other = " ".join(plain[:4]).strip() if plain[1] in ("ml", "batchai") else ""
        command = max((one for one in _COMMANDS if typed.startswith(f"{one} ")), key=len, default=other)
        if command:
            number = sum(one.command == command for one in found) + 1
            options, rest = _parsed(command, words[len(command.split()) :])
            found.append(Call(command, f"{command}#{number}".removesuffix("#1"), place, folder, options, rest))
    return found


def _parsed(command: str, words: list[Known]) -> tuple[dict[str, Known], list[Known]]:
    """The options, and the other words; what stands behind a script is its own."""
    options: dict[str, Known] = {}
    pairs = f"{_ALL} {_SHORT.get(command, '')}".split()
    short = dict(zip(pairs[::2], pairs[1::2], strict=True))
    named = {*pairs[1::2], "subscription-id", "source-directory", "hyperdrive-configuration-name"}
    whole = named if command in SUBMITS else set()
    free: list[Known] = []
    while words and not (free and command in SUBMITS):
        word = words.pop(0)
        if _is_option(word, "-") and isinstance(word, str):
            name, equals, value = word.partition("=")
            name = short.get(name, name.lstrip("-").replace("_", "-"))
            begun = [one for one in whole if one.startswith(name)] if word.startswith("--") else []
            name = begun[0] if len(begun) == 1 and name not in _OWN else name  # as the CLI reads what is cut short
            takes = name not in _FLAGS and words and not _is_option(words[0], "--")
            options[name] = value if equals else words.pop(0) if takes else ""
        else:
            free.append(word)
    return options, [*free, *words]


def _is_option(word: Known, mark: str) -> bool:
    """As argparse has it: what has a space in it is a value."""
    return isinstance(word, str) and word.startswith(mark) and word != "-" and " " not in word.partition("=")[0]


def _az(file: str, text: str) -> Iterator[tuple[list[Known], str, str | None]]:
    """The words of each command that begins with `az`, its place, and the folder that it is run in."""
    notebook = file.endswith(".ipynb")
    text, places, literals = _shell_of(file, text) if notebook else (text, [], {})
    names: dict[str, Known] = dict(literals)
    folder: str | None = ""
    ends = [match.start() for match in re.finditer("\n", text)]
    text = _PLACEHOLDER.sub(lambda match: match[0].translate(_BRACKETS), text)
    for command in read(text).commands:
        number = bisect_left(ends, command.words[0].start)
        place = places[number] if notebook else f"line {number + 1}"
        plain = [word.text for word in command.words]
        _assign(plain, names, place, sure=command.depth == 0)
        at = next((n for n, word in enumerate(plain) if not _ASSIGNMENT.match(word) and word not in _LEADS), 0)
        if plain[at] in ("cd", "pushd"):
            folder = _gone(folder, _value(plain[at + 1], names, place) if plain[at + 1 :] else "~")
        elif plain[at] == "az" and plain[at + 1 :]:
            words = [_value(word, names, place) for word in plain[at:]]
            yield _named([_pythons(word) for word in words] if notebook else words), place, folder


def _shell_of(file: str, text: str) -> tuple[str, list[str], dict[str, str]]:
    """What a shell runs of a notebook, the place of each of its lines, and the literals that Python gives names.

    That are lines with `!`, in which `$name` and `{name}` are Python's, and cells with `%%bash`.
    """
    lines: list[tuple[str, str]] = []
    literals: dict[str, str] = {}
    for cell, source in code_cells(file, text):
        rows, whole, goes_on = source.split("\n"), _SHELL_CELL.match(source.lstrip()), False
        for number, row in enumerate(rows, 1):
            marked = goes_on or row.lstrip().startswith("!")
            goes_on = marked and row.rstrip().endswith("\\")
            if marked or (whole and number > 1):
                own = row if whole else _BRACES.sub(r"${\1}", row.strip().removeprefix("!").lstrip())
                lines.append((own, f"cell {cell}, line {number}"))
            elif not whole and (match := _LITERAL.fullmatch(row)):
                literals[match[1]] = match[3]
    return "\n".join(row for row, _ in lines), [place for _, place in lines] or [""], literals


def _assign(plain: Sequence[str], names: dict[str, Known], place: str, *, sure: bool) -> None:
    """Remember what variables are set to; in a condition or a loop one may be that or not."""
    if plain[0] in ("for", "select", "read"):
        loops = plain[1:] if plain[0] == "read" else plain[1:2]
        names.update((name, Unknown(f"${name}", place, name)) for name in loops)
    matches = [_ASSIGNMENT.match(word) for word in plain]
    if plain[0] not in _DECLARES and not all(matches):
        return  # it is set for that one command
    for word, match in zip(plain, matches, strict=True):
        if match is not None:
            known = sure and not match[2]
            name = match[1]
            names[name] = _value(word[match.end() :], names, place) if known else Unknown(f"${name}", place, name)


def _gone(folder: str | None, to: Known) -> str | None:
    if not isinstance(to, str) or to.startswith(("~", "-")):
        return None
    return to if to.startswith("/") or not folder else f"{folder}/{to}"


def _pythons(word: Known) -> Known:
    """The same, with what is not known as Python's, and not as the environment's."""
    if isinstance(word, Mixed):
        return Mixed(tuple(replace(part, environment="") if isinstance(part, Unknown) else part for part in word.parts))
    return replace(word, environment="") if isinstance(word, Unknown) else word


def _named(words: list[Known]) -> list[Known]:
    """The same, where what is not known and has no name of its own is called as the option before it."""
    for number, (before, word) in enumerate(pairwise(words), 1):
        if isinstance(word, Unknown) and word.name in ("", "argument") and isinstance(before, str):
            option = before[2:].replace("-", "_")
            if before.startswith("--") and option.isidentifier():
                words[number] = replace(word, name=option)
    return words


def _value(word: str, names: Mapping[str, Known], place: str) -> Known:
    """What a word is, without its quotes and with its variables in it."""
    word = word.translate(_FILLED)
    parts: list[Part] = [""]
    at, quote = 0, ""
    while at < len(word):
        sign, following = word[at], word[at + 1 : at + 2]
        if quote != "'" and sign == "\\" and (not quote or following in '"$`\\\n'):
            found: list[Part] = [following.strip("\n")]
            at += 2
        elif sign in "'\"" and quote in ("", sign):
            quote, found = "" if quote else sign, []
            at += 1
        elif quote != "'" and sign in "$`" and (end := _expansion_end(word, at)) > at + 1:
            value = _expanded(word[at:end], names, place)
            found = [*value.parts] if isinstance(value, Mixed) else [value]
            at = end
        else:
            found = [sign]
            at += 1
        for part in found:
            if isinstance(part, str) and isinstance(parts[-1], str):
                parts[-1] += part
            else:
                parts.append(part)
    whole = [part for part in parts if part != ""] or [""]
    return whole[0] if len(whole) == 1 and isinstance(whole[0], str | Unknown) else Mixed(tuple(whole))


def _expansion_end(word: str, at: int) -> int:
    """Behind what begins with a dollar sign or a backquote."""
    if match := _NAME.match(word, at):
        return match.end()
    if not word.startswith("$(", at):
        return (word.find("`", at + 1) if word[at] == "`" else at) + 1
    depth = 0
    for end in range(at + 1, len(word)):
        depth += {"(": 1, ")": -1}.get(word[end], 0)
        if depth == 0:
            return end + 1
    return len(word)


def _expanded(text: str, names: Mapping[str, Known], place: str) -> Known:
    if macro := _MACRO.fullmatch(text):
        return Unknown(text, place, macro[1].rpartition(".")[2])
    match = _NAME.fullmatch(text)
    if match is None or match[5] is not None:
        return Unknown(mask(text), place)
    name = match[1] or match[2]
    if name is None:
        return Unknown(text, place, "argument")
    default = match[3] or None
    return names.get(name) or Unknown(text, place, name.lower(), default, "" if default else name)
