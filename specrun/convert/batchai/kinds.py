"""What a file of Batch AI is: a job, or a cluster; what is neither is refused by name."""

from __future__ import annotations

from collections.abc import Mapping

from specrun.convert import kinds
from specrun.convert.recognizing import check as checked
from specrun.convert.recognizing import taken_for
from specrun.convert.sources import Refused, Source

_NAMES = {kinds.BATCHAI_JOB: "job", kinds.BATCHAI_CLUSTER: "cluster"}


def kind_of(source: Source) -> str:
    """`job`, `cluster`, or "" for what is neither."""
    return _NAMES.get(taken_for(source, "batchai").kind, "")


def check(source: Source, expected: str) -> Mapping[str, object]:
    """The file's mapping, if it is of the expected kind. Raises Refused with what it is instead."""
    kind = _NAMES[checked(source, "batchai", f"no Batch AI {expected}")]
    if kind != expected:
        use = "--cluster takes it" if kind == "cluster" else "it is imported by itself"
        raise Refused(source.file, f"it is a Batch AI {kind}, and a {expected} was expected: {use}")
    assert isinstance(source.values, Mapping)
    return source.values
