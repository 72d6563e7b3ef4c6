"""Plans, events and runs as JSON values."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields

from specrun.apply.events import Event, Finished, PlanReady
from specrun.engines.locks import Holder
from specrun.plan.changes import Action, Plan
from specrun.plan.files import SourceFile
from specrun.plan.metrics import number_data
from specrun.plan.observed import Run
from specrun.plan.resources import Key, Place
from specrun.plan.shown import Shown, ShownChange, ShownRun, plain, shown
from specrun.plan.sweeping import TrialCounts
from specrun.plan.transfer import Transfer
from specrun.plan.trials import Trial
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import Scalar
from specrun.spec.moments import rfc3339
from specrun.views.accounts import account_data
from specrun.views.costs import attempt_data, cluster_data, machine_data, plan_cost_data
from specrun.views.diagnostics import diagnostic_data
from specrun.views.runs import Surroundings
from specrun.views.trials import sweep_data, trial_data

ACTIONS: Mapping[Action, list[str]] = {
    Action.NO_OP: ["no-op"],
    Action.CREATE: ["create"],
    Action.UPDATE: ["update"],
    Action.REPLACE: ["delete", "create"],
    Action.DELETE: ["delete"],
    Action.SUBMIT: ["create"],
}
"""Terraform's words; a tool that reads its plans knows no others. `specrun_action` has our own."""

_OF_SWEEPS = ("trial", "trials")

_SECRET = re.compile(r"\$\{\{ secrets\.[^ ]+ \}\}")


def plan_data(plan: Plan | Shown) -> dict[str, object]:
    """A plan in the shape that Terraform's tools read, with what they do not know beside it."""
    plan = shown(plan)
    # Under the names that a plan of one place has had from the start, or a list.
    alone = len(plan.places) == 1 and not plan.unseen
    runs = {change.key: change.run for change in plan.changes if change.run is not None}
    return {
        "format_version": "1.2",
        "specrun_version": plan.version,
        **(_place(plan, plan.places[0]) if alone else {"places": _places(plan)}),
        "targets": list(dict.fromkeys(name for names in plan.targets.values() for name in names)),
        "resource_changes": [_change(change, runs, several=not alone) for change in plan.changes],
        "unplanned": [key.address for key in plan.unplanned],
        **({"left_out": plan.left_out} if plan.left_out else {}),
        **({"stays": list(plan.stays)} if plan.stays else {}),
        "cost": plan_cost_data(plan),
        "fingerprints": dict(plan.fingerprints),
        "spec_digests": dict(plan.spec_digests),
        "notes": [diagnostic_data(note) for note in plan.notes],
        "refusals": [diagnostic_data(refusal) for refusal in plan.refusals],
        "problems": [diagnostic_data(problem) for problem in plan.problems],
        "applyable": plan.pending and not plan.refusals and not plan.problems and not plan.unseen,
        "complete": not plan.unseen and not plan.unplanned,
        "errored": bool(plan.problems or plan.unseen),
    }


def _places(plan: Shown) -> list[dict[str, object]]:
    """Where the plan is for, and what could not be observed."""
    unseen = [{**place_data(place), "errors": dict(errors)} for place, errors in plan.unseen.items()]
    return [*(_place(plan, place) for place in plan.places), *unseen]


def _place(plan: Shown, place: Place) -> dict[str, object]:
    return {**place_data(place), **account_data(plan.accounts.get(place))}


def run_data(run: Run) -> dict[str, object]:
    """A run; moments are RFC 3339, durations in seconds: of a run that goes on `elapsed` is until now.

    What is not known of where it comes from is null.
    """
    elapsed = run.elapsed(time.time())
    return {
        "name": run.name,
        "spec": run.spec,
        "fingerprint": run.fingerprint,
        "attempt": run.attempt,
        "status": run.status.value,
        "reason": run.reason,
        "submitted": rfc3339(run.submitted),
        "started": rfc3339(run.started),
        "ended": rfc3339(run.ended),
        "duration": run.duration,
        "elapsed": None if elapsed is None else round(elapsed, 3),
        "failed_role": run.failed_role,
        "roles": [
            {**plain(role), "started": rfc3339(role.started), "ended": rfc3339(role.ended)} for role in run.roles
        ],
        "parent": run.parent or None,
        "parameters": named_data(run.parameters) if run.parent else None,
        "adopted_by": list(run.adopted),
        "file": run.file or None,
        "repository": run.repository or None,
        "target": run.target or None,
        "python": run.python or None,
        "upstream": dict(run.upstream),
        "models": dict(run.models),
        **{name: None if value == "" else value for name, value in asdict(run.provenance).items()},
    }


def around_data(around: Surroundings) -> dict[str, object]:
    """What belongs to a run and is not in it; the metrics are those of tables."""
    logged = around.logged
    return {
        "outputs": around.outputs,
        "compute": around.compute,
        "nodes": dict(around.nodes),
        "metrics": {name: number_data(last.value) for name, last in logged.main.items()},
        "params": named_data(around.params),
        "notes": list(logged.notes),
        "registered": dict(around.registered),
        "unread": dict(around.unread),
    }


def named_data(values: Mapping[str, Scalar]) -> dict[str, object]:
    """Parameters, or metrics, by name; what is no finite number is a text, as JSON has none."""
    return {name: number_data(value) if isinstance(value, float) else value for name, value in values.items()}


def place_data(place: Place) -> dict[str, object]:
    """A place, as it stands in all that programs read."""
    return {"engine": place.engine, "target": place.title}


