"""What an expression of a script is known to be without running it, and which literals are credentials."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from typing import TypeAlias

from specrun.convert.credentials import reveals
from specrun.convert.report import FieldPath
from specrun.convert.unknown import Secret, Unknown
from specrun.spec.frozen import dataclass
from specrun.spec.masking import names_secret

_LITERAL = re.compile(
    r"(?i)AccountKey\s*=|SharedAccess|\bsv=\d|password\s*[=:]|PRIVATE KEY"
    r"|^[A-Za-z0-9+/]{20,}={1,2}$|^[A-Za-z0-9+/]{64,}$"
)


def is_key(value: str) -> bool:
    """Whether a literal is a key or a connection string as a whole, or has a credential in it."""
    opaque = bool(_LITERAL.search(value)) and not value.startswith("/") and "://" not in value[:8]
    return opaque or reveals(value)


def shown(node: ast.expr, length: int = 100) -> str:
    """An expression's source on one line, credentials left out."""
    text = " ".join(ast.unparse(_Masked().visit(copy.deepcopy(node))).split())
    return text if len(text) <= length else f"{text[: length - 1]}…"


class _Masked(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        secret = isinstance(node.value, str | bytes) and is_key(
            node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        )
        return ast.Name("…") if secret else node

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        self.generic_visit(node)
        if node.arg and names_secret(node.arg):
            node.value = _hidden(node.value)
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        self.generic_visit(node)
        for index, key in enumerate(node.keys):
            if isinstance(key, ast.Constant) and names_secret(str(key.value)):
                node.values[index] = _hidden(node.values[index])
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`get("api_key", "the key")`: what stands beside a credential's name."""
        self.generic_visit(node)
        named = [isinstance(word, ast.Constant) and names_secret(str(word.value)) for word in node.args]
        if any(named):
            node.args = [word if name else _hidden(word) for word, name in zip(node.args, named, strict=True)]
        return node


def _hidden(node: ast.expr) -> ast.expr:
    literal = any(isinstance(inner, ast.Constant) and isinstance(inner.value, str) for inner in ast.walk(node))
    return ast.Name("…") if literal and not isinstance(node, ast.Subscript | ast.Call) else node


Known: TypeAlias = str | int | float | bool | None
Value: TypeAlias = (
    "Known | list[Value] | dict[str, Value] | Computed | Unknown | Secret | Template | Call | Member | Reference"
    " | Function | Object"
)


@dataclass(frozen=True, slots=True)
class Computed:
    """What only a run would know: the expression, its place, and what it is called.

    It becomes Unknown where it is written: to show every expression that a script has would take long. `default` is
    what it is unless somebody says otherwise, such as a command-line argument's default.
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
    """A function of the script itself; a method with the object that it is called on."""

    node: ast.FunctionDef | ast.AsyncFunctionDef
    owner: Object | None = None
    made_by: Call | None = None
    """The decorator that makes a pipeline or a component of it."""
    around: Mapping[str, Value] = field(default_factory=dict)
    """The names of the function that it stands in, as they are when it is called."""


@dataclass(frozen=True, slots=True, eq=False)
class Object:
    """A class of the script itself, or what it makes: its attributes, and its methods among them."""

    name: str
    attributes: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a call, or an attribute set on what it returned; `node` where it may be shown."""

    value: Value
    node: ast.expr | None
    place: str
    only_if: str = ""
    """The condition under which it is set, where only a run would know it."""

    @property
    def text(self) -> str:
        """What stands there, without credentials."""
        return shown(self.node) if self.node is not None else "…"


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
    variable: str = ""
    """The name that it was given first."""
    only_if: str = ""
    """The condition under which the script makes it, where only a run would know it."""
    loop: str = ""
    """The loop in which the script makes it, in words."""
    steps: list[Call] = field(default_factory=list)
    """Of a pipeline: its steps."""
    result: Value = None
    """Of a pipeline: what its function gives back."""
    used: Collection[str] = ()
    """Of a pipeline: the names that its function speaks of."""

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


MOST_ITEMS = 100
"""Of a list or mapping that a report goes into."""


def report_values(calls: list[Call]) -> Mapping[str, object]:
    """Calls as the report's source: each with its arguments and the attributes set on it, all of which say something.

    Lists and mappings that are known are gone into; what is longer than a person would read is one.
    """
    return {
        call.key: {name: _parts(argument.value) for name, argument in {**call.arguments, **call.attributes}.items()}
        for call in calls
    }


def _parts(value: Value, depth: int = 0) -> object:
    if depth < 4 and isinstance(value, list | dict) and 0 < len(value) <= MOST_ITEMS:
        if isinstance(value, dict):
            return {key: _parts(item, depth + 1) for key, item in value.items()}
        return [_parts(item, depth + 1) for item in value]
    return "…"


def place_of(calls: list[Call]) -> Callable[[FieldPath], str]:
    """What gives the place of an argument, or of something in it, in words."""
    by_key = {call.key: call for call in calls}

    def place(path: FieldPath) -> str:
        call = by_key.get(str(path[0]))
        argument = call.find(str(path[1])) if call is not None and len(path) > 1 else None
        return argument.place if argument is not None else call.place if call is not None else ""

    return place
