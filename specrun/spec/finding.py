"""Which files are meant by folders and globs: the specs that are there, and nothing that git would not keep.

A scan looks at names first, at no more than MOST of them, and then at the head of each YAML file.
"""

# ruff: noqa: PTH112, PTH113, PTH206
# Folders have thousands of files, and os looks at them ten times as fast.

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from specrun.spec.boundary import is_below
from specrun.spec.ignore import OF_GIT, Rules, excluded_in, ignored, rules_above, rules_in
from specrun.spec.patterns import Pattern, parse
from specrun.spec.reading import opened
from specrun.spec.repository import repository_of
from specrun.spec.repository_file import NAME

MOST = 800_000
"""Files and folders that one command looks at: 100,000 specs with a code folder each are half of it."""

_NEVER = frozenset({".git", ".specrun", "__pycache__", "node_modules", ".ipynb_checkpoints", ".ipynb_aml_checkpoints"})
_ENVIRONMENTS = frozenset({"pyvenv.cfg", "conda-meta"})
"""What folders have in them that are installed Pythons."""

_TELLING = _ENVIRONMENTS | {".git", ".gitignore"}
"""What says something of the folder that it is in."""

# Wider than what a spec in a code folder is known by (see `tree`), on which fingerprints depend: that one almost says
# what it is, is a mistake to be told.
_MARK = re.compile(
    rb"""^(?:\xef\xbb\xbf)?(?:\{\s*)?["']?api[_-]?version["']?\s*:\s*["']?specrun\b""", re.MULTILINE | re.IGNORECASE
)
_HEAD = 1 << 16


class TooMany(Exception):
    """There is more below a folder than one command looks at."""


class Scanned(NamedTuple):
    """What a scan found: the specs by their real places, as paths that begin with what was named and in their order.
    `others` are the other YAML files.

    `foreign` are the folders of other repositories below, which are passed over; `errors` are of folders that cannot be
    looked into.
    """

    specs: dict[str, str]
    others: list[str]
    foreign: list[str]
    errors: list[OSError]


@dataclass(slots=True)
class Scan:
    """The scans of one command, which together look at no more than `most` files and folders."""

    most: int = MOST
    seen: int = 0

    def below(self, folder: str) -> Scanned:
        """The specs below a folder, sorted. Raises TooMany."""
        return self._scanned(Pattern(folder, (), ()))

    def matching(self, glob: str) -> Scanned:
        """The specs that match a glob, or are below a folder that does, sorted. Raises TooMany."""
        return self._scanned(parse(glob))

    def _scanned(self, pattern: Pattern) -> Scanned:
        walk = _Walk(self, pattern)
        walk.go(os.path.realpath(pattern.base or os.curdir), _begun(pattern.base))
        specs, others = dict[str, str](), list[str]()
        for path, real in sorted(walk.found):
            try:
                is_spec = has_mark(real)
            except FileNotFoundError:
                continue  # a link that leads nowhere, or what is gone by now
            except OSError:
                is_spec = not os.path.isdir(real)  # whoever reads it says why it cannot be read
            if not is_spec:
                others.append(path)
            else:
                specs.setdefault(real, path)
        return Scanned(specs, others, walk.foreign, walk.errors)


class _Folder(NamedTuple):
    """A folder on the way: its real place, what its paths begin with, the rules from above, where in the pattern."""

    place: str
    shown: str
    rules: tuple[Rules, ...]
    at: frozenset[int]
    is_start: bool = False


