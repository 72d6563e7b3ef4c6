"""Runs: what a spec's job asks for, and whether it is submitted or followed.

A run is not a resource: it happens once. Its identity is its fingerprint.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, NamedTuple

from specrun.plan.attempts import decide, run_name
from specrun.plan.changes import Action, Change
from specrun.plan.files import SourceFile, list_code
from specrun.plan.fingerprint import InputContent, explain, fingerprint, identify
from specrun.plan.hashes import content_digest
from specrun.plan.kinds.base import Planned
from specrun.plan.kinds.data import data_key
from specrun.plan.kinds.environment import EnvironmentContent, environment_key
from specrun.plan.observed import CloudContent, Observed, Run
from specrun.plan.planning import Planning
from specrun.plan.remote import file_name
from specrun.plan.resources import Key, Kind, Place, Resource, workspace_key
from specrun.plan.transfer import Transfer
from specrun.spec.datastore_paths import parse
from specrun.spec.model import Data, Download, Input, Job, LocalPath, Properties, Spec


@dataclass(frozen=True, slots=True)
class Submission:
    """What a run is asked for with, and everything that an engine needs for that.

    `spec` is the spec's name, `identity` what the fingerprint was taken of, `cluster` the name of the cluster ("":
    none), `gpu` whether its machines have GPUs. `files` are, for each input that is data, the paths of its files below
    the target. `reads` are the addresses of the data and the environment that the run reads.
    """

    name: str
    spec: str
    fingerprint: str
    attempt: int
    identity: Mapping[str, object]
    experiment: str
    job: Job
    cluster: str
    gpu: bool
    environment: EnvironmentContent | None = None
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    code: tuple[SourceFile, ...] = ()


class OwnData(NamedTuple):
    """Data of a spec that an input of its job reads.

    `below` is the part of it that is read ("": all of it), `at` where in the input it is ("": it is the input).
    """

    data: Data
    below: str = ""
    at: str = ""


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

    @property
    def wanted(self) -> Properties:
        """Nothing that could be compared."""
        return {}

    def contradicts(self, other: Resource) -> str:
        """A run is called after its spec: there is one of each name."""
        return f"{other.location} already declares a job named {self.name}: give one of the two specs another name."

    def made_by(self, seen: Observed, specs: Collection[str]) -> frozenset[str]:
        """The spec after which they are named."""
        return frozenset({self.owner})

    def is_used_by(self, run: Run) -> bool:
        """Whether it is one of them."""
        return run.spec == self.name

    def plan(self, planning: Planning) -> Change:
        """Submitted, unless an attempt at the same is under way or has ended by itself."""
        code = self._code(planning)
        inputs = {name: self._content(entry, planning) for name, entry in self.job.inputs.items()}
        environment = self.environment.identity if self.environment is not None else {}
        identity = identify(self.job, environment, code, inputs)
        digest = fingerprint(identity)
        runs = planning.runs_of(self.name)
        decision = decide(runs, digest, planning.options.rerun)
        submission = Submission(
            name=run_name(self.name, digest, decision.attempt),
            spec=self.name,
            fingerprint=digest,
            attempt=decision.attempt,
            identity=identity,
            experiment=self.experiment,
            job=self.job,
            cluster=self.cluster,
            gpu=self.gpu,
            environment=self.environment,
            files=self._files(planning),
            reads=self._reads(planning),
            code=code,
        )
        others = [run for run in runs if not run.is_of(digest)]
        unfinished = tuple(run for run in others if not run.status.ended)
        cancel = unfinished if planning.options.cancel_previous else ()
        if decision.follow is not None:
            return Follow(self, Action.NO_OP, decision.reason, submission, cancel, decision.follow)
        new = bool(others) and decision.attempt == 1
        differences = explain(planning.view.identity(others[0].name), identity) if new else ()
        return Submit(self, Action.SUBMIT, decision.reason, submission, cancel, differences)

    def cloud_contents(self) -> Iterator[CloudContent]:
        """What the job reads in the cloud, but for what the spec puts there itself."""
        return (self._in_cloud(entry.uri) for entry in self.job.inputs.values() if entry.uri is not None)

    def _in_cloud(self, uri: str) -> CloudContent:
        own = ((data.datastore, data.target) for data in self.data)
        return CloudContent(uri, tuple(own) if parse(uri) is not None else ())

    def _own(self, entry: Input, planning: Planning) -> Iterator[OwnData]:
        """The spec's own data that an input reads: it names it, or a path at its target, below that, or around it."""
        if entry.data is not None:
            yield OwnData(entry.data)
        path = parse(entry.uri) if entry.uri is not None else None
        if path is None or path.workspace not in ("", self.place.workspace):
            return
        default = planning.view.survey.default_datastore
        for data in self.data:
            if (data.datastore or default).lower() != path.datastore.lower():  # as the service compares them
                continue
            below = path.below(data.target)
            if below is not None:
                yield OwnData(data, below)
            elif path.contains(data.target):
                yield OwnData(data, at=data.target.removeprefix(f"{path.path}/" if path.path else ""))

    def _reads(self, planning: Planning) -> tuple[str, ...]:
        """The addresses of the data and the environment that the job reads."""
        own = (one for entry in self.job.inputs.values() for one in self._own(entry, planning))
        return _addresses([data_key(one.data, self.place) for one in own], self.environment, self.place)

    def _files(self, planning: Planning) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for name, entry in self.job.inputs.items():
            own = list(self._own(entry, planning))
            if own and not own[0].at:
                found[name] = tuple(file.path for file in self._part(own[0], planning))
        return found

    def _part(self, own: OwnData, planning: Planning) -> tuple[SourceFile, ...]:
        """The files of the spec's own data that an input reads, by their paths in the input."""
        found = []
        for file in planning.sources.get(data_key(own.data, self.place), ()):
            if not own.below or file.path == own.below or file.path.startswith(f"{own.below}/"):
                path = file.path.removeprefix(f"{own.below}/") if own.below else file.path
                path = path.rpartition("/")[2] if file.path == own.below else path
                found.append(replace(file, path=f"{own.at}/{path}" if own.at else path))
        return tuple(found)

    def _code(self, planning: Planning) -> tuple[SourceFile, ...]:
        if self.job.code is None:
            return ()
        sources = (data.source for data in self.data)
        data = {source.absolute.resolve() for source in sources if isinstance(source, LocalPath)}
        try:
            return list_code(self.job.code.absolute.resolve(), data, planning.hashes)
        except OSError as error:
            planning.problem(self, "unreadable-code", f"{error.filename or self.job.code}: {error.strerror}.")
            return ()

    def _content(self, entry: Input, planning: Planning) -> InputContent:
        own = list(self._own(entry, planning))
        observed = ""
        if entry.uri is not None:
            observed = planning.view.survey.contents.get(self._in_cloud(entry.uri), "")
        if not own or own[0].at:
            files = tuple(file for one in own for file in self._part(one, planning))
            return InputContent(files or None, observed)
        data, name = own[0].data, "" if own[0].data.of_input else own[0].data.name
        extra = self._extra(entry, own[0], planning)
        if isinstance(data.source, Download):
            # What is fetched is known by its sha256 before it is here.
            return InputContent(None, f"{data.source.sha256} {file_name(data.source.url)}", extra, name)
        return InputContent(self._part(own[0], planning), "", extra, name)

    def _extra(self, entry: Input, own: OwnData, planning: Planning) -> str:
        """A digest of the files beside the source's that the job would see; "" where there are none."""
        key = data_key(own.data, self.place)
        left = planning.transfers.get(key, Transfer()).left
        if own.below:
            left = {path: file for path, file in left.items() if path.startswith(f"{own.below}/")}
        # Of a source that cannot be read nobody knows what is extra.
        unread = key not in planning.sources
        if unread or entry.type == "uri_file" or not planning.view.shows_extra or not left:
            return ""
        listed = sorted(left)
        detail = (
            f"{entry.name} has {len(listed)} on its target that the source does not have ({', '.join(listed[:3])}"
            f"{', …' if len(listed) > 3 else ''}), and the job sees them: they count in the fingerprint, so that "
            "another engine's is another one. `prune: true` removes those that this spec has put there."
        )
        planning.note(self, "extra-files-read", detail)
        return content_digest({path: file.md5 for path, file in left.items()})


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


