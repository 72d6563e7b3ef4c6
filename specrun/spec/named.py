"""The files that the FILEs of a command mean, and what is meant where there are none."""

# ruff: noqa: PTH109, PTH112, PTH118, PTH119, PTH120
# A command may name thousands of files, and os.path looks at them ten times as fast.

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias

from specrun.spec import codes
from specrun.spec.boundary import is_below
from specrun.spec.diagnostics import Diagnostic, Location, Path, Severity
from specrun.spec.finding import Scan, Scanned, TooMany, has_mark
from specrun.spec.patterns import is_glob
from specrun.spec.repository import repository_of
from specrun.spec.repository_file import NAME, RepositoryFile, RepositoryFiles
from specrun.spec.source import STDIN, read

SPEC = "job.yaml"
"""The file that is meant where none is named."""

_FEW = 20_000
"""Files and folders that are looked at for a hint."""

_MOST_OF_ANOTHER = 1_000
"""The same, of a repository that is passed over."""

_SHOWN = 5

_Mistake: TypeAlias = Callable[[str, str], Diagnostic]
"""Makes a diagnostic of a code and a detail, at the place where something was named."""


class Found(NamedTuple):
    """What FILEs mean: the files in their order, each once, those of a folder or a glob sorted.

    `scanned` are those of them that nobody named by themselves. Of `mistakes` those are errors which leave nothing to
    go on with.
    """

    files: tuple[str, ...] = ()
    scanned: frozenset[str] = frozenset()
    mistakes: tuple[Diagnostic, ...] = ()


def find(names: Sequence[str]) -> Found:
    """The files that were named, and the specs of the folders and globs."""
    finding = _Finding()
    for name in names:
        finding.add(name, lambda code, detail, name=name: _at(name, code, detail))  # type: ignore[misc]
    return finding.found()


def without_others(found: Found) -> Found:
    """The same without files that were named and are none: neither specs, by their text, nor a `.specrun.yaml`, nor
    what that names as prices.
    """
    prices = _price_files()
    meant = (file for file in found.files if file in found.scanned or _may_be_spec(file) or _real(file) in prices)
    return found._replace(files=tuple(meant))


def _price_files() -> frozenset[str]:
    """The files of prices that the repository's own file names, whatever is wrong with it or with them."""
    here = os.getcwd()
    root = repository_of(here) or here
    own = os.path.join(root, NAME)
    document = read(own)[0] if os.path.lexists(own) else None
    named = document.values.get("prices") if document is not None else None
    names = named if isinstance(named, list) else [named]
    return frozenset(_real(os.path.join(root, name)) for name in names if isinstance(name, str) and name)


def _real(file: str) -> str:
    return os.path.realpath(file) if "\0" not in file else file


def _may_be_spec(file: str) -> bool:
    try:
        return file == STDIN or os.path.basename(file) == NAME or has_mark(os.path.realpath(file))
    except (OSError, ValueError):
        return True  # whoever reads it says why it cannot be read


def own_spec() -> str:
    """The `job.yaml` of the current folder, else of the nearest one above it in its repository; "" for none."""
    here = folder = os.getcwd()
    repository = repository_of(here) or here
    while not os.path.lexists(os.path.join(folder, SPEC)) or os.path.isdir(os.path.join(folder, SPEC)):
        if folder == repository:
            return ""
        folder = os.path.dirname(folder)
    return os.path.relpath(os.path.join(folder, SPEC))


def own_repository() -> RepositoryFile:
    """What the `.specrun.yaml` says whose `specs` a command without FILEs means."""
    here = os.getcwd()
    return RepositoryFiles().at(os.path.relpath(os.path.join(repository_of(here) or here, NAME)))


def listed(repository: RepositoryFile) -> Found:
    """The specs that a `.specrun.yaml` lists; what is wrong with its list is told where it is written."""
    document = repository.document
    if document is None:
        return Found(mistakes=tuple(repository.diagnostics))
    root = os.path.realpath(os.path.dirname(repository.path) or os.curdir)
    finding = _Finding()
    for number, entry in enumerate(repository.specs):
        path: Path = ("specs", number)
        where = document.location(path)

        def mistake(code: str, detail: str, path: Path = path, where: Location = where) -> Diagnostic:
            return codes.diagnostic(code, detail, path, where)

        name = as_typed(repository, entry)
        real = os.path.realpath(name)
        if not is_glob(entry) and not is_below(real, root):
            finding.mistakes.append(mistake("no-specs", f"It is a link that leaves the repository, to {real}."))
        elif not is_glob(entry) and not os.path.lexists(name):
            finding.mistakes.append(mistake("no-specs", f"There is no {entry} in {root}."))
        else:
            finding.add(name, mistake, listed=True)
    return finding.found()


