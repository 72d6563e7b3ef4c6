"""Datastores on this machine: folders of read-only files, so that no run changes what the next one reads.

Root may write to them all the same: what is not as it was put there is told, and put there again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from specrun.engines.base import Conflict, EngineError, Progress, Report
from specrun.plan.files import SourceFile
from specrun.plan.hashes import HashCache
from specrun.plan.home import replace_text, scratch
from specrun.plan.kinds.data import DataTarget, Upload
from specrun.plan.makers import NOBODY, Maker
from specrun.plan.observed import Observed, Status, StoredFile, Uploaded
from specrun.plan.private import check_folder, make_folder
from specrun.plan.source_list import SourceList, checked
from specrun.plan.stored import Damaged, read_record
from specrun.spec.reading import Replaced, opened
from specrun.spec.tree import composed_name

BLOCK = 1 << 20
LISTED = 3


def target_folder(home: Path, datastore: str, target: str) -> Path:
    """Where a data target's files lie."""
    return home / "datastores" / datastore / target


def files_in(folder: Path) -> dict[str, Path]:
    """The files below a folder, if it is there, by their paths in it (POSIX, in Unicode's NFC)."""
    paths = (Path(parent) / name for parent, _, names in os.walk(folder) for name in names)
    return {composed_name(path.relative_to(folder).as_posix()): path for path in paths}


def observe_target(home: Path, hashes: HashCache, target: DataTarget) -> Observed:
    """The target's files, with the specs that wrote them; why, if some are not what these have put there.

    Raises OSError.
    """
    check_folder(_folder(home, target), home)
    makers, digests_put, listed = _record(home, target)
    paths = {name: (path, seen) for name, path in files_in(_folder(home, target)).items() if (seen := _content(path))}
    digests = hashes.md5_all(paths.values())
    files = {
        name: StoredFile(seen.st_size, md5, makers.get(name, NOBODY))
        for (name, (_, seen)), md5 in zip(paths.items(), digests, strict=True)
    }
    altered = [name for name, file in files.items() if file.md5 not in digests_put.get(name, [file.md5])]
    source = checked(target.target, listed) if target.absent and listed is not None else None
    return Observed(Status.READY if files else Status.MISSING, files=files, reason=_altered(altered), listed=source)


def _content(path: Path) -> os.stat_result | None:
    """What is known of a file; None of what has no content, such as a link that leads nowhere, or a FIFO."""
    try:
        seen = path.stat()
    except FileNotFoundError:
        return None
    return seen if stat.S_ISREG(seen.st_mode) else None


