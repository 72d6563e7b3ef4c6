"""Attributes of what a script names."""

from __future__ import annotations

import ast

from specrun.convert.scripts.run import ScriptPass
from specrun.convert.scripts.values import Call, Computed, Member, Reference, Value


def member(run: ScriptPass, node: ast.Attribute, owner: Value) -> Value:
    """The value of `owner.name`, where `owner` is known."""
    match owner:
        case Call():
            found = owner.find(node.attr)
            return found.value if found is not None else Member(owner, node.attr)
        case Member():
            found = owner.call.attributes.get(owner.call.own(f"{owner.path}.{node.attr}"))
            return found.value if found is not None else Member(owner.call, f"{owner.path}.{node.attr}")
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
