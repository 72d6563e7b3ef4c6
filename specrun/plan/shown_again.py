"""A saved plan as it was first shown.

All of it is read from the contents that are compared when the plan is applied: what will be, what was there, files,
attempts. What is words only, and counts for nothing, are reasons, differences from an earlier run, and places in specs;
and what stands under `said`: notes, the version of specrun, how the specs were chosen, and what all costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from specrun import __version__
from specrun.plan.changes import Action, FieldChange, Plan
from specrun.plan.costs import Standing
from specrun.plan.files import SourceFile
from specrun.plan.observed import StoredFile
from specrun.plan.portable import seen_from
from specrun.plan.resources import Key, Place, Resource
from specrun.plan.shown import Shown, ShownChange, ShownRun, ShownUpstream, adopted, before_of, names_of
from specrun.plan.sweeping import TrialCounts
from specrun.plan.transfer import Transfer
from specrun.spec.codes import said_before
from specrun.spec.cost import Cost, Instances
from specrun.spec.diagnostics import Diagnostic, Location, Severity
from specrun.spec.processes import Processes


def said_of(plan: Plan, changed_since: Mapping[str, object] | None) -> dict[str, object]:
    """What is shown of a plan and never compared."""
    return {
        "version": __version__,
        "notes": [_note(note) for note in plan.notes],
        **({"warnings": [_note(one) for one in plan.warnings]} if plan.warnings else {}),
        **({} if changed_since is None else {"changed_since": changed_since}),
        **({"costs": costs} if (costs := _costs(plan)) else {}),
    }


_STANDING = ("before", "after", "full_before", "full")


def _costs(plan: Plan) -> list[dict[str, object]]:
    """What is known of each change that costs something: of a run, or in a month, before and after it."""
    known = []
    for change in plan.changes:
        run, standing = plan.costs.runs.get(change.key), plan.costs.clusters.get(change.key)
        told = {"run": run}
        told |= {name: getattr(standing, name) for name in _STANDING} if standing is not None else {}
        if said := {name: _cost(cost) for name, cost in told.items() if cost is not None}:
            known.append({"place": plan.places.index(change.key.place), "key": change.key.address, **said})
    return known


def _cost(cost: Cost) -> dict[str, object]:
    on = cost.instances
    by = {"currency": cost.currency, "updated": cost.updated} if cost.currency else {}
    priced = {"hour": f"{cost.hour:f}", "bound": cost.bound} if cost.hour is not None else {}
    trials = {"trials": cost.trials, "at_once": cost.at_once} if cost.trials is not None else {}
    return {**asdict(on), "seconds": cost.seconds, **by, **priced, **trials}


def _cost_again(item: Mapping[str, Any] | None) -> Cost | None:
    if item is None:
        return None
    from decimal import Decimal  # late: few plans have something to pay

    on = Instances(item["size"], item["count"], item["tier"], item["region"])
    hour = Decimal(item["hour"]) if "hour" in item else None
    by = (item.get("currency", ""), item.get("updated", ""), item.get("bound", False))
    return Cost(on, item["seconds"], hour, *by, item.get("trials"), item.get("at_once", 1))


def _standing_again(item: Mapping[str, Any]) -> Standing | None:
    costs = [_cost_again(item.get(name)) for name in _STANDING]
    return Standing(*costs) if any(cost is not None for cost in costs) else None


def location_of(location: Location) -> str:
    """A place in a spec as it is shown; one that lies elsewhere as a saved plan has it: it tells nobody's name."""
    return str(replace(location, file=_from_here(location.file)))


def links_of(resource: Resource) -> dict[str, object]:
    """What a resource stands in a plan with: what it needs and, where they are several, which specs ask for it."""
    names = names_of(resource.origins)
    needs = [key.address for key in resource.needs]
    return {"needs": needs, **({"declared_by": names} if len(names) > 1 else {})}


def _from_here(file: str) -> str:
    return seen_from(str(Path.cwd()), file) if file.startswith(("/", "..")) else file


