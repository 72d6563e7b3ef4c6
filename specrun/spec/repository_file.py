"""`.specrun.yaml` at a repository's root: what holds for all of its specs."""

# ruff: noqa: PTH100, PTH109, PTH114, PTH117, PTH118, PTH120
# A load looks at thousands of folders, and os.path joins them ten times as fast.

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from specrun.spec import codes, schema
from specrun.spec.diagnostics import Diagnostic, Location, Severity
from specrun.spec.frozen import dataclass
from specrun.spec.repository import repository_of, under_ci
from specrun.spec.rules.subject import mapping

if TYPE_CHECKING:
    from specrun.spec.elsewhere import Elsewhere
    from specrun.spec.prices import Prices, Reader
    from specrun.spec.repository_rules import Rules
    from specrun.spec.source import Document

NAME = ".specrun.yaml"


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """What a repository says of its specs. `path` is where it says so, or would; None is where nobody can."""

    path: str = ""
    env: frozenset[str] | None = None
    """The variables that `${{ env.NAME }}` may read; None where no list says."""
    closed: bool = False
    """Whether no other variable may be read."""
    default_target: str = ""
    """The target that is meant where nobody says one."""
    repository: str = ""
    """What the repository is called, where that is written down."""
    branch: str = ""
    """The branch that says which specs there are, where that is written down."""
    specs: tuple[str, ...] = ()
    """The folders and globs, below the root, that a command without FILEs means."""
    lock_required: bool = False
    """Whether nothing is changed without a lock, at least for one target."""
    prices: Prices | None = None
    """What an hour of one instance costs, where that is written down."""
    rules: Rules | None = None
    """What its specs must keep to, where it says so."""
    document: Document | None = None
    diagnostics: Sequence[Diagnostic] = ()

    def line_for(self, name: str) -> str:
        """How to write down that a variable may be read."""
        if self.document is None or self.env is None:
            return f"add the line `env: [{name}]` to `{self.path}`"
        if self.document.written(("env",)).startswith("["):
            return f"write `env: [{', '.join([*self.document.values['env'], name])}]` in `{self.path}`"
        return f"add the line `- {name}` below it"


ANYTHING = RepositoryFile()
"""For a spec that nobody restricts."""


class RepositoryFiles:
    """The files of the repositories that a load meets, each read once.

    `today` is an ISO date; without one no date in them is too old, or in the future. With `rules_from` some of what
    they say is taken from there: see `specrun.spec.elsewhere`.
    """

    def __init__(self, today: str = "", rules_from: Elsewhere | None = None) -> None:
        self._today = today
        self._rules_from = rules_from
        self._elsewhere: dict[str, RepositoryFile] = {}
        self._by_folder: dict[str, RepositoryFile] = {}
        self._read: dict[str, RepositoryFile] = {}
        self._without_effect: dict[str, Diagnostic | None] = {}
        self._regions: dict[str, set[str]] = {}
        self._under_ci = under_ci()

    def of(self, spec: str) -> RepositoryFile:
        """What holds for a spec."""
        written = os.path.dirname(spec)
        found = self._by_folder.get(written)
        if found is None:
            folder = os.path.abspath(written)
            root = repository_of(folder) or _stands_for_root(folder)
            shown = os.path.join(root if os.path.isabs(spec) else os.path.relpath(root), NAME)
            here = self.at(os.path.normpath(shown))
            self._look_below(root, folder, here)
            found = self._by_folder[written] = here if self._rules_from is None else self._under(root, here)
        return found

    def _look_below(self, root: str, folder: str, effective: RepositoryFile) -> None:
        """Find files of that name on the way from a root down to a folder: they say nothing."""
        while folder != root and folder not in self._without_effect:
            place = os.path.join(folder, NAME)
            self._without_effect[folder] = None
            if os.path.lexists(place):
                file = os.path.relpath(place)
                detail = f"What holds for the specs of this repository stands in {effective.path}: move it there."
                self._without_effect[folder] = codes.diagnostic("no-effect", detail, (), Location(file, 1, 1))
            folder = os.path.dirname(folder)

    def _under(self, root: str, here: RepositoryFile) -> RepositoryFile:
        """What the file of the repository at `root` says, with those parts that are taken from elsewhere."""
        assert self._rules_from is not None
        if root not in self._elsewhere:
            from specrun.spec.elsewhere import taken_from  # late: few commands take any

            said = taken_from(self._rules_from, root, here, self._today)
            self._elsewhere[root] = replace(said, closed=said.closed or self._under_ci)
        return self._elsewhere[root]

    def at(self, file: str) -> RepositoryFile:
        """What such a file says."""
        where = os.path.abspath(file)
        if where not in self._read:
            self._read[where] = _read(file, where, self._today, closed=self._under_ci)
        return self._read[where]

    def diagnostics(self) -> list[Diagnostic]:
        """The mistakes of all that were read."""
        of_files = list(dict.fromkeys(found for file in self._files() for found in file.diagnostics))
        return [*of_files, *filter(None, self._without_effect.values()), *self._old()]

    def priced(self, file: RepositoryFile, values: Mapping[str, Any]) -> None:
        """That a spec's values are met to which the prices of its repository's file may apply."""
        compute, resources = mapping(values.get("compute")), mapping(mapping(values.get("job")).get("resources"))
        if compute.get("size") or resources.get("instance_type"):
            region = mapping(values.get("workspace")).get("location")
            self._regions.setdefault(file.path, set()).add(region if isinstance(region, str) else "")

    def _old(self) -> Iterator[Diagnostic]:
        for file in self._files():
            if file.prices is not None and file.path in self._regions:
                from specrun.spec.prices import old

                yield from old(file.prices, sorted(self._regions[file.path]), self._today)

    def _files(self) -> Iterator[RepositoryFile]:
        yield from (*self._read.values(), *self._elsewhere.values())

    def dates(self, today: str) -> Iterator[Diagnostic]:
        """Which exceptions of those rules that specs are judged by have expired by a day (ISO), or will soon."""
        for file in (self._read if self._rules_from is None else self._elsewhere).values():
            if file.rules is not None:
                from specrun.spec.repository_rules.judge import dates

                yield from dates(file.rules, today)


