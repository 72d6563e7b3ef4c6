"""Tags in the form that a spec takes."""

from __future__ import annotations

import re

from specrun.convert.draft import Key
from specrun.convert.scripts.values import Call, Hidden
from specrun.convert.scripts.writing import Expressed, Writing


def write_tags(writing: Writing, call: Call, name: str, to: Key) -> None:
    """Tags: texts."""
    tags = call.get(name)
    if not isinstance(tags, dict):
        return
    found, values = Expressed(None), {}
    for key, item in tags.items():
        if re.fullmatch(r"[^<>%&\\?/]{1,512}", key) and not isinstance(item, Hidden | dict | list | None):
            one = writing.word(item, key)
            found.asked += one.asked
            found.notes += one.notes
            values[key] = str(one.value)[:256]
    if values:
        writing.draft.set(to, values)
    writing.settle(call, name, to, found, "" if len(values) == len(tags) else "without what is no text")