@dataclass(frozen=True, slots=True)
class Submit(RunChange):
    """A new attempt. `differences` say what changed since the spec's last run."""

    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Follow(RunChange):
    """A run that is there already: it is waited for, or its end counts again."""

    run: Run


def _addresses(data: Iterable[Key], environment: EnvironmentContent | None, place: Place) -> tuple[str, ...]:
    keys = [*data, *([environment_key(environment, place)] if environment is not None else [])]
    return tuple(dict.fromkeys(key.address for key in keys))


def declared(spec: Spec, place: Place, environment: EnvironmentContent | None) -> Iterator[RunRequest]:
    """The spec's job."""
    if spec.job is None:
        return
    cluster = (Key(place, f"compute/{spec.cluster_name}"),) if spec.cluster_name else ()
    data = tuple(spec.all_data())
    # Whatever an input says: what the spec puts on datastores is there before its run.
    before = (Key(place, address) for address in _addresses([data_key(one, place) for one in data], environment, place))
    yield RunRequest(
        place=place,
        name=spec.name,
        owner=spec.name,
        origin=spec.at("job"),
        needs=(*workspace_key(spec, place), *cluster, *before),
        experiment=spec.experiment,
        job=spec.job,
        cluster=spec.cluster_name,
        gpu=spec.wants_gpu,
        environment=environment,
        data=data,
    )
