"""One run of a workspace, as far as it was read, whichever SDK submitted it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from specrun.engines.azure.endings import Ending, ending_of, seconds
from specrun.engines.azure.logs import roles_of
from specrun.engines.azure.maker_tags import maker_in
from specrun.engines.azure.run_marks import VARIABLE, attempt_in, is_named_for, spec_in, specs_tagged
from specrun.engines.base import Missing
from specrun.plan.attempts import NAME
from specrun.plan.makers import Maker
from specrun.plan.observed import RoleStatus, Run, RunStatus, texts_in
from specrun.plan.parameters import kept_variables
from specrun.plan.provenance import UNKNOWN, Provenance
from specrun.spec.cost import instances_in
from specrun.spec.model import Scalar
from specrun.spec.sweep import Objective


class SeenSweep(NamedTuple):
    """What a sweep is. `policy`: trials may be ended early. `best` is the run that the service calls the best ("": none
    yet, or none at all), and `score` what it has for it.
    """

    objective: Objective
    most_trials: int
    policy: bool = False
    best: str = ""
    score: str = ""


@dataclass(slots=True)
class SeenRun:
    """One run as it was last read; `sdk` is the SDK's own object, where there is one and it is needed.

    `fingerprint` is the whole one, "" when specrun did not submit it; times in Unix seconds; `limit` in seconds, where
    its details do not tell; `single`: it is known to have one process; `by_v1`: SDK v1 has submitted it. `details` are
    those of run history, and `record` what was written down when it was submitted (None: not read): both are read when
    they are needed. `address` is where a person finds it, `experiment` what it is filed under.
    """

    name: str
    status: RunStatus
    tags: Mapping[str, str]
    fingerprint: str
    submitted: float | None = None
    started: float | None = None
    ended: float | None = None
    compute: str = ""
    single: bool = False
    limit: int | None = None
    by_v1: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)
    record: Mapping[str, Any] | None = None
    address: str = ""
    experiment: str = ""
    provenance: Provenance = UNKNOWN
    sdk: Any = None
    code: str = ""
    """The id of its code: an asset's of SDK v2, a snapshot's of SDK v1; "" where that was not told."""
    code_at: Any = None
    """Where its code was found: see `azure.code`."""
    sweep: SeenSweep | None = None
    parent: str = ""
    """The sweep that has begun it."""
    parameters: Mapping[str, Scalar] = field(default_factory=dict)


def is_ours(run: SeenRun) -> bool:
    """Whether specrun submitted a run: its fingerprint begins as its name says."""
    return NAME.fullmatch(run.name) is not None and is_named_for(run.name, run.fingerprint)


def check_ours(run: SeenRun) -> SeenRun:
    """The run. Raises Missing for one that specrun did not submit."""
    if not is_ours(run):
        raise Missing(f"run {run.name} was not submitted by specrun: its definition lacks {VARIABLE}")
    return run


def maker_of(run: SeenRun) -> Maker:
    """Who submitted a run: where its tags are lost, the spec that its name says, and what its record does."""
    record = run.record or {}
    return maker_in(run.tags) or Maker(
        spec_in(run.name), str(record.get("repository") or ""), str(record.get("target") or "")
    )


def spec_of(run: SeenRun) -> str:
    """The spec that a run was submitted for."""
    return maker_of(run).spec


def describe(run: SeenRun) -> Run:
    """The run as far as it was read; no request."""
    details = run.details
    ended = run.status.ended and bool(details)
    ending = ending_of(details, run.limit) if ended else Ending(run.status)
    roles = roles_of(details, run.single)
    maker = maker_of(run)
    failed = ending.failed_role or (roles[0] if ending.status is RunStatus.FAILED and len(roles) == 1 else None)
    started = seconds(details.get("startTimeUtc")) or run.started
    stopped = (seconds(details.get("endTimeUtc")) if ended else None) or run.ended
    # The service does not say when each of several began and ended.
    begun, over = (started, stopped) if run.single and len(roles) == 1 else (None, None)
    return Run(
        name=run.name,
        spec=maker.spec,
        fingerprint=run.fingerprint,
        attempt=attempt_in(run.name),
        status=ending.status,
        reason=ending.reason,
        submitted=run.submitted,
        started=started,
        ended=stopped,
        roles=tuple(
            RoleStatus(role, _role_status(role, failed, ending.status), started=begun, ended=over) for role in roles
        ),
        failed_role=failed,
        reads=tuple(str(address) for address in (run.record or {}).get("reads") or ()),
        compute=run.compute,
        loss=ending.loss,
        repository=maker.repository,
        target=maker.target,
        adopted=tuple(spec for spec in specs_tagged(run.tags) if spec != maker.spec),
        provenance=run.provenance,
        instances=instances_in((run.record or {}).get("instances")),
        variables=kept_variables((run.record or {}).get("variables")),
        upstream=texts_in((run.record or {}).get("upstream")),
        models=texts_in((run.record or {}).get("models")),
        objective=run.sweep.objective if run.sweep is not None else None,
        most_trials=run.sweep.most_trials if run.sweep is not None else 0,
        parent=run.parent,
        parameters=run.parameters,
    )


def _role_status(role: str, failed: str | None, status: RunStatus) -> str:
    if role == failed:
        return "failed"
    return "ended" if status.ended and status is not RunStatus.SUCCEEDED else status.value
