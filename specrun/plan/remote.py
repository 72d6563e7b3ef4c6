"""Data from https: fetched once, kept by its SHA-256, then uploaded like a local file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from specrun.plan.files import SourceFile
from specrun.plan.hashes import HashCache
from specrun.plan.home import scratch
from specrun.plan.private import check_folder, make_folder
from specrun.spec.below import name_problem

BLOCK = 1 << 20
_SHOWN = 100
"""Characters of what a server says."""


class NotFetched(Exception):
    """Why what an address gives could not be had, or is not what the spec says."""


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

    Raises NotFetched, and OSError for what the disk does.
    """
    path = _kept_at(url, sha256, home)
    if not path.is_symlink() and path.exists() and _sha256(path) == sha256.lower():
        return path
    digest = hashlib.sha256()
    with scratch(home) as folder:
        done = 0
        with (folder / path.name).open("wb") as file:
            for block, total in _blocks(url):
                digest.update(block)
                file.write(block)
                done += len(block)
                report(done, total)
        if digest.hexdigest() != sha256.lower():
            raise NotFetched(
                f"{_named(url)} has SHA-256 {digest.hexdigest()}, the spec says {sha256}: "
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


def _blocks(url: str) -> Iterator[tuple[bytes, int]]:
    """What an address gives, block by block, each with the size of the whole (0: unknown). Raises NotFetched."""
    from http.client import HTTPException  # late, like all of these: few specs fetch anything
    from urllib.error import HTTPError, URLError

    done = total = 0
    try:
        with _opened(url) as response:
            length = str(response.headers.get("Content-Length") or "")
            total = int(length) if re.fullmatch("[0-9]{1,18}", length) else 0
            while block := response.read(BLOCK):
                done += len(block)
                yield block, total
    except HTTPError as error:
        raise NotFetched(
            f"{_named(url)} cannot be fetched: its server answers {error.code} ({error.reason})"
        ) from error
    except URLError as error:
        raise NotFetched(f"{_named(url)} cannot be fetched: {error.reason}") from error
    except OSError as error:
        raise NotFetched(f"{_named(url)} cannot be fetched: {error.strerror or error}") from error
    except (HTTPException, ValueError) as error:
        words = f"{type(error).__name__}: {str(error)[:_SHOWN]}"
        raise NotFetched(f"{_named(url)} cannot be fetched: what came is no answer of HTTP ({words})") from error
    if done < total:
        raise NotFetched(f"{_named(url)} cannot be fetched: its answer broke off after {done:,} of {total:,} bytes")


def _opened(url: str) -> Any:
    """The answer to a request, after redirects; none of them leads out of the web, nor from https to http."""
    from urllib.request import HTTPRedirectHandler, build_opener

    scheme = url.partition("://")[0].lower()
    if scheme not in ("https", "http"):
        raise ValueError(f"{scheme}: is not fetched")

    class Redirects(HTTPRedirectHandler):
        def redirect_request(self, request: Any, answer: Any, code: int, reason: str, headers: Any, to: str) -> Any:
            if not to.lower().startswith(("https://", f"{scheme}://")):
                raise ValueError(f"it leads from {scheme} to {to.partition(':')[0]}")
            return super().redirect_request(request, answer, code, reason, headers, to)

    return build_opener(Redirects).open(url, timeout=60)


def file_name(url: str) -> str:
    """What the fetched file is called."""
    try:
        name = Path(unquote(urlsplit(url).path)).name
    except ValueError:
        name = ""
    return "download" if name_problem(name) else name


def _named(url: str) -> str:
    """An address as it is told: what follows a question mark may be a signature."""
    return url.partition("?")[0]


def _kept_at(url: str, sha256: str, home: Path) -> Path:
    return home / "cache" / "https" / sha256.lower() / file_name(url)
