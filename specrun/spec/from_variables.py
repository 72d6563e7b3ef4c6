"""What to tell about a value that the schema refuses and that an expression gave: the mistake is where it is set.

The value of an environment variable is never shown: nobody said that it is no secret.
"""

from __future__ import annotations

from typing import Any

from specrun.spec.expressions import OPEN, Expression, parse, references, whole
from specrun.spec.failures import Failure, bound
from specrun.spec.names import foreign_value, section
from specrun.spec.nearest import nearest
from specrun.spec.source import Document
from specrun.spec.wording import field_name, kind_of, kinds, listed, shown

_CODES = {"type": "wrong-type", "enum": "not-allowed", "const": "not-allowed", "pattern": "bad-value"}


def explain_variable(document: Document, failure: Failure) -> tuple[str, str] | None:
    """Code and detail for a value that env or vars gave; None for one that stands in the file itself."""
    written = _written(document, failure)
    if written is None or failure.value == written or failure.keyword == "propertyNames":
        return None
    expressions = [e for e in parse(written) if isinstance(e, Expression) and e.namespace in ("env", "vars")]
    if not expressions:
        return None
    code = "bad-name" if failure.schema.get("x-kind") == "name" else _CODES.get(failure.keyword, "out-of-range")
    return code, " ".join([_needs(failure), *_sources(document, failure, written, expressions)])


def _written(document: Document, failure: Failure) -> str | None:
    """The text that stands in the file at the failure's place, if there is an expression in it."""
    value: Any = document.values
    for step in failure.path:
        value = value[step]
    return value if isinstance(value, str) and OPEN in value else None


def _needs(failure: Failure) -> str:
    name, schema = f"`{field_name(failure.path)}`", failure.schema
    if failure.keyword == "type":
        wanted = schema["type"]
        return f"{name} takes {kinds([wanted] if isinstance(wanted, str) else list(wanted))}."
    if failure.keyword in ("enum", "const"):
        return f"{name} is {listed(schema.get('enum') or [schema['const']], 'or')}."
    if failure.keyword == "pattern":
        return f"{name} takes {schema.get('patternErrorMessage', 'text of the form ' + schema['pattern'])}."
    if failure.keyword in ("minimum", "exclusiveMinimum", "maximum"):
        return f"{name} is {bound(failure)}."
    return f"{name} has at most {schema['maxLength']} characters." if "maxLength" in schema else f"{name} needs a text."


def _sources(document: Document, failure: Failure, written: str, expressions: list[Expression]) -> list[str]:
    is_whole = whole(written) is not None
    env, variables = (dict.fromkeys(e.name for e in expressions if e.namespace == kind) for kind in ("env", "vars"))
    return [
        *(_of_environment(failure, name, is_whole=is_whole) for name in env),
        *(_of_variable(document, failure, name, is_whole=is_whole) for name in variables),
    ]


def _of_environment(failure: Failure, name: str, *, is_whole: bool) -> str:
    variable = f"the environment variable `{name}`"
    if not is_whole:
        return f"With the value of {variable} put in, it does not fit: correct that."
    if failure.keyword == "type":
        return f"What comes from {variable} is always text: declare a variable in `vars`, and give it with `--var`."
    if failure.value == "":
        return f"{variable[0].upper()}{variable[1:]} is empty: give it a value."
    return f"The value of {variable} does not fit: correct it there."


def _of_variable(document: Document, failure: Failure, name: str, *, is_whole: bool) -> str:
    declared = document.values["vars"].get(name)
    where = f"`vars.{name}` ({document.line(('vars', name), failure.path)})"
    if isinstance(declared, str) and OPEN in declared:
        return f"What {where} takes from the environment does not fit: correct it there."
    if not is_whole and _has_environment(document, failure):
        return f"With {where} put in, it does not fit: correct one of the two."
    if not is_whole:
        return f"With {where} put in, this is {shown(failure.value)}: correct one of the two."
    right = None
    if failure.keyword == "enum" and isinstance(failure.value, str):
        allowed, place = failure.schema["enum"], f"{section(failure.path[:-1])}.{failure.path[-1]}"
        right = foreign_value(place.lstrip("."), failure.value) or nearest(failure.value, allowed)
    instead = f"; perhaps `{right}`" if right else ""
    return f"{where[0].upper()}{where[1:]} gives {_kind(failure)}: correct it there, or what `--var` says{instead}."


def _has_environment(document: Document, failure: Failure) -> bool:
    """Whether something of the environment stands beside a variable."""
    written = _written(document, failure) or ""
    declared = (document.values["vars"].get(name) for name in references(written, "vars"))
    return bool(references(written, "env")) or any(isinstance(value, str) and OPEN in value for value in declared)


def _kind(failure: Failure) -> str:
    return "nothing" if failure.value is None else kind_of(failure.value)
