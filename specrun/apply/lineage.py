"""What became a model, and of what: the run, what that has logged, and all that it read, down to the data."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import Any, TypeVar

from specrun.apply.runs_of import RunsOf
from specrun.engines.base import EngineError, Missing
from specrun.engines.calls import Read, read_all
from specrun.engines.parts import LISTED, Models
from specrun.engines.reliable import Reliable
from specrun.plan.metrics import Logged
from specrun.plan.models import LATEST, TRIAL_TAG, RegisteredModel
from specrun.plan.observed import Run, RunStatus
from specrun.spec.expressions import OPEN
from specrun.spec.frozen import dataclass
from specrun.spec.model import ModelVersion
from specrun.spec.unchecked import values_of
from specrun.spec.visible import visible

T = TypeVar("T")

REGISTERED = 8
"""Outputs of a run of which it is asked whether they are registered."""

TOLD = 5
"""Models that are told where another one was asked for."""

MOST = 100
"""Runs and models that are asked for to tell what one model came from."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """A version of a model with its run, where that can be told (`unread`: why not), and what that has logged last."""

    model: RegisteredModel
    run: Run | None = None
    unread: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def data(self) -> tuple[str, ...]:
        """The data that the run read, of which no more is known than its address."""
        return data_of(self.run)


@dataclass(frozen=True, slots=True)
class Source:
    """What something was made of: a run, a version of a model or data (`kind`), and by which `input` it was read.

    `unread` says why it cannot be told what that was made of itself.
    """

    kind: str
    name: str
    input: str = ""
    run: Run | None = None
    unread: str = ""
    sources: tuple[Source, ...] = ()


def data_of(run: Run | None) -> tuple[str, ...]:
    """The addresses of data among what a run reads."""
    return tuple(one for one in run.reads if one.startswith("data/")) if run is not None else ()


def versions_of(engine: Reliable, model: str | None, most: int | None = LISTED) -> Sequence[RegisteredModel]:
    """The newest versions of a model (`most`; None: all), or the newest of each, newest first. Raises EngineError."""
    what = "the models" if model is None else f"the versions of {model}"
    nothing: Sequence[RegisteredModel] = ()
    return _one(engine.models(what, lambda models: models.versions(model, most), nothing))


def version_of(engine: Reliable, wanted: ModelVersion) -> RegisteredModel | None:
    """A version of a model, or its latest; of those that are listed if it is one. Raises EngineError."""
    listed = versions_of(engine, wanted.model)
    found = next((one for one in listed if wanted.version in (LATEST, one.version)), None)
    return found or _one(engine.find_model(wanted))


def not_there(engines: Iterable[Reliable], wanted: str) -> str:
    """That there is no such model, or no such version of it, and what there is instead. Raises EngineError."""
    name, _, version = wanted.partition(":")
    engines = list(engines)
    titles = " nor ".join(dict.fromkeys(f"on {engine.place.title}" for engine in engines))
    found = [str(one) for engine in engines for one in versions_of(engine, name)] if version else []
    found = found or sorted({one.name for engine in engines for one in versions_of(engine, None)})
    told = ", ".join(map(visible, found[:TOLD])) or "none"
    more = f" and {len(found) - TOLD} more" if TOLD < len(found) < LISTED else " and more" if len(found) > TOLD else ""
    return f"there is no model {visible(wanted)} {titles}: there {'is' if len(found) < 2 else 'are'} {told}{more}"


def registered_of(runs: RunsOf, run: Run, unread: dict[str, str]) -> dict[str, RegisteredModel]:
    """The versions that a run's outputs are, by the output: of those outputs that its spec registers now, a request for
    each. What cannot be read is noted.
    """
    if run.status is not RunStatus.SUCCEEDED:
        return {}
    wanted = list(_registrations(runs.file or run.file, run.target))[:REGISTERED]
    works = [partial(_of_run, model, run.name, output) for output, model in wanted]
    reads = [
        runs.engine.models(f"the versions of {model}", work, None)
        for work, (_, model) in zip(works, wanted, strict=True)
    ]
    found: dict[str, RegisteredModel] = {}
    for (output, model), version in zip(wanted, read_all(reads), strict=True):
        if isinstance(version, EngineError):
            unread[f"model {model}"] = str(version)
        elif version is not None:
            found[output] = version
    return found


def lineages(engine: Reliable, models: Sequence[RegisteredModel]) -> list[Lineage]:
    """The same with their runs: what is not to be read of one hides nothing of the others."""
    known = {one.run: one.tags.get(TRIAL_TAG, one.run) for one in models if one.run}
    runs = dict(zip(known, read_all(_looking(engine, name) for name in known), strict=True))
    there = [name for name, run in runs.items() if isinstance(run, Run)]
    logged = dict(zip(there, read_all(engine.logging(known[name]) for name in there), strict=True))
    return [_lineage(one, runs.get(one.run), logged.get(one.run)) for one in models]


def sources_of(engine: Reliable, model: RegisteredModel) -> tuple[Source, ...]:
    """What a version of a model was made of, down to the data; of what was asked for `MOST` are."""
    return _Tracing(engine).of_model(model)


class _Tracing:
    def __init__(self, engine: Reliable) -> None:
        self._engine = engine
        self._left = MOST
        self._above: list[str] = []

    def of_model(self, model: RegisteredModel) -> tuple[Source, ...]:
        if model.damaged or not model.run:
            return ()
        return (self._run(model.tags.get(TRIAL_TAG, model.run), ""),)

    def _run(self, name: str, read_by: str) -> Source:
        if why := self._not_asked(name):
            return Source("run", name, read_by, unread=why)
        run = _one_or_error(_looking(self._engine, name))
        if not isinstance(run, Run):
            return Source("run", name, read_by, unread=_why(run, name))
        self._above.append(name)
        sources = [
            *(self._run(upstream, at) for at, upstream in run.upstream.items()),
            *(self._model(version, at) for at, version in run.models.items()),
            *(Source("data", address) for address in data_of(run)),
        ]
        self._above.pop()
        return Source("run", name, read_by, run, sources=tuple(sources))

    def _model(self, named: str, read_by: str) -> Source:
        if why := self._not_asked(named):
            return Source("model", named, read_by, unread=why)
        model, _, version = named.rpartition(":")
        try:
            found = version_of(self._engine, ModelVersion(model, version))
        except EngineError as error:
            return Source("model", named, read_by, unread=str(error))
        if found is None:
            return Source("model", named, read_by, unread="it is gone")
        self._above.append(named)
        sources = self.of_model(found)
        self._above.pop()
        return Source("model", named, read_by, unread=found.damaged, sources=sources)

    def _not_asked(self, name: str) -> str:
        self._left -= 1
        if name in self._above:
            return "it is named above"
        return f"more than {MOST} runs and models: not looked at" if self._left < 0 else ""


def _of_run(model: str, run: str, output: str, models: Models) -> RegisteredModel | None:
    return models.of_run(model, run, output)


def _registrations(file: str, target: str) -> Iterator[tuple[str, str]]:
    """The outputs that a spec registers, with their models, as far as its file says it in plain text."""
    if not os.path.isfile(file):  # noqa: PTH113
        return
    options: dict[str, Any] = {"variables": {}, "engine": None, "inputs": {}, "environment": None}
    for values in values_of(**options, allow_outside=(), target=target or None, var_files=())(file):
        job = values.get("job")
        outputs = job.get("outputs") if isinstance(job, Mapping) else None
        for name, output in outputs.items() if isinstance(outputs, Mapping) else ():
            said = output.get("register") if isinstance(output, Mapping) else None
            model = said.get("name") if isinstance(said, Mapping) else None
            if isinstance(model, str) and OPEN not in model:
                yield str(name), model


def _lineage(model: RegisteredModel, run: Run | EngineError | None, logged: Logged | EngineError | None) -> Lineage:
    if not isinstance(run, Run):
        return Lineage(model, unread=_why(run, model.run) if run is not None else "")
    if not isinstance(logged, Logged):
        return Lineage(model, run)
    return Lineage(model, run, metrics={name: last.value for name, last in logged.main.items()})


def _looking(engine: Reliable, name: str) -> Read[Run]:
    return engine.looking(name, lambda runs: runs.get(name))


def _why(error: EngineError | None, name: str) -> str:
    return f"{name} is gone" if isinstance(error, Missing) else f"{name} cannot be read: {error}"


def _one(read: Read[T]) -> T:
    found = _one_or_error(read)
    if isinstance(found, EngineError):
        raise found
    return found


def _one_or_error(read: Read[T]) -> T | EngineError:
    return read_all([read])[0]
