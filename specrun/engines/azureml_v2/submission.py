"""A run asked for under a name of its own, which the service takes once: so it is there once, whatever is killed."""

from __future__ import annotations

from typing import Any

from specrun.engines.azure.endings import status_of
from specrun.engines.azure.quiet import silent
from specrun.engines.azure.run_marks import FINGERPRINT_TAG, VARIABLE, include_all, is_named_for
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.azureml_v2.errors import translated
from specrun.engines.azureml_v2.job_form import job_of
from specrun.engines.azureml_v2.sdk import word_of
from specrun.engines.base import Conflict, EngineError, Progress, Report, Staged
from specrun.plan.submission import Submission


def submit(connection: Connection, submission: Submission, staged: Staged, report: Report) -> Any:
    """Submit a planned run; the SDK's job. Raises Conflict when its name is taken, SecretUnset, and EngineError."""
    if any(staged.code.iterdir()):
        include_all(staged.code)
    try:
        with translated(f"submit the run {submission.name}"):
            job = job_of(submission, staged, connection, report)
            report(Progress(text="sending the code"))
            with silent():
                found = connection.sdk.client.jobs.create_or_update(job)
    except EngineError as error:
        return _accepted(connection, submission, error)
    return _adopted(found, submission)


def _accepted(connection: Connection, submission: Submission, error: EngineError) -> Any:
    """The job, if it is there all the same: an answer was lost, not the submission. Else the error is raised."""
    try:
        with translated(f"find the run {submission.name}"):
            found = connection.sdk.client.jobs.get(submission.name)
    except EngineError:
        raise error from None
    return _adopted(found, submission, error)


def _adopted(found: Any, submission: Submission, error: EngineError | None = None) -> Any:
    """The job that is there under the name, if it is the one that was asked for.

    A name that is taken is no error to the service where all is as it was asked for: it answers with the job as it
    stands, which may have ended long ago. A new one has not: who asks looks again then, and decides.
    """
    name, fingerprint = submission.name, fingerprint_of(found)
    if fingerprint == submission.fingerprint and not status_of(word_of(found.status)).ended:
        return found
    if is_named_for(name, fingerprint):
        raise Conflict(f"run {name} exists already")
    raise EngineError(
        f"cannot submit the run {name}: a job of that name is there, which specrun did not submit. Give the spec "
        f"another `name`, or ask whose job it is: {found.studio_url or name}"
    ) from error


def trial_in(job: Any) -> Any:
    """What of the SDK's job is run: a sweep's trial, and itself for any other."""
    return getattr(job, "trial", None) or job


def fingerprint_of(job: Any) -> str:
    """The whole fingerprint of the SDK's job, from its definition or its tag; "" when specrun did not submit it."""
    variables = getattr(trial_in(job), "environment_variables", None) or {}
    return str(variables.get(VARIABLE) or (job.tags or {}).get(FINGERPRINT_TAG) or "")
