"""What changed of specs that others read from: with them these have changed, however far down."""

# ruff: noqa: PTH113
# There are thousands of specs, and os.path looks at their paths ten times as fast.

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence

from specrun.plan.since.changes import Change
from specrun.plan.since.reasons import Found, Reason, Since
from specrun.spec.named import find


class WithUpstream:
    """What changed of specs, and of those that they read from. `files` are those that are looked at; others are looked
    for in the repositories at `roots`, once, where one of them reads from a spec that is none of these.
    """

    def __init__(self, since: Since, files: Sequence[str], roots: Collection[str]) -> None:
        self._since = since
        self._files = files
        self._roots = roots
        self._own: dict[str, Found] = {}
        self._named: dict[str, list[str]] = {}
        self._known: set[str] = set()
        self._looked = 0

    def of(self, file: str) -> Found:
        """Why a spec is taken, and what of it and of those that it reads from git does not track."""
        own = self._of_itself(file)
        changes: dict[Change, None] = {}
        untracked = dict.fromkeys(own.untracked)
        for upstream in self._upstream(file):
            found = self._of_itself(upstream)
            changes |= dict.fromkeys(one for reason in found.reasons for one in reason.changes)
            untracked |= dict.fromkeys(found.untracked)
        more = (Reason("upstream", tuple(changes)),) if changes else ()
        return Found((*own.reasons, *more), tuple(untracked))

    def _of_itself(self, file: str) -> Found:
        if file not in self._own:
            self._own[file] = self._since.of(file)
        return self._own[file]

    def _upstream(self, file: str) -> Iterator[str]:
        """The files of all specs that one reads from, however far up."""
        seen, waiting = {os.path.realpath(file)}, [file]
        for one in waiting:  # grows as it is gone through
            for written in self._since.reads_from(one):
                for found in self._find(written):
                    if (real := os.path.realpath(found)) not in seen:
                        seen.add(real)
                        waiting.append(found)
                        yield found

    def _find(self, written: str) -> Sequence[str]:
        """The files of a spec: of its path, or all that have its name; none where there is none."""
        if os.path.isabs(written):  # noqa: PTH117
            return [written] if os.path.isfile(written) else []
        while written not in self._named and self._looked < 2:
            files = self._files if not self._looked else [file for root in self._roots for file in find([root]).files]
            self._looked += 1
            for file in files:
                real = os.path.realpath(file)
                if real not in self._known and not self._since.is_abstract(file):
                    self._known.add(real)
                    self._named.setdefault(self._since.name_of(file), []).append(file)
        return self._named.get(written, ())
