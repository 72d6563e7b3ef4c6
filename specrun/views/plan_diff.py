"""What would change, field by field, as a diff: what a reviewer of code reads without being told how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specrun.plan.changes import Action, FieldChange
from specrun.plan.fingerprint import FIELDS
from specrun.plan.shown import ShownChange
from specrun.plan.transfer import Transfer
from specrun.spec.visible import visible
from specrun.views.plan_text import value_text
from specrun.views.text import shorten

WIDE = 200
"""Columns of a line; values may be of any length."""

FILES = 20


def change_diff(change: ShownChange, where: str = "") -> list[str]:
    """A change as lines of a diff, below a line that says of what; `where` it is, if there are several places."""
    address = f"{visible(change.key.address)}{f' on {visible(where)}' if where else ''}"
    lines = [f"@@ {change.action.sign} {address}: {visible(change.reason)} @@"]
    if change.transfer is not None:
        lines += _files(change.transfer)
    elif change.run is not None:
        lines += [line for told in change.run.differences for line in _difference(told)]
        lines += [f"- {visible(name)}  (cancelled)" for name in change.run.cancels]
        lines += [f"+ {visible(change.run.name)}"] if change.action is Action.SUBMIT else []
    elif change.action is Action.DELETE:
        lines += _values("-", change.before)
    elif change.action is Action.CREATE:
        lines += _values("+", change.wanted)
    else:
        for field in change.fields:
            lines += _field(field)
    return [shorten(line, WIDE) for line in lines]


def _difference(told: str) -> list[str]:
    """What is not as in an earlier run: a value before and after, or a sentence."""
    name, _, values = visible(told).partition(": ")
    before, arrow, after = values.partition(" → ")
    if not arrow or " → " in after:
        return [f"! {visible(told)}"]
    inner, blank, value = before.partition(" ")
    if blank and name in FIELDS - {"command", "arguments"}:
        name, before = f"{name}.{inner}", value
    return [f"- {name}: {before}", f"+ {name}: {after}"]


def _field(field: FieldChange) -> Iterator[str]:
    forced = "  # forces replacement" if field.forces_replace else ""
    if field.before is not None:
        yield from _value("-", field.path, field.before)
    if field.after is not None or field.before is None:
        first, *rest = _value("+", field.path, field.after)
        yield from (f"{first}{forced}", *rest)
    elif forced:
        yield f"! {visible(field.path)}{forced}"


def _values(sign: str, properties: Mapping[str, object]) -> Iterator[str]:
    for name, value in properties.items():
        yield from _value(sign, name, value)


def _value(sign: str, name: str, value: object, indent: str = "") -> Iterator[str]:
    """A value in the form of YAML, over several lines where it has some."""
    if isinstance(value, Mapping) and value:
        yield f"{sign} {indent}{visible(name)}:"
        for inner, item in value.items():
            yield from _value(sign, str(inner), item, f"{indent}  ")
    elif isinstance(value, str) and "\n" in value.strip("\n"):
        yield f"{sign} {indent}{visible(name)}: |"
        yield from (f"{sign} {indent}  {visible(line)}" for line in value.splitlines())
    else:
        yield f"{sign} {indent}{visible(name)}: {value_text(value)}"


def _files(transfer: Transfer) -> Iterator[str]:
    kinds = (
        ("-", transfer.prune, "removed"),
        ("!", [file.path for file in transfer.changed], "overwritten"),
        ("+", [file.path for file in transfer.new], "new"),
    )
    for sign, paths, word in kinds:
        yield from (f"{sign} {visible(path)}  ({word})" for path in paths[:FILES])
        if len(paths) > FILES:
            yield f"{sign} … and {len(paths) - FILES} more {word}"
