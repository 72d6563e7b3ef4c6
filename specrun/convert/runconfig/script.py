"""What runs: a script with arguments, or a command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection

from specrun.convert import coerce, credentials
from specrun.convert.document import TODO, Value
from specrun.convert.runconfig.reading import RunconfigImport
from specrun.convert.section import Section, has_expression
from specrun.convert.variables import TO as VARIABLES

_COMMAND = ("job", "command")
_ARGUMENTS = ("job", "arguments")
_REFERENCE = re.compile(
    r"\$\{?AZUREML_DATAREFERENCE_(?P<data>\w+)\}?|(?:DatasetConsumptionConfig|DatasetOutputConfig):(?P<set>[\w.-]+)"
)


def write_script(reading: RunconfigImport) -> None:
    """Take script and arguments over, or the command. All of it is in the project's folder, which is the code."""
    section = reading.section
    _write_code(reading)
    if section.get("script") is None and section.get("command") is not None:
        _write_command(reading)
        section.drop("arguments", "they belong to a script, and the command holds its own")
        return
    if section.get("command") is not None:
        section.drop("command", "the script comes before it")
    words = _words(reading)
    script = coerce.word(section.get("script"))
    if script is None or has_expression(script):
        section.ask("script", ("job", "script"), "the script that runs", write=True)
        script = TODO
    script = script.replace("\\", "/")
    if reading.prefix or reading.secrets or _interpreter(reading) != "python":
        _write_line(reading, script, words)
        return
    section.draft.set(("job", "script"), script)
    if script != TODO:
        section.tell("script", ("job", "script"), "" if script == section.get("script") else "with forward slashes")
    if words:
        section.draft.set(_ARGUMENTS, words)
    elif section.get("arguments") is None and "arguments" in section.values:
        section.drop("arguments", "there are none")


def _write_code(reading: RunconfigImport) -> None:
    written = coerce.word(reading.section.get("sourceDirectory"))
    path = reading.path(written or ".")
    reading.section.draft.set(("job", "code"), path, "" if written else "the project's folder")
    if written:
        reading.section.rewrite("sourceDirectory", ("job", "code"), "relative to the spec")


def _interpreter(reading: RunconfigImport) -> str:
    """The program that runs the script; another than python where the environment is not managed."""
    python = reading.section.inner("environment").inner("python") if _has_python(reading.section) else None
    if python is None or not coerce.truth(python.get("userManagedDependencies")):
        return "python"
    path = coerce.word(python.get("interpreterPath")) or "python"
    return "python" if has_expression(path) else path


def _has_python(section: Section) -> bool:
    environment = section.get("environment")
    return isinstance(environment, dict) and isinstance(section.inner("environment").get("python"), dict)


def _write_line(reading: RunconfigImport, script: str, words: list[Value]) -> None:
    """As a command: with the variables that the script reads, which are known when it runs."""
    variables = " ".join(f"{name}={expression}" for name, expression in reading.prefix.items())
    quoted = [_shell_word(str(coerce.text(word)), reading.secrets) for word in words]
    line = " ".join([_interpreter(reading), shlex.quote(script), *quoted])
    command = f"{variables} {line}".strip()
    note = "scripts of SDK v1 read their data's paths from these variables" if variables else ""
    reading.section.draft.set(_COMMAND, command, note)
    if script != TODO:
        why = "a command, for variables in it" if variables or reading.secrets else "a command, for its interpreter"
        reading.section.rewrite("script", _COMMAND, why)


def _shell_word(word: str, secrets: Collection[str]) -> str:
    """One word for bash; expressions stand outside of quotes, as specrun quotes them itself."""
    parts = re.split(r"(\$\{\{ \w+\.\w+ \}\}|\$\w+)", word)
    return "".join(_shell_part(part, secrets) for part in parts if part) or "''"


def _shell_part(part: str, secrets: Collection[str]) -> str:
    if part.startswith("${{"):
        return part
    return f'"{part}"' if part[1:] in secrets and part[0] == "$" else shlex.quote(part)


def _words(reading: RunconfigImport) -> list[Value]:
    """The arguments, each taken over on its own."""
    section, raw = reading.section, reading.section.get("arguments")
    to = _COMMAND if reading.prefix or _interpreter(reading) != "python" else _ARGUMENTS
    if isinstance(raw, str):
        try:
            split = shlex.split(raw)
        except ValueError:
            section.ask("arguments", _ARGUMENTS, "a list of words is expected here")
            return []
        section.rewrite("arguments", to, "each word on its own")
        return [_resolved(reading, word, before) for before, word in zip(["", *split], split, strict=False)]
    if not isinstance(raw, list):
        if raw is not None:
            section.ask("arguments", _ARGUMENTS, f"a list is expected here, and this is {coerce.shown(raw)}")
        return []
    found: list[Value] = []
    for index, item in enumerate(raw):
        path = (*section.at("arguments"), index)
        written = coerce.text(item)
        if written is None:
            section.ledger.ask(path, ".".join(to), f"a word is expected here, and this is {coerce.shown(item)}")
            found.append(TODO)
            continue
        word = _resolved(reading, written, str(raw[index - 1]) if index else "")
        found.append(item if word == written and isinstance(item, (str, int, float, bool)) else word)
        if word == written:
            section.ledger.carry(path, ".".join(to))
        else:
            section.ledger.rewrite(path, ".".join(to), _why(word))
    return found


def _why(word: str) -> str:
    return "a secret is not copied" if "$" in word and "${{" not in word else "the expression for the same path"


def _resolved(reading: RunconfigImport, word: str, before: str) -> str:
    """A word with the expressions for what the SDK puts there, and without secrets."""
    flag, mark, value = word.partition("=")
    name = flag if mark and flag.startswith("-") else before if before.startswith("-") else ""
    if has_expression(word):
        return TODO
    if name and credentials.is_secret(name.lstrip("-").replace("-", "_"), value if mark else word):
        return _hidden(reading, name, f"{flag}=" if mark else "")
    if credentials.reveals(word):
        return _hidden(reading, "argument", "")

    def expression(match: re.Match[str]) -> str:
        found = reading.references.get(match["data"] or match["set"])
        return match[0] if found is None else found

    return _REFERENCE.sub(expression, word)


def _hidden(reading: RunconfigImport, flag: str, before: str) -> str:
    variable = credentials.variable(flag)
    reading.section.draft.set_secret((*VARIABLES, variable), variable)
    reading.secrets.append(variable)
    return f"{before}${variable}"


def _write_command(reading: RunconfigImport) -> None:
    section, raw = reading.section, reading.section.get("command")
    words = [coerce.text(one) for one in raw] if isinstance(raw, list) else [coerce.text(raw)]
    if not all(words):
        section.ask("command", _COMMAND, "a command line is expected here", write=True)
        return
    written = [str(word) for word in words]
    line = " ".join(written)
    if has_expression(line) or credentials.reveals(line):
        section.ask("command", _COMMAND, "an expression or a credential stands in it, which is not copied", write=True)
        return
    resolved = _REFERENCE.sub(lambda match: reading.references.get(match["data"] or match["set"], match[0]), line)
    variables = " ".join(f"{name}={expression}" for name, expression in reading.prefix.items())
    command = f"export {variables}; {resolved}" if variables else resolved
    section.draft.set(_COMMAND, command)
    section.tell("command", _COMMAND, "" if command == raw else "one line for bash, with the expressions for paths")
