"""Environment variables and tags: names with texts, of which none may be a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping

from specrun.convert import coerce, credentials
from specrun.convert.document import Key
from specrun.convert.naming import VARIABLE
from specrun.convert.section import Section, has_expression
from specrun.convert.unknown import Secret, Unknown, is_open, opened

VARIABLES: Key = ("job", "environment_variables")
LONGEST_TAG = 256
TAG = re.compile(r"[^<>%&\\?/]{1,512}")
"""The name of a tag, as Azure takes it."""

_OF_THE_JOB = re.compile(r"\$\{\{\s*(inputs|outputs)\.")
"""Where data is: a spec's expression of it has a meaning in the command alone."""
_PARAMETER = re.compile(r"\$\{\{\s*search_space\.([\w-]+)\s*\}\}")
_NAMED = re.compile(r"\$\{\{\s*secrets\.([A-Za-z_]\w*)\s*\}\}")
"""A secret that another tool puts in: a spec names it the same way."""
_PLACEHOLDER = ("EXAMPLE_ENV_VAR", "EXAMPLE_VALUE")


def write_variables(section: Section, parameters: Mapping[str, str] | None = None) -> None:
    """Take over a mapping of environment variables; `parameters` are those of a sweep, which they may name."""
    for name, value in section.values.items():
        if value is not None:
            _write_variable(section, name, value, parameters or {})


def _write_variable(section: Section, name: str, raw: object, parameters: Mapping[str, str]) -> None:
    to, value = (*VARIABLES, name), coerce.text(raw)
    if (name, value) == _PLACEHOLDER:
        section.drop(name, "the placeholder that SDK v1 writes into every file")
    elif not VARIABLE.fullmatch(name):
        section.drop(name, "no environment variable can have that name")
    elif isinstance(raw, str) and (held := _NAMED.fullmatch(raw.strip())):
        write_secret(section, name, to, held[1])
    elif _is_secret(name, raw):
        write_secret(section, name, to, name)
    elif isinstance(raw, str) and _OF_THE_JOB.search(raw):
        what = f"a path that is known in the command alone: begin it with `export {name}={coerce.shown(raw)[1:-1]}; `"
        section.ask(name, to, what)
    elif isinstance(raw, str) and parameters and (written := _swept(raw, parameters)) is not None:
        section.put(name, to, written, "" if written == raw else "expressions as specrun writes them")
    elif is_open(found := opened(raw, section.place(name) if has_expression(raw) else "", prose=True)):
        section.draft.set(to, section.expressed(name, to, found))
    elif isinstance(raw, str | int | float | bool):
        section.put(name, to, raw)
    else:
        section.ask(name, to, f"a text is expected here, and this is {coerce.shown(raw)}")


def _swept(text: str, parameters: Mapping[str, str]) -> str | None:
    """A text with the spec's names of parameters; None where it names none, or anything else besides."""
    written = _PARAMETER.sub(
        lambda match: f"${{{{ search_space.{parameters[match[1]]} }}}}" if match[1] in parameters else match[0], text
    )
    rest = _PARAMETER.sub(lambda match: "" if match[1] in parameters else match[0], text)
    return written if rest != text and not has_expression(rest) else None


def _is_secret(name: str, value: object) -> bool:
    if isinstance(value, Unknown):
        return bool(value.environment) and credentials.is_secret(name, "of some length")
    return isinstance(value, Secret) or credentials.is_secret(name, coerce.text(value) or "")


def write_secret(section: Section, name: str, to: Key, variable: str) -> None:
    """A credential of the source: the spec names a variable for it, the one that the source names, else `variable`."""
    value = section.get(name)
    told = value.environment if isinstance(value, Unknown) else value.name if isinstance(value, Secret) else ""
    named = told if VARIABLE.fullmatch(told) and told != "credential" else variable
    section.draft.set_secret(to, named)
    section.rewrite(name, to, f"a secret is not copied: set {named} in the environment in which specrun runs")


def write_tags(section: Section, to: Key) -> None:
    """Take tags over: names and texts."""
    for name, raw in section.values.items():
        value, place = "" if raw is None else coerce.text(raw), (*to, name)
        if not TAG.fullmatch(name) or "${{" in name:
            section.drop(name, "Azure takes no tag of that name")
        elif isinstance(raw, Secret) or (value is not None and credentials.is_secret(name, value)):
            section.drop(name, "a secret is not copied, and a tag is no place for one")
        elif is_open(found := opened(raw, section.place(name) if has_expression(raw) else "", prose=True)):
            section.draft.set(place, section.expressed(name, place, found))
        elif value is None:
            section.ask(name, place, f"a tag's value is a text, and this is {coerce.shown(raw)}")
        elif len(value) > LONGEST_TAG:
            note = f"cut to {LONGEST_TAG} characters, which is all that Azure takes"
            section.put(name, place, value[:LONGEST_TAG], note)
        else:
            section.put(name, place, value)
