"""What specs are told about themselves: diagnostics and plans, which show themselves in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import overload

from specrun.api.shown import WIDTH, Shown
from specrun.apply.opening import check_allowed
from specrun.plan import changes
from specrun.plan.changes import Action
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.errors import Refused, SpecInvalid
from specrun.spec.frozen import dataclass
from specrun.views.data import plan_data
from specrun.views.diagnostics import diagnostic_data, diagnostics_summary, findings_text
from specrun.views.plan_text import plan_text
from specrun.views.text import Paint


class Diagnostics(Shown, Sequence[Diagnostic]):
    """What was found in specs, by file and line; those of `broken` say which rules of their repositories they break."""

    def __init__(self, found: Iterable[Diagnostic], broken: Sequence[Diagnostic] = ()) -> None:
        self._found = tuple(found)
        self.broken = tuple(broken)

    @property
    def valid(self) -> bool:
        """Whether nothing is an error, broken rules apart."""
        return all(one.severity is not Severity.ERROR or one in self.broken for one in self._found)

    def check(self) -> None:
        """Raise SpecInvalid where there is an error, Refused where a rule is broken."""
        if not self.valid:
            raise SpecInvalid(self._found)
        if self.broken:
            raise Refused(self.broken)

    def data(self) -> dict[str, object]:
        """The same as `specrun validate -o json` has it."""
        found = [diagnostic_data(one) for one in self._found]
        return {"valid": self.valid, "allowed": not self.broken, "diagnostics": found}

    @overload
    def __getitem__(self, index: int) -> Diagnostic: ...

    @overload
    def __getitem__(self, index: slice) -> Diagnostics: ...

    def __getitem__(self, index: int | slice) -> Diagnostic | Diagnostics:
        if isinstance(index, slice):
            return Diagnostics(self._found[index], self.broken)
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)

    def _text(self, paint: Paint) -> str:
        return "\n\n".join([*findings_text(self._found, paint, WIDTH), diagnostics_summary(self._found, 0)])


@dataclass(frozen=True, slots=True)
class Change:
    """One resource of a plan. `action` is create, update, replace, delete, submit or no-op; `address` is as in
    `compute/gpu-cluster`, `place` where that is.
    """

    address: str
    action: str
    reason: str
    place: str


class Plan(Shown):
    """What `apply` would do, and why. As text and in a notebook it is what `specrun plan` prints.

    `diagnostics` are all that was found of the specs and in making it.
    """

    def __init__(self, made: changes.Plan, found: Iterable[Diagnostic] = ()) -> None:
        self.made = made
        told = (*found, *made.notes, *made.refusals, *made.problems)
        self.diagnostics = Diagnostics(dict.fromkeys(told), made.refusals)

    @property
    def changes(self) -> Sequence[Change]:
        """Every resource, also those of which nothing is done."""
        return [Change(one.key.address, one.action.value, one.reason, one.key.place.title) for one in self.made.changes]

    @property
    def pending(self) -> bool:
        """Whether anything is to be done."""
        return any(one.action is not Action.NO_OP for one in self.made.changes)

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """The fingerprint of each run, by the run's spec."""
        return self.made.fingerprints

    def check(self) -> None:
        """Raise Refused, SpecInvalid or PlanFailed where it cannot be carried out."""
        check_allowed(self.made)

    def data(self) -> Mapping[str, object]:
        """The same as `specrun plan -o json` has it."""
        return plan_data(self.made)

    def _text(self, paint: Paint) -> str:
        found = findings_text(self.diagnostics, paint, WIDTH)
        return "\n\n".join([plan_text(self.made, paint, WIDTH), *found])
