"""The command of a job, with the expressions that a spec has."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from specrun.convert import coerce, credentials
from specrun.convert.document import TODO, Key
from specrun.convert.naming import identifier
from specrun.convert.section import Section, ask, has_expression
from specrun.spec.shell import DOUBLE, REFERENCE
from specrun.spec.shell_reader import read

TO: Key = ("job", "command")

_EXPRESSION = re.compile(r"\$\{\{([^{}]*)\}\}")
_PREVIEW = re.compile(r"(?<![${])\{\s*((?:inputs|outputs|search_space)\.[\w-]+)\s*\}(?!\})")
_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)
_STRAY = re.compile(r"\$\[\[|\$\{\{(?!\s*\w+\.[\w-]+\s*\}\})")
_NAMESPACES = ("inputs", "outputs")
_SECRET_FLAG = re.compile(r"(--?[\w-]{1,200})(=|\s+)(['\"]?)([^\s'\"$]{6,})\3")


@dataclass(slots=True)
class Names:
    """What a job declares, by the source's names: the spec's names, and the texts that bash would split."""

    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    texts: Mapping[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """What was done to the command, said once."""
        if text not in self.notes:
            self.notes.append(text)


def write_command(section: Section, names: Names) -> None:
    """Take the command over."""
    raw = section.get("command")
    written = coerce.text(raw)
    if written is None or not written.strip():
        section.ask("command", TO, "a command line is expected here", write=True)
        return
    command = _PREVIEW.sub(lambda match: _of_preview(match, names), written)
    end = command.rfind("]]") + 2  # what is opened beyond it is never closed, and would be looked through each time
    command = _OPTIONAL.sub(lambda match: _optional(match, names), command[:end]) + command[end:]
    command = _EXPRESSION.sub(lambda match: _expression(section, match, names), command)
    command = _without_quotes(_without_secrets(section, command, names))
    if has_expression(_EXPRESSION.sub("", command)):
        section.ask("command", TO, "an expression is not closed: the command stands here without its marks")
        command = _STRAY.sub("", command)
        section.draft.set(TO, command)
    elif names.notes:
        section.draft.set(TO, command)
        section.rewrite("command", TO, "; ".join(names.notes))
    else:
        section.put("command", TO, command, "" if command == written else "expressions as specrun writes them")


def plain_word(value: object) -> bool:
    """Whether bash takes a literal for one word as it stands."""
    written = coerce.text(value)
    return written is not None and shlex.quote(written) == written and re.search("[A-Za-z0-9_]", written) is not None


def _of_preview(match: re.Match[str], names: Names) -> str:
    kind, _, name = match[1].partition(".")
    if kind in _NAMESPACES and name not in getattr(names, kind):
        return match[0]
    names.note(f"{{{match[1]}}} is how the 2021 preview writes ${{{{{match[1]}}}}}")
    return f"${{{{{match[1]}}}}}"


def _without_quotes(command: str) -> str:
    """Double quotes around a reference alone are for the service, which puts letters in: specrun puts a word there."""
    for standing in reversed(read(command).references if '"$' in command else ()):
        match = REFERENCE.match(command, standing.start)
        before, after = standing.start - 1, match.end() if match is not None else 0
        alone = command[before] == command[after : after + 1] == '"' and command[:before][-1:] != "\\"
        if standing.quoting == (DOUBLE,) and alone:
            command = command[:before] + command[standing.start : after] + command[after + 1 :]
    return command


def _optional(match: re.Match[str], names: Names) -> str:
    """A part that stands only where its input is given."""
    asked = re.findall(r"\$\{\{\s*inputs\.([\w-]+)\s*\}\}", match[1])
    given = all(name in names.inputs for name in asked)
    names.note(f"$[[…]] is for optional inputs: {'given' if given else 'left out where the input is not given'}")
    return match[1] if given else ""


def _expression(section: Section, match: re.Match[str], names: Names) -> str:
    kind, _, name = (part.strip() for part in match[1].partition("."))
    if kind in _NAMESPACES and re.fullmatch(r"[\w-]+", name):
        declared: Mapping[str, str] = getattr(names, kind)
        if kind == "inputs" and name in names.texts:
            names.note(f"{name} is put into the command as text, as Azure ML does: bash splits it")
            return f"${{{{ vars.{declared[name]} }}}}"
        if name not in declared:
            return _undeclared(section, kind, name)
        return f"${{{{ {kind}.{declared[name]} }}}}"
    variable = identifier(match[1].rsplit(".", 1)[-1].strip() or "value")
    what = f"specrun has no {' '.join(match[0].split())}: give vars.{variable} a value"
    ask(
        section.ledger,
        section.draft,
        section.at("command"),
        ("vars", variable),
        what,
        f"--var {variable}=…",
        write=True,
    )
    names.note(f"{' '.join(match[0].split())} became a variable")
    return f"${{{{ vars.{variable} }}}}"


def _undeclared(section: Section, kind: str, name: str) -> str:
    safe = identifier(name)
    what = f"the command uses {kind}.{name}, which the job does not declare"
    if kind == "inputs":
        ask(section.ledger, section.draft, section.at("command"), ("job", kind, safe), what, write=True)
    else:
        ask(section.ledger, section.draft, section.at("command"), ("job", kind, safe), what)
        section.draft.set(("job", kind, safe), {})
    return f"${{{{ {kind}.{safe} }}}}"


def _without_secrets(section: Section, command: str, names: Names) -> str:
    """Credentials in the command as variables of the shell."""

    def hide(match: re.Match[str]) -> str:
        flag, between, _, value = match.groups()
        if not credentials.is_secret(flag.lstrip("-").replace("-", "_"), value) or "{" in value:
            return match[0]
        variable = credentials.variable(flag)
        to = ("job", "environment_variables", variable)
        section.draft.set_secret(to, variable)
        names.note(f"the secret after {flag} is not copied: set {variable} in the environment in which specrun runs")
        return f'{flag}{between}"${variable}"'

    command = _SECRET_FLAG.sub(hide, command)
    if credentials.reveals(command):
        section.ask("command", TO, "a credential stands in the command: it is not copied; put it into a variable")
        return TODO
    return command
