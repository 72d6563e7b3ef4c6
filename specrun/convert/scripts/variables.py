"""Environment variables of a job."""

from __future__ import annotations

from specrun.convert.credentials import is_secret, variable
from specrun.convert.document import TODO, Key
from specrun.convert.naming import VARIABLE
from specrun.convert.scripts.values import Call, Environ, Hidden
from specrun.convert.scripts.writing import Writing
from specrun.spec.masking import names_secret

TO: Key = ("job", "environment_variables")


def write_variables(writing: Writing, call: Call, name: str) -> None:
    """Take over a mapping of environment variables, and those that are set one by one."""
    value = call.get(name)
    if value is not None and not isinstance(value, dict):
        writing.ask(call, name, TO, "the variables are computed: write them")
    single = {key: argument.value for key, argument in call.attributes.items() if key.startswith(f"{name}.")}
    whole = {f"{name}.{key}": item for key, item in value.items()} if isinstance(value, dict) else {}
    notes: list[str] = []
    asked: list[tuple[str, str]] = []
    for path, item in {**whole, **single}.items():
        key = path.removeprefix(f"{name}.")
        where = path if path in single else name
        if not VARIABLE.fullmatch(key):
            asked.append((f"no environment variable is called {key!r}", ""))
            continue
        to = (*TO, key)
        if (
            isinstance(item, Hidden)
            or (isinstance(item, Environ) and names_secret(key))
            or (isinstance(item, str) and is_secret(key, item))
        ):
            plain = variable(key) if not isinstance(item, Environ) else item.name
            writing.draft.set_secret(to, plain)
            notes.append(f"a secret is not copied: set {plain} in the environment in which specrun runs")
            if where != name:
                writing.rewrite(call, where, to, notes.pop())
            continue
        found = writing.express(item, key)
        text = found.value if isinstance(found.value, str | int | float | bool) else TODO
        if isinstance(text, bool):
            text = str(text)
        if isinstance(item, str) and "${{" in item:
            text, found.asked = TODO, [("an expression that specrun does not have", "")]
        writing.draft.set(to, "" if item is None else text)
        if where != name:
            writing.settle(call, where, to, found)
        notes += found.notes
        asked += found.asked
    if isinstance(value, dict):
        for what, flag in asked:
            writing.ask(call, name, TO, what, flag)
        if notes:
            writing.rewrite(call, name, TO, "; ".join(notes))
        elif not asked:
            writing.carry(call, name, TO)
