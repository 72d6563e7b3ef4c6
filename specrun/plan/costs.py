"""What a plan costs: runs, one attempt each, and in a month what its clusters have on while nobody works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from specrun.plan.resources import Key
from specrun.spec.cost import Cost
from specrun.spec.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """What the instances of a cluster that are always on cost in a month, `before` a plan and `after` it (None: none
    is); and likewise what as many as it may have would, where the plan makes or changes it and there is a price.
    """

    before: Cost | None
    after: Cost | None
    full_before: Cost | None = None
    full: Cost | None = None


@dataclass(frozen=True, slots=True)
class Costs:
    """What is known of the costs of a plan's runs, and of the clusters that are or were always on."""

    runs: Mapping[Key, Cost] = field(default_factory=dict)
    clusters: Mapping[Key, Standing] = field(default_factory=dict)
