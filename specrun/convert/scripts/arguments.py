"""What a job of SDK v1 runs: its code folder, its script and the script's arguments, or its command."""

from __future__ import annotations

import re
import shlex

from specrun.convert import coerce
from specrun.convert.credentials import variable
from specrun.convert.document import TODO, Key
from specrun.convert.document import Value as Written
from specrun.convert.locations import folder_of, rebased
from specrun.convert.scripts.values import Call, Hidden, Value
from specrun.convert.scripts.writing import Expressed, Writing
from specrun.spec.masking import names_secret

CODE: Key = ("job", "code")
TO: Key = ("job", "arguments")


def write_program(writing: Writing, job: Call, configuration: Call | None) -> None:
    """Code, and script with arguments or command."""
    holders = [call for call in (job, configuration) if call is not None]
    _code(writing, job)
    commands = [call for call in holders if call.get("command") is not None]
    scripts = [(call, name) for call in holders for name in ("entry_script", "script") if call.get(name) is not None]
    if commands:
        _command(writing, commands[0])
    elif scripts:
        call, name = scripts[0]
        writing.copy(call, name, ("job", "script"), _script, "the script's path in the code folder")
    else:
        writing.draft.set(("job", "command"), TODO, "TODO: the script says nothing of what runs")
        writing.lack(("job", "command"), "the script says nothing of what runs: write command or script")
        return
    for call in holders:
        for name in ("script_params", "arguments"):
            if call.get(name) is not None:
                _arguments(writing, call, name, bool(commands))
            elif call.find(name) is not None:
                writing.drop(call, name, "there are none")


def write_code(writing: Writing, call: Call, name: str) -> None:
    """The code folder, relative to the spec."""
    value = call.get(name)
    found = writing.word(value, "code")
    if isinstance(value, str) and value.strip() and found.value is not TODO:
        found.value = rebased(value, folder_of(writing.file), writing.options.folder)
    writing.draft.set(CODE, found.value or ".")
    writing.settle(call, name, CODE, found, "" if found.value == value else "relative to the spec")


def _code(writing: Writing, job: Call) -> None:
    if job.get("source_directory") is not None:
        write_code(writing, job, "source_directory")
    else:
        here = rebased(".", folder_of(writing.file), writing.options.folder)
        writing.draft.set(CODE, here, "the script says none: the folder it is run in")
        if job.find("source_directory") is not None:
            writing.rewrite(job, "source_directory", CODE, "the folder it is run in")


def _script(value: object) -> str | None:
    word = coerce.word(value)
    return word.replace("\\", "/").removeprefix("./") if word else None


def _command(writing: Writing, call: Call) -> None:
    value = call.get("command")
    to: Key = ("job", "command")
    if isinstance(value, list):
        found = Expressed([])
        words = []
        for hint, item in zip(["", *value], value, strict=False):
            part = _word(writing, item, hint if isinstance(hint, str) else "")
            found.asked += part.asked
            found.notes += part.notes
            text = str(part.value)
            words.append(text if "${{" in text or re.search(r"[\s$&|;<>]", text) else shlex.quote(text))
        found.value = " ".join(words)
        found.notes = list(dict.fromkeys(found.notes)) or ["the words as one command line"]
    else:
        found = writing.word(value, "command")
        if isinstance(value, str) and "${{" in value:
            found = Expressed(TODO, [("the command has an expression that specrun does not have", "")])
    writing.draft.set(to, str(found.value).strip() or TODO)
    writing.settle(call, "command", to, found)


def _arguments(writing: Writing, call: Call, name: str, with_command: bool) -> None:
    value = call.get(name)
    found = Expressed(None)
    words: list[Written] = []
    if isinstance(value, dict):
        named = {key: _word(writing, item, key) for key, item in value.items()}
        for part in named.values():
            found.asked += part.asked
            found.notes += part.notes
        if all(key.startswith("-") for key in named) and not with_command:
            flags: dict[str, Written] = {key: _flag(part.value) for key, part in named.items()}
            writing.draft.set(TO, flags)
            writing.settle(call, name, TO, found, "" if flags == value else "'' is a bare flag")
            return
        for key, part in named.items():
            words += [key] if part.value in ("", None) else [key, part.value]
    elif isinstance(value, list):
        for hint, item in zip(["", *value], value, strict=False):
            part = _word(writing, item, hint if isinstance(hint, str) and hint.startswith("-") else "")
            found.asked += part.asked
            found.notes += part.notes
            words += [part.value if not isinstance(part.value, bool) and part.value is not None else str(part.value)]
    else:
        part = writing.express(value, "arguments", data=True)
        found.asked += part.asked or [("a list of words is expected: write them", "")]
        words = [part.value if isinstance(part.value, str) else TODO]
    if with_command:
        before = str(writing.draft.get(("job", "command")) or "")
        writing.draft.set(("job", "command"), " ".join([before, *(_quoted(word) for word in words)]))
        writing.settle(call, name, ("job", "command"), found, "words of the command line")
    elif words:
        there = writing.draft.get(TO)
        writing.draft.set(TO, words if not isinstance(there, list) else [*there, *words])
        writing.settle(call, name, TO, found, "" if words == value else "the words as a list")
    else:
        writing.drop(call, name, "there are none")


def _word(writing: Writing, value: Value, flag: str) -> Expressed:
    """One argument; a credential behind a flag that is called so is not copied."""
    if isinstance(value, Hidden) or (isinstance(value, str) and value and names_secret(flag.lstrip("-"))):
        return writing.express(Hidden(variable(flag or "credential").lower()), flag or "credential")
    if isinstance(value, str) and "${{" in value:
        return Expressed(TODO, [("an argument has an expression that specrun does not have", "")])
    if isinstance(value, dict | list):
        return Expressed(TODO, [("an argument is a list or a mapping: write it as text", "")])
    return writing.express(value, flag.lstrip("-") or "argument", data=True)


def _flag(value: Written) -> Written:
    if value in ("", None):
        return True
    return str(value) if isinstance(value, bool) else value


def _quoted(word: Written) -> str:
    text = str(word)
    return text if "${{" in text else shlex.quote(text)
