"""Runs: what a spec's job asks for, and whether it is submitted or followed.

A run is not a resource: it happens once. Its identity is its fingerprint.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from specrun.plan.attempts import decide, run_name
from specrun.plan.changes import Action, Change, ResourceChange
from specrun.plan.fingerprint import fingerprint, identify
from specrun.plan.kinds.base import Planned
from specrun.plan.kinds.data import data_key
from specrun.plan.kinds.environment import EnvironmentContent, environment_key
from specrun.plan.kinds.inputs import JobInputs, cloud_content, code_of
from specrun.plan.kinds.upstream import Standing, differences, followed, reading, why_again
from specrun.plan.makers import Maker, namesakes
from specrun.plan.observed import CloudContent, Loss, Observed, Run, RunStatus
from specrun.plan.parameters import kept_variables
from specrun.plan.planning import Past, Planning
from specrun.plan.resources import Key, Kind, Place, workspace_key
from specrun.plan.submission import Submission
from specrun.plan.sweeping import TrialCounts, count_trials, shared
from specrun.spec.datastore_paths import parse
from specrun.spec.frozen import dataclass
from specrun.spec.masking import mask_properties
from specrun.spec.model import Data, Job, Origin, Properties, RunOutput, Scalar, Spec
from specrun.spec.sweep import Sweep


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest(Planned):
    """A spec's job, bound to what else the spec says.

    `environment` is None where the job names none. `data` is everything that the spec puts on datastores: it is there
    before the run, whether an input names it or not, and is never part of the code.
    """

    kind: ClassVar[Kind] = "run"
    on_demand: ClassVar[bool] = True

    experiment: str
    job: Job
    cluster: str
    gpu: bool
    environment: EnvironmentContent | None
    data: tuple[Data, ...]
    variables: Mapping[str, Scalar]
    sweep: Sweep | None = None

    @property
    def wanted(self) -> Properties:
        """Nothing that could be compared."""
        return {}

    def made_by(self, seen: Observed, makers: Collection[Maker]) -> frozenset[str]:
        """The spec, if it submitted any: those that it has adopted are another's."""
        return frozenset({self.name} if seen.maker.is_of(self.maker) else ())

    def is_used_by(self, run: Run) -> bool:
        """Whether it is one of them."""
        return run.is_for(self.maker)

    @property
    def datastore_keys(self) -> tuple[Key, ...]:
        written = [entry.uri for entry in self.job.inputs.values()] + [one.path for one in self.job.outputs.values()]
        paths = [parse(uri) for uri in written if uri]
        here = ("", self.place.workspace)
        return tuple(Key(self.place, f"datastore/{one.datastore}") for one in paths if one and one.workspace in here)

    @property
    def upstream(self) -> Mapping[str, RunOutput]:
        """The outputs of other specs' runs that inputs read, by the input."""
        inputs = self.job.inputs.items()
        return {name: entry.source for name, entry in inputs if isinstance(entry.source, RunOutput)}

    def draft(self, planning: Planning) -> None:
        """Work out what the run would be, and note it: that is what is looked up then. Raises Unplanned."""
        code = code_of(self, self.job, self.data, planning)
        inputs = JobInputs(self, self.job.inputs, self.data, planning)
        environment = self.environment.identity if self.environment is not None else {}
        identity = identify(self.job, environment, code, inputs.contents(), self.sweep)
        digest = fingerprint(identity)
        content = identity if self.sweep is not None else {}
        identity = mask_properties(identity)  # from here on it is kept, and shown
        if self.environment is not None:
            identity["environment"] = dict(self.environment.shown)
        planning.drafts[self.name] = Submission(
            name=run_name(self.name, digest, 1),
            maker=self.maker,
            fingerprint=digest,
            attempt=1,
            identity=identity,
            experiment=self.experiment,
            job=self.job,
            cluster=self.cluster,
            gpu=self.gpu,
            environment=self.environment,
            files=inputs.files(),
            models=inputs.models(),
            reads=_addresses(inputs.data_keys(), self.environment, self.place),
            code=code,
            variables=kept_variables(self.variables),
            sweep=self.sweep,
            content=content,
        )

    def plan(self, planning: Planning) -> RunChange:
        """Submitted, unless an attempt at the same is under way or has ended by itself."""
        draft, past = planning.drafts[self.name], planning.past_of(self.name)
        digest, taken = draft.fingerprint, self._adopted(planning, past)
        runs = [*taken, *past.runs]
        options = planning.options
        decision = decide(runs, digest, options.rerun, self.job.max_attempts, options.planned)
        name = run_name(self.name, digest, decision.attempt)
        submission = replace(draft, name=name, attempt=decision.attempt, rerun=options.rerun)
        if decision.follow is not None and self.upstream:
            reads = followed(planning, self, self.upstream, decision.follow)
            submission = replace(submission, upstream=reads)
        elif self.upstream:
            origins = {name: self.input_origin(name) for name in self.upstream}
            reads, held = reading(planning, self.name, self.upstream, origins)
            submission = replace(submission, upstream=reads)
            if held:
                return Held(self, Action.NO_OP, f"not submitted: {held}", submission, ())
        others = [run for run in runs if not run.is_of(digest)]
        cancel = self._previous(planning, others) if options.cancel_previous else ()
        if taken and decision.follow is not None:
            reason = f"{decision.reason}: it becomes a run of {self.name}"
            return Adopt(self, Action.UPDATE, reason, submission, cancel, decision.follow)
        if decision.follow is not None:
            again = decision.follow.status is RunStatus.SUCCEEDED and self.upstream
            reason = f"{decision.reason}; not run again: nothing upstream changed" if again else decision.reason
            return Follow(self, Action.NO_OP, reason, submission, cancel, decision.follow)
        if taken:
            planning.problem(self, "cannot-adopt", f"{decision.reason}: what is submitted again needs no --adopt.")
        self._note_loss(planning, submission, decision.loss)
        if not runs and (unread := planning.view.history.unread(self.name)):
            planning.note(self, "runs-not-looked-at", f"Whether the spec has run before: {unread}.")
        new = bool(others) and decision.attempt == 1
        changed = differences(planning, planning.view.identity(others[0].name), self.name) if new else ()
        reason = (why_again(changed) or decision.reason) + self._beside(past)
        trials = count_trials(planning, submission, runs)
        return Submit(self, Action.SUBMIT, reason, submission, cancel, tuple(map(str, changed)), trials)

    def input_origin(self, name: str) -> Origin:
        """Where an input is written."""
        return replace(self.origin, path=(*self.origin.path, "inputs", name))

    def _adopted(self, planning: Planning, past: Past) -> Sequence[Run]:
        """The attempts at the same under another name, newest first, that are to be runs of this spec from now on."""
        names = set(planning.options.adopt)
        digest = planning.drafts[self.name].fingerprint
        # Those of its own that carry such a name were adopted before.
        found = [run for run in (*past.runs, *past.alike) if run.is_of(digest) and names & {run.name, *run.specs}]
        planning.adopted |= {name for run in found for name in (run.name, *run.specs)}
        taken = [run for run in found if not run.is_for(self.maker) and run.spec != self.name]
        if taken and not taken[0].maker.is_beside(self.maker):
            detail = f"{taken[0].name} was made by {taken[0].maker}: only one of the same repository and target can be."
            planning.refuse(self, "cannot-adopt", detail)
            return ()
        return taken

    def _beside(self, past: Past) -> str:
        """What a reader may have expected to count and does not: the same under another name, and namesakes."""
        told = ""
        if past.alike:
            run = past.alike[0]
            told = f"; the same as run {run.name} ({run.status.value}): `--adopt {run.spec}` takes it"
        if past.others:
            told += f"; {namesakes([run.maker for run in past.others], self.maker)} named {self.name}: not considered"
        return told

    def cloud_contents(self) -> Iterator[CloudContent]:
        """What the job reads in the cloud, but for what the spec puts there itself."""
        uris = (entry.uri for entry in self.job.inputs.values() if entry.uri is not None)
        return (cloud_content(uri, self.data) for uri in uris)

    def _note_loss(self, planning: Planning, submission: Submission, loss: Loss | None) -> None:
        """On Spot machines an attempt that finds nothing of the one before may well never come to an end."""
        if loss in (None, Loss.NEVER_STARTED) or submission.found:
            return
        if submission.sweep is not None and planning.view.takes_trials:  # what its trials have done stays done
            return
        if loss is Loss.PREEMPTED or self._on_spot(planning):
            detail = (
                "No output of the job outlives an attempt: the next begins from nothing, as would the one "
                "after it. Write checkpoints to an output with a path, such as "
                "`outputs: {checkpoints: {path: azureml://datastores/NAME/paths/PATH}}`, and go on from what is there."
            )
            planning.note(self, "begins-anew", detail)

    def _on_spot(self, planning: Planning) -> bool:
        cluster = planning.view.survey.observed.get(Key(self.place, f"compute/{self.cluster}"))
        if cluster is not None:
            return cluster.properties.get("tier") == "low_priority"
        return (self.job.queue_settings or {}).get("job_tier") == "spot"

    def _previous(self, planning: Planning, others: Sequence[Run]) -> tuple[Run, ...]:
        """The spec's unfinished runs at other fingerprints, but for those that a sweep would have for its trials."""
        draft = planning.drafts[self.name]
        seen = [*others, *(run for run in planning.users_of(self) if not run.is_of(draft.fingerprint))]
        found = {run.name: run for run in seen if not run.status.ended}
        trials = shared(draft) if found and draft.sweep is not None and planning.view.takes_trials else ()
        return tuple(run for run in found.values() if run.fingerprint not in trials)


