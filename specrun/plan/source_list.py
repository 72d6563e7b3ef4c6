"""The list that an upload leaves on its datastore: what its source consisted of, for whoever does not have that.

It is somebody else's word, and only about names: what a file on the target is says the target's own listing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from specrun.plan.files import SourceFile
from specrun.spec.frozen import dataclass

if TYPE_CHECKING:
    from specrun.plan.observed import StoredFile

FORMAT = 1

LARGEST = 1 << 28
"""Bytes of a list, which has about 150 for each file."""

FOLDER = "specrun/sources/"
"""Where lists lie in a container."""

_NAME = re.compile(FOLDER + r"[0-9a-f]{64}\.json")
_MD5 = re.compile(r"[0-9a-f]{32}")
_LONGEST = 4096


class ListedFile(NamedTuple):
    """A file as the source had it: `md5` in hex."""

    md5: str
    executable: bool


@dataclass(frozen=True, slots=True)
class SourceList:
    """The files of a source by their paths. `wrong` says why nothing is taken from the list that is there."""

    files: Mapping[str, ListedFile] = field(default_factory=dict)
    wrong: str = ""

    @staticmethod
    def of(source: Iterable[SourceFile]) -> SourceList:
        """The list of files that are here."""
        return SourceList({file.path: ListedFile(file.md5, file.executable) for file in source})

    def values(self, target: str) -> dict[str, object]:
        """The list, left for a target, as JSON values."""
        return {"format": FORMAT, "target": target, "files": {path: list(file) for path, file in self.files.items()}}


@dataclass(frozen=True, slots=True)
class Held:
    """What a target holds of a source: its files, and the `extra` ones beside them.

    `differing` are the paths that the list has with another content, or that are gone.
    """

    files: tuple[SourceFile, ...]
    extra: Mapping[str, StoredFile]
    differing: tuple[str, ...] = ()


def blob_name(target: str) -> str:
    """Where the list of a target lies in its container. Targets may be longer, and below each other."""
    return f"{FOLDER}{hashlib.sha256(target.encode()).hexdigest()}.json"


def is_list(name: str) -> bool:
    """Whether a blob is a list, and so no data, whatever target it seems to lie in."""
    return name.startswith(FOLDER) and _NAME.fullmatch(name) is not None


def write_list(target: str, source: Iterable[SourceFile]) -> bytes:
    """The list of a target's source as JSON, empty where that would be larger than is read."""
    text = json.dumps(SourceList.of(source).values(target), ensure_ascii=False, separators=(",", ":"))
    data = text.encode("utf-8", "surrogateescape")
    return data if len(data) <= LARGEST else b""


def read_list(target: str, data: bytes) -> SourceList:
    """The list of a target as it was found; nothing that stands in it is believed before it is looked at."""
    try:
        return checked(target, json.loads(data.decode("utf-8", "surrogateescape")))
    except (ValueError, RecursionError):
        return SourceList(wrong="it is not JSON")


def target_in(name: str, data: bytes) -> str:
    """The target that a list found under a blob's name is of; "" where it is of none, or of one with another name."""
    try:
        target = json.loads(data.decode("utf-8", "surrogateescape"))["target"]
    except (ValueError, RecursionError, TypeError, KeyError):
        return ""
    return target if isinstance(target, str) and _is_plain(target) and blob_name(target) == name else ""


def checked(target: str, values: object) -> SourceList:
    """The list of a target, of JSON values as they were found."""
    if not isinstance(values, dict):
        return SourceList(wrong="it is no object")
    if values.get("format") != FORMAT:
        return SourceList(wrong=f"it is of format {str(values.get('format'))[:20]}, and this specrun reads {FORMAT}")
    files = values.get("files")
    if values.get("target") != target or not isinstance(files, dict):
        return SourceList(wrong="it is of another target" if isinstance(files, dict) else "it lists no files")
    found: dict[str, ListedFile] = {}
    for path, entry in files.items():
        match entry:
            case [str(md5), bool(executable)] if _MD5.fullmatch(md5) and _is_plain(path):
                found[path] = ListedFile(md5, executable)
            case _:
                return SourceList(wrong=f"what it says of {path[:100]!a} is nothing that is written there")
    return SourceList(found)


def _is_plain(path: str) -> bool:
    surrogate = not path.isascii() and any("\ud800" <= char <= "\udfff" for char in path)
    return len(path) <= _LONGEST and {"", ".", ".."}.isdisjoint(path.split("/")) and not surrogate


def held(stored: Mapping[str, StoredFile], listed: SourceList | None, source: Path) -> Held:
    """What a target holds of the source that its list names; without one it holds nothing else.

    `source` is what they are of, which is not here: none of the files is. What has no MD5 is known by its ETag.
    """
    names = {path: ListedFile("", False) for path in stored} if listed is None or listed.wrong else listed.files
    files = [
        SourceFile(path, source, there.size, names[path].executable, there.md5 or there.etag)
        for path, there in stored.items()
        if path in names
    ]
    return Held(
        tuple(sorted(files, key=lambda file: file.path.encode("utf-8", "surrogateescape"))),
        {path: there for path, there in stored.items() if path not in names},
        tuple(path for path, one in names.items() if one.md5 and (path not in stored or stored[path].md5 != one.md5)),
    )
