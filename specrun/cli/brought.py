"""Files of any kind, as somebody brings them along: each is looked at, and goes to the importer that reads it."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from specrun.convert import kinds
from specrun.convert.kinds import Kind, Recognized, Taken
from specrun.convert.recognizing import READ, TEXTS, refusal, taken_for
from specrun.convert.sources import NothingIn, Refused, Source, read_json, read_script, read_yaml
from specrun.spec.frozen import dataclass

if TYPE_CHECKING:
    from specrun.cli.delivering import Work
    from specrun.convert.batchai import BatchaiOptions
    from specrun.convert.imported import Imported
    from specrun.convert.options import ImportOptions

_NOT_THEIRS = {"node_modules", "__pycache__", "site-packages"}
"""Folders of what others wrote, or of what is made again, beside virtual environments."""

_DOTTED = {".azureml", ".azure", ".github"}
"""Folders with a dot that people write files in: others are not looked into."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What was found: `sources` by the importer that reads them, what each file was taken for, and what was refused.

    `configs` are files of workspaces, `named` those that somebody named, not just their folder, and `used` those that a
    script's import has read.
    """

    sources: dict[str, list[Source]] = field(default_factory=dict)
    looks: dict[str, Recognized] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    configs: list[Source] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    def pass_by(self, file: str, why: str) -> None:
        """A file in a folder is not imported, and nobody thinks that it would be."""
        self.looks[file] = Recognized(file, Taken(kinds.UNKNOWN, why), imported=False)

    def config(self) -> str | None:
        """The config.json among the files, where there is one, or all say the same. Raises click.UsageError."""
        different = {json.dumps(source.values, sort_keys=True): source.file for source in self.configs}
        if len(different) < 2:
            return next((source.file for source in self.configs), None)
        if len(named := [source.file for source in self.configs if source.file in self.named]) > 1:
            raise click.UsageError(f"{named[0]} and {named[1]} name workspaces: choose one with --workspace FILE.")
        for source in self.configs:
            self.pass_by(source.file, "several files name workspaces: choose one with --workspace FILE")
        return None

    def kinds_of(self, importer: str) -> list[Kind]:
        """The kinds of the files that an importer reads."""
        return [self.looks[source.file].taken.kind for source in self.sources.get(importer, ())]


def looked_at(files: Sequence[str]) -> Brought:
    """Each file, and each in folders that were named, with what it is. Nothing is left out without a word."""
    brought = Brought()
    others: Counter[str] = Counter()
    for file, named in _expanded(files, brought):
        if not named and not file.endswith(READ):
            others[os.path.splitext(file)[1] or "none"] += 1  # noqa: PTH122
            continue
        try:
            source = _read(file)
        except Refused as refusal_:
            if named or _concerns(file):
                brought.refused.append(refusal_)
            else:
                brought.pass_by(file, refusal_.message)
            continue
        brought.named.update([file] if named else [])
        _sort(brought, source, taken_for(source), named=named)
    if others:
        endings = ", ".join(ending for ending, _ in others.most_common(5))
        number = others.total()
        brought.pass_by(f"{number} other file{'s' * (number > 1)}", f"endings that are not looked at ({endings})")
    return brought


def _read(file: str) -> Source:
    read = read_json if file.endswith(".json") else read_script if file.endswith(TEXTS) else read_yaml
    return read(file)


def _sort(brought: Brought, source: Source, taken: Taken, *, named: bool) -> None:
    if taken.kind.importer:
        brought.sources.setdefault(taken.kind.importer, []).append(source)
    elif taken.kind is kinds.CONFIG:
        brought.configs.append(source)
    elif named or taken.kind.brought:
        brought.refused.append(Refused(source.file, refusal(taken, "nothing that specrun imports")))
        return
    imported = bool(taken.kind.importer) or taken.kind is kinds.CONFIG
    brought.looks[source.file] = Recognized(source.file, taken, imported)


def works(brought: Brought, batchai: BatchaiOptions, options: ImportOptions) -> Iterator[Work]:
    """The imports of what was found; what belongs together is imported together.

    They are made one by one: a run configuration that a script has read before is not imported again.
    """
    if sources := brought.sources.get("azureml"):
        yield from _of_azureml(brought, sources, options)
    if sources := brought.sources.get("batchai"):
        yield from _of_batchai(sources, brought.kinds_of("batchai"), batchai)
    if sources := brought.sources.get("script"):
        from specrun.convert.scripts import import_script

        for source in sources:
            yield partial(_of_script, brought, partial(import_script, source.file, source.text, options))
    if sources := brought.sources.get("azcli"):
        from specrun.convert.azcli import import_azcli

        yield from (partial(_of_script, brought, partial(import_azcli, source, options)) for source in sources)
    if sources := brought.sources.get("runconfig"):
        from specrun.convert.runconfig import import_runconfig

        for source in sources:
            if os.path.normpath(source.file) not in brought.used:
                yield partial(_alone, import_runconfig, source, options)


def _of_azureml(brought: Brought, sources: Sequence[Source], options: ImportOptions) -> Iterator[Work]:
    from specrun.convert.azureml import import_azureml, refusal_of

    found = brought.kinds_of("azureml")
    jobs = {kinds.JOB, kinds.SWEEP, kinds.PIPELINE}.intersection(found)
    nothing_alone = (kinds.ENVIRONMENT, kinds.WORKSPACE, kinds.COMPONENT)
    alone = [] if jobs else [kind for kind in found if kind in nothing_alone]
    fit = [source for source, kind in zip(sources, found, strict=True) if kind not in alone]
    for source, kind in zip(sources, found, strict=True):
        if kind is kinds.PIPELINE and (refused := refusal_of(source, sources)) is not None:
            brought.refused.append(refused)
            fit.remove(source)
        if kind in alone:
            brought.refused.append(Refused(source.file, f"it is {kind.what}: {kind.instead}"))
    if fit:
        yield partial(import_azureml, fit, options)


def _of_batchai(sources: Sequence[Source], found: Sequence[Kind], options: BatchaiOptions) -> Iterator[Work]:
    """A job with its cluster is one spec; of several jobs, each names the cluster that it ran on."""
    from specrun.convert.batchai import folder_imports, import_batchai

    if sorted(found) == sorted([kinds.BATCHAI_JOB, kinds.BATCHAI_CLUSTER]):
        job, cluster = sorted(sources, key=lambda source: found[sources.index(source)] is not kinds.BATCHAI_JOB)
        yield partial(_alone, import_batchai, job, replace(options, cluster=cluster))
    else:
        yield from (partial(_alone, work) for work in folder_imports(sources, options))


def _of_script(brought: Brought, work: Callable[[], list[Imported]]) -> list[Imported]:
    """What a script's import gives; one of a folder, in which there is nothing to import, is passed by."""
    try:
        made = work()
    except NothingIn as nothing:
        if nothing.file in brought.named:
            raise
        brought.pass_by(nothing.file, nothing.message)
        return []
    brought.used.update(os.path.normpath(entry.file) for one in made for entry in one.report.entries)
    return made


