"""Files held to what was planned; a large one sent in blocks, of which those that are there are not sent again."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from specrun.engines.azure.blob_errors import code_of, explained
from specrun.engines.azure.containers import BLOCK, Container
from specrun.engines.azure.pace import Counted, Pace
from specrun.engines.azure.workers import Task
from specrun.engines.base import Conflict, EngineError
from specrun.plan.files import SourceFile
from specrun.spec.reading import Replaced, TooLarge, opened

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient

MOST_BLOCKS = 50_000
"""Of one blob: the service's limit. A file of more than 400 GB has larger ones."""

NAME_LENGTH = 32
SHORTEST_NAME = 16


class LargeFile:
    """One file on its way. The last of its tasks to be done commits it: until then nobody sees anything of it.

    A block's name is taken of its content, and the service has checked that content on arrival: one of that name can be
    used whoever sent it, and one that was sent of a file that has changed since has another name.
    """

    def __init__(
        self, container: Container, name: str, file: SourceFile, metadata: Mapping[str, str], pace: Pace
    ) -> None:
        self._container = container
        self._name = name
        self._file = file
        self._metadata = metadata
        self._pace = pace
        self._lock = threading.Lock()
        self._open = 1  # tasks not done, and one for the reading
        self._names: dict[int, str] = {}

    def tasks(self) -> Iterator[Task]:
        """One for each block, and a last one; instead of it, raises Conflict if the file is not the planned one."""
        there, length = self._there()
        digest = hashlib.md5(usedforsecurity=False)
        with reading(self._file), opened(self._file.source, follow=False) as source:
            index = 0
            while data := source.read(max(BLOCK, -(-self._file.size // MOST_BLOCKS))):
                digest.update(data)
                with self._lock:
                    self._open += 1
                yield partial(self._stage, index, data, there, length)
                index += 1
        if digest.hexdigest() != self._file.md5:
            raise changed(self._file)
        yield self._done

    def _stage(self, index: int, data: bytes, there: Mapping[str, int], length: int) -> None:
        digest = hashlib.md5(data, usedforsecurity=False).digest()
        name = hashlib.shake_128(b"%d %d %b" % (index, len(data), digest)).hexdigest(length)[:length]
        self._names[index] = name
        if there.get(name) == len(data):
            self._pace.add(len(data), sent=False)
        else:
            with explained(self._container, f"writing {self._name}"):
                self._blob.stage_block(
                    name,
                    Counted(data, self._pace),
                    length=len(data),
                    headers={"Content-MD5": base64.b64encode(digest).decode()},
                )
        self._done()

    def _done(self) -> None:
        with self._lock:
            self._open -= 1
            last = not self._open
        if last:
            self._commit()

    def _commit(self) -> None:
        from azure.storage.blob import ContentSettings

        with explained(self._container, f"writing {self._name}"):
            self._blob.commit_block_list(
                [self._names[index] for index in sorted(self._names)],
                metadata=dict(self._metadata),
                content_settings=ContentSettings(content_md5=bytearray.fromhex(self._file.md5)),
            )

    @property
    def _blob(self) -> BlobClient:
        return self._container.blob(self._name)

    def _there(self) -> tuple[dict[str, int], int]:
        """Blocks sent and not committed, by name, with their size; and how long names must be here: all alike."""
        from azure.core.exceptions import ResourceNotFoundError

        with explained(self._container, f"looking for what was sent of {self._name}"):
            try:
                _, blocks = self._blob.get_block_list("uncommitted")
            except ResourceNotFoundError as error:
                if code_of(error) == "ContainerNotFound":
                    raise
                return {}, NAME_LENGTH
        length = max((len(block.id) for block in blocks), default=NAME_LENGTH)
        if length < SHORTEST_NAME:
            raise Conflict(
                f"{self._container.words}: another program's unfinished upload of {self._name} is in the way: finish "
                "it, or delete the blob (the service forgets such an upload after a week)"
            )
        return {block.id: block.size for block in blocks}, length


def changed(file: SourceFile) -> Conflict:
    """The error for a file whose content is not the planned one."""
    return Conflict(f"{file.source} changed since the plan: plan again")


@contextmanager
def reading(file: SourceFile) -> Iterator[None]:
    """Raise what goes wrong with reading a file as EngineError; Conflict when it is gone, or another one."""
    try:
        yield
    except (FileNotFoundError, TooLarge, Replaced) as error:
        raise changed(file) from error
    except OSError as error:
        raise EngineError(f"{file.source} cannot be read: {error.strerror}") from error
