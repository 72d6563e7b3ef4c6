"""Runs, as the SDK submits and reads them. What was seen of one is kept, so that nothing is read twice.

Finding a run costs two requests, its details cost three; a run that has ended does not change any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from specrun.engines.azure.connection import SOON
from specrun.engines.azure.endings import status_of
from specrun.engines.azure.run_marks import FINGERPRINT_TAG, SUBMITTED_TAG, TAG, VARIABLE
from specrun.engines.azure.runs import AT_ONCE, SeenRun, check_ours, is_ours, kept_path, output_path
from specrun.engines.azure.workers import run_all
from specrun.engines.azureml_v1.connection import Connection
from specrun.engines.azureml_v1.errors import translated
from specrun.engines.azureml_v1.logs import LogReader
from specrun.engines.azureml_v1.submission import Submitter
from specrun.engines.base import Cursor, LogLine, Missing, OutputFile, Report, Staged, Transient
from specrun.plan.attempts import NAME
from specrun.plan.kinds.run import Submission

RUN_TYPE = "azureml.scriptrun"
OUTPUTS = "outputs/"


class SdkRuns:
    """The runs of one workspace, and those that were seen so far, by name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen: dict[str, SeenRun] = {}
        self._submitter = Submitter(connection, self._fetch)
        self._logs = LogReader(self._read_details)

    def list(self) -> Sequence[SeenRun]:
        """One query for the experiments that have specrun's tag, whichever spec's they are, and one for each."""
        from azureml.core import Experiment
        from azureml.core.experiment import ViewType

        with translated(f"list the experiments of {self._connection.coordinates.workspace_name}"):
            # Archived ones, too: what ran there ran for exactly the same.
            experiments = list(Experiment.list(self._connection.workspace(), tags=TAG, view_type=ViewType.All))
        self._submitter.experiments.update({one.name: one for one in experiments})
        found: dict[str, SeenRun] = {}
        run_all((partial(self._list, one, found) for one in experiments), AT_ONCE)
        return [run for run in found.values() if is_ours(run)]

    def find(self, name: str) -> SeenRun:
        """Wherever it is filed; no request when it was seen."""
        return check_ours(self._seen.get(name) or self._fetch(name))

    def look(self, name: str) -> SeenRun:
        """One request if it was seen before, unless it had ended."""
        run = self._seen.get(name)
        if run is not None and not run.status.ended:
            with _there(name):
                run.status = status_of(str(run.sdk.get_status()))
        return check_ours(run or self._fetch(name))

    def explain(self, run: SeenRun) -> None:
        """Three requests, once."""
        self._read_details(run)

    def submit(self, submission: Submission, staged: Staged, report: Report) -> None:
        """Under a lease on its record, after one more look whether it is there."""
        self._seen.pop(submission.name, None)
        self._seen[submission.name] = self._submitter.submit(submission, staged, report)

    def cancel(self, run: SeenRun) -> None:
        """As any run is: a ScriptRun would first read its whole definition, to see whether it runs on this machine."""
        from azureml.core import Run as ServiceRun

        with translated(f"cancel the run {run.name}"):
            ServiceRun.cancel(run.sdk)

    def logs(self, run: SeenRun, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
        """One request for each role; three more, now and then, for the list of logs."""
        return self._logs.read(run, cursor)

    def outputs(self, run: SeenRun) -> Sequence[OutputFile]:
        """The service does not say how large they are."""
        with translated(f"list the outputs of {run.name}"):
            paths = [str(path) for path in run.sdk.get_file_names()]
        below = [path.removeprefix(OUTPUTS) for path in paths if path.startswith(OUTPUTS)]
        return [OutputFile(output_path(path), None) for path in below]

    def fetch(self, run: SeenRun, path: str, to: Path) -> None:
        to.parent.mkdir(parents=True, exist_ok=True)
        with translated(f"fetch {path} of {run.name}"):
            run.sdk.download_file(OUTPUTS + kept_path(path), output_file_path=str(to))

    def address(self, run: SeenRun) -> str:
        with translated(f"link to the run {run.name}"):
            return str(run.sdk.get_portal_url())

    def metrics(self, name: str) -> Mapping[str, float]:
        run = self.find(name)
        with translated(f"read the metrics of {name}"):
            logged: Mapping[str, Any] = run.sdk.get_metrics()
        latest = {metric: value[-1] if isinstance(value, list) and value else value for metric, value in logged.items()}
        return {metric: float(value) for metric, value in latest.items() if isinstance(value, (int, float))}

    def _list(self, experiment: Any, runs: dict[str, SeenRun]) -> None:
        with translated(f"list the runs of experiment {experiment.name}"):
            listed = experiment.get_runs(type=RUN_TYPE)
            runs.update({found.id: self._keep(found) for found in listed if NAME.fullmatch(found.id) is not None})

    def _fetch(self, name: str) -> SeenRun:
        with translated(f"find the run {name}"):
            found = self._connection.workspace().get_run(name)
        return self._keep(found)

    def _keep(self, found: Any) -> SeenRun:
        """The newest that is known of a run; one that has ended does not change any more."""
        known = self._seen.get(found.id)
        if known is not None and known.status.ended:
            return known
        run = seen_in(found)
        if known is not None:
            run.details, run.record, run.compute = known.details, known.record, known.compute
        if not run.fingerprint and NAME.fullmatch(run.name) is not None:
            # The tag is set after the submission: an apply that was killed in between leaves a run without one.
            run.fingerprint = str(_variables(self._read_details(run)).get(VARIABLE) or "")
        self._seen[run.name] = run
        return run

    def _read_details(self, run: SeenRun, again: bool = False) -> Mapping[str, Any]:
        """The details of a run as they are now; of an ended run they are read once, unless `again`."""
        if again or not (run.status.ended and status_of(str(run.details.get("status"))).ended):
            with _there(run.name):
                run.details = run.sdk.get_details()
            run.status = status_of(str(run.sdk.status))
            run.compute = run.compute or str(run.details.get("target") or "")
        return run.details


def seen_in(found: Any) -> SeenRun:
    """The SDK's Run as a run, as far as its tags tell."""
    tags = found.tags or {}
    return SeenRun(
        sdk=found,
        name=str(found.id),
        status=status_of(str(found.status)),
        tags=tags,
        fingerprint=str(tags.get(FINGERPRINT_TAG) or ""),
        submitted=_number(tags.get(SUBMITTED_TAG)),
    )


@contextmanager
def _there(name: str) -> Iterator[None]:
    """Read a run that was seen or submitted. Raises Transient where whoever answers has not heard of it yet."""
    try:
        with translated(f"read the run {name}"):
            yield
    except Missing as error:
        raise Transient(str(error), SOON) from error


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _variables(details: Mapping[str, Any]) -> Mapping[str, Any]:
    definition = details.get("runDefinition")
    if not isinstance(definition, Mapping):
        return {}
    environment = definition.get("environment")
    inside = environment.get("environmentVariables") if isinstance(environment, Mapping) else None
    return {**(inside or {}), **(definition.get("environmentVariables") or {})}
