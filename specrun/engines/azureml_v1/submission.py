"""A run asked for under a name of its own, so that it is there once, whatever is killed in between.

Under a lease on the run's record: one more look whether the run is there, the record of what it is, and only then the
submission. Who holds the lease is the only one who submits; who is killed loses it after seconds.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from specrun.engines.azure.datastores import revealed
from specrun.engines.azure.endings import status_of
from specrun.engines.azure.leases import Lease
from specrun.engines.azure.records import lease, write_record
from specrun.engines.azure.run_marks import SUBMITTED_TAG, include_all, record_path, run_tags
from specrun.engines.azure.run_record import record_of_v1, run_properties
from specrun.engines.azure.seen import SeenRun
from specrun.engines.azureml_v1.configuration import configure
from specrun.engines.azureml_v1.connection import Connection
from specrun.engines.azureml_v1.errors import translated
from specrun.engines.base import Conflict, EngineError, Missing, Progress, Report, Staged
from specrun.plan.submission import Submission
from specrun.spec.model import Job

_ONE_AT_A_TIME = threading.Lock()
"""The SDK changes the process's working directory while it asks git where the code comes from."""


class Submitter:
    """Submits runs; `fetch` gets a run by its name, whoever submitted it, and raises Missing."""

    def __init__(self, connection: Connection, fetch: Callable[[str], SeenRun]) -> None:
        self._connection = connection
        self._fetch = fetch
        self._experiments: dict[str, Any] = {}

    def submit(self, submission: Submission, staged: Staged, report: Report) -> SeenRun:
        """Submit a planned run. Raises Conflict when its name is taken, SecretUnset, and EngineError."""
        # Read first: a secret that is not set must not leave a record behind of a run that was never submitted.
        revealed(submission.job.environment_variables)
        container = self._connection.open_datastore(None)
        submitted = round(time.time(), 3)  # as its tag says it
        path, record = record_path(submission.name), _record(submission, submitted)
        with lease(container, path) as held:
            self._check_free(submission.name)
            write_record(container, path, json.dumps(record).encode(), lease=held)
            report(Progress(text="sending the code"))
            run = self._submit(submission, staged, held)
        tags = {**run_tags(submission.maker, submission.fingerprint), SUBMITTED_TAG: f"{submitted:.3f}"}
        # In its properties, too, where a list of runs has it, of whichever engine.
        kept = record_of_v1(submission)
        with translated(f"tag the run {submission.name}, which was submitted"):
            _describe(run, submission.job, tags)
            run.add_properties(run_properties(kept, submission.provenance))
        return SeenRun(
            submission.name,
            status_of(str(run.status)),
            tags,
            submission.fingerprint,
            submitted,
            compute=submission.cluster,
            by_v1=True,
            record=kept,
            experiment=submission.experiment,
            provenance=submission.provenance,
            sdk=run,
        )

    def _check_free(self, name: str) -> None:
        try:
            self._fetch(name)
        except Missing:
            return
        raise Conflict(f"run {name} exists already")

    def _submit(self, submission: Submission, staged: Staged, held: Lease) -> Any:
        """The SDK's run. An error is none when the run is there: the answer was lost, not the submission."""
        from azureml.core import script_run_config as sdk

        workspace, datastore = self._connection.workspace(), self._connection.datastore(None)
        include_all(staged.code)
        with translated(f"set up the run {submission.name}"):
            config = configure(submission, staged, workspace, str(datastore.name))
        self._experiment(submission.experiment)
        held.check()
        try:
            with _ONE_AT_A_TIME, translated(f"submit the run {submission.name}"):
                # Not `Experiment.submit`: that asks about a compute instance of the cluster's name first.
                return sdk.submit(config, workspace, submission.experiment, run_id=submission.name)
        except EngineError:
            accepted = self._accepted(submission)
            if accepted is None:
                raise
            return accepted

    def _experiment(self, name: str) -> Any:
        """The SDK's Experiment, made if need be."""
        from azureml.core import Experiment

        known, workspace = self._experiments, self._connection.workspace()
        if name not in known:
            try:
                with translated(f"make the experiment {name}"):
                    known[name] = Experiment(workspace, name)
            except Conflict:  # somebody else was faster, or it was made and the answer lost
                with translated(f"find the experiment {name}"):
                    found = [one for one in Experiment.list(workspace, experiment_name=name) if one.name == name]
                if not found:
                    raise
                known[name] = found[0]
        return known[name]

    def _accepted(self, submission: Submission) -> Any | None:
        try:
            found = self._fetch(submission.name)
        except EngineError:
            return None
        if found.status.ended:  # not the one that was asked for just now: that would have begun
            raise Conflict(f"run {submission.name} exists already")
        return found.sdk if found.fingerprint == submission.fingerprint else None


def _record(submission: Submission, submitted: float) -> dict[str, object]:
    return {
        "spec": submission.spec,
        "repository": submission.maker.repository,
        "target": submission.maker.target,
        "fingerprint": submission.fingerprint,
        "attempt": submission.attempt,
        "submitted": submitted,
        "compute": submission.cluster,
        "reads": submission.reads,
        **submission.lineage,
        "identity": dict(submission.identity),
        **({"instances": submission.instances.noted()} if submission.instances is not None else {}),
        "provenance": submission.provenance.noted(),
    }


def _describe(run: Any, job: Job, tags: Mapping[str, str]) -> None:
    run.set_tags({**job.tags, **tags})
    if job.display_name is not None:
        run.display_name = job.display_name
    if job.description is not None:
        run.description = job.description
