"""Registered models of a workspace, by Azure Resource Manager: what a version is of, its tags alone say.

The SDK would register as well, but it does not tell whether a version was new: one that is there is overwritten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import Any

from specrun.engines.azure.blob_errors import KeyRefused
from specrun.engines.azure.blobs import read_piece
from specrun.engines.azure.connection import SOON, asked
from specrun.engines.azure.coordinates import workspace_path
from specrun.engines.azure.endings import seconds
from specrun.engines.azure.jobs import API
from specrun.engines.azure.listing import FEW, LOCKS, list_blobs
from specrun.engines.azure.maker_tags import TAGS, maker_in, tags_of
from specrun.engines.azure.records import lease
from specrun.engines.azure.workers import run_all
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.azureml_v2.model_paths import ModelPath, path_of, source_of
from specrun.engines.azureml_v2.runs import SdkRuns
from specrun.engines.base import Conflict, EngineError, Missing, Transient
from specrun.engines.parts import LISTED, NAMES
from specrun.plan.hashes import content_digest
from specrun.plan.models import (
    LATEST,
    LONGEST_MLMODEL,
    MLMODEL,
    OUTPUT_TAG,
    RUN_TAG,
    RegisteredModel,
    Registration,
    wrong_in_mlmodel,
)
from specrun.plan.resources import Place
from specrun.spec.model import ModelVersion

PAGE, PAGES = 100, 20
"""Versions in one answer, and how many answers are read where the service does not sort a run's versions out."""

AT_ONCE = 8
TRIES = 10
"""Numbers that are tried for a version, each where others are registered at that very moment."""

LONGEST = 1000
"""Characters of a tag."""

UNSEEN = ("", 0)
"""What is there where nobody can look."""

_NEWEST_FIRST = {**API, "$orderBy": "createdtime desc"}
_ALL = {"listViewType": "All"}
"""Archived versions, too."""


