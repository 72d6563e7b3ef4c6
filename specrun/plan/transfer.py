"""An upload planned per file: the source's listing against the target's, by content."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field

from specrun.plan.files import SourceFile
from specrun.plan.makers import NOBODY, Maker
from specrun.plan.observed import StoredFile
from specrun.spec.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Transfer:
    """An upload, file by file. Paths are relative to the source and to the target alike.

    `extra` are on the target and not in the source; those in `prune` will be removed (the spec says `prune: true` and
    this spec wrote them), the others stay.
    """

    new: tuple[SourceFile, ...] = ()
    changed: tuple[SourceFile, ...] = ()
    unchanged: tuple[SourceFile, ...] = ()
    extra: Mapping[str, StoredFile] = field(default_factory=dict)
    prune: tuple[str, ...] = ()

    @property
    def send(self) -> tuple[SourceFile, ...]:
        """The files that go over the wire."""
        return (*self.new, *self.changed)

    @property
    def source(self) -> tuple[SourceFile, ...]:
        """All files of the source."""
        return (*self.send, *self.unchanged)

    @property
    def left(self) -> Mapping[str, StoredFile]:
        """The extra files that stay."""
        return {path: file for path, file in self.extra.items() if path not in self.prune}


def plan_transfer(
    source: Collection[SourceFile], stored: Mapping[str, StoredFile], prune_for: Maker = NOBODY, sha256: str = ""
) -> Transfer:
    """New, changed, unchanged and extra files. A stored file without an MD5 counts as changed.

    `prune_for` is who has its own extra files removed. `sha256` is that of a source from https,
    as its spec gives it: what is stored under it need not be fetched to be known as the same.
    """
    new: list[SourceFile] = []
    changed: list[SourceFile] = []
    unchanged: list[SourceFile] = []
    for file in source:
        present = stored.get(file.path)
        if present is None:
            new.append(file)
        elif is_same(file, present, sha256):
            unchanged.append(file)
        else:
            changed.append(file)
    wanted = {file.path for file in source}
    extra = {path: file for path, file in stored.items() if path not in wanted}
    prune = tuple(path for path, file in extra.items() if prune_for and file.maker.is_of(prune_for))
    return Transfer(tuple(new), tuple(changed), tuple(unchanged), extra, prune)


def is_same(file: SourceFile, present: StoredFile, sha256: str = "") -> bool:
    """Whether a stored file has the content of a source; of one that is not fetched yet, by the spec's `sha256`."""
    if not file.md5:
        return present.sha256 == sha256.lower() != ""
    return present.size == file.size and present.md5 == file.md5
