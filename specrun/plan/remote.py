"""Data from https: fetched once, kept by its SHA-256, then uploaded like a local file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from specrun.plan.files import SourceFile
from specrun.plan.hashes import HashCache
from specrun.plan.home import scratch
from specrun.plan.private import check_folder, make_folder
from specrun.spec.below import name_problem

BLOCK = 1 << 20


class WrongContent(Exception):
    """The bytes that came are not those whose SHA-256 the spec gives."""


def cached_download(url: str, sha256: str, home: Path, hashes: HashCache) -> tuple[SourceFile, ...]:
    """The one file of an https source. Not fetched yet: size 0 and no MD5, so that it counts as to be sent."""
    path = _kept_at(url, sha256, home)
    check_folder(path.parent, home)
    if path.is_symlink() or not path.exists():
        return (SourceFile(path.name, path, 0, False, ""),)
    stat = path.stat()
    return (SourceFile(path.name, path, stat.st_size, False, hashes.md5(path, stat)),)


def download(url: str, sha256: str, home: Path, report: Callable[[int, int], None]) -> Path:
    """Fetch unless it is kept already. `report` gets bytes done and in all (0: unknown).

    Raises WrongContent, and OSError for what the network does.
    """
    from urllib.request import urlopen  # late: few specs fetch anything

    path = _kept_at(url, sha256, home)
    if not path.is_symlink() and path.exists() and _sha256(path) == sha256.lower():
        return path
    digest = hashlib.sha256()
    with urlopen(url, timeout=60) as response, scratch(home) as folder:
        total = int(response.headers.get("Content-Length") or 0)
        done = 0
        with (folder / path.name).open("wb") as file:
            while block := response.read(BLOCK):
                digest.update(block)
                file.write(block)
                done += len(block)
                report(done, total)
        if digest.hexdigest() != sha256.lower():
            raise WrongContent(
                f"{url} has SHA-256 {digest.hexdigest()}, the spec says {sha256}: "
                "the file has changed, or the spec names another one"
            )
        make_folder(path.parent, home)
        (folder / path.name).chmod(0o600)
        (folder / path.name).replace(path)
    return path


def _sha256(path: Path) -> str:
    """Of what is kept: who put it there is not known."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def file_name(url: str) -> str:
    """What the fetched file is called."""
    name = Path(unquote(urlsplit(url).path)).name
    return "download" if name_problem(name) else name


def _kept_at(url: str, sha256: str, home: Path) -> Path:
    return home / "cache" / "https" / sha256.lower() / file_name(url)
