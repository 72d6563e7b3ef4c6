"""Texts made wrong by chance: byte by byte, line by line, word by word, and one value or expression for another."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, TypeAlias

import yaml

Way: TypeAlias = Callable[[bytes, Random, Sequence[bytes]], bytes]
"""Makes one thing wrong in a text; the last argument has others to take words from."""

PIECES = [
    *(b"${{ ", b" }}", b": ", b":", b"\n", b"\n  ", b"  ", b"\t", b"- ", b"[", b"]", b"{", b"}", b",", b"#", b"|\n"),
    *(b">\n", b"&a ", b"*a", b"<<: *a", b"!!int ", b"!x ", b'"', b"'", b"? ", b"---\n", b"%YAML 1.1\n", b"\0", b"\xff"),
    *(b"\r", b"\xe2\x80\xa8", b"\xc2\x85", b"\xf0\x9f\x98\x80", b"null", b"1e999", b".nan", b"9" * 5000),
    *(b"inputs", b"secrets.", b"vars", b"env.", b"-1", b"0", b"true", b"2026-11-29", b"0x_", b"12:30:45", b"~"),
    *("\x1b[2J", "\x1b]0;x\x07", "\b", "\x7f", "\x9b2J", "\u202e", "\u2066", "\U000e0041", "\ufeff", "\u2029", "\f"),
    *(b"\xed\xa0\x80", b"\xc0\x80", b"\\x1b[2J", b"\\u202e", b"\\ud800", b"\\0", b'"\\n::error::x"', b"##vso[task]"),
    *(b"!!timestamp x", b'!!int ""', b"!!float x", b"!!binary ?", b"!!python/object:os.system []", b"!!set {a, b}"),
    *(b"!!omap [a: 1]", b"!!pairs [a: 1]", b"!!bool x", b"!!null x", b"!!str {}", b"!!map []", b"&b [*b]", b"<<: [1]"),
    *(b"0o8", b"0b2", b"1:60", b"1_000", b"+.inf", b"-0x80", b"1e-999", b"0.1.2", b"\\", b"%", b"%s", b"{0}", b"$(x)"),
    *(b"../..", b"/", b"//", b"~root", b"https://u:p@[::1/x", b"http://[", b"azureml:", b"azureml://", b"file:///"),
]  # fmt: skip
PIECES = [piece.encode() if isinstance(piece, str) else piece for piece in PIECES]
"""Short ones."""

SHAPES = (  # noqa: SIM905
    "a¦-¦a-¦${{¦${{ a }}¦}}¦ ¦'¦\"¦\\¦/¦a/¦a:¦a=¦@¦://¦a ¦- ¦.¦0¦[¦(¦{a: ¦- - ¦&a ¦a\\ ¦$(¦<<¦a.¦azureml:¦"
    "http://a¦--a ¦_¦\x1b[¦%¦é"
).split("¦")
LONG = 40_000
"""Bytes of a long word."""

VALUES = (  # noqa: SIM905
    '!!timestamp x¦!!int ""¦!!float x¦!!binary ?¦!!set {a, b}¦!!omap [a: 1]¦&a [*a]¦{? [a]: 1}¦[]¦{}¦[[]]¦'
    '[{}]¦null¦true¦-1¦1e999¦.nan¦1.5¦""¦" "¦{\'\': \'\'}¦2026-11-29¦{a: {b: [c]}}¦"${{ vars.a }}"¦'
    '"${{ secrets.A }}"¦"a\\nb"¦"\\e[2J"¦- -¦0x¦\'\''
).split("¦")
VALUES.append("9" * 5000)
JSON_VALUES = [
    *(None, True, -1, 0, 1.5, 1e308, 10**400, "", " ", "a\nb", "\x1b[2J", "\ud800"),
    *([], {}, [[]], [{}], [None], {"": ""}, {"a": None}),
]  # fmt: skip
EXPRESSIONS = (  # noqa: SIM905
    "*x¦*[x]¦**x¦*[1, 2]¦*args, **kwargs¦lambda: 0¦lambda *a, **k: a¦[i for i in x]¦{i: i for i in x}¦"
    "(y := 1)¦(yield)¦(await x)¦x if y else z¦f'{x!r:>{y}}'¦b'x'¦...¦1j¦x[1:2, ...]¦x[*y]¦not x¦-x¦~x¦x @ y¦"
    "x < y < z¦'%s' % x¦'{}'.format(*x)¦None¦True¦1e999¦-1¦''¦[]¦{}¦{**x}¦{None: 1}¦[*x]¦()¦set()¦x.y.z()()¦"
    "'\\ud800'¦'\\x1b[2J'¦'\\u202e'¦__import__('os')¦'a' * 10**9¦[0] * 10**9¦10 ** 10 ** 9¦1 << 10**9¦"
    "'{:>999999999}'.format(1)¦'%999999999d' % 1¦range(10**12)¦list(range(10**9))¦str(10**5000)¦"
    "int('9' * 5000)¦'x'.join(['a'] * 10**8)"
).split("¦")
EXPRESSIONS += ["9" * 5000, "0x" + "f" * 5000, "x" * 5000]
WORD = re.compile(rb"[\w.-]+")


def other_bytes(data: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A piece put in, or a stretch replaced or taken out, or doubled elsewhere."""
    start, other = random.randrange(len(data) + 1), random.randrange(len(data) + 1)
    size = random.randrange(30)
    chance = bytes(random.randrange(256) for _ in range(random.randrange(5)))
    new = random.choice([random.choice(PIECES), chance, data[other : other + size]])
    return data[:start] + new + data[start + random.choice([0, size]) :]


