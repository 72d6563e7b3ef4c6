from __future__ import annotations

from pathlib import Path

import pytest

from specrun.spec import source
from specrun.spec.expressions import Expression, Malformed, literal_text, locate, parse, references, scalar_text, whole
from specrun.spec.source import Document


def document(tmp_path: Path, text: str) -> Document:
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8", newline="")
    found, diagnostics = source.read(str(tmp_path / "x.yaml"))
    assert found is not None, diagnostics
    return found


def test_parse_gives_each_expression_with_its_span() -> None:
    text = "a ${{ env.A }} b ${{vars.b-c}}"
    first, second = parse(text)
    assert isinstance(first, Expression)
    assert isinstance(second, Expression)
    assert (first.namespace, first.name, text[first.start : first.end]) == ("env", "A", "${{ env.A }}")
    assert (second.namespace, second.name, text[second.start : second.end]) == ("vars", "b-c", "${{vars.b-c}}")
    assert str(second) == "${{ vars.b-c }}"


@pytest.mark.parametrize("text", ["", "$VAR", "${HOME}", "{{ x }}", "$ {{ env.X }}", "a }} b"])
def test_what_is_no_expression(text: str) -> None:
    assert parse(text) == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("${{", "expression-unclosed"),
        ("${{ env.X }", "expression-unclosed"),
        ("${{}}", "expression-syntax"),
        ("${{ env }}", "expression-syntax"),
        ("${{ env.X.Y }}", "expression-syntax"),
        ("${{ env.1X }}", "expression-syntax"),
        ("${{ toJSON(vars) }}", "expression-syntax"),
        ("${{ vars.a || vars.b }}", "expression-syntax"),
        ("${{ name }}", "expression-syntax"),
        ("${{ env['X'] }}", "expression-syntax"),
        ("${{ Env.X }}", "unknown-namespace"),
        ("${{ github.sha }}", "unknown-namespace"),
        ("${{ steps.a.outputs.b }}", "unknown-namespace"),
    ],
)
def test_malformed(text: str, code: str) -> None:
    (one,) = parse(text)
    assert isinstance(one, Malformed)
    assert one.code == code


def test_an_unclosed_one_does_not_swallow_the_next() -> None:
    first, second = parse("${{ env.A and ${{ env.B }}")
    assert isinstance(first, Malformed)
    assert isinstance(second, Expression)
    assert second.name == "B"


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("${{ var.x }}", "vars.x"),
        ("${{ secret.x }}", "secrets.x"),
        ("${{ evn.x }}", "env.x"),
        ("${{ data.m }}", "inputs.m"),
    ],
)
def test_the_right_namespace_is_suggested(text: str, right: str) -> None:
    (one,) = parse(text)
    assert isinstance(one, Malformed)
    assert f"${{{{ {right} }}}}" in one.detail


@pytest.mark.parametrize(("text", "name"), [("${{ vars.n }}", "n"), ("  ${{vars.n}}\n", "n")])
def test_whole(text: str, name: str) -> None:
    one = whole(text)
    assert one is not None
    assert one.name == name


@pytest.mark.parametrize(
    "text", ["x${{ vars.n }}", "${{ vars.n }}${{ vars.n }}", "${{ nope.n }}", "plain", "${{ vars.n"]
)
def test_not_whole(text: str) -> None:
    assert whole(text) is None


def test_references() -> None:
    assert references("a ${{ inputs.x }} ${{ outputs.y }} ${{inputs.z}} ${{ inputs.x }}", "inputs") == ["x", "z", "x"]


def test_literal_text_is_what_is_left() -> None:
    assert literal_text("abc${{ secrets.X }}d") == "abcd"
    assert literal_text(" ${{ secrets.X }} ") == ""
    assert literal_text("plain") == "plain"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (None, "null"),
        (3, "3"),
        (0.5, "0.5"),
        (1.0, "1.0"),
        (float("inf"), ".inf"),
        (float("-inf"), "-.inf"),
        (float("nan"), ".nan"),
        ("a b", "a b"),
    ],
)
def test_scalar_text_spells_as_yaml(value: object, text: str) -> None:
    assert scalar_text(value) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("a: ${{ env.A }}\n", ["1:4"]),
        ("a: x ${{ env.A }} ${{ env.B }}\n", ["1:6", "1:19"]),
        ("a: 'it''s ${{ env.A }}'\n", ["1:11"]),
        ('a: "\\t ${{ env.A }}"\n', ["1:8"]),
        ("a: é😀 ${{ env.A }}\n", ["1:7"]),
        ("a: |\n  x\n  ${{ env.A }} y ${{ env.B }}\n", ["3:3", "3:18"]),
        ("a: |2-\n    x ${{ env.A }}\n", ["2:7"]),
        ("a: >\n  x\n\n  ${{ env.A }}\n", ["4:3"]),
        ("a: x\n   ${{ env.A }}\n", ["2:4"]),
        ("a: |\r\n  x\r\n  ${{ env.A }}\r\n", ["3:3"]),
        ("a: &x y ${{ env.A }}\n", ["1:9"]),
        ("# ${{ env.Z }}\na: ${{ env.A }}\n", ["2:4"]),
    ],
)
def test_locate(tmp_path: Path, text: str, places: list[str]) -> None:
    found = document(tmp_path, text)
    value = found.values["a"]
    located = [locate(found, ("a",), value, one) for one in parse(value)]
    assert [f"{place.line}:{place.column}" for place in located] == places
    assert all(place.text[place.column - 1 :].startswith("${{") for place in located)
    assert all(place.length == 12 for place in located)


def test_locate_behind_an_alias_is_where_the_text_stands_or_the_alias(tmp_path: Path) -> None:
    found = document(tmp_path, "b: &x t ${{ env.A }}\na: *x\nc: ${{ env.C }}\n")
    (one,) = parse(found.values["a"])
    place = locate(found, ("a",), found.values["a"], one)
    assert (place.line, place.column) in {(1, 9), (2, 4)}


@pytest.mark.parametrize(
    ("text", "underlined"),
    [
        ("a: x ${{ vars.a } y", "${{ vars.a }"),
        ("a: x ${{vars.a y", "${{vars.a"),
        ("a: x ${{ vars.a } ${{ vars.b }}", "${{ vars.a }"),
        ("a: x ${{ what is this", "${{"),
        ("a: x ${{ vars.a }} y", "${{ vars.a }}"),
    ],
)
def test_the_place_of_an_expression_that_is_not_closed_ends_with_it(text: str, underlined: str) -> None:
    document, _ = source.parse("f.yaml", text.encode())
    assert document is not None
    value = document.values["a"]
    place = locate(document, ("a",), value, parse(value)[0])
    assert text[place.column - 1 :][: place.length] == underlined
