"""A JSON Schema compiled to closures: a fast yes or no.

It knows the keywords that specrun's schema uses, with the meaning of draft 2020-12, and refuses any other when it
compiles. That it says what jsonschema says is a property test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any] | bool
Test: TypeAlias = Callable[[Any], bool]

ANNOTATIONS = frozenset(
    ("$schema", "$id", "$comment", "$defs", "title", "description", "default", "examples", "patternErrorMessage")
)
_TYPES: dict[str, Test] = {
    "string": lambda value: value.__class__ is str,
    "object": lambda value: value.__class__ is dict,
    "array": lambda value: value.__class__ is list,
    "boolean": lambda value: value.__class__ is bool,
    "null": lambda value: value is None,
    "number": lambda value: value.__class__ is int or value.__class__ is float,
    "integer": lambda value: value.__class__ is int or (value.__class__ is float and value.is_integer()),
}


def _always(value: object) -> bool:
    return True


def _never(value: object) -> bool:
    return False


class Predicates:
    """The tests of a schema and of each of its subschemas. With `rules` False, subschemas marked x-rule pass anything.

    Raises ValueError for a keyword that it does not know.
    """

    def __init__(self, schema: Mapping[str, Any], *, rules: bool = True) -> None:
        self._definitions: Mapping[str, Any] = schema.get("$defs", {})
        self._rules = rules
        self._tests: dict[int, Test] = {}
        self.root = self.of(schema)

    def of(self, schema: Schema) -> Test:
        """The test of a subschema (the very object that stands in the schema)."""
        if schema is True:
            return _always
        if schema is False:
            return _never
        assert not isinstance(schema, bool)
        test = self._tests.get(id(schema))
        if test is None:
            test = self._tests[id(schema)] = self._compile(schema)
        return test

    def keyword(self, schema: Mapping[str, Any], keyword: str) -> Test:
        """The test of one keyword of a subschema (one that asks for nothing of its neighbours)."""
        if keyword in _SIMPLE:
            return _SIMPLE[keyword](schema[keyword])
        return _APPLICATORS[keyword](self, schema[keyword])

    def definition(self, reference: str) -> Mapping[str, Any]:
        """The subschema that a $ref names."""
        prefix, _, name = reference.rpartition("/")
        if prefix != "#/$defs" or name not in self._definitions:
            raise ValueError(f"{reference} is not a definition of this schema")
        definition: Mapping[str, Any] = self._definitions[name]
        return definition

    def skips(self, schema: Schema) -> bool:
        """Whether the subschema is left to a rule."""
        return not self._rules and not isinstance(schema, bool) and "x-rule" in schema

    def _compile(self, schema: Mapping[str, Any]) -> Test:
        if self.skips(schema):
            return _always
        tests: list[Test] = []
        for keyword, argument in schema.items():
            if keyword in _SIMPLE:
                tests.append(_SIMPLE[keyword](argument))
            elif keyword in _APPLICATORS:
                test = _APPLICATORS[keyword](self, argument)
                if test is not _always:
                    tests.append(test)
            elif keyword not in _TOGETHER and keyword not in ANNOTATIONS and not keyword.startswith("x-"):
                raise ValueError(f"the keyword {keyword} is not supported")
        if "if" in schema:
            tests.append(self._conditional(schema))
        if "properties" in schema or "additionalProperties" in schema:
            tests.append(self._members(schema))
        return _all(tests)

    def _conditional(self, schema: Mapping[str, Any]) -> Test:
        condition = self.of(schema["if"])
        then, otherwise = self.of(schema.get("then", True)), self.of(schema.get("else", True))
        if then is _always:
            return lambda value: otherwise(value) or condition(value)  # the usual values need no look at the condition
        return lambda value: then(value) if condition(value) else otherwise(value)

    def _members(self, schema: Mapping[str, Any]) -> Test:
        known = {name: self.of(member) for name, member in schema.get("properties", {}).items()}
        other = self.of(schema.get("additionalProperties", True))

        def test(value: Any) -> bool:
            if value.__class__ is not dict:
                return True
            for name, member in value.items():  # noqa: SIM110, the loop is a quarter faster than all()
                if not known.get(name, other)(member):
                    return False
            return True

        return test

    def _names(self, schema: Schema) -> Test:
        names = self.of(schema)
        return lambda value: value.__class__ is not dict or all(map(names, value))

    def _items(self, schema: Schema) -> Test:
        items = self.of(schema)
        return lambda value: value.__class__ is not list or all(map(items, value))

    def _reference(self, reference: str) -> Test:
        return self.of(self.definition(reference))

    def _all_of(self, schemas: list[Schema]) -> Test:
        return _all([test for test in map(self.of, schemas) if test is not _always])

    def _any_of(self, schemas: list[Schema]) -> Test:
        tests = [self.of(schema) for schema in schemas]
        return lambda value: any(test(value) for test in tests)

    def _not(self, schema: Schema) -> Test:
        test = self.of(schema)
        return lambda value: not test(value)


def _all(tests: list[Test]) -> Test:
    if not tests:
        return _always
    if len(tests) == 1:
        return tests[0]
    first, second = tests[:2]
    if len(tests) == 2:
        return lambda value: first(value) and second(value)
    return lambda value: all(test(value) for test in tests)


def _type(names: str | list[str]) -> Test:
    if isinstance(names, str):
        return _TYPES[names]
    tests = [_TYPES[name] for name in names]
    return lambda value: any(test(value) for test in tests)


def _enum(allowed: list[Any]) -> Test:
    if not all(isinstance(value, str) for value in allowed):
        raise ValueError("enum and const are supported for text alone")
    texts = frozenset(allowed)
    return lambda value: value.__class__ is str and value in texts


def _pattern(pattern: str) -> Test:
    """Compiled when it is first needed: most specs need few of the patterns, and compiling one takes longer than all else."""
    search: list[Callable[[str], Any]] = []

    def test(value: Any) -> bool:
        if value.__class__ is not str:
            return True
        if not search:
            search.append(expression(pattern).search)
        return search[0](value) is not None

    return test


def expression(pattern: str) -> re.Pattern[str]:
    """The pattern as ECMA 262 means it: `$` is the end, not also the place before a last line break."""
    return re.compile(re.sub(r"(?<!\\)\$", r"\\Z", pattern))


def _is_number(value: object) -> bool:
    return value.__class__ is int or value.__class__ is float


_SIMPLE: dict[str, Callable[[Any], Test]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda value: _enum([value]),
    "pattern": _pattern,
    "minLength": lambda least: lambda value: value.__class__ is not str or len(value) >= least,
    "maxLength": lambda most: lambda value: value.__class__ is not str or len(value) <= most,
    "minimum": lambda least: lambda value: not _is_number(value) or not value < least,
    "minItems": lambda least: lambda value: value.__class__ is not list or len(value) >= least,
    "minProperties": lambda least: lambda value: value.__class__ is not dict or len(value) >= least,
    "maxProperties": lambda most: lambda value: value.__class__ is not dict or len(value) <= most,
    "required": lambda names: lambda value: value.__class__ is not dict or all(name in value for name in names),
}
_APPLICATORS: dict[str, Callable[[Predicates, Any], Test]] = {
    "$ref": Predicates._reference,
    "allOf": Predicates._all_of,
    "anyOf": Predicates._any_of,
    "not": Predicates._not,
    "items": Predicates._items,
    "propertyNames": Predicates._names,
}
_TOGETHER = frozenset(("if", "then", "else", "properties", "additionalProperties"))
