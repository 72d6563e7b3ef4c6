"""Tags in the form that a spec takes."""

from __future__ import annotations

from specrun.convert import credentials
from specrun.convert.document import Key
from specrun.convert.scripts.values import Call, Hidden
from specrun.convert.scripts.writing import Expressed, Writing
from specrun.convert.tags import LONGEST, NAME


def write_tags(writing: Writing, call: Call, name: str, to: Key) -> None:
    """Tags: texts."""
    tags = call.get(name)
    if not isinstance(tags, dict):
        return
    found, values = Expressed(None), {}
    for key, item in tags.items():
        if NAME.fullmatch(key) and not isinstance(item, Hidden | dict | list | None):
            if isinstance(item, str) and credentials.is_secret(key, item):
                continue
            one = writing.word(item, key)
            found.asked += one.asked
            found.notes += one.notes
            values[key] = str(one.value)[:LONGEST]
    if values:
        writing.draft.set(to, values)
    writing.settle(call, name, to, found, "" if len(values) == len(tags) else "without secrets and what is no text")
