"""Versions of registered models: with the run that each is of, and in full with all that it came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from specrun.apply.lineage import Lineage, Source, data_of
from specrun.plan.metrics import number_data
from specrun.plan.models import COMMIT_TAG, DATA_TAG, FINGERPRINT_TAG, OUTPUT_TAG, RUN_TAG, TRIAL_TAG
from specrun.plan.resources import Place
from specrun.spec.frozen import dataclass
from specrun.spec.model import Scalar
from specrun.spec.moments import rfc3339
from specrun.spec.visible import visible
from specrun.views.data import place_data
from specrun.views.run_csv import table_text
from specrun.views.runs import COLOURS, local_moment
from specrun.views.text import Paint, columns, nearby, tied, wrapped

LEAST = 20
"""Columns for names, however narrow a terminal is."""

METRICS = 4
"""Metrics that a list has of each."""

CELLS = (
    *("model", "version", "type", "created", "place", "spec", "run", "output", "trial", "fingerprint", "commit"),
    *("dirty", "data", "reads", "path"),
)
"""The columns that every version has in a table."""


@dataclass(frozen=True, slots=True)
class Row:
    """A version, where it is, and, in full, what it came from."""

    lineage: Lineage
    place: Place
    sources: Sequence[Source] | None = None

    @property
    def wrong(self) -> str:
        """Why not all of it can be told; "": it can."""
        return self.lineage.model.damaged or self.lineage.unread


def models_text(rows: Sequence[Row], paint: Paint, width: int) -> str:
    """Versions in their order: each with its run, the last values of its metrics, and below what it came from."""
    heads = [str(row.lineage.model) for row in rows]
    room = min(max(map(columns, map(visible, heads)), default=0), max(LEAST, width // 3))
    several = len({row.place for row in rows}) > 1
    return "\n".join(line for row in rows for line in _listed(row, room, paint, width, several=several))


def _listed(row: Row, room: int, paint: Paint, width: int, *, several: bool) -> Iterator[str]:
    model, lineage = row.lineage.model, row.lineage
    name, indent = visible(str(model)), " " * (room + 2)
    head = f"{paint(name, 'bold')}{' ' * (room - columns(name))}"
    if columns(name) > room:  # it has a line of its own
        yield from (paint(line, "bold") for line in wrapped(name, "", width))
        head = " " * room
    told = [local_moment(model.created) if model.created is not None else "", visible(model.run)]
    shown = [f"{visible(name)}={value:g}" for name, value in list(lineage.metrics.items())[:METRICS]]
    more = len(lineage.metrics) - len(shown)
    rest = "  ".join(filter(None, [*told, *shown, f"+{more}" if more else ""]))
    if len(indent) + columns(rest) <= width:
        yield f"{head}  {rest}".rstrip()
    else:
        yield f"{head}  {'  '.join(filter(None, told))}".rstrip()
        yield from wrapped("  ".join([*shown, *([f"+{more}"] if more else [])]), indent, width)
    said = [model.type, *_origin(lineage), row.place.title if several else ""]
    for line in wrapped(", ".join(filter(None, said)), indent, width):
        yield paint(line, "dim")
    for wrong in filter(None, (model.damaged, lineage.unread)):
        for line in wrapped(wrong, indent, width):
            yield paint(line, "yellow")


def _origin(lineage: Lineage) -> Iterator[str]:
    model, run = lineage.model, lineage.run
    if not model.run:
        yield "" if model.damaged else "not registered by specrun"
        return
    commit = model.tags.get(COMMIT_TAG, "").partition("-")
    yield f"commit {commit[0][:10]}{' (dirty)' if commit[2] else ''}" if commit[0] else ""
    if run is not None:
        yield from (f"reads {name}" for name in (*run.upstream.values(), *run.models.values(), *data_of(run)))


def model_text(row: Row, paint: Paint, width: int) -> str:
    """One version in full, with what it came from down to the data."""
    lineage = row.lineage
    model, run, tags = lineage.model, lineage.run, lineage.model.tags
    made = f"registered {local_moment(model.created)}" if model.created is not None else ""
    lines = [f"{paint(str(model), 'bold')}  {', '.join(filter(None, (visible(model.type), made)))}"]
    commit, _, dirty = tags.get(COMMIT_TAG, "").partition("-")
    of = visible(model.run) + (f"  {paint(run.status.value, COLOURS[run.status])}" if run is not None else "")
    facts = {
        "path": nearby(model.path) if model.path else "",
        "spec": visible(model.maker.spec),
        "run": of,
        "trial": visible(tags.get(TRIAL_TAG, "")),
        "output": visible(model.output),
        "fingerprint": visible(tags.get(FINGERPRINT_TAG, "")),
        "commit": visible(f"{commit}{' (dirty)' if dirty else ''}"),
        "data": visible(tags.get(DATA_TAG, "")) if run is None else "",  # else it stands with the runs that read it
    }
    lines += [tied(f"  {name:<12}", said, width) for name, said in facts.items() if said]
    if lineage.metrics:
        told = "  ".join(f"{name}={value:g}" for name, value in lineage.metrics.items())
        lines += wrapped(told, f"  {'metrics':<12} ", width, " " * 15)
    for wrong in filter(None, (model.damaged, lineage.unread)):
        lines += [paint(line, "yellow") for line in wrapped(wrong, "  ", width)]
    if not model.run and not model.damaged:
        lines.append("  specrun has not registered it: nothing is known of where it comes from")
    if row.sources:
        lines += ["  made of", *(line for one in row.sources for line in _tree(one, "    ", paint, width))]
    return "\n".join(lines)


def _tree(source: Source, indent: str, paint: Paint, width: int) -> Iterator[str]:
    run = source.run
    name = source.name if source.kind != "model" else f"model {source.name}"
    said = [f"as {source.input}" if source.input else "", run.status.value if run is not None else "", _commit(source)]
    tail = visible(", ".join(filter(None, said)))
    yield f"{indent}{visible(name)}{f'  {tail}' if tail else ''}"
    if source.unread:
        yield from (paint(line, "yellow") for line in wrapped(source.unread, f"{indent}  ", width))
    for one in source.sources:
        yield from _tree(one, f"{indent}  ", paint, width)


def _commit(source: Source) -> str:
    known = source.run.provenance if source.run is not None else None
    return (
        f"commit {known.commit[:10]}{' (dirty)' if known.dirty else ''}" if known is not None and known.commit else ""
    )


def model_data(row: Row) -> dict[str, object]:
    """A version as a JSON value; what is not known of it is null."""
    lineage = row.lineage
    model, run, tags = lineage.model, lineage.run, lineage.model.tags
    commit, _, dirty = tags.get(COMMIT_TAG, "").partition("-")
    data: dict[str, object] = {
        "model": model.name,
        "version": model.version,
        "type": model.type or None,
        "created": rfc3339(model.created),
        "place": place_data(row.place),
        "path": model.path or None,
        "spec": model.maker.spec or None,
        "run": tags.get(RUN_TAG),
        "status": run.status.value if run is not None else None,
        "output": tags.get(OUTPUT_TAG),
        "trial": tags.get(TRIAL_TAG),
        "fingerprint": tags.get(FINGERPRINT_TAG),
        "commit": commit or None,
        "dirty": bool(dirty) if commit else None,
        "data": list(data_of(run)),
        "upstream": dict(run.upstream) if run is not None else {},
        "models": dict(run.models) if run is not None else {},
        "metrics": {name: number_data(value) for name, value in lineage.metrics.items()},
        "tags": dict(tags),
        "damaged": model.damaged or None,
        "unread": lineage.unread or None,
    }
    return data if row.sources is None else {**data, "lineage": lineage_data(row)}


def lineage_data(row: Row) -> list[dict[str, object]]:
    """What a version was made of, as a JSON value."""
    return [_source_data(one) for one in row.sources or ()]


def _source_data(source: Source) -> dict[str, object]:
    run = source.run
    return {
        "kind": source.kind,
        "name": source.name,
        "input": source.input or None,
        "spec": run.spec if run is not None else None,
        "status": run.status.value if run is not None else None,
        "fingerprint": run.fingerprint if run is not None else None,
        "commit": run.provenance.commit or None if run is not None else None,
        "unread": source.unread or None,
        "sources": [_source_data(one) for one in source.sources],
    }


def models_csv(rows: Sequence[Row]) -> str:
    """Versions as CSV: `model_cells`, and a column for each metric."""
    metrics = dict.fromkeys(name for row in rows for name in row.lineage.metrics)
    cells = [[*model_cells(row).values(), *map(row.lineage.metrics.get, metrics)] for row in rows]
    return table_text([*CELLS, *(f"metrics.{name}" for name in metrics)], cells)


def model_cells(row: Row) -> dict[str, Scalar]:
    """What a table has of a version: what a list has of each, its data, and the runs and models that its run read."""
    data, run = model_data(row), row.lineage.run
    reads = (*run.upstream.values(), *run.models.values()) if run is not None else ()
    known = {**data, "place": row.place.title, "data": " ".join(row.lineage.data), "reads": " ".join(reads)}
    return {name: _scalar(known[name]) for name in CELLS}


def _scalar(value: object) -> Scalar:
    return value if value is None or isinstance(value, bool) else str(value)
