"""A run as specrun describes it, from the SDK's job and the details of its end."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from specrun.engines.azure.endings import Ending, ending_of, seconds
from specrun.engines.azure.log_names import roles_of
from specrun.engines.azure.run_marks import TAG, attempt_in, spec_in
from specrun.engines.azureml_v2.runs import SeenRun
from specrun.plan.observed import Role, Run, RunStatus


def describe(known: SeenRun) -> Run:
    """The run as far as it was read; no request."""
    job, details = known.job, known.details
    ended = known.status.ended and bool(details)
    ending = ending_of(details, _limit(job)) if ended else Ending(known.status)
    roles = roles_of(details, known.is_single)
    failed = ending.failed_role or (roles[0] if ending.status is RunStatus.FAILED and len(roles) == 1 else None)
    return Run(
        name=known.name,
        spec=spec_of(known),
        fingerprint=known.fingerprint,
        attempt=attempt_in(known.name),
        status=ending.status,
        reason=ending.reason,
        submitted=_submitted(job),
        started=seconds(details.get("startTimeUtc")),
        ended=seconds(details.get("endTimeUtc")) if ended else None,
        roles=tuple(Role(role, _role_status(role, failed, ending.status)) for role in roles),
        failed_role=failed,
        reads=tuple(str(key) for key in known.record.get("reads") or ()),
        compute=str(job.compute or "").rpartition("/")[2],
    )


def spec_of(known: SeenRun) -> str:
    """The spec that a run was submitted for."""
    return str((known.job.tags or {}).get(TAG) or spec_in(known.name))


def _role_status(role: str, failed: str | None, status: RunStatus) -> str:
    if role == failed:
        return "failed"
    return "ended" if status.ended and status is not RunStatus.SUCCEEDED else status.value


def _limit(job: Any) -> int | None:
    limit = getattr(getattr(job, "limits", None), "timeout", None)
    return int(limit) if limit else None


def _submitted(job: Any) -> float | None:
    at = getattr(job.creation_context, "created_at", None)
    return at.timestamp() if isinstance(at, datetime) else seconds(at)
