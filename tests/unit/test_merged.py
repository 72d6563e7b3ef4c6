"""A merged spec is shown as YAML that says the same, with where each value comes from beside it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from specrun.spec.diagnostics import Path
from specrun.spec.source import parse
from specrun.views.merged import Came, leaves, merged_text
from specrun.views.text import Paint
from tests.searching import drawn

PLAIN = Paint(False)
WORDS = st.sampled_from(
    [
        *(
            "yes",
            "1e3",
            "0o7",
            "0x1F",
            "2024-01-31",
            "null",
            "~",
            "1_000",
            "12:30",
            "-",
            "#",
            "a #b",
            "a: b",
            "<<",
            ".5",
        ),
        *(
            "${{ secrets.KEY }}",
            "::error::",
            "##vso[a]",
            "\u2028",
            "\t",
            " a",
            "a ",
            "é",
            "\U0001f600",
            "*",
            "&a",
            "!b",
        ),
    ]
)
TEXT = WORDS | st.text(max_size=8) | st.lists(WORDS, max_size=40).map(" ".join) | st.lists(WORDS).map("\n".join)
SCALARS = st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT | st.none()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4))


def came(path: Path) -> Came:
    return Came("bases/a #1.yaml", len(path), "base", ["env A"] if len(path) > 1 else [])


@pytest.mark.long
@drawn(50, 5000)
@example({"a": "word " * 40 + "word"}, 80)
@example({"a": ["${{ inputs.a }} " * 20 + "# no comment"]}, 80)
@example({"a": [{"b": [[{}], {"c": []}]}, "one\ntwo\n", "one\ntwo"]}, 80)
@given(st.dictionaries(st.text(min_size=1).filter(lambda key: key != "<<"), VALUES, min_size=1), st.integers(40, 120))
def test_what_is_shown_is_read_again(values: dict[str, Any], width: int) -> None:
    document, mistakes = parse("a.yaml", merged_text(values, came, PLAIN, width).encode())
    assert mistakes == ()
    assert document is not None
    assert document.values == values
    assert [type(value) for _, value in leaves(document.values)] == [type(value) for _, value in leaves(values)]


VALUES_SHOWN = {
    "apiVersion": "specrun/v1",
    "name": "digits",
    "vars": {"steps": 20, "release": "1.10"},
    "compute": {"name": "gpu-cluster", "tags": {}},
    "job": {
        "command": "python train.py --data ${{ inputs.digits }} --steps 20 --seed 7 --model-dir ${{ outputs.model }}",
        "inputs": {"digits": {"path": "/data/digits"}},
        "environment": {
            "pip": ["numpy", "https://packages.example.org/simple/a-long-name/a_long_name-1.10-py3-none-any.whl"]
        },
        "description": "One line.\nAnother.\n",
    },
}
CAME = {
    ("name",): Came("jobs/digits.yaml", 3, "file"),
    ("vars", "steps"): Came("", None, "--var"),
    ("vars", "release"): Came("vars/prod.yaml", 1, "var file"),
    ("compute", "name"): Came("jobs/digits.yaml", 30, "target prod"),
    ("job", "inputs", "digits", "path"): Came("jobs/digits.yaml", 7, "file", ["env DATA_ROOT"]),
}


def of(path: Path) -> Came:
    return CAME.get(path, Came("bases/job.yaml", 10 + len(path), "base"))


SHOWN = {
    80: """\
apiVersion: specrun/v1    # bases/job.yaml:11
name: digits              # jobs/digits.yaml:3

vars:
  steps: 20               # --var
  release: "1.10"         # vars/prod.yaml:1

compute:
  name: gpu-cluster       # target prod, jobs/digits.yaml:30
  tags: {}                # bases/job.yaml:12

job:
  command: >-             # bases/job.yaml:12
    python train.py --data ${{ inputs.digits }} --steps 20 --seed 7 --model-dir
    ${{ outputs.model }}
  inputs:
    digits:
      path: /data/digits  # jobs/digits.yaml:7, env DATA_ROOT
  environment:
    pip:
      - numpy             # bases/job.yaml:14
      - https://packages.example.org/simple/a-long-name/a_long_name-1.10-py3-none-any.whl  # bases/job.yaml:14
  description: |          # bases/job.yaml:12
    One line.
    Another.""",
    120: """\
apiVersion: specrun/v1    # bases/job.yaml:11
name: digits              # jobs/digits.yaml:3

vars:
  steps: 20               # --var
  release: "1.10"         # vars/prod.yaml:1

compute:
  name: gpu-cluster       # target prod, jobs/digits.yaml:30
  tags: {}                # bases/job.yaml:12

job:
  command: >-             # bases/job.yaml:12
    python train.py --data ${{ inputs.digits }} --steps 20 --seed 7 --model-dir ${{ outputs.model }}
  inputs:
    digits:
      path: /data/digits  # jobs/digits.yaml:7, env DATA_ROOT
  environment:
    pip:
      - numpy             # bases/job.yaml:14
      - https://packages.example.org/simple/a-long-name/a_long_name-1.10-py3-none-any.whl  # bases/job.yaml:14
  description: |          # bases/job.yaml:12
    One line.
    Another.""",
}


@pytest.mark.parametrize("width", [80, 120])
def test_what_is_shown(width: int) -> None:
    assert merged_text(VALUES_SHOWN, of, PLAIN, width) == SHOWN[width]
