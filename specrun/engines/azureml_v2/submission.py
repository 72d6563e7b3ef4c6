"""A run asked for under a name of its own, which the service takes once: so it is there once, whatever is killed."""

from __future__ import annotations

from specrun.engines.azure.quiet import silent
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.azureml_v2.errors import translated
from specrun.engines.azureml_v2.job_form import job_of
from specrun.engines.azureml_v2.runs import SeenRun, read_job, seen
from specrun.engines.base import Conflict, EngineError, Progress, Report
from specrun.plan.changes import Change, Submission

IGNORE_NOTHING = "# All files here belong to the run: specrun has left out what is to be ignored.\n"


def submit(connection: Connection, change: Change, report: Report) -> None:
    """Submit a planned run. Raises Conflict when its name is taken, SecretUnset, and EngineError."""
    submission = change.submission
    assert submission is not None
    _include_all(submission)
    try:
        with translated(f"submit the run {submission.name}"):
            job = job_of(submission, connection, report)
            report(Progress(text="sending the code"))
            with silent():
                accepted = SeenRun(connection.client.jobs.create_or_update(job))
    except EngineError as error:
        accepted = _accepted(connection, submission, error)
    seen(connection)[submission.name] = accepted


def _accepted(connection: Connection, submission: Submission, error: EngineError) -> SeenRun:
    """The run, if it is there all the same: an answer was lost, not the submission. Else the error is raised."""
    try:
        found = read_job(connection, submission.name)
    except EngineError:
        raise error from None
    if found.fingerprint == submission.fingerprint:
        return found
    if found.is_ours:
        raise Conflict(f"run {submission.name} exists already")
    raise EngineError(
        f"cannot submit the run {submission.name}: a job of that name is there, which specrun did not submit. Give the "
        f"spec another `name`, or ask whose job it is: {found.job.studio_url or submission.name}"
    ) from error


def _include_all(submission: Submission) -> None:
    """Keep the SDK from ignoring what was planned: it knows no ignore files but the topmost."""
    folder = submission.staged
    if folder is not None and any((folder / name).exists() for name in (".amlignore", ".gitignore")):
        (folder / ".amlignore").write_text(IGNORE_NOTHING)
