"""Small wrongs in Python source, one at a time: what a test suite must notice."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Function = (ast.FunctionDef, ast.AsyncFunctionDef)
_PAIRS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.Gt: ast.GtE,
    ast.Eq: ast.NotEq,
    ast.Is: ast.IsNot,
    ast.In: ast.NotIn,
    ast.And: ast.Or,
    ast.Add: ast.Sub,
    ast.Mult: ast.Div,
    ast.BitOr: ast.BitAnd,
}
_OTHERS = {
    **_PAIRS,
    **{other: one for one, other in _PAIRS.items()},
    **dict.fromkeys((ast.FloorDiv, ast.Mod, ast.Pow), ast.Mult),
}
_GONE = (ast.Expr, ast.AugAssign, ast.Raise, ast.Continue, ast.Break, ast.Delete)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One wrong: where it is, the head of its statement before and after, and its number among the file's wrongs."""

    path: str
    number: int
    line: int
    function: str
    """Qualified name of the outermost function that it is in; "" outside of functions."""
    name: str
    """The module's global that it is part of, where it is outside of functions; "" elsewhere."""
    before: str
    after: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is, wherever its line has moved to."""
        return self.path, self.function, self.before, self.after

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.function or self.name}\n  - {self.before}\n  + {self.after}"


def mutants(path: Path, root: Path) -> list[Mutant]:
    """Every wrong of one file, in the order of its text."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        Mutant(path.relative_to(root).as_posix(), number, line, at.function, at.name, before, after)
        for number, (at, line, before, after) in enumerate(_wrongs(tree))
    ]


def mutated(path: Path, number: int) -> ast.Module:
    """The file's tree with the wrong of that number in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for count, _ in enumerate(_wrongs(tree)):
        if count == number:  # the generator stands where the wrong is in the tree
            return ast.fix_missing_locations(copy.deepcopy(tree))
    raise IndexError(number)


@dataclass(frozen=True, slots=True)
class _At:
    function: str = ""
    name: str = ""
    bound: tuple[str, ...] = ()
    """Names that the function gives a value to more than once."""


def _wrongs(tree: ast.Module) -> Iterator[tuple[_At, int, str, str]]:
    """Puts each wrong into the tree in turn, and takes it out again."""
    yield from _in_body(tree, tree, _At(), "")


def _in_body(tree: ast.Module, parent: ast.AST, at: _At, prefix: str) -> Iterator[tuple[_At, int, str, str]]:
    for body in _bodies(parent):
        for index, statement in enumerate(body):
            inner, below = at, prefix
            if isinstance(statement, Function):
                below = f"{prefix}{statement.name}"
                if not at.function:
                    inner = _At(below, bound=_bound_again(statement))
            elif isinstance(statement, ast.ClassDef):
                below = f"{prefix}{statement.name}."
                inner = at if at.function else _At(name=statement.name)
            elif not at.function:
                inner = _At(name=at.name or _global(statement))
            if _left_alone(statement):
                continue
            head = _head(statement)
            if _may_go(statement, inner):
                body[index] = ast.copy_location(ast.Pass(), statement)
                yield inner, statement.lineno, head, "pass"
                body[index] = statement
            for line in _in_expressions(statement, not inner.function):
                yield inner, line, head, _head(statement)
            yield from _in_body(tree, statement, inner, below)


def _bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        body = getattr(node, field, None)
        if isinstance(body, list):
            yield body
    for handler in [*getattr(node, "handlers", ()), *getattr(node, "cases", ())]:
        yield handler.body


def _left_alone(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass | ast.Assert):
        return True  # an assertion is there for mypy
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return True  # a docstring
    if isinstance(statement, ast.If) and isinstance(statement.test, ast.Name):
        return statement.test.id == "TYPE_CHECKING"
    if isinstance(statement, ast.AnnAssign) and ast.unparse(statement.annotation) == "TypeAlias":
        return True  # it is there for mypy
    value = getattr(statement, "value", None)
    return _global(statement) == "__slots__" or (
        isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in ("TypeVar", "NewType")
    )


def _may_go(statement: ast.stmt, at: _At) -> bool:
    """Whether what is left without the statement is a program: a name that loses its only value is no wrong."""
    if not at.function:
        return False
    if isinstance(statement, ast.Assign):
        return all(not isinstance(target, ast.Name) or target.id in at.bound for target in statement.targets)
    return isinstance(statement, _GONE)


def _bound_again(function: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, ...]:
    arguments = [one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)]
    stored = [n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return tuple(name for name, times in Counter(arguments + stored).items() if times > 1)


def _global(statement: ast.stmt) -> str:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return targets[0].id if isinstance(targets[0], ast.Name) else ""


def _head(statement: ast.stmt) -> str:
    """The statement's text, without the statements in it."""
    bare = copy.copy(statement)
    for field in ("body", "orelse", "finalbody", "decorator_list"):
        if isinstance(getattr(bare, field, None), list):
            setattr(bare, field, [ast.Pass()] if field == "body" else [])
    if isinstance(bare, ast.Try):
        bare.handlers = [ast.ExceptHandler(h.type, None, [ast.Pass()]) for h in bare.handlers]
    text = ast.unparse(ast.fix_missing_locations(bare))
    return " ".join(line.strip() for line in text.splitlines() if line.strip() != "pass")


