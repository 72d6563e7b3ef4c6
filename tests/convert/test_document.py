"""What a document writes is read back as it was meant, by specrun and by everybody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from specrun.convert.document import Document, flow, scalar
from specrun.spec.source import read
from specrun.spec.visible import visible_output
from tests.searching import drawn

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30),
    st.from_regex(r"[-+.0-9eExX_:~<=!&*{}\[\]'\"#|>%@`?, \\$()a-f/]{0,12}", fullmatch=True),
    st.sampled_from(
        ["yes", "No", "on", "null", "~", "1e3", "0x1f", "2024-01-02", "12:30", "- a", "a: b", "a #b", "=", "<<"]
    ),
)
SCALARS = st.one_of(TEXTS, st.integers(-(10**9), 10**9), st.booleans(), st.none())
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))
ANY_TEXT = st.text() | st.sampled_from(
    ["1e-05", "0b1", "012", "-1:30", "1:30.5", "=", "<<", "- a", "a: b", "a #b", "\x85"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner),
    max_leaves=12,
)
"""What a file of another program may hold."""


def both(text: str, folder: Path) -> tuple[Any, Any]:
    """A document as specrun reads it (YAML 1.2), and as PyYAML does (1.1)."""
    file = folder / "draft.yaml"
    file.write_text(text, encoding="utf-8")
    document, diagnostics = read(str(file))
    assert document is not None, (text, diagnostics)
    return document.values, yaml.safe_load(text)


@pytest.mark.long
@drawn(100, 6000)
@given(value=VALUES)
@example(value="0?")
@example(value="0._")
def test_any_value_comes_back(value: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    draft = Document()
    draft.set(("name",), "any")
    draft.set(("vars", "value"), value, "a comment")
    draft.set(("vars", "inside"), [value, {"key": value}])
    for found in both(draft.text(), tmp_path_factory.mktemp("draft")):
        assert found == {"name": "any", "vars": {"value": value, "inside": [value, {"key": value}]}}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("python train.py --data ${{ inputs.d }}", "python train.py --data ${{ inputs.d }}"),
        ("two", "two"),
        ("2", '"2"'),
        ("yes", '"yes"'),
        ("a: b", '"a: b"'),
        ("", '""'),
        (" x", '" x"'),
        (2, "2"),
        (True, "true"),
        (None, "null"),
    ],
)
def test_quotes_stand_where_they_are_needed(value: Any, written: str) -> None:
    assert scalar(value) == written


@pytest.mark.parametrize("value", ["a\n::error::b\n", "a\n  ::set-output name=b::c", "echo\n##vso[task.complete]\n"])
def test_no_line_of_a_draft_is_a_command_of_a_runner(value: str) -> None:
    draft = Document()
    draft.set(("vars", "value"), value)
    assert visible_output(draft.text()).replace(r"\x23", "#") == draft.text()
    assert yaml.safe_load(visible_output(draft.text()))["vars"] == {"value": value}


def test_braces_need_more_quotes() -> None:
    assert flow({"path": "a,b", "mode": "ro_mount"}) == '{path: "a,b", mode: ro_mount}'
    assert flow([1, "${{ vars.x }}"]) == '[1, "${{ vars.x }}"]'


def test_a_whole_draft() -> None:
    draft = Document()
    draft.set(("job", "command"), "set -e\npython train.py\n", "from commandLine")
    draft.set(("job", "code"), "src")
    draft.set(("compute", "name"), "gpu")
    draft.set(("compute", "tags"), {})
    draft.set(("name",), "mnist")
    draft.set(("apiVersion",), "specrun/v1")
    draft.comment((), "Written by specrun import.")
    assert draft.text() == (
        "# Written by specrun import.\n"
        "apiVersion: specrun/v1\n"
        "name: mnist\n"
        "\n"
        "compute:\n"
        "  name: gpu\n"
        "  tags: {}\n"
        "\n"
        "job:\n"
        "  code: src\n"
        "  # from commandLine\n"
        "  command: |\n"
        "    set -e\n"
        "    python train.py\n"
    )
    assert draft.get(("job", "code")) == "src"
    assert draft.get(("job", "script")) is None


def test_what_is_left_open_is_open_until_it_is_said() -> None:
    draft = Document()
    assert draft.leave_open(("job", "environment"))
    draft.set(("job", "environment", "image"), "a/b")
    assert not draft.leave_open(("job", "environment"))
    assert not draft.leave_open(("job", "environment", "image", "x"))
    assert not draft.leave_open(())
    assert draft.values() == {"job": {"environment": {"image": "a/b"}}}


@pytest.mark.long
@drawn(50, 2000)
@example({"a": "\n"}, "")
@example({"a": "b\n  c\n\n"}, "")
@example({"a": ["x\ny", {"b": {"c": []}}, [[1], {}]]}, "line\nother\x00")
@given(st.dictionaries(st.text(min_size=1), ANYTHING.filter(lambda value: value not in (None, {}))), st.text())
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
@given(ANYTHING)
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


@pytest.mark.parametrize("value", ["text", 3, {"a": {"b": 1}}, ["x", {"c": 2}], {}, "two\nlines"])
def test_a_name_of_any_length(value: Any, tmp_path: Path) -> None:
    name = "x" * 5000
    values = {"job": {name: value, "after": 1, "list": [{name: value}]}}
    document = Document()
    document.set(("job",), values["job"])
    assert both(document.text(), tmp_path) == (values, values)