class ArmModels:
    """The models of one workspace; `runs` are those that they are registered of."""

    def __init__(self, connection: Connection, place: Place, runs: SdkRuns) -> None:
        self.connection = connection
        self._place = place
        self._runs = runs

    @asked
    def versions(self, model: str | None = None, most: int | None = LISTED) -> Sequence[RegisteredModel]:
        """The newest of a model, or the newest of each model, newest first: without archived ones. A request for each
        hundred; or one for each model, of the first `NAMES`, and those that list these.
        """
        if model is not None:
            query = {**_NEWEST_FIRST, "$top": str(min(most or PAGE, PAGE))}
            try:
                answer = self.connection.arm.items(f"{self._models}/{model}/versions", query, f"list {model}")
                return [_read(model, one) for one in islice(answer, most)]
            except Missing:
                return []
        found: list[RegisteredModel] = []

        def look(name: str, version: str) -> None:
            if (one := self._version(name, version)) is not None:
                found.append(one)

        run_all((partial(look, *named) for named in self._newest()), AT_ONCE)
        return sorted(found, key=lambda one: one.created or 0.0, reverse=True)

    @asked
    def find(self, wanted: ModelVersion) -> RegisteredModel:
        """One, archived ones too, with a digest of its files where they can be seen, else of what it is called and its
        address. The latest is the one that was made last, as the SDK has it, and not archived. Raises Missing.
        """
        model, what = wanted.model, f"find the model {wanted}"
        if wanted.version == LATEST:
            answer = self._get(f"/{model}/versions", {**_NEWEST_FIRST, "$top": "1"}, what)
            found = next((_read(model, one) for one in answer.get("value") or ()), None)
        else:
            found = self._version(model, wanted.version)
        if found is None:
            raise Missing(f"there is no model {wanted} in {self._place.title}")
        return replace(found, digest=self._digest(found))

    @asked
    def of_run(self, model: str, run: str, output: str) -> RegisteredModel | None:
        """The version that is an output of a run, as its tags say: one request. Archived, it is still the run's.

        Where the service does not sort them out, more pages are read, of `PAGES` at most. Raises EngineError then.
        """
        what = f"find what {model} has of {run}"
        query = {**_NEWEST_FIRST, **_ALL, "$top": str(PAGE), "tags": f"{RUN_TAG}={run}"}
        try:
            for one in self.connection.arm.items(f"{self._models}/{model}/versions", query, what, PAGES):
                if _is_of(found := _read(model, one), run, output):
                    return found
        except Missing:
            pass
        return None

    @asked
    def register(self, registration: Registration) -> RegisteredModel:
        """Register a version, or find the one that is of the same run and output. Raises Missing where the run has
        written nothing there, EngineError where it is no model of MLflow and is said to be one.

        Nobody else of specrun registers a version of the model meanwhile, as far as one may write to the workspace's
        default datastore; of others the look before and after makes sure.
        """
        model, run, output = registration.model, registration.tags[RUN_TAG], registration.tags[OUTPUT_TAG]
        if (known := self.of_run(model, run, output)) is not None:
            return known
        uri = source_of(self.connection, registration, self._runs.find(registration.source))
        self._check(registration, path_of(uri, self._place.workspace))
        with self._alone(model):
            return self.of_run(model, run, output) or self._put(registration, uri)

    @contextmanager
    def _alone(self, model: str) -> Iterator[None]:
        with ExitStack() as alone:
            try:
                lock = LOCKS + sha256(f"models/{model}".encode()).hexdigest()
                alone.enter_context(lease(self.connection.open_datastore(None), lock))
            except (Transient, Conflict, KeyRefused):
                raise
            except EngineError:  # one may not write there, or it cannot be reached from here
                pass
            yield

    def _put(self, registration: Registration, uri: str) -> RegisteredModel:
        model, run, output = registration.model, registration.tags[RUN_TAG], registration.tags[OUTPUT_TAG]
        first = self._next(model)
        for version in range(first, first + TRIES):
            found = self._version(model, str(version))
            if found is None:
                path, what = f"{self._models}/{model}/versions/{version}", f"register {model}:{version}"
                new = self.connection.arm.put(path, API, {"properties": _properties(registration, uri)}, what)
                found = self._version(model, str(version))
                if found is None:
                    raise Transient(f"{model}:{version} was registered, and is not to be seen yet", SOON)
                if not new and _is_of(found, run, output):
                    raise Conflict(
                        f"{model}:{version} is registered, but somebody else has registered another one by this number "
                        "in that very moment, which is overwritten: they are to register theirs again"
                    )
            if _is_of(found, run, output):
                return found
        raise Conflict(f"cannot register {model}: others register versions of it all the time: try again")

    def _next(self, model: str) -> int:
        """The number that the service would give the next version."""
        try:
            container = self._get(f"/{model}", API, f"find the model {model}")
        except Missing:
            return 1
        number = str((container.get("properties") or {}).get("nextVersion") or "1")
        if not number.isdecimal():
            raise EngineError(f"cannot register {model}: its next version would be {number}, which is no number")
        return int(number)

    def _check(self, registration: Registration, path: ModelPath | None) -> None:
        """What is to be registered must be there, where that can be seen."""
        model, source, output = registration.model, registration.source, registration.output
        first = self._first(path) if path is not None else UNSEEN
        if first is None:
            raise Missing(
                f"model/{model}: {source} has written nothing to its output {output}: there is nothing to register"
            )
        if registration.is_mlflow and path and first != UNSEEN and (why := self._wrong_with(path)):
            raise EngineError(registration.not_mlflow(why))

    def _wrong_with(self, path: ModelPath) -> str:
        """Why a folder is no model of MLflow; "" where it is one."""
        found = self._first(path, MLMODEL)
        if found is None or found[0] not in ("", MLMODEL):
            return "no MLmodel in it"
        if found == UNSEEN:
            return ""
        store, most = self.connection.open_datastore(path.datastore), LONGEST_MLMODEL + 1
        # Of an empty one there is no piece.
        return wrong_in_mlmodel(read_piece(store, f"{path.path}/{MLMODEL}", 0, most) if found[1] else b"")

    def _first(self, path: ModelPath, start: str = "") -> tuple[str, int] | None:
        """The first file in a folder that begins so, with its size (None: there is none); UNSEEN: nobody can look."""
        try:
            blobs = list_blobs(self.connection.open_datastore(path.datastore), f"{path.path}/{start}", FEW)
            found = next(iter(blobs), None)
        except Missing:
            return None
        except (Transient, KeyRefused):
            raise
        except EngineError:
            return UNSEEN
        return (found.name.removeprefix(f"{path.path}/"), found.size) if found is not None else None

    def _digest(self, model: RegisteredModel) -> str:
        """Of the files' names and content, as on this machine; the ETag stands for content without an MD5."""
        path = path_of(model.path, self._place.workspace)
        found: dict[str, str] = {}
        try:
            for blob in list_blobs(self.connection.open_datastore(path.datastore), path.path) if path else ():
                if path is not None and (name := path.below(blob.name)) is not None:
                    found[name] = blob.md5 or blob.etag
        except (Transient, KeyRefused):
            raise
        except EngineError:
            found.clear()
        return content_digest(found or [model.name, model.version, model.path])

    def _newest(self) -> Iterator[tuple[str, str]]:
        """The models by name, with their newest version, as far as `NAMES` go."""
        left = NAMES
        for one in self.connection.arm.items(self._models, API, "list the models"):
            version = (one.get("properties") or {}).get("latestVersion")
            if version is not None:
                yield str(one.get("name")), str(version)
                left -= 1
            if not left:
                return

    def _version(self, model: str, version: str) -> RegisteredModel | None:
        try:
            return _read(model, self._get(f"/{model}/versions/{version}", API, f"find the model {model}:{version}"))
        except Missing:
            return None

    def _get(self, rest: str, query: Mapping[str, str], what: str) -> Any:
        return self.connection.arm.get(self._models + rest, query, what)

    @property
    def _models(self) -> str:
        return f"{workspace_path(self.connection.coordinates)}/models"


def _properties(registration: Registration, uri: str) -> dict[str, Any]:
    tags = {**tags_of(registration.maker), **registration.tags}
    return {
        "modelType": registration.type,
        "modelUri": uri,
        "tags": {tag: text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…" for tag, text in tags.items()},
        "isAnonymous": False,
    }


def _read(model: str, version: Mapping[str, Any]) -> RegisteredModel:
    """A version as Azure Resource Manager has it."""
    said: Mapping[str, Any] = version.get("properties") or {}
    tags = {str(tag): str(text) for tag, text in (said.get("tags") or {}).items() if text is not None}
    return RegisteredModel(
        name=model,
        version=str(version.get("name") or ""),
        type=str(said.get("modelType") or "custom_model"),
        path=str(said.get("modelUri") or ""),
        created=seconds((version.get("systemData") or {}).get("createdAt")),
        maker=maker_in(tags),
        tags={tag: text for tag, text in tags.items() if tag not in TAGS},
    )


def _is_of(model: RegisteredModel, run: str, output: str) -> bool:
    return (model.run, model.output) == (run, output)
