"""The runs of a workspace, whichever SDK asks for them: listed, read, submitted, and ended on request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from specrun.engines.azure.connection import Connection
from specrun.engines.azure.endings import Ending, ending_of, seconds
from specrun.engines.azure.logs import roles_of
from specrun.engines.azure.run_marks import TAG, VARIABLE, attempt_in, is_named_for, spec_in
from specrun.engines.azure.workers import run_all
from specrun.engines.base import Cursor, EngineError, LogLine, Missing, OutputFile, Report, Staged
from specrun.plan.attempts import NAME
from specrun.plan.kinds.run import Submission
from specrun.plan.observed import Role, Run, RunStatus

AT_ONCE = 8
"""Runs that are read at once."""

EXPLAINED = 5
"""Of how many failed runs the reason is read for a list; of any run `get` reads it."""

DEFAULT = "default"
"""The output that a file in ./outputs belongs to when it is in no folder there."""


class SeenRun(Protocol):
    """One run as an SDK has last read it. What is read only sometimes is empty before.

    `details` are those of run history, `record` is what was written down when it was submitted.
    """

    details: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name, which is its id."""

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags, specrun's own among them."""

    @property
    def status(self) -> RunStatus:
        """As the service last said; a failed run may have been lost."""

    @property
    def fingerprint(self) -> str:
        """The whole fingerprint; "" when specrun did not submit it."""

    @property
    def record(self) -> Mapping[str, Any]:
        """`reads`, `identity`, …; {} where it is not known, or gone."""

    @property
    def submitted(self) -> float | None:
        """When, in Unix seconds."""

    @property
    def compute(self) -> str:
        """The cluster that it is on."""

    @property
    def is_single(self) -> bool:
        """Whether it is known to have one process."""

    @property
    def limit(self) -> int | None:
        """Seconds that it may take, where its details do not tell."""


R = TypeVar("R", bound=SeenRun)


