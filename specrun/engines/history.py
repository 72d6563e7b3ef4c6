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
from specrun.engines.calls import Read, read_all
from specrun.engines.reliable import Reliable
from specrun.plan.attempts import NAME, run_name
from specrun.plan.makers import Maker
from specrun.plan.observed import Run, RunStatus
from specrun.plan.planning import Past, Sought
from specrun.plan.trials import Trial

T = TypeVar("T")

PAGES = 20
"""Pages of a list that are read at most: what is looked for need not be in it."""

ON = 5
"""Pages of the list of a name's runs that a plan reads as long as all in it are another maker's."""


class History:
    """The runs of one place. `error` is why some could not be read: what was asked for is not complete then.

    The list of all runs is read on from page to page, and once for all who want to know what is in it.
    """

    def __init__(self, engine: Reliable) -> None:
        self.error: EngineError | None = None
        self._engine = engine
        self._all: list[Run] = []
        self._by_spec: dict[str, list[Run]] = {}
        self._by_digest: dict[str, list[Run]] = {}
        """By how a fingerprint begins: a damaged run knows no more of it."""
        self._pages = 0
        self._following = ""
        self._not_found: set[str] = set()
        self._cut: dict[str, int] = {}
        """How many runs of a name were looked at where there are more, since they were another maker's."""
        self._others: dict[str, list[Run]] = {}

    def look_up(self, wanted: Collection[Sought]) -> Mapping[str, Past]:
        """What each spec's newest runs are, and all attempts at the fingerprint that it has now.

        Attempts are asked for by their names, until one is not there. For many specs the list of all runs may be
        shorter than what is asked about each: it is tried first.
        """
        while len(wanted) > PAGES and self._read_on():
            pass
        known = {one.maker.spec: self._of(one.maker.spec) for one in wanted}
        whole = self._is_read
        if not whole:
            known |= self._pages_of([one.maker for one in wanted if not _of_maker(known[one.maker.spec], one.maker)])
        found = self._read(
            self._engine.looking(
                f"runs of {one.maker.spec}", partial(_with_attempts, one, known[one.maker.spec], whole)
            )
            for one in wanted
        )
        looked = {
            one.maker.spec: answer or (known[one.maker.spec], ()) for one, answer in zip(wanted, found, strict=True)
        }
        pasts = {one.maker.spec: _past(one, *looked[one.maker.spec]) for one in wanted}
        strange = [one for one in wanted if not pasts[one.maker.spec].runs]
        scanned = self._scanned([one.maker for one in strange])
        for one in strange:
            spec = one.maker.spec
            runs, alike = looked[spec]
            pasts[spec] = _past(one, _joined(scanned[spec], runs), alike or self._alike(one))
        return pasts

    def newest(self, makers: Collection[Maker]) -> Mapping[str, Past]:
        """Each spec's newest runs, a page of them as a rule; none where it has none."""
        found = self._pages_of(makers)
        strange = [maker for maker in makers if not _of_maker(found[maker.spec], maker)]
        scanned = self._scanned(strange)
        found |= {maker.spec: _joined(scanned[maker.spec], found[maker.spec]) for maker in strange}
        return {maker.spec: _past(Sought(maker), found[maker.spec]) for maker in makers}

    def every(self, maker: Maker) -> Iterator[Run]:
        """A spec's runs, newest first, read on as they are wanted."""
        following, found, strange, looked = "", False, 0, 0
        while page := self._page(self._engine.listing(maker.spec, following)):
            runs = page.runs if page.filtered else self._unfiltered(maker.spec)
            own = _of_maker(runs, maker)
            self._others.setdefault(maker.spec, []).extend(run for run in runs if not run.is_for(maker))
            yield from own
            if not page.filtered:
                return
            looked += len(runs)
            following, found, strange = page.following, found or bool(own), 0 if own else strange + 1
            if following and strange == PAGES:
                self._cut[maker.spec] = looked
                self._not_found.add(maker.spec)
                return
            if not following:
                break
        if not found:
            runs = self._scanned([maker]).get(maker.spec, ())
            yield from _of_maker(runs, maker)

    def others(self, spec: str) -> Sequence[Run]:
        """The runs of a spec's name that were met, and passed over, while those of one maker were read."""
        return self._others.get(spec, ())

    def unfinished(self) -> Sequence[Run]:
        """All runs that go on, whichever specs they are of."""
        while self._read_on():
            pass
        return [run for run in self._all if not run.status.ended]

    def listed(self) -> Sequence[Run]:
        """The runs of all specs, newest first, as far as their list was read for `unfinished`."""
        return self._all

    def trials(self, sweep: str) -> Sequence[Trial]:
        """The trials of a sweep, by its name. Raises EngineError: a plan goes without."""
        return self._engine.trials(sweep)

    def trials_there(self, spec: str, fingerprints: Collection[str]) -> Mapping[str, Run]:
        """The runs of these fingerprints that a sweep of the spec would not run again."""
        return self._read([self._engine.trials_there(spec, fingerprints)])[0] or {}

    def unread(self, spec: str = "") -> str:
        """What was not looked at of all runs, in words; "" for nothing, and where a `spec` has no need of it."""
        if self._is_read or (spec and spec not in self._not_found):
            return ""
        if spec in self._cut:
            return f"only the newest {self._cut[spec]} runs named {spec} here were looked at, and there are more"
        return f"only the newest {len(self._all)} runs of specrun's here were looked at, and there are more"

    @property
    def _is_read(self) -> bool:
        """Whether the list of all runs was read to its end."""
        return self._pages > 0 and not self._following

    def _pages_of(self, makers: Collection[Maker]) -> dict[str, Sequence[Run]]:
        """The newest page of the runs of each name, and those after it as long as there are only another maker's."""
        found: dict[str, list[Run]] = {maker.spec: [] for maker in makers}
        left = dict.fromkeys(makers, "")
        for _ in range(ON):
            pages = self._read(self._engine.listing(maker.spec, after) for maker, after in left.items())
            answered, left = zip(left, pages, strict=True), {}
            for maker, page in answered:
                if page is None:
                    continue
                runs = page.runs if page.filtered else self._unfiltered(maker.spec)
                found[maker.spec] += runs
                if runs and page.filtered and page.following and not _of_maker(runs, maker):
                    left[maker] = page.following
        return dict(found)

    def _unfiltered(self, spec: str) -> Sequence[Run]:
        """The runs of a name where the service sorts none out: from the list of all, as far as that is read."""
        while self._read_on():
            pass
        self._not_found.add(spec)
        return self._of(spec)

    def _scanned(self, makers: Collection[Maker]) -> Mapping[str, Sequence[Run]]:
        """What the list of all runs has of specs whose own lists have none of theirs: from before there were such."""
        missing = {maker.spec: maker for maker in makers}
        looked = 0
        while missing:
            for run in self._all[looked:]:
                for spec in run.specs:
                    if spec in missing and run.is_for(missing[spec]):
                        del missing[spec]
            looked = len(self._all)
            if not missing or not self._read_on():
                break
        self._not_found |= missing.keys()
        return {maker.spec: self._of(maker.spec) for maker in makers}

    def _alike(self, sought: Sought) -> Sequence[Run]:
        """The attempts at a fingerprint under another name of the same repository and target, newest first, as far as
        the list of all was read.
        """
        known = self._by_digest.get(sought.fingerprint[:10], ())
        found = [run for run in known if run.is_of(sought.fingerprint) and run.maker.is_beside(sought.maker)]
        return sorted(found, key=lambda run: run.attempt, reverse=True)

    def _of(self, spec: str) -> Sequence[Run]:
        return self._by_spec.get(spec, ())

    def _read_on(self) -> bool:
        """Read one more page of the list of all runs, unless it ended or was long enough."""
        if self._is_read or self._pages == PAGES:
            return False
        page = self._page(self._engine.listing(None, self._following))
        if page is None:
            return False
        self._all += page.runs
        for run in page.runs:
            self._by_digest.setdefault(run.fingerprint[:10], []).append(run)
            for spec in run.specs:
                self._by_spec.setdefault(spec, []).append(run)
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


