"""The runs that this process has seen: the SDK's own objects and how they ended, so that nothing is read twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from specrun.engines.azure import records
from specrun.engines.azure.endings import status_of
from specrun.engines.azure.run_marks import FINGERPRINT_TAG, TAG, VARIABLE, is_named_for, record_path
from specrun.engines.azureml_v2.connection import SOON, Connection
from specrun.engines.azureml_v2.errors import translated
from specrun.engines.azureml_v2.run_record import read_record
from specrun.engines.azureml_v2.services import read_details
from specrun.engines.azureml_v2.words import word_of
from specrun.engines.base import Missing, Transient
from specrun.plan.observed import RunStatus


@dataclass
class SeenRun:
    """One run: the SDK's CommandJob, and the details of one that has ended."""

    job: Any
    details: Mapping[str, Any] = field(default_factory=dict)
    adopted: Mapping[str, Any] = field(default_factory=dict)
    """The record that SDK v1 keeps beside a run."""

    @property
    def name(self) -> str:
        """The run's name, which is its id."""
        return str(self.job.name)

    @property
    def status(self) -> RunStatus:
        """As the service last said; a failed run may have been lost."""
        return status_of(word_of(self.job.status))

    @cached_property
    def own_record(self) -> Mapping[str, Any]:
        """What stands in the job itself; {} of a run that SDK v1 has submitted."""
        return read_record(self.job.properties or {})

    @property
    def record(self) -> Mapping[str, Any]:
        """What was written down when it was submitted."""
        return self.own_record or self.adopted

    @property
    def fingerprint(self) -> str:
        """The whole fingerprint; "" when specrun did not submit it."""
        variables = getattr(self.job, "environment_variables", None) or {}
        return str(variables.get(VARIABLE) or (self.job.tags or {}).get(FINGERPRINT_TAG) or "")

    @property
    def is_single(self) -> bool:
        """Whether it has one process."""
        return getattr(self.job, "distribution", None) is None

    @property
    def is_ours(self) -> bool:
        """Whether specrun submitted it."""
        return is_named_for(self.name, self.fingerprint)


_SEEN: WeakKeyDictionary[Connection, dict[str, SeenRun]] = WeakKeyDictionary()


def seen(connection: Connection) -> dict[str, SeenRun]:
    """The runs that this connection has seen so far, by name."""
    return _SEEN.setdefault(connection, {})


def list_seen(connection: Connection) -> list[SeenRun]:
    """All of specrun's runs in the workspace, newest first: one request for each page."""
    with translated(f"list the runs of {connection.coordinates.workspace_name}"):
        # Archived ones, too: what ran there ran for exactly the same. What the SDK cannot read is None.
        jobs = [job for job in connection.client.jobs.list(tag=TAG, list_view_type="All") if job is not None]
    # Those alone are kept: the name of somebody else's job is no run to be waited for.
    return [_keep(connection, job) for job in jobs if SeenRun(job).is_ours]


def find_run(connection: Connection, name: str) -> SeenRun:
    """A run of specrun's by its name; no request when it was seen. Raises Missing."""
    return seen(connection).get(name) or _read(connection, name)


def look_at_run(connection: Connection, name: str) -> SeenRun:
    """A run of specrun's as it is now: one request, unless it had ended. Raises Missing."""
    known = seen(connection).get(name)
    if known is None:
        return _read(connection, name)
    if known.status.ended:
        return known
    try:
        return _read(connection, name)
    except Missing as error:
        # It was seen or submitted: whoever answers has not heard of it yet.
        raise Transient(str(error), SOON) from error


def read_job(connection: Connection, name: str) -> SeenRun:
    """A job of the workspace, whoever submitted it: one request. Raises Missing."""
    with translated(f"find the run {name}"):
        return SeenRun(connection.client.jobs.get(name))


def explain_end(connection: Connection, known: SeenRun) -> None:
    """Read how a run ended, once: one request."""
    if known.status.ended and not known.details:
        try:
            known.details = read_details(connection, known.name)
        except Missing as error:
            raise Transient(str(error), SOON) from error  # the run was seen, and was not heard of there yet


def adopt_record(connection: Connection, known: SeenRun) -> None:
    """Read what a run reads that SDK v1 has submitted and that goes on: one request for each."""
    try:
        content = json.loads(records.read_record(connection.open_datastore(None), record_path(known.name)) or b"{}")
    except (Missing, ValueError):
        return
    known.adopted = content if isinstance(content, Mapping) else {}


def _read(connection: Connection, name: str) -> SeenRun:
    found = read_job(connection, name)
    if not found.is_ours:
        raise Missing(f"run {name} was not submitted by specrun: its definition lacks {VARIABLE}")
    return _keep(connection, found.job)


def _keep(connection: Connection, job: Any) -> SeenRun:
    known = seen(connection).setdefault(str(job.name), SeenRun(job))
    if not known.status.ended:
        known.job = job
    return known
