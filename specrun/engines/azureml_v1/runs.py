"""Runs, as the SDK submits and reads them. What was seen of one is kept, so that nothing is read twice.

Finding a run costs two requests, its details cost three; a run that has ended does not change any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from specrun.engines.azure.artifacts import fetch_output, list_outputs, named_outputs
from specrun.engines.azure.blob_errors import KeyRefused
from specrun.engines.azure.connection import SOON
from specrun.engines.azure.endings import status_of, told_status
from specrun.engines.azure.jobs import Listed, list_jobs, sweep_in
from specrun.engines.azure.run_marks import FINGERPRINT_TAG, SUBMITTED_TAG, VARIABLE
from specrun.engines.azure.run_record import PROVENANCE, is_of_v1, record_in
from specrun.engines.azure.runs import kept_path, output_path
from specrun.engines.azure.seen import SeenRun, check_ours
from specrun.engines.azure.services import read_details
from specrun.engines.azureml_v1.connection import Connection
from specrun.engines.azureml_v1.errors import translated
from specrun.engines.azureml_v1.logs import LogReader
from specrun.engines.azureml_v1.submission import Submitter
from specrun.engines.base import Cursor, EngineError, LogLine, Missing, OutputFile, Report, Staged, Transient
from specrun.plan.attempts import NAME, trial_of
from specrun.plan.provenance import UNKNOWN, provenance_in
from specrun.plan.submission import Submission

OUTPUTS = "outputs/"


class SdkRuns:
    """The runs of one workspace, and those that were seen so far, by name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen: dict[str, SeenRun] = {}
        self._submitter = Submitter(connection, self._fetch)
        self._logs = LogReader(self._read_details)

    def list(self, tag: str, after: str) -> Listed:
        """One request, of Azure Resource Manager: the SDK lists the runs of one experiment only."""
        listed = list_jobs(self._connection, tag, after)
        return listed._replace(runs=[self._keep(run) for run in listed.runs])

    def find(self, name: str) -> SeenRun:
        """Wherever it is filed; no request when it was seen."""
        return check_ours(self._seen.get(name) or self._fetch(name))

    def has_ended(self, name: str) -> bool:
        """As far as it was seen."""
        return name in self._seen and self._seen[name].status.ended

    def look(self, name: str) -> SeenRun:
        """One request if it was seen before, unless it had ended."""
        run = self._seen.get(name)
        if run is not None and not run.status.ended:
            sdk = self._sdk_run(run)
            with _there(name):
                run.status = told_status(sdk.get_status())
        return check_ours(run or self._fetch(name))

    def explain(self, run: SeenRun) -> None:
        """Three requests, once; or one, of a run that was listed."""
        if run.sdk is not None:
            self._read_details(run)
        elif not run.details:
            with _heard_of():
                run.details = read_details(self._connection, run.name)

    def submit(self, submission: Submission, staged: Staged, report: Report) -> None:
        """Under a lease on its record, after one more look whether it is there."""
        self._seen.pop(submission.name, None)
        self._seen[submission.name] = self._submitter.submit(submission, staged, report)

    def cancel(self, run: SeenRun) -> None:
        """As any run is: a ScriptRun would first read its whole definition, to see whether it runs on this machine."""
        from azureml.core import Run as ServiceRun

        sdk = self._sdk_run(run)
        with translated(f"cancel the run {run.name}"):
            ServiceRun.cancel(sdk)

    def delete(self, name: str, report: Report) -> None:
        """The SDK deletes none."""
        raise EngineError(f"cannot delete the run {name}: SDK v1 deletes no runs")

    def logs(self, run: SeenRun, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
        """One request for each role; three more, now and then, for the list of logs."""
        return self._logs.read(run, cursor)

    def tail(self, run: SeenRun, role: str | None) -> Sequence[LogLine]:
        """One request for each role, two where its log is long; three more for the list of logs."""
        return self._logs.tail(run, role)

    def outputs(self, run: SeenRun) -> Sequence[OutputFile]:
        """What is there: one request, or two, and those that open the datastores. Where nobody may look, it is what the
        service has kept, as its own list has it: without sizes, and with what was deleted since.
        """
        try:
            return list_outputs(self._connection, run)
        except (Transient, KeyRefused):
            raise
        except EngineError:
            return self._kept_outputs(run)

    def _kept_outputs(self, run: SeenRun) -> Sequence[OutputFile]:
        sdk = self._sdk_run(run)
        with translated(f"list the outputs of {run.name}"):
            paths = [str(path) for path in sdk.get_file_names()]
        below = [path.removeprefix(OUTPUTS) for path in paths if path.startswith(OUTPUTS)]
        return [OutputFile(output_path(path), None) for path in below]

    def fetch(self, run: SeenRun, path: str, to: Path) -> None:
        if path.partition("/")[0] in named_outputs(run):
            fetch_output(self._connection, run, path, to)
        else:
            to.parent.mkdir(parents=True, exist_ok=True)
            sdk = self._sdk_run(run)
            with translated(f"fetch {path} of {run.name}"):
                sdk.download_file(OUTPUTS + kept_path(path), output_file_path=str(to))

    def address(self, run: SeenRun) -> str:
        if run.address:
            return run.address
        with translated(f"link to the run {run.name}"):
            return str(self._sdk_run(run).get_portal_url())

    def _sdk_run(self, run: SeenRun) -> Any:
        """The SDK's Run; of one that was only listed it has to be fetched."""
        if run.sdk is None:
            run.sdk = self._found(run.name)
        return run.sdk

    def _found(self, name: str) -> Any:
        with translated(f"find the run {name}"):
            return self._connection.workspace().get_run(name)

    def _fetch(self, name: str) -> SeenRun:
        if trial_of(name) is not None:
            raise Missing(f"{name} is a trial of a sweep, which this engine does not read: `--engine azureml` does")
        run = self._keep(seen_in(self._found(name)))
        if not run.fingerprint and NAME.fullmatch(name) is not None:
            # The tag is set after the submission: an apply that was killed in between leaves a run without one.
            run.fingerprint = str(_variables(self._read_details(run)).get(VARIABLE) or "")
        return run

    def _keep(self, run: SeenRun) -> SeenRun:
        """The newest that is known of a run; one that has ended does not change any more."""
        known = self._seen.get(run.name)
        if known is not None:
            if known.status.ended:
                return known
            run.sdk = run.sdk or known.sdk
            run.details, run.record = known.details, run.record or known.record
            run.provenance = run.provenance if run.provenance != UNKNOWN else known.provenance
            run.compute, run.fingerprint = run.compute or known.compute, run.fingerprint or known.fingerprint
        self._seen[run.name] = run
        return run

    def _read_details(self, run: SeenRun, again: bool = False) -> Mapping[str, Any]:
        """The details of a run as they are now; of an ended run they are read once, unless `again`."""
        if again or not (run.status.ended and status_of(str(run.details.get("status"))).ended):
            sdk = self._sdk_run(run)
            with _there(run.name):
                run.details = sdk.get_details()
            run.status = status_of(str(sdk.status))
            run.compute = run.compute or str(run.details.get("target") or "")
        return run.details


def seen_in(found: Any) -> SeenRun:
    """The SDK's Run as a run, as far as its tags and properties tell."""
    tags, properties = found.tags or {}, found.properties or {}
    record = record_in(properties)
    return SeenRun(
        name=str(found.id),
        status=status_of(str(found.status)),
        tags=tags,
        fingerprint=str(tags.get(FINGERPRINT_TAG) or ""),
        submitted=_number(tags.get(SUBMITTED_TAG)),
        by_v1=is_of_v1(record),
        provenance=provenance_in(properties.get(PROVENANCE)),
        record=record or None,
        experiment=str(found.experiment.name),
        sdk=found,
        code=str(properties.get("ContentSnapshotId") or ""),
        sweep=sweep_in({}, properties, record),
    )


@contextmanager
def _there(name: str) -> Iterator[None]:
    """Read a run that was seen or submitted."""
    with _heard_of(), translated(f"read the run {name}"):
        yield


@contextmanager
def _heard_of() -> Iterator[None]:
    """Ask about a run that was seen. Raises Transient where whoever answers has not heard of it yet."""
    try:
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
