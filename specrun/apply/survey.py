"""What the places have now: every resource of a graph and all runs, asked for together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specrun.engines.base import EngineError
from specrun.engines.reliable import Read, Reliable, read_all
from specrun.plan.graph import Graph, cloud_inputs
from specrun.plan.kinds.run import RunRequest
from specrun.plan.observed import Observed, Run, Survey
from specrun.plan.resources import Key, Place

RUNS = "the runs so far"


def survey(engines: Mapping[Place, Reliable], graph: Graph) -> Mapping[Place, Survey]:
    """Observe everything that a plan for the graph needs in the places of the engines.

    One that cannot be reached has errors, which the others do not mind.
    """
    reads: list[tuple[Place, Key | str, Read[Observed] | Read[str] | Read[Sequence[Run]]]] = []
    for place, engine in engines.items():
        resources = graph.in_place(place)
        reads.append((place, RUNS, engine.listing()))
        reads += [(place, r.key, engine.observation(r)) for r in resources if not isinstance(r, RunRequest)]
        reads += [(place, path, engine.content(path)) for path in cloud_inputs(resources)]
    results = read_all(read for _, _, read in reads)  # type: ignore[misc]
    found: dict[Place, list[tuple[Key | str, object]]] = {place: [] for place in engines}
    for (place, what, _), result in zip(reads, results, strict=True):
        found[place].append((what, result))
    return {place: _survey(answers) for place, answers in found.items()}


def _survey(answers: Sequence[tuple[Key | str, object]]) -> Survey:
    observed: dict[Key, Observed] = {}
    contents: dict[str, str] = {}
    runs: Sequence[Run] = ()
    errors: dict[str, str] = {}
    for what, answer in answers:
        match what, answer:
            case _, EngineError():
                errors[str(what)] = str(answer).removeprefix(f"{what}: ")
            case Key() as key, Observed() as seen:
                observed[key] = seen
            case str(path), str(content):
                contents[path] = content
            case _, Sequence() as found:
                runs = found
    return Survey(observed, contents, runs, errors)
