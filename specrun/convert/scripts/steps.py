"""Pipelines of SDK v2 as a script makes them: what a function with `@pipeline` is called with, and the steps in it.

In such a function a component that is called is a step, and its parameters are read as the values that they are given.
"""

from __future__ import annotations

import ast
import posixpath
import sys
from collections import Counter
from collections.abc import Mapping

from specrun.convert.scripts.arguments import Words, bound
from specrun.convert.scripts.run import ScriptPass, parameters
from specrun.convert.scripts.signatures import kind_of
from specrun.convert.scripts.values import Argument, Call, Computed, Function, Member, Reference, Value
from specrun.spec.frozen import dataclass

DECORATOR, PIPELINE, STEP = "v2:dsl.pipeline", "pipeline", "step"
PYTHON_COMPONENT = "elsewhere:command_component"
COMPONENTS = (
    "v2:command", "v2:CommandComponent", "v2:CommandJob", "elsewhere:load_component", "v2:components.get",
    "elsewhere:parallel_run_function", PYTHON_COMPONENT,
)  # fmt: skip
"""What becomes a step where a pipeline calls it."""

MADE_WHOLE = ("elsewhere:automl.",)
"""What is a step as soon as it is made, and of a kind that specrun has not."""


def decorated(run: ScriptPass, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
    """A function of the script; one that makes a pipeline or a component with the call of its decorator."""
    made_by: Call | None = None
    for decorator in node.decorator_list:
        found = run.evaluate(run, decorator)
        if isinstance(found, Reference) and (kind := kind_of(found, ())):
            found = run.record(kind, decorator, {})
        if isinstance(found, Call) and found.kind in (DECORATOR, PYTHON_COMPONENT):
            made_by = found
            found.variable = node.name
    function = Function(node, made_by=made_by, around=run.names if run.names is not run.module else {})
    if made_by is not None and made_by.kind == DECORATOR:
        run.pipelines[node] = function
    return function


def build(run: ScriptPass, node: ast.AST, function: Function, words: Words) -> Call:
    """A pipeline, as its function is called: with what it is given, its steps, and what it gives back."""
    names = tuple(word.arg for word in (*function.node.args.posonlyargs, *function.node.args.args))
    given = bound(run, words, names)
    values: Mapping[str, Value] = parameters(run, function.node)
    for name, value in values.items():
        given.setdefault(name, Argument(value, None, run.place(function.node)))
    call = run.record(PIPELINE, node, given, function.made_by, name=function.node.name)
    call.used = {inner.id for inner in ast.walk(function.node) if isinstance(inner, ast.Name)}
    outer = run.pipeline
    if outer is not None:
        outer.steps.append(call)
    run.pipeline = call
    call.result = run.follow(function, {**values, **{name: one.value for name, one in given.items()}})
    run.pipeline = outer
    return call


def step(run: ScriptPass, node: ast.AST, component: Value, words: Words) -> Call:
    """A step: a component, or what is not known to be one, that a pipeline calls."""
    assert run.pipeline is not None
    made = run.record(STEP, node, bound(run, words, ()), component, name=_called(component) or STEP)
    made.only_if = run.only_if
    run.pipeline.steps.append(made)
    return made


def swept(run: ScriptPass, sweep: Call, of: Call) -> None:
    """A step that is swept is the sweep: it takes its place."""
    sweep.only_if = run.only_if
    if run.pipeline is not None:
        run.pipeline.steps[:] = [sweep if one is of else one for one in run.pipeline.steps]


def is_component(run: ScriptPass, target: Value) -> bool:
    """Whether what is called is a component, and called in a pipeline."""
    return run.pipeline is not None and isinstance(target, Call) and target.kind in COMPONENTS


def may_be_step(run: ScriptPass, target: Value, words: Words) -> bool:
    """Whether a pipeline calls what is not here, as what another file makes, and gives it something by name."""
    if run.pipeline is None or not any(name for name, _, _ in words):
        return False
    if isinstance(target, Reference):
        top = target.dotted.lstrip(".").split(".")[0]
        return target.imported and top not in sys.stdlib_module_names and not top.startswith("azure")
    return isinstance(target, Computed)


@dataclass(frozen=True, slots=True)
class Node:
    """A step with its name in the pipeline, and the pipelines in it that it stands in, the outer ones first."""

    call: Call
    key: str
    within: tuple[Call, ...] = ()


def nodes_of(pipeline: Call) -> list[Node]:
    """All steps, with those of pipelines in it, by names that differ: as the SDK has them, those of their variables."""
    found: list[Node] = []
    _collect(pipeline, "", (), found, set())
    used = {id(one) for node in found for one in _read(node.call)}
    return [node for node in found if _is_step(node.call) or id(node.call) in used]


def _collect(pipeline: Call, prefix: str, within: tuple[Call, ...], found: list[Node], taken: set[str]) -> None:
    calls = [call for call in pipeline.steps if not call.skipped]
    left = Counter(map(_name, calls))
    for call in calls:
        name = _name(call)
        left[name] -= 1
        own = key = f"{prefix}{name}"
        number = 0
        while key in taken or (left[name] and key == own):  # the last one of a name has it as it is
            number += 1
            key = f"{own}_{number}"
        taken.add(key)
        if call.kind == PIPELINE:
            _collect(call, f"{key}-", (*within, call), found, taken)
        else:
            found.append(Node(call, key, within))


def _name(call: Call) -> str:
    named = call.attributes.get("name")
    base = call.owner.owner if call.kind == "sweep" and isinstance(call.owner, Call) else call.owner
    component = base.get("name") if isinstance(base, Call) else None
    variable = call.variable or (call.owner.variable if isinstance(call.owner, Call) and call.kind == "sweep" else "")
    plain = call.key.partition("#")[0] if call.kind == PIPELINE else "step"
    words = (named.value if named is not None else None, variable, component, _called(base), plain)
    word = next((one for one in words if isinstance(one, str) and one), "step")
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in word)


def _called(component: Value) -> str:
    """What a component is called where nothing else gives a name: as the script calls it."""
    if isinstance(component, Call):
        file = next((component.get(name) for name in ("source", "path", "yaml_file")), None)
        return component.variable or (posixpath.basename(file).split(".")[0] if isinstance(file, str) else "")
    if isinstance(component, Reference):
        return component.dotted.rpartition(".")[2]
    return component.name if isinstance(component, Computed) else ""


def _is_step(call: Call) -> bool:
    """Whether it is one in any case: what is called may be something else, such as a function that logs."""
    if call.kind != STEP or isinstance(call.owner, Call):
        return True
    given = (argument.value for argument in call.arguments.values())
    return any(isinstance(value, Call | Member) for value in given)


def _read(call: Call) -> list[Call]:
    """The calls whose outputs a step reads."""
    given = [argument.value for argument in call.arguments.values()]
    given += [one for value in given if isinstance(value, list) for one in value]
    given += [value.get("path") for value in given if isinstance(value, Call)]
    return [value.call for value in given if isinstance(value, Member)]
