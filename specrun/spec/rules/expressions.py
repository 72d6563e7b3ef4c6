"""Expressions as people write them: what is nearly one and stands for nothing, and variables that none names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from specrun.spec import codes
from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.expressions import OF_A_RUN, references
from specrun.spec.rules.subject import Subject, is_known, mapping
from specrun.spec.source import scalars

if TYPE_CHECKING:
    from specrun.spec.source import Document

Almost: TypeAlias = "tuple[Path, str, str, str, int, int]"
"""What would be an expression with its own braces, and names what there is: path, namespace and name, the text as it is
written, and where in it that begins and ends.
"""


def almost_expressions(subject: Subject) -> Iterator[Diagnostic]:
    """`${ inputs.X }`, `$(inputs.X)` and `{{ inputs.X }}` stay as they are, and nobody knows any of them."""
    for path, namespace, name, text, start, end in almost(subject):
        written = text[start:end]
        who = {"command": "Bash gets", "arguments": "The script gets"}.get(str(path[1]) if path[0] == "job" else "")
        stays = f"{who} `{written}` as it stands." if who else f"`{written}` stays as it stands."
        detail = f"{stays} Write `${{{{ {namespace}.{name} }}}}` for what the spec declares."
        place = subject.document.inside(path, text, start, len(written))
        yield codes.diagnostic("almost-expression", detail, path, place)


def almost(subject: Subject) -> Iterator[Almost]:
    """Everything in a spec that is nearly an expression."""
    declared = {"vars": mapping(subject.values.get("vars"))}
    declared |= {namespace: mapping(subject.job.get(namespace)) for namespace in OF_A_RUN}
    declared["search_space"] = mapping(subject.sweep.get("search_space"))
    for section, values in subject.values.items():
        if section == "job":
            for key, value in subject.job.items():
                known = declared if key in ("command", "arguments") else {"vars": declared["vars"]}
                if key == "environment_variables":
                    known = {"vars": declared["vars"], "search_space": declared["search_space"]}
                yield from _in(subject, value, ("job", key), known)
        elif section != "vars" and declared["vars"]:
            yield from _in(subject, values, (section,), {"vars": declared["vars"]})


def _in(subject: Subject, value: Any, path: Path, declared: dict[str, Any]) -> Iterator[Almost]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _in(subject, child, (*path, key), declared)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _in(subject, child, (*path, index), declared)
    elif isinstance(value, str) and path[-1] != "description" and any(f"{name}." in value for name in declared):
        text = _as_written(subject, path, value)
        if all(text.count(f"{name}.") <= len(references(text, name)) for name in declared):
            return  # nearly always: whatever looks like an expression is one
        for found in _grammar().finditer(text):
            namespace, name = found["namespace"] or found["word"], found["name"] or found["of_word"]
            if name in declared.get(namespace, ()):
                yield path, namespace, name, text, found.start(), found.end()


def _as_written(subject: Subject, path: Path, value: str) -> str:
    """The text with its expressions, if it is in the spec."""
    written: Any = subject.document.values
    for step in path:
        there = isinstance(written, dict) and step in written
        if not there and not (isinstance(written, list) and isinstance(step, int) and step < len(written)):
            return value
        written = written[step]
    return written if isinstance(written, str) else value


@cache
def _grammar() -> re.Pattern[str]:
    name = r"[A-Za-z_][\w-]*"
    opened = r"(?:\$[ ]+\{\{?|\$\{(?!\{)|\$\(|\$\[\[?|(?<![${])\{\{?)"
    return re.compile(
        rf"{opened}\s*(?P<namespace>inputs|outputs|search_space|vars)\.(?P<name>{name})\s*(?:\}}\}}?|\)|\]\]?)"
        rf"|\$(?P<word>inputs|outputs|search_space|vars)\.(?P<of_word>{name})"
    )


def unused_variables(subject: Subject) -> Iterator[Diagnostic]:
    """A variable that its file declares and that nothing names: in no target, no base, and not on the command line."""
    declared = mapping(subject.values.get("vars"))
    if not declared:
        return
    named = variables_named(subject.document)
    unnamed = [name for name in declared if name not in named and name not in subject.variables]
    if not unnamed or not is_known(subject.values):
        return
    for name in unnamed:
        is_anchored = re.search(rf"\b{re.escape(str(name))}[\"']?\s*:\s+(![^\s]*\s+)?&", subject.document.text)
        if is_anchored is None and subject.document.part(("vars", name)).layer == "file":
            detail = f"Nothing says `${{{{ vars.{name} }}}}`, so its value changes nothing. Use it, or take it out."
            yield subject.at_key("unused-var", detail, "vars", name)


def variables_named(document: Document) -> frozenset[str]:
    """The variables that a spec's files name, be it in what is nearly an expression, and not in comments."""
    if not re.search(_IN_COMMENT, document.text):
        return frozenset(re.findall(_VARIABLE, document.text))
    texts = (text for one in document.documents for text in scalars(one.values))
    return frozenset(name for text in texts for name in re.findall(_VARIABLE, text))


_VARIABLE = r"vars\s*\.\s*([A-Za-z_][\w-]*)"  # compiled, and kept by `re`, where a spec has variables
_IN_COMMENT = r"#.*vars\b"
