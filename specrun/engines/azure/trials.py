"""The trials of a sweep as the service tells of them: in the sweep's tags, through MLflow, and in run history."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from specrun.engines.azure.connection import Connection
from specrun.engines.azure.coordinates import workspace_path
from specrun.engines.azure.endings import ending_of, seconds, status_of
from specrun.engines.azure.mlflow import PAGES, ask_mlflow, points_in, search_runs
from specrun.engines.azure.run_marks import FINGERPRINT_TAG, SUBMITTED_TAG
from specrun.engines.azure.seen import SeenRun
from specrun.engines.azure.services import as_mapping, ask_service, objects
from specrun.engines.base import EngineError, Missing
from specrun.plan.attempts import trial_of
from specrun.plan.fingerprint import fingerprint
from specrun.plan.metrics import Last
from specrun.plan.observed import RunStatus
from specrun.plan.trials import identity_of_trial
from specrun.spec.frozen import dataclass
from specrun.spec.model import Scalar

_OWN = "_aml_system_"
"""How tags begin in which the service keeps what it knows of a sweep. Once it did without."""

_STATUSES = {
    "RUNNING": RunStatus.RUNNING,
    "FINISHED": RunStatus.SUCCEEDED,
    "FAILED": RunStatus.FAILED,
    "KILLED": RunStatus.CANCELLED,
}
"""MLflow's words, as Azure documents them. SCHEDULED comes before the first process."""


@dataclass(frozen=True, slots=True)
class Child:
    """A trial's run as it was last told of; times in Unix seconds. `reason` is why it ended so, as far as that is
    known. MLflow has its metrics, and counts it as started when it was queued; run history knows why.
    """

    status: RunStatus
    started: float | None = None
    ended: float | None = None
    reason: str = ""
    metrics: Mapping[str, Last] = field(default_factory=dict)


def parameters_in(sweep: SeenRun) -> Mapping[int, Mapping[str, Scalar]]:
    """The parameters of all trials that a sweep has begun so far, by their numbers, from its tags."""
    found: dict[int, Mapping[str, Scalar]] = {}
    for tag, text in sweep.tags.items():
        named = trial_of(tag.removeprefix(_OWN))
        if named is not None and named[0] == sweep.name and (tag.startswith(_OWN) or named[1] not in found):
            found[named[1]] = _parameters(text)
    return found


def as_trial(run: SeenRun, sweep: SeenRun, number: int) -> SeenRun:
    """A run as what its name says: that trial of a sweep of specrun's. What the sweep was submitted with holds for it.

    Raises Missing where the other is no sweep.
    """
    if sweep.sweep is None:
        raise Missing(f"there is no run {run.name}: {sweep.name} is no sweep")
    marks = {tag: text for tag, text in sweep.tags.items() if tag.startswith("specrun")}
    run.tags = {**run.tags, **{tag: marks[tag] for tag in marks if tag not in (FINGERPRINT_TAG, SUBMITTED_TAG)}}
    run.parent, run.parameters = sweep.name, parameters_in(sweep).get(number, {})
    record = {name: value for name, value in (sweep.record or {}).items() if name != "sweep"}
    identity = as_mapping(record.get("identity"))
    own = identity_of_trial(identity, run.parameters) if run.parameters and identity else {}
    # What was kept need not be all that the fingerprint was taken of.
    run.fingerprint = fingerprint(own) if own and fingerprint(identity) == sweep.fingerprint else ""
    run.record, run.by_v1, run.provenance = {**record, "identity": own}, False, sweep.provenance
    run.compute, run.experiment = run.compute or sweep.compute, run.experiment or sweep.experiment
    run.code = sweep.code
    return run


def experiment_of(connection: Connection[Any], sweep: str) -> str:
    """The id of the experiment that a sweep is filed under: one request. Raises EngineError."""
    answer = ask_mlflow(connection, "runs/get", {"run_id": sweep}, f"find the experiment of {sweep}")
    found = as_mapping(as_mapping(answer.get("run")).get("info")).get("experiment_id")
    if not found:
        raise EngineError(f"cannot find the experiment of {sweep}: what came does not say it")
    return str(found)


def search(connection: Connection[Any], sweep: str, experiment: str) -> Mapping[int, Child]:
    """The trials that MLflow knows of, with their metrics: a request for each thousand of them. Raises EngineError."""
    found: dict[int, Child] = {}
    wanted = {"experiment_ids": [experiment], "filter": f"tags.mlflow.parentRunId = '{sweep}'", "run_view_type": "ALL"}
    for run in search_runs(connection, wanted, f"list the trials of {sweep}"):
        information, data = as_mapping(run.get("info")), as_mapping(run.get("data"))
        number = _number(sweep, information.get("run_id") or information.get("run_uuid"))
        if number is None:
            continue
        status = _STATUSES.get(str(information.get("status")), RunStatus.QUEUED)
        found[number] = Child(
            status,
            _moment(information.get("start_time")) if status is not RunStatus.QUEUED else None,
            _moment(information.get("end_time")) if status.ended else None,
            metrics={name: Last(value, step, time) for name, step, time, value in points_in(data.get("metrics"))},
        )
    return found


def told_of(connection: Connection[Any], sweep: str) -> Mapping[int, Child]:
    """The trials that run history knows of, and why they ended as they did, without metrics: a request for each page.

    None where it has not heard of the sweep yet. Raises EngineError.
    """
    found: dict[int, Child] = {}
    for run in _children(connection, sweep):
        number = _number(sweep, run.get("runId"))
        if number is not None:
            status, reason = status_of(str(run.get("status"))), ""
            if status.ended:
                ending = ending_of(run)
                status, reason = ending.status, ending.reason
            found[number] = Child(status, seconds(run.get("startTimeUtc")), seconds(run.get("endTimeUtc")), reason)
    return found


def _children(connection: Connection[Any], sweep: str) -> Iterator[Mapping[str, Any]]:
    path = f"/history/v1.0{workspace_path(connection.coordinates)}/runs/{sweep}/children"
    query, link, what = {"api-version": "v1.0"}, "", f"list the trials of {sweep}"
    for _ in range(PAGES):
        try:
            answer = ask_service(connection, link or path, {} if link else query, what)
        except Missing:
            return
        yield from objects(answer.get("value"))
        token, link = answer.get("continuationToken"), str(answer.get("nextLink") or "")
        if token and not link:
            query = {**query, "$continuationtoken": str(token)}
        elif not link:
            return
    raise EngineError(f"cannot {what}: the list that came has more than {PAGES} pages")


def _number(sweep: str, run: object) -> int | None:
    named = trial_of(str(run))
    return named[1] if named is not None and named[0] == sweep else None


def _moment(milliseconds: object) -> float | None:
    try:
        return float(str(milliseconds)) / 1000 or None
    except ValueError:
        return None


def _parameters(text: str) -> Mapping[str, Scalar]:
    """A trial's parameters from JSON text. They were options of a script once, with dashes before their names."""
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return {
        str(name).lstrip("-"): value if value is None or isinstance(value, (str, int, float)) else json.dumps(value)
        for name, value in as_mapping(content).items()
    }
