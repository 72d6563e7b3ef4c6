"""A script, read until its names are known: its statements in order, what is assigned, and which calls are met."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from specrun.convert.scripts.branches import branch, loop, loop_while, merge
from specrun.convert.scripts.builtin import appended, can_join, joined
from specrun.convert.scripts.cells import Code
from specrun.convert.scripts.expressions import evaluate
from specrun.convert.scripts.run import Names, ScriptPass, parameters
from specrun.convert.scripts.steps import build, decorated
from specrun.convert.scripts.values import Argument, Call, Function, Member, Object, Reference, Value, current, shown
from specrun.convert.unknown import Secret
from specrun.spec.frozen import dataclass
from specrun.spec.masking import names_secret


def execute(run: ScriptPass, body: Sequence[ast.stmt]) -> None:
    """Read statements in order."""
    run.statements += len(body)
    for node in body:
        _statement(run, node)


def _statement(run: ScriptPass, node: ast.stmt) -> None:
    match node:
        case ast.Assign():
            value = evaluate(run, node.value)
            for target in node.targets:
                _assign(run, target, value, node.value)
        case ast.AnnAssign(value=ast.expr() as given):
            _assign(run, node.target, evaluate(run, given), given)
        case ast.AugAssign():
            _augment(run, node)
        case ast.Expr():
            evaluate(run, node.value)
        case ast.Return():
            if node.value is not None:
                run.returned.append(evaluate(run, node.value))
        case ast.Import() | ast.ImportFrom():
            _import(run, node)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            run.names[node.name] = decorated(run, node)
        case ast.ClassDef():
            _class(run, node)
        case ast.Global():
            run.shared.update(node.names)
        case ast.If():
            branch(run, node)
        case ast.For() | ast.AsyncFor():
            loop(run, node)
        case ast.While():
            loop_while(run, node)
        case ast.With() | ast.AsyncWith():
            for item in node.items:
                value = evaluate(run, item.context_expr)
                if item.optional_vars is not None:
                    _assign(run, item.optional_vars, value, item.context_expr)
            execute(run, node.body)
        case ast.Try():
            execute(run, node.body)
            for handler in node.handlers:
                merge(run, handler.body, [], handler)
            execute(run, [*node.orelse, *node.finalbody])
        case ast.Match():
            for case in node.cases:
                merge(run, case.body, [], node)
        case _:
            for inner in ast.iter_child_nodes(node):
                if isinstance(inner, ast.expr) and not isinstance(node, ast.Delete | ast.Global | ast.Nonlocal):
                    evaluate(run, inner)


def _class(run: ScriptPass, node: ast.ClassDef) -> None:
    """A class: its body has names of its own, and those of the classes that it is made of."""
    outer = dict(run.names)
    for base in node.bases:
        above = evaluate(run, base)
        if isinstance(above, Object):
            run.names.update(above.attributes)
    before = dict(run.names)
    execute(run, node.body)
    attributes = {name: value for name, value in run.names.items() if before.get(name, run) is not value}
    for base in node.bases:
        above = evaluate(run, base)
        attributes = {**(above.attributes if isinstance(above, Object) else {}), **attributes}
    run.names.clear()
    run.names.update(outer)
    run.names[node.name] = Object(node.name, attributes)


def assign(run: ScriptPass, target: ast.expr, value: Value) -> None:
    """Give a loop's target a value; the `key` of a mapping's entry is no credential."""
    _assign(run, target, value, target)
    pairs = zip(target.elts, value, strict=False) if isinstance(target, ast.Tuple) and isinstance(value, list) else ()
    for part, word in [(target, value), *pairs]:
        if isinstance(part, ast.Name) and part.id == "key" and isinstance(word, str):
            run.names["key"] = word


def _assign(run: ScriptPass, target: ast.expr, value: Value, source: ast.expr) -> None:
    match target:
        case ast.Name():
            run.bind(target.id, run.unknown(target) if value is None and not _is_none(source) else value)
        case ast.Tuple() | ast.List():
            values = value if isinstance(value, list) and len(value) == len(target.elts) else [None] * len(target.elts)
            for inner, part in zip(target.elts, values, strict=True):
                _assign(run, inner, part, source)
        case ast.Attribute():
            owner = evaluate(run, target.value)
            call, path = (
                (owner.call, f"{owner.path}.{target.attr}") if isinstance(owner, Member) else (owner, target.attr)
            )
            if isinstance(call, Object):
                call.attributes[path] = value
            elif isinstance(call, Call) and (not run.skipped or call.skipped):
                if isinstance(value, str) and value and names_secret(target.attr):
                    value = Secret(target.attr)
                only_if = run.only_if or run.conditional.get(id(value), "")
                shown_source = None if isinstance(value, Secret) else source
                call.attributes[call.own(path)] = Argument(value, shown_source, run.place(target), only_if)
            elif not isinstance(call, Call):
                run.bind(shown(target), value)
        case ast.Subscript():
            holder, key = evaluate(run, target.value), evaluate(run, target.slice)
            if run.skipped and not (isinstance(holder, Member) and holder.call.skipped):
                return
            if isinstance(holder, dict) and isinstance(key, str):
                holder[key] = Secret(key) if isinstance(value, str) and value and names_secret(key) else value
                if run.only_if:
                    run.conditional.setdefault(id(holder), run.only_if)
                _set_in_a_branch(run, target.value)
            elif isinstance(holder, Member) and isinstance(key, str):
                shown_source = None if isinstance(value, Secret) else source
                argument = Argument(value, shown_source, run.place(target), run.only_if)
                holder.call.attributes[holder.call.own(f"{holder.path}.{key}")] = argument
        case _:
            pass


def _set_in_a_branch(run: ScriptPass, node: ast.expr) -> None:
    """A mapping of a call, such as a job's variables, gets an entry where only a run would know whether it does."""
    owner = evaluate(run, node.value) if run.only_if and isinstance(node, ast.Attribute) else None
    if isinstance(node, ast.Attribute) and isinstance(owner, Call) and (given := owner.find(node.attr)) is not None:
        owner.attributes[node.attr] = replace(given, only_if=given.only_if or run.only_if)


