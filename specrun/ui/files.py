"""Files of runs, as bytes: a browser shows pictures and text, and saves all else. Nothing outside of a run's folder."""

from __future__ import annotations

import base64
import io
import os
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast
from urllib.parse import quote

from specrun.apply.submitted import Submitted
from specrun.engines.base import OutputFile
from specrun.plan.home import make_home
from specrun.plan.private import make_folder, open_private
from specrun.spec.frozen import dataclass
from specrun.ui.fresh import Fresh
from specrun.ui.runs import Catalog, Entry
from specrun.ui.wire import Params, Refused

SHOWN = 256 * 1024
"""Bytes of a text that are shown."""

EMBEDDED = 8 << 20
"""Bytes of a file that is given within an answer, as a notebook wants it."""

LISTED = 20_000
"""Files that are listed."""

PICTURES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
}
_TEXTS = (
    "txt log md rst csv tsv json jsonl ndjson yaml yml toml ini cfg conf properties lock out err ipynb",
    "py sh r jl lua c cc cpp h cu java go rs sql tex dockerfile",
)
TEXTS = frozenset(f".{ending}" for line in _TEXTS for ending in line.split())
"""Shown as plain text, whatever they hold. HTML, SVG, XML and PDF are saved: they may run or load something."""

SANDBOX = "sandbox; default-src 'none'; style-src 'none'; script-src 'none'; frame-ancestors 'none'"


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


class Files:
    """The files of the runs of a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._outputs: dict[tuple[str, bool], Fresh[Sequence[OutputFile]]] = {}

    def listed(self, name: str, params: Params) -> dict[str, object]:
        """The files of a run's `outputs` or `code`. Raises Refused and EngineError."""
        found, note = self._list(self._catalog.now(name), params)
        found = sorted(found, key=lambda file: file.path)
        if len(found) > LISTED:
            note = f"{len(found) - LISTED} more files are not listed: `specrun outputs {name}` has all"
        files = [{"path": file.path, "size": file.size} for file in found[:LISTED]]
        return {"files": files, "note": note}

    def spec(self, name: str) -> dict[str, object]:
        """The spec of a run as it ran. Raises Refused and EngineError."""
        text, note = self._submitted(self._catalog.find(name)).spec
        return {"text": text, "note": note}

    def value(self, name: str, params: Params) -> dict[str, object]:
        """The beginning of a file as text, or all of it as base64. Raises Refused and EngineError."""
        with self.sent(name, params) as sent:
            if params.text("as") == "data":
                if sent.size > EMBEDDED:
                    raise Refused(413, "this file is too large to be shown here: `specrun outputs --fetch` fetches it")
                return {"type": sent.type, "base64": base64.b64encode(sent.file.read()).decode()}
            piece = sent.file.read(SHOWN)
        is_binary = b"\0" in piece[:8192]
        text = "" if is_binary else piece.decode("utf-8", "replace")
        return {"text": text, "truncated": sent.size > len(piece), "size": sent.size, "binary": is_binary}

    def sent(self, name: str, params: Params) -> Sent:
        """A file's bytes, as a browser may have them. Raises Refused and EngineError."""
        entry, path = self._catalog.now(name), params.needed("path")
        parts = path.split("/")
        if "\0" in path or "\\" in path or any(part in ("", ".", "..") for part in parts) or len(path) > 2000:
            raise Refused(400, "that is no path in a run's folder")
        if params.text("of", "outputs") == "code":
            content = self._submitted(entry).read_code(path)
            if isinstance(content, str):
                raise Refused(404, f"{path}: {content}")
            file: BinaryIO = io.BytesIO(content)
        elif entry.place.engine.here is not None:
            file = _opened(entry.place.engine.here.folder(name, "outputs"), parts)
        else:
            file = self._fetched(entry, path, params)
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        return Sent(file, size, *_shown_as(path, saved=params.flag("download")))

    def _list(self, entry: Entry, params: Params) -> tuple[list[OutputFile], str]:
        if params.text("of", "outputs") == "code":
            return self._submitted(entry).code
        name, engine = entry.run.name, entry.place.engine
        key = (name, entry.run.status.ended)  # what was listed while it went on is not all
        if key not in self._outputs:
            read = partial(engine.outputs, name)
            self._outputs[key] = Fresh(read, 1.0 if entry.place.is_here else 30.0, lambda _: key[1])
        return list(self._outputs[key].value()), ""

    def _fetched(self, entry: Entry, path: str, params: Params) -> BinaryIO:
        known, _ = self._list(entry, params)
        if path not in {file.path for file in known}:
            raise Refused(404, f"{entry.run.name} has no output {path}")
        home = entry.source.home
        make_home(home)
        make_folder(home / "cache", home)
        with tempfile.TemporaryDirectory(dir=home / "cache") as folder:
            entry.place.engine.fetch(entry.run.name, path, Path(folder) / "file")
            return (Path(folder) / "file").open("rb")

    def _submitted(self, entry: Entry) -> Submitted:
        return Submitted(entry.place.engine, entry.run)


def _opened(folder: Path, parts: list[str]) -> BinaryIO:
    """A file below a run's folder, links within that included. Raises Refused."""
    try:
        within = folder.parent.resolve(strict=True)
        found = folder.joinpath(*parts).resolve(strict=True)
        if not found.is_relative_to(within):
            raise Refused(403, f"{'/'.join(parts)} leads out of the run's folder")
        return cast(BinaryIO, os.fdopen(open_private(found, os.O_RDONLY), "rb"))
    except FileNotFoundError:
        raise Refused(404, f"there is no {'/'.join(parts)}") from None
    except (OSError, RuntimeError, ValueError):
        raise Refused(403, f"{'/'.join(parts)} is no file that can be read") from None


def _shown_as(path: str, *, saved: bool) -> tuple[str, Mapping[str, str]]:
    """The type of a file, and what a browser is to do with it."""
    name = PurePosixPath(path)
    ending = name.suffix.lower()
    kind = PICTURES.get(ending) or ("text/plain; charset=utf-8" if ending in TEXTS else "")
    plain = "".join(char if char.isascii() and char.isprintable() and char not in '"\\%' else "_" for char in name.name)
    how = "inline" if kind and not saved else "attachment"
    headers = {
        "Content-Security-Policy": SANDBOX,
        "Content-Disposition": f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name.name, safe='')}",
    }
    return kind or "application/octet-stream", headers
