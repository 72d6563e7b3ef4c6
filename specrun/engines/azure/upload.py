"""Files sent into a container: in parallel, each read once, held to the plan, and there as a whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from specrun.engines.azure.blobs import folder, write_blob
from specrun.engines.azure.blocks import LargeFile, changed, reading
from specrun.engines.azure.containers import BLOCK, CONNECTIONS, Container
from specrun.engines.azure.listing import SHA256
from specrun.engines.azure.maker_tags import metadata_of
from specrun.engines.azure.pace import Pace
from specrun.engines.azure.workers import Task, run_all
from specrun.engines.base import Report
from specrun.plan.files import SourceFile
from specrun.plan.makers import Maker
from specrun.spec.reading import read_bytes


def send(
    container: Container, prefix: str, files: Sequence[SourceFile], maker: Maker, report: Report, sha256: str = ""
) -> None:
    """Write files below a prefix, with their MD5; as metadata, who sent them and the `sha256` of what came from https.

    A large file goes in blocks; those that an interrupted upload left there are not sent again. Raises EngineError;
    Conflict when a file is not what was planned: it is not written then.
    """
    metadata = {**metadata_of(maker), **({SHA256: sha256.lower()} if sha256 else {})}
    pace = Pace(sum(file.size for file in files), report)
    run_all(_tasks(container, folder(prefix), files, metadata, pace), CONNECTIONS)


def _tasks(
    container: Container, prefix: str, files: Sequence[SourceFile], metadata: Mapping[str, str], pace: Pace
) -> Iterator[Task]:
    # Small ones first: while a large one is read, nobody else is given work.
    for file in sorted(files, key=lambda file: file.size > BLOCK):
        if file.size <= BLOCK:
            yield partial(_send, container, prefix + file.path, file, metadata, pace)
        else:
            yield from LargeFile(container, prefix + file.path, file, metadata, pace).tasks()


def _send(container: Container, name: str, file: SourceFile, metadata: Mapping[str, str], pace: Pace) -> None:
    with reading(file):
        data = read_bytes(file.source, BLOCK, follow=False)
    if hashlib.md5(data, usedforsecurity=False).hexdigest() != file.md5:
        raise changed(file)
    write_blob(container, name, data, metadata)
    pace.add(len(data))
