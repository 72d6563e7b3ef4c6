"""Desired and observed to a plan. All the decisions are made here; apply only carries them out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from specrun.plan.attempts import decide, run_name
from specrun.plan.changes import Action, Capability, Change, Plan, Submission
from specrun.plan.diff import diff
from specrun.plan.files import SourceFile, list_code, list_data
from specrun.plan.fingerprint import explain, fingerprint, identify
from specrun.plan.hashes import HashCache
from specrun.plan.observed import Observed, Run, Status, Survey
from specrun.plan.remote import cached_download, file_name
from specrun.plan.resources import Graph, Kind, Resource, data_key, environment_content, input_data
from specrun.plan.transfer import plan_transfer
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.model import Spec


class Target(Protocol):
    """What planning needs to know of an engine."""

    name: str
    target: str
    capabilities: Mapping[Kind, Capability]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line adds to the specs."""

    rerun: bool = False
    cancel_previous: bool = False
    allow_replace: bool = False
    max_runs: int = 10


@dataclass(slots=True)
class Planner:
    """The plan for one graph, given what an engine has. `identity` says what an earlier run consisted of."""

    target: Target
    seen: Survey
    identity: Callable[[str], Mapping[str, object]]
    home: Path
    hashes: HashCache
    options: Options = field(default_factory=Options)
    _unfinished: Sequence[Run] = ()
    """Runs of any spec: they may read a target or use a cluster."""
    _runs_of: dict[str, list[Run]] = field(default_factory=dict)
    _refusals: list[Diagnostic] = field(default_factory=list)
    _problems: list[Diagnostic] = field(default_factory=list)
    _listings: dict[str, tuple[SourceFile, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._unfinished = [run for run in self.seen.runs if not run.status.ended]
        for run in self.seen.runs:
            self._runs_of.setdefault(run.spec, []).append(run)

    def plan(self, graph: Graph) -> Plan:
        """One change for each resource, in dependency order."""
        changes = tuple(self._change(resource) for resource in graph.resources.values())
        submitted = [change for change in changes if change.action is Action.SUBMIT]
        if len(submitted) > self.options.max_runs:
            self._refuse(
                submitted[0].resource,
                "too-many-runs",
                "The plan submits more runs than allowed.",
                f"{len(submitted)} runs would be submitted, and the limit is {self.options.max_runs}: "
                f"if all are meant, say so with --max-runs {len(submitted)}.",
            )
        digests = {str(r.spec.file): r.spec.digest for r in graph.resources.values()}
        return Plan(
            self.target.name, self.target.target, changes, digests, tuple(self._refusals), tuple(self._problems)
        )

    def _change(self, resource: Resource) -> Change:
        if resource.kind == "run":
            return self._run(resource)
        observed = self.seen.observed[resource.key]
        if not resource.managed:
            return self._named(resource, observed)
        if resource.kind == "data":
            return self._data(resource, observed)
        if observed.status is Status.MISSING:
            return Change(resource, Action.CREATE, "it does not exist", observed)
        return self._existing(resource, observed)

    def _named(self, resource: Resource, observed: Observed) -> Change:
        if observed.status is Status.MISSING:
            hint = (
                "write `create: true` to have it made"
                if resource.kind == "workspace"
                else "declare it as a mapping to have it made, or correct the name"
            )
            detail = f"{resource.kind} {resource.name} does not exist on {self.target.target}: {hint}."
            self._problem(resource, "missing-resource", "Something the spec only names does not exist.", detail)
        return Change(resource, Action.NO_OP, "named, not declared: used and never changed", observed)

    def _existing(self, resource: Resource, observed: Observed) -> Change:
        if observed.status is Status.CREATING:
            return Change(resource, Action.NO_OP, "it is being made: apply waits for it", observed)
        if observed.status is Status.DELETING:
            return Change(resource, Action.CREATE, "it is being deleted: made again once it is gone", observed)
        if observed.status is Status.FAILED:
            if resource.kind == "environment":
                return Change(resource, Action.CREATE, f"building it failed: {observed.reason}", observed)
            self._problem(
                resource,
                "failed-resource",
                "A resource is in a failed state.",
                f"{resource.kind} {resource.name}: {observed.reason or 'the service gives no reason'}.",
            )
        capability = self.target.capabilities.get(resource.kind, Capability())
        fields = diff(resource.properties, observed.properties, capability)
        if not fields:
            return Change(resource, Action.NO_OP, "as declared", observed)
        if not any(change.forces_replace for change in fields):
            names = ", ".join(change.path for change in fields)
            return Change(resource, Action.UPDATE, f"{names} changed", observed, fields)
        fixed = ", ".join(change.path for change in fields if change.forces_replace)
        self._check_replace(resource, observed, capability, fixed)
        return Change(resource, Action.REPLACE, f"{fixed} cannot change in place", observed, fields)

    def _check_replace(self, resource: Resource, observed: Observed, capability: Capability, fixed: str) -> None:
        what = f"{resource.kind} {resource.name}"
        users = [run.name for run in self._unfinished if run.compute == resource.name]
        if not capability.replaceable:
            self._problem(
                resource, "unchangeable", "A field cannot change.", f"{fixed} of {what} is fixed once it exists."
            )
        elif not observed.owner:
            self._refuse(
                resource,
                "not-ours",
                "Only what specrun made is replaced.",
                f"{what} was made by somebody else: {fixed} cannot change in place, and replacing means deleting it. "
                "Declare what is there, or take another name.",
            )
        elif resource.kind == "compute" and users:
            self._refuse(
                resource,
                "in-use",
                "An unfinished run uses it.",
                f"{what} would be replaced ({fixed}), and {', '.join(users)} still runs there: wait or cancel.",
            )
        elif not self.options.allow_replace:
            self._refuse(
                resource,
                "replace",
                "Replacing needs --allow-replace.",
                f"{fixed} of {what} cannot change in place: it would be deleted and made again. "
                "If that is meant, say --allow-replace.",
            )

    def _data(self, resource: Resource, observed: Observed) -> Change:
        properties = resource.properties
        source, problem = self._source_files(resource)
        if problem:
            self._problem(resource, "unreadable-data", "A data path cannot be read.", problem)
        prune_for = resource.spec.name if properties.get("prune") else ""
        transfer = plan_transfer(source, observed.files, prune_for, str(properties.get("sha256", "")))
        if not transfer.send and not transfer.prune:
            return Change(resource, Action.NO_OP, "the target has every file", observed, transfer=transfer)
        readers = [run.name for run in self._unfinished if resource.key in run.reads]
        touched = [file.path for file in transfer.changed] + list(transfer.prune)
        if readers and touched:
            self._refuse(
                resource,
                "active-reader",
                "An unfinished run reads this data.",
                f"{len(touched)} files of {properties['target']} would change under {', '.join(readers)} "
                f"(such as {touched[0]}): wait, cancel the run, or take another target.",
            )
        action = Action.UPDATE if observed.files else Action.CREATE
        reason = "the target is empty" if not observed.files else "the source differs from the target"
        return Change(resource, action, reason, observed, transfer=transfer)

    def _source_files(self, resource: Resource) -> tuple[tuple[SourceFile, ...], str]:
        known = self._listings.get(resource.key)
        if known is not None:
            return known, ""
        path = str(resource.properties["path"])
        try:
            if path.startswith("https://"):
                files = cached_download(path, str(resource.properties["sha256"]), self.home, self.hashes)
            else:
                files = list_data(Path(path), self.hashes)
        except OSError as error:
            return (), f"{error.filename or path}: {error.strerror}."
        self._listings[resource.key] = files
        return files, ""

    def _run(self, resource: Resource) -> Change:
        spec = resource.spec
        job = spec.job
        assert job is not None
        try:
            code = self._code(spec)
        except OSError as error:
            self._problem(
                resource, "unreadable-code", "A code file cannot be read.", f"{error.filename}: {error.strerror}."
            )
            code = ()
        environment = environment_content(spec, job.environment) if job.environment else {}
        identity = identify(job, environment, code, self._inputs(spec))
        digest = fingerprint(identity)
        runs = self._runs_of.get(spec.name, ())
        decision = decide(runs, digest, self.options.rerun)
        name = run_name(spec.name, digest, decision.attempt)
        older = tuple(run for run in runs if not run.is_of(digest) and not run.status.ended)
        submission = Submission(name, digest, decision.attempt, identity, spec, code)
        previous = next((run for run in runs if not run.is_of(digest)), None)
        differences = (
            explain(self.identity(previous.name), identity)
            if previous is not None and decision.action is Action.SUBMIT and decision.attempt == 1
            else ()
        )
        return Change(
            resource,
            decision.action,
            decision.reason,
            submission=submission,
            follow=decision.follow,
            differences=differences,
            cancel=older if self.options.cancel_previous else (),
        )

    def _code(self, spec: Spec) -> tuple[SourceFile, ...]:
        job = spec.job
        if job is None or job.code is None:
            return ()
        entries = [*spec.data.values(), *filter(None, (input_data(spec, entry) for entry in job.inputs.values()))]
        local = (spec.folder / data.path for data in entries if not data.path.startswith("https://"))
        return list_code((spec.folder / job.code).resolve(), {path.resolve() for path in local}, self.hashes)

    def _inputs(self, spec: Spec) -> dict[str, Iterable[SourceFile] | str]:
        assert spec.job is not None
        contents: dict[str, Iterable[SourceFile] | str] = {}
        for name, entry in spec.job.inputs.items():
            data = input_data(spec, entry)
            if data is None:
                if entry.path is not None and self.seen.contents.get(entry.path):
                    contents[name] = self.seen.contents[entry.path]
                continue
            # What is fetched is known by its sha256 before it is here.
            contents[name] = (
                f"{data.sha256.lower()} {file_name(data.path)}"
                if data.sha256
                else self._listings.get(data_key(data), ())
            )
        return contents

    def _refuse(self, resource: Resource, code: str, summary: str, detail: str) -> None:
        self._refusals.append(_diagnostic(resource, code, summary, detail))

    def _problem(self, resource: Resource, code: str, summary: str, detail: str) -> None:
        self._problems.append(_diagnostic(resource, code, summary, detail))


Listing = Callable[[Resource], tuple[SourceFile, ...]]


def _diagnostic(resource: Resource, code: str, summary: str, detail: str) -> Diagnostic:
    return Diagnostic(Severity.ERROR, code, summary, detail, resource.path, resource.location)
