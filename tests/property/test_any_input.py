"""No text makes the check of a spec fail: it answers with diagnostics, each with a place that the text has."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from specrun.spec.load import check
from specrun.views.diagnostics import diagnostic_text
from specrun.views.text import Paint

ROOT = Path(__file__).parents[2]
SPECS = [path.read_bytes() for path in sorted((ROOT / "specs" / "examples").rglob("*.yaml"))]
PIECES = [
    *(b"${{ ", b" }}", b": ", b":", b"\n", b"\n  ", b"  ", b"\t", b"- ", b"[", b"]", b"{", b"}", b",", b"#", b"|\n"),
    *(b">\n", b"&a ", b"*a", b"<<: *a", b"!!int ", b"!x ", b'"', b"'", b"? ", b"---\n", b"%YAML 1.1\n", b"\0", b"\xff"),
    *(b"\r", b"\xe2\x80\xa8", b"\xc2\x85", b"\xf0\x9f\x98\x80", b"null", b"1e999", b".nan", b"9" * 5000),
    *(b"inputs", b"secrets.", b"vars", b"env."),
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """An example with some of its bytes replaced, taken out, doubled or put elsewhere."""
    data = draw(st.sampled_from(SPECS))
    for _ in range(draw(st.integers(1, 4))):
        start, other = draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))
        size = draw(st.integers(0, 30))
        new = draw(st.sampled_from(PIECES) | st.binary(max_size=4) | st.just(data[other : other + size]))
        data = data[:start] + new + data[start + draw(st.sampled_from([0, size])) :]
    return data


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(b"job: {? [a]: 1}")
@example(b"'': {'': ''}\n")
@example(b"name: ${{ vars. }}\nvars: {'': 1}\n")
@example(b"job: {inputs: {? a b\n: {}}}")
@given(mutated())
def test_any_input_gets_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.chdir(tmp_path)
    Path("any.yaml").write_bytes(data)
    lines = data.decode(errors="replace").replace("\r\n", "\n")
    most = 1 + sum(lines.count(mark) for mark in "\n\r\x85\u2028\u2029")
    for found in check(["any.yaml"]):
        assert found.summary.endswith(".")
        assert found.detail
        assert 1 <= found.location.line <= most
        assert found.location.column >= 1
        assert diagnostic_text(found, Paint(False), 80)
