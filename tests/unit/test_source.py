"""YAML files as people and machines get them wrong: a clear error at its place, in bounded time and memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest
from yaml.loader import BaseLoader

from specrun.spec import builder as builder_module
from specrun.spec.reading import MOST_YAML
from specrun.spec.source import parse, read


def values(text):
    document, found = parse("spec.yaml", text.encode() if isinstance(text, str) else text)
    assert not found
    return document.values


def mistakes(text):
    _, found = parse("spec.yaml", text.encode() if isinstance(text, str) else text)
    return [(d.location.line, d.location.column, d.code) for d in found]


def place(text, *path, key=False):
    document, _ = parse("spec.yaml", text.encode())
    location = document.location(path, key=key)
    return location.line, location.column, location.length


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *((word, None) for word in ("~", "null", "Null", "NULL", "")),
        *((word, True) for word in ("true", "True", "TRUE")),
        *((word, False) for word in ("false", "False", "FALSE")),
        *((word, word) for word in ("yes", "no", "on", "off", "y", "n", "nULL", "tRUE")),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b1", "0b1"),
        ("0o8", "0o8"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2026-01-31", "2026-01-31"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("-1.5E-2", -0.015),
        (".inf", float("inf")),
        ("-.INF", float("-inf")),
        ("1.2.3", "1.2.3"),
        (".", "."),
        ("--x", "--x"),
        ("e3", "e3"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 1", "1"),
        ("!!int 0x10", 16),
        ("!!float 3", 3.0),
        ("!!bool true", True),
        ("!!null ~", None),
        ("9" * 5000, "9" * 5000),
        ("|\n  no\n", "no\n"),
        (">-\n  a\n  b\n", "a b"),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(written, value):
    found = values(f"a: {written}\n")["a"]
    assert (found, type(found)) == (value, type(value))


def test_nan_is_a_number():
    found = values("a: .nan\n")["a"]
    assert found != found


def test_values_are_plain():
    assert values("a: {b: [1, {c: d}]}\ne:\n- f\n-\n  - g\n") == {"a": {"b": [1, {"c": "d"}]}, "e": ["f", ["g"]]}


def test_byte_order_mark_is_not_part_of_the_text():
    document, found = parse("spec.yaml", b"\xef\xbb\xbfa: x\n")
    assert not found
    assert document.text == "a: x\n"
    assert document.location(("a",)).column == 4


def test_crlf_is_a_line_break():
    document, _ = parse("spec.yaml", b"a: 1\r\nb: 2\r\n")
    location = document.location(("b",))
    assert (location.line, location.column, location.text) == (2, 4, "b: 2")


# places

TEXT = """\
name: demo
job:
  tags: {team: vision, "quo ted": 'x y'}
  pip:
    - numpy
    - {a: ü, b: deep}
  empty:
  block: |
    text
  anchored: &x !!str word
"""


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        (("name",), (1, 7, 4), (1, 1, 4)),
        (("job",), (3, 3, 4), (2, 1, 3)),
        (("job", "tags"), (3, 9, 1), (3, 3, 4)),
        (("job", "tags", "team"), (3, 16, 6), (3, 10, 4)),
        (("job", "tags", "quo ted"), (3, 35, 5), (3, 24, 9)),
        (("job", "pip", 0), (5, 7, 5), (5, 7, 5)),
        (("job", "pip", 1, "b"), (6, 17, 4), (6, 14, 1)),
        (("job", "empty"), (7, 3, 5), (7, 3, 5)),
        (("job", "block"), (8, 10, 1), (8, 3, 5)),
        (("job", "anchored"), (10, 22, 4), (10, 3, 8)),
    ],
)
def test_place_of_a_value_and_of_its_key(path, value, key):
    assert place(TEXT, *path) == value
    assert place(TEXT, *path, key=True) == key


@pytest.mark.parametrize(
    ("path", "parent"),
    [
        (("nothing",), (1, 1, 1)),
        (("job", "nothing"), (2, 1, 3)),
        (("job", "tags", "nothing", "below", 3), (3, 3, 4)),
        (("job", "pip", 7), (4, 3, 3)),
        (("name", "x"), (1, 1, 4)),
        ((), (1, 1, 4)),
    ],
)
def test_place_of_what_is_not_there_is_its_nearest_parents_key(path, parent):
    assert place(TEXT, *path) == parent


MERGED = """\
base: &base
  size: small
  tier: low
more: &more {idle: 3, tier: high}
one:
  tier: own
  <<: *base
  last: 1
two:
  <<: [*more, *base]
