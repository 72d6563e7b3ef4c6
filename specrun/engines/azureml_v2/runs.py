"""Runs, as the SDK submits and reads them. What was seen of one is kept, so that nothing is read twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from specrun.engines.azure.connection import SOON
from specrun.engines.azure.endings import seconds, status_of
from specrun.engines.azure.records import read_record
from specrun.engines.azure.run_marks import TAG, record_path
from specrun.engines.azure.runs import check_ours, is_ours
from specrun.engines.azureml_v2.artifacts import fetch_output, list_outputs, read_logs
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.azureml_v2.errors import translated
from specrun.engines.azureml_v2.run_record import record_in
from specrun.engines.azureml_v2.sdk import word_of
from specrun.engines.azureml_v2.services import read_details, read_metrics
from specrun.engines.azureml_v2.submission import fingerprint_of, submit
from specrun.engines.base import Cursor, LogLine, Missing, OutputFile, Report, Staged, Transient
from specrun.plan.kinds.run import Submission
from specrun.plan.observed import RunStatus


@dataclass
class SeenJob:
    """One run: the SDK's CommandJob, and the details of one that has ended."""

    job: Any
    details: Mapping[str, Any] = field(default_factory=dict)
    adopted: Mapping[str, Any] | None = None
    """The record that SDK v1 keeps beside a run; None before it is read."""

    @property
    def name(self) -> str:
        """The run's name, which is its id."""
        return str(self.job.name)

    @property
    def tags(self) -> Mapping[str, str]:
        """The job's tags."""
        return self.job.tags or {}

    @property
    def status(self) -> RunStatus:
        """As the service last said."""
        return status_of(word_of(self.job.status))

    @property
    def fingerprint(self) -> str:
        """From the definition, or its tag."""
        return fingerprint_of(self.job)

    @cached_property
    def own_record(self) -> Mapping[str, Any]:
        """What stands in the job itself; {} of a run that SDK v1 has submitted."""
        return record_in(self.job.properties or {})

    @property
    def record(self) -> Mapping[str, Any]:
        """What was written down when it was submitted."""
        return self.own_record or self.adopted or {}

    @property
    def submitted(self) -> float | None:
        """When the job was created."""
        at = getattr(self.job.creation_context, "created_at", None)
        return at.timestamp() if isinstance(at, datetime) else seconds(at)

    @property
    def compute(self) -> str:
        """The cluster's name, of its id."""
        return str(self.job.compute or "").rpartition("/")[2]

    @property
    def is_single(self) -> bool:
        """Whether it has one process."""
        return getattr(self.job, "distribution", None) is None

    @property
    def limit(self) -> int | None:
        """The job's own limit in seconds."""
        limit = getattr(getattr(self.job, "limits", None), "timeout", None)
        return int(limit) if limit else None


class SdkRuns:
    """The runs of one workspace, and those that were seen so far, by name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen: dict[str, SeenJob] = {}

    def list(self) -> Sequence[SeenJob]:
        """One request for each page."""
        with translated(f"list the runs of {self._connection.coordinates.workspace_name}"):
            # Archived ones, too: what ran there ran for exactly the same. What the SDK cannot read is None.
            listed = self._connection.sdk.client.jobs.list(tag=TAG, list_view_type="All")
            jobs = [job for job in listed if job is not None]
        # Those alone are kept: the name of somebody else's job is no run to be waited for.
        return [self._keep(job) for job in jobs if is_ours(SeenJob(job))]

    def find(self, name: str) -> SeenJob:
        """No request when it was seen."""
        return self._seen.get(name) or self._read(name)

    def look(self, name: str) -> SeenJob:
        """One request, unless it had ended."""
        known = self._seen.get(name)
        if known is None:
            return self._read(name)
        if known.status.ended:
            return known
        try:
            return self._read(name)
        except Missing as error:
            # It was seen or submitted: whoever answers has not heard of it yet.
            raise Transient(str(error), SOON) from error

    def complete(self, run: SeenJob) -> None:
        """What a run reads that SDK v1 has submitted and that goes on: one request, once."""
        if run.status.ended or run.own_record or run.adopted is not None:
            return
        try:
            content = json.loads(read_record(self._connection.open_datastore(None), record_path(run.name)) or b"{}")
        except (Missing, ValueError):
            content = {}
        run.adopted = content if isinstance(content, Mapping) else {}

    def explain(self, run: SeenJob) -> None:
        """One request, once."""
        if not run.details:
            try:
                run.details = read_details(self._connection, run.name)
            except Missing as error:
                raise Transient(str(error), SOON) from error  # the run was seen, and was not heard of there yet

    def submit(self, submission: Submission, staged: Staged, report: Report) -> None:
        """Under its name, which the service takes once."""
        self._seen[submission.name] = SeenJob(submit(self._connection, submission, staged, report))

    def cancel(self, run: SeenJob) -> None:
        """One request."""
        with translated(f"cancel the run {run.name}"):
            self._connection.sdk.client.jobs.begin_cancel(run.name)

    def logs(self, run: SeenJob, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
        """One request for the list of logs, and one for each that has grown."""
        own = bool(run.own_record)
        return read_logs(self._connection, run.name, cursor, own=own, single=run.is_single, last=run.status.ended)

    def outputs(self, run: SeenJob) -> Sequence[OutputFile]:
        """One request, two where there are named outputs."""
        return list_outputs(self._connection, run.name, _kept(run))

    def fetch(self, run: SeenJob, path: str, to: Path) -> None:
        """One request."""
        fetch_output(self._connection, run.name, _kept(run), path, to)

    def address(self, run: SeenJob) -> str:
        """The studio's page."""
        return str(run.job.studio_url or "")

    def metrics(self, run: SeenJob) -> Mapping[str, float]:
        """One request."""
        return read_metrics(self._connection, run.name)

    def _read(self, name: str) -> SeenJob:
        with translated(f"find the run {name}"):
            found = SeenJob(self._connection.sdk.client.jobs.get(name))
        return self._keep(check_ours(found).job)

    def _keep(self, job: Any) -> SeenJob:
        known = self._seen.setdefault(str(job.name), SeenJob(job))
        if not known.status.ended:
            known.job = job
        return known


def _kept(run: SeenJob) -> Sequence[str]:
    """The outputs whose files are kept with the run."""
    return [str(name) for name in run.record.get("keeps") or ()]
