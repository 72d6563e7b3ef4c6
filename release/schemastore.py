"""What SchemaStore takes, so that editors know a `*.specrun.yaml` and a `.specrun.yaml` by their names.

Its copies of the schemas are draft-07, which is what its editors have in common, and without what only specrun reads
(`x-…`). No key of a section is missing in them: what a file lacks that builds on another, only specrun can say. Its own
tests want an `$id` of its own, files that fit, files that do not, and exceptions that are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from release.version import ROOT

SITE = "https://www.schemastore.org"
DRAFT = "http://json-schema.org/draft-07/schema#"
_MAPPINGS = ("properties", "definitions", "$defs")
"""Keywords whose keys are names, and no keywords."""
_DATA = ("examples", "default", "defaultSnippets", "enum", "const", "required")

SCHEMAS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "specrun": ("specrun.v1.schema.json", "Distributed training jobs for specrun", ("*.specrun.yaml", "*.specrun.yml")),
    "specrun-repository": (
        "specrun-repository.v1.schema.json",
        "What holds for every specrun file of a repository",
        (".specrun.yaml",),
    ),
}
"""The name of each there: its file here, how the catalogue calls it, and the files that it is for."""

_FITTING = {
    "specrun": ("specs/examples/*/job.yaml", "specs/examples/cluster.yaml", "docs/gitops/jobs/*.yaml"),
    "specrun-repository": ("specs/examples/*/.specrun.yaml", "docs/gitops/.specrun.yaml"),
}
_WRONG = {
    "specrun": {
        "misspelled-key": "apiVersion: specrun/v1\nname: digits\njob: {command: ls, enviroment: {pip: [torch]}}\n",
        "nothing-to-do": "apiVersion: specrun/v1\nname: digits\n",
        "tier": "apiVersion: specrun/v1\nname: digits\ncompute: {name: cpu, size: STANDARD_D4S_V3, tier: spot}\n",
    },
    "specrun-repository": {
        "misspelled-key": "enw: [DATA_ROOT]\n",
        "price": "prices: {currency: EUR, updated: 2026-11-01, STANDARD_D4S_V3: {dedicated: -1}}\n",
        "outside": "specs: [../other]\n",
    },
}


def catalogue() -> list[dict[str, Any]]:
    """The entries for its `src/api/json/catalog.json`."""
    return [
        {
            "name": "specrun" if name == "specrun" else ".specrun.yaml",
            "description": description,
            "fileMatch": list(files),
            "url": f"{SITE}/{name}.json",
        }
        for name, (_, description, files) in SCHEMAS.items()
    ]


def exceptions() -> dict[str, Any]:
    """What has to be added to its `src/schema-validation.jsonc`: a keyword of editors, and types that are left open."""
    names = [f"{name}.json" for name in SCHEMAS]
    return {
        "ajvNotStrictMode": names,
        "options": {name: {"unknownKeywords": ["patternErrorMessage"]} for name in names},
    }


def schema(name: str) -> dict[str, Any]:
    """Its copy of a schema."""
    file = SCHEMAS[name][0]
    whole = json.loads((ROOT / "schemas" / file).read_text(encoding="utf-8"))
    copied: dict[str, Any] = {
        **_draft_07(_open(whole)),
        **_draft_07({"else": whole["else"]} if "else" in whole else {}),
    }
    return {**copied, "$schema": DRAFT, "$id": f"{SITE}/{name}.json", "$comment": f"Made from specrun's {file}."}


def files() -> Iterator[tuple[str, str]]:
    """Every file of a submission, as its path there and its text."""
    for name in SCHEMAS:
        yield f"src/schemas/json/{name}.json", _json(schema(name))
        pragma = f"# yaml-language-server: $schema=../../schemas/json/{name}.json\n"
        for pattern in _FITTING[name]:
            for file in sorted(ROOT.glob(pattern)):
                text = file.read_text(encoding="utf-8")
                yield f"src/test/{name}/{_flat(file)}", pragma + text.removeprefix(_first_comment(text))
        for wrong, text in _WRONG[name].items():
            yield f"src/negative_test/{name}/{wrong}.yaml", pragma + text
    yield "catalog-entries.json", _json(catalogue())
    yield "schema-validation-entries.json", _json(exceptions())


def write(folder: Path) -> list[Path]:
    """Write the files of a submission below a folder."""
    written = []
    for name, text in files():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        written.append(path)
    return written


def _open(value: Any) -> Any:
    """A schema in which no key is missing: what builds on another file lacks what stands there. Conditions stay."""
    if isinstance(value, list):
        return [_open(one) for one in value]
    if not isinstance(value, dict):
        return value
    choices = [set(one) - {"$comment"} for one in value.get("anyOf", ()) if isinstance(one, dict)]
    only_keys = bool(choices) and all(keys == {"required"} for keys in choices)
    left_out = {"anyOf" if only_keys else "", "required" if isinstance(value.get("required"), list) else ""}
    kept = {key: inner for key, inner in value.items() if key not in left_out}
    return {key: inner if key in ("if", "not", *_DATA) else _open(inner) for key, inner in kept.items()}


def _draft_07(value: Any, *, names: bool = False) -> Any:
    """A schema, or a part of one, as draft-07 has it: a `$ref` stands alone there."""
    if isinstance(value, list):
        return [_draft_07(one) for one in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for key, inner in value.items():
        if names:
            found[key] = _draft_07(inner)
        elif key in _DATA:
            found[key] = inner
        elif not key.startswith("x-"):
            found["definitions" if key == "$defs" else key] = _draft_07(inner, names=key in _MAPPINGS)
    if not names and isinstance(reference := found.get("$ref"), str):
        found["$ref"] = reference = reference.replace("#/$defs/", "#/definitions/")
        if len(found) > 1:
            del found["$ref"]
            found["allOf"] = [{"$ref": reference}, *found.get("allOf", [])]
    return found


def _flat(file: Path) -> str:
    return "-".join(file.relative_to(ROOT).parts[1:]).lstrip(".").replace("-.", "-")


def _first_comment(text: str) -> str:
    """The first line, where that says which schema an editor has to take."""
    line = text.partition("\n")[0] + "\n"
    return line if line.startswith("# yaml-language-server:") else ""


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
