"""What a plan consists of: changes, each with an action, a reason, and what was there before.

Changes of data and of runs are types of their own, which stand with their kinds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import field
from enum import Enum

from specrun.plan.costs import Costs
from specrun.plan.observed import Account, Observed
from specrun.plan.resources import Key, Place, Resource
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.frozen import dataclass

FORMAT = 1


class Action(Enum):
    """What happens to a resource. The value is its name in data, `sign` what people see."""

    NO_OP = "no-op"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    SUBMIT = "submit"

    @property
    def sign(self) -> str:
        """One character, as in `+ compute/gpu-cluster`."""
        return {"no-op": " ", "create": "+", "update": "~", "replace": "±", "delete": "-", "submit": "▶"}[self.value]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs. `path` is dotted, as in `network_settings.subnet`."""

    path: str
    before: object
    after: object
    reason: str = ""
    forces_replace: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One resource and what will be done to it, and why."""

    resource: Resource
    action: Action
    reason: str

    @property
    def key(self) -> Key:
        """The resource's key."""
        return self.resource.key

    @property
    def fingerprint(self) -> str:
        """Of a run, what it is; "" of everything else."""
        return ""


@dataclass(frozen=True, slots=True)
class ResourceChange(Change):
    """A resource made, changed, replaced, deleted, or left as it is. `before` is what was observed for the plan."""

    before: Observed
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What apply will do, and nothing else. `refusals` forbid it (exit 4), `problems` make it impossible (exit 1).

    `notes` are what a reader would not expect. `unseen` says of each place that could not be observed what could not,
    and why: nothing of such a place is in the plan. Nor is what is `unplanned`: what it is made of, or what it needs,
    could not be read. `targets` are the targets that were chosen of the specs of a place, where they have some.
    """

    places: tuple[Place, ...]
    changes: tuple[Change, ...]
    spec_digests: Mapping[str, str]
    refusals: tuple[Diagnostic, ...] = ()
    problems: tuple[Diagnostic, ...] = ()
    notes: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    """Of the specs themselves: they are told when these are read, and again where a plan is to be reviewed."""
    unseen: Mapping[Place, Mapping[str, str]] = field(default_factory=dict)
    unplanned: tuple[Key, ...] = ()
    left_out: str = ""
    """What the command line leaves out, in words."""
    targets: Mapping[Place, tuple[str, ...]] = field(default_factory=dict)
    accounts: Mapping[Place, Account] = field(default_factory=dict)
    """As whom the places were looked at, where somebody has to sign in. It is shown, and neither saved nor compared."""
    surroundings: Mapping[Place, str] = field(default_factory=dict)
    """What jobs without `environment` run in, in words, where that is of this machine: nothing that is compared."""
    stays: tuple[str, ...] = ()
    """What of the places goes on to be there, and may cost, when the specs' things are deleted, in words."""
    costs: Costs = Costs()
    """What it costs, as far as that is known. It is shown, and not compared."""
    format: int = FORMAT

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that do something."""
        return tuple(change for change in self.changes if change.action is not Action.NO_OP)

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """The fingerprint of each run in the plan, by the run's spec; with its place, where another has such a spec."""
        runs = [change for change in self.changes if change.fingerprint]
        count = Counter(change.resource.name for change in runs)
        return {_among(change, count[change.resource.name]): change.fingerprint for change in runs}

    def in_place(self, place: Place) -> Iterator[Change]:
        """The changes in one place, in order."""
        return (change for change in self.changes if change.key.place == place)


def _among(change: Change, namesakes: int) -> str:
    name, place = change.resource.name, change.key.place
    return name if namesakes == 1 else f"{name} ({place.title}, {place.engine})"