class RunCalls(Protocol[R]):
    """What an SDK does for runs. Everything may raise EngineError; Missing of a run that is not there."""

    def list(self) -> Sequence[R]:
        """All of specrun's runs in the workspace."""

    def find(self, name: str) -> R:
        """A run of specrun's; no request when it was seen."""

    def look(self, name: str) -> R:
        """A run of specrun's as it is now; no request when it had ended."""

    def complete(self, run: R) -> None:
        """Read the record of a run, where it is needed and stands elsewhere."""

    def explain(self, run: R) -> None:
        """Read the details of a run that has ended, once."""

    def submit(self, submission: Submission, staged: Staged, report: Report) -> None:
        """Submit a run. Raises Conflict when its name is taken, and SecretUnset."""

    def cancel(self, run: R) -> None:
        """Ask for a run's end."""

    def logs(self, run: R, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
        """Whole lines since the cursor; of a run that has ended, its unfinished last lines, too."""

    def outputs(self, run: R) -> Iterable[OutputFile]:
        """The files that are kept with a run."""

    def fetch(self, run: R, path: str, to: Path) -> None:
        """Copy one of them."""

    def address(self, run: R) -> str:
        """The portal's page of a run."""

    def metrics(self, run: R) -> Mapping[str, float]:
        """The latest value of each metric that is a number."""


@dataclass(frozen=True, slots=True)
class Runs(Generic[R]):
    """The runs of one workspace."""

    connection: Connection[Any]
    calls: RunCalls[R]

    def list(self, spec: str | None = None) -> Sequence[Run]:
        """All of specrun's runs in the workspace, or those of one spec, newest first; none where there is no workspace.

        What the newest failed runs failed of is read too, of the newest attempt at each fingerprint: whether to try
        again depends on it.
        """
        return self.connection.ask(partial(self._list, spec))

    def get(self, name: str) -> Run:
        """One run as it is now, and of one that has ended why it did."""
        return self.connection.ask(lambda: describe(self._read(name)))

    def identity(self, name: str) -> Mapping[str, object]:
        """What a run's fingerprint was taken of."""
        return self.connection.ask(lambda: self._identity(name))

    def submit(self, submission: Submission, staged: Staged, report: Report) -> None:
        """Submit a run."""
        self.connection.ask(lambda: self.calls.submit(submission, staged, report))

    def cancel(self, name: str) -> None:
        """Ask for a run's end; nothing happens to one that has ended."""
        self.connection.ask(lambda: self._cancel(name))

    def delete(self, spec: str) -> None:
        """Azure ML keeps them for good."""
        raise EngineError(f"cannot delete the runs of {spec}: Azure ML keeps the history of all runs")

    def logs(self, name: str, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
        """Whole lines since the cursor."""
        return self.connection.ask(lambda: self._logs(name, cursor))

    def outputs(self, name: str) -> Sequence[OutputFile]:
        """The files that a run wrote."""
        found = self.connection.ask(lambda: list(self.calls.outputs(self.calls.find(name))))
        return sorted(found, key=lambda file: file.path)

    def fetch(self, name: str, path: str, to: Path) -> None:
        """Copy one of a run's files."""
        self.connection.ask(lambda: self.calls.fetch(self.calls.find(name), path, to))

    def address(self, name: str) -> str:
        """The portal's page of a run."""
        return self.connection.ask(lambda: self.calls.address(self.calls.find(name)))

    def latest(self, name: str) -> Mapping[str, float]:
        """The latest value of each metric that a run logged."""
        return self.connection.ask(lambda: self.calls.metrics(self.calls.find(name)))

    def _list(self, spec: str | None) -> Sequence[Run]:
        try:
            runs = [run for run in self.calls.list() if spec in (None, spec_of(run))]
        except Missing:
            return ()
        run_all((partial(self.calls.complete, run) for run in runs), min(AT_ONCE, len(runs)))
        runs.sort(key=lambda run: (run.submitted or 0.0, attempt_in(run.name)), reverse=True)
        failed = _unexplained(runs)
        run_all((partial(self.calls.explain, run) for run in failed), len(failed))
        return [describe(run) for run in runs]

    def _read(self, name: str) -> R:
        run = self.calls.look(name)
        self.calls.complete(run)
        if run.status.ended:
            self.calls.explain(run)
        return run

    def _identity(self, name: str) -> Mapping[str, object]:
        run = self.calls.find(name)
        self.calls.complete(run)
        identity = run.record.get("identity")
        return identity if isinstance(identity, Mapping) else {}

    def _cancel(self, name: str) -> None:
        run = self.calls.look(name)
        if not run.status.ended:
            self.calls.cancel(run)

    def _logs(self, name: str, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
        run = self.calls.find(name)
        return ([], cursor) if run.status is RunStatus.QUEUED else self.calls.logs(run, cursor)


def is_ours(run: SeenRun) -> bool:
    """Whether specrun submitted a run: its fingerprint begins as its name says."""
    return NAME.fullmatch(run.name) is not None and is_named_for(run.name, run.fingerprint)


def check_ours(run: R) -> R:
    """The run. Raises Missing for one that specrun did not submit."""
    if not is_ours(run):
        raise Missing(f"run {run.name} was not submitted by specrun: its definition lacks {VARIABLE}")
    return run


def spec_of(run: SeenRun) -> str:
    """The spec that a run was submitted for."""
    return str(run.tags.get(TAG) or spec_in(run.name))


def describe(run: SeenRun) -> Run:
    """The run as far as it was read; no request."""
    details = run.details
    ended = run.status.ended and bool(details)
    ending = ending_of(details, run.limit) if ended else Ending(run.status)
    roles = roles_of(details, run.is_single)
    failed = ending.failed_role or (roles[0] if ending.status is RunStatus.FAILED and len(roles) == 1 else None)
    return Run(
        name=run.name,
        spec=spec_of(run),
        fingerprint=run.fingerprint,
        attempt=attempt_in(run.name),
        status=ending.status,
        reason=ending.reason,
        submitted=run.submitted,
        started=seconds(details.get("startTimeUtc")),
        ended=seconds(details.get("endTimeUtc")) if ended else None,
        roles=tuple(Role(role, _role_status(role, failed, ending.status)) for role in roles),
        failed_role=failed,
        reads=tuple(str(address) for address in run.record.get("reads") or ()),
        compute=run.compute,
    )


def output_path(path: str) -> str:
    """What a file below ./outputs is called: as it is there, or below `DEFAULT`."""
    return path if "/" in path else f"{DEFAULT}/{path}"


def kept_path(path: str) -> str:
    """Where below ./outputs a file is."""
    output, _, rest = path.partition("/")
    return rest if output == DEFAULT and "/" not in rest else path


def _role_status(role: str, failed: str | None, status: RunStatus) -> str:
    if role == failed:
        return "failed"
    return "ended" if status.ended and status is not RunStatus.SUCCEEDED else status.value


def _unexplained(runs: Sequence[R]) -> Sequence[R]:
    """The newest of the runs that did not succeed, as far as a later attempt has not made up for them."""
    newest: dict[str, R] = {}
    for run in sorted(runs, key=lambda run: attempt_in(run.name), reverse=True):
        newest.setdefault(run.fingerprint, run)
    unsuccessful = (RunStatus.FAILED, RunStatus.CANCELLED)
    return [run for run in runs if run.status in unsuccessful and newest[run.fingerprint] is run][:EXPLAINED]
