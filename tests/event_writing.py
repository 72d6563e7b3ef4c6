"""Event files written as TensorFlow does, for what it never writes by itself."""

from __future__ import annotations

import struct

from specrun.engines.crc32c import masked


def record(message: bytes, checksum: int | None = None) -> bytes:
    """A message with its length and both checksums."""
    length = struct.pack("<Q", len(message))
    own = masked(message) if checksum is None else checksum
    return length + struct.pack("<I", masked(length)) + message + struct.pack("<I", own)


def scalar(tag: str | bytes, value: float, step: int = 0, time: float = 1.0) -> bytes:
    """A record with one number, as TensorFlow 1 and PyTorch write it."""
    text = tag.encode() if isinstance(tag, str) else tag
    one = _bytes(1, text) + b"\x15" + struct.pack("<f", value)
    return record(b"\x09" + struct.pack("<d", time) + b"\x10" + _varint(step) + _bytes(5, _bytes(1, one)))


def _bytes(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])
