"""The compiled schema against jsonschema, on values made from the schema and then broken."""

from __future__ import annotations

import copy
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from specrun.spec.failures import failures
from specrun.spec.predicate import Predicates, expression
from specrun.spec.schema import REPOSITORY, SPEC, schema, schema_text
from specrun.spec.wording import examples

SCHEMA = schema()


def ecma_pattern(validator, pattern, instance, _):
    """jsonschema takes Python's `$`, which also matches before a last line break; JSON Schema means ECMA's."""
    if validator.is_type(instance, "string") and not expression(pattern).search(instance):
        yield ValidationError("pattern")


def without_rules(node):
    if isinstance(node, dict):
        return {key: without_rules(value) for key, value in node.items()} if "x-rule" not in node else {}
    return [without_rules(item) for item in node] if isinstance(node, list) else node


Validator = extend(Draft202012Validator, {"pattern": ecma_pattern})
JUDGES = {
    True: (Predicates(SCHEMA, rules=True), SCHEMA, Validator(SCHEMA)),
    False: (Predicates(SCHEMA, rules=False), SCHEMA, Validator(without_rules(SCHEMA))),
}
NAMES = sorted(set(re.findall(r'"(\w+)": \{', json.dumps(SCHEMA))))
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 3),
    st.floats(allow_nan=True, allow_infinity=True, width=16),
    st.sampled_from(
        [
            "",
            "x",
            "a b",
            "name\n",
            "tensorflow",
            "azure_file",
            "2",
            "${{ env.X }}",
            "a${{ vars.x }}",
            "${{ secrets.S }}",
        ]
    ),
    st.text(max_size=4),
    st.just([]),
    st.just({}),
    st.just(["a", 1]),
    st.just({"type": "mpi"}),
    st.just({"data": "d"}),
).map(copy.deepcopy)


@st.composite
def fitting(draw, node, depth=0):
    """A value made from a schema's own examples, defaults and branches; mostly one that fits."""
    if node is True:
        return draw(JUNK)
    if "$ref" in node and not examples(node):
        return draw(fitting(SCHEMA["$defs"][node["$ref"].rpartition("/")[2]], depth))
    known = [*examples(node), *node.get("anyOf", [node])[0].get("enum", [])]
    known += [node["default"]] if "default" in node else []
    members = dict(node.get("properties", {}))
    branch = node
    while "if" in branch and not members:
        branch = branch[draw(st.sampled_from([name for name in ("then", "else") if name in branch]))]
        if "$ref" in branch:
            branch = SCHEMA["$defs"][branch["$ref"].rpartition("/")[2]]
        members = dict(branch.get("properties", {}))
        known += branch.get("enum", [])
    if members and (not known or draw(st.booleans())):
        wanted = {*branch.get("required", ()), *draw(st.sets(st.sampled_from(sorted(members)), max_size=5))}
        return {name: draw(fitting(members[name], depth + 1)) for name in sorted(wanted)}
    others = node.get("additionalProperties")
    if isinstance(others, dict) and draw(st.booleans()):
        return {
            name: draw(fitting(others, depth + 1))
            for name in draw(st.lists(st.sampled_from(["a", "b_1", "--c"]), max_size=2))
        }
    return copy.deepcopy(draw(st.sampled_from(known))) if known else draw(JUNK)


@st.composite
def broken(draw):
    """A document from the schema with up to three random changes anywhere in it."""
    document = draw(fitting({key: SCHEMA[key] for key in ("properties",)} | SCHEMA["else"]))
    for _ in range(draw(st.integers(0, 3))):
        container = document
        while True:
            keys = list(container) if isinstance(container, dict) else list(range(len(container)))
            inner = [key for key in keys if isinstance(container[key], (dict, list)) and container[key]]
            if not inner or draw(st.integers(0, 2)) == 0:
                break
            container = container[draw(st.sampled_from(inner))]
        change = draw(st.sampled_from(["value", "key", "drop", "rename"]))
        key = draw(st.sampled_from(keys)) if keys else None
        if change == "key" and isinstance(container, dict):
            container[draw(st.sampled_from([*NAMES, "x-y", "1a", ""]))] = draw(JUNK)
        elif key is not None and change == "drop":
            del container[key]
        elif key is not None and change == "rename" and isinstance(container, dict):
            container[f"{key}{draw(st.sampled_from(['s', ' ', '-']))}"] = container.pop(key)
        elif key is not None:
            container[key] = draw(JUNK)
    return document


@settings(max_examples=300, deadline=None)
@given(broken(), st.booleans())
def test_predicate_and_failures_are_those_of_jsonschema(document, rules):
    predicates, root, validator = JUDGES[rules]
    assert predicates.root(document) == validator.is_valid(document)
    found = {
        (f.path, "pattern" if f.keyword == "propertyNames" else f.keyword) for f in failures(predicates, root, document)
    }
    assert found == set(said(validator.iter_errors(document)))


def said(errors):
    """jsonschema's errors: of several forms that a value may have those of the usual one, which comes first."""
    for error in errors:
        if error.validator == "anyOf" and "required" not in error.validator_value[0]:
            yield from said(one for one in error.context if one.schema_path[0] == 0)
        else:
            yield tuple(error.absolute_path), error.validator


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        JUNK, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    )
)
def test_predicate_is_that_of_jsonschema_on_any_value(value):
    for predicates, _, validator in JUDGES.values():
        assert predicates.root(value) == validator.is_valid(value)


@pytest.mark.parametrize(
    "keyword", ["oneOf", "patternProperties", "format", "multipleOf", "exclusiveMaximum", "$dynamicRef"]
)
def test_keyword_that_is_not_supported_is_refused(keyword):
    with pytest.raises(ValueError, match="not supported"):
        Predicates({"properties": {"a": {keyword: []}}}).root({"a": 1})


@pytest.mark.parametrize(
    "node",
    [
        {"enum": [1]},
        {"const": None},
        {"type": ["string", "nothing"]},
        {"$ref": "#/$defs/none"},
        {"$ref": "https://example.com"},
    ],
)
def test_meaning_that_is_not_supported_is_refused(node):
    with pytest.raises(ValueError, match=r"supported|not a definition"):
        Predicates({"properties": {"a": node}}).root({"a": 1})


@pytest.mark.parametrize("file", [SPEC, REPOSITORY])
def test_the_schemas_have_nothing_that_is_not_supported(file):
    whole = json.loads(schema_text(file))
    predicates = Predicates(whole)

    def compile_all(node):
        if isinstance(node, dict):
            for member in node.get("properties", {}).values():
                predicates.of(member)
        for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            compile_all(inner)

    compile_all(whole)


def test_dollar_is_the_end_even_before_a_line_break():
    assert expression("^a$").search("a")
    assert not expression("^a$").search("a\n")
    assert expression(r"^\$a$").search("$a")