class _Walk:
    """One walk. Each real folder is entered once; links come last, so that what they lead to has its own name."""

    def __init__(self, scan: Scan, pattern: Pattern) -> None:
        self._scan = scan
        self._pattern = pattern
        self._entered: set[tuple[str, frozenset[int]]] = set()
        self.found: list[tuple[str, str]] = []
        self.foreign: list[str] = []
        self.errors: list[OSError] = []

    def go(self, start: str, shown: str) -> None:
        """Find the YAML files that match below a folder, by its real place; `shown` is what paths begin with."""
        self._start, self._repository = start, repository_of(start)
        rules = self._reading(lambda: rules_above(start, OF_GIT))
        waiting = [_Folder(start, shown, rules, self._pattern.start, is_start=True)]
        links: list[_Folder] = []
        linked: list[tuple[str, str]] = []
        while waiting or links:
            if not waiting:
                waiting += self._behind(links.pop(0), linked)
                continue
            folder = waiting.pop()
            if (folder.place, folder.at) in self._entered:
                continue
            self._entered.add((folder.place, folder.at))
            waiting += self._look_into(folder, links)
        here = {real for _, real in self.found}
        self.found += [one for one in sorted(linked) if one[1] not in here]

    def _look_into(self, folder: _Folder, links: list[_Folder]) -> Iterator[_Folder]:
        names, folders, files, linked = set[str](), list[str](), list[str](), list[str]()
        try:
            with os.scandir(folder.place) as entries:
                for entry in entries:
                    name = entry.name
                    self._scan.seen += 1
                    if self._scan.seen > self._scan.most:
                        raise TooMany
                    if name in _TELLING:
                        names.add(name)
                    if name in _NEVER or name == NAME:
                        continue
                    if entry.is_symlink():
                        linked.append(name)
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(name)
                    elif name.endswith((".yaml", ".yml")) and entry.is_file(follow_symlinks=False):
                        files.append(name)
        except OSError as error:
            if not folder.is_start or not isinstance(error, FileNotFoundError):  # of a glob that matches nothing
                self.errors.append(error)
            return
        rules = folder.rules
        if not folder.is_start:
            if names & _ENVIRONMENTS:
                return
            if ".git" in names:
                if self._repository is not None:
                    self.foreign.append(folder.shown.rstrip("/"))
                    return
                rules = self._reading(lambda: excluded_in(folder.place))  # of the repository that begins here
        if ".gitignore" in names:
            own = self._reading(lambda: tuple(filter(None, [rules_in(folder.place, OF_GIT)])))
            rules = (*rules, *own)
        place = folder.place.rstrip(os.sep)
        for name in files:
            at = self._pattern.step(folder.at, name)
            if self._pattern.matches(at) and not ignored(f"{place}{os.sep}{name}", False, rules):
                self.found.append((folder.shown + name, f"{place}{os.sep}{name}"))
        for name in linked:
            at = self._pattern.step(folder.at, name)
            if at and not ignored(f"{place}{os.sep}{name}", False, rules):
                links.append(_Folder(f"{place}{os.sep}{name}", folder.shown + name, rules, at))
        for name in folders:
            at = self._pattern.step(folder.at, name)
            if at and not ignored(f"{place}{os.sep}{name}", True, rules):
                yield _Folder(f"{place}{os.sep}{name}", f"{folder.shown}{name}/", rules, at)

    def _behind(self, link: _Folder, linked: list[tuple[str, str]]) -> Iterator[_Folder]:
        """The folder that a link leads to, if that is inside; a file is added to those that are `linked`."""
        real = os.path.realpath(link.place)
        if not os.path.isdir(real):
            if link.shown.endswith((".yaml", ".yml")) and self._pattern.matches(link.at) and os.path.isfile(real):
                linked.append((link.shown, real))
        elif self._is_inside(real):
            yield _Folder(real, f"{link.shown}/", self._reading(lambda: rules_above(real, OF_GIT)), link.at)

    def _is_inside(self, real: str) -> bool:
        """Whether a link may lead to a folder: in the same repository, and none of those that the walk begins in."""
        if is_below(self._start, real) or not _NEVER.isdisjoint(real.split(os.sep)):
            return False
        return repository_of(real) == self._repository if self._repository else is_below(real, self._start)

    def _reading(self, read: Callable[[], tuple[Rules, ...]]) -> tuple[Rules, ...]:
        try:
            return read()
        except OSError as error:
            self.errors.append(error)
            return ()


def _begun(base: str) -> str:
    """What the paths begin with that are found below a folder, as somebody would type them."""
    while base.startswith("./"):
        base = base[2:].lstrip("/")
    return "" if base in ("", ".") else f"{base.rstrip('/')}/"


def has_mark(real: str) -> bool:
    """Whether a YAML file is a spec, or wants to be one. Raises OSError."""
    with opened(real) as file:
        return _MARK.search(file.read(_HEAD)) is not None