@dataclass(frozen=True, slots=True)
class RunChange(Change):
    """A job and its attempt. `cancel` are the unfinished runs of other fingerprints that are ended before."""

    resource: RunRequest
    submission: Submission
    cancel: tuple[Run, ...]

    @property
    def fingerprint(self) -> str:
        """What the run is."""
        return self.submission.fingerprint

    @property
    def run_name(self) -> str:
        """The run that there is, or will be."""
        return self.submission.name

    @property
    def standing(self) -> Standing:
        """What those can read that read from it."""
        return Standing(self.run_name, waits=True)


@dataclass(frozen=True, slots=True)
class Submit(RunChange):
    """A new attempt. `differences` say what changed since the spec's last run, `trials` what a sweep has to do."""

    differences: tuple[str, ...] = ()
    trials: TrialCounts | None = None


@dataclass(frozen=True, slots=True)
class Held(RunChange):
    """A new attempt that is not submitted: a run that it reads from has ended, and not succeeded."""

    @property
    def standing(self) -> Standing:
        """Nothing: what reads from it is not submitted either."""
        return Standing(self.run_name, held=self.reason.removeprefix("not submitted: "))


@dataclass(frozen=True, slots=True)
class RunDeletion(ResourceChange):
    """The ended runs of a spec deleted: all, or those that ended before a moment (Unix seconds)."""

    ended_before: float | None = None


