"""The runs of a workspace, whichever SDK asks for them: listed, read, submitted, and ended on request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from specrun.engines.azure.connection import Connection, asked
from specrun.engines.azure.endings import Ending, ending_of, seconds
from specrun.engines.azure.logs import roles_of
from specrun.engines.azure.records import read_record
from specrun.engines.azure.run_marks import TAG, VARIABLE, attempt_in, is_named_for, record_path, spec_in
from specrun.engines.azure.workers import run_all
from specrun.engines.base import Cursor, EngineError, LogLine, Missing, OutputFile, Report, Staged
from specrun.plan.attempts import NAME
from specrun.plan.kinds.run import Submission
from specrun.plan.observed import RoleStatus, Run, RunStatus

AT_ONCE = 8
"""Runs that are read at once."""

EXPLAINED = 5
"""Of how many failed runs the reason is read for a list; of any run `get` reads it."""

DEFAULT = "default"
"""The output that a file in ./outputs belongs to when it is in no folder there."""


@dataclass(slots=True)
class SeenRun:
    """One run as an SDK has last read it; `sdk` is the SDK's own object.

    `fingerprint` is the whole one, "" when specrun did not submit it; `submitted` in Unix seconds; `limit` in seconds,
    where its details do not tell; `single`: it is known to have one process. `details` are those of run history, and
    `record` what was written down when it was submitted (None: not read): both are read when they are needed.
    """

    sdk: Any
    name: str
    status: RunStatus
    tags: Mapping[str, str]
    fingerprint: str
    submitted: float | None = None
    compute: str = ""
    single: bool = False
    limit: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    record: Mapping[str, Any] | None = None


class RunCalls(Protocol):
    """What an SDK does for runs. Everything may raise EngineError; Missing of a run that is not there, or not ours.

    `list` has all of specrun's in the workspace. `find` makes no request for a run that was seen, `look` none for one
    that had ended. `explain` reads the details of a run that has ended, once. `submit` raises Conflict when the name is
    taken, and SecretUnset.
    """

    def list(self) -> Sequence[SeenRun]: ...
    def find(self, name: str) -> SeenRun: ...
    def look(self, name: str) -> SeenRun: ...
    def explain(self, run: SeenRun) -> None: ...
    def submit(self, submission: Submission, staged: Staged, report: Report) -> None: ...
    def cancel(self, run: SeenRun) -> None: ...
    def logs(self, run: SeenRun, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]: ...
    def outputs(self, run: SeenRun) -> Iterable[OutputFile]: ...
    def fetch(self, run: SeenRun, path: str, to: Path) -> None: ...
    def address(self, run: SeenRun) -> str: ...
    def metrics(self, name: str) -> Mapping[str, float]: ...


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of one workspace."""

    connection: Connection[Any]
    calls: RunCalls

    @asked
    def list(self, spec: str | None = None) -> Sequence[Run]:
        """All of specrun's runs in the workspace, or those of one spec, newest first; none where there is no workspace.

        What the newest failed runs failed of is read too, of the newest attempt at each fingerprint: whether to try
        again depends on it.
        """
        try:
            runs = [run for run in self.calls.list() if spec in (None, spec_of(run))]
        except Missing:
            return ()
        run_all((partial(self._complete, run) for run in runs if _is_needed(run)), AT_ONCE)
        runs.sort(key=lambda run: (run.submitted or 0.0, attempt_in(run.name)), reverse=True)
        run_all((partial(self.calls.explain, run) for run in _unexplained(runs)), AT_ONCE)
        return [describe(run) for run in runs]

    @asked
    def get(self, name: str) -> Run:
        """One run as it is now, and of one that has ended why it did."""
        run = self.calls.look(name)
        if _is_needed(run):
            self._complete(run)
        if run.status.ended:
            self.calls.explain(run)
        return describe(run)

    @asked
    def identity(self, name: str) -> Mapping[str, object]:
        """What a run's fingerprint was taken of."""
        run = self.calls.find(name)
        self._complete(run)
        identity = (run.record or {}).get("identity")
        return identity if isinstance(identity, Mapping) else {}

    @asked
    def submit(self, submission: Submission, staged: Staged, report: Report) -> None:
        """Submit a run."""
        self.calls.submit(submission, staged, report)

    @asked
    def cancel(self, name: str) -> None:
        """Ask for a run's end; nothing happens to one that has ended."""
        run = self.calls.look(name)
        if not run.status.ended:
            self.calls.cancel(run)

    def delete(self, spec: str) -> None:
        """Azure ML keeps them for good."""
        raise EngineError(f"cannot delete the runs of {spec}: Azure ML keeps the history of all runs")

    @asked
    def logs(self, name: str, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
        """Whole lines since the cursor."""
        run = self.calls.find(name)
        return ([], cursor) if run.status is RunStatus.QUEUED else self.calls.logs(run, cursor)

    @asked
    def outputs(self, name: str) -> Sequence[OutputFile]:
        """The files that a run wrote."""
        return sorted(self.calls.outputs(self.calls.find(name)), key=lambda file: file.path)

    @asked
    def fetch(self, name: str, path: str, to: Path) -> None:
        """Copy one of a run's files."""
        self.calls.fetch(self.calls.find(name), path, to)

    @asked
    def address(self, name: str) -> str:
        """The portal's page of a run."""
        return self.calls.address(self.calls.find(name))

    @asked
    def latest(self, name: str) -> Mapping[str, float]:
        """The latest value of each metric that a run logged."""
        return self.calls.metrics(name)

    def _complete(self, run: SeenRun) -> None:
        """Read the record of a run, where it did not come with it: one request, once."""
        if run.record is None:
            try:
                text = read_record(self.connection.open_datastore(None), record_path(run.name))
                content = json.loads(text or b"{}")
            except (Missing, ValueError):
                content = {}
            run.record = content if isinstance(content, Mapping) else {}
            run.compute = run.compute or str(run.record.get("compute") or "")
            if run.submitted is None and isinstance(submitted := run.record.get("submitted"), (int, float)):
                run.submitted = submitted


def is_ours(run: SeenRun) -> bool:
    """Whether specrun submitted a run: its fingerprint begins as its name says."""
    return NAME.fullmatch(run.name) is not None and is_named_for(run.name, run.fingerprint)


def check_ours(run: SeenRun) -> SeenRun:
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
    roles = roles_of(details, run.single)
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
        roles=tuple(RoleStatus(role, _role_status(role, failed, ending.status)) for role in roles),
        failed_role=failed,
        reads=tuple(str(address) for address in (run.record or {}).get("reads") or ()),
        compute=run.compute,
        loss=ending.loss,
    )


