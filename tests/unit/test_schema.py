"""The schema says no where it should, once, at the right place; its compiled form says what jsonschema says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from specrun.spec import schema
from specrun.spec.codes import CODES
from specrun.spec.diagnostics import Severity
from specrun.spec.source import parse, read
from specrun.spec.wording import examples

CASES = Path(__file__).parents[1] / "cases" / "schema"
EXPECTED = re.compile(r"^# expect: (\d+):(\d+) (\S+)$", re.MULTILINE)


def diagnostics(file):
    document, found = read(str(file))
    found = list(found)
    if document is not None:
        found += schema.check(document, document.values)
    return found


def details(text):
    document, found = parse("spec.yaml", text.encode())
    assert not found
    return [d.detail for d in schema.check(document, document.values)]


@pytest.mark.parametrize("file", sorted(CASES.glob("*.yaml")), ids=lambda file: file.stem)
def test_case_has_exactly_the_mistakes_that_it_names(file):
    text = file.read_text()
    expected = sorted((int(line), int(column), code) for line, column, code in EXPECTED.findall(text))
    found = sorted((d.location.line, d.location.column, d.code) for d in diagnostics(file))
    assert found == expected
    assert file.stem.startswith("ok-") == (not expected)


@pytest.mark.parametrize("file", sorted(CASES.glob("*.yaml")), ids=lambda file: file.stem)
def test_each_diagnostic_is_whole(file):
    lines = file.read_text().split("\n")
    for d in diagnostics(file):
        assert d.severity is Severity.ERROR
        assert d.summary == CODES[d.code].summary
        assert d.detail[-1] in ".`…", d.detail
        assert "None" not in d.detail
        assert d.location.length >= 1
        assert d.location.column + d.location.length <= len(lines[d.location.line - 1]) + 2
        assert d.location.text in (lines[d.location.line - 1], re.sub("abc|def", "***", lines[d.location.line - 1]))


JOB = "apiVersion: specrun/v1\nname: t\njob:\n  command: x\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (JOB + "compute: {name: gpu, vm_size: STANDARD_NC6S_V3}\n", ["SDK v1", "write `size: STANDARD_NC6S_V3`"]),
        (JOB + "compute: {name: gpu, vm_priority: lowpriority}\n", ["write `tier: low_priority`"]),
        (
            JOB + "compute: {name: gpu, tier: lowpriority}\n",
            ["`dedicated` or `low_priority`", "Write `tier: low_priority`"],
        ),
        (JOB + "  node_count: 2\n", ["`job.resources.instance_count`", "`instance_count: 2` under `job.resources`"]),
        (JOB + "  experiment_name: e\n", ["write `experiment: e` at the top"]),
        (JOB + "  resources: {instance_count: '2'}\n", ["a whole number", "Write `instance_count: 2`"]),
        (JOB + "  limits: {timeout: P1DT2H}\n", ["Write `timeout: 93600`"]),
        (JOB + "  environment: {framework: tensorflow, version: 2.10}\n", ['Write `version: "2.10"`']),
        (JOB + "  distribution: {type: pytorch, worker_count: 1}\n", ["does not go with `type: pytorch`"]),
        ("apiVersion: specrun/v1\nname: My Job\njob: {command: x}\n", ['"my-job" could']),
        (JOB + "  resources: {gpu: yes}\n", ["In YAML 1.2 yes is text", "`gpu: true`"]),
    ],
)
def test_detail_says_what_to_write(text, words):
    (detail,) = details(text)
    for word in words:
        assert word in detail


@pytest.mark.parametrize("key", ["account_key", "accountKey", "credentials: {account_key: [x", "sas_token"])
def test_detail_and_line_never_show_a_credential(key):
    closing = "]}" if "[" in key else ""
    text = f"apiVersion: specrun/v1\nname: t\ndatastores:\n  s:\n    {key}: canary123{closing}\n"
    text = text.replace("[x: canary123", "[canary123")
    document, _ = parse("spec.yaml", text.encode())
    found = schema.check(document, document.values)
    assert found
    for d in found:
        assert "canary123" not in d.detail
        assert "canary123" not in d.location.text


def test_spec_with_thousands_of_mistakes_is_told_about_some_in_bounded_time():
    text = JOB + "".join(f"k{n}: 1\n" for n in range(50_000))
    document, _ = parse("spec.yaml", text.encode())
    assert len(schema.check(document, document.values)) == schema.MAX_DIAGNOSTICS


def test_schema_is_valid_draft_2020_12():
    Draft202012Validator.check_schema(schema.schema())


def test_schema_text_is_the_published_file():
    published = Path(__file__).parents[2] / "schemas" / "specrun.v1.schema.json"
    assert schema.schema_text() == published.read_text(encoding="utf-8")
    assert json.loads(schema.schema_text()) == schema.schema()


def fields(node, path=()):
    """Every described field of the schema, and every property."""
    if not isinstance(node, dict):
        return
    for name, member in node.get("properties", {}).items():
        yield (*path, name), member
        yield from fields(member, (*path, name))
    for keyword in ("then", "else", "if", "items", "additionalProperties"):
        yield from fields(node.get(keyword), (*path, keyword))


def usual(field):
    """What stands there when it is no expression."""
    return field.get("anyOf", [{}])[0]


def resolved(field):
    if "$ref" in field:
        return {**schema.schema()["$defs"][field["$ref"].rpartition("/")[2]], **field}
    return field


def all_fields():
    root = schema.schema()
    places = [((), root), *((("$defs", name), node) for name, node in root["$defs"].items())]
    for path, node in places:
        for where, field in fields(node, path):
            if isinstance(field, dict) and "const" not in field and "if" not in where and field.keys() != {"enum"}:
                yield where, resolved(field)


@pytest.mark.parametrize(
    ("path", "field"), list(all_fields()), ids=lambda part: ".".join(part) if isinstance(part, tuple) else ""
)
def test_each_field_explains_itself_and_its_examples_fit(path, field):
    assert {"title", "description"} <= field.keys()
    assert examples(field)
    assert field["description"][-1] in ".…}"
    validator = Draft202012Validator({**field, "$defs": schema.schema()["$defs"]})
    for example in [*examples(field), *([field["default"]] if "default" in field else [])]:
        validator.validate(example)


@pytest.mark.parametrize("path", [path for path, field in all_fields() if "pattern" in json.dumps(usual(field))])
def test_each_pattern_has_its_rule_in_words(path):
    (field,) = {json.dumps(f): f for p, f in all_fields() if p == path}.values()
    assert "patternErrorMessage" in json.dumps(usual(field))


def described(node, path=()):
    """The description that an editor shows at each path; `*` is a name that people choose, `[]` a place in a list."""
    if not isinstance(node, dict):
        return
    node = resolved(node)
    if path and "if" not in path and "description" in node:
        yield path, node["description"]
    for name, member in node.get("properties", {}).items():
        assert isinstance(member, dict), f"{path}: an editor can say nothing of {name}"
        yield from described(member, (*path, name))
    for keyword, step in (("additionalProperties", "*"), ("items", "[]")):
        yield from described(node.get(keyword), (*path, step))
    for keyword in ("then", "else"):
        yield from described(node.get(keyword), path)


def test_each_property_at_each_path_has_a_description_of_its_own():
    by_text = {}
    for path, text in described({key: value for key, value in schema.schema().items() if key != "allOf"}):
        by_text.setdefault(text, set()).add(path)
    assert len(by_text) > 100
    tags = {("compute", "tags", "*"), ("job", "tags", "*")}
    assert [paths for paths in by_text.values() if len(paths) > 1] == [tags]


def test_an_editor_offers_no_value_that_it_cannot_name():
    """yaml-language-server calls an example that is a mapping `[object Object]`."""
    assert '"examples": [{' not in schema.schema_text()
    assert len([field for _, field in all_fields() if "defaultSnippets" in field]) > 20
