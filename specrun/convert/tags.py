"""Tags in the form that a spec takes."""

from __future__ import annotations

import re

from specrun.convert import coerce, credentials
from specrun.convert.document import Key
from specrun.convert.section import Section, has_expression

LONGEST = 256
NAME = re.compile(r"[^<>%&\\?/]{1,512}")


def write_tags(section: Section, to: Key) -> None:
    """Take tags over: names and texts."""
    for name, raw in section.values.items():
        value = "" if raw is None else coerce.text(raw)
        place = (*to, name)
        if not NAME.fullmatch(name) or has_expression(name):
            section.drop(name, "Azure takes no tag of that name")
        elif value is None:
            section.ask(name, place, f"a tag's value is a text, and this is {coerce.shown(raw)}")
        elif has_expression(value):
            section.ask(name, place, "an expression that specrun does not have", write=True)
        elif credentials.is_secret(name, value):
            section.drop(name, "a secret is not copied, and a tag is no place for one")
        elif len(value) > LONGEST:
            section.put(name, place, value[:LONGEST], f"cut to {LONGEST} characters, which is all that Azure takes")
        else:
            section.put(name, place, value)
