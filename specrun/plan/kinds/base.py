"""What resources of all kinds can be asked for, and what those have in common whose properties converge."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection
from typing import ClassVar

from specrun.plan.changes import Action, Change, ResourceChange
from specrun.plan.diff import diff
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Run, Status
from specrun.plan.planning import Planning
from specrun.plan.resources import Key, Resource
from specrun.spec.frozen import dataclass
from specrun.spec.model import Properties


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned(Resource):
    """A resource that knows how it is planned, whose it is, and what needs it."""

    on_demand: ClassVar[bool] = False
    """Whether `destroy` deletes it only when its kind is named: it cannot be made again, or others share it."""

    after_runs: ClassVar[bool] = False
    """Whether it is planned once it is known what becomes of runs."""

    @property
    def datastore_keys(self) -> tuple[Key, ...]:
        """The keys of the datastores that it is on, or has paths on: it needs those that one of the specs declares."""
        return ()

    @abstractmethod
    def plan(self, planning: Planning) -> Change:
        """What is to be done to it, given what its place has; what forbids that is noted in `planning`.

        Raises Unplanned, when it has noted why.
        """

    def made_by(self, seen: Observed, makers: Collection[Maker]) -> frozenset[str]:
        """Which of the specs made what is there: it is theirs to delete."""
        return frozenset(maker.spec for maker in makers if seen.maker.is_of(maker))

    def deleted_since(self, specs: Collection[str]) -> str:
        """Why `destroy` deletes it, in words; it is the specs that made it."""
        return f"made by {', '.join(sorted(specs))}"

    def is_used_by(self, run: Run) -> bool:
        """Whether a run of the same place needs it."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Converging(Planned):
    """A workspace, a cluster, a datastore or an environment: made when missing, changed when its properties differ."""

    how_to_make: ClassVar[str] = "declare it as a mapping to have it made, or correct the name"
    how_to_use: ClassVar[str] = ""
    """How one is used without being declared, with {name}, where two repositories are not to declare the same."""

    properties: Properties

    @property
    def wanted(self) -> Properties:
        """What was asked for, in the spec's own spelling."""
        return self.properties

    def plan(self, planning: Planning) -> Change:
        """Made when it is missing, left alone when it is as declared, else changed, or replaced where that is meant."""
        seen = planning.observed(self)
        if seen.status is Status.UNSEEN:
            return ResourceChange(self, Action.NO_OP, f"{seen.status.value}: {seen.reason}", seen)
        if not self.managed:
            return self._named(planning, seen)
        self._check_maker(planning, seen)
        match seen.status:
            case Status.MISSING:
                return ResourceChange(self, Action.CREATE, self._why_missing(seen), seen)
            case Status.CREATING:
                return ResourceChange(self, Action.NO_OP, "it is being made: apply waits for it", seen)
            case Status.DELETING:
                return ResourceChange(self, Action.CREATE, "it is being deleted: made again once it is gone", seen)
            case Status.FAILED:
                return self._failed(planning, seen)
            case _:
                return self._compared(planning, seen)

    def _why_missing(self, seen: Observed) -> str:
        return "it does not exist"

    def _named(self, planning: Planning, seen: Observed) -> Change:
        if seen.status is Status.MISSING:
            detail = f"{self.kind} {self.name} does not exist on {self.place.title}: {self.how_to_make}."
            planning.problem(self, "missing-resource", detail)
        return ResourceChange(self, Action.NO_OP, "named, not declared: used and never changed", seen)

    def _check_maker(self, planning: Planning, seen: Observed) -> None:
        """Note that another repository has made what is there: what one of them changes, the other changes back."""
        is_there = seen.status not in (Status.MISSING, Status.DELETING)
        asking = (self.maker, *planning.makers)
        if self.how_to_use and is_there and all(seen.maker.is_elsewhere(maker) for maker in asking):
            how = self.how_to_use.format(name=self.name)
            planning.note(self, "made-elsewhere", f"{self.kind} {self.name} was made by {seen.maker}: {how}.")

    def _failed(self, planning: Planning, seen: Observed) -> Change:
        detail = f"{self.kind} {self.name}: {seen.reason or 'the service gives no reason'}."
        planning.problem(self, "failed-resource", detail)
        return self._compared(planning, seen)

    def _compared(self, planning: Planning, seen: Observed) -> Change:
        capability = planning.capability(self.kind)
        fields = diff(self.properties, seen.properties, capability)
        if not fields:
            return ResourceChange(self, Action.NO_OP, "as declared", seen)
        fixed = ", ".join(field.path for field in fields if field.forces_replace)
        if not fixed:
            names = ", ".join(field.path for field in fields)
            return ResourceChange(self, Action.UPDATE, f"{names} changed", seen, fields)
        self._check_replace(planning, seen, fixed, replaceable=capability.replaceable)
        return ResourceChange(self, Action.REPLACE, f"{fixed} cannot change in place", seen, fields)

    def _check_replace(self, planning: Planning, seen: Observed, fixed: str, *, replaceable: bool) -> None:
        what = f"{self.kind} {self.name}"
        if not replaceable:
            planning.problem(self, "unchangeable", f"{fixed} of {what} is fixed once it exists.")
        elif not seen.maker or not any(seen.maker.is_beside(maker) for maker in planning.makers):
            detail = (
                f"{what} was made by {seen.maker or 'somebody else'}: {fixed} cannot change in place, and replacing "
                "means deleting it. Declare what is there, or take another name."
            )
            planning.refuse(self, "not-ours", detail)
        elif users := [run.name for run in planning.users_of(self)]:
            detail = f"{what} would be replaced ({fixed}), and {', '.join(users)} still runs there: wait or cancel."
            planning.refuse(self, "in-use", detail)
        elif not planning.options.allow_replace:
            detail = (
                f"{fixed} of {what} cannot change in place: it would be deleted and made again. "
                "If that is meant, say --allow-replace."
            )
            planning.refuse(self, "replace", detail)
