"""What an engine has now: every resource of a graph and the runs of its specs, asked for all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from specrun.apply.calls import call, call_all
from specrun.engines.base import Engine, EngineError
from specrun.plan.observed import Observed, Run, Survey
from specrun.plan.resources import Graph, cloud_inputs

RUNS = "the runs so far"


def survey(engine: Engine, graph: Graph) -> Survey:
    """Observe everything that a plan for the graph needs."""
    resources = [resource for resource in graph.resources.values() if resource.kind != "run"]
    works: list[tuple[str, Callable[[], object]]] = [(RUNS, engine.runs)]
    works += [(resource.key, partial(engine.observe, resource)) for resource in resources]
    works += [(path, partial(engine.content, path)) for path in cloud_inputs(graph)]
    results = call_all(works, engine.patience)
    errors = {
        what: str(result).removeprefix(f"{what}: ")
        for (what, _), result in zip(works, results, strict=True)
        if isinstance(result, EngineError)
    }
    found = {
        what: result for (what, _), result in zip(works, results, strict=True) if not isinstance(result, EngineError)
    }
    return Survey(
        {key: value for key, value in found.items() if isinstance(value, Observed)},
        {what: value for what, value in found.items() if isinstance(value, str)},
        _runs(found.get(RUNS)),
        errors,
    )


def identity_of(engine: Engine, name: str) -> Mapping[str, object]:
    """What a run's fingerprint was taken of; {} when nobody can say: it only explains, nothing depends on it."""
    try:
        return call(partial(engine.identity, name), engine.patience, f"what {name} was")
    except EngineError:
        return {}


def _runs(value: object) -> Sequence[Run]:
    return value if isinstance(value, (list, tuple)) else ()
