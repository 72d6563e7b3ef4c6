"""Drift as JSON values: where Terraform has words for it, in its words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from specrun import __version__
from specrun.plan.drift.findings import Comparison, Difference, Drift, Verdict, Way
from specrun.plan.kinds.data import DataTarget
from specrun.plan.resources import Place
from specrun.plan.shown import plain
from specrun.views.diagnostics import diagnostic_data

FORMAT = "1.0"
"""Additions raise the second number, anything else the first."""


def drift_data(drift: Drift) -> dict[str, object]:
    """The whole of it: `resource_drift` has what drifted, as Terraform has it; `resources` a line for each."""
    numbers = Counter(one.verdict for one in drift.comparisons)
    found = [difference for one in drift.comparisons for difference in one.differences]
    return {
        "format_version": FORMAT,
        "specrun_version": __version__,
        "drift": bool(numbers[Verdict.DRIFTED]),
        "complete": drift.is_complete,
        "errored": not drift.is_complete,
        "places": [*map(_place, drift.places)]
        + [{**_place(place), "errors": dict(errors)} for place, errors in drift.unseen.items()],
        "targets": list(dict.fromkeys(name for names in drift.targets.values() for name in names)),
        "summary": {
            "resources": len(drift.comparisons),
            **{verdict.name.lower(): numbers[verdict] for verdict in Verdict},
            "fields": sum(bool(one.path) and not one.is_file for one in found),
            "files": sum(one.is_file for one in found),
            "extra_files": sum(len(one.extra) for one in drift.comparisons),
            "ignored_differences": sum(len(one.ignored) for one in drift.comparisons),
        },
        "resource_drift": [_drifted(one) for one in drift.of(Verdict.DRIFTED)],
        "resources": [_line(one) for one in drift.comparisons],
        "unmatched_ignores": list(drift.unfit),
        **({"left_out": drift.left_out} if drift.left_out else {}),
        "problems": [diagnostic_data(problem) for problem in drift.problems],
    }


def _place(place: Place) -> dict[str, object]:
    return {"engine": place.engine, "target": place.title}


def _named(one: Comparison) -> dict[str, object]:
    resource = one.resource
    return {
        "address": resource.address,
        "place": _place(resource.place),
        "mode": "managed" if resource.managed else "data",
        "type": resource.kind,
        "name": resource.name,
    }


def _line(one: Comparison) -> dict[str, object]:
    more: dict[str, object] = {}
    if one.ignored:
        more["ignored"] = _differences(one.ignored)
    if one.extra:
        more["extra"] = _differences(one.extra)
    return {**_named(one), "verdict": one.verdict.value, "reason": one.said, **more}


def _drifted(one: Comparison) -> dict[str, object]:
    gone = any(found.way is Way.MISSING and not found.path for found in one.differences)
    before: Any = plain(one.resource.wanted)
    after: Any = plain(one.seen.properties) if one.seen is not None else {}
    if isinstance(one.resource, DataTarget):
        before = {**before, "files": one.files}
        after = {
            "datastore": before["datastore"],
            "target": before["target"],
            "files": len(one.seen.files) if one.seen is not None else 0,
        }
    return {
        **_named(one),
        "change": {"actions": ["delete"] if gone else ["update"], "before": before, "after": None if gone else after},
        "differences": _differences(one.differences),
        "made_by": one.said,
        "location": str(one.resource.location),
    }


def _differences(found: Sequence[Difference]) -> list[dict[str, object]]:
    return [_difference(one) for one in found]


def _difference(one: Difference) -> dict[str, object]:
    data: dict[str, object] = {
        "path": one.path,
        "of": "file" if one.is_file else "field" if one.path else "resource",
        "kind": one.way.value,
        "declared": plain(one.declared),
        "found": plain(one.found),
        "reason": one.reason,
    }
    if one.origin is not None and not one.is_file:  # of files it is one place, and there may be thousands
        place = one.origin.location
        layer = one.origin.document.part(one.origin.path).layer
        data["location"] = {"file": place.file, "line": place.line, "column": place.column, "layer": layer}
        data["declared_by_more"] = one.others
    return data
