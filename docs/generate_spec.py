"""Writes docs/spec.md, the reference of the spec, from the published schema.

`python docs/generate_spec.py` writes it, with `--check` it only says (exit 1) whether the file is what it would write.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pages import deliver

from specrun.spec.env_names import AZURE, RUNNERS
from specrun.spec.wording import examples

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "schemas" / "specrun.v1.schema.json"
REPOSITORY_SCHEMA = ROOT / "schemas" / "specrun-repository.v1.schema.json"
PAGE = ROOT / "docs" / "spec.md"

# ruff: noqa: E501 - a table's row is one line
INTRODUCTION = """\
# The spec

<!-- Written by docs/generate_spec.py from schemas/specrun.v1.schema.json: change those. -->

One YAML file describes everything a training job needs. Required are `apiVersion`, `name` and one of `job`, `compute`,
`datastores` and `data`; all else may be left out. **A field left out is not compared and not changed**; the defaults
below are for making something new. Field names are those of the Azure ML CLI v2 wherever it has one.

```yaml
# yaml-language-server: $schema=schemas/specrun.v1.schema.json
apiVersion: specrun/v1
name: digits
vars: {steps: 200}
job:
  code: src
  command: python train.py --steps ${{ vars.steps }}
```

With that first line (the schema's path or address) an editor with the YAML language server completes and explains each field. `specrun schema` prints
the schema. What a file is called does not matter: any YAML with that `apiVersion` is a spec, so `digits.specrun.yaml` is one as `job.yaml` is. A file is YAML 1.2: `yes`, `no`, `on` and `off` are text, and a key may stand only once in a mapping.

## Expressions

| Expression | Stands for | Where |
| --- | --- | --- |
| `${{ vars.NAME }}` | an entry of `vars`, or what `--var NAME=VALUE` says | anywhere |
| `${{ env.NAME }}` | a variable of the environment in which specrun runs, if [the repository](#the-file-of-a-repository) lets it be read | anywhere; where the service keeps it, no credential |
| `${{ secrets.NAME }}` | the same, masked wherever it could show | credentials; as the whole value of an environment variable; as user or password of an address below `pip` |
| `${{ inputs.NAME }}` | an input's value or path | `job.command`, `job.arguments` |
| `${{ outputs.NAME }}` | an output's path | `job.command`, `job.arguments` |

There are no functions and no conditions. A scalar that is one whole expression keeps the variable's type, so that
`worker_count: ${{ vars.workers }}` may be a number. In a command `vars` and
`env` are put in letter by letter, and `inputs` and `outputs` as one exact word, in whatever quotes they stand. Inside `{ }` and `[ ]` YAML needs quotes around an expression.
"""

REPOSITORY = """\
## The file of a repository

`.specrun.yaml` at a repository's root says what holds for all of its specs. (Outside of a repository: beside the spec, or
above it and no higher than the current folder.) It has no `apiVersion`, is no part of code and no fingerprint, and is
checked like a spec: its mistakes stop every verb that reads specs. `specrun validate .specrun.yaml` checks it alone,
`specrun schema repository` prints [its schema](../schemas/specrun-repository.v1.schema.json).

```yaml
# .specrun.yaml
specs:            # what a command without FILE means: folders, and globs
- team
- jobs/**/*.yaml
env:              # what ${{ env.NAME }} may read
- DATA_ROOT
- TEAM
rules:            # what specs must keep to: see rules.md
  max_instances: 8
  max_timeout: 8h
  lock: required  # nothing is changed without a lock
```
"""

VARIABLES = """\
### Variables that may be read

Where there is a list, and under CI (the variable `CI` is set), any other variable is an error that prints the line to
add. Known as harmless, and in need of no list, are {azure}; and what runners say of the commit, the ref, the repository,
the run and the actor:

{runners}

Whoever opens a pull request chooses some of these words: where the value of a runner's variable has signs that bash
obeys, it may not stand in `job.command`. Hand it to the job in `environment_variables`, and write `"$NAME"`.

A variable whose name ends in `TOKEN`, `SECRET`, `KEY` or `PASSWORD` (not `PUBLIC_KEY`; capitals or not) is most likely a
credential. Unless the list has it, it is refused where the service keeps what is written (the command, script and
arguments, `environment_variables`, text inputs, tags, descriptions, `display_name`, `experiment`, `docker_args`), also by
way of `vars`: write `${{{{ secrets.NAME }}}}` in `environment_variables`. Elsewhere it is a warning.

No diagnostic shows the value of a variable that `${{{{ env.NAME }}}}` read; a plan shows what would be made, and so does
what is exported.
"""

_ABOUT_PRICES = {
    "prices": " All other keys are sizes, such as `STANDARD_D4S_V3: {dedicated: 0.5}`. [More](prices.md).",
}

TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
    "array": "list",
    "null": "nothing",
}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


class Page:
    """The page, section by section, from one schema."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema

    def text(self) -> str:
        """The whole page."""
        blocks = [INTRODUCTION, "## Fields at the top\n", *self._table(self.schema)]
        for name in self.schema["properties"]:
            blocks += self._section((name,), self.schema["properties"][name])
        blocks += self._repository()
        return "\n".join(blocks).rstrip() + "\n"

    def _repository(self) -> Iterator[str]:
        page = Page(json.loads(REPOSITORY_SCHEMA.read_text(encoding="utf-8")))
        runners = "\n".join(f"- {runner}: {_listed(names)}" for runner, names in RUNNERS.items())
        yield REPOSITORY
        yield from page._table(page.schema)
        for name, field in page.schema["properties"].items():
            if "properties" in field:
                yield f"### `{name}`\n"
                yield from page._table(field)
            for inner, member in field.get("properties", {}).items():
                entry = page._entry(member) or {}
                if "required" in entry:
                    yield f"Each entry of `{name}.{inner}`:\n"
                    yield from page._table(entry)
        for name in ("prices", "price"):
            field = page.schema["$defs"][name]
            yield f"### {field['title']}\n"
            yield f"{field['description']}{_ABOUT_PRICES.get(name, '')}\n"
            yield from page._table(field)
        yield VARIABLES.format(azure=_listed(sorted(AZURE)), runners=runners)

    def _section(self, path: tuple[str, ...], field: dict[str, Any], condition: str = "") -> Iterator[str]:
        field = self._resolved(field)
        entry = self._entry(field)
        if not self._branches(field if entry is None else entry):
            return
        heading = f"{'#' * min(len(path) + 1, 4)} `{'.'.join(path)}`"
        yield f"{heading} {condition[0].lower()}{condition[1:]}\n" if condition else f"{heading}\n"
        yield from self._about(field)
        if entry is not None:
            path, field = (*path, "NAME" if "additionalProperties" in field else "NUMBER"), entry
            yield f"Each entry, `{'.'.join(path)}`: {entry['description']}\n"
        for condition, branch in self._branches(field):
            if condition:
                yield f"{condition}:\n"
            yield from self._table(branch)
        seen: dict[str, list[Any]] = {}
        for condition, branch in self._branches(field):
            for name, member in branch["properties"].items():
                if member not in seen.setdefault(name, []):
                    yield from self._section((*path, name), member, condition if seen[name] else "")
                    seen[name].append(member)

    def _about(self, field: dict[str, Any]) -> Iterator[str]:
        yield f"{field['description']}{self._engines(field)}\n"
        pattern = field.get("propertyNames", {}).get("patternErrorMessage")
        if pattern:
            yield f"Names have {pattern}.\n"

    def _table(self, branch: dict[str, Any]) -> list[str]:
        rows = ["| Field | Takes | Left out | |", "| --- | --- | --- | --- |"]
        required = branch.get("required") or branch.get("else", {}).get("required", ())  # of a spec in one file
        for name, member in branch["properties"].items():
            field = self._resolved(member)
            label = f"`{name}`" + (" **(required)**" if name in required else "")
            default = f"`{json.dumps(field['default'])}`" if "default" in field else ""
            about = f"{field['description']}{self._engines(field)} {self._example(name, field)}".strip()
            rows.append(f"| {label} | {_cell(self._takes(field))} | {default} | {_cell(about)} |")
        return ["\n".join(rows) + "\n"]

    def _takes(self, field: dict[str, Any]) -> str:
        if "enum" in field:
            return ", ".join(f"`{value}`" for value in field["enum"])
        if "type" not in field:
            inner = self._resolved(_usual(field))
            return self._takes({**inner, "x-unit": field.get("x-unit")}) if inner else "mapping"
        if field["type"] == "array" and "items" in field:
            return f"list of {self._takes(self._resolved(field['items']))}"
        types = [field["type"]] if isinstance(field["type"], str) else field["type"]
        words = ", ".join(TYPES[name] for name in types[:-1]) + (" or " if types[1:] else "") + TYPES[types[-1]]
        if "minimum" in field:
            words += f", at least {field['minimum']}"
        if field.get("x-unit") == "seconds":
            words += ", in seconds"
        return f"{words}: {field['patternErrorMessage']}" if "patternErrorMessage" in field else words

    def _branches(self, field: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """The mappings that a field may be, each under the condition that chooses it."""
        found = [("", field)] if "properties" in field else []
        while "if" in field:
            then = self._resolved(field.get("then", {}))
            if "properties" in then or "if" in then:
                nested = self._branches(then)
                found += [(_condition(field["if"]) or condition, branch) for condition, branch in nested]
            field = self._resolved(field.get("else", {}))
            if "properties" in field and "x-undecided" not in field:
                found.append(("Otherwise" if found else "", field))
        return found

    def _resolved(self, field: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in field:
            return field
        return {**self._resolved(self.schema["$defs"][field["$ref"].rpartition("/")[2]]), **field}

    def _entry(self, field: dict[str, Any]) -> dict[str, Any] | None:
        """What each entry of a mapping from names, or of a list, is."""
        for keyword in ("additionalProperties", "items"):
            if isinstance(field.get(keyword), dict):
                return self._resolved(field[keyword])
        return None

    def _engines(self, field: dict[str, Any]) -> str:
        engines = field.get("x-engines")
        return f" ({', '.join(engines)} only.)" if engines else ""

    def _example(self, name: str, field: dict[str, Any]) -> str:
        if "enum" in (_usual(field) or field):
            return ""
        return f"Example: `{name}: {_yaml(examples(field)[0])}`"


def _usual(field: dict[str, Any]) -> dict[str, Any]:
    """What stands there when it is no expression."""
    first: dict[str, Any] = field.get("anyOf", [field.get("else", {})])[0]
    return first


def _condition(schema: dict[str, Any]) -> str:
    kind = schema.get("properties", {}).get("type", {})
    if "const" in kind:
        return f"With `type: {kind['const']}`"
    if "enum" in kind:
        return "With " + " or ".join(f"`type: {value}`" for value in kind["enum"])
    if "required" in schema:
        return f"With `{schema['required'][0]}`"
    return ""


def _yaml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    if isinstance(value, str):
        plain = value and not set(value) & set("{}[],#") and ": " not in value and not value[0].isdigit()
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def page() -> str:
    """What docs/spec.md should be."""
    return Page(json.loads(SCHEMA.read_text(encoding="utf-8"))).text()


def main(arguments: list[str]) -> int:
    """Writes or checks the page."""
    return deliver(PAGE, page(), __file__, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
