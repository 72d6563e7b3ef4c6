"""What an engine has now: every resource of a graph and the runs of its specs, asked for all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from specrun.apply.calls import call, call_all
from specrun.engines.base import Engine, EngineError
from specrun.plan.observed import Observed, Run
from specrun.plan.resources import Graph

RUNS = "the runs so far"


@dataclass(frozen=True, slots=True)
class Survey:
    """What was observed: each resource by key, and all runs, newest first. `errors`: what could not be, in words."""

    observed: Mapping[str, Observed]
    runs: Sequence[Run]
    errors: Mapping[str, str]


def survey(engine: Engine, graph: Graph) -> Survey:
    """Observe everything that a plan for the graph needs."""
    resources = [resource for resource in graph.resources.values() if resource.kind != "run"]
    works: list[tuple[str, Callable[[], object]]] = [(RUNS, engine.runs)]
    works += [(resource.key, partial(engine.observe, resource)) for resource in resources]
    results = call_all(works, engine.patience)
    errors = {
        what: str(result) for (what, _), result in zip(works, results, strict=True) if isinstance(result, EngineError)
    }
    found = {
        what: result for (what, _), result in zip(works, results, strict=True) if not isinstance(result, EngineError)
    }
    return Survey(
        {key: value for key, value in found.items() if isinstance(value, Observed)},
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