def holder_data(holder: Holder) -> dict[str, object]:
    """Who holds a lock; null for what is not known of since when."""
    return {**asdict(holder), "since": rfc3339(holder.since or None)}


def event_data(event: Event) -> dict[str, object]:
    """An event, with its kind in snake case under `event`."""
    kind = "".join(f"_{char.lower()}" if char.isupper() else char for char in type(event).__name__).lstrip("_")
    if isinstance(event, PlanReady):
        return {"event": kind, "plan": plan_data(event.plan)}
    if isinstance(event, Finished):
        told = {one.name: _plain(getattr(event, one.name)) for one in fields(event) if one.name not in _OF_SWEEPS}
        swept = {"trial": event.trial or None, "sweep": sweep_data(event.run, event.trials)}
        return {"event": kind, **told, **(swept if event.run.is_sweep else {})}
    return {"event": kind, **{field.name: _plain(getattr(event, field.name)) for field in fields(event)}}


def _plain(value: object) -> object:
    if isinstance(value, Run):
        return run_data(value)
    if isinstance(value, Trial):
        return trial_data(value)
    if isinstance(value, Holder):
        return holder_data(value)
    if isinstance(value, Diagnostic):
        return diagnostic_data(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return plain(value)


def _change(change: ShownChange, runs: Mapping[Key, ShownRun], *, several: bool) -> dict[str, object]:
    replaced = [field.path.split(".") for field in change.fields if field.forces_replace]
    before, after = _values(change)
    data: dict[str, object] = {
        "address": change.key.address,
        **({"place": place_data(change.key.place)} if several else {}),
        "mode": "managed" if change.managed else "data",
        "type": change.kind,
        "name": change.name,
        "provider_name": f"specrun/{change.key.place.engine}",
        "change": {
            "actions": ACTIONS[change.action],
            "before": before,
            "after": after,
            "after_unknown": {},
            "before_sensitive": _sensitive(before),
            "after_sensitive": _sensitive(after),
            **({"replace_paths": replaced} if replaced else {}),
        },
        **({"action_reason": "replace_because_cannot_update"} if change.action is Action.REPLACE else {}),
        "specrun_action": change.action.value,
        "specrun_reason": change.reason,
        "location": change.location,
    }
    if change.fields:
        data["fields"] = [asdict(field) for field in change.fields]
    data |= cluster_data(change)
    if change.transfer is not None:
        data["transfer"] = _transfer(change.transfer)
        data["source_here"] = change.here
    if change.run is not None:
        data["run"] = {**_run(change.run), "cost": attempt_data(change)}
    if change.kind == "model":
        data["model"] = _model(change, runs)
    return data


def _model(change: ShownChange, runs: Mapping[Key, ShownRun]) -> dict[str, object]:
    """What is registered: the output of a run as a model, by a version once it is one."""
    model, spec, output = change.name.rsplit("/", 2)
    run = runs.get(Key(change.key.place, f"run/{spec}"))
    name = (run.follows or run.name) if run is not None else None
    return {"model": model, "version": change.version or None, "run": name, "output": output}


def _values(change: ShownChange) -> tuple[object, object]:
    """What is there before and after, None for nothing. Where nothing is done these are the same: what was asked for.

    What a spec leaves out is not changed: it is there after an update as it was before.
    """
    if change.action is Action.DELETE:
        return change.before, None
    after = _merged(change.before, change.wanted) if change.action is Action.UPDATE else change.wanted
    return change.before or (after if change.action is Action.NO_OP and not after else None), after


def _merged(before: object, after: object) -> object:
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return after
    return {**before, **{name: _merged(before.get(name), value) for name, value in after.items()}}


def _sensitive(value: object) -> object:
    """As Terraform has it: true in the place of each secret, and false for what is not there at all."""
    if value is None or isinstance(value, str):
        return isinstance(value, str) and _SECRET.fullmatch(value) is not None
    if isinstance(value, Mapping):
        return {name: found for name, item in value.items() if (found := _sensitive(item))}
    if isinstance(value, list):
        found = [_sensitive(item) for item in value]
        return found if any(found) else []
    return False


def _run(run: ShownRun) -> dict[str, object]:
    return {
        "name": run.name,
        "fingerprint": run.fingerprint,
        "attempt": run.attempt,
        "code": _files(run.code),
        "code_size": sum(file.size for file in run.code),
        "finds": dict(run.finds),
        "follows": run.follows or None,
        "adopts": run.adopts or None,
        "differences": list(run.differences),
        "cancels": list(run.cancels),
        "instances": run.processes.instances,
        "size": run.size or None,
        "runs_in": run.runs_in or None,
        "machine": machine_data(run.size),
        **({"sweep": _trials(run.trials)} if run.trials is not None else {}),
        **({"upstream": {name: asdict(one) for name, one in run.upstream.items()}} if run.upstream else {}),
        **({"models": dict(run.models)} if run.models else {}),
        **({"held": True} if run.held else {}),
    }


def _trials(counts: TrialCounts) -> dict[str, object]:
    from specrun.views.trials import planned_data  # late: few specs have a sweep

    return planned_data(counts)


def _transfer(transfer: Transfer) -> dict[str, object]:
    return {
        "new": _files(transfer.new),
        "changed": _files(transfer.changed),
        "unchanged": _files(transfer.unchanged),
        "extra": [{"path": path, "size": file.size} for path, file in transfer.extra.items()],
        "prune": list(transfer.prune),
    }


def _files(files: Iterable[SourceFile]) -> list[dict[str, object]]:
    return [{"path": file.path, "size": file.size, "md5": file.md5} for file in files]
