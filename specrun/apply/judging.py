"""The rules of repositories that a spec alone does not decide: judged by what a plan has seen of its place."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from specrun.plan.changes import Plan, ResourceChange
from specrun.plan.observed import Observed
from specrun.plan.resources import Key, Place, workspace_key
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.layers.specs import under_targets
from specrun.spec.model import Spec
from specrun.spec.repository_file import RepositoryFiles
from specrun.spec.repository_rules.case import Case, Seen
from specrun.spec.repository_rules.judge import judged_by_plan
from specrun.spec.source import Document


def judged(
    plan: Plan, specs: Sequence[Spec], places: Mapping[str, Place], repositories: RepositoryFiles, engine: str | None
) -> tuple[Sequence[Diagnostic], Sequence[Diagnostic]]:
    """What the specs of a plan break by what is there of them, and what still cannot be judged.

    `engine` is what the command line says. Of a place that could not be seen nothing is said.
    """
    today = time.strftime("%Y-%m-%d")
    before = {one.key: one.before for one in plan.changes if isinstance(one, ResourceChange)}
    broken: list[tuple[Document, Sequence[Diagnostic]]] = []
    notes: list[tuple[Document, Sequence[Diagnostic]]] = []
    for spec in specs:
        repository, place = repositories.of(spec.document.file), places[str(spec.file)]
        if repository.rules is None or place not in plan.places:
            continue
        cluster = before.get(Key(place, f"compute/{spec.cluster_name}"))
        if spec.cluster_name and cluster is None:
            continue  # it was left out, with all that would run there
        workspace = next((before[key] for key in workspace_key(spec, place) if key in before), None)
        case = Case(spec, engine or spec.engine or place.engine, repository.prices, _seen(cluster, workspace))
        verdict = judged_by_plan(case, repository.rules, today)
        broken.append((spec.document, verdict.broken))
        notes.append((spec.document, verdict.notes))
    return under_targets(broken), under_targets(notes)


def _seen(cluster: Observed | None, workspace: Observed | None) -> Seen:
    return Seen(*(None if one is None else {**one.properties, **one.facts} for one in (cluster, workspace)))
