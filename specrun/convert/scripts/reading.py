"""A script, read until its names are known."""

from __future__ import annotations

from dataclasses import replace

from specrun.convert.scripts.cells import Code
from specrun.convert.scripts.expressions import evaluate
from specrun.convert.scripts.run import Names, ScriptPass, parameters
from specrun.convert.scripts.statements import assign, execute
from specrun.convert.scripts.values import Call, Function, current
from specrun.spec.frozen import dataclass

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
            run.follow(Function(node), parameters(run, node))
