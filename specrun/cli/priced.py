"""What runs have cost, by the prices that their repository has today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from specrun.cli.telling import tell
from specrun.spec.cost import Cost, cost_of
from specrun.spec.frozen import dataclass
from specrun.spec.repository_file import RepositoryFiles

if TYPE_CHECKING:
    from specrun.cli.opened import RunsOfSpec
    from specrun.plan.observed import Run


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run has cost so far, if that is known; on this machine nothing was `charged`, and it is what the same
    would have cost on Azure.
    """

    cost: Cost | None = None
    charged: bool = True

    @property
    def cell(self) -> str:
        """In a table; "" for nothing."""
        if self.cost is None:
            return ""
        from specrun.views.amounts import spent_text

        return spent_text(self.cost, charged=self.charged) if self.charged or self.cost.hour is not None else ""

    @property
    def line(self) -> str:
        """With how it comes about; "" for nothing."""
        if self.cost is None:
            return ""
        from specrun.views.amounts import spent_line

        return spent_line(self.cost, charged=self.charged)

    @property
    def data(self) -> Mapping[str, object] | None:
        """For programs."""
        if self.cost is None:
            return None
        from specrun.views.amounts import spent_data

        return spent_data(self.cost, charged=self.charged)


class Pricing:
    """The prices of repositories, each read once, and no sooner than a run has a size."""

    def __init__(self, now: float) -> None:
        self._now = now

    def spent(self, runs: RunsOfSpec, run: Run) -> Spent:
        """What a run has cost until now: its instances, for as long as it runs. No request."""
        charged = bool(runs.engine.place.workspace)
        if run.is_sweep:  # it costs what its trials do, of which several run at once
            return Spent(charged=charged)
        if run.instances is None or run.started is None or (seconds := run.elapsed(self._now)) is None:
            return Spent(charged=charged)
        return Spent(cost_of(run.instances, seconds, self._files.of(runs.file or run.file).prices), charged)

    @cached_property
    def _files(self) -> RepositoryFiles:
        return RepositoryFiles()


def tell_prices(spent: Iterable[Spent]) -> None:
    """Say of which day the prices are that costs were taken of."""
    costs = [one.cost for one in spent if one.cost is not None and one.cost.hour is not None]
    if costs:
        from specrun.views.amounts import SPOT

        varies = f"; {SPOT}" if any(cost.varies for cost in costs) else ""
        tell(f"cost: by the prices of {min(cost.updated for cost in costs)}{varies}")
