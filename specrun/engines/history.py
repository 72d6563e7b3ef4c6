"""The runs of one place, as far as somebody wants to know them.

What that costs depends on the specs that are asked about, and not on how many runs there have been.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from typing import TypeVar

from specrun.engines.base import EngineError, Missing, Page, Runs
from specrun.engines.reliable import Read, Reliable, read_all
from specrun.plan.attempts import run_name
from specrun.plan.observed import Run, RunStatus

T = TypeVar("T")

PAGES = 20
"""Pages of the list of all runs that are read at most: what is looked for need not be in it."""


class History:
    """The runs of one place. `error` is why some could not be read: what was asked for is not complete then.

    The list of all runs is read on from page to page, and once for all who want to know what is in it.
    """

    def __init__(self, engine: Reliable) -> None:
        self.error: EngineError | None = None
        self._engine = engine
        self._all: list[Run] = []
        self._pages = 0
        self._following = ""
        self._not_found: set[str] = set()

    def look_up(self, wanted: Mapping[str, str]) -> Mapping[str, Sequence[Run]]:
        """Each spec's newest runs, and all attempts at the fingerprint that it has now.

        Attempts are asked for by their names, until one is not there. For many specs the list of all runs may be
        shorter than what is asked about each: it is tried first.
        """
        while len(wanted) > PAGES and self._read_on():
            pass
        known = {spec: self._of(spec) for spec in wanted}
        whole = self._is_read
        if not whole:
            known |= self._pages_of([spec for spec, runs in known.items() if not runs])
        found = self._read(
            self._engine.looking(f"runs of {spec}", partial(_with_attempts, spec, digest, known[spec], whole))
            for spec, digest in wanted.items()
        )
        known |= {spec: runs for spec, runs in zip(wanted, found, strict=True) if runs is not None}
        return known | self._scanned([spec for spec, runs in known.items() if not runs])

    def newest(self, specs: Collection[str]) -> Mapping[str, Sequence[Run]]:
        """Each spec's newest runs, a page of them at most; none where it has none."""
        found = self._pages_of(specs)
        return found | self._scanned([spec for spec, runs in found.items() if not runs])

    def every(self, spec: str) -> Iterator[Run]:
        """A spec's runs, newest first, read on as they are wanted."""
        following, found = "", False
        while page := self._page(self._engine.listing(spec, following)):
            if not page.filtered:
                yield from self._unfiltered(spec)
                return
            yield from page.runs
            following, found = page.following, found or bool(page.runs)
            if not following:
                break
        if not found:
            yield from self._scanned([spec]).get(spec, ())

    def unfinished(self) -> Sequence[Run]:
        """All runs that go on, whichever specs they are of."""
        while self._read_on():
            pass
        return [run for run in self._all if not run.status.ended]

    def unread(self, spec: str = "") -> str:
        """What was not looked at of all runs, in words; "" for nothing, and where a `spec` has no need of it."""
        if self._is_read or (spec and spec not in self._not_found):
            return ""
        return f"only the newest {len(self._all)} runs of specrun's here were looked at, and there are more"

    @property
    def _is_read(self) -> bool:
        """Whether the list of all runs was read to its end."""
        return self._pages > 0 and not self._following

    def _pages_of(self, specs: Collection[str]) -> dict[str, Sequence[Run]]:
        pages = dict(zip(specs, self._read(map(self._engine.listing, specs)), strict=True))
        return {
            spec: () if page is None else page.runs if page.filtered else self._unfiltered(spec)
            for spec, page in pages.items()
        }

    def _unfiltered(self, spec: str) -> Sequence[Run]:
        """A spec's runs where the service sorts none out: from the list of all, as far as that is read."""
        while self._read_on():
            pass
        self._not_found.add(spec)
        return self._of(spec)

    def _scanned(self, specs: Collection[str]) -> dict[str, Sequence[Run]]:
        """What the list of all runs has of specs whose own lists are empty: runs from before there were such."""
        missing = set(specs)
        while missing := missing - {run.spec for run in self._all}:
            if not self._read_on():
                break
        self._not_found |= missing
        return {spec: self._of(spec) for spec in specs}

    def _of(self, spec: str) -> Sequence[Run]:
        return [run for run in self._all if run.spec == spec]

    def _read_on(self) -> bool:
        """Read one more page of the list of all runs, unless it ended or was long enough."""
        if self._is_read or self._pages == PAGES:
            return False
        page = self._page(self._engine.listing(None, self._following))
        if page is None:
            return False
        self._all += page.runs
        self._pages += 1
        self._following = page.following
        return True

    def _page(self, read: Read[Page]) -> Page | None:
        return self._read([read])[0]

    def _read(self, reads: Iterable[Read[T]]) -> list[T | None]:
        results: list[T | None] = []
        for result in read_all(reads):
            if isinstance(result, EngineError):
                self.error = self.error or result
            results.append(None if isinstance(result, EngineError) else result)
        return results


def _with_attempts(spec: str, fingerprint: str, known: Sequence[Run], whole: bool, runs: Runs) -> Sequence[Run]:
    """The known runs, and all attempts at the fingerprint, newest first; `whole`: no attempt is unknown.

    Of attempts that did not succeed it is found out why, as long as none has: whether to try again depends on it.
    """
    attempts = {run.attempt: run for run in known if run.is_of(fingerprint)}
    looked: set[int] = set()
    with suppress(Missing):
        for attempt in count(max(attempts, default=0) + 1) if not whole else ():
            attempts[attempt] = runs.get(run_name(spec, fingerprint, attempt))
            looked.add(attempt)
    if attempts and attempts[max(attempts)].status not in (RunStatus.SUCCEEDED, RunStatus.QUEUED, RunStatus.RUNNING):
        told = (RunStatus.FAILED, RunStatus.CANCELLED)
        unexplained = [one for one, run in attempts.items() if one not in looked and run.status in told]
        attempts |= {one: runs.get(attempts[one].name) for one in unexplained}
    newest_first = [attempts[attempt] for attempt in sorted(attempts, reverse=True)]
    others = [run for run in known if not run.is_of(fingerprint)]
    return sorted([*newest_first, *others], key=lambda run: run.submitted or 0.0, reverse=True)
