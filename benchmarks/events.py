"""TensorBoard's event files, written without TensorFlow: scalars alone."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import cache

FILE = "events.out.tfevents.1796000000.benchmark"


def event_file(points: Iterable[tuple[str, int, float, float]]) -> bytes:
    """A file with these points: tag, step, time (Unix seconds), value."""
    version = _number(1, 1796000000.0) + _bytes(3, b"brain.Event:2")
    return b"".join(map(_record, [version, *(_scalar(*point) for point in points)]))


def _scalar(tag: str, step: int, time: float, value: float) -> bytes:
    summary = _bytes(1, _bytes(1, tag.encode()) + _varint(2 << 3 | 5) + struct.pack("<f", value))
    return _number(1, time) + _varint(2 << 3) + _varint(step) + _bytes(5, summary)


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def _number(field: int, value: float) -> bytes:
    return _varint(field << 3 | 1) + struct.pack("<d", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _masked(data: bytes) -> bytes:
    """CRC-32C as TFRecord masks it."""
    checksum = 0xFFFFFFFF
    table = _crc_table()
    for byte in data:
        checksum = checksum >> 8 ^ table[(checksum ^ byte) & 0xFF]
    checksum ^= 0xFFFFFFFF
    return struct.pack("<I", ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF)


@cache
def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return tuple(table)
