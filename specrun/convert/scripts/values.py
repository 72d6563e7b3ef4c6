"""What an expression of a script is known to be without running it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import field
from typing import TypeAlias

from specrun.convert.scripts.secrets import shown
from specrun.spec.frozen import dataclass

Known: TypeAlias = str | int | float | bool | None
Value: TypeAlias = (
    "Known | list[Value] | dict[str, Value] | Computed | Environ | Hidden | Template | Call | Member | Reference"
    " | Function"
)


@dataclass(frozen=True, slots=True)
class Computed:
    """What only a run would know: the expression, its place, and what it is called.

    `default` is what it is unless somebody says otherwise, such as a command-line argument's default.
    """

    node: ast.expr
    place: str
    name: str = ""
    default: Known = None

    @property
    def text(self) -> str:
        """The expression as it stands there, without credentials."""
        return shown(self.node)


@dataclass(frozen=True, slots=True)
class Environ:
    """A variable of the environment."""

    name: str
    default: Known = None


@dataclass(frozen=True, slots=True)
class Hidden:
    """A credential that stands in the script, by the name of what holds it: its value is not kept."""

    name: str


@dataclass(frozen=True, slots=True)
class Template:
    """Text of which parts are not known."""

    parts: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A module, class or function by its dotted name; `imported` where the script says from where."""

    dotted: str
    imported: bool = False
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function of the script itself."""

    node: ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a call, or an attribute set on what it returned."""

    value: Value
    text: str
    place: str


@dataclass(slots=True, eq=False)
class Call:
    """A call of one of the SDKs. `kind` is its name in `signatures`, `key` its name in the report.

    `owner` is what a method was called on, and `at` the attribute of it, such as `environment.docker`.
    """

    kind: str
    key: str
    place: str
    arguments: dict[str, Argument]
    owner: Value = None
    at: str = ""
    attributes: dict[str, Argument] = field(default_factory=dict)
    skipped: str = ""
    """Why the script never comes here; empty where it does."""

    def get(self, name: str) -> Value:
        """An argument's or attribute's value; None where there is none."""
        found = self.attributes.get(name) or self.arguments.get(name)
        return found.value if found is not None else None

    def find(self, name: str) -> Argument | None:
        """An argument or attribute; what was set last counts."""
        return self.attributes.get(name) or self.arguments.get(name)

    def own(self, path: str) -> str:
        """An attribute's path as the report has it: a job's own `run_config` is the job itself."""
        return path if isinstance(self.get("run_config"), Call) else path.removeprefix("run_config.")


@dataclass(frozen=True, slots=True)
class Member:
    """An attribute of what a call returned that nobody has set."""

    call: Call
    path: str


DEEPEST = 10
"""How deep lists and mappings are followed into each other."""


def current(value: Value, present: Mapping[str, Call], depth: int = 0) -> Value:
    """A value in which calls that an earlier pass met are those of the last one."""
    if depth > DEEPEST:
        return None
    match value:
        case Call():
            return present.get(value.key, value)
        case Member():
            return Member(present.get(value.call.key, value.call), value.path)
        case Template():
            return Template(tuple(current(part, present, depth + 1) for part in value.parts))
        case list():
            return [current(item, present, depth + 1) for item in value]
        case dict():
            return {key: current(item, present, depth + 1) for key, item in value.items()}
        case _:
            return value


def report_values(calls: list[Call]) -> Mapping[str, object]:
    """Calls as the report's source: each with its arguments and the attributes set on it, as they stand there."""
    return {
        call.key: {name: argument.text for name, argument in {**call.arguments, **call.attributes}.items()}
        for call in calls
    }
