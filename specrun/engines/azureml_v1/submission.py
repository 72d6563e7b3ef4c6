"""A run asked for under a name of its own, so that it is there once, whatever is killed in between.

Under a lease on the run's record: one more look whether the run is there, the record of what it is, and only then the
submission. Who holds the lease is the only one who submits; who is killed loses it after seconds.
"""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

from specrun.engines.azure.records import Lease, lease, write_record
from specrun.engines.azure.run_marks import FINGERPRINT_TAG, SUBMITTED_TAG, TAG, record_path
from specrun.engines.azureml_v1.configuration import configure
from specrun.engines.azureml_v1.connection import Connection
from specrun.engines.azureml_v1.errors import translated
from specrun.engines.azureml_v1.runs import SeenRun, find_run, fingerprint_of, seen
from specrun.engines.base import Conflict, EngineError, Missing, Progress, Report, Staged
from specrun.plan.kinds.run import Submission
from specrun.spec.model import Secret

IGNORE_NOTHING = "# All files here belong to the run: specrun has left out what is to be ignored.\n"

_ONE_AT_A_TIME = threading.Lock()
"""The SDK changes the process's working directory while it asks git where the code comes from."""


def submit(connection: Connection, submission: Submission, staged: Staged, report: Report) -> None:
    """Submit a planned run. Raises Conflict when its name is taken, SecretUnset, and EngineError."""
    # Read first: a secret that is not set must not leave a record behind of a run that was never submitted.
    for value in submission.job.environment_variables.values():
        if isinstance(value, Secret):
            value.reveal()
    container = connection.container(connection.default_datastore())
    submitted = time.time()
    path = record_path(submission.name)
    with lease(container, path) as held:
        _check_free(connection, submission.name)
        write_record(container, path, json.dumps(_record(submission, submitted)).encode(), lease=held)
        report(Progress(text="sending the code"))
        run = _submit(connection, submission, staged, held)
    seen(connection).runs[submission.name] = SeenRun(run)
    with translated(f"tag the run {submission.name}, which was submitted"):
        _describe(run, submission, submitted)


def _record(submission: Submission, submitted: float) -> dict[str, object]:
    return {
        "spec": submission.spec,
        "fingerprint": submission.fingerprint,
        "attempt": submission.attempt,
        "submitted": submitted,
        "compute": submission.cluster,
        "reads": submission.reads,
        "identity": dict(submission.identity),
    }


def _check_free(connection: Connection, name: str) -> None:
    seen(connection).runs.pop(name, None)
    try:
        find_run(connection, name)
    except Missing:
        return
    raise Conflict(f"run {name} exists already")


def _submit(connection: Connection, submission: Submission, staged: Staged, held: Lease) -> Any:
    """The SDK's run. An error is none when the run is there: the answer was lost, not the submission."""
    from azureml.core import script_run_config as sdk

    workspace, experiment = connection.workspace(), submission.experiment
    _include_all(staged.code)
    with translated(f"set up the run {submission.name}"):
        config = configure(submission, staged, workspace, str(connection.default_datastore().name))
    _mark(connection, _experiment(connection, experiment))
    held.check()
    try:
        with _ONE_AT_A_TIME, translated(f"submit the run {submission.name}"):
            # Not `Experiment.submit`: that asks about a compute instance of the cluster's name first.
            return sdk.submit(config, workspace, experiment, run_id=submission.name)
    except EngineError:
        accepted = _accepted(connection, submission)
        if accepted is None:
            raise
        return accepted


def _experiment(connection: Connection, name: str) -> Any:
    """The SDK's Experiment, made if need be."""
    from azureml.core import Experiment

    known, workspace = seen(connection).experiments, connection.workspace()
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


def _mark(connection: Connection, experiment: Any) -> None:
    """Tag the experiment before its first run, so that its runs are found whatever spec somebody has at hand."""
    marked = seen(connection).marked
    if TAG not in (experiment.tags or {}) and experiment.name not in marked:
        with translated(f"tag the experiment {experiment.name}"):
            experiment.tag(TAG, "has runs")
        marked.add(experiment.name)


def _accepted(connection: Connection, submission: Submission) -> Any | None:
    try:
        known = find_run(connection, submission.name)
        return known.run if fingerprint_of(known) == submission.fingerprint else None
    except EngineError:
        return None


def _include_all(folder: Path) -> None:
    """Keep the SDK from ignoring what was planned: it knows no ignore files but the topmost, and no empty code."""
    if any((folder / name).exists() for name in (".amlignore", ".gitignore")) or not any(folder.iterdir()):
        (folder / ".amlignore").write_text(IGNORE_NOTHING)


def _describe(run: Any, submission: Submission, submitted: float) -> None:
    job = submission.job
    ours = {TAG: submission.spec, FINGERPRINT_TAG: submission.fingerprint, SUBMITTED_TAG: f"{submitted:.3f}"}
    run.set_tags({**job.tags, **ours})
    if job.display_name is not None:
        run.display_name = job.display_name
    if job.description is not None:
        run.description = job.description
