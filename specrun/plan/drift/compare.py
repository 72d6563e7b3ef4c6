"""All that specs declare against what their places have.

Of runs, and of the environments that go with them, nothing is asked: a run happens once and cannot drift.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from specrun.plan.drift.fields import compare_fields, who_else
from specrun.plan.drift.files import Unlisted, compare_files
from specrun.plan.drift.findings import Comparison, Difference, Drift, Verdict, Way
from specrun.plan.drift.ignores import Ignores
from specrun.plan.graph import Graph
from specrun.plan.hashes import HashCache
from specrun.plan.kinds.base import Converging, Planned
from specrun.plan.kinds.data import DataTarget
from specrun.plan.kinds.environment import JobEnvironment
from specrun.plan.kinds.model import ModelRegistration
from specrun.plan.kinds.run import RunRequest
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Run, Status
from specrun.plan.planning import Past, Planning, PlanOptions, Sought, Unplanned, View
from specrun.plan.resources import Place
from specrun.plan.trials import Trial


class NoRuns:
    """Runs at which nobody looks: whether one is in the way matters to who changes something."""

    error = None

    def look_up(self, wanted: Sequence[Sought]) -> Mapping[str, Past]:
        """None of them."""
        return {}

    def newest(self, makers: Sequence[Maker]) -> Mapping[str, Past]:
        """None of them."""
        return {}

    def unfinished(self) -> Sequence[Run]:
        """None of them."""
        return ()

    def listed(self) -> Sequence[Run]:
        """None."""
        return ()

    def trials(self, sweep: str) -> Sequence[Trial]:
        """None of them."""
        return ()

    def trials_there(self, spec: str, fingerprints: Collection[str]) -> Mapping[str, Run]:
        """None of them."""
        return {}

    def unread(self, spec: str = "") -> str:
        """Nothing that would have to be said."""
        return ""


def without_runs(graph: Graph) -> Graph:
    """Those resources of a graph that can drift."""
    nothing = (RunRequest, JobEnvironment, ModelRegistration)
    ours = ((key, one) for key, one in graph.resources.items() if key not in graph.used)
    kept = {key: one for key, one in ours if not isinstance(one, nothing)}
    return replace(graph, resources=kept)


def to_look_at(graph: Graph, ignores: Ignores) -> Graph:
    """Those of them that are not ignored as a whole."""
    return replace(graph, resources={key: one for key, one in graph.resources.items() if not ignores.covers(one)})


def find_drift(
    graph: Graph,
    views: Mapping[Place, View],
    unseen: Mapping[Place, Mapping[str, str]],
    ignores: Ignores,
    home: Path,
    hashes: HashCache,
) -> Drift:
    """Each resource of a graph against what its place has.

    `unseen` says what could not be observed: the rest of such a place is compared all the same.
    """
    makers = frozenset(resource.maker for resource in graph.resources.values())
    plannings = {place: Planning(place, view, PlanOptions(), home, hashes, makers) for place, view in views.items()}
    comparisons = []
    for resource in graph.resources.values():
        if ignores.covers(resource):
            comparisons.append(Comparison(resource, Verdict.IGNORED))
            continue
        found, differences = _compared(resource, plannings.get(resource.place))
        if found.verdict is Verdict.UNSEEN and not found.said:
            errors = unseen.get(resource.place, {})
            found = replace(found, said=errors.get(resource.address, errors.get("", "")))
        comparisons.append(_judged(found, differences, ignores))
    return Drift(
        places=tuple(place for place in graph.places if place not in unseen),
        comparisons=tuple(comparisons),
        unseen=unseen,
        unfit=ignores.unfit(graph.resources.values()),
        problems=tuple(chain.from_iterable(planning.problems for planning in plannings.values())),
    )


def _compared(resource: Planned, planning: Planning | None) -> tuple[Comparison, Iterable[Difference]]:
    seen = planning.view.survey.observed.get(resource.key) if planning is not None else None
    if planning is None or seen is None:
        return Comparison(resource, Verdict.UNSEEN), ()
    if reason := _why_not(seen):
        return Comparison(resource, Verdict.NOT_COMPARED, seen=seen, said=reason), ()
    match resource:
        case DataTarget():
            try:
                differences, total = compare_files(resource, seen, planning)
            except Unplanned:
                return Comparison(resource, Verdict.UNSEEN, seen=seen, said="its source cannot be read"), ()
            except Unlisted as unlisted:
                return Comparison(resource, Verdict.NOT_COMPARED, seen=seen, said=str(unlisted)), ()
            return Comparison(resource, Verdict.AS_DECLARED, seen=seen, files=total), differences
        case Converging():
            capability = planning.capability(resource.kind)
            said = who_else(resource, seen, capability, planning.makers)
            found = Comparison(resource, Verdict.AS_DECLARED, seen=seen, said=said)
            return found, compare_fields(resource, seen, capability)
    raise AssertionError(resource)


def _why_not(seen: Observed) -> str:
    """Why what was observed cannot be compared; "" where it can."""
    match seen.status:
        case Status.UNSEEN:
            return seen.reason or seen.status.value
        case Status.CREATING:
            return "it is being made or changed just now: look again later"
    return ""


def _judged(found: Comparison, differences: Iterable[Difference], ignores: Ignores) -> Comparison:
    resource = found.resource
    ignored: list[Difference] = []
    extra: list[Difference] = []
    drifted: list[Difference] = []
    for one in differences:
        if one.path and ignores.fits(resource, one.path, is_file=one.is_file):
            ignored.append(one)
        elif one.way is Way.EXTRA and isinstance(resource, DataTarget) and not resource.prune:
            extra.append(one)
        else:
            drifted.append(one)
    verdict = Verdict.DRIFTED if drifted else found.verdict
    return replace(found, verdict=verdict, differences=tuple(drifted), ignored=tuple(ignored), extra=tuple(extra))