def output_path(path: str) -> str:
    """What a file below ./outputs is called: as it is there, or below `DEFAULT`."""
    return path if "/" in path else f"{DEFAULT}/{path}"


def kept_path(path: str) -> str:
    """Where below ./outputs a file is."""
    output, _, rest = path.partition("/")
    return rest if output == DEFAULT and "/" not in rest else path


def _is_needed(run: SeenRun) -> bool:
    """Whether a run's record is: others must not touch what a run reads that goes on, and tags may be lost."""
    return not run.status.ended or run.submitted is None


def _role_status(role: str, failed: str | None, status: RunStatus) -> str:
    if role == failed:
        return "failed"
    return "ended" if status.ended and status is not RunStatus.SUCCEEDED else status.value


def _unexplained(runs: Sequence[SeenRun]) -> Sequence[SeenRun]:
    """The newest of the runs that did not succeed, as far as a later attempt has not made up for them."""
    newest: dict[str, SeenRun] = {}
    for run in sorted(runs, key=lambda run: attempt_in(run.name), reverse=True):
        newest.setdefault(run.fingerprint, run)
    unsuccessful = (RunStatus.FAILED, RunStatus.CANCELLED)
    return [run for run in runs if run.status in unsuccessful and newest[run.fingerprint] is run][:EXPLAINED]