def _is_none(source: ast.expr) -> bool:
    return isinstance(source, ast.Constant) and source.value is None


def _augment(run: ScriptPass, node: ast.AugAssign) -> None:
    if not isinstance(node.op, ast.Add) or not isinstance(node.target, ast.Name):
        evaluate(run, node.value)
        return
    there, more = run.look_up(node.target.id), evaluate(run, node.value)
    if isinstance(there, list) and isinstance(more, list):
        value: Value = appended(there, more)
    else:
        value = joined([there, more]) if isinstance(there, str) and can_join(more) else None
    if value is not None:
        run.bind(node.target.id, value)
    else:
        run.bind(node.target.id, run.unknown(ast.copy_location(ast.Name(node.target.id), node)))


def _import(run: ScriptPass, node: ast.Import | ast.ImportFrom) -> None:
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            if alias.name != "*":
                run.names[alias.asname or alias.name] = Reference(f"{module}.{alias.name}", imported=True)
        elif alias.asname:
            run.names[alias.asname] = Reference(alias.name, imported=True)
        else:
            top = alias.name.split(".")[0]
            run.names[top] = Reference(top, imported=True)


MOST_PASSES = 3


@dataclass(frozen=True, slots=True)
class Script:
    """What was met, in order: the calls, and files that are written or copied."""

    calls: list[Call]
    files: list[Call]


def read_script(code: Code) -> Script:
    """Read until names that are used before they are defined, as in a page's snippets, are known."""
    run = _pass(code, {})
    for _ in range(MOST_PASSES):
        if not run.missed & set(run.module):
            break
        run = _pass(code, run.module)
    if run.later:
        present = {call.key: call for call in run.calls}
        for call in (*run.calls, *run.files):
            call.owner = current(call.owner, present)
            call.result = current(call.result, present)
            call.steps = [present.get(one.key, one) for one in call.steps]
            for kept in (call.arguments, call.attributes):
                kept.update({name: replace(found, value=current(found.value, present)) for name, found in kept.items()})
    return Script(run.calls, run.files)


def _pass(code: Code, later: Names) -> ScriptPass:
    run = ScriptPass(evaluate, execute, assign, later=later)
    run.names = run.module
    for cell, tree in code.parts:
        run.cell = cell
        execute(run, tree.body)
    _follow_the_rest(run, code)
    return run


def _follow_the_rest(run: ScriptPass, code: Code) -> None:
    """Functions that nothing has called: those first that are never called by name, such as entry points."""
    for cell, node in sorted(code.functions, key=lambda pair: pair[1].name in code.called):
        if node not in run.seen:
            run.cell = cell
            if node in run.pipelines:
                build(run, node.decorator_list[0], run.pipelines[node], [])
            else:
                run.follow(Function(node), parameters(run, node))
