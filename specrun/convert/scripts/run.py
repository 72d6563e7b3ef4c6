"""The state of reading a script: its names and their attributes, the calls that were met, and where it is."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from specrun.convert.scripts.values import Argument, Call, Computed, Function, Member, Object, Reference, Value, shown
from specrun.convert.unknown import Secret
from specrun.spec.masking import names_secret

Names: TypeAlias = dict[str, Value]

DEEPEST = 6
MOST_CALLS = 200
MOST_STATEMENTS = 20_000
"""How deep functions of the script are followed into each other, how often, and for how many statements in all."""

_SHOWN = {
    "submit": "Experiment.submit",
    "path": "Datastore.path",
    "upload": "Datastore.upload",
    "upload_files": "Datastore.upload_files",
    "update": "AmlCompute.update",
    "set_resources": "command.set_resources",
    "sweep": "command.sweep",
    "set_objective": "command.set_objective",
    "with_inputs": "command.with_inputs",
    "set_limits": "command.set_limits",
    "batchai.create": "create",
    "add_pip_package": "CondaDependencies.add_pip_package",
    "add_conda_package": "CondaDependencies.add_conda_package",
    "set_python_version": "CondaDependencies.set_python_version",
    "add_channel": "CondaDependencies.add_channel",
}


@dataclass(slots=True)
class ScriptPass:
    """A pass over the script. `later` are the names as they were at the end of an earlier pass."""

    evaluate: Callable[[ScriptPass, ast.expr], Value]
    execute: Callable[[ScriptPass, list[ast.stmt]], None]
    assign: Callable[[ScriptPass, ast.expr, Value], None]
    later: Mapping[str, Value] = field(default_factory=dict)
    names: Names = field(default_factory=dict)
    module: Names = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    files: list[Call] = field(default_factory=list)
    """What writes or copies a file."""
    defaults: dict[str, Value] = field(default_factory=dict)
    """What `add_argument` gives each option that the command line leaves out."""
    missed: set[str] = field(default_factory=set)
    """Names that were used before they were defined, or never are."""
    cell: str = ""
    skipped: str = ""
    only_if: str = ""
    """The condition of the branch that is read, where only a run would know it."""
    conditional: dict[int, str] = field(default_factory=dict)
    """Lists and mappings that only a branch adds to, by their identity, with its condition."""
    met: dict[tuple[int, str], tuple[Value, Computed]] = field(default_factory=dict)
    """Attributes of what is not known, by their owners, which stay alive with them: the same is one variable."""
    loop: str = ""
    """The loop that is read, in words, where its body runs for more than one value."""
    shared: set[str] = field(default_factory=set)
    """Names that the function that is read says are the module's."""
    pipeline: Call | None = None
    """The pipeline whose function is read."""
    pipelines: dict[ast.AST, Function] = field(default_factory=dict)
    """The functions that make pipelines, by their nodes."""
    returned: list[Value] = field(default_factory=list)
    depth: int = 0
    followed: int = 0
    statements: int = 0
    seen: set[ast.AST] = field(default_factory=set)
    _counts: dict[str, int] = field(default_factory=dict)

    def place(self, node: ast.AST) -> str:
        """Where a node stands, in words."""
        return f"{self.cell}line {getattr(node, 'lineno', 0)}"

    def bind(self, name: str, value: Value) -> None:
        """A name gets a value; a credential is forgotten at once."""
        if isinstance(value, Computed) and not value.name:
            value = replace(value, name=name)
        if isinstance(value, Call) and not value.variable:
            value.variable = name
        names = self.module if name in self.shared else self.names
        names[name] = Secret(name) if isinstance(value, str) and value and names_secret(name) else value

    def look_up(self, name: str) -> Value:
        """What a name stands for: here, in the module, or where it is defined only later."""
        for names in (self.names, self.module):
            if name in names:
                return names[name]
        if name in self.later:
            self.missed.add(name)
            return self.later[name]
        self.missed.add(name)
        return Reference(name)

    def unknown(self, node: ast.expr, name: str = "") -> Computed:
        """What only a run would know."""
        if not name:
            inner = node.values[0] if isinstance(node, ast.BoolOp) else node
            while isinstance(inner, ast.Call) and len(inner.args) == 1 and not inner.keywords:
                inner = inner.args[0]
            key = inner.slice if isinstance(inner, ast.Subscript) else inner
            if isinstance(inner, ast.Name):
                name = inner.id
            elif isinstance(inner, ast.Attribute):
                name = inner.attr
            elif isinstance(key, ast.Constant) and isinstance(key.value, str) and "%" not in key.value:
                name = key.value
        return Computed(node, self.place(node), name)

    def record(
        self,
        kind: str,
        node: ast.AST,
        arguments: dict[str, Argument],
        owner: Value = None,
        at: str = "",
        name: str = "",
    ) -> Call:
        """A call of one of the SDKs was met; the report has it under its `name`, else as its kind is called."""
        shown = name or _SHOWN.get(kind, kind.partition(":")[2] or kind)
        number = self._counts[shown] = self._counts.get(shown, 0) + 1
        key = shown if number == 1 else f"{shown}#{number}"
        call = Call(kind, key, self.place(node), arguments, owner, at, skipped=self.skipped, loop=self.loop)
        self.calls.append(call)
        return call

    def record_file(self, kind: str, node: ast.AST, arguments: dict[str, Argument]) -> Call:
        """A file is written or copied: no report goes into it unless it is of a job."""
        number = self._counts[kind] = self._counts.get(kind, 0) + 1
        key = kind if number == 1 else f"{kind}#{number}"
        self.files.append(Call(kind, key, self.place(node), arguments, skipped=self.skipped))
        return self.files[-1]

    def follow(self, function: Function, arguments: Mapping[str, Value]) -> Value:
        """Read a function of the script as it is called; what it returns, None where it cannot be followed."""
        if self.depth >= DEEPEST or self.followed >= MOST_CALLS or self.statements >= MOST_STATEMENTS:
            return None
        outer, returned, self.returned = self.names, self.returned, []
        shared, self.shared = self.shared, set()
        self.names = {**function.around, **arguments}
        if function.owner is not None and function.node.args.args:
            self.names[function.node.args.args[0].arg] = function.owner
        self.depth += 1
        self.followed += 1
        self.seen.add(function.node)
        self.execute(self, function.node.body)
        values, self.returned = self.returned, returned
        self.names, self.shared = outer, shared
        self.depth -= 1
        told = [value for value in values if value is not None]
        calls = [value for value in told if isinstance(value, Call)]
        return calls[-1] if calls else told[-1] if told else None