def _alone(importer: Callable[..., Imported], *arguments: Any) -> list[Imported]:
    """What an importer of single files gives, as those of several do."""
    return [importer(*arguments)]


def _expanded(files: Sequence[str], brought: Brought) -> Iterator[tuple[str, bool]]:
    """Each file, and those in folders that were named, with whether it was named itself."""
    seen: set[str] = set()
    for named in files:
        inside = _inside(named, brought) if os.path.isdir(named) else [named]  # noqa: PTH112
        for file in inside:
            if os.path.normpath(file) not in seen:
                seen.add(os.path.normpath(file))
                yield file, file == named


def _inside(folder: str, brought: Brought) -> Iterator[str]:
    """The files of a folder and those below it; folders that cannot be read, or are of packages, are told."""

    def failed(error: OSError) -> None:
        brought.refused.append(Refused(str(error.filename), f"it cannot be read: {error.strerror}"))

    for where, folders, names in os.walk(folder, onerror=failed):
        if where != folder and ("pyvenv.cfg" in names or "conda-meta" in folders):
            brought.pass_by(os.path.normpath(where), "installed packages")
            folders.clear()
            continue
        for name in sorted(_NOT_THEIRS.intersection(folders)):
            brought.pass_by(os.path.normpath(os.path.join(where, name)), "installed packages or what is made again")  # noqa: PTH118
        folders[:] = sorted({one for one in folders if one[:1] != "." or one in _DOTTED} - _NOT_THEIRS)
        yield from (os.path.normpath(os.path.join(where, name)) for name in sorted(names))  # noqa: PTH118


def _concerns(file: str) -> bool:
    """Whether what cannot be read speaks of what specrun imports: then it is a mistake, and not another tool's."""
    try:
        with Path(file).open("rb") as opened:
            text = opened.read(1 << 16).lower()
    except OSError:
        return True
    return file.endswith(".runconfig") or b"azureml" in text or b"batchai" in text
