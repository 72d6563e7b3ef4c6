"""A data target against its source, file by file; where that is not here, against what the last upload listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from specrun.plan.drift.findings import Difference, Way
from specrun.plan.files import SourceFile
from specrun.plan.kinds.data import DataTarget, Upload
from specrun.plan.makers import NOBODY
from specrun.plan.observed import Observed, StoredFile
from specrun.plan.planning import Planning
from specrun.plan.transfer import Transfer, plan_transfer


class Unlisted(Exception):
    """Why nobody knows what a target should hold."""


class Files(NamedTuple):
    """What differs of a target's files, and how many in all it should have."""

    differences: tuple[Difference, ...]
    total: int


def compare_files(target: DataTarget, seen: Observed, planning: Planning) -> Files:
    """A target's files against those of its source. Raises Unlisted; Unplanned, where what is wrong was noted."""
    if target.absent:
        if not seen.files and (seen.listed is None or seen.listed.wrong):
            return Files((_empty(target, seen, "its source is not here"),), 0)
        transfer = plan_transfer(_listed(target, seen), seen.files, target.maker if target.prune else NOBODY)
    else:
        change = target.plan(planning)  # the rules for what a target has to hold are those of the plan
        assert isinstance(change, Upload)
        transfer = change.transfer
    count = len(transfer.source)
    if count and not seen.files:
        return Files((_empty(target, seen, f"{count} file{'s' * (count != 1)} should be there"),), count)
    return Files(tuple(_differences(target, transfer, seen.files)), count)


def _empty(target: DataTarget, seen: Observed, why: str) -> Difference:
    others = max(0, len(target.origins) - 1)
    reason = f"{seen.reason.rstrip('.') or 'the target is empty'}, and {why}"
    return Difference(Way.MISSING, reason=reason, origin=target.origin, others=others)


def _listed(target: DataTarget, seen: Observed) -> list[SourceFile]:
    """The files of a source that is not here."""
    if seen.listed is None or seen.listed.wrong:
        why = f"is not used: {seen.listed.wrong}" if seen.listed is not None else "is not there: no upload left one"
        raise Unlisted(f"its source is not here, and the list of what that had {why}")
    files, source = seen.files, Path(str(target.source))
    return [  # the list has no sizes: the MD5 decides
        SourceFile(path, source, files[path].size if path in files else 0, one.executable, one.md5)
        for path, one in seen.listed.files.items()
    ]


def _differences(target: DataTarget, transfer: Transfer, stored: Mapping[str, StoredFile]) -> Iterator[Difference]:
    origin = target.path_origin
    for file in transfer.new:
        yield Difference(Way.MISSING, file.path, _wanted(target, file), origin=origin, is_file=True)
    for file in transfer.changed:
        there = stored[file.path]
        why = _why_changed(file, there)
        yield Difference(Way.CHANGED, file.path, _wanted(target, file), _found(there), why, origin, is_file=True)
    for path, there in transfer.extra.items():
        by = f"put there by {there.maker or 'somebody else'}"
        if target.prune:
            by += ": apply removes it" if path in transfer.prune else ": apply leaves it"
        yield Difference(Way.EXTRA, path, None, _found(there), by, origin, is_file=True)


def _wanted(target: DataTarget, file: SourceFile) -> Mapping[str, object]:
    if not file.md5:
        return {"sha256": target.sha256}
    return {"md5": file.md5} if target.absent else {"size": file.size, "md5": file.md5}


def _found(there: StoredFile) -> Mapping[str, object]:
    known = {"sha256": there.sha256} if there.sha256 else {}
    return {"size": there.size, "md5": there.md5 or None, **known}


def _why_changed(file: SourceFile, there: StoredFile) -> str:
    if not file.md5 and not there.sha256:
        return "its SHA-256 does not stand beside it, so that it counts as changed"
    if file.md5 and not there.md5:
        return "the store has no MD5 of it, so that it counts as changed"
    return "" if there.maker else "written by somebody else"
