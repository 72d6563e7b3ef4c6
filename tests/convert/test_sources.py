"""Files are read whole, or refused with the place of what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.convert.sources import MAX_BYTES, Refused, parse_yaml, read_json, read_yaml


def written(folder: Path, text: str) -> str:
    file = folder / "file"
    file.write_text(text, encoding="utf-8")
    return str(file)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &a [*a]", "nested too deeply"),
        ("a: " + "[" * 200 + "]" * 200, "nested too deeply"),
        (
            "a: &a [1]\n"
            + "".join(f"b{n}: &b{n} [{', '.join([f'*b{n - 1}' if n else '*a'] * 9)}]\n" for n in range(9)),
            "more",
        ),
        ("a: [\n", ":2:1"),
    ],
)
def test_yaml_that_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        read_yaml(written(tmp_path, text))


def test_json_that_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=":2:1: it is not JSON"):
        read_json(written(tmp_path, '{"a": 1,\n}'))
    with pytest.raises(Refused, match="nested too deeply"):
        read_json(written(tmp_path, "[" * 200 + "]" * 200))


def test_values_are_plain(tmp_path: Path) -> None:
    text = "1: a\n2020-01-01: 2021-02-02\nc: !!set {x}\nd: !!binary aGk=\n"
    values = read_yaml(written(tmp_path, text)).values
    assert values == {"1": "a", "2020-01-01": "2021-02-02", "c": ["x"], "d": "b'hi'"}


@pytest.mark.parametrize(
    "text",
    [
        *("!!timestamp x", '!!int ""', "!!float x", "!!bool x", "!!int 0b", "!!timestamp 2001-99-99", "!!binary ?"),
        *("9" * 5000, "[0x" + "f" * 5000 + "]", "{0x" + "f" * 5000 + ": 1}", "a: !!python/object:os.system x"),
        *("&a [*a]", "<<: x", "{? [a]: 1}", "!!omap x", "[" * 2000, "\0", "a: 'x"),
    ],
)
def test_what_yaml_cannot_be_made_of_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "any.yml"
    file.write_text(text)
    with pytest.raises(Refused):
        read_yaml(str(file))


def test_the_place_of_a_tag_that_does_not_fit(tmp_path: Path) -> None:
    file = tmp_path / "any.yml"
    file.write_text("a: 1\nb: !!timestamp x\n")
    with pytest.raises(Refused, match=":2:4: it is not YAML: no timestamp can be made of this"):
        read_yaml(str(file))


@pytest.mark.parametrize("text", ["9" * 5000, "[" * 100_000, '{"a": ' * 100_000, "{", " " * (MAX_BYTES + 1)])
def test_what_is_no_json_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "any.json"
    file.write_text(text)
    with pytest.raises(Refused):
        read_json(str(file))


def test_half_a_character_can_be_written(tmp_path: Path) -> None:
    file = tmp_path / "any.json"
    file.write_text('{"\\ud800": ["\\udfff", "\\ud83d\\ude00"]}')
    assert read_json(str(file)).values == {"\ufffd": ["\ufffd", "\U0001f600"]}


def test_a_field_that_stands_twice_is_known_with_both_lines() -> None:
    text = "a: 1\nb:\n  c: 1\n  c: 2\n  <<: {d: 1}\n  d: 2\na: 2\nl: [{x: 1, x: 1}]\n"
    source = parse_yaml("a.yml", text)
    assert source.values == {"a": 2, "b": {"c": 2, "d": 2}, "l": [{"x": 1}]}
    assert [*source.repeated()] == [(("b", "c"), 3, 4), (("a",), 1, 7), (("l", 0, "x"), 8, 8)]
    assert not parse_yaml("a.yml", "x: &x {a: 1}\ny: {<<: *x, a: 2}\n").repeats
