"""What a draft writes is read back as it was meant, by specrun and by everybody else."""

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
