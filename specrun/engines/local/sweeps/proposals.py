"""What a sweep tries next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from specrun.plan.sampling import draws
from specrun.plan.trials import Trial
from specrun.spec.errors import Error
from specrun.spec.model import Scalar
from specrun.spec.sweep import BAYESIAN, Sweep


class CannotPropose(Error):
    """Nobody can say what to try next; the message says why."""


class Proposals(Protocol):
    """The values that trials are to have, one set after the other."""

    @property
    def done(self) -> bool:
        """Whether nothing will come any more."""

    def next(self) -> Mapping[str, Scalar] | None:
        """The next set; None where there is none before another trial has ended, or none at all. Raises
        CannotPropose.
        """

    def tell(self, trial: Trial) -> None:
        """Take in that a trial has ended. Raises CannotPropose."""


class Drawn:
    """Sets that do not depend on how trials end."""

    def __init__(self, sets: Iterable[Mapping[str, Scalar]]) -> None:
        self._sets = iter(sets)
        self._ahead = next(self._sets, None)

    @property
    def done(self) -> bool:
        """Whether nothing will come any more."""
        return self._ahead is None

    def next(self) -> Mapping[str, Scalar] | None:
        """The next set."""
        found, self._ahead = self._ahead, next(self._sets, None)
        return found

    def tell(self, trial: Trial) -> None:
        """Nothing depends on it."""


def proposals(sweep: Sweep, earlier: Sequence[Trial]) -> Proposals:
    """What a sweep tries. `earlier` are the trials of earlier attempts at the same sweep.

    What was tried before is tried again, in the same order: of each set the run says whether it still has to run.
    Raises CannotPropose.
    """
    if sweep.sampling_algorithm == BAYESIAN:
        from specrun.engines.local.sweeps.bayesian import Bayesian  # late: Optuna is needed for this alone

        return Bayesian(sweep, earlier)
    return Drawn(draws(sweep))
