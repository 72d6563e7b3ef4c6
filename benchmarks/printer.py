"""Prints numbered lines without pause: `python printer.py NAME BLOCKS …`. No two lines are the same."""

from __future__ import annotations

import os
import sys

LINES = 1000
"""In a block."""

_NUMBER = b"@" * 9


def block(name: str, number: int) -> bytes:
    """The lines of one block."""
    return _template(name).replace(_NUMBER, b"%09d" % number)


def _template(name: str) -> bytes:
    return b"".join(b"%s block %s line %03d\n" % (name.encode(), _NUMBER, line) for line in range(LINES))


def main() -> None:
    """Print as fast as the other end takes it."""
    name, blocks = sys.argv[1:3]
    template = _template(name)
    for number in range(int(blocks)):
        os.write(1, template.replace(_NUMBER, b"%09d" % number))


if __name__ == "__main__":
    main()
