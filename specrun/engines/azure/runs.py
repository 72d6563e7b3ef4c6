"""The runs of a workspace, whichever SDK asks for them: listed, read, submitted, and ended on request."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from specrun.engines.azure.blobs import fetch_blob
from specrun.engines.azure.code import fetch_code
from specrun.engines.azure.connection import Connection, asked
from specrun.engines.azure.jobs import Listed
from specrun.engines.azure.records import forget_record, read_record, write_record
from specrun.engines.azure.run_marks import TAG, attempt_in, record_path, spec_path, spec_tag, specs_tagged
from specrun.engines.azure.seen import SeenRun, describe, spec_of
from specrun.engines.azure.services import add_tags
from specrun.engines.azure.workers import run_all
from specrun.engines.base import Cursor, EngineError, LogLine, Missing, OutputFile, Page, Report, Staged
from specrun.plan.attempts import trial_of
from specrun.plan.makers import Maker
from specrun.plan.observed import Run, RunStatus, Written
from specrun.plan.provenance import UNKNOWN, provenance_in
from specrun.plan.submission import Submission
from specrun.spec.datastore_paths import input_target
from specrun.spec.frozen import dataclass

AT_ONCE = 8
"""Runs that are read at once."""

PAGES = 20
"""How much of a list is read to find what is to be deleted: what is older, the next `destroy` finds."""

DEFAULT = "default"
"""The output that a file in ./outputs belongs to when it is in no folder there."""


class RunCalls(Protocol):
    """What an SDK does for runs. Everything may raise EngineError; Missing of a run that is not there, or not ours.

    `list` has a page of those with a tag of that name. `find` makes no request for a run that was seen, `look` none for
    one that had ended, and `has_ended` none at all. `explain` reads the details of a run that has ended, once. `submit`
    raises Conflict when the name is taken, and SecretUnset.
    """

    def list(self, tag: str, after: str) -> Listed: ...
    def find(self, name: str) -> SeenRun: ...
    def has_ended(self, name: str) -> bool: ...
    def look(self, name: str) -> SeenRun: ...
    def explain(self, run: SeenRun) -> None: ...
    def submit(self, submission: Submission, staged: Staged, report: Report) -> None: ...
    def cancel(self, run: SeenRun) -> None: ...
    def delete(self, name: str, report: Report) -> None: ...
    def logs(self, run: SeenRun, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]: ...
    def tail(self, run: SeenRun, role: str | None) -> Sequence[LogLine]: ...
    def outputs(self, run: SeenRun) -> Iterable[OutputFile]: ...
    def fetch(self, run: SeenRun, path: str, to: Path) -> None: ...
    def address(self, run: SeenRun) -> str: ...


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of one workspace."""

    connection: Connection[Any]
    calls: RunCalls
    judged: Callable[[SeenRun, Run], Run] = lambda seen, run: run
    """What has become of a run that has ended, where that takes more than its own details."""

    @asked
    def list(self, spec: str | None = None, after: str = "") -> Page:
        """A page of specrun's runs in the workspace, or of those of one spec; none where there is no workspace.

        It does not say why a run has failed: `get` does.
        """
        try:
            listed = self.calls.list(spec_tag(spec) if spec else TAG, after)
        except Missing:
            return Page()
        runs = [run for run in listed.runs if spec in (None, spec_of(run), *specs_tagged(run.tags))]
        run_all((partial(self._complete, run) for run in runs if _is_needed(run)), AT_ONCE)
        runs.sort(key=lambda run: (run.submitted or 0.0, attempt_in(run.name)), reverse=True)
        return Page([self._listed(run) for run in runs], listed.following, listed.filtered)

    @asked
    def get(self, name: str) -> Run:
        """One run as it is now, and of one that has ended why it did."""
        run = self.calls.look(name)
        if _is_needed(run):
            self._complete(run)
        return self._explained(run)

    def going(self) -> None:
        """A list can be sorted out by tags alone, and not by what a run is at."""

    @asked
    def identity(self, name: str) -> Mapping[str, object]:
        """What a run's fingerprint was taken of."""
        run = self.calls.find(name)
        self._complete(run)
        identity = (run.record or {}).get("identity")
        return identity if isinstance(identity, Mapping) else {}

    @asked
    def kept(self, name: str) -> bytes:
        """What was kept of a run's spec, or of the sweep's that it is a trial of: one request."""
        sweep = trial_of(name)
        try:
            return read_record(self.connection.open_datastore(None), spec_path(sweep[0] if sweep else name))
        except Missing:
            return b""

    @asked
    def fetch_code(self, name: str, path: str, to: Path) -> None:
        """Copy a file of a run's code: one request, and one or two more for the first."""
        fetch_code(self.connection, self.calls.find(name), path, to)

    @asked
    def fetch_input(self, name: str, entry: str, path: str, to: Path) -> None:
        """Copy a file of an input: one request."""
        spec = spec_of(self.calls.find(name))
        fetch_blob(self.connection.open_datastore(None), f"{input_target(spec, entry)}/{path}", to)

    @asked
    def submit(self, submission: Submission, staged: Staged, report: Report) -> None:
        """Submit a run, and keep its spec, where that can be written: no run is to fail of that."""
        if submission.as_ran is not None:
            with suppress(EngineError):
                packed = submission.as_ran.packed()
                write_record(self.connection.open_datastore(None), spec_path(submission.name), packed)
        if submission.upstream or submission.models:
            from specrun.engines.azure.chained import with_addresses  # late: few runs read from others

            default = partial(self.connection.datastore, None)
            submission = with_addresses(submission, self.calls.find, lambda: str(default().name))
        self.calls.submit(submission, staged, report)

    @asked
    def cancel(self, name: str, keep: Collection[str] = ()) -> None:
        """Ask for a run's end; nothing happens to one that has ended. The service ends all trials with their sweep."""
        run = self.calls.look(name)
        if not run.status.ended:
            self.calls.cancel(run)

    @asked
    def delete(self, maker: Maker, ended_before: float | None, report: Report) -> None:
        """Delete the ended runs of a spec, one after the other, and return once that is over.

        When one ended costs a request where the list does not say it; one that cannot have ended before needs none.
        """
        # All: those from before there was a tag for each spec.
        own = self._pages(maker, maker.spec) or self._pages(maker, None)
        for run in own:
            if run.status.ended and (ended_before is None or self._is_older(run, ended_before)):
                self.calls.delete(run.name, report)
                with suppress(EngineError):
                    forget_record(self.connection.open_datastore(None), spec_path(run.name))

    @asked
    def adopt(self, name: str, spec: str) -> None:
        """Give a run the tag by which those of a spec are listed: one request, and one to find it."""
        run = self.calls.look(name)
        if spec_tag(spec) not in run.tags:
            tag = {spec_tag(spec): run.fingerprint[:10]}
            add_tags(self.connection, name, run.experiment, tag)
            run.tags = {**run.tags, **tag}

    def _is_older(self, run: Run, moment: float) -> bool:
        if (run.submitted or 0.0) >= moment:
            return False
        ended = run.ended or self.get(run.name).ended
        return ended is not None and ended < moment

    def _pages(self, maker: Maker, spec: str | None) -> Sequence[Run]:
        """What a maker has submitted of all that is listed, as far as `PAGES` pages go."""
        page = self.list(spec)
        runs = [*page.runs]
        for _ in range(PAGES - 1):
            if not page.following:
                break
            page = self.list(spec, page.following)
            runs += page.runs
        return [run for run in runs if run.maker.is_of(maker)]

    @asked
    def logs(self, name: str, cursor: Cursor, timed: bool = False) -> tuple[Sequence[LogLine], Cursor]:
        """Whole lines since the cursor. The service does not keep when they were written.

        None of a sweep, and no request: it has no process, and what the service notes of it is in the portal.
        """
        run = self.calls.find(name)
        silent = run.status is RunStatus.QUEUED or run.sweep is not None
        return ([], cursor) if silent else self.calls.logs(run, cursor)

    @asked
    def tail(self, name: str, role: str | None) -> Sequence[LogLine]:
        """What roles wrote last."""
        run = self.calls.find(name)
        return [] if run.sweep is not None else self.calls.tail(run, role)

    @asked
    def outputs(self, name: str) -> Sequence[OutputFile]:
        """The files that a run wrote."""
        return sorted(self.calls.outputs(self.calls.find(name)), key=lambda file: file.path)

    @asked
    def has_output(self, written: Written) -> bool:
        """Whether anything is there of an output: one request, and one for the datastore when it is first used."""
        from specrun.engines.azure.chained import is_there  # late, as above

        return is_there(self.connection, written, self.calls.find(written.run))

    @asked
    def fetch(self, name: str, path: str, to: Path) -> None:
        """Copy one of a run's files."""
        self.calls.fetch(self.calls.find(name), path, to)

    @asked
    def address(self, name: str) -> str:
        """The portal's page of a run."""
        return self.calls.address(self.calls.find(name))

    def _listed(self, run: SeenRun) -> Run:
        """A run of a list. What a sweep has come to is not what the service calls it where that has not found a best
        trial, or has ended it with one.
        """
        sweep, succeeded = run.sweep, run.status is RunStatus.SUCCEEDED
        doubtful = sweep is not None and run.status.ended and succeeded != bool(sweep.best)
        return self._explained(run) if doubtful else describe(run)

    def _explained(self, run: SeenRun) -> Run:
        if run.status.ended:
            self.calls.explain(run)
        return self.judged(run, describe(run))

    def _complete(self, run: SeenRun) -> None:
        """Read the record of a run, where it did not come with it: one request, once."""
        if run.record is None:
            try:
                text = read_record(self.connection.open_datastore(None), record_path(run.name))
                content = json.loads(text or b"{}")
            except (Missing, ValueError):
                content = {}
            run.record = content if isinstance(content, Mapping) else {}
            run.provenance = (
                provenance_in(run.record.get("provenance")) if run.provenance == UNKNOWN else run.provenance
            )
            run.compute = run.compute or str(run.record.get("compute") or "")
            if run.submitted is None and isinstance(submitted := run.record.get("submitted"), (int, float)):
                run.submitted = submitted


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
