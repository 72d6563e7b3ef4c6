"""What runs: a command line, or a script with its arguments; with the expressions that a spec has."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from specrun.convert import coerce, credentials
from specrun.convert.document import TODO, Key, Value
from specrun.convert.hiding import hide
from specrun.convert.naming import VARIABLE, identifier
from specrun.convert.section import Section, ask, doubt, has_expression
from specrun.convert.unknown import Mixed, Secret, express, is_open
from specrun.convert.writers.words import VARIABLES
from specrun.spec.shell import DOUBLE, REFERENCE
from specrun.spec.shell_reader import read

TO: Key = ("job", "command")
SCRIPT: Key = ("job", "script")
ARGUMENTS: Key = ("job", "arguments")

_EXPRESSION = re.compile(r"\$\{\{([^{}]*)\}\}")
_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)
_STRAY = re.compile(r"\$\[\[|\$\{\{(?!\s*\w+\.[\w-]+\s*\}\})")
_USED = re.compile(r"\{\s*inputs\.([\w-]+)\s*\}")
_VARIABLE = re.compile(r"(?<!\\)\$(?:AZUREML_SWEEP_(\w+)|\{AZUREML_SWEEP_(\w+)\})")
_NAMESPACES = ("inputs", "outputs")
_PLACEHOLDER = re.compile(r"(?<![<\w])<[A-Za-z][\w -]{0,60}\w>(?=[\s\"']|$)")
_SHELL_PARTS = re.compile(r"(\$\{\{ \w+\.\w+ \}\})")


@dataclass(slots=True)
class Names:
    """What a job declares, by the source's names: the spec's names, and the texts that bash would split.

    `used` are the inputs that the command names, `own` the expressions that stand in it as a spec has them already,
    and `secrets` the shell's variables for credentials. `parameters` are those of a sweep; without one there are none.
    """

    used: frozenset[str] = frozenset()
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    own: set[str] = field(default_factory=set)
    secrets: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """What was done to the command, said once."""
        if text not in self.notes:
            self.notes.append(text)


def names_for(section: Section) -> Names:
    """What is known of a job's names before its inputs are written."""
    command = section.get("command")
    parts = command.parts if isinstance(command, Mixed) else command if isinstance(command, list) else [command]
    return Names(frozenset(found for part in parts if isinstance(part, str) for found in _USED.findall(part)))


def plain_word(value: object) -> bool:
    """Whether bash takes a literal for one word as it stands."""
    written = coerce.text(value)
    return written is not None and shlex.quote(written) == written and re.search("[A-Za-z0-9_]", written) is not None


def write_command(section: Section, names: Names) -> None:
    """Take over what runs."""
    if section.get("script") is not None:
        section.drop("command", "the script comes before it")
        _write_script(section, names)
    else:
        section.drop("arguments", "they belong to a script, and the command holds its own")
        _write_line(section, names)


def _write_line(section: Section, names: Names) -> None:
    raw = section.get("command")
    words = raw if isinstance(raw, list) else [raw]
    texts = [_text(section, "command", word, names) for word in words]
    if not words or any(text is None or not text.strip() for text in texts):
        section.ask("command", TO, "a command line is expected here")
        return
    written = " ".join(map(str, texts))
    end = written.rfind("]]") + 2  # what is opened beyond it is never closed, and would be looked through each time
    command = _OPTIONAL.sub(lambda match: _optional(match, names), written[:end]) + written[end:]
    command = _VARIABLE.sub(lambda match: _parameter(match, names), command) if names.parameters else command
    command = _referred(section, "command", command, names)
    command = _without_quotes(_without_secrets(section, command, names))
    if has_expression(_EXPRESSION.sub("", command)):
        section.doubt("command", TO, "an expression is not closed: the command stands here without its marks")
        command = _STRAY.sub("", command)
    for place in dict.fromkeys(_PLACEHOLDER.findall(command)):
        section.doubt(
            "command", TO, f"{place} looks as if something was to be put in its place; bash reads a file there"
        )
    exports = _exports(section, names)
    command = f"export {exports}; {command}" if exports and command != TODO else command
    section.draft.set(TO, command)
    same = command == raw and not names.notes
    section.tell("command", TO, "" if same else "; ".join(names.notes) or "expressions as specrun writes them")