def other_lines(data: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A line taken out, doubled elsewhere, or moved to the left or right."""
    lines = data.splitlines(keepends=True) or [b""]
    at = random.randrange(len(lines))
    line = lines.pop(at)
    return b"".join(
        random.choice(
            [
                lines,
                [*lines[: (to := random.randrange(len(lines) + 1))], line, *lines[to:], line],
                [*lines[:at], b" " * random.randrange(1, 5) + line, *lines[at:]],
                [*lines[:at], line.lstrip(b" "), *lines[at:]],
            ]
        )
    )


def other_word(data: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A key or a value replaced by one of any text."""
    words = list(WORD.finditer(data))
    elsewhere = WORD.findall(random.choice(others))
    if not words or not elsewhere:
        return data
    word = random.choice(words)
    return data[: word.start()] + random.choice([*elsewhere, *PIECES]) + data[word.end() :]


def long_word(data: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A word of 40 kB put in or in the place of one; one in thirty times, since they take long to read."""
    if random.randrange(30):
        return other_word(data, random, others)
    shape = "".join(random.choices(SHAPES, k=random.randrange(1, 3))).encode()
    new = shape * (random.choice([100, 2_000, LONG]) // len(shape))
    words = list(WORD.finditer(data))
    if not words:
        return new
    word = random.choice(words)
    return data[: word.start()] + new + data[random.choice([word.start(), word.end()]) :]


def other_value(data: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A value of a YAML document in the place of another, whatever it holds."""
    try:
        text = data.decode()
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return other_bytes(data, random, others)
    nodes = list(_nodes(root)) if root is not None else []
    if not nodes:
        return data
    node = random.choice(nodes)
    ends = node.end_mark.index - (0 if isinstance(node, yaml.ScalarNode) or node.flow_style else 1)
    return (text[: node.start_mark.index] + random.choice(VALUES) + text[max(node.start_mark.index, ends) :]).encode()


def _nodes(root: yaml.Node) -> Iterator[yaml.Node]:
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def other_json(data: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A value of a JSON document in the place of another."""
    try:
        root = json.loads(data)
    except (ValueError, RecursionError):
        return other_bytes(data, random, others)
    holders = [holder for holder in _holders(root) if holder]
    if not holders:
        return json.dumps(random.choice(JSON_VALUES)).encode()
    holder = random.choice(holders)
    key: Any = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    holder[key] = random.choice(JSON_VALUES)
    return json.dumps(root, indent=1).encode()


def _holders(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for part in list(value.values() if isinstance(value, dict) else value):
            yield from _holders(part)


def other_expression(data: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """An expression of a Python file in the place of another."""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return other_bytes(data, random, others)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.expr) and node.end_lineno and node.end_col_offset]
    if not found:
        return data
    node = random.choice(found)
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    if max(node.lineno, node.end_lineno or 0) >= len(starts):
        return data  # a form feed ends a line here, and none there
    begin, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[operator]
    return data[:begin] + random.choice(EXPRESSIONS).encode() + data[end:]


PLAIN: tuple[Way, ...] = (other_bytes, other_lines, other_word, long_word)


def mangled(data: bytes, random: Random, others: Sequence[bytes], ways: Sequence[Way]) -> bytes:
    """The text with one to four things made wrong."""
    for _ in range(random.randrange(1, 5)):
        data = random.choice(ways)(data, random, others)
    return data


def with_value(data: bytes, ending: str, text: str, random: Random) -> bytes:
    """A text in the place of a value that a file of this ending holds, which is no key and no name."""
    if ending in (".json", ".ipynb"):
        return _in_json(data, text, random)
    places = _values_of_yaml(data) if ending in (".yml", ".runconfig") else _values_of_python(data)
    if not places:
        return data
    start, end = random.choice(places)
    return data[:start] + json.dumps(text).encode() + data[end:]


def _in_json(data: bytes, text: str, random: Random) -> bytes:
    try:
        root = json.loads(data)
    except (ValueError, RecursionError):
        return data
    holders = [holder for holder in _holders(root) if holder]
    if not holders:
        return data
    holder = random.choice(holders)
    key: Any = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    holder[key] = text
    return json.dumps(root, indent=1).encode()


def _values_of_yaml(data: bytes) -> list[tuple[int, int]]:
    """Where scalars of one line stand that are no keys."""
    try:
        text = data.decode()
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return []
    nodes = list(_nodes(root)) if root is not None else []
    keys = {id(key) for node in nodes if isinstance(node, yaml.MappingNode) for key, _ in node.value}
    marks = [
        (node.start_mark, node.end_mark) for node in nodes if isinstance(node, yaml.ScalarNode) and id(node) not in keys
    ]
    return [
        (len(text[: start.index].encode()), len(text[: end.index].encode()))
        for start, end in marks
        if start.line == end.line
    ]


def _values_of_python(data: bytes) -> list[tuple[int, int]]:
    """Where texts of one line stand, but for keys, and what a method is asked for by name."""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    names: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript):
            names.add(id(node.slice))
        elif isinstance(node, ast.Dict):
            names |= {id(key) for key in node.keys}
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("get", "getenv", "add_argument"):
            names |= {id(argument) for argument in node.args}
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return [
        (starts[node.lineno - 1] + node.col_offset, starts[node.lineno - 1] + node.end_col_offset)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in names
        if node.lineno == node.end_lineno and node.end_col_offset and node.lineno < len(starts)
    ]
