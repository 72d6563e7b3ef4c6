"""What SchemaStore takes keeps its rules, says of a file what our schemas say, and is what the document shows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from release.__main__ import main
from release.schemastore import SCHEMAS, SITE, catalogue, exceptions, files, schema
from specrun.spec.source import parse

ROOT = Path(__file__).parents[2]
SUBMISSION = dict(files())
OURS = json.loads((ROOT / "schemas/specrun.v1.schema.json").read_text(encoding="utf-8"))
CASES = sorted((ROOT / "tests/cases/schema").glob("*.yaml"))


def values(text: str) -> Any:
    document, _ = parse("x.yaml", text.encode())
    return None if document is None else document.values


def keywords(value: Any, *, names: bool = False) -> set[str]:
    """The keywords of a schema; not what stands in examples and defaults."""
    if isinstance(value, list):
        return {word for one in value for word in keywords(one)}
    if not isinstance(value, dict):
        return set()
    found = set() if names else set(value)
    for key, inner in value.items():
        if names or key not in ("examples", "default", "defaultSnippets", "enum", "const"):
            found |= keywords(inner, names=not names and key in ("properties", "definitions"))
    return found


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_keeps_the_rules_of_the_store(name: str) -> None:
    made = schema(name)
    assert made["$id"] == f"{SITE}/{name}.json"
    assert made["$schema"] == "http://json-schema.org/draft-07/schema#", "later drafts are taken as exceptions only"
    assert made["title"]
    assert made["type"] == "object"
    used = keywords(made)
    assert not [word for word in used if word.startswith("x-")]
    assert not used & {"$defs", "dependentRequired", "prefixItems", "unevaluatedProperties", "format"}
    known = {word for word in used if word in jsonschema.Draft7Validator.META_SCHEMA["properties"]}
    unknown = exceptions()["options"][f"{name}.json"]["unknownKeywords"]
    assert used - known - {"defaultSnippets"} == set(unknown), "the store knows defaultSnippets"
    jsonschema.Draft7Validator.check_schema(made)


def test_files_that_fit_do_and_those_that_do_not_do_not() -> None:
    for path, text in SUBMISSION.items():
        if found := re.fullmatch(r"src/(test|negative_test)/([a-z-]+)/[\w-]+\.yaml", path):
            first = text.partition("\n")[0]
            assert first == f"# yaml-language-server: $schema=../../schemas/json/{found[2]}.json"
            fits = jsonschema.Draft7Validator(schema(found[2])).is_valid(values(text))
            assert fits == (found[1] == "test"), path
    assert sum(path.startswith("src/test/") for path in SUBMISSION) >= 10


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_the_copy_says_of_a_spec_what_the_schema_says_but_for_keys_that_another_file_may_have(file: Path) -> None:
    value = values(file.read_text())
    ours = jsonschema.Draft202012Validator(OURS)
    missing = all(_is_missing(error) for error in ours.iter_errors(value))
    fits = jsonschema.Draft7Validator(schema("specrun")).is_valid(value)
    assert fits == (missing and (ours.is_valid(value) or fits))


def _is_missing(error: jsonschema.ValidationError) -> bool:
    """Whether nothing is wrong but that keys of a section are not there."""
    inner = error.context or ()
    return error.validator == "required" or (bool(inner) and all(map(_is_missing, inner)))


def test_what_builds_on_another_file_need_not_have_what_stands_there() -> None:
    fits = jsonschema.Draft7Validator(schema("specrun")).is_valid
    above = {"apiVersion": "specrun/v1", "name": "digits", "extends": "base.yaml"}
    assert fits({**above, "compute": {"max_instances": 3}, "job": {"limits": {"timeout": 60}}})
    assert fits({**above, "job": {"distribution": {"worker_count": 2}}})
    assert not fits({**above, "job": {"limits": {"timeouts": 60}}})


def test_entries_keep_the_rules_of_the_catalogue() -> None:
    entries = catalogue()
    assert [entry["fileMatch"] for entry in entries] == [["*.specrun.yaml", "*.specrun.yml"], [".specrun.yaml"]]
    for entry in entries:
        for text in (entry["name"], entry["description"]):
            assert "schema" not in text.lower()
            assert not re.search(r"[,. \t\n-]$", text)
    assert len({entry["name"] for entry in entries}) == len(entries)


def test_it_is_written_and_the_document_shows_the_entries(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schemastore", str(tmp_path)]) == 0
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()} == set(SUBMISSION)
    assert str(tmp_path / "catalog-entries.json") in capsys.readouterr().out
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = re.search(r"```json\n(\[.*?\])\n```", page, re.DOTALL)
    assert shown is not None
    assert json.loads(shown[1]) == catalogue()
