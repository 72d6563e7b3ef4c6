"""The runs of a workspace as specrun sees them, and their end on request."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from specrun.engines.azure.run_marks import attempt_in
from specrun.engines.azure.workers import run_all
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.azureml_v2.descriptions import describe, spec_of
from specrun.engines.azureml_v2.errors import translated
from specrun.engines.azureml_v2.runs import SeenRun, adopt_record, explain_end, find_run, list_seen, look_at_run
from specrun.plan.observed import Run, RunStatus

AT_ONCE = 8
"""Runs that are read at once."""

EXPLAINED = 5
"""Of how many failed runs the reason is read for a list, one request each; of any run `read_run` reads it."""


def list_runs(connection: Connection, spec: str | None = None) -> list[Run]:
    """All of specrun's runs in the workspace, or those of one spec, newest first: one request for each page.

    What the newest failed runs failed of is read too, of the newest attempt at each fingerprint: whether to try again
    depends on it.
    """
    runs = [known for known in list_seen(connection) if spec in (None, spec_of(known))]
    runs.sort(key=lambda known: (describe(known).submitted or 0.0, attempt_in(known.name)), reverse=True)
    reads = [partial(explain_end, connection, known) for known in _unexplained(runs)]
    reads += [partial(adopt_record, connection, known) for known in runs if not known.status.ended and not known.record]
    run_all(iter(reads), min(AT_ONCE, len(reads)))
    return [describe(known) for known in runs]


def read_run(connection: Connection, name: str) -> Run:
    """One run as it is now: one request, and one more once it has ended. Raises Missing."""
    known = look_at_run(connection, name)
    explain_end(connection, known)
    return describe(known)


def read_identity(connection: Connection, name: str) -> Mapping[str, object]:
    """What a run's fingerprint was taken of; {} when it was not kept."""
    identity = find_run(connection, name).record.get("identity")
    return identity if isinstance(identity, Mapping) else {}


def portal_url(connection: Connection, name: str) -> str:
    """Where a person sees the run."""
    return str(find_run(connection, name).job.studio_url or "")


def cancel_run(connection: Connection, name: str) -> None:
    """Ask for a run's end; nothing happens to one that has ended. Raises Missing."""
    if not look_at_run(connection, name).status.ended:
        with translated(f"cancel the run {name}"):
            connection.client.jobs.begin_cancel(name)


def _unexplained(runs: list[SeenRun]) -> list[SeenRun]:
    """The newest of the runs that did not succeed, as far as a later attempt has not made up for them."""
    newest: dict[str, SeenRun] = {}
    for known in sorted(runs, key=lambda known: attempt_in(known.name), reverse=True):
        newest.setdefault(known.fingerprint, known)
    unsuccessful = (RunStatus.FAILED, RunStatus.CANCELLED)
    return [one for one in runs if one.status in unsuccessful and newest[one.fingerprint] is one][:EXPLAINED]
