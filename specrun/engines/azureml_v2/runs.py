"""Runs, as the SDK submits them. What was seen of one is kept, so that nothing is read twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from specrun.engines.azure.artifacts import fetch_output, list_outputs, read_logs, read_tails
from specrun.engines.azure.connection import SOON
from specrun.engines.azure.coordinates import workspace_path
from specrun.engines.azure.deletion import delete
from specrun.engines.azure.endings import seconds, status_of
from specrun.engines.azure.jobs import Listed, get_job, list_jobs
from specrun.engines.azure.run_record import record_of
from specrun.engines.azure.seen import SeenRun, SeenSweep, check_ours
from specrun.engines.azure.services import read_details
from specrun.engines.azure.trials import as_trial, parameters_in
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.azureml_v2.errors import translated
from specrun.engines.azureml_v2.sdk import word_of
from specrun.engines.azureml_v2.submission import submit, trial_in
from specrun.engines.base import Cursor, LogLine, Missing, OutputFile, Report, Staged, Transient
from specrun.plan.attempts import trial_of
from specrun.plan.submission import Submission


class SdkRuns:
    """The runs of one workspace, and those that were seen so far, by name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen: dict[str, SeenRun] = {}

    def list(self, tag: str, after: str) -> Listed:
        """One request."""
        listed = list_jobs(self._connection, tag, after)
        return listed._replace(runs=[self._keep(run) for run in listed.runs])

    def find(self, name: str) -> SeenRun:
        """No request when it was seen."""
        return self._seen.get(name) or self._read(name)

    def has_ended(self, name: str) -> bool:
        """As far as it was seen."""
        return name in self._seen and self._seen[name].status.ended

    def look(self, name: str) -> SeenRun:
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

    def explain(self, run: SeenRun) -> None:
        """One request, once."""
        if not run.details:
            try:
                run.details = read_details(self._connection, run.name)
            except Missing as error:
                raise Transient(str(error), SOON) from error  # the run was seen, and was not heard of there yet

    def submit(self, submission: Submission, staged: Staged, report: Report) -> None:
        """Under its name, which the service takes once."""
        self._seen[submission.name] = _submitted(submission, submit(self._connection, submission, staged, report))

    def cancel(self, run: SeenRun) -> None:
        """One request."""
        with translated(f"cancel the run {run.name}"):
            self._connection.sdk.client.jobs.begin_cancel(run.name)

    def delete(self, name: str, report: Report) -> None:
        """What `jobs.begin_delete` asks for, which not every version of the SDK has: an operation, as for all else."""
        path = f"{workspace_path(self._connection.coordinates)}/jobs/{name}"
        delete(self._connection.arm, path, {}, f"delete the run {name}", report)
        self._seen.pop(name, None)

    def logs(self, run: SeenRun, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
        """One request for the list of logs, and one for each that has grown."""
        return read_logs(self._connection, run, cursor)

    def tail(self, run: SeenRun, role: str | None) -> Sequence[LogLine]:
        return read_tails(self._connection, run, role)

    def outputs(self, run: SeenRun) -> Sequence[OutputFile]:
        """One request, two where there are named outputs."""
        return list_outputs(self._connection, run)

    def fetch(self, run: SeenRun, path: str, to: Path) -> None:
        """One request."""
        fetch_output(self._connection, run, path, to)

    def address(self, run: SeenRun) -> str:
        return run.address

    def _read(self, name: str) -> SeenRun:
        """One request; of a trial, two more at most for its sweep."""
        named = trial_of(name)
        if named is None:
            return self._keep(check_ours(get_job(self._connection, name)))
        sweep, number = named
        parent = self.find(sweep)
        run = get_job(self._connection, name)
        if number not in parameters_in(parent):
            parent = self.look(sweep)  # it has not been read since it began this one
        return self._keep(as_trial(run, parent, number))

    def _keep(self, run: SeenRun) -> SeenRun:
        """The newest that is known of a run; one that has ended does not change any more."""
        known = self._seen.get(run.name)
        if known is not None and known.status.ended:
            return known
        if known is not None and run.record is None:
            run.record = known.record
        self._seen[run.name] = run
        return run


def _submitted(submission: Submission, job: Any) -> SeenRun:
    """A run that was just submitted, as the SDK's job."""
    created, trial, sweep = getattr(job.creation_context, "created_at", None), trial_in(job), submission.sweep
    return SeenRun(
        name=submission.name,
        status=status_of(word_of(job.status)),
        tags=job.tags or {},
        fingerprint=submission.fingerprint,
        submitted=created.timestamp() if isinstance(created, datetime) else seconds(created),
        compute=submission.cluster,
        single=trial.distribution is None,
        limit=submission.job.timeout if sweep is None else sweep.timeout,
        record=record_of(submission),
        experiment=submission.experiment,
        provenance=submission.provenance,
        address=str(job.studio_url or ""),
        code=str(getattr(trial, "code", None) or ""),
        sweep=SeenSweep(sweep.objective, sweep.most_trials, sweep.early_termination is not None) if sweep else None,
    )
