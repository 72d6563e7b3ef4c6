"""A plan as it is shown: values without the resources behind them, so that nothing here can be carried out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from specrun import __version__
from specrun.plan.changes import Action, Change, FieldChange, Plan, ResourceChange
from specrun.plan.costs import Standing
from specrun.plan.files import SourceFile
from specrun.plan.kinds.data import DataTarget, Upload
from specrun.plan.kinds.model import Register
from specrun.plan.kinds.run import Adopt, Follow, Held, RunChange, Submit
from specrun.plan.machines import Machines
from specrun.plan.observed import Account, Status
from specrun.plan.portable import digests_from, seen_from
from specrun.plan.resources import Key, Place
from specrun.plan.submission import Submission
from specrun.plan.sweeping import TrialCounts
from specrun.plan.transfer import Transfer
from specrun.spec.cost import Cost
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.frozen import dataclass
from specrun.spec.masking import mask_property
from specrun.spec.model import LocalPath, Origin, Properties, Secret
from specrun.spec.processes import Processes
from specrun.spec.repository import repository_of
from specrun.spec.secrets import hide


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A job's attempt. `finds` are the outputs that hold what the attempt before has written, with their paths.

    `follows` and `adopts` name runs that are there already ("": none), `cancels` those that are ended before.
    `size` is that of the machines that it is on ("": this one, or nobody knows), `runs_in` the Python of this machine
    that it takes, where it names no environment. `cost` is that of the attempt (None: nobody knows), on this machine
    what it would be on Azure. `trials` are those of a sweep that is submitted. `upstream` is what inputs read of other
    runs, and `models` the versions of models that they read; `held`: it is not submitted, since one of those runs has
    ended otherwise.
    """

    name: str
    fingerprint: str
    attempt: int
    processes: Processes
    code: Sequence[SourceFile]
    finds: Mapping[str, str]
    follows: str = ""
    adopts: str = ""
    differences: Sequence[str] = ()
    cancels: Sequence[str] = ()
    size: str = ""
    runs_in: str = ""
    cost: Cost | None = None
    trials: TrialCounts | None = None
    upstream: Mapping[str, ShownUpstream] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    held: bool = False


@dataclass(frozen=True, slots=True)
class ShownUpstream:
    """The output of a run that an input reads; `waits`: once that has succeeded."""

    spec: str
    run: str
    output: str
    waits: bool = False


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One resource and what is done to it, as JSON values: secrets by name, local paths as the spec spells them.

    `here` is whether the files of a transfer are on this machine. `owners` are the specs that ask for it, by name or
    where they do so; `needs` the addresses of what must be there first; `standing` is what is always on of a cluster.
    """

    key: Key
    action: Action
    reason: str
    name: str
    managed: bool
    origin: Origin | str = field(compare=False, repr=False)
    before: Properties
    wanted: Properties
    fields: Sequence[FieldChange] = ()
    transfer: Transfer | None = None
    here: bool = True
    run: ShownRun | None = None
    owners: Sequence[Origin | str] = field(default=(), compare=False, repr=False)
    needs: Sequence[str] = ()
    standing: Standing | None = None
    version: str = ""
    """Of a model, the version that the run is already."""

    @property
    def specs(self) -> list[str]:
        """The names of the specs that ask for it."""
        return names_of(self.owners)

    @property
    def kind(self) -> str:
        """What it is, as in `compute`."""
        return self.key.address.partition("/")[0]

    @property
    def location(self) -> str:
        """The place in the spec that asks for it. It is looked for now: few views tell it."""
        return self.origin if isinstance(self.origin, str) else str(self.origin.location)


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan; its parts mean what they do there. Of a saved one nothing is unseen, refused or impossible.

    The files of `spec_digests` are seen from the repository's root, else from the working folder.
    """

    places: Sequence[Place]
    targets: Mapping[Place, Sequence[str]]
    changes: Sequence[ShownChange]
    spec_digests: Mapping[str, str]
    fingerprints: Mapping[str, str]
    left_out: str = ""
    notes: Sequence[Diagnostic] = ()
    warnings: Sequence[Diagnostic] = ()
    refusals: Sequence[Diagnostic] = ()
    problems: Sequence[Diagnostic] = ()
    unseen: Mapping[Place, Mapping[str, str]] = field(default_factory=dict)
    unplanned: Sequence[Key] = ()
    stays: Sequence[str] = ()
    accounts: Mapping[Place, Account] = field(default_factory=dict)
    version: str = __version__
    """Of the specrun that made it."""

    @property
    def pending(self) -> bool:
        """Whether anything is to be done."""
        return any(change.action is not Action.NO_OP for change in self.changes)

    def in_place(self, place: Place) -> Iterator[ShownChange]:
        """The changes in one place, in order."""
        return (change for change in self.changes if change.key.place == place)


def names_of(owners: Sequence[Origin | str]) -> list[str]:
    """The names of specs, each once."""
    names = (one if isinstance(one, str) else str(one.document.values.get("name")) for one in owners)
    return list(dict.fromkeys(names))


