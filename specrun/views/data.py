"""Plans, events and runs as JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from enum import Enum
from pathlib import Path

from specrun import __version__
from specrun.apply.events import Event, PlanReady
from specrun.plan.changes import Action, Change, Plan, ResourceChange
from specrun.plan.files import SourceFile
from specrun.plan.kinds.data import Upload
from specrun.plan.kinds.run import Adopt, Follow, RunChange, Submit
from specrun.plan.observed import Run
from specrun.plan.resources import Key, Place
from specrun.plan.transfer import Transfer
from specrun.spec.model import LocalPath, Secret
from specrun.views.diagnostics import diagnostic_data

ACTIONS: Mapping[Action, list[str]] = {
    Action.NO_OP: ["no-op"],
    Action.CREATE: ["create"],
    Action.UPDATE: ["update"],
    Action.REPLACE: ["delete", "create"],
    Action.DELETE: ["delete"],
    Action.SUBMIT: ["create"],
}
"""Terraform's words; a tool that reads its plans knows no others. `specrun_action` has our own."""


def plan_data(plan: Plan) -> dict[str, object]:
    """A plan in the shape that Terraform's tools read, with what they do not know beside it."""
    # Under the names that a plan of one place has had from the start, or a list.
    alone = len(plan.places) == 1 and not plan.unseen
    return {
        "format_version": "1.2",
        "specrun_version": __version__,
        **(_place(plan.places[0]) if alone else {"places": _places(plan)}),
        "targets": list(dict.fromkeys(name for names in plan.targets.values() for name in names)),
        "resource_changes": [_change(change, several=not alone) for change in plan.changes],
        "unplanned": [key.address for key in plan.unplanned],
        **({"left_out": plan.left_out} if plan.left_out else {}),
        "fingerprints": dict(plan.fingerprints),
        "spec_digests": dict(plan.spec_digests),
        "notes": [diagnostic_data(note) for note in plan.notes],
        "refusals": [diagnostic_data(refusal) for refusal in plan.refusals],
        "problems": [diagnostic_data(problem) for problem in plan.problems],
        "applyable": bool(plan.pending) and not plan.refusals and not plan.problems and not plan.unseen,
        "complete": not plan.unseen and not plan.unplanned,
        "errored": bool(plan.problems or plan.unseen),
    }


def _places(plan: Plan) -> list[dict[str, object]]:
    """Where the plan is for, and what could not be observed."""
    unseen = [{**_place(place), "errors": dict(errors)} for place, errors in plan.unseen.items()]
    return [*map(_place, plan.places), *unseen]


def _place(place: Place) -> dict[str, object]:
    return {"engine": place.engine, "target": place.title}


def run_data(run: Run) -> dict[str, object]:
    """A run; times are Unix seconds, the duration is in seconds. What is not known of where it comes from is null."""
    return {
        "name": run.name,
        "spec": run.spec,
        "fingerprint": run.fingerprint,
        "attempt": run.attempt,
        "status": run.status.value,
        "reason": run.reason,
        "submitted": run.submitted,
        "started": run.started,
        "ended": run.ended,
        "duration": run.duration,
        "failed_role": run.failed_role,
        "roles": [plain(role) for role in run.roles],
        "adopted_by": list(run.adopted),
        "repository": run.repository or None,
        "target": run.target or None,
        **{name: None if value == "" else value for name, value in asdict(run.provenance).items()},
    }


def event_data(event: Event) -> dict[str, object]:
    """An event, with its kind in snake case under `event`."""
    kind = "".join(f"_{char.lower()}" if char.isupper() else char for char in type(event).__name__).lstrip("_")
    if isinstance(event, PlanReady):
        return {"event": kind, "plan": plan_data(event.plan)}
    return {"event": kind, **{field.name: plain(getattr(event, field.name)) for field in fields(event)}}


def plain(value: object) -> object:
    """JSON values of anything in the core: secrets by name, enumerations by value."""
    if isinstance(value, Run):
        return run_data(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (Secret, Path, LocalPath, Key)):
        return str(value)
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def _change(change: Change, *, several: bool) -> dict[str, object]:
    resource = change.resource
    before = change.before.properties if isinstance(change, (ResourceChange, Upload)) else {}
    fields = change.fields if isinstance(change, ResourceChange) else ()
    after = resource.wanted
    if isinstance(change, Adopt):
        before, after = {"specs": change.run.specs}, {"specs": (*change.run.specs, resource.name)}
    replaced = [field.path.split(".") for field in fields if field.forces_replace]
    data: dict[str, object] = {
        "address": resource.address,
        **({"place": _place(resource.place)} if several else {}),
        "mode": "managed" if resource.managed else "data",
        "type": resource.kind,
        "name": resource.name,
        "change": {
            "actions": ACTIONS[change.action],
            "before": plain(before) or None,
            "after": None if change.action is Action.DELETE else plain(after),
            "after_unknown": {},
            **({"replace_paths": replaced} if replaced else {}),
        },
        "action_reason": change.reason,
        "specrun_action": change.action.value,
        "location": str(resource.location),
    }
    if fields:
        data["fields"] = plain(fields)
    if isinstance(change, Upload):
        data["transfer"] = _transfer(change.transfer)
        data["source_here"] = not change.resource.absent
    if isinstance(change, RunChange):
        data["run"] = {
            "name": change.submission.name,
            "fingerprint": change.fingerprint,
            "attempt": change.submission.attempt,
            "code": _files(change.submission.code),
            "code_size": sum(file.size for file in change.submission.code),
            "finds": {output.name: output.path for output in change.submission.found},
            "follows": change.run.name if isinstance(change, Follow) else None,
            "adopts": change.run.name if isinstance(change, Adopt) else None,
            "differences": list(change.differences) if isinstance(change, Submit) else [],
            "cancels": [run.name for run in change.cancel],
        }
    return data


def _transfer(transfer: Transfer) -> dict[str, object]:
    return {
        "new": _files(transfer.new),
        "changed": _files(transfer.changed),
        "unchanged": _files(transfer.unchanged),
        "extra": [{"path": path, "size": file.size} for path, file in transfer.extra.items()],
        "prune": list(transfer.prune),
    }


def _files(files: tuple[SourceFile, ...]) -> list[dict[str, object]]:
    return [{"path": file.path, "size": file.size, "md5": file.md5} for file in files]
