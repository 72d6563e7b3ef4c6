"""What an engine has now: every resource of a graph and the runs of its specs, asked for all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from specrun.apply.calls import call_all
from specrun.engines.base import Engine, EngineError
from specrun.plan.observed import Observed, Run
from specrun.plan.resources import Graph


@dataclass(frozen=True, slots=True)
class Survey:
    """What was observed. `errors`: what could not be, by key, in words."""

    observed: Mapping[str, Observed]
    runs: Mapping[str, Sequence[Run]]
    unfinished: Sequence[Run]
    errors: Mapping[str, str]


def survey(engine: Engine, graph: Graph) -> Survey:
    """Observe everything that a plan for the graph needs."""
    resources = [resource for resource in graph.resources.values() if resource.kind != "run"]
    specs = [resource.name for resource in graph.resources.values() if resource.kind == "run"]
    works: list[tuple[str, Callable[[], object]]] = [("unfinished runs", engine.unfinished)]
    works += [(resource.key, partial(engine.observe, resource)) for resource in resources]
    works += [(f"runs of {spec}", partial(engine.runs, spec)) for spec in specs]
    results = call_all(works, engine.patience)
    errors = {
        what: str(result) for (what, _), result in zip(works, results, strict=True) if isinstance(result, EngineError)
    }
    found = {
        what: result for (what, _), result in zip(works, results, strict=True) if not isinstance(result, EngineError)
    }
    return Survey(
        {key: value for key, value in found.items() if isinstance(value, Observed)},
        {spec: _runs(found.get(f"runs of {spec}")) for spec in specs},
        _runs(found.get("unfinished runs")),
        errors,
    )


def _runs(value: object) -> Sequence[Run]:
    return value if isinstance(value, (list, tuple)) else ()
