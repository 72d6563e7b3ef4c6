"""An expression's value, as far as it is known without running anything."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from specrun.convert.scripts.builtin import appended, can_join, joined, path_of, percent
from specrun.convert.scripts.invoke import element, invoke
from specrun.convert.scripts.run import MOST_STATEMENTS, Names, ScriptPass, begin_loop, member
from specrun.convert.scripts.signatures import METHODS, SUBMITS
from specrun.convert.scripts.values import MOST_ITEMS, Call, Reference, Template, Value, is_key, shown
from specrun.convert.unknown import Secret, Unknown
from specrun.spec.masking import names_secret

_GREATEST_POWER = 64


def evaluate(run: ScriptPass, node: ast.expr) -> Value:
    """The value of an expression; Computed where only a run would know."""
    match node:
        case ast.Constant():
            return _constant(run, node)
        case ast.Name():
            found = run.look_up(node.id)
            return replace(found, place=run.place(node)) if isinstance(found, Reference) else found
        case ast.JoinedStr():
            parts = [
                evaluate(run, part.value if isinstance(part, ast.FormattedValue) else part) for part in node.values
            ]
            simple = all(part.format_spec is None for part in node.values if isinstance(part, ast.FormattedValue))
            return _or_unknown(run, node, joined(_words(run, parts, node)) if simple else None)
        case ast.List() | ast.Tuple() | ast.Set():
            return _list(run, node.elts)
        case ast.Dict():
            return _dict(run, node)
        case ast.Attribute():
            return member(run, node, evaluate(run, node.value))
        case ast.Subscript():
            return _or_unknown(run, node, element(run, node, evaluate(run, node.value), evaluate(run, node.slice)))
        case ast.BinOp():
            return _binary(run, node)
        case ast.BoolOp():
            return _boolean(run, node)
        case ast.UnaryOp():
            return _unary(run, node)
        case ast.Compare():
            return _compare(run, node)
        case ast.IfExp():
            test = evaluate(run, node.test)
            values = evaluate(run, node.body), evaluate(run, node.orelse)
            if _is_known(test):
                return values[0 if test else 1]
            calls = [value for value in values if isinstance(value, Call)]
            if len(calls) == 1 and None in values:  # as `None if nodes == 1 else MpiConfiguration(…)`
                calls[0].only_if = calls[0].only_if or shown(node.test, 60)
                return calls[0]
            return run.unknown(node)
        case ast.Call():
            return invoke(run, node)
        case ast.NamedExpr():
            run.bind(node.target.id, evaluate(run, node.value))
            return run.look_up(node.target.id)
        case ast.Await() | ast.Starred():
            return evaluate(run, node.value)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            return _comprehension(run, node)
        case _:
            return run.unknown(node)


def _constant(run: ScriptPass, node: ast.Constant) -> Value:
    if isinstance(node.value, str):
        return Secret("credential") if is_key(node.value) else node.value
    if node.value is None or isinstance(node.value, bool | int | float):
        return node.value
    return run.unknown(node)


def _list(run: ScriptPass, nodes: Sequence[ast.expr]) -> Value:
    values: list[Value] = []
    for node in nodes:
        value = evaluate(run, node)
        values += value if isinstance(node, ast.Starred) and isinstance(value, list) else [value]
    return values


def _dict(run: ScriptPass, node: ast.Dict) -> Value:
    values: dict[str, Value] = {}
    for key, item in zip(node.keys, node.values, strict=True):
        value = evaluate(run, item)
        if key is None:
            values.update(value if isinstance(value, dict) else {"**": value})
            continue
        name = evaluate(run, key)
        word = str(name) if _is_known(name) else run.unknown(key).text
        values[word] = Secret(word) if isinstance(value, str) and value and names_secret(word) else value
    return values


def _binary(run: ScriptPass, node: ast.BinOp) -> Value:
    left, right = evaluate(run, node.left), evaluate(run, node.right)
    value: Value = None
    if isinstance(node.op, ast.Add):
        if isinstance(left, list) and isinstance(right, list):
            value = appended(left, right)
        elif (isinstance(left, str | Template) and can_join(right)) or (isinstance(right, str) and can_join(left)):
            value = joined([left, right])
    elif isinstance(node.op, ast.Mod) and isinstance(left, str):
        value = percent(left, _words(run, right if isinstance(right, list) else [right], node))
    elif isinstance(node.op, ast.Div) and isinstance(left, str | Template) and can_join(right):
        value = path_of([left, right])  # pathlib
    if value is None and isinstance(left, int | float) and isinstance(right, int | float):
        value = _arithmetic(node.op, left, right)
    return _or_unknown(run, node, value)


def _arithmetic(operator: ast.operator, left: float, right: float) -> Value:
    if max(abs(left), abs(right)) > 1e15:
        return None
    if isinstance(operator, ast.Add):
        return left + right
    if isinstance(operator, ast.Sub):
        return left - right
    if isinstance(operator, ast.Mult):
        return left * right
    if isinstance(operator, ast.Pow) and abs(right) <= _GREATEST_POWER and left > 0:
        return _power(left, right)
    if isinstance(operator, ast.FloorDiv) and right:
        return left // right
    return left / right if isinstance(operator, ast.Div) and right else None


def _power(left: float, right: float) -> Value:
    try:
        found: float = left**right
    except OverflowError:
        return None
    return found if found < 1e15 else None


def _boolean(run: ScriptPass, node: ast.BoolOp) -> Value:
    values = [evaluate(run, inner) for inner in node.values]
    first = values[0]
    if isinstance(node.op, ast.Or):
        if isinstance(first, Unknown) and _is_known(values[-1]):
            return replace(first, default=values[-1])  # type: ignore[arg-type]
        if _is_known(first):
            return first or values[1]
    return (values[1] if first else first) if _is_known(first) else run.unknown(node)


def _unary(run: ScriptPass, node: ast.UnaryOp) -> Value:
    value = evaluate(run, node.operand)
    if isinstance(node.op, ast.Not) and _is_known(value):
        return not value
    if isinstance(node.op, ast.USub) and isinstance(value, int | float):
        return -value
    return run.unknown(node)


def _compare(run: ScriptPass, node: ast.Compare) -> Value:
    left, rights = evaluate(run, node.left), [evaluate(run, inner) for inner in node.comparators]
    if isinstance(left, Reference) and left.dotted == "__name__":
        return True
    if len(rights) == 1 and _is_known(left) and _is_known(rights[0]):
        if isinstance(node.ops[0], ast.Eq | ast.Is):
            return left == rights[0]
        if isinstance(node.ops[0], ast.NotEq | ast.IsNot):
            return left != rights[0]
    return run.unknown(node)


def _comprehension(run: ScriptPass, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
    """A list for each item of a list that is known; the calls in it are met once, where they are not known."""
    found: list[Value] | None = None
    steps = run.pipeline is not None and run.statements < MOST_STATEMENTS
    calls = not steps and any(map(_is_call, ast.walk(node.elt)))
    if not any(generator.ifs for generator in node.generators) and not calls:
        names = dict(run.names)
        found = _items(run, node.generators, node.elt, names)
        run.names.clear()
        run.names.update(names)
    if found is None or len(found) > MOST_ITEMS:
        around = run.loop
        run.loop = _comprehend(run, node.generators) or around
        evaluate(run, node.elt)
        run.loop = around
        return run.unknown(node)
    return found


def _items(
    run: ScriptPass, generators: Sequence[ast.comprehension], element: ast.expr, names: Names
) -> list[Value] | None:
    """What a comprehension gives, one generator in the other; None where one of them is not known."""
    if not generators:
        return [evaluate(run, element)]
    items = evaluate(run, generators[0].iter)
    if not isinstance(items, list) or len(items) > MOST_ITEMS:
        return None
    found: list[Value] = []
    for item in items:
        run.names.clear()
        run.names.update(names)
        run.assign(run, generators[0].target, item)
        inner = _items(run, generators[1:], element, dict(run.names))
        if inner is None or len(found) > MOST_ITEMS:
            return None
        found += inner
    return found


def _is_call(node: ast.AST) -> bool:
    """Whether a call may be one of an SDK's: methods of texts are none, nor is what makes text of a value."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in (*METHODS, *SUBMITS, "sweep")
    plain = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("str", "int", "float")
    return isinstance(node, ast.Call) and not plain


def _comprehend(run: ScriptPass, generators: Sequence[ast.comprehension]) -> str:
    """A comprehension's variables are what they may be; the last loop in words."""
    loop = ""
    for generator in generators:
        loop = begin_loop(run, generator.target, generator.iter, evaluate(run, generator.iter))
    return loop


def _words(run: ScriptPass, values: Sequence[Value], node: ast.expr) -> list[Value]:
    return [value if can_join(value) or value is None else run.unknown(node) for value in values]


def _or_unknown(run: ScriptPass, node: ast.expr, value: Value) -> Value:
    return run.unknown(node) if value is None else value


def _is_known(value: Value) -> bool:
    return value is None or isinstance(value, str | int | float | bool)
