"""A JSON Schema compiled to closures: a fast yes or no.

It knows the keywords that specrun's schemas use, with the meaning of draft 2020-12, and refuses any other, of a
property when a value has that. That it says what jsonschema says is a property test. Keywords about one type become one
closure together with `type`: calls are what costs here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any] | bool
Test: TypeAlias = Callable[[Any], bool]

_CLASSES: dict[str, frozenset[type]] = {
    "string": frozenset((str,)),
    "object": frozenset((dict,)),
    "array": frozenset((list,)),
    "boolean": frozenset((bool,)),
    "null": frozenset((type(None),)),
    "number": frozenset((int, float)),
}
_OF_TEXT = ("minLength", "maxLength", "pattern")
_OF_MAPPINGS = ("properties", "additionalProperties", "required", "propertyNames", "minProperties", "maxProperties")
_OF_LISTS = ("items", "minItems")
_OF_NUMBERS = ("minimum", "exclusiveMinimum", "maximum")
_ELSE = ("type", "enum", "const", "if", "then", "else", "allOf", "anyOf", "not", "$ref")
_ANNOTATIONS = (
    "$schema",
    "$id",
    "$comment",
    "$defs",
    "title",
    "description",
    "default",
    "examples",
    "defaultSnippets",
    "patternErrorMessage",
)
_KNOWN = frozenset((*_OF_TEXT, *_OF_MAPPINGS, *_OF_LISTS, *_OF_NUMBERS, *_ELSE, *_ANNOTATIONS))


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
        self._keywords: dict[tuple[int, str], Test] = {}
        self.root = self.of(schema)

    def of(self, schema: Schema) -> Test:
        """The test of a subschema (the very object that stands in the schema)."""
        if isinstance(schema, bool):
            return _always if schema else _never
        test = self._tests.get(id(schema))
        if test is None:
            test = self._tests[id(schema)] = self._compile(schema)
        return test

    def keyword(self, schema: Mapping[str, Any], keyword: str) -> Test:
        """The test of one keyword of a subschema."""
        place = (id(schema), keyword)
        test = self._keywords.get(place)
        if test is None:
            test = self._keywords[place] = self._compile({keyword: schema[keyword]})
        return test

    def definition(self, reference: str) -> Mapping[str, Any]:
        """The subschema that a $ref names."""
        prefix, _, name = reference.rpartition("/")
        if prefix != "#/$defs" or name not in self._definitions:
            raise ValueError(f"{reference} is not a definition of this schema")
        definition: Mapping[str, Any] = self._definitions[name]
        return definition

    def _compile(self, schema: Mapping[str, Any]) -> Test:
        unknown = [keyword for keyword in schema if keyword not in _KNOWN and not keyword.startswith("x-")]
        if unknown:
            raise ValueError(f"the keywords {unknown} are not supported")
        if "x-rule" in schema and not self._rules:
            return _always
        kind = schema.get("type")
        tests: list[Test] = []
        if kind == "string" or any(keyword in schema for keyword in _OF_TEXT):
            tests.append(_text(schema, others=kind != "string"))
        if kind == "object" or any(keyword in schema for keyword in _OF_MAPPINGS):
            tests.append(self._mapping(schema, others=kind != "object"))
        if kind in ("integer", "number") or any(keyword in schema for keyword in _OF_NUMBERS):
            tests.append(_number(schema, kind))
        if kind in ("array", "boolean") or isinstance(kind, list):
            tests.append(_types(kind))
        if any(keyword in schema for keyword in _OF_LISTS):
            tests.append(self._items(schema))
        if "enum" in schema or "const" in schema:
            tests.append(_enum(schema))
        tests += self._applied(schema)
        return _all(tests)

    def _applied(self, schema: Mapping[str, Any]) -> list[Test]:
        tests = [self.of(member) for member in schema.get("allOf", ())]
        if "$ref" in schema:
            tests.append(self.of(self.definition(schema["$ref"])))
        if "if" in schema:
            tests.append(self._conditional(schema))
        if "anyOf" in schema:
            tests.append(_any([self.of(member) for member in schema["anyOf"]]))
        if "not" in schema:
            refused = self.of(schema["not"])
            tests.append(lambda value: not refused(value))
        return [test for test in tests if test is not _always]

    def _conditional(self, schema: Mapping[str, Any]) -> Test:
        condition = self.of(schema["if"])
        then, otherwise = self.of(schema.get("then", True)), self.of(schema.get("else", True))
        if then is _always:
            return lambda value: otherwise(value) or condition(value)  # the usual value needs no look at the condition
        return lambda value: then(value) if condition(value) else otherwise(value)

    def _mapping(self, schema: Mapping[str, Any], *, others: bool) -> Test:
        members = schema.get("properties", {})
        known: dict[str, Test] = {}
        other = self.of(schema.get("additionalProperties", True))
        named = self.of(schema.get("propertyNames", True))
        required = frozenset(schema.get("required", ()))
        least, most = schema.get("minProperties", 0), schema.get("maxProperties", float("inf"))
        bounded = "minProperties" in schema or "maxProperties" in schema

        def met(name: str) -> Test:
            # A spec has a few of all the keys there are: compiling them all takes longer than the rest.
            if name not in members:
                return other
            known[name] = self.of(members[name])
            return known[name]

        def test(value: Any) -> bool:
            if value.__class__ is not dict:
                return others
            if not required <= value.keys() or (bounded and not least <= len(value) <= most):
                return False
            if named is not _always and not all(map(named, value)):
                return False
            for name, member in value.items():  # noqa: SIM110 - a quarter faster than all()
                if not (known.get(name) or met(name))(member):
                    return False
            return True

        return test

    def _items(self, schema: Mapping[str, Any]) -> Test:
        items, least = self.of(schema.get("items", True)), schema.get("minItems", 0)
        return lambda value: value.__class__ is not list or (len(value) >= least and all(map(items, value)))


def expression(pattern: str) -> re.Pattern[str]:
    """The pattern as ECMA 262 means it: `$` is the end, not also the place before a last line break."""
    return re.compile(re.sub(r"(?<!\\)\$", r"\\Z", pattern))


def _text(schema: Mapping[str, Any], *, others: bool) -> Test:
    least, most, pattern = schema.get("minLength", 0), schema.get("maxLength"), schema.get("pattern")
    if most is None and pattern is None and not others:
        return lambda value: value.__class__ is str and len(value) >= least
    search: Callable[[str], Any] | None = None

    def test(value: Any) -> bool:
        nonlocal search
        if value.__class__ is not str:
            return others
        if len(value) < least or (most is not None and len(value) > most):
            return False
        if pattern is None:
            return True
        if search is None:  # a spec needs few of the patterns, and compiling them all takes longer than the rest
            search = expression(pattern).search
        return search(value) is not None

    return test


def _number(schema: Mapping[str, Any], kind: object) -> Test:
    least = schema.get("minimum", float("-inf"))
    above, most = schema.get("exclusiveMinimum"), schema.get("maximum")
    others = kind not in ("integer", "number")

    def test(value: Any) -> bool:
        if value.__class__ is int:
            return bool(value >= least)
        if value.__class__ is float:
            return not value < least and (kind != "integer" or value.is_integer())
        return others

    if above is None and most is None:
        return test
    return lambda value: (
        test(value)
        and (
            value.__class__ not in (int, float)
            or ((above is None or not value <= above) and (most is None or not value > most))
        )
    )


def _types(kind: str | list[str]) -> Test:
    names = [kind] if isinstance(kind, str) else kind
    if not _CLASSES.keys() >= set(names):
        raise ValueError(f"the types {names} are not supported")
    classes = frozenset[type]().union(*(_CLASSES[name] for name in names))
    return lambda value: value.__class__ in classes


def _enum(schema: Mapping[str, Any]) -> Test:
    allowed = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())]
    if ("enum" in schema) == ("const" in schema) or not all(isinstance(value, str) for value in allowed):
        raise ValueError("enum and const are supported one at a time, and for text alone")
    texts = frozenset(allowed)
    return lambda value: value.__class__ is str and value in texts


def _any(tests: list[Test]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda value: first(value) or second(value)
    return lambda value: any(test(value) for test in tests)


def _all(tests: list[Test]) -> Test:
    if not tests:
        return _always
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda value: first(value) and second(value)
    return lambda value: all(test(value) for test in tests)
