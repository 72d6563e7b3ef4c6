"""The lists that uploads leave in a container, one for each target: found, left and taken away."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from specrun.engines.azure.blob_errors import KeyRefused, explained
from specrun.engines.azure.blobs import write_blob
from specrun.engines.azure.containers import CONNECTIONS, Container
from specrun.engines.azure.maker_tags import metadata_of
from specrun.engines.base import Conflict, Denied, Missing, Progress, Report
from specrun.plan.files import SourceFile
from specrun.plan.makers import Maker
from specrun.plan.source_list import LARGEST, SourceList, blob_name, read_list, target_in, write_list

_ON_THE_WAY = "the list of the source"


def find_list(container: Container, target: str) -> SourceList | None:
    """What the last upload to a target left, if it did: one request. Raises EngineError."""
    name = blob_name(target)
    try:
        with explained(container, f"reading {name}"):
            blob = container.blob(name).download_blob(max_concurrency=CONNECTIONS)
            if blob.size > LARGEST:
                return SourceList(wrong=f"it has {blob.size:,} bytes, and no more than {LARGEST:,} are read")
            return read_list(target, bytes(blob.readall()))
    except Missing:
        return None


def target_of(container: Container, name: str) -> str:
    """The target that a list is of, by its blob's name; "" where it does not say it. Raises EngineError."""
    try:
        with explained(container, f"reading {name}"):
            blob = container.blob(name).download_blob(max_concurrency=CONNECTIONS)
            return target_in(name, bytes(blob.readall())) if blob.size <= LARGEST else ""
    except Missing:
        return ""


def leave_list(container: Container, target: str, source: Sequence[SourceFile], maker: Maker, report: Report) -> None:
    """Write the list of a target's source: one request, or one for each 4 MiB. Raises EngineError.

    Not where a file is not fetched yet. A signature, or a policy, that does not let it be written there is no reason
    not to send the files: the next plan that looks for it says that there is none, or what is not as it says.
    """
    data = write_list(target, source) if all(file.md5 for file in source) else b""
    if not data:
        return
    try:
        write_blob(
            container, blob_name(target), data, metadata_of(maker), alive=lambda: report(Progress(text=_ON_THE_WAY))
        )
    except KeyRefused:
        raise
    except (Denied, Conflict) as error:
        report(Progress(text=f"no list of the source is left: {error}"))


def forget_list(container: Container, target: str) -> None:
    """Delete the list of a target, if there is one: one request. Raises EngineError."""
    with suppress(Missing), explained(container, f"deleting {blob_name(target)}"):
        container.blob(blob_name(target)).delete_blob()