def shown(plan: Plan | Shown) -> Shown:
    """What is shown of a plan."""
    if isinstance(plan, Shown):
        return plan
    machines = Machines(plan.changes)
    return Shown(
        places=plan.places,
        targets=plan.targets,
        changes=[_change(change, machines, plan) for change in plan.changes],
        spec_digests=digests_from(_root(), plan.spec_digests),
        fingerprints=plan.fingerprints,
        left_out=plan.left_out,
        notes=plan.notes,
        warnings=plan.warnings,
        refusals=plan.refusals,
        problems=plan.problems,
        unseen=plan.unseen,
        unplanned=plan.unplanned,
        stays=plan.stays,
        accounts=plan.accounts,
    )


def plain(value: object) -> Any:
    """JSON values of anything that stands in a plan: secrets by name, enumerations by value, local paths as written."""
    if isinstance(value, LocalPath):
        return as_written(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return hide(value)  # before a view measures it
    if isinstance(value, (Secret, Path, Key)) or (isinstance(value, float) and not math.isfinite(value)):
        return str(value)
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def as_written(path: LocalPath) -> str:
    """A path as the spec spells it; an absolute one, as the command line's are, as a saved plan has it."""
    written = path.written or str(path)
    if not written.startswith("/"):
        return written
    return seen_from(_root(), written)


def _root() -> str:
    """What paths are relative to that a saved plan has."""
    here = str(Path.cwd())
    return repository_of(here) or here


def wanted_of(change: Change) -> Properties:
    """What was asked for, on every machine alike."""
    resource = change.resource
    if isinstance(resource, DataTarget):
        return resource.at(as_written(resource.source) if isinstance(resource.source, LocalPath) else "")
    wanted: Properties = plain(resource.wanted)
    return wanted


def fields_of(found: Sequence[FieldChange]) -> Sequence[FieldChange]:
    """The same as JSON values, without credentials."""

    def shown_value(field: FieldChange, value: object) -> object:
        return mask_property(field.path.rpartition(".")[2], plain(value))

    return [replace(one, before=shown_value(one, one.before), after=shown_value(one, one.after)) for one in found]


def adopted(specs: Sequence[str], by: str) -> tuple[Properties, Properties]:
    """The specs among whose runs one is, before and after it is adopted."""
    return {"specs": list(specs)}, {"specs": [*specs, by]}


def before_of(action: Action, address: str, status: str, seen: Properties, wanted: Properties) -> Properties:
    """What was there, empty for nothing. Of what stays it is what was asked for, if anybody has looked.

    Of a target it is known where it is, and `transfer` has its files.
    """
    if action is Action.NO_OP:
        return {} if status in (Status.MISSING.value, Status.UNSEEN.value) else wanted
    if address.startswith("data/") and action is not Action.CREATE:
        return {name: wanted[name] for name in ("datastore", "target")}
    return seen


def _change(change: Change, machines: Machines, plan: Plan) -> ShownChange:
    resource, wanted = change.resource, wanted_of(change)
    before: Properties = {}
    if isinstance(change, (ResourceChange, Upload)):
        status = "" if isinstance(change, Upload) else change.before.status.value
        before = before_of(change.action, resource.address, status, plain(change.before.properties), wanted)
    elif isinstance(change, Adopt):
        before, wanted = adopted(change.run.specs, resource.name)
    return ShownChange(
        key=change.key,
        action=change.action,
        reason=hide(change.reason),
        name=resource.name,
        managed=resource.managed,
        origin=resource.origin,
        before=before,
        wanted=wanted,
        fields=fields_of(change.fields) if isinstance(change, ResourceChange) else (),
        transfer=change.transfer if isinstance(change, Upload) else None,
        here=not (isinstance(change, Upload) and change.resource.absent),
        run=_run(change, machines, plan) if isinstance(change, RunChange) else None,
        owners=resource.origins or (resource.maker.spec or resource.name,),
        needs=[key.address for key in resource.needs],
        standing=plan.costs.clusters.get(change.key),
        version=change.found.version if isinstance(change, Register) and change.found is not None else "",
    )


def _run(change: RunChange, machines: Machines, plan: Plan) -> ShownRun:
    submission = change.submission
    run = change.run.name if isinstance(change, Follow) else ""
    return ShownRun(
        submission.name,
        submission.fingerprint,
        submission.attempt,
        submission.job.processes(),
        submission.code,
        finds_of(submission),
        follows=run,
        adopts=run if isinstance(change, Adopt) else "",
        differences=plain(change.differences) if isinstance(change, Submit) else (),
        cancels=[one.name for one in change.cancel],
        size=machines.size_of(change),
        runs_in=plan.surroundings.get(change.key.place, "") if submission.environment is None else "",
        cost=plan.costs.runs.get(change.key),
        trials=change.trials if isinstance(change, Submit) else None,
        upstream=upstream_of(submission),
        models=models_of(submission),
        held=isinstance(change, Held),
    )


def upstream_of(submission: Submission) -> Mapping[str, ShownUpstream]:
    """What inputs read of other runs."""
    found = submission.upstream.items()
    return {name: ShownUpstream(one.spec, one.run, one.output, one.waits) for name, one in found}


def models_of(submission: Submission) -> Mapping[str, str]:
    """The versions of models that inputs read, as in `digits:3`."""
    return {name: str(one) for name, one in submission.models.items()}


def finds_of(submission: Submission) -> Mapping[str, str]:
    """The outputs in which an attempt finds what the one before has written, with their paths."""
    return {output.name: hide(str(output.path)) for output in submission.found}
