"""CRC-32C, which event files have and the standard library has not."""

from __future__ import annotations

from functools import cache

_REVERSED = 0x82F63B78
_MASK = 0xA282EAD8


def masked(data: bytes) -> int:
    """The checksum of bytes as TensorFlow writes it into its records."""
    table = _table()
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + _MASK) & 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    found = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (_REVERSED if byte & 1 else 0)
        found.append(byte)
    return tuple(found)
