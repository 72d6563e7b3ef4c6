"""What a job reads: its code, and by its inputs the spec's own data, by whatever name, and what lies in the cloud."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from specrun.plan.files import SourceFile, hash_code
from specrun.plan.fingerprint import InputContent
from specrun.plan.hashes import content_digest
from specrun.plan.kinds.data import data_key
from specrun.plan.models import LATEST, RegisteredModel
from specrun.plan.observed import CloudContent
from specrun.plan.planning import Planning, Unplanned
from specrun.plan.remote import file_name
from specrun.plan.resources import Key, Resource
from specrun.plan.transfer import Transfer
from specrun.spec.boundary import Links
from specrun.spec.datastore_paths import parse, parse_storage
from specrun.spec.frozen import dataclass
from specrun.spec.model import Data, Download, Input, Job, LocalPath, ModelVersion, RunOutput
from specrun.spec.rules.travel import Journey
from specrun.spec.tree import read_tree


def cloud_content(uri: str, data: Iterable[Data]) -> CloudContent:
    """What lies at an address, but for the spec's own `data`."""
    return CloudContent(uri, tuple((one.datastore, one.target) for one in data) if parse(uri) is not None else ())


class OwnData(NamedTuple):
    """Data of a spec that an input of its job reads.

    `below` is the part of it that is read ("": all of it), `at` where in the input it is ("": it is the input).
    """

    data: Data
    below: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class JobInputs:
    """The inputs of a spec's job, beside the spec's own `data`, as they are planned. `request` is what reads them."""

    request: Resource
    inputs: Mapping[str, Input]
    data: tuple[Data, ...]
    planning: Planning

    def _own(self, entry: Input) -> Iterator[OwnData]:
        """The spec's own data that an input reads: it names it, or a path at its target, below that, or around it."""
        if entry.data is not None:
            yield OwnData(entry.data)
        path = parse(entry.uri) if entry.uri is not None else None
        if path is None or path.workspace not in ("", self.request.place.workspace):
            return
        default = self.planning.view.survey.default_datastore
        for data in self.data:
            if (data.datastore or default).lower() != path.datastore.lower():  # as the service compares them
                continue
            below = path.below(data.target)
            if below is not None:
                yield OwnData(data, below)
            elif path.contains(data.target):
                yield OwnData(data, at=data.target.removeprefix(f"{path.path}/" if path.path else ""))

    def data_keys(self) -> list[Key]:
        """The keys of the spec's own data that the inputs read."""
        own = (one for entry in self.inputs.values() for one in self._own(entry))
        return [data_key(one.data, self.request.place) for one in own]

    def files(self) -> Mapping[str, tuple[str, ...]]:
        """The paths that each input which is own data will have, by its name."""
        found: dict[str, tuple[str, ...]] = {}
        for name, entry in self.inputs.items():
            own = list(self._own(entry))
            if own and not own[0].at:
                found[name] = tuple(file.path for file in self._part(own[0]))
        return found

    def _part(self, own: OwnData) -> tuple[SourceFile, ...]:
        """The files of the spec's own data that an input reads, by their paths in the input."""
        found = []
        for file in self.planning.sources.get(data_key(own.data, self.request.place), ()):
            if not own.below or file.path == own.below or file.path.startswith(f"{own.below}/"):
                path = file.path.removeprefix(f"{own.below}/") if own.below else file.path
                path = path.rpartition("/")[2] if file.path == own.below else path
                found.append(replace(file, path=_joined(own.at, path)))
        return tuple(found)

    def contents(self) -> Mapping[str, InputContent]:
        """What each input reads: its part of the run's identity."""
        return {name: self._content(entry) for name, entry in self.inputs.items()}

    def _content(self, entry: Input) -> InputContent:
        match entry.source:
            case RunOutput(spec, output):
                if (draft := self.planning.drafts.get(spec)) is None:
                    raise Unplanned  # of the run that it reads from nothing can be said
                return InputContent(run=draft.fingerprint, output=output)
            case ModelVersion() as wanted:
                return InputContent(digest=self._model(entry.name, wanted).digest, model=wanted.model)
        own = list(self._own(entry))
        observed = ""
        if entry.uri is not None:
            observed = self.planning.view.survey.contents.get(cloud_content(entry.uri, self.data), "")
            if not observed and parse_storage(entry.uri) is not None:
                detail = (
                    f"{entry.name} is {entry.uri}, where nothing can be seen as who is signed in: its address alone "
                    "counts in the fingerprint, so that what changes there submits nothing again. The role Storage "
                    "Blob Data Reader on the account would let it be seen."
                )
                self.planning.note(self.request, "input-not-seen", detail)
        if not own:
            return InputContent(None, observed)
        extra = self._extra(entry, own)
        if own[0].at:
            files = tuple(file for one in own for file in self._known(one))
            return InputContent(files, observed, extra)
        data, name = own[0].data, "" if own[0].data.of_input else own[0].data.name
        if isinstance(data.source, Download):
            return InputContent(None, f"{data.source.sha256} {file_name(data.source.url)}", extra, name)
        return InputContent(self._part(own[0]), "", extra, name)

    def models(self) -> Mapping[str, RegisteredModel]:
        """The versions of models that inputs read."""
        wanted = {name: one.source for name, one in self.inputs.items() if isinstance(one.source, ModelVersion)}
        return {name: self._model(name, version) for name, version in wanted.items()}

    def _model(self, name: str, wanted: ModelVersion) -> RegisteredModel:
        found = self.planning.view.survey.models.get(wanted)
        if found is None:
            origin = replace(self.request.origin, path=(*self.request.origin.path, "inputs", name))
            what = "no version" if wanted.version == LATEST else f"no version {wanted.version}"
            detail = f"There is {what} of a model {wanted.model} on {self.request.place.title}: see `specrun models`."
            self.planning.problems.append(origin.diagnostic("unknown-model", detail))
            raise Unplanned
        return found

    def _known(self, own: OwnData) -> tuple[SourceFile, ...]:
        """The same files with what is known of them from the start: what is fetched has no MD5 before it is here."""
        files, source = self._part(own), own.data.source
        return tuple(replace(file, md5=source.sha256) for file in files) if isinstance(source, Download) else files

    def _extra(self, entry: Input, own: Sequence[OwnData]) -> str:
        """A digest of the files beside the sources' that the job would see; "" where there are none."""
        if not self.planning.view.shows_extra or (entry.type == "uri_file" and not own[0].at):
            return ""
        found: dict[str, str] = {}
        for one in own:
            key = data_key(one.data, self.request.place)
            # Of a source that cannot be read nobody knows what is extra.
            left = self.planning.transfers.get(key, Transfer()).left if key in self.planning.sources else {}
            start = f"{one.below}/" if one.below else ""
            found |= {_joined(one.at, path): file.md5 for path, file in left.items() if path.startswith(start)}
        if not found:
            return ""
        listed = sorted(found)
        detail = (
            f"{entry.name} has {len(listed)} on its target that the source does not have ({', '.join(listed[:3])}"
            f"{', …' if len(listed) > 3 else ''}), and the job sees them: they count in the fingerprint, so that "
            "another engine's is another one. `prune: true` removes those that this spec has put there."
        )
        self.planning.note(self.request, "extra-files-read", detail)
        return content_digest(found)


def _joined(folder: str, path: str) -> str:
    return f"{folder}/{path}" if folder else path


def code_of(request: Resource, job: Job, data: Iterable[Data], planning: Planning) -> tuple[SourceFile, ...]:
    """The files of a job's code, of which what is `data` is no part. Raises Unplanned, when it has noted why."""
    if job.code is None:
        return ()
    sources = (one.source for one in data)
    beside = {source.absolute.resolve() for source in sources if isinstance(source, LocalPath)}
    try:
        links = Links(job.code.boundary, stays=True)
        tree = read_tree(str(job.code.absolute), {str(path) for path in beside}, links=links)
        origin = replace(request.origin, path=(*request.origin.path, "code"))
        planning.check_travel(origin, tree, Journey(job.code.written, request.place.engine))
        files = hash_code(tree, planning.hashes)
    except OSError as error:
        planning.problem(request, "unreadable-code", f"{error.filename or job.code}: {error.strerror}.")
        raise Unplanned from error
    planning.check_line_ends(origin, files)
    return files
