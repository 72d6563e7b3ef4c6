"""A container's listing: as many requests as there are pages, and read without the SDK's models."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

from specrun.engines.azure.blob_errors import explained
from specrun.engines.azure.containers import Container
from specrun.engines.azure.maker_tags import uploader_in
from specrun.engines.base import EngineError
from specrun.plan.makers import Maker
from specrun.plan.source_list import FOLDER, is_list
from specrun.spec.frozen import dataclass

SHA256 = "specrun_sha256"
"""The metadata that holds the SHA-256 of data from https, as its spec gives it."""

LOCKS = "specrun/locks/"
"""Where the blobs of locks lie in a container."""

_LOCK = re.compile(LOCKS + "[0-9a-f]{64}")

PAGE = 5000
"""Blobs in one answer: the service's limit."""

FEW = 20
"""Blobs in one answer where only the first counts: folders stand before it."""


@dataclass(frozen=True, slots=True)
class Blob:
    """One blob of a listing. `name` is the whole one, `md5` in hex."""

    name: str
    size: int
    md5: str
    etag: str
    maker: Maker
    sha256: str


def list_blobs(container: Container, start: str, page: int | None = None) -> Iterator[Blob]:
    """Blobs whose names begin so, without folders, the lists of sources and locks. Raises EngineError."""
    return (
        blob for blob in _every(container, start, page) if not is_list(blob.name) and not _LOCK.fullmatch(blob.name)
    )


def list_source_lists(container: Container) -> Iterator[Blob]:
    """The lists of sources. Raises EngineError."""
    return (blob for blob in _every(container, FOLDER) if is_list(blob.name))


def _every(container: Container, start: str, page: int | None = None) -> Iterator[Blob]:
    marker: str | None = None
    seen: set[str] = set()
    while marker is None or marker:
        with explained(container, f"listing {start or 'it'}"):
            answer = _page(container, start, marker, page or PAGE)
        try:
            root = ElementTree.fromstring(answer)
        except ElementTree.ParseError as error:
            raise EngineError(
                f"{container.words}: what came is not a listing ({error}): is a proxy in between?"
            ) from error
        yield from (blob for element in root.iterfind("Blobs/Blob") if (blob := _read(element)) is not None)
        marker = root.findtext("NextMarker") or ""
        if marker in seen:
            raise EngineError(f"{container.words}: the listing that came has no end: it leads back to itself")
        seen.add(marker)


class _Page(Exception):
    """Carries a listing past the SDK's reading of it, which takes longer than the service's making it."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body


def _page(container: Container, start: str, marker: str | None, most: int) -> bytes:
    def catch(response: Any) -> None:
        if response.http_response.status_code == 200:
            raise _Page(response.http_response.body())

    while True:
        pages = container.client.list_blobs(
            name_starts_with=start or None, include=["metadata"], results_per_page=most, raw_response_hook=catch
        ).by_page(marker)
        try:
            next(pages)
        except _Page as page:
            return page.body
        # The SDK has tried again after a connection broke, and forgets the hook then: once more.


def _read(element: ElementTree.Element) -> Blob | None:
    name = properties = metadata = None
    for child in element:
        if child.tag == "Name":
            name = child
        elif child.tag == "Properties":
            properties = child
        elif child.tag == "Metadata":
            metadata = child
    facts = {child.tag: child.text or "" for child in properties} if properties is not None else {}
    said = {child.tag.lower(): child.text or "" for child in metadata} if metadata is not None else {}
    if name is None or said.get("hdi_isfolder") == "true" or facts.get("ResourceType") == "directory":
        return None
    text = name.text or ""
    text = unquote(text) if name.get("Encoded") == "true" else text
    return Blob(
        text,
        int(facts.get("Content-Length") or 0),
        _hex(facts.get("Content-MD5", "")),
        facts.get("Etag", ""),
        uploader_in(said),
        said.get(SHA256, ""),
    )


def _hex(text: str) -> str:
    try:
        return base64.b64decode(text).hex()
    except ValueError:
        return ""
