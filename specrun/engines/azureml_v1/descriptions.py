"""A run as specrun describes it, from the SDK's object, its details and its record."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from specrun.engines.azure.endings import Ending, ending_of, seconds
from specrun.engines.azure.log_names import roles_of
from specrun.engines.azure.records import read_record
from specrun.engines.azure.run_marks import SUBMITTED_TAG, TAG, attempt_in, record_path, spec_in
from specrun.engines.azureml_v1.connection import Connection
from specrun.engines.azureml_v1.runs import SeenRun, fingerprint_of
from specrun.engines.base import Missing
from specrun.plan.observed import Role, Run, RunStatus


def describe(connection: Connection, known: SeenRun) -> Run:
    """The run as far as it was read; no request but one for the record of a run that has not ended."""
    run, details = known.run, known.details
    ended = known.status.ended and bool(details)
    ending = ending_of(details) if ended else Ending(known.status)
    roles = roles_of(details)
    failed = ending.failed_role or (roles[0] if ending.status is RunStatus.FAILED and len(roles) == 1 else None)
    # What it reads and where matters while it runs: others must not touch that.
    record = {} if known.status.ended else record_of(connection, known)
    return Run(
        name=run.id,
        spec=spec_of(known),
        fingerprint=fingerprint_of(known),
        attempt=attempt_in(run.id),
        status=ending.status,
        reason=ending.reason,
        submitted=submitted_at(connection, known),
        started=seconds(details.get("startTimeUtc")),
        ended=seconds(details.get("endTimeUtc")) if ended else None,
        roles=tuple(Role(role, _role_status(role, failed, ending.status)) for role in roles),
        failed_role=failed,
        reads=tuple(str(key) for key in record.get("reads") or ()),
        compute=str(record.get("compute") or details.get("target") or ""),
    )


def _role_status(role: str, failed: str | None, status: RunStatus) -> str:
    if role == failed:
        return "failed"
    return "ended" if status.ended and status is not RunStatus.SUCCEEDED else status.value


def spec_of(known: SeenRun) -> str:
    """The spec that a run was submitted for."""
    return str((known.run.tags or {}).get(TAG) or spec_in(known.run.id))


def submitted_at(connection: Connection, known: SeenRun) -> float | None:
    """When a run was submitted, in Unix seconds: from its tag, else (one request) from its record."""
    tagged = (known.run.tags or {}).get(SUBMITTED_TAG)
    with contextlib.suppress(TypeError, ValueError):
        return float(tagged or record_of(connection, known).get("submitted") or "")
    return None


def record_of(connection: Connection, known: SeenRun) -> Mapping[str, Any]:
    """What was written down before the run was submitted: `identity`, `reads`, …; {} when it is gone."""
    if known.record is None:
        container = connection.container(connection.default_datastore())
        try:
            content = json.loads(read_record(container, record_path(known.run.id)) or b"{}")
        except (Missing, ValueError):
            content = {}
        known.record = content if isinstance(content, Mapping) else {}
    return known.record
