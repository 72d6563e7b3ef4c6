"""Versions of registered models as a table, each with what it came from: for a notebook, and for pandas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, overload

from specrun.api.run import Metrics, Run
from specrun.api.shown import PLAIN, WIDTH, moment
from specrun.apply.lineage import Lineage, lineages, sources_of
from specrun.apply.runs_of import RunsOf
from specrun.engines.base import Missing
from specrun.plan.models import RegisteredModel
from specrun.views.html import runs_html, text_html
from specrun.views.markdown_text import fenced
from specrun.views.models import Row, lineage_data, model_cells, model_data, model_text, models_text


class Model(Mapping[str, object]):
    """A version of a model as it was when it was looked at. As a mapping it is a row of a table, with the columns of
    `specrun models -o csv`: model, version, type, created, place, the run that wrote it with its spec, output,
    fingerprint and commit, what that run read, and under their own names the metrics that it logged.

    Its run is asked about once, when something of it is wanted. Every call may raise EngineError.
    """

    def __init__(self, runs: RunsOf, model: RegisteredModel) -> None:
        self._runs = runs
        self._model = model
        self._known: Lineage | None = None

    @property
    def observed(self) -> RegisteredModel:
        """All that its registry says of it."""
        return self._model

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    @property
    def version(self) -> str:
        """Its version."""
        return self._model.version

    @property
    def type(self) -> str:
        """mlflow_model, custom_model, or what the service calls it."""
        return self._model.type

    @property
    def created(self) -> datetime | None:
        """When it was registered, in UTC."""
        return moment(self._model.created)

    @property
    def path(self) -> str:
        """Where its files are: a folder of this machine, or an address."""
        return self._model.path

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags; those that begin with `specrun-` say where it comes from."""
        return self._model.tags

    @property
    def metrics(self) -> Metrics:
        """The last value of each metric of its run; of a sweep's of that of its best trial."""
        return Metrics(self._lineage.metrics)

    @property
    def run(self) -> Run:
        """The run that wrote it, or the sweep. Raises Missing where that is gone, and of what specrun has not
        registered.
        """
        if not self._model.run:
            raise Missing(f"{self._model} is of no run that specrun knows: something else has registered it")
        found = self._runs.engine.run(self._model.run)
        return Run(RunsOf(found.maker, self._runs.engine, self._runs.home, found.file, found), found)

    @property
    def lineage(self) -> Sequence[Mapping[str, Any]]:
        """What it was made of, down to the data, as `data` has it: runs, models and data with their own `sources`."""
        return lineage_data(self._in_full())

    def data(self) -> Mapping[str, object]:
        """The same as `specrun models -o json NAME:VERSION` has it."""
        return model_data(self._in_full())

    def row(self) -> dict[str, object]:
        """The row of a table that it is; a field counts before a metric of its name."""
        cells = model_cells(Row(self._lineage, self._runs.engine.place))
        return {**self._lineage.metrics, **cells, "created": self.created}

    def __getitem__(self, key: str) -> object:
        return self.row()[key]

    def __iter__(self) -> Iterator[str]:
        row = self.row()
        return iter([*(name for name in row if name not in self._lineage.metrics), *self._lineage.metrics])

    def __len__(self) -> int:
        return len(self.row())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and (str(self._model), self._runs.where) == (
            str(other._model),
            other._runs.where,
        )

    def __hash__(self) -> int:
        return hash((str(self._model), self._runs.where))

    def __repr__(self) -> str:
        return model_text(self._in_full(), PLAIN, WIDTH)

    def _repr_html_(self) -> str:
        return text_html(repr(self))

    def _repr_markdown_(self) -> str:
        return fenced(repr(self), "text")

    @property
    def _lineage(self) -> Lineage:
        if self._known is None:
            (self._known,) = lineages(self._runs.engine, [self._model])
        return self._known

    def _in_full(self) -> Row:
        engine = self._runs.engine
        return Row(self._lineage, engine.place, sources_of(engine, self._model))


class Models(Sequence[Model]):
    """Versions of models in an order. `pandas.DataFrame` takes them: a row for each, with a column for each metric."""

    def __init__(self, models: Iterable[Model], notes: Iterable[str] = ()) -> None:
        self._models = tuple(models)
        self._notes = tuple(notes)

    @property
    def notes(self) -> Sequence[str]:
        """What was left out where they were looked for, and of which of them not all can be told."""
        return [*self._notes, *(f"{row.lineage.model}: {why}" for row in self._read() if (why := row.wrong))]

    def rows(self) -> list[dict[str, object]]:
        """The versions as rows, each with the columns that it has; the runs of all are read together."""
        self._read()
        return [dict(one) for one in self._models]

    def data(self) -> Sequence[Mapping[str, object]]:
        """The same as `specrun models -o json` has it: without what each was made of."""
        return [model_data(row) for row in self._read()]

    def _read(self) -> list[Row]:
        """What is known of each, of those of a place at once."""
        wanted: dict[tuple[object, ...], list[Model]] = {}
        for one in self._models:
            if one._known is None:
                wanted.setdefault(one._runs.where, []).append(one)
        for several in wanted.values():
            known = lineages(several[0]._runs.engine, [one._model for one in several])
            for one, lineage in zip(several, known, strict=True):
                one._known = lineage
        return [Row(one._lineage, one._runs.engine.place) for one in self._models]

    @overload
    def __getitem__(self, index: int) -> Model: ...

    @overload
    def __getitem__(self, index: slice) -> Models: ...

    def __getitem__(self, index: int | slice) -> Model | Models:
        return Models(self._models[index], self._notes) if isinstance(index, slice) else self._models[index]

    def __len__(self) -> int:
        return len(self._models)

    def __repr__(self) -> str:
        return "\n".join([models_text(self._read(), PLAIN, WIDTH) or "no models yet", *self._notes])

    def _repr_html_(self) -> str:
        rows = self.rows()
        hidden = {"fingerprint", "path", *(["place"] if len({row["place"] for row in rows}) < 2 else [])}
        there = {name for row in rows for name, value in row.items() if value not in (None, "", False)} - hidden
        names = dict.fromkeys(name for row in rows for name in row if name in there)
        shown = [{**row, "created": _shown(row["created"])} for row in rows]
        return runs_html([*names], shown, self.notes) if rows else text_html(repr(self))

    def _repr_markdown_(self) -> str:
        return fenced(repr(self), "text")


def _shown(when: object) -> object:
    return f"{when.astimezone():%Y-%m-%d %H:%M}" if isinstance(when, datetime) else when
