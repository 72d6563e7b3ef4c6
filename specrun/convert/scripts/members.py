"""Attributes of what a script names."""

from __future__ import annotations

import ast
import posixpath

from specrun.convert.scripts.run import ScriptPass
from specrun.convert.scripts.values import Call, Computed, Function, Member, Object, Reference, Value


def member(run: ScriptPass, node: ast.Attribute, owner: Value) -> Value:
    """The value of `owner.name`, where `owner` is known."""
    match owner:
        case Call():
            found = owner.find(node.attr)
            return found.value if found is not None else Member(owner, node.attr)
        case Member():
            found = owner.call.attributes.get(owner.call.own(f"{owner.path}.{node.attr}"))
            return found.value if found is not None else Member(owner.call, f"{owner.path}.{node.attr}")
        case Object():
            held = owner.attributes.get(node.attr, run)
            return Function(held.node, owner) if isinstance(held, Function) else _held(run, node, held)
        case str() if node.attr in ("parent", "name", "stem") and not isinstance(run.look_up(ast.unparse(node)), str):
            return _of_path(owner, node.attr)  # pathlib
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
            return Computed(
                node, run.place(node), node.attr, default if isinstance(default, str | int | float) else None
            )


def _held(run: ScriptPass, node: ast.Attribute, held: Value | ScriptPass) -> Value:
    return run.unknown(node) if isinstance(held, ScriptPass) else held


def _of_path(path: str, attribute: str) -> str:
    if attribute == "parent":
        return ".." if path == "." else posixpath.dirname(path.rstrip("/")) or "."
    name = posixpath.basename(path.rstrip("/"))
    return name if attribute == "name" else posixpath.splitext(name)[0]