def _stands_for_root(folder: str) -> str:
    """What is taken for the root of a folder that is in no repository: the nearest that has such a file, no higher than
    where the command runs; else the folder itself.
    """
    here, at = os.getcwd(), folder
    while not os.path.lexists(os.path.join(at, NAME)):
        if at == here or not at.startswith(here.rstrip(os.sep) + os.sep):
            return folder
        at = os.path.dirname(at)
    return at


def _read(file: str, where: str, today: str, *, closed: bool) -> RepositoryFile:
    if not os.path.lexists(where):
        return RepositoryFile(file, None, closed)
    root = os.path.realpath(os.path.dirname(where))
    if os.path.islink(where) and not os.path.realpath(where).startswith(root.rstrip(os.sep) + os.sep):
        detail = "It is a link that leaves the repository. What holds for a repository stands in a file of its own."
        return RepositoryFile(file, diagnostics=[codes.diagnostic("unreadable", detail, (), Location(file, 1, 1))])
    from specrun.spec.source import read  # late: few repositories have one

    said = understood(file, *read(file), root, partial(_price_file, file, root), today)
    return said if said.document is None and said.diagnostics else replace(said, closed=closed or said.closed)


def understood(
    file: str,
    document: Document | None,
    mistakes: Sequence[Diagnostic],
    root: str,
    price_file: Reader,
    today: str,
) -> RepositoryFile:
    """What a file says of the repository at `root`, once its YAML was read; `price_file` reads others that it names."""
    found = [*map(_worded, mistakes)]
    if document is None:
        if [mistake.code for mistake in mistakes] == ["empty-file"]:
            return RepositoryFile(file)  # all that it may hold may be left out
        return RepositoryFile(file, diagnostics=found)
    found += schema.check(document, document.values, schema.REPOSITORY)
    prices: Prices | None = None
    if isinstance(document.values.get("prices"), (dict, str, list)):
        from specrun.spec.prices import read_prices  # late: few repositories have any

        prices, of_prices = read_prices(document, price_file, today)
        found += of_prices
    names = document.values.get("env")
    if any(one.severity is Severity.ERROR for one in found):
        return RepositoryFile(file, diagnostics=found)  # what it allows is not known: it is mended first
    env = frozenset(names) if isinstance(names, list) else None
    default, name, branch = (document.values.get(key, "") for key in ("default_target", "repository", "branch"))
    specs = tuple(document.values.get("specs") or ())
    closed = env is not None
    said = RepositoryFile(file, env, closed, default, name, branch, specs, False, prices, None, document, found)
    if not document.values.get("rules"):
        return said
    from specrun.spec.repository_rules.written import read_rules

    rules, of_rules = read_rules(document, root, prices.currency if prices is not None else "")
    found += of_rules
    if any(one.severity is Severity.ERROR for one in of_rules):
        return RepositoryFile(file, diagnostics=found)
    return replace(said, rules=rules, lock_required=rules.lock_required)


def _price_file(file: str, root: str, name: str) -> tuple[Document | None, Sequence[Diagnostic]]:
    """A file of prices that a repository's own file names. Raises NoPrices."""
    from specrun.spec.boundary import is_below
    from specrun.spec.prices import NoPrices
    from specrun.spec.source import read

    shown = os.path.normpath(os.path.join(os.path.dirname(file), name))
    if not os.path.lexists(shown):
        raise NoPrices(
            "missing-prices", f"There is no {shown}. `specrun prices --region REGION --out {shown}` writes one."
        )
    if not is_below(os.path.realpath(shown), root):
        detail = (
            f"{shown} is reached by a link that leaves the repository. What holds for it stands in files of its own."
        )
        raise NoPrices("outside-repository", detail)
    return read(shown)


def _worded(mistake: Diagnostic) -> Diagnostic:
    """A mistake of YAML as it is said of this file, which is no spec."""
    if mistake.code == "not-a-mapping":
        return replace(mistake, detail="What stands at the top has names: begin with `env:` and a list of variables.")
    return mistake
