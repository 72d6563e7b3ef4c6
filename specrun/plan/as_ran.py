"""The spec of a run as it ran, with the files that belong to it: kept when the run is submitted, in an archive.

It is written for the same fingerprint on another machine: variables of the environment are in place, secrets stand by
their names. Whoever reads one takes it for somebody else's word: it may lie where others write.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from specrun.spec.below import name_problem
from specrun.spec.frozen import dataclass

SPEC = "job.yaml"
CODE = "src"
"""The file of the spec and the folder of the code, where it is written out."""

UPSTREAM = "upstream"
"""The folder of what it reads from, a folder for each spec."""

ABOUT = "run.json"
FORMAT = 1

LARGEST = 1 << 26
"""Bytes of all files of an archive together, and MOST their number; what is written has less."""
MOST = 10_000

_FIRST = (1980, 1, 1, 0, 0, 0)
"""What archives say of when a file was written: it is not known."""


@dataclass(frozen=True, slots=True)
class AsRan:
    """A spec as text, and its `files` but for code and data, by their paths beside it.

    `identity` is what the fingerprint was taken of, `sizes` those of its files in bytes, by input ("": code) and path.
    `inputs` are the folders beside the spec in which the files of local inputs are looked for.
    `lacks` says what is not kept, so that the spec will not have the run's fingerprint.
    """

    spec: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    identity: Mapping[str, Any] = field(default_factory=dict)
    sizes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()

    def packed(self) -> bytes:
        """As an archive."""
        import zipfile  # late: it imports every compression there is

        about = {
            "format": FORMAT,
            "identity": self.identity,
            "sizes": self.sizes,
            "inputs": self.inputs,
            "lacks": list(self.lacks),
        }
        told = json.dumps(about).encode()
        if len(told) > LARGEST // 2:  # a million files: what changed of them is then told by name
            told = json.dumps({**about, "identity": {}, "sizes": {}}).encode()
        content = {SPEC: self.spec.encode(), ABOUT: told, **self.files}
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in content.items():
                info = zipfile.ZipInfo(name, _FIRST)
                info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
                archive.writestr(info, data)
        return packed.getvalue()


def unpacked(content: bytes) -> AsRan | None:
    """What an archive holds; None of none, and of one that is not what was written there."""
    if not content:
        return None
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            listed = archive.infolist()
            if len(listed) > MOST or sum(info.file_size for info in listed) > LARGEST:
                return None
            files = {info.filename: archive.read(info) for info in listed}
        about = json.loads(files.pop(ABOUT))
        spec = files.pop(SPEC).decode()
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, NotImplementedError, RuntimeError):
        return None
    if not isinstance(about, dict) or about.get("format") != FORMAT or any(map(name_problem, files)):
        return None
    identity, inputs, lacks = about.get("identity"), about.get("inputs"), about.get("lacks")
    return AsRan(
        spec,
        files,
        identity if isinstance(identity, dict) else {},
        _sizes(about.get("sizes")),
        {name: str(folder) for name, folder in inputs.items()} if isinstance(inputs, dict) else {},
        tuple(map(str, lacks)) if isinstance(lacks, list) else (),
    )


def _sizes(value: object) -> Mapping[str, Mapping[str, int]]:
    found: dict[str, Mapping[str, int]] = {}
    for name, sizes in value.items() if isinstance(value, dict) else ():
        if isinstance(sizes, dict):
            found[name] = {path: size for path, size in sizes.items() if isinstance(size, int)}
    return found
