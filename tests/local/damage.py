"""What can lie in the place of a JSON file: every way in which it is not what was written there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

CONTENTS: Mapping[str, bytes] = {
    "empty": b"",
    "cut off": b'{"spec": "job", "attem',
    "zeros": bytes(512),
    "infinite": b'{"attempt": 1e999, "submitted": 1e999, "format": 1e999, "b": [1, 2, 3, 4, 1e999]}',
    "not a number": b'{"attempt": NaN, "format": NaN}',
    "nested": b"[" * 100_000,
    "nested objects": b'{"a":' * 900 + b"1" + b"}" * 900,
    "huge": b'{"attempt": ' + b"9" * 5000 + b"}",
    "long": b'{"format": 1, "spec": "job", "attempt": ' + b"9" * 300 + b', "submitted": 1' + b"0" * 300 + b"}",
    "other types": b'{"format": 1, "spec": [], "fingerprint": {}, "attempt": "x", "reads": 7, "md5": 3, "owners": 4}',
    "lone surrogate": b'{"format": 1, "spec": "job", "reason": "\\ud800", "status": "failed", "name": "\\ud800"}',
    "not UTF-8": b'{"format": 1, "spec": "\xff\xfe"}',
    "list": b"[1, 2]",
    "null": b"null",
}


def put_folder(file: Path) -> None:
    file.mkdir()


def put_fifo(file: Path) -> None:
    os.mkfifo(file)


def put_link(file: Path) -> None:
    file.symlink_to("/dev/zero")


WAYS: Mapping[str, Callable[[Path], object]] = {
    **{name: (lambda file, content=content: file.write_bytes(content)) for name, content in CONTENTS.items()},
    "folder": put_folder,
    "FIFO": put_fifo,
    "link": put_link,
}


def put(file: Path, way: str) -> None:
    """Have something else in the file's place."""
    shutil.rmtree(file, ignore_errors=True)
    file.unlink(missing_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    WAYS[way](file)
