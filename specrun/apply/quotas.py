"""Quotas before anything is submitted: read where a plan makes clusters larger or has runs on them, and told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specrun.engines.base import EngineError
from specrun.engines.calls import read_all
from specrun.engines.reliable import Reliable
from specrun.plan.changes import Plan
from specrun.plan.quota import compare, growing, unread
from specrun.plan.resources import Place
from specrun.spec.diagnostics import Diagnostic


def quota_notes(engines: Mapping[Place, Reliable], plan: Plan) -> Iterator[Diagnostic]:
    """What the quotas of its places say of a plan, or that they could not be read: that stops nobody."""
    limited = {place: clusters for place, clusters in growing(plan).items() if engines[place].has_quotas}
    reads = [engines[place].allowances({one.sku for one in clusters}) for place, clusters in limited.items()]
    for clusters, found in zip(limited.values(), read_all(reads), strict=True):
        if isinstance(found, EngineError):
            yield unread(clusters, str(found))
        else:
            yield from compare(clusters, found)
