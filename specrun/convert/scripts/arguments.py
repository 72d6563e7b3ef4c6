"""What a call is given: each argument once, by its keyword, its position or its parameter's name."""

from __future__ import annotations

import ast
from typing import TypeAlias

from specrun.convert.scripts.run import ScriptPass
from specrun.convert.scripts.values import Argument, Value
from specrun.convert.unknown import Secret
from specrun.spec.masking import names_secret

Words: TypeAlias = "list[tuple[str, Value, ast.expr]]"


def evaluate_all(run: ScriptPass, node: ast.Call) -> Words:
    """Each argument once, with its keyword; "" for one by position, and `**` for what cannot be told apart."""
    words: Words = []
    for word in node.args:
        value = run.evaluate(run, word)
        parts = value if isinstance(word, ast.Starred) and isinstance(value, list) else [value]
        words += [("", part, word) for part in parts]
    for keyword in node.keywords:
        value = run.evaluate(run, keyword.value)
        if keyword.arg is None and isinstance(value, dict):
            words += [(name, part, keyword.value) for name, part in value.items() if name]
        else:
            words.append((keyword.arg or "**", value, keyword.value))
    return words


def split_words(words: Words) -> tuple[list[Value], dict[str, Value]]:
    """The values by position, and those with a keyword."""
    return [value for name, value, _ in words if not name], {name: value for name, value, _ in words if name}


def bound(run: ScriptPass, words: Words, parameters: tuple[str, ...]) -> dict[str, Argument]:
    """A call's arguments by name; what has no name is numbered, so that nothing is lost."""
    found: dict[str, Argument] = {}
    names = list(parameters)
    for number, (keyword, value, source) in enumerate(words, 1):
        name = keyword or (names.pop(0) if names else f"argument {number}")
        hidden = names_secret(name) and isinstance(value, str) and value
        kept: Value = Secret(name) if hidden else value
        found[name] = Argument(
            kept, None if isinstance(kept, Secret) else source, run.place(source), run.conditional.get(id(value), "")
        )
    return found
