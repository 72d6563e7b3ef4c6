"""Where a script may go one way or the other, or more than once: what is known after branches and loops."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import partial

from specrun.convert.scripts.builtin import joined
from specrun.convert.scripts.run import MOST_STATEMENTS, ScriptPass, begin_loop
from specrun.convert.scripts.values import MOST_ITEMS, Call, Computed, Member, Reference, Template, Value, shown
from specrun.convert.unknown import Secret
from specrun.spec.masking import names_secret


def branch(run: ScriptPass, node: ast.If) -> None:
    """The way that a script goes, where it is known; else either of two."""
    test = run.evaluate(run, node.test)
    if test is None or isinstance(test, bool | int | float | str):
        before = run.skipped
        dead = node.orelse if test else node.body
        run.skipped = (
            before or f"the script never comes here: `{shown(node.test, 60)}` is {bool(test)} ({run.place(node)})"
        )
        saved = dict(run.names)
        run.execute(run, dead)
        run.names.clear()
        run.names.update(saved)
        run.skipped = before
        run.execute(run, node.body if test else node.orelse)
    else:
        merge(run, node.body, node.orelse, node, node.test)


def merge(
    run: ScriptPass,
    body: list[ast.stmt],
    other: list[ast.stmt],
    node: ast.stmt | ast.excepthandler,
    test: ast.expr | None = None,
) -> None:
    """Either of two: where both know a name, a call wins, and values that differ are not known."""
    before, around = dict(run.names), run.only_if
    lists = [(name, value, list(value)) for name, value in before.items() if isinstance(value, list)]
    condition = shown(test, 60) if test is not None else ""
    run.only_if = condition or around
    run.execute(run, body)
    one, added = dict(run.names), [value[len(old) :] for _, value, old in lists]
    for _, held, old in lists:
        held[:] = old
    run.names.clear()
    run.names.update(before)
    run.only_if = f"not {condition}" if condition else around
    run.execute(run, other)
    run.only_if = around

    def chosen(name: str, first: Value, second: Value) -> Computed:
        either = ast.IfExp(test, _written(first), _written(second)) if test is not None else ast.Name(name)
        return Computed(either, run.place(node), name)

    for (name, held, old), more in zip(lists, added, strict=True):
        held[len(old) :] = _either(more, held[len(old) :], partial(chosen, name))
        if test is not None and held[len(old) :] and isinstance(held[-1], Computed) and not around:
            run.conditional.pop(id(held), None)  # which the variable asks for
    for name, value in one.items():
        is_rival, there = name in run.names, run.names.get(name)
        if not is_rival or (there is before.get(name, run) is not None and isinstance(value, Call)):
            run.names[name] = value
        elif there is value or (isinstance(there, type(value)) and _same(there, value)):
            continue
        elif isinstance(value, Call) and not isinstance(there, Call):
            run.names[name] = value
        elif not isinstance(there, Call):
            start, first, second = before.get(name), _tail(before.get(name), value), _tail(before.get(name), there)
            if isinstance(start, list) and isinstance(first, list) and isinstance(second, list):
                run.names[name] = [*start, *_either(first, second, partial(chosen, name))]
            elif isinstance(start, str) and start and isinstance(first, str) and isinstance(second, str):
                run.names[name] = joined([start, chosen(name, first, second)])
            else:
                run.names[name] = run.unknown(ast.copy_location(ast.Name(name), node), name)
        taken = run.names[name]
        if is_rival and there is not value and isinstance(taken, Call) and condition:
            is_first = taken is value
            _depends(taken, there if is_first else value, condition if is_first else f"not {condition}")


_CLUSTERS = ("compute_targets", "ComputeTarget", "ComputeTarget.create", "AmlCompute", "AmlCompute.create")
"""The one that is there, or else is made: the same cluster."""


def _depends(taken: Call, rival: Value, condition: str) -> None:
    """Of two things that a name may be one is taken, and only a run would know whether it is the one."""
    same_cluster = taken.kind in _CLUSTERS and (rival is None or (isinstance(rival, Call) and rival.kind in _CLUSTERS))
    if not same_cluster:
        taken.only_if = taken.only_if or condition


def _either(first: list[Value], second: list[Value], chosen: Callable[[Value, Value], Computed]) -> list[Value]:
    """What is added to a list, by one branch and by its other: data stays, in any case."""
    if any(isinstance(item, Call | Member | list | dict) for item in (*first, *second)):
        return [*first, *second]
    return [chosen(first, second)] if first or second else []


def _tail(start: Value, grown: Value) -> Value:
    """What a list or a text has more than it had; None where it is another."""
    if isinstance(start, list) and isinstance(grown, list):
        same = len(grown) >= len(start) and all(a is b for a, b in zip(start, grown, strict=False))
        return grown[len(start) :] if same else None
    if isinstance(start, str) and isinstance(grown, str):
        return grown[len(start) :] if grown.startswith(start) else None
    return None


def _written(value: Value) -> ast.expr:
    """A value as a script would have it, without what is called a credential."""
    if isinstance(value, list):
        hidden = [isinstance(flag, str) and names_secret(flag) for flag in ["", *value]]
        return ast.List([ast.Name("…") if hide else _written(item) for item, hide in zip(value, hidden, strict=False)])
    if isinstance(value, str) and " " in value.strip() and names_secret(value):
        return ast.Name("…")
    if value is None or isinstance(value, str | int | float):
        return ast.Constant(value)
    return value.node if isinstance(value, Computed) else ast.Name("…")


def _same(one: Value, other: Value) -> bool:
    return isinstance(one, str | int | float | bool | Reference | Secret) and one == other


def loop(run: ScriptPass, node: ast.For | ast.AsyncFor) -> None:
    """A loop: for each value, where they are known and the body only puts words together; else once for all."""
    values = run.evaluate(run, node.iter)
    steps = run.pipeline is not None and run.statements < MOST_STATEMENTS  # one for each value
    each = isinstance(values, list) and len(values) <= MOST_ITEMS and (steps or _is_plain(node.body))
    if isinstance(values, list) and (len(values) == 1 or each):
        for value in list(values):
            run.assign(run, node.target, value)
            run.execute(run, node.body)
    else:
        _repeat(run, node.body, begin_loop(run, node.target, node.iter, values))
    run.execute(run, node.orelse)


def loop_while(run: ScriptPass, node: ast.While) -> None:
    """A loop with a condition; one that is left with `break` tries until it has what it wants."""
    run.evaluate(run, node.test)
    tries = any(isinstance(inner, ast.Break) for inner in ast.walk(node))
    _repeat(run, node.body, run.loop if tries else f"in a loop while `{shown(node.test, 60)}` ({run.place(node)})")
    run.execute(run, node.orelse)


def _repeat(run: ScriptPass, body: list[ast.stmt], words: str) -> None:
    """A body that runs more than once: what it adds to a list, of what only a run would know, is not known."""
    lists = [(name, value, len(value)) for name, value in run.names.items() if isinstance(value, list)]
    around, run.loop = run.loop, words
    run.execute(run, body)
    run.loop = around
    for name, value, length in lists:
        if any(isinstance(item, Computed | Template) for item in value[length:]):
            value[length:] = [run.unknown(ast.copy_location(ast.Name(name), body[0]))]


def _is_plain(body: Sequence[ast.stmt]) -> bool:
    """Whether statements only put lists and texts together, so that they may be read for each value."""
    calls = [inner for node in body for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    return all(isinstance(node, ast.Expr | ast.AugAssign) for node in body) and all(
        call.func.attr in _METHODS if isinstance(call.func, ast.Attribute) else _is_text(call.func) for call in calls
    )


def _is_text(function: ast.expr) -> bool:
    return isinstance(function, ast.Name) and function.id in ("str", "int", "float", "print")


_METHODS = ("append", "extend", "format", "join", "strip", "lower", "upper", "replace")
