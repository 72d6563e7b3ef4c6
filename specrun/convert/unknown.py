"""What a source does not tell by itself: values that a run, another tool or the reader has to say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import TypeAlias

from specrun.convert.document import TODO, Document, Value
from specrun.spec.frozen import dataclass

EXPRESSIONS = ("${{", "$[[")
"""What other tools replace: where it stands in a spec, it would be taken for specrun's own."""

DEEPEST = 10
"""How deep lists and mappings are followed into each other."""

_FOREIGN = re.compile(r"\$\{\{(?P<braces>[^{}]*)\}\}|\$\[\[(?P<brackets>.*?)\]\]|(?P<open>\$\{\{|\$\[\[)", re.DOTALL)
_PLACEHOLDER = re.compile(r"<(?P<place>[A-Za-z_][\w .:/-]{0,79})>")
_EITHER = re.compile(f"{_FOREIGN.pattern}|{_PLACEHOLDER.pattern}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Unknown:
    """An `expression` as the source has it, without credentials, and the `place` where it stands, as in `line 3`.

    `name` is what a variable for it is called, `default` what it is unless somebody says otherwise, and `environment`
    the name of the environment variable that it is read from.
    """

    expression: str
    place: str = ""
    name: str = ""
    default: str | int | float | bool | None = None
    environment: str = ""


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential that stands in the source, by the name of what holds it: its value is not kept."""

    name: str


@dataclass(frozen=True, slots=True)
class Missing:
    """What the source does not say and a spec needs: the question, and the `flag` that would settle it."""

    what: str
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Mixed:
    """Text of which parts are not known."""

    parts: tuple[str | Unknown | Secret | Missing, ...]


Open: TypeAlias = Unknown | Secret | Missing | Mixed
"""All that is not simply there."""


@dataclass(frozen=True, slots=True)
class Expressed:
    """A value as a spec has it. `asked` are the questions that it leaves, each with the flag that settles it."""

    value: Value
    asked: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = field(default=())


def has_expression(value: object) -> bool:
    """Whether a text has something in it that another tool replaces."""
    return isinstance(value, str) and any(mark in value for mark in EXPRESSIONS)


def opened(value: object, place: str = "", *, prose: bool = False) -> object:
    """A value with what another tool or a person has to replace in it, `${{ … }}` or `<NAME>`, as Unknown.

    In `prose` (and whatever else may hold angle brackets of its own) `<NAME>` stands as it is.
    """
    if isinstance(value, list):
        return [opened(item, place, prose=prose) for item in value]
    if not isinstance(value, str) or not ("<" in value or has_expression(value)):
        return value
    parts: list[str | Unknown | Secret | Missing] = []
    end = 0
    for match in (_FOREIGN if prose else _EITHER).finditer(value):
        inner = next((found for found in match.groups() if found), "")
        parts += [value[end : match.start()], Unknown(match[0], place, _name_of(inner, match[0][0]))]
        end = match.end()
    parts = [part for part in [*parts, value[end:]] if part]
    if not any(isinstance(part, Unknown) for part in parts):
        return value
    return parts[0] if len(parts) == 1 else Mixed(tuple(parts))


def express(draft: Document, value: object, hint: str, depth: int = 0) -> Expressed:
    """A value as a spec has it: what is not known becomes an entry of `vars`, called by its own name or by `hint`."""
    if depth > DEEPEST:
        return Expressed(TODO, (("it is nested too deeply", ""),))
    match value:
        case Unknown(environment=variable, default=None) if variable:
            return Expressed(f"${{{{ env.{variable} }}}}", notes=(f"the environment's {variable}",))
        case Unknown(default=None):
            filled = value.expression if value.expression.startswith((*EXPRESSIONS, "<")) else ""
            expression = draft.variable(value.name or hint, TODO, _comment("TODO: ", value), filled)
            what = f"`{value.expression}` is not known here: say what it is"
            return Expressed(expression, ((what, f"--var {_variable_in(expression)}=VALUE"),))
        case Unknown():
            whose = f"the environment's {value.environment}" if value.environment else value.expression
            lead = f"{value.place}: " if value.place else ""
            name = value.name or value.environment.lower() or hint
            expression = draft.variable(name, value.default, f"{lead}{whose}, whose default this is")
            return Expressed(expression, notes=(f"`{value.expression}`, with the default that the source gives it",))
        case Secret():
            from specrun.convert.credentials import variable as named

            name = named(hint if value.name == "credential" else value.name)
            what = f"a credential is not copied: let the script read the environment's {name}"
            return Expressed(draft.variable(name.lower(), TODO, "TODO: a credential of the source"), ((what, ""),))
        case Missing():
            return Expressed(TODO, ((value.what, value.flag),))
        case Mixed():
            found = [express(draft, part, hint, depth + 1) for part in value.parts]
            joined = "".join(str(one.value) for one in found)
            return _together(joined, found, ("put together from its parts",))
        case list():
            found = [express(draft, item, hint, depth + 1) for item in value]
            return _together([one.value for one in found], found)
        case dict():
            named_ = {str(key): express(draft, item, str(key), depth + 1) for key, item in value.items()}
            return _together({key: one.value for key, one in named_.items()}, list(named_.values()))
        case str() | int() | float() | bool() | None:
            return Expressed(value)
        case _:
            return Expressed(TODO, ((f"{hint}: this is not known", ""),))


def is_open(value: object, depth: int = 0) -> bool:
    """Whether a value, or any part of it, is not known."""
    if isinstance(value, Open):
        return True
    if depth > DEEPEST:
        return False
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return any(is_open(item, depth + 1) for item in inner)


def _together(value: Value, found: list[Expressed], notes: tuple[str, ...] = ()) -> Expressed:
    asked = tuple(question for one in found for question in one.asked)
    return Expressed(value, asked, tuple(note for one in found for note in one.notes) or notes)


def _comment(lead: str, value: Unknown) -> str:
    return f"{lead}{value.place}: {value.expression}" if value.place else f"{lead}{value.expression}"


def _variable_in(expression: str) -> str:
    return expression.removeprefix("${{ vars.").removesuffix(" }}")


def _name_of(inner: str, mark: str) -> str:
    """The last word of an expression, or the words of a placeholder."""
    words = re.findall(r"[A-Za-z0-9_]+", inner if mark == "<" else inner.rsplit(".", 1)[-1])
    return "_".join(words).lower()[:40] if mark == "<" else (words[-1] if words else "")