def _text(section: Section, name: str, value: object, names: Names) -> str | None:
    """A text whose unknown parts are variables of the spec, and whose credentials are variables of the shell."""
    if not is_open(value):
        return coerce.text(value)
    found = ""
    for part in value.parts if isinstance(value, Mixed) else (value,):
        if isinstance(part, Secret):
            variable = credentials.variable(part.name)
            section.draft.set_secret((*VARIABLES, variable), variable)
            names.secrets.append(variable)
            names.note(f"a secret is not copied: set {variable} in the environment in which specrun runs")
            found += f"${variable}"
        elif isinstance(part, str):
            found += part
        else:
            expressed = express(section.draft, part, name)
            names.own.add(str(expressed.value))
            for what, flag in expressed.asked:
                section.ledger.ask(next(iter(section.origins(name)), ()), "job", what, flag)
            for note in expressed.notes:
                names.note(note)
            found += str(expressed.value)
    return found


def _referred(section: Section, field_name: str, text: str, names: Names) -> str:
    """A text with the spec's names of inputs and outputs, and variables for what specrun has not."""
    return _EXPRESSION.sub(lambda match: _expression(section, field_name, match, names), text)


def _expression(section: Section, field_name: str, match: re.Match[str], names: Names) -> str:
    if match[0] in names.own:
        return match[0]
    kind, _, name = (part.strip() for part in match[1].partition("."))
    if kind == "search_space" and names.parameters:
        if name not in names.parameters:
            names.parameters[name] = identifier(name, names.parameters.values())
            to = ("sweep", kind, names.parameters[name])
            what = f"the command uses {kind}.{name}, which the sweep does not declare"
            ask(section.ledger, section.draft, section.at(field_name), to, what)
        return f"${{{{ search_space.{names.parameters[name]} }}}}"
    if kind in _NAMESPACES and re.fullmatch(r"[\w-]+", name):
        declared: Mapping[str, str] = getattr(names, kind)
        if kind == "inputs" and name in names.texts:
            names.note(f"{name} is put into the command as text, as Azure ML does: bash splits it")
            return f"${{{{ vars.{declared[name]} }}}}"
        if name not in declared:
            return _undeclared(section, field_name, kind, name)
        return f"${{{{ {kind}.{declared[name]} }}}}"
    variable = identifier(match[1].rsplit(".", 1)[-1].strip() or "value")
    what = f"specrun has no {' '.join(match[0].split())}: give vars.{variable} a value"
    ask(section.ledger, section.draft, section.at(field_name), ("vars", variable), what, f"--var {variable}=…")
    names.note(f"{' '.join(match[0].split())} became a variable")
    return f"${{{{ vars.{variable} }}}}"


def _parameter(match: re.Match[str], names: Names) -> str:
    """The variable in which Azure ML hands a parameter to a trial, which specrun does not set: the parameter."""
    name = match[1] or match[2]
    if name not in names.parameters:
        return match[0]
    names.note(f"{match[0]} is how Azure ML hands {name} over")
    return f"${{{{search_space.{name}}}}}"


def _undeclared(section: Section, field_name: str, kind: str, name: str) -> str:
    safe = identifier(name)
    to, path = ("job", kind, safe), section.at(field_name)
    what = f"the command uses {kind}.{name}, which the job does not declare"
    if kind == "inputs":
        ask(section.ledger, section.draft, path, to, what)
    else:
        doubt(section.ledger, section.draft, path, to, what)
        section.draft.set(to, {})
    return f"${{{{ {kind}.{safe} }}}}"


def _optional(match: re.Match[str], names: Names) -> str:
    """A part that stands only where its input is given."""
    asked = re.findall(r"\$\{\{\s*inputs\.([\w-]+)\s*\}\}", match[1])
    given = all(name in names.inputs for name in asked)
    names.note(f"$[[…]] is for optional inputs: {'given' if given else 'left out where the input is not given'}")
    return match[1] if given else ""


