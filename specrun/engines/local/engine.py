"""The engine `local`: this machine, with real processes, real files and no account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from specrun.engines.base import Cursor, EngineError, LogLine, Missing, OutputFile, Quota, Report
from specrun.engines.local import history
from specrun.engines.local.checks import check_spec
from specrun.engines.local.environments import build_environment, observe_environment, remove_environment
from specrun.engines.local.records import observe_record, write_record
from specrun.engines.local.stores import delete_target, observe_target, send_files
from specrun.engines.local.submission import run_folder, submit
from specrun.plan.changes import Action, Capability, Change
from specrun.plan.hashes import HashCache
from specrun.plan.observed import Observed, Run, Status
from specrun.plan.resources import Kind, Resource
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import Spec


class LocalEngine:
    """The engine `local`. `home` is its state folder; `hashes` is shared with the planner."""

    name = "local"
    target = "this machine"
    capabilities: Mapping[Kind, Capability] = {"compute": Capability(None), "datastore": Capability(None)}
    patience = 900.0
    poll = 0.1
    asks = False

    def __init__(self, home: Path, hashes: HashCache) -> None:
        self.home = home
        self.hashes = hashes

    def check(self, spec: Spec) -> Iterable[Diagnostic]:
        """What this machine cannot do of a spec, with the way out."""
        return check_spec(self.home, spec)

    def sign_in(self) -> None:
        """Nobody needs to."""

    def observe(self, resource: Resource) -> Observed:
        """A workspace, and a cluster that is only named, are this machine itself."""
        try:
            if resource.kind == "data":
                return observe_target(self.home, self.hashes, resource)
            if resource.kind == "environment":
                return observe_environment(self.home, resource)
            if resource.kind == "workspace" or not resource.managed:
                return Observed(Status.READY, resource.properties)
            return observe_record(self.home, resource)
        except OSError as error:
            raise _translated(resource.key, error) from error

    def content(self, path: str) -> str:
        """Unknown: what stands in for a cloud path here is a path on this machine, with files of its own."""
        return ""

    def begin(self, change: Change, report: Report) -> None:
        """Carry out a change; on this machine all but a run is done when this returns."""
        try:
            if change.kind == "run":
                self._begin_run(change)
            elif change.kind == "data" and change.action is Action.DELETE:
                delete_target(self.home, change.resource)
            elif change.kind == "data":
                send_files(self.home, self.hashes, change, report)
            elif change.kind == "environment" and change.action is Action.DELETE:
                remove_environment(self.home, change)
            elif change.kind == "environment":
                build_environment(self.home, change, report)
            elif change.kind != "workspace":
                write_record(self.home, change)
        except OSError as error:
            raise _translated(change.resource.key, error) from error

    def runs(self, spec: str | None = None) -> Sequence[Run]:
        """All attempts of a spec's runs, or all runs on this machine, newest first."""
        return history.list_runs(self.home, spec)

    def identity(self, name: str) -> Mapping[str, object]:
        """What a run's fingerprint was taken of."""
        return history.read_identity(self.home, name)

    def run(self, name: str) -> Run:
        """One run as it is now."""
        return history.read_run(self.home, name)

    def logs(self, name: str, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
        """Whole lines since the cursor."""
        return history.read_logs(self.home, name, cursor)

    def outputs(self, name: str) -> Sequence[OutputFile]:
        """The files that a run wrote."""
        return history.list_outputs(self.home, name)

    def fetch(self, name: str, path: str, to: Path) -> None:
        """Copy one of a run's files."""
        source = run_folder(self.home, name) / "outputs" / path
        if not source.is_file():
            raise Missing(f"{name} has no output {path}")
        import shutil  # late, as in history.remove_runs

        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, to)

    def place(self, name: str) -> str:
        """The folder of a run's outputs."""
        return str(run_folder(self.home, name) / "outputs")

    def nodes(self, cluster: str) -> Mapping[str, int]:
        """None: a cluster here is a number of slots."""
        return {}

    def metrics(self, name: str) -> Mapping[str, float]:
        """None: a script on this machine has no metrics service, it writes files and prints."""
        return {}

    def cancel(self, name: str) -> None:
        """Ask for the run's end."""
        history.cancel_run(self.home, name)

    def _begin_run(self, change: Change) -> None:
        if change.action is Action.DELETE:
            history.remove_runs(self.home, change.resource.name)
        else:
            submit(self.home, change)


def _translated(key: str, error: OSError) -> EngineError:
    import errno

    place = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Quota(f"{key}: the disk is full{place}: make room, or set SPECRUN_HOME to a folder on another disk")
    return EngineError(f"{key}: {error.strerror or error}{place}")