def _in_expressions(statement: ast.stmt, outside: bool) -> Iterator[int]:
    """Each wrong in the statement's own expressions; while one is in the tree, its line is given."""
    for parent, field, index, node in list(_places(statement)):
        for other in _instead(parent, field, node, outside):
            _put(parent, field, index, other)
            yield getattr(node, "lineno", statement.lineno)
            _put(parent, field, index, node)


def _put(parent: ast.AST, field: str, index: int | None, node: object) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


Place = tuple[ast.AST, str, "int | None", ast.AST]


def _places(node: ast.AST) -> Iterator[Place]:
    """Where an expression stands, outermost first: not in annotations, nor in the pieces of an f-string."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "keywords" if isinstance(node, ast.ClassDef) else ""):
            continue
        if field == "values" and isinstance(node, ast.JoinedStr):
            for part in value:
                if isinstance(part, ast.FormattedValue):
                    yield part, "value", None, part.value
                    yield from _places(part)
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.stmt | ast.expr_context):
                if not isinstance(child, ast.ExceptHandler):
                    yield node, field, index, child
                    yield from _places(child)
                elif child.type is not None:
                    yield child, "type", None, child.type


def _instead(parent: ast.AST, field: str, node: ast.AST, outside: bool) -> Iterator[ast.AST | None]:
    """What could stand there by mistake."""
    if type(node) in _OTHERS:
        yield _OTHERS[type(node)]()
    elif isinstance(node, ast.BoolOp):
        for without in range(len(node.values)):
            left = node.values[:without] + node.values[without + 1 :]
            yield left[0] if len(left) == 1 else ast.BoolOp(node.op, left)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.Constant):
        yield from _other_constants(node.value)
    elif isinstance(node, ast.JoinedStr):
        yield ast.Constant("")
    elif isinstance(node, ast.comprehension):
        for without in range(len(node.ifs)):
            yield ast.comprehension(node.target, node.iter, node.ifs[:without] + node.ifs[without + 1 :], node.is_async)
    elif isinstance(node, ast.Call) and node.keywords:
        for without, keyword in enumerate(node.keywords):
            if keyword.arg is not None:
                yield ast.Call(node.func, node.args, node.keywords[:without] + node.keywords[without + 1 :])
    elif isinstance(node, ast.Tuple | ast.List | ast.Set) and (outside or isinstance(parent, ast.ExceptHandler)):
        for without in range(len(node.elts) * (len(node.elts) > 1)):
            kind = type(node)
            left = node.elts[:without] + node.elts[without + 1 :]
            yield kind(left) if kind is ast.Set else kind(left, ast.Load())
    elif isinstance(node, ast.Dict) and outside:
        for without in range(len(node.keys)):
            yield ast.Dict(
                node.keys[:without] + node.keys[without + 1 :], node.values[:without] + node.values[without + 1 :]
            )
    if field == "test" and not isinstance(node, ast.Compare | ast.UnaryOp):
        yield ast.UnaryOp(ast.Not(), node)
    if field == "value" and isinstance(parent, ast.Return) and not isinstance(node, ast.Constant):
        yield ast.Constant(None)


def _other_constants(value: object) -> Iterator[ast.Constant]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, float):
        yield ast.Constant(value * 1e6 + 1e6)  # a little longer or shorter is no wrong that a test could see
    elif isinstance(value, str):
        yield ast.Constant("" if value else "XX")