@dataclass(frozen=True, slots=True)
class Follow(RunChange):
    """A run that is there already: it is waited for, or its end counts again."""

    run: Run

    @property
    def run_name(self) -> str:
        """The run that is followed."""
        return self.run.name

    @property
    def standing(self) -> Standing:
        """The same of a run that is there."""
        run, status = self.run, self.run.status
        if status is RunStatus.SUCCEEDED:
            return Standing(run.name, found=run)
        held = self.reason.replace("change it,", f"change {self.resource.name},")
        held = held.replace(f" ({run.why})", "")  # which is told of the run itself
        return Standing(run.name, waits=not status.ended, held=held if status.ended else "")


@dataclass(frozen=True, slots=True)
class Adopt(Follow):
    """The same, submitted for a spec of another name: from now on it is listed as a run of this one, too."""


def _addresses(data: Iterable[Key], environment: EnvironmentContent | None, place: Place) -> tuple[str, ...]:
    keys = [*data, *([environment_key(environment, place)] if environment is not None else [])]
    return tuple(dict.fromkeys(key.address for key in keys))


def declared(spec: Spec, place: Place, maker: Maker, environment: EnvironmentContent | None) -> Iterator[RunRequest]:
    """The spec's job."""
    if spec.job is None:
        return
    cluster = (Key(place, f"compute/{spec.cluster_name}"),) if spec.cluster_name else ()
    data = tuple(spec.all_data())
    # Whatever an input says: what the spec puts on datastores is there before its run.
    before = (Key(place, address) for address in _addresses([data_key(one, place) for one in data], environment, place))
    sources = (entry.source for entry in spec.job.inputs.values())
    upstream = (Key(place, f"run/{source.spec}") for source in sources if isinstance(source, RunOutput))
    yield RunRequest(
        place=place,
        name=spec.name,
        maker=maker,
        origin=spec.at("job"),
        needs=(*workspace_key(spec, place), *cluster, *before, *upstream),
        experiment=spec.experiment,
        job=spec.job,
        cluster=spec.cluster_name,
        gpu=spec.wants_gpu,
        environment=environment,
        data=data,
        variables=spec.variables,
        sweep=spec.sweep,
    )