def _note(note: Diagnostic) -> dict[str, object]:
    return {
        "severity": note.severity,
        "code": note.code,
        "summary": note.summary,
        "detail": note.detail,
        "path": note.path,
        "places": [{**asdict(at), "file": _from_here(at.file)} for at in (note.location, *note.others)],
        "specs": note.specs,
    }


def shown_again(content: Mapping[str, Any]) -> Shown:
    """What is shown of a saved plan: what stands in its contents, as the schema of saved plans has it."""
    places = [Place(at["engine"], at["workspace"], at["title"]) for at in content["places"]]
    costs = {(item["place"], item["key"]): item for item in content["said"].get("costs", ())}
    return Shown(
        places=places,
        targets={place: at["targets"] for place, at in zip(places, content["places"], strict=True)},
        changes=[
            _change_again(item, places, costs.get((item["place"], item["key"]), {})) for item in content["changes"]
        ],
        spec_digests=content["spec_digests"],
        fingerprints=content["fingerprints"],
        left_out=content["left_out"],
        notes=[_diagnostic(note) for note in content["said"]["notes"]],
        warnings=[_diagnostic(one) for one in content["said"].get("warnings", ())],
        version=content["said"]["version"],
    )


def _change_again(item: Mapping[str, Any], places: Sequence[Place], costs: Mapping[str, Any]) -> ShownChange:
    action, address, wanted = Action(item["action"]), item["key"], item["wanted"]
    before: Mapping[str, Any] = {}
    if "before" in item:
        status = "" if "transfer" in item else item["before"]["status"]
        before = before_of(action, address, status, item["before"]["properties"], wanted)
    elif "specs" in item:
        before, wanted = adopted(item["specs"], item["name"])
    return ShownChange(
        key=Key(places[item["place"]], address),
        action=action,
        reason=item["reason"],
        name=item["name"],
        managed=item["managed"],
        origin=item["location"],
        before=before,
        wanted=wanted,
        fields=[FieldChange(**one) for one in item.get("fields", ())],
        transfer=_transfer(item["transfer"]) if "transfer" in item else None,
        here=item.get("here", True),
        run=_run_again(item, _cost_again(costs.get("run"))) if "submission" in item else None,
        owners=item.get("declared_by") or [item.get("maker", {}).get("spec") or item["name"]],
        needs=item.get("needs", ()),
        standing=_standing_again(costs),
        version=item.get("version", ""),
    )


def _run_again(item: Mapping[str, Any], cost: Cost | None) -> ShownRun:
    submission = item["submission"]
    run = item.get("follow", {}).get("name", "")
    return ShownRun(
        submission["name"],
        submission["fingerprint"],
        submission["attempt"],
        Processes(**submission["processes"]),
        _files(submission["code"]),
        submission["finds"],
        follows=run,
        adopts=run if "specs" in item else "",
        differences=item.get("differences", ()),
        cancels=[one["name"] for one in item["cancel"]],
        size=item.get("size", ""),
        cost=cost,
        trials=TrialCounts(**item["trials"]) if "trials" in item else None,
        upstream={name: ShownUpstream(**one) for name, one in submission.get("upstream", {}).items()},
        models=submission.get("models", {}),
        held=item.get("held", False),
    )


def _transfer(values: Mapping[str, Any]) -> Transfer:
    extra = {path: StoredFile(file["size"], file["md5"]) for path, file in values["extra"].items()}
    new, changed, unchanged = (_files(values[name]) for name in ("new", "changed", "unchanged"))
    return Transfer(new, changed, unchanged, extra, tuple(values["prune"]))


def _files(values: Sequence[Mapping[str, Any]]) -> tuple[SourceFile, ...]:
    return tuple(SourceFile(**{**file, "source": Path(file["source"])}) for file in values)


def _diagnostic(values: Mapping[str, Any]) -> Diagnostic:
    places = [Location(**one) for one in values["places"]]
    said = (values["code"], values["summary"], values["detail"], tuple(values["path"]))
    return said_before(*said, places, Severity(values["severity"]), values["specs"])
