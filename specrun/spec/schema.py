"""The published JSON Schema, and the check of a document against it.

A document that fits costs some microseconds: compiled predicates say yes. Only where they say no is the reason looked
for and put into words.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from specrun.spec.diagnostics import MAX_DIAGNOSTICS, Diagnostic, Path
from specrun.spec.predicate import Predicates

if TYPE_CHECKING:
    from specrun.spec.keys import Keys
    from specrun.spec.source import Document

SPEC = "specrun.v1.schema.json"
REPOSITORY = "specrun-repository.v1.schema.json"
"""The schema of a repository's own file."""


def check(document: Document, values: object, file: str = SPEC, *, incomplete: bool = False) -> list[Diagnostic]:
    """What a schema, without a name that of specs, refuses in `values`, the substituted document.

    Of what is `incomplete` nothing is missing: it may stand in another file.
    """
    schema, predicates = _compiled(file)
    if predicates.root(values):
        return []
    return _explained(document, values, schema, predicates, _keys(file), incomplete=incomplete)


def schema_text(file: str = SPEC) -> str:
    """One of the schemas as it is published; without a name, that of specs."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    shipped = f"{package}/schemas/{file}"  # a wheel has them inside the package, a checkout beside it
    found = shipped if os.path.isfile(shipped) else f"{package}/../schemas/{file}"  # noqa: PTH113
    with open(found, encoding="utf-8") as text:  # noqa: PTH123
        return text.read()


def schema() -> dict[str, Any]:
    """The schema, parsed once."""
    return _compiled()[0]


@lru_cache(maxsize=1)
def readers() -> Mapping[Path, tuple[str, ...]]:
    """The engines that read a field, by its path, of the fields that not all of them read (`x-engines`).

    In a path `*` stands for a name that the user chose.
    """
    return dict(_readers(schema(), ()))


def _readers(field: dict[str, Any], path: Path, *, whole: bool = True) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """`whole`: this is all that the field may be, and not what it is in one of its forms."""
    if whole and "x-engines" in field:
        yield path, tuple(field["x-engines"])
    if "$ref" in field:
        yield from _readers(schema()["$defs"][field["$ref"].rpartition("/")[2]], path, whole=whole)
    for name, inside in field.get("properties", {}).items():
        if isinstance(inside, dict):
            yield from _readers(inside, (*path, name))
    if isinstance(field.get("additionalProperties"), dict):
        yield from _readers(field["additionalProperties"], (*path, "*"))
    for form in ("then", "else"):
        if isinstance(field.get(form), dict):
            yield from _readers(field[form], path, whole=False)


def keys_of(section: str) -> frozenset[str]:
    """The keys that the mappings of a section may have (`job.inputs.*`); none where people choose them."""
    return _keys().of(section)


@lru_cache(maxsize=256)
def field_at(path: Path) -> Mapping[str, Any]:
    """What the schema says of the field at a path, in the form that has an example; {} where there is no such field."""
    found: list[Mapping[str, Any]] = [schema()]
    for step in path:
        inside: list[Mapping[str, Any]] = []
        for form in (form for one in found for form in _forms(one)):
            key = "items" if isinstance(step, int) else "additionalProperties"
            one = form.get("properties", {}).get(step, form.get(key))
            inside += [one] if isinstance(one, dict) else []
        found = inside
    forms = [form for one in found for form in _forms(one)]
    shown = (form for form in forms if form.get("examples") or form.get("defaultSnippets"))
    return next(shown, forms[0] if forms else {})


def _forms(field: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A field's subschema, and those that it may stand for."""
    yield field
    others = [field[key] for key in ("then", "else") if isinstance(field.get(key), dict)]
    if "$ref" in field:
        others.append(schema()["$defs"][field["$ref"].rpartition("/")[2]])
    for one in (*others, *field.get("anyOf", ()), *field.get("allOf", ())):
        yield from _forms(one)


def _explained(
    document: Document,
    values: object,
    schema: dict[str, Any],
    predicates: Predicates,
    keys: Keys,
    *,
    incomplete: bool,
) -> list[Diagnostic]:
    from itertools import islice

    from specrun.spec.explain import explain
    from specrun.spec.failures import Failure, Otherwise, failures
    from specrun.spec.layout import explain_layout

    once: dict[tuple[Path, str, str | None], Failure] = {}  # two subschemas may ask the same of one value
    walked = failures(predicates, schema, values)
    if incomplete:
        walked = (failure for failure in walked if failure.keyword not in ("required", "anyOf", "minProperties"))
    for failure in islice(walked, MAX_DIAGNOSTICS):
        once.setdefault((failure.path, failure.keyword, failure.key), failure)
    found = list(once.values())
    laid_out, found = explain_layout(document, keys.places, found)
    of_keys = [failure for failure in found if failure.keyword in ("additionalProperties", "required", "anyOf")]
    told = list(keys.explain(document, of_keys)) if of_keys else []
    otherwise = Otherwise(schema, values, incomplete=incomplete)
    return laid_out + told + [explain(document, failure, otherwise) for failure in found if failure not in of_keys]


@lru_cache(maxsize=2)
def _compiled(file: str = SPEC) -> tuple[dict[str, Any], Predicates]:
    import json

    schema: dict[str, Any] = json.loads(schema_text(file))
    return schema, Predicates(schema, rules=False)


@lru_cache(maxsize=2)
def _keys(file: str = SPEC) -> Keys:
    from specrun.spec.keys import Keys

    return Keys(_compiled(file)[0])
