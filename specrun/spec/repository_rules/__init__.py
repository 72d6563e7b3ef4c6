"""`rules:` of a repository's `.specrun.yaml`: what its specs must keep to, for which target, and what is excepted.

Not the rules of `specrun.spec.rules`, which hold for every spec there is: what a schema cannot say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from specrun.spec.diagnostics import Location, Path
from specrun.spec.frozen import dataclass
from specrun.spec.selection import Selector


class Rule(NamedTuple):
    """One rule: its `key` below `rules`, and what it says, as the check of that key wants it; and where it stands."""

    key: str
    value: Any
    location: Location
    path: Path


class Exempt(NamedTuple):
    """Specs that need not keep a rule: any that one of `specs` fits, until the day `expires` (ISO), and on it."""

    rule: str
    specs: Sequence[Selector]
    reason: str
    expires: str
    location: Location


@dataclass(frozen=True, slots=True)
class Rules:
    """All of them: those of every target, and those that replace them for one. `root` is where folders begin."""

    above: Mapping[str, Rule]
    of_targets: Mapping[str, Mapping[str, Rule]]
    targets_at: Mapping[str, Location]
    """Where the rules of each target stand."""
    exceptions: Sequence[Exempt] = ()
    root: str = ""

    def of(self, target: str) -> Mapping[str, Rule]:
        """The rules for specs of a target, or for those without any ("")."""
        return {**self.above, **self.of_targets.get(target, {})}

    @property
    def lock_required(self) -> bool:
        """Whether specs of some target change nothing without a lock."""
        return any("lock" in rules for rules in (self.above, *self.of_targets.values()))

    def want_locks(self, target: str) -> bool:
        """Whether specs of a target change nothing without a lock."""
        return "lock" in self.of(target)