def _altered(names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return (
        f"What lies there is not what was put there: {', '.join(names[:LISTED])}{more}. A job has written to it "
        "through an input, as root can, or somebody by hand. It is sent again; a run that read it since has read that."
    )


def send_files(home: Path, hashes: HashCache, change: Upload, report: Report) -> None:
    """Copy what is new or changed, remove what is pruned. Raises Conflict when a source is not what was planned."""
    transfer = change.transfer
    folder = _folder(home, change.resource)
    total = sum(file.size for file in transfer.send)
    done = 0
    with scratch(home) as temporary:
        # Claimed first: one that is ours and not yet there does no harm; the other way round it could not be pruned.
        listed = SourceList.of(transfer.source).values(change.resource.target)
        sent = {file.path: file.md5 for file in transfer.send}
        _claim(home, change.resource, sent, list(transfer.prune), listed)
        for file in transfer.send:
            done = _send(file, folder / file.path, temporary / "file", home, (done, total), report)
            target = folder / file.path
            hashes.remember(target, target.stat(), file.md5)
        for path in transfer.prune:
            _remove(folder / path, home)


def delete_target(home: Path, target: DataTarget) -> None:
    """Remove a target's files that its spec wrote; other people's stay."""
    folder = _folder(home, target)
    makers, _, listed = _record(home, target)
    ours = [name for name, maker in makers.items() if maker.is_of(target.maker)]
    for name in ours:
        _remove(folder / name, home)
    _claim(home, target, {}, ours, listed if len(ours) < len(makers) else None)
    for parent, _, _ in os.walk(folder, topdown=False):
        if not any(Path(parent).iterdir()):
            Path(parent).rmdir()


def _send(
    file: SourceFile, target: Path, temporary: Path, home: Path, progress: tuple[int, int], report: Report
) -> int:
    done, total = progress
    changed = Conflict(f"{file.source} changed since the plan: plan again")
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with opened(file.source, follow=False) as source, temporary.open("wb") as copy:
            while block := source.read(BLOCK):
                digest.update(block)
                copy.write(block)
                done += len(block)
                report(Progress(done, total, file.path))
    except Replaced as error:
        raise changed from error
    if digest.hexdigest() != file.md5:
        raise changed
    temporary.chmod(0o500 if file.executable else 0o400)
    make_folder(target.parent, home)
    temporary.replace(target)
    return done


def _remove(file: Path, home: Path) -> None:
    """Remove a file of a target, by a name that somebody has written down."""
    check_folder(file.parent, home)
    if ".." in file.parts or not file.is_relative_to(home):
        raise OSError(errno.EINVAL, "leads out of its target", str(file))
    file.unlink(missing_ok=True)


def _folder(home: Path, target: DataTarget) -> Path:
    return target_folder(home, target.datastore, target.target)


def _owners_file(home: Path, target: DataTarget) -> Path:
    digest = hashlib.sha256(target.address.encode()).hexdigest()[:16]
    return home / "resources" / "data" / f"{digest}.json"


def _record(home: Path, target: DataTarget) -> tuple[dict[str, Maker], dict[str, list[str]], object]:
    """Who wrote each file of a target; the MD5 of what it wrote, and of what it wrote before that; and the list
    of the source, as it stands there.
    """
    path = _owners_file(home, target)
    try:
        content = read_record(path)
    except FileNotFoundError:
        return {}, {}, None
    except Damaged as error:
        raise EngineError(f"{target.address}: {error}: delete it") from error
    owners, digests = (content.get(key) for key in ("owners", "md5"))
    return (
        {str(name): maker_in(owner) for name, owner in owners.items()} if isinstance(owners, dict) else {},
        {name: found for name, found in digests.items() if isinstance(found, list)}
        if isinstance(digests, dict)
        else {},
        content.get("source"),
    )


def recorded_targets(home: Path) -> Iterator[Uploaded]:
    """The targets that there are records of, each once for each of those who wrote there. Raises EngineError."""
    folder = home / "resources" / "data"
    check_folder(folder, home)
    for record in sorted(folder.glob("*.json")):
        try:
            content = read_record(record)
        except FileNotFoundError:
            continue
        except Damaged as error:
            raise EngineError(f"{error}: delete it") from error
        kind, _, rest = str(content.get("target")).partition("/")
        datastore, _, target = rest.partition("/")
        owners = content.get("owners")
        if kind == "data" and target and isinstance(owners, dict):
            yield from (Uploaded(datastore, target, maker) for maker in dict.fromkeys(map(maker_in, owners.values())))


def _claim(home: Path, target: DataTarget, sent: Mapping[str, str], pruned: list[str], listed: object) -> None:
    """Record what is about to be written, by its MD5, and removed; with the list of the source, if there is one.

    Until it is there, what was there is right, too.
    """
    makers, digests, _ = _record(home, target)
    makers |= dict.fromkeys(sent, target.maker)
    digests |= {name: [*digests.get(name, [])[-1:], md5] for name, md5 in sent.items()}
    kept = {name: noted(maker) for name, maker in makers.items() if name not in pruned}
    record = {
        "target": target.address,
        "owners": kept,
        "md5": {name: digests[name] for name in kept if name in digests},
        **({"source": listed} if listed is not None else {}),
    }
    replace_text(home, _owners_file(home, target), json.dumps(record))


def noted(maker: Maker) -> str | list[str]:
    """A maker as a record on this machine has it: its spec, with its repository and its target where it has any."""
    return [maker.spec, maker.repository, maker.target] if maker.repository or maker.target else maker.spec


def maker_in(value: object) -> Maker:
    """Who a record on this machine says."""
    return Maker(*(str(part) for part in value[:3])) if isinstance(value, list) else Maker(str(value or ""))
