"""Runs as Azure Resource Manager has them: jobs, whichever SDK submitted them, listed by a tag and read by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from specrun.engines.azure.connection import Connection
from specrun.engines.azure.coordinates import workspace_path
from specrun.engines.azure.endings import seconds, status_of, told_status
from specrun.engines.azure.run_marks import FINGERPRINT_TAG, SUBMITTED_TAG, VARIABLE
from specrun.engines.azure.run_record import PROVENANCE, is_of_v1, record_in
from specrun.engines.azure.seen import SeenRun, SeenSweep, is_ours
from specrun.plan.provenance import provenance_in
from specrun.spec.sweep import Objective

API = {"api-version": "2024-04-01"}

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?")


class Listed(NamedTuple):
    """A page of a list: those of its jobs that are specrun's, where it goes on ("": it ends here), and whether all of
    its jobs have the tag that was asked for.
    """

    runs: Sequence[SeenRun]
    following: str
    filtered: bool


def list_jobs(connection: Connection[Any], tag: str, after: str) -> Listed:
    """One request: the newest jobs that have a tag of this name, or those after another page."""
    at = connection.coordinates
    what = f"list the runs of {at.workspace_name}"
    # Archived ones, too: what ran there ran for exactly the same.
    query = {**API, "tag": tag, "listViewType": "All"}
    arm = connection.arm
    answer = arm.get(after, {}, what) if after else arm.get(f"{workspace_path(at)}/jobs", query, what)
    # What is no job at all, as far as one can see, hides no other.
    runs = [read_job(job) for job in answer.get("value") or () if isinstance(_mapping(job).get("properties"), Mapping)]
    filtered = all(tag in run.tags for run in runs)
    return Listed([run for run in runs if is_ours(run)], str(answer.get("nextLink") or ""), filtered)


def get_job(connection: Connection[Any], name: str) -> SeenRun:
    """One request. Raises Missing, and EngineError where it has no status."""
    path = f"{workspace_path(connection.coordinates)}/jobs/{name}"
    job = connection.arm.get(path, API, f"find the run {name}")
    told_status(_mapping(_mapping(job).get("properties")).get("status"))
    return read_job(job)


def read_job(job: Mapping[str, Any]) -> SeenRun:
    """A job of Azure Resource Manager as a run; what it lacks, or has in another form, is not known of it."""
    said = _mapping(job.get("properties"))
    tags, properties = _texts(said.get("tags")), _texts(said.get("properties"))
    # What a command job says itself a sweep says of its trials.
    what = _mapping(said.get("trial")) or said
    variables = _mapping(what.get("environmentVariables"))
    submitted, record = _number(tags.get(SUBMITTED_TAG)), record_in(properties)
    return SeenRun(
        name=str(job.get("name") or ""),
        status=status_of(str(said.get("status"))),
        tags=tags,
        fingerprint=str(variables.get(VARIABLE) or tags.get(FINGERPRINT_TAG) or ""),
        submitted=submitted or seconds(_mapping(job.get("systemData")).get("createdAt")),
        started=seconds(properties.get("StartTimeUtc")),
        ended=seconds(properties.get("EndTimeUtc")),
        compute=str(said.get("computeId") or "").rpartition("/")[2],
        single=not what.get("distribution"),
        limit=_duration(_mapping(said.get("limits")).get("timeout")),
        record=record or None,
        by_v1=is_of_v1(record),
        experiment=str(said.get("experimentName") or ""),
        provenance=provenance_in(properties.get(PROVENANCE)),
        code=properties.get("ContentSnapshotId", "") if is_of_v1(record) else str(what.get("codeId") or ""),
        address=str(_mapping(_mapping(said.get("services")).get("Studio")).get("endpoint") or ""),
        sweep=sweep_in(said, properties, record),
    )


def sweep_in(said: Mapping[str, Any], properties: Mapping[str, str], record: Mapping[str, Any]) -> SeenSweep | None:
    """What a job is as a sweep. What its record says of it stands for what the service has left out."""
    if said.get("jobType") != "Sweep" and "sweep" not in record:
        return None
    wanted, kept, limits = _mapping(said.get("objective")), _mapping(record.get("sweep")), _mapping(said.get("limits"))
    most = limits.get("maxTotalTrials") or kept.get("trials")
    return SeenSweep(
        # Its goal was sent as minimize, and comes back as Minimize.
        Objective(
            str(wanted.get("goal") or kept.get("goal")).lower(),
            str(wanted.get("primaryMetric") or kept.get("primary_metric")),
        ),
        most if isinstance(most, int) else 0,
        bool(said.get("earlyTermination")),
        properties.get("best_child_run_id", ""),
        properties.get("score", ""),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> Mapping[str, str]:
    return {str(key): "" if text is None else str(text) for key, text in _mapping(value).items()}


def _number(value: str | None) -> float | None:
    try:
        return float(value or "")
    except ValueError:
        return None


def _duration(value: Any) -> int | None:
    """Whole seconds of an ISO 8601 duration, such as PT1H30M; None for none."""
    match = _DURATION.fullmatch(str(value or ""))
    if match is None:
        return None
    days, hours, minutes, rest = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest or None
