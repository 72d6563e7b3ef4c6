"""Data: a source mirrored to a target on a datastore, file by file."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from specrun.plan.changes import Action, Change
from specrun.plan.files import SourceFile, hash_files
from specrun.plan.kinds.base import Planned
from specrun.plan.kinds.environment import EnvironmentContent
from specrun.plan.makers import NOBODY, Maker
from specrun.plan.observed import Observed, Run
from specrun.plan.planning import Planning, Unplanned
from specrun.plan.remote import cached_download
from specrun.plan.resources import DEFAULT_DATASTORE, Key, Kind, Place, workspace_key
from specrun.plan.source_list import Held, held
from specrun.plan.transfer import Transfer, plan_transfer
from specrun.spec.boundary import Links
from specrun.spec.frozen import dataclass
from specrun.spec.model import Data, Download, LocalPath, Origin, Properties, Spec
from specrun.spec.reading import is_absent
from specrun.spec.rules.travel import Journey
from specrun.spec.tree import read_tree


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTarget(Planned):
    """A target on a datastore, identified by where it is and not by its entry's name."""

    kind: ClassVar[Kind] = "data"
    on_demand: ClassVar[bool] = True

    datastore: str
    target: str
    source: LocalPath | Download
    prune: bool
    of_input: bool = False
    absent: bool = False
    """The source is not on this machine, and need not be."""

    @property
    def address(self) -> str:
        """As in `data/training/datasets/mnist`."""
        return f"{self.kind}/{self.datastore}/{self.target}"

    @property
    def datastore_keys(self) -> tuple[Key, ...]:
        return (Key(self.place, f"datastore/{self.datastore}"),)

    @property
    def sha256(self) -> str:
        """What its one file from the web has to be; "" for a local source."""
        return self.source.sha256 if isinstance(self.source, Download) else ""

    @property
    def wanted(self) -> Properties:
        """What was asked for; a local source by the place that it really is at."""
        return self.at("" if isinstance(self.source, Download) else str(self.source.absolute.resolve()))

    def at(self, path: str) -> Properties:
        """The same with another spelling of where a local source is."""
        source = self.source.url if isinstance(self.source, Download) else path
        properties: dict[str, object] = {"datastore": self.datastore, "target": self.target, "path": source}
        properties["prune"] = self.prune
        return properties | ({"sha256": self.sha256} if self.sha256 else {})

    def plan(self, planning: Planning) -> Change:
        """Sent as far as the target differs from the source, if that is here. Raises Unplanned."""
        seen = planning.observed(self)
        if self.absent:
            return self._left(planning, seen)
        prune_for = self.maker if self.prune else NOBODY
        transfer = plan_transfer(self._source_files(planning), seen.files, prune_for, self.sha256)
        planning.transfers[self.key] = transfer
        if seen.reason and transfer.changed:
            planning.note(self, "altered-data", seen.reason)
        self._note_kept(planning, transfer)
        if not transfer.send and not transfer.prune:
            return Upload(self, Action.NO_OP, "the target has every file", seen, transfer)
        touched = [file.path for file in transfer.changed] + list(transfer.prune)
        if touched and (readers := [run.name for run in planning.users_of(self)]):
            detail = (
                f"{len(touched)} files of {self.target} would change under {', '.join(readers)} "
                f"(such as {touched[0]}): wait, cancel the run, or take another target."
            )
            planning.refuse(self, "active-reader", detail)
        if not seen.files:
            return Upload(self, Action.CREATE, "the target is empty", seen, transfer)
        return Upload(self, Action.UPDATE, "the source differs from the target", seen, transfer)

    def _left(self, planning: Planning, seen: Observed) -> Change:
        """What the target holds stands for the source: nothing is sent or removed. Raises Unplanned."""
        store = "the default datastore" if self.datastore == DEFAULT_DATASTORE else self.datastore
        found = held(seen.files, seen.listed, Path(str(self.source)))
        if not found.files:
            detail = (
                f"{self.source} is not on this machine, and {self.target} on {store} holds nothing that could stand "
                f"for it{f' ({seen.reason})' if seen.reason else ''}: apply once where the files are."
            )
            planning.problem(self, "missing-target", detail)
            raise Unplanned
        planning.sources[self.key] = found.files
        transfer = planning.transfers[self.key] = Transfer(unchanged=found.files, extra=found.extra)
        self._note_doubts(planning, seen, found, store)
        one = len(found.files) == 1
        files = "1 file as it stands" if one else f"{len(found.files)} files as they stand"
        extra = f", {len(found.extra)} extra" if found.extra else ""
        kept = " (nothing is pruned)" if self.prune and found.extra else ""
        return Upload(self, Action.NO_OP, f"source not here: {files} on {store}{extra}{kept}", seen, transfer)

    def _note_doubts(self, planning: Planning, seen: Observed, found: Held, store: str) -> None:
        """Say why the fingerprint may not be that of the source's files."""
        if seen.listed is None or seen.listed.wrong:
            why = f"is not used: {seen.listed.wrong}" if seen.listed is not None else "is not there: no upload left one"
            detail = (
                f"The list of what the source of {self.target} on {store} had {why}. All that lies there is taken as "
                "the source, and no file as executable: the fingerprint may differ from that of the files. The next "
                "upload leaves a list."
            )
            planning.note(self, "source-unlisted", detail)
        elif found.differing:
            shown = f"{', '.join(found.differing[:3])}{', …' if len(found.differing) > 3 else ''}"
            detail = (
                f"{len(found.differing)} of {len(seen.listed.files)} files on {store} are not as the last upload left "
                f"them, or are gone ({shown}): the fingerprint is that of what is there now."
            )
            planning.note(self, "changed-target", detail)

    def _note_kept(self, planning: Planning, transfer: Transfer) -> None:
        """What was put there under this spec's name, and is not its own to remove."""
        kept = {path: file.maker for path, file in transfer.left.items() if file.maker.spec == self.maker.spec}
        if self.prune and kept:
            makers = " and ".join(sorted(set(map(str, kept.values()))))
            detail = f"{len(kept)} extra files of {self.target} stay, such as {min(kept)}: put there by {makers}."
            planning.note(self, "files-of-others", detail)

    def made_by(self, seen: Observed, makers: Collection[Maker]) -> frozenset[str]:
        """Its own spec, if that wrote any of the files."""
        return frozenset({self.maker.spec} if any(file.maker.is_of(self.maker) for file in seen.files.values()) else ())

    def is_used_by(self, run: Run) -> bool:
        """Whether a run reads it."""
        return self.address in run.reads

    def _source_files(self, planning: Planning) -> tuple[SourceFile, ...]:
        try:
            if isinstance(self.source, Download):
                files = cached_download(self.source.url, self.sha256, planning.home, planning.hashes)
            else:
                links = Links(self.source.boundary, stays=not self.of_input)
                tree = read_tree(str(self.source.absolute), links=links)
                planning.check_travel(
                    self.path_origin, tree, Journey(self.source.written, self.place.engine, self.target)
                )
                files = hash_files(tree, planning.hashes)
                planning.check_line_ends(self.path_origin, files)
        except OSError as error:
            planning.problem(self, "unreadable-data", f"{error.filename or self.source}: {error.strerror}.")
            raise Unplanned from error
        planning.sources[self.key] = files
        return files

    @property
    def path_origin(self) -> Origin:
        """Where its path is written."""
        return replace(self.origin, path=(*self.origin.path, "path"))


@dataclass(frozen=True, slots=True)
class Upload(Change):
    """What is sent to a target and removed there. `before` is what was observed for the plan."""

    resource: DataTarget
    before: Observed
    transfer: Transfer


def data_key(data: Data, place: Place) -> Key:
    """The key of the target that an entry goes to."""
    return Key(place, f"data/{data.datastore or DEFAULT_DATASTORE}/{data.target}")


def declared(spec: Spec, place: Place, maker: Maker, _: EnvironmentContent | None) -> Iterator[DataTarget]:
    """The targets of the spec's entries, and of the local paths that its job has as inputs."""
    for data in spec.all_data():
        yield DataTarget(
            place=place,
            name=data.name,
            maker=maker,
            origin=data.origin,
            needs=workspace_key(spec, place),
            datastore=data.datastore or DEFAULT_DATASTORE,
            target=data.target,
            source=data.source,
            prune=data.prune,
            of_input=data.of_input,
            absent=data.optional and isinstance(data.source, LocalPath) and is_absent(data.source.absolute),
        )