def _hides(name: str) -> bool:
    """Whether a loop's variable is called a credential: the `key` of a mapping's entry is none."""
    return name != "key" and names_secret(name)


def begin_loop(run: ScriptPass, target: ast.expr, source: ast.expr, values: Value) -> str:
    """A loop's variables are what they may be, as in `rate in [0.1, 0.2]`; the loop in words."""
    parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
    items = values if isinstance(values, list) else []
    rows = [word for item in items for word in (item if isinstance(item, list) else [item])]
    secret = any(isinstance(word, str) and names_secret(word) for word in rows)
    for number, part in enumerate(parts):
        own = [item[number] if isinstance(item, list) and number < len(item) else None for item in items]
        known = own if part is not target else items
        among: ast.expr = source
        if known and all(isinstance(item, str | int | float) for item in known):
            among = ast.List([ast.Constant(item) for item in known])  # type: ignore[arg-type]
        for name in (inner for inner in ast.walk(part) if isinstance(inner, ast.Name)):
            said = name if secret or _hides(name.id) else ast.Compare(name, [ast.In()], [among])
            run.bind(name.id, Computed(said, run.place(target), name.id))
    names = list(dict.fromkeys(inner.id for inner in ast.walk(target) if isinstance(inner, ast.Name)))
    over = "…" if secret or any(map(_hides, names)) else shown(source, 60)
    return f"in a loop over `{over}`, with {' and '.join(names)} ({run.place(source)})"


def parameters(run: ScriptPass, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Names:
    """What a function's parameters are when nobody says: their defaults."""
    named = [*node.args.posonlyargs, *node.args.args]
    defaults = [None] * (len(named) - len(node.args.defaults)) + list(node.args.defaults)
    pairs = [*zip(named, defaults, strict=True), *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
    extra = [word for word in (node.args.vararg, node.args.kwarg) if word is not None]
    values: Names = {}
    for parameter, default in [*pairs, *((word, None) for word in extra)]:
        stand_in = ast.copy_location(ast.Name(parameter.arg), parameter)
        values[parameter.arg] = run.unknown(stand_in) if default is None else run.evaluate(run, default)
    return values


def member(run: ScriptPass, node: ast.Attribute, owner: Value) -> Value:
    """The value of `owner.name`, where `owner` is known."""
    match owner:
        case Call():
            given = node.attr != "outputs" or owner.kind.startswith("v2:")  # a step's own are those that it writes
            found = owner.find(node.attr) if given else owner.attributes.get(node.attr)
            return found.value if found is not None else Member(owner, node.attr)
        case Member(path="outputs") if owner.call.kind in _WRITERS:
            return Member(owner.call, f"outputs.{node.attr}")  # an output, whatever is set on it
        case Member():
            found = owner.call.attributes.get(owner.call.own(f"{owner.path}.{node.attr}"))
            return found.value if found is not None else Member(owner.call, f"{owner.path}.{node.attr}")
        case Object():
            held = owner.attributes.get(node.attr, run)
            if isinstance(held, ScriptPass):
                return owner.attributes.setdefault(node.attr, run.unknown(node))
            return Function(held.node, owner) if isinstance(held, Function) else held
        case str() if node.attr in ("parent", "name", "stem") and not isinstance(run.look_up(ast.unparse(node)), str):
            return _of_path(owner, node.attr)  # pathlib
        case Reference(dotted="os" | "os.path", imported=True) if node.attr in ("pardir", "curdir"):
            return {"pardir": "..", "curdir": "."}[node.attr]
        case Reference(dotted="__file__"):
            return "." if node.attr == "parent" else run.unknown(node)
        case Reference():
            known = run.look_up(ast.unparse(node)) if not owner.imported else owner
            same = isinstance(known, Reference)
            return Reference(f"{owner.dotted}.{node.attr}", owner.imported, owner.place) if same else known
        case _:
            known = run.look_up(ast.unparse(node))
            if not isinstance(known, Reference):
                return known
            default = run.defaults.get(node.attr)
            default = default if isinstance(default, str | int | float) else None
            made = Computed(node, run.place(node), node.attr, default)
            return run.met.setdefault((id(owner), node.attr), (owner, made))[1]


_WRITERS = ("step", "sweep", "pipeline")
"""What has outputs that others read."""


def _of_path(path: str, attribute: str) -> str:
    if attribute == "parent":
        return ".." if path == "." else posixpath.dirname(path.rstrip("/")) or "."
    name = posixpath.basename(path.rstrip("/"))
    return name if attribute == "name" else posixpath.splitext(name)[0]
