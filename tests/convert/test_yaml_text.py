from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from specrun.convert.document import Document, flow
from tests.searching import drawn

TEXT = st.text() | st.sampled_from(["1e-05", "0b1", "012", "-1:30", "1:30.5", "=", "<<", "- a", "a: b", "a #b", "\x85"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=12)


@pytest.mark.long
@drawn(50, 2000)
@example({"a": "\n"}, "")
@example({"a": "b\n  c\n\n"}, "")
@example({"a": ["x\ny", {"b": {"c": []}}, [[1], {}]]}, "line\nother\x00")
@given(st.dictionaries(st.text(min_size=1), VALUES.filter(lambda value: value not in (None, {}))), st.text())
def test_what_is_put_is_read_again(values: dict[str, Any], comment: str) -> None:
    page = Document(plain=True)
    page.comment((), comment)
    for name, value in values.items():
        page.put(name, value, comment)
        if isinstance(value, dict):
            page.comment((name, next(iter(value))), comment)
        if isinstance(value, list) and value:
            page.comment((name, 0), comment)
    text = page.text()
    assert (yaml.safe_load(text) or {}) == values
    assert (yaml.load(text, Loader=yaml.CSafeLoader) or {}) == values


@pytest.mark.long
@drawn(50, 2000)
@given(VALUES)
def test_values_on_one_line(value: Any) -> None:
    assert yaml.safe_load(f"a: {flow(value)}\n") == {"a": value}


def test_where_comments_stand() -> None:
    page = Document(plain=True)
    page.comment((), "top")
    page.put("a", {"b": [1, {"c": 2, "d": 3}]}, "of a")
    page.put("gone", None, "of what is not there")
    page.comment(("a", "b"), "of b")
    page.comment(("a", "b", 1), "of an item")
    page.comment(("a", "b", 1, "d"), "of d")
    assert page.text() == (
        "# top\n# of a\na:\n  # of b\n  b:\n    - 1\n    # of an item\n    - c: 2\n      # of d\n      d: 3\n"
        "# of what is not there\n"
    )


@pytest.mark.parametrize("text", ["a\nb", "a\nb\n", "a\n\n  b\n\ttabbed"])
def test_lines_of_text_are_lines(text: str) -> None:
    page = Document(plain=True)
    page.put("a", text)
    page.put("b", [text])
    assert page.text().count("|") == 2
    assert yaml.safe_load(page.text()) == {"a": text, "b": [text]}
