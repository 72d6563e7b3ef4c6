"""Several files together: which cluster each job ran on, and a name for each spec."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from specrun.convert.batchai.kinds import kind_of
from specrun.convert.locations import stem
from specrun.convert.naming import spec_name, unique_slug
from specrun.convert.recognizing import unwrapped
from specrun.convert.sources import Source


def arranged(sources: Sequence[Source], name: str | None) -> list[tuple[Source, str | None, str | None]]:
    """Each file with the file of its cluster (None: not known) and a name that no other has (None: its own)."""
    clusters = [source for source in sources if kind_of(source) == "cluster"]
    names = _names(sources) if name is None or len(sources) > 1 else {sources[0].file: name}
    return [(source, _cluster(source, clusters), names[source.file]) for source in sources]


def _cluster(job: Source, clusters: Sequence[Source]) -> str | None:
    """By the name that the job says, else the one beside it, else the only one."""
    said = _said(job.values)
    by_name = [one for one in clusters if said and said in (_written(one.values), stem(one.file))]
    beside = [one for one in clusters if _parent(one.file) == _parent(job.file)]
    for found in (by_name, [] if said else beside, [] if said else clusters):
        if len(found) == 1:
            return found[0].file
    return None


def _said(values: object) -> str:
    """The last part of the address of the job's cluster."""
    document = unwrapped(values)
    cluster = document.get("cluster") if isinstance(document, Mapping) else None
    address = cluster.get("id") if isinstance(cluster, Mapping) else cluster
    return address.rstrip("/").rsplit("/", 1)[-1] if isinstance(address, str) else ""


def _written(values: object) -> str:
    name = values.get("name") if isinstance(values, Mapping) else None
    return name.rsplit("/", 1)[-1] if isinstance(name, str) else ""


def _names(sources: Sequence[Source]) -> dict[str, str | None]:
    """A name by file: its own, with its folder's where several files are called the same, and a number at last."""
    own = {source.file: spec_name(_written(source.values) or stem(source.file)) for source in sources}
    often = Counter(own.values())
    seen: set[str] = set()
    result: dict[str, str | None] = {}
    for file, name in own.items():
        longer = name if often[name] == 1 else spec_name(f"{_parent_name(file)}-{name}")
        chosen = unique_slug(longer, seen)
        seen.add(chosen)
        result[file] = chosen
    return result


def _parent(file: str) -> str:
    return str(PurePosixPath(file.replace("\\", "/")).parent)


def _parent_name(file: str) -> str:
    return PurePosixPath(file.replace("\\", "/")).parent.name
