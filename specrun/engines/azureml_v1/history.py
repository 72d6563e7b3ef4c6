"""The runs of a workspace as specrun sees them: where they are, what they wrote, and their end on request."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from specrun.engines.azure.run_marks import attempt_in
from specrun.engines.azure.workers import run_all
from specrun.engines.azureml_v1.connection import Connection
from specrun.engines.azureml_v1.descriptions import describe, record_of, spec_of, submitted_at
from specrun.engines.azureml_v1.errors import translated
from specrun.engines.azureml_v1.runs import (
    SeenRun,
    check_ours,
    find_experiments,
    find_run,
    fingerprint_of,
    is_ours,
    look_at_run,
    read_details,
    seen,
)
from specrun.engines.base import OutputFile
from specrun.plan.attempts import NAME
from specrun.plan.observed import Run, RunStatus

RUN_TYPE = "azureml.scriptrun"
AT_ONCE = 8
"""Experiments whose runs are asked for at once."""

EXPLAINED = 5
"""Of how many failed runs the reason is read for a list, three requests each; of any run `read_run` reads it."""

OUTPUTS = "outputs/"
DEFAULT = "default"
"""The output that a file in ./outputs belongs to when it is in no folder there."""


def list_runs(connection: Connection, spec: str | None = None) -> list[Run]:
    """All of specrun's runs in the workspace, or those of one spec, newest first, in whatever experiment they are.

    One query for each experiment that has any, and one for these. What the newest failed runs failed of is read too, of
    the newest attempt at each fingerprint: whether to try again depends on it.
    """
    runs: list[SeenRun] = []
    listings = [partial(_list, connection, experiment, runs) for experiment in find_experiments(connection)]
    run_all(iter(listings), AT_ONCE)
    ours = [known for known in runs if is_ours(known) and spec in (None, spec_of(known))]
    ours.sort(key=lambda known: (submitted_at(connection, known) or 0.0, attempt_in(known.run.id)), reverse=True)
    _explain(ours)
    return [describe(connection, known) for known in ours]


def read_run(connection: Connection, name: str) -> Run:
    """One run as it is now: one request, and three for its details once it has ended. Raises Missing."""
    known = look_at_run(connection, name)
    check_ours(known)
    if known.status.ended:
        read_details(known)
    return describe(connection, known)


def read_identity(connection: Connection, name: str) -> Mapping[str, object]:
    """What a run's fingerprint was taken of; {} when its record is gone."""
    identity = record_of(connection, find_run(connection, name)).get("identity")
    return identity if isinstance(identity, Mapping) else {}


def list_outputs(connection: Connection, name: str) -> list[OutputFile]:
    """The files that the service keeps of a run's outputs; it does not say how large they are."""
    known = _ours(connection, name)
    with translated(f"list the outputs of {name}"):
        paths = [str(path) for path in known.run.get_file_names()]
    below = [path.removeprefix(OUTPUTS) for path in paths if path.startswith(OUTPUTS)]
    return sorted((OutputFile(_shown(path), None) for path in below), key=lambda file: file.path)


def fetch_output(connection: Connection, name: str, path: str, to: Path) -> None:
    """Copy one of a run's files to `to`. Raises Missing."""
    known = _ours(connection, name)
    to.parent.mkdir(parents=True, exist_ok=True)
    output, _, rest = path.partition("/")
    below = rest if output == DEFAULT and "/" not in rest else path
    with translated(f"fetch {path} of {name}"):
        known.run.download_file(OUTPUTS + below, output_file_path=str(to))


def portal_url(connection: Connection, name: str) -> str:
    """Where a person sees the run."""
    known = find_run(connection, name)
    with translated(f"link to the run {name}"):
        return str(known.run.get_portal_url())


def read_metrics(connection: Connection, name: str) -> Mapping[str, float]:
    """The latest value of each metric that the run logged as a number."""
    known = _ours(connection, name)
    with translated(f"read the metrics of {name}"):
        logged: Mapping[str, Any] = known.run.get_metrics()
    latest = {metric: value[-1] if isinstance(value, list) and value else value for metric, value in logged.items()}
    return {metric: float(value) for metric, value in latest.items() if isinstance(value, (int, float))}


def cancel_run(connection: Connection, name: str) -> None:
    """Ask for a run's end; nothing happens to one that has ended. Raises Missing."""
    from azureml.core import Run as ServiceRun

    known = look_at_run(connection, name)
    check_ours(known)
    if not known.status.ended:
        with translated(f"cancel the run {name}"):
            # As any run is: a ScriptRun would first read its whole definition, to see whether it runs on this machine.
            ServiceRun.cancel(known.run)


def _ours(connection: Connection, name: str) -> SeenRun:
    known = find_run(connection, name)
    check_ours(known)
    return known


def _list(connection: Connection, experiment: Any, runs: list[SeenRun]) -> None:
    known = seen(connection).runs
    with translated(f"list the runs of experiment {experiment.name}"):
        for run in experiment.get_runs(type=RUN_TYPE):
            if NAME.fullmatch(run.id) is None:
                continue
            before = known.get(run.id)
            if before is None:
                known[run.id] = SeenRun(run)
            elif not before.status.ended:
                before.run = run
            runs.append(known[run.id])


def _explain(runs: list[SeenRun]) -> None:
    """Read why the newest failed runs failed; `runs` newest first."""
    newest: dict[str, SeenRun] = {}
    for known in sorted(runs, key=lambda known: attempt_in(known.run.id), reverse=True):
        newest.setdefault(fingerprint_of(known), known)
    unsuccessful = (RunStatus.FAILED, RunStatus.CANCELLED)
    failed = [known for known in runs if known.status in unsuccessful and newest[fingerprint_of(known)] is known]
    for known in failed[:EXPLAINED]:
        read_details(known)


def _shown(path: str) -> str:
    return path if "/" in path else f"{DEFAULT}/{path}"