def _of_maker(runs: Iterable[Run], maker: Maker) -> list[Run]:
    return [run for run in runs if run.is_for(maker)]


def _joined(*lists: Iterable[Run]) -> list[Run]:
    """The runs of several lists, each once, newest first."""
    known = {run.name: run for runs in lists for run in runs}
    return sorted(known.values(), key=lambda run: run.submitted or 0.0, reverse=True)


def _past(sought: Sought, runs: Sequence[Run], alike: Sequence[Run] = ()) -> Past:
    """The runs of a name, sorted by whose they are. An attempt at the fingerprint is the spec's, whoever made it."""
    own: list[Run] = []
    others: list[Run] = []
    for run in runs:
        (own if run.is_for(sought.maker) or run.is_of(sought.fingerprint) else others).append(run)
    return Past(own, others, () if own else alike)


def _with_attempts(
    sought: Sought, known: Sequence[Run], whole: bool, runs: Runs
) -> tuple[Sequence[Run], Sequence[Run]]:
    """The known runs, and all attempts at the fingerprint, newest first; `whole`: no attempt is unknown.

    Then, where there is none, the attempts at it under a name that the spec is to adopt.
    """
    spec, digest = sought.maker.spec, sought.fingerprint
    attempts = _attempts(spec, digest, [run for run in known if run.is_of(digest)], whole, runs)
    others = [run for run in known if not run.is_of(digest)]
    alike: Sequence[Run] = ()
    for name in sought.adopt if not attempts else ():
        alike = alike or _called(name, digest, runs)
    return _joined(attempts, others), alike


def _attempts(spec: str, fingerprint: str, known: Sequence[Run], whole: bool, runs: Runs) -> Sequence[Run]:
    """All attempts at a fingerprint under a spec's name, newest first.

    Of attempts that did not succeed it is found out why, as long as none has: whether to try again depends on it.
    """
    attempts = {run.attempt: run for run in known}
    looked: set[int] = set()
    with suppress(Missing):
        for attempt in count(max(attempts, default=0) + 1) if not whole else ():
            attempts[attempt] = runs.get(run_name(spec, fingerprint, attempt))
            looked.add(attempt)
    if attempts and attempts[max(attempts)].status not in (RunStatus.SUCCEEDED, RunStatus.QUEUED, RunStatus.RUNNING):
        told = (RunStatus.FAILED, RunStatus.CANCELLED)
        unexplained = [one for one, run in attempts.items() if one not in looked and run.status in told]
        attempts |= {one: runs.get(attempts[one].name) for one in unexplained}
    return [attempts[attempt] for attempt in sorted(attempts, reverse=True)]


def _called(name: str, fingerprint: str, runs: Runs) -> Sequence[Run]:
    """The run of a name, or the attempts of a spec of that name, newest first, at a fingerprint; none for others."""
    match = NAME.fullmatch(name)
    if match is not None and match["fingerprint"] == fingerprint[:10]:
        with suppress(Missing):
            return [run] if (run := runs.get(name)).is_of(fingerprint) else []
    return [run for run in _attempts(name, fingerprint, (), False, runs) if run.is_of(fingerprint)]