def _without_quotes(command: str) -> str:
    """Double quotes around a reference alone are for the service, which puts letters in: specrun puts a word there."""
    for standing in reversed(read(command).references if '"$' in command else ()):
        match = REFERENCE.match(command, standing.start)
        before, after = standing.start - 1, match.end() if match is not None else 0
        alone = command[before] == command[after : after + 1] == '"' and command[:before][-1:] != "\\"
        if standing.quoting == (DOUBLE,) and alone:
            command = command[:before] + command[standing.start : after] + command[after + 1 :]
    return command


def _without_secrets(section: Section, command: str, names: Names) -> str:
    """Credentials in the command as variables of the shell."""
    hidden = hide(command)
    for variable in hidden.variables:
        section.draft.set_secret((*VARIABLES, variable), variable)
        names.note(f"a secret is not copied: set {variable} in the environment in which specrun runs")
    command = hidden.text
    if credentials.reveals(command):
        section.ask("command", TO, "a credential stands in the command: it is not copied; put it into a variable")
        return TODO
    return command


def _exports(section: Section, names: Names) -> str:
    """Variables that are known when the run begins, as the shell sets them."""
    inner = section.inner("exports", to=TO)
    found = []
    for name in inner.names():
        text = _text(inner, name, inner.get(name), names)
        if text is None or not VARIABLE.fullmatch(name):
            inner.drop(name, "no variable and its text")
        else:
            found.append(f"{name}={_referred(inner, name, text, names)}")
    return " ".join(found)


def _write_script(section: Section, names: Names) -> None:
    """A script with its arguments; as a command line, where the shell must set variables or another program runs it."""
    arguments = section.get("arguments")
    words = [_word(section, word, names) for word in arguments] if isinstance(arguments, list) else []
    if arguments is not None and not isinstance(arguments, list):
        section.ask("arguments", ARGUMENTS, f"a list of words is expected here, and this is {coerce.shown(arguments)}")
    exports, interpreter = _exports(section, names), coerce.word(section.get("interpreter")) or "python"
    if not (exports or names.secrets or interpreter != "python"):
        section.copy("script", SCRIPT, coerce.word, "the script that runs")
        section.drop("interpreter", "the environment's own Python")
        if words:
            section.draft.set(ARGUMENTS, words)
            section.tell("arguments", ARGUMENTS, "" if words == arguments else "; ".join(names.notes) or "as a list")
        return
    script = section.text("script", SCRIPT) or TODO
    line = [interpreter, script if has_expression(script) else shlex.quote(script)]
    line += [_shell_word(str(coerce.text(word)), names) for word in words]
    section.draft.set(TO, " ".join([*([exports] if exports else []), *line]))
    why = "a command, for variables in it" if exports or names.secrets else "a command, for its interpreter"
    for name in ("script", "arguments", "interpreter", "exports"):
        section.rewrite(name, TO, why)


def _word(section: Section, word: object, names: Names) -> Value:
    if isinstance(word, bool | int | float):
        return word
    text = _text(section, "arguments", word, names)
    if text is None:
        section.doubt("arguments", ARGUMENTS, f"a word is expected here, and this is {coerce.shown(word)}")
        return TODO
    return _referred(section, "arguments", text, names)


def _shell_word(word: str, names: Names) -> str:
    """One word for bash; expressions stand outside of quotes, as specrun quotes them itself."""
    found = ""
    for part in _SHELL_PARTS.split(word):
        secret = next((name for name in names.secrets if part == f"${name}"), "")
        if part.startswith("${{"):
            found += part
        elif secret or any(part.endswith(f"=${name}") for name in names.secrets):
            flag, _, variable = part.rpartition("$")
            found += f'{shlex.quote(flag) if flag else ""}"${variable}"'
        elif part:
            found += shlex.quote(part)
    return found or "''"