three: *base
four: &n 12
five: *n
"""


def test_merge_keys_bring_what_the_mapping_does_not_say_itself():
    found = values(MERGED)
    assert found["one"] == {"size": "small", "tier": "own", "last": 1}
    assert found["two"] == {"idle": 3, "tier": "high", "size": "small"}
    assert found["three"] == {"size": "small", "tier": "low"}
    assert found["five"] == 12


def test_a_quoted_merge_key_is_a_key():
    assert values('a: {"<<": 1}\n') == {"a": {"<<": 1}}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("one", "size"), (2, 9, 5)),
        (("one", "tier"), (6, 9, 3)),
        (("two", "tier"), (4, 29, 4)),
        (("two", "size"), (2, 9, 5)),
        (("three", "tier"), (3, 9, 3)),
        (("five",), (12, 10, 2)),
    ],
)
def test_what_an_alias_or_a_merge_brings_stands_where_it_is_written(path, expected):
    assert place(MERGED, *path) == expected


def test_an_anchor_may_be_used_again():
    text = "a: &x 1\nb: *x\nc: &x 2\nd: *x\n"
    assert values(text) == {"a": 1, "b": 1, "c": 2, "d": 2}
    assert place(text, "d") == (3, 7, 1)


# what YAML does not allow, or specrun does not


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", [(3, 1, "duplicate-key")]),
        ("a: {b: 1, b: 2, b: 3}\n", [(1, 11, "duplicate-key"), (1, 17, "duplicate-key")]),
        ("a: !foo x\nb: !!int y\na: 1\n", [(1, 4, "bad-tag"), (2, 4, "bad-tag"), (3, 1, "duplicate-key")]),
        ("a: !!set {b: c}\n", [(1, 4, "bad-tag")]),
        ("1: a\n", [(1, 1, "key-not-text")]),
        ("? [a]\n: b\n", [(1, 3, "key-not-text")]),
        ("? \n: b\n", [(1, 2, "key-not-text")]),
        ("a: &x b\n*x : c\n", [(2, 1, "key-not-text")]),
        ("a:\n\tb: 1\n", [(2, 1, "tab-indent")]),
        ("a:\n  b: 1\n \t c: 1\n", [(3, 2, "tab-indent")]),
        ("", [(1, 1, "empty-file")]),
        ("# only\n", [(1, 1, "empty-file")]),
        ("a: 1\n---\nb: 2\n", [(2, 1, "several-documents")]),
        ("- a\n", [(1, 1, "not-a-mapping")]),
        ("a: *b\nc: *d\n", [(1, 4, "unknown-anchor"), (2, 4, "unknown-anchor")]),
        ("a: &a [*a]\n", [(1, 8, "recursive-alias")]),
        ("a: &a {<<: *a}\n", [(1, 12, "recursive-alias")]),
        ("a: {<<: [1]}\n", [(1, 9, "bad-merge")]),
        ("a: ü\x00\n", [(1, 5, "control-character")]),
        ("a: b: c\n", [(1, 5, "yaml-syntax")]),
        ("a: 'open\nb: 2\n", [(1, 4, "yaml-syntax")]),
        ("a: [1, 2\n", [(1, 4, "yaml-syntax")]),
        ("a: 1\n b: 2\n", [(2, 2, "yaml-syntax")]),
        ("x: 1\nx: 2\na: [\n", [(2, 1, "duplicate-key"), (3, 4, "yaml-syntax")]),
    ],
)
def test_mistakes_of_yaml_are_found_at_their_places(text, expected):
    assert mistakes(text) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("a: é\nb: ".encode() + b"\xff\n", [(2, 4, "not-utf8")]),
        ("ab: é".encode("latin-1"), [(1, 5, "not-utf8")]),
        ("a: 1\n".encode("utf-16"), [(1, 1, "not-utf8")]),
        (b"a: \xed\xa0\x80\n", [(1, 4, "not-utf8")]),
    ],
)
def test_bytes_that_are_not_utf8(data, expected):
    assert mistakes(data) == expected


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("a: {b: ${{ vars.x }}}\n", [8]),
        ("a: [${{ vars.x }}, 2, x${{env.Y}}z]\n", [5, 24]),
        ("a: {b: --d ${{ inputs.d }} -n, c: ${{ vars.y }}}\n", [12, 35]),
        ("a: {b: ${{ vars.x}\n", [8]),
    ],
)
def test_each_expression_in_a_flow_collection_is_told_to_be_quoted(text, columns):
    found = [m for m in mistakes(text) if m[2] == "flow-expression"]
    assert found == [(1, column, "flow-expression") for column in columns]


def test_a_document_with_expressions_in_flow_is_read_on():
    document, found = parse("spec.yaml", b"a: {b: ${{ vars.x }}, c: [d]}\ne: 1\n")
    assert [d.code for d in found] == ["flow-expression"]
    assert '"${{ vars.x }}"' in found[0].detail
    assert document.values == {"a": {"b": "${{ vars.x }}", "c": ["d"]}, "e": 1}
    assert document.location(("a", "c", 0)).column == 27


# files


@pytest.fixture
def unreadable(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("a: 1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing.yaml", "no such file"),
        (".", "a folder"),
        ("nul\0.yaml", "NUL"),
        ("loop", "The system says"),
        ("pipe", "not a regular file"),
        ("file/below", "The system says"),
        ("long" * 100, "The system says"),
    ],
)
def test_a_file_that_cannot_be_read(unreadable, name, words):
    document, (found,) = read(f"{unreadable}/{name}")
    assert document is None
    assert (found.code, found.location.line, found.location.column) == ("unreadable", 1, 1)
    assert words in found.detail


def test_a_file_without_permission(monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    _, (found,) = read(__file__)
    assert found.code == "unreadable"
    assert "permission" in found.detail


def test_a_file_of_fifty_megabytes_is_refused_before_it_is_read(tmp_path, monkeypatch):
    file = tmp_path / "big.yaml"
    with file.open("wb") as stream:
        stream.truncate(50 << 20)
    monkeypatch.setattr(os, "read", lambda *_: pytest.fail("it was read"))
    document, (found,) = read(str(file))
    assert document is None
    assert found.code == "too-large"


BOMBS = {
    "laughs": "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 40)),
    "merges": "a0: &a0 {k: v}\n"
    + "".join(f"a{n}: &a{n} {{k{n}: {{<<: [*a{n - 1}, *a{n - 1}]}}}}\n" for n in range(1, 4000)),
    "text": f"a: &a {'x' * 500_000}\nb: [{', '.join(['*a'] * 20_000)}]\n",
    "flow": "a: " + "[" * 100_000,
    "flow mappings": "{a: " * 50_000,
    "block": "".join(f"{' ' * n}a:\n" for n in range(1000)),
    "sequences": "- " * 200_000,
    "deep by aliases": "a0: &a0 [[[[[[[[[[x]]]]]]]]]]\n"
    + "".join(f"a{n}: &a{n} {'[' * 10}*a{n - 1}{']' * 10}\n" for n in range(1, 30)),
    "keys": "".join(f"k{n}: 1\n" for n in range(40_000)),
    "the same key": "k: 1\n" * 60_000,
    "keys and their last one": "".join(f"k{n}: 1\n" for n in range(20_000)) + "k19999: 1\n" * 40_000,
    "questions": "? " * 200_000,
    "anchors": "".join(f"a{n}: &a 1\n" for n in range(30_000)),
    "quotes": "a: '" + "''" * 500_000,
    "expressions": "a: [" + "${{ a.b }}, " * 20_000,
}


CODES = {
    "laughs": "alias-bomb",
    "merges": "too-deep",
    "text": "alias-bomb",
    "flow": "too-deep",
    "flow mappings": "too-deep",
    "block": "too-deep",
    "sequences": "too-deep",
    "deep by aliases": "too-deep",
    "keys": "unknown-key",
    "the same key": "duplicate-key",
    "keys and their last one": "duplicate-key",
    "questions": "too-deep",
    "anchors": "unknown-key",
    "quotes": "yaml-syntax",
    "expressions": "flow-expression",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_bounded_memory(name):
    """In a process of its own, with 900 MB of address space and 20 s of processor time."""
    program = (
        "import resource, sys\n"
        "from specrun.spec.source import parse\n"
        "from specrun.spec import schema\n"
        "data = sys.stdin.buffer.read()\n"
        "document, found = parse('spec.yaml', data)\n"
        "if document: found = [*found, *schema.check(document, document.values)]\n"
        "print(len(found), sorted({d.code for d in found}))\n"
    )

    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
        resource.setrlimit(resource.RLIMIT_AS, (900 << 20, 900 << 20))

    data = BOMBS[name].encode()
    assert len(data) <= MOST_YAML * 1.3
    done = subprocess.run(
        [sys.executable, "-c", program], input=data, capture_output=True, preexec_fn=limit, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    count, codes = done.stdout.decode().split(maxsplit=1)
    assert 1 <= int(count) <= 202
    assert CODES[name] in codes


def test_events_of_the_pure_parser_are_the_same(monkeypatch):
    with_c = values(TEXT), values(MERGED), place(TEXT, "job", "pip", 1, "b")
    monkeypatch.setattr(builder_module, "_Parser", BaseLoader)
    assert (values(TEXT + "\n"), values(MERGED + "\n"), place(TEXT + "\n", "job", "pip", 1, "b")) == with_c
    assert mistakes("a: 1\n\tb: 2\n")[0][0] == 2
    assert mistakes("a: {b: ${{ vars.x }}}\n") == [(1, 8, "flow-expression")]
