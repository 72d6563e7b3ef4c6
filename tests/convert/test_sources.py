"""Files are read whole, or refused with the place of what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.convert.sources import Refused, read_json, read_yaml


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
