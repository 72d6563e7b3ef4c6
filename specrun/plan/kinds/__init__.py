"""The kinds of resources, a module each: what it consists of, which of them a spec declares, and how it is planned."""

from __future__ import annotations

from specrun.plan.kinds import compute, data, datastore, environment, model, run, workspace

KINDS = (workspace, compute, datastore, data, environment, run, model)
"""In the order in which a spec's own resources depend on each other."""

DECLARED = KINDS[:4]
"""Those whose resources a spec names without its files being read."""

_TYPES = (
    workspace.Workspace,
    compute.Cluster,
    datastore.Datastore,
    data.DataTarget,
    environment.JobEnvironment,
    run.RunRequest,
    model.ModelRegistration,
)

ON_DEMAND = tuple(kind.kind for kind in _TYPES if kind.on_demand)
"""Kinds that are deleted only when they are named: they hold what cannot be made again, or what others share."""
