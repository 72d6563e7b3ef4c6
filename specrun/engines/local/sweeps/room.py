"""How many trials of a sweep run at once."""

from __future__ import annotations

import os
from collections.abc import Sequence

from specrun.engines.local import roles, slots
from specrun.engines.local.request import Request
from specrun.spec.sweep import Sweep


def room(request: Request, sweep: Sweep, present: Sequence[str]) -> int:
    """As many as the cluster has nodes for, or this machine processors where there is none, and GPUs; at least one.

    `max_concurrent_trials` bounds that: a limit of Azure's is no promise that this machine could keep. Each trial asks
    for its nodes and GPUs all the same, as runs of other specs do.
    """
    limit = request.cluster.max_instances
    found = _processors() if limit is None else limit // max(1, request.instance_count)
    if wanted := roles.gpu_count(request, len(present)):
        found = min(found, len(present) // wanted)
    if sweep.max_concurrent_trials is not None:
        found = min(found, sweep.max_concurrent_trials)
    return max(1, found)


def refusal(request: Request, present: Sequence[str]) -> str | None:
    """Why no trial could ever run here; None when they could."""
    return slots.refusal(roles.want(request, present), present)


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1
