"""What came of comparing specs with what is there: data for views, and for the exit status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum

from specrun.plan.kinds.base import Planned
from specrun.plan.observed import Observed
from specrun.plan.resources import Place
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.frozen import dataclass
from specrun.spec.model import Origin


class Way(Enum):
    """How something differs from what is declared. The value is its name in data."""

    MISSING = "missing"
    CHANGED = "changed"
    EXTRA = "extra"
    FAILED = "failed"
    DELETING = "being deleted"

    @property
    def sign(self) -> str:
        """One character, seen from the specs: what is there and not in them is `+`."""
        return {"missing": "-", "extra": "+"}.get(self.value, "~")


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a resource is not as it is declared: in a field (`path` with dots), in a file of its data, or
    as a whole ("").

    `declared` and `found` are values of the field, or what is known of the file's content (None: it is not there).
    `origin` is where it is declared, and `others` by how many specs more.
    """

    way: Way
    path: str = ""
    declared: object = None
    found: object = None
    reason: str = ""
    origin: Origin | None = field(default=None, compare=False, repr=False)
    others: int = 0
    is_file: bool = False


class Verdict(Enum):
    """What came of comparing a resource. The value is its name in data, and in words."""

    AS_DECLARED = "as declared"
    DRIFTED = "drifted"
    IGNORED = "ignored"
    NOT_COMPARED = "not compared"
    UNSEEN = "not looked at"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One resource against what is there (`seen`; None: nobody looked, or could).

    `extra` are files beside those of a source, which may stay: they are no drift. `files` is how many that has.
    `ignored` were not to count. `said` is why it was not compared, or who else made it.
    """

    resource: Planned
    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    ignored: tuple[Difference, ...] = ()
    extra: tuple[Difference, ...] = ()
    seen: Observed | None = None
    said: str = ""
    files: int = 0


@dataclass(frozen=True, slots=True)
class Drift:
    """What differs in all places. `places` were seen as a whole; `unseen` says of each other one what could not be,
    and why.

    `unfit` says which of what was to be ignored fit nothing that is compared. `problems` say of sources why they
    could not be read.
    """

    places: tuple[Place, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    unseen: Mapping[Place, Mapping[str, str]] = field(default_factory=dict)
    unfit: tuple[str, ...] = ()
    problems: tuple[Diagnostic, ...] = ()
    left_out: str = ""
    targets: Mapping[Place, tuple[str, ...]] = field(default_factory=dict)

    def of(self, verdict: Verdict) -> tuple[Comparison, ...]:
        """The resources of which this came."""
        return tuple(one for one in self.comparisons if one.verdict is verdict)

    @property
    def is_complete(self) -> bool:
        """Whether everything could be looked at."""
        return not self.unseen and not self.of(Verdict.UNSEEN)
