"""Why a value does not fit a schema: each keyword that refuses it, with the place and the field's description.

The compiled predicates say which branches to look into, so that this walks no further than where something is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from specrun.spec.diagnostics import Path
from specrun.spec.frozen import dataclass
from specrun.spec.predicate import Predicates, Schema

_SINGLE = (
    "type",
    "enum",
    "const",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "minItems",
    "minProperties",
    "maxProperties",
    "not",
)


_LACKS = ("required", "anyOf", "minProperties", "minItems")
"""The keywords that refuse what is not all there."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A keyword that refuses the value at `path`.

    `schema` is where the keyword stands, `field` the subschema that describes the value for people. `key` is the name
    that is missing (required), unknown (additionalProperties) or refused (propertyNames).
    """

    path: Path
    keyword: str
    schema: Mapping[str, Any]
    field: Mapping[str, Any]
    value: Any
    key: str | None = None


def bound(failure: Failure) -> str:
    """What a number is: `at least 1`, `more than 0` or `at most 99`."""
    words = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}[failure.keyword]
    return f"{words} {failure.schema[failure.keyword]:,}"


class Otherwise:
    """What a schema, its rules among it, would say of a document if something else stood at one of its places.

    Of what is `incomplete` nothing is needed: it may stand in another file.
    """

    def __init__(self, schema: Mapping[str, Any], values: Any, *, incomplete: bool) -> None:
        self._schema = schema
        self._values = values
        self._incomplete = incomplete

    @cached_property
    def _predicates(self) -> Predicates:
        return Predicates(self._schema)

    def fits(self, path: Path, value: Any) -> bool:
        """Whether a value would be right at a path."""
        found = failures(self._predicates, self._schema, _changed(self._values, path, lambda _: value))
        return not any(failure.path[: len(path)] == path for failure in found)

    def is_needed(self, path: Path) -> bool:
        """Whether what stands at a path has to stand there."""
        if self._incomplete:
            return False
        *above, last = path
        without = _changed(self._values, tuple(above), lambda inside: _left_out(inside, last))
        return bool(self._missing(without, tuple(above)) - self._missing(self._values, tuple(above)))

    def _missing(self, values: Any, path: Path) -> set[tuple[str, str | None]]:
        """What the mapping or list at a path lacks."""
        found = (failure for failure in failures(self._predicates, self._schema, values) if failure.path == path)
        return {(one.keyword, one.key) for one in found if one.keyword in _LACKS}


def failures(predicates: Predicates, schema: Schema, value: Any, path: Path = ()) -> Iterator[Failure]:
    """Every failure of the value at `path`."""
    return _Walk(predicates).visit(schema, value, path, {})


def _changed(values: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    """The same values but for what stands at a path."""
    if not path:
        return change(values)
    step, *below = path
    inside = _changed(values[step], tuple(below), change)
    if isinstance(values, list):
        assert isinstance(step, int)
        return [*values[:step], inside, *values[step + 1 :]]
    return {**values, step: inside}


def _left_out(values: Any, step: str | int) -> Any:
    if isinstance(values, list):
        return [value for index, value in enumerate(values) if index != step]
    return {name: value for name, value in values.items() if name != step}


class _Walk:
    def __init__(self, predicates: Predicates) -> None:
        self._predicates = predicates

    def visit(self, schema: Schema, value: Any, path: Path, field: Mapping[str, Any]) -> Iterator[Failure]:
        if not self._predicates.of(schema)(value):
            yield from self._refused(schema, value, path, field)

    def _refused(self, schema: Schema, value: Any, path: Path, field: Mapping[str, Any]) -> Iterator[Failure]:
        """The failures of a value that the schema is known to refuse."""
        if isinstance(schema, bool):
            return
        if not field and "description" in schema:
            field = schema
        for keyword in _SINGLE:
            if keyword in schema and not self._predicates.keyword(schema, keyword)(value):
                yield Failure(path, keyword, schema, field, value)
        if "$ref" in schema:
            yield from self.visit(self._predicates.definition(schema["$ref"]), value, path, field)
        for member in schema.get("allOf", ()):
            yield from self.visit(member, value, path, field)
        if "anyOf" in schema:
            yield from self._none_of(schema, value, path, field)
        if "if" in schema:
            branch = "then" if self._predicates.of(schema["if"])(value) else "else"
            yield from self.visit(schema.get(branch, True), value, path, field)
        if isinstance(value, dict):
            yield from self._mapping(schema, value, path, field)
        elif isinstance(value, list) and "items" in schema:
            for index, item in enumerate(value):
                yield from self.visit(schema["items"], item, (*path, index), {})

    def _none_of(
        self, schema: Mapping[str, Any], value: Any, path: Path, field: Mapping[str, Any]
    ) -> Iterator[Failure]:
        """Keys one of which must stand there fail as one; of several forms the first is the usual one."""
        if self._predicates.keyword(schema, "anyOf")(value):
            return
        usual = schema["anyOf"][0]
        if "required" in usual:
            yield Failure(path, "anyOf", schema, field, value)
        else:
            yield from self.visit(usual, value, path, field)

    def _mapping(
        self, schema: Mapping[str, Any], value: dict[str, Any], path: Path, field: Mapping[str, Any]
    ) -> Iterator[Failure]:
        for name in schema.get("required", ()):
            if name not in value:
                yield Failure(path, "required", schema, field, value, name)
        names = schema.get("propertyNames", True)
        properties = schema.get("properties", {})
        others = schema.get("additionalProperties", True)
        for name, member in value.items():
            if not self._predicates.of(names)(name):
                yield Failure(path, "propertyNames", names, field, value, name)
            if name not in properties and others is False:
                yield Failure(path, "additionalProperties", schema, field, value, name)
                continue
            described = properties.get(name, others)
            if not self._predicates.of(described)(member):  # asked here: most members fit, and a generator costs more
                yield from self._refused(described, member, (*path, name), {})
