"""Environment variables of a job, with secrets by name."""

from __future__ import annotations

from specrun.convert import coerce, credentials
from specrun.convert.document import Key
from specrun.convert.naming import VARIABLE
from specrun.convert.section import Section, has_expression

TO: Key = ("job", "environment_variables")

_PLACEHOLDER = ("EXAMPLE_ENV_VAR", "EXAMPLE_VALUE")


def write_variables(section: Section) -> None:
    """Take over a mapping of environment variables."""
    for name in section.names():
        _write(section, name)
    for name, value in section.values.items():
        if value == "" and VARIABLE.fullmatch(name):
            section.put(name, (*TO, name), "")


def _write(section: Section, name: str) -> None:
    raw, to = section.values[name], (*TO, name)
    value = coerce.text(raw)
    if (name, value) == _PLACEHOLDER:
        section.drop(name, "the placeholder that SDK v1 writes into every file")
    elif not VARIABLE.fullmatch(name):
        section.drop(name, "no environment variable can have that name")
    elif value is None:
        section.ask(name, to, f"a text is expected here, and this is {coerce.shown(raw)}")
    elif credentials.is_secret(name, value):
        section.draft.set_secret(to, name)
        section.rewrite(name, to, f"a secret is not copied: set {name} in the environment in which specrun runs")
    elif has_expression(value):
        section.ask(name, to, "an expression that specrun does not have in environment variables", write=True)
    elif isinstance(raw, (str, int, float, bool)):
        section.put(name, to, raw)