def as_typed(repository: RepositoryFile, entry: str) -> str:
    """A folder or glob of a `.specrun.yaml`, as somebody would type it here."""
    return os.path.join(os.path.dirname(repository.path), entry.removeprefix("./"))


def nothing(repository: RepositoryFile) -> Diagnostic:
    """That no FILE was named, and nothing stands for it: what to do."""
    here = os.getcwd()
    root = repository_of(here)
    where = "here" if root in (None, here) else "here, nor above"
    lists = "has no list `specs`" if repository.document is not None else "does not exist"
    detail = f"There is no {SPEC} {where}, and {repository.path} {lists}."
    try:
        below = list(Scan(_FEW).below(os.curdir).specs.values())
    except TooMany:
        below = []
    if not below:
        return _at(SPEC, "no-specs", f"{detail} `specrun init` writes a first one.")
    shown = ", ".join(below[:_SHOWN]) + (f" and {len(below) - _SHOWN} more" if len(below) > _SHOWN else "")
    return _at(SPEC, "no-specs", f"{detail} Below there are {shown}: name what you mean (`.` is all of them).")


class _Finding:
    def __init__(self) -> None:
        self.mistakes: list[Diagnostic] = []
        self._scan = Scan()
        self._files: dict[str, str] = {}
        """The files, by their real places."""
        self._folders: dict[str, str] = {}
        """Real places of the folders of those that were named, of which there may be thousands."""
        self._scanned: set[str] = set()

    def found(self) -> Found:
        return Found(tuple(self._files.values()), frozenset(self._scanned), tuple(self.mistakes))

    def add(self, name: str, mistake: _Mistake, *, listed: bool = False) -> None:
        """Add what a FILE means, or the `mistake` that it means nothing. One that is only `listed` nobody named."""
        real, is_folder = self._look(name)
        if is_folder:
            self._add_scanned(self._scan.below, name, mistake)
        elif not real and is_glob(name) and "\0" not in name:
            self._add_scanned(self._scan.matching, name, mistake)
        else:
            known = self._files.setdefault(real or name, name)
            if not listed:
                self._scanned.discard(known)
            elif known is name:
                self._scanned.add(name)

    def _look(self, name: str) -> tuple[str, bool]:
        """The real place of a file, "" where there is none, and whether it is a folder."""
        try:
            mode = os.lstat(name).st_mode
        except (OSError, ValueError):
            return "", False
        if stat.S_ISDIR(mode):
            return name, True
        if name == STDIN:
            return "", False
        if stat.S_ISLNK(mode):
            return os.path.realpath(name), os.path.isdir(name)
        folder, base = os.path.split(name)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder or os.curdir)
        return os.path.join(self._folders[folder], base), False

    def _add_scanned(
        self, scan: Callable[[str], Scanned], name: str, mistake: Callable[[str, str], Diagnostic]
    ) -> None:
        try:
            found = scan(name)
        except TooMany:
            self.mistakes.append(mistake("too-many-files", _too_many(self._scan.most)))
            return
        for error in found.errors:
            detail = f"It was not looked into for specs: {error.strerror or error}."
            self.mistakes.append(_at(str(error.filename or name), "unreadable", detail, Severity.WARNING))
        self.mistakes += _of_others(found.foreign)
        if not found.specs:
            self.mistakes.append(mistake("no-specs", _none_of(found)))
        for real, file in found.specs.items():
            if self._files.setdefault(real, file) is file:
                self._scanned.add(file)


def _of_others(folders: Sequence[str]) -> Iterable[Diagnostic]:
    """Notes of repositories below that have specs, too, which nobody may miss."""
    for folder in folders[:_SHOWN]:
        try:
            specs = list(Scan(_MOST_OF_ANOTHER).below(folder).specs.values())
        except TooMany:
            continue
        if specs:
            yield _at(folder, "other-repository", f"Its specs, such as {specs[0]}, count when the folder is named.")


def _none_of(found: Scanned) -> str:
    detail = "A scan looks for *.yaml and *.yml with a line `apiVersion: specrun/v1` that no ignore file leaves out. "
    if not found.others:
        return f"{detail}There is no YAML file."
    few = ", ".join(found.others[:_SHOWN]) + (", …" if len(found.others) > _SHOWN else "")
    files = "1 YAML file was" if len(found.others) == 1 else f"{len(found.others):,} YAML files were"
    return f"{detail}{files} passed over: {few}."


def _too_many(most: int) -> str:
    return (
        f"There are more than {most:,} files and folders to look at. Name a smaller folder, list those that have specs "
        f"under `specs` in `{NAME}`, or have `.gitignore` leave out what is data."
    )


def _at(name: str, code: str, detail: str, severity: Severity | None = None) -> Diagnostic:
    return codes.diagnostic(code, detail, (), Location(name, 1, 1), severity)
