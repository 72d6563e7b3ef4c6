"""Files of runs, as bytes: a browser shows pictures and text, and saves all else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

from specrun.spec.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that is sent: `size` bytes of it, closed at the end of a `with`."""

    file: BinaryIO
    size: int
    type: str
    headers: Mapping[str, str]

    def __enter__(self) -> Sent:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
