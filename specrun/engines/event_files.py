"""TensorBoard's event files, read without TensorFlow: records of serialized `Event` messages, of which scalars count.

A record is its length (8 bytes), a checksum of that, the message and a checksum of it. In the message scalars are a
`simple_value`, as TensorFlow 1 and PyTorch write them, or a tensor of the plugin `scalars`, as TensorFlow 2 does.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from specrun.engines.crc32c import masked

PIECE = 1 << 22
"""Bytes that are read at once. A record that is larger holds pictures or a graph: it is passed over."""

_HEADER = struct.Struct("<QI")
_CHECKSUM = struct.Struct("<I")
_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")

_SCALARS = b"scalars"
_FORMATS = {1: "f", 2: "d", 3: "i", 4: "B", 5: "h", 6: "b", 9: "q", 10: "?", 17: "H", 19: "e", 22: "I", 23: "Q"}
"""How `tensor_content` holds a number, by TensorFlow's number of its type."""
_HALF, _BFLOAT16 = 19, 14
_WHOLE = frozenset({7, 10, 11, 16, 17})
"""Fields of a tensor with whole numbers: int_val, int64_val, bool_val, uint32_val and uint64_val."""

Field = tuple[int, int, bytes | int]


class Point(NamedTuple):
    """A scalar: its tag as it was written, its step, its time (Unix seconds)."""

    tag: str
    step: int
    time: float
    value: float


class Events(NamedTuple):
    """What was found in a piece of an event file.

    `used` is how many bytes of the file it accounts for: fewer than there were where the last record has not ended,
    more where that one is passed over. `damaged` records are not read; `broken`: what follows cannot be told apart.
    """

    points: list[Point]
    used: int
    damaged: int = 0
    broken: bool = False


def read_events(piece: bytes) -> Events:
    """The scalars in a piece that begins with a record and has at most `PIECE` bytes."""
    points: list[Point] = []
    start, damaged = 0, 0
    while len(piece) - start >= _HEADER.size:
        length, checksum = _HEADER.unpack_from(piece, start)
        if masked(piece[start : start + 8]) != checksum:
            return Events(points, start, damaged, broken=True)
        body, end = start + _HEADER.size, start + _HEADER.size + length + _CHECKSUM.size
        if end > len(piece):
            if end - start > PIECE:
                return Events(points, end, damaged)
            break
        message = piece[body : body + length]
        try:
            found = _points(message)
        except (ValueError, IndexError, struct.error, OverflowError):
            found, damaged = [], damaged + 1
        # Only of what is used: a picture's checksum would take longer than all else.
        if found and masked(message) != _CHECKSUM.unpack_from(piece, body + length)[0]:
            found, damaged = [], damaged + 1
        points += found
        start = end
    return Events(points, start, damaged)


def _points(message: bytes) -> list[Point]:
    time, step, found = 0.0, 0, []
    for number, kind, content in _fields(message):
        if number == 1 and kind == 1 and isinstance(content, bytes):
            time = _DOUBLE.unpack(content)[0]
        elif number == 2 and isinstance(content, int):
            step = _signed(content)
        elif number == 5 and isinstance(content, bytes):
            found += [one for at, _, value in _fields(content) if at == 1 and (one := _scalar(value)) is not None]
    return [Point(tag, step, time, value) for tag, value in found]


def _scalar(summary: bytes | int) -> tuple[str, float] | None:
    """Tag and number of a summary's value; None for other plugins' values, pictures and histograms."""
    tag, plugin, simple, tensor = b"", b"", None, None
    if not isinstance(summary, bytes):
        return None
    for number, kind, content in _fields(summary):
        if number == 2 and kind == 5 and isinstance(content, bytes):
            simple = _FLOAT.unpack(content)[0]
        elif isinstance(content, bytes):
            if number == 1:
                tag = content
            elif number == 8:
                tensor = content
            elif number == 9:
                plugin = _inner(_inner(content))
    value = simple if simple is not None else _number(tensor) if tensor is not None and plugin == _SCALARS else None
    return None if value is None else (tag.decode("utf-8", "replace"), value)


def _inner(content: bytes) -> bytes:
    """The first field of a message: of a value's metadata its plugin, and of that its name."""
    return next((inner for number, _, inner in _fields(content) if number == 1 and isinstance(inner, bytes)), b"")


def _number(tensor: bytes) -> float | None:
    """The number in a tensor that holds one; None where there is none, or there are more."""
    type_, packed, found = 0, b"", list[float]()
    for number, kind, content in _fields(tensor):
        if number == 1 and isinstance(content, int):
            type_ = content
        elif number == 4 and isinstance(content, bytes):
            packed = content
        elif number in (5, 6) and isinstance(content, bytes):
            size = "f" if number == 5 else "d"
            found += struct.unpack(f"<{len(content) // struct.calcsize(size)}{size}", content)
        elif number == 13:
            found += (_half(type_, one) for one in _varints(content))
        elif number in _WHOLE and kind in (0, 2):
            found += (float(_signed(one)) for one in _varints(content))
    if packed and type_ == _BFLOAT16:
        found.append(_half(type_, int.from_bytes(packed, "little")))
    elif packed and type_ in _FORMATS:
        found.append(float(struct.unpack(f"<{_FORMATS[type_]}", packed)[0]))
    return found[0] if len(found) == 1 else None


def _half(type_: int, bits: int) -> float:
    """A number of 16 bits: the upper half of a float, or one of IEEE's own."""
    if type_ == _BFLOAT16:
        return float(_FLOAT.unpack((bits << 16).to_bytes(4, "little"))[0])
    return float(struct.unpack("<e", bits.to_bytes(2, "little"))[0])


def _varints(content: bytes | int) -> Iterator[int]:
    """Whole numbers, one or a packed list."""
    if isinstance(content, int):
        yield content
        return
    at = 0
    while at < len(content):
        number, at = _varint(content, at)
        yield number


def _fields(message: bytes) -> Iterator[Field]:
    """The fields of a protobuf message: number, wire type, and a whole number or bytes. ValueError, IndexError."""
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            content: bytes | int
            content, at = _varint(message, at)
        else:
            if kind == 2:
                size, at = _varint(message, at)
            elif kind in (1, 5):
                size = 8 if kind == 1 else 4
            else:
                raise ValueError(f"the wire type {kind}")
            if at + size > end:
                raise ValueError("cut off")
            content = message[at : at + size]
            at += size
        yield key >> 3, kind, content


def _varint(message: bytes, at: int) -> tuple[int, int]:
    byte = message[at]
    at += 1
    if byte < 0x80:
        return byte, at
    number, shift = byte & 0x7F, 7
    while True:
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
        if shift > 63:
            raise ValueError("a number that is too long")


def _signed(number: int) -> int:
    return number - (1 << 64) if number >= 1 << 63 else number
