"""What is known of one run on this machine, from its folder."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specrun.engines.local import request as requests
from specrun.engines.local import state
from specrun.engines.local.marks import RECORD, UNMARKED, Marks
from specrun.plan.attempts import NAME
from specrun.plan.observed import Loss, RoleStatus, Run, RunStatus, texts_in
from specrun.plan.parameters import kept_variables
from specrun.plan.private import touch_private
from specrun.plan.provenance import provenance_in
from specrun.plan.stored import Damaged, number, read_record
from specrun.spec.cost import instances_in
from specrun.spec.model import Scalar
from specrun.spec.sweep import Objective

ADOPTED = "adopted"
"""In a run's folder, a file for each spec that has taken what another one, or a sweep, has submitted."""

STATUSES = {
    state.PREPARED: RunStatus.QUEUED,
    state.QUEUED: RunStatus.QUEUED,
    state.RUNNING: RunStatus.RUNNING,
    state.SUCCEEDED: RunStatus.SUCCEEDED,
    state.FAILED: RunStatus.FAILED,
    state.CANCELLED: RunStatus.CANCELLED,
}


def read_run(folder: Path, marks: Marks) -> Run | None:
    """A run; None where there is none, or one that is made and not started."""
    match = NAME.fullmatch(folder.name)
    if match is None or not os.path.lexists(folder):
        return None
    record, damage = _record(folder, match)
    seen = state.observe(folder)
    is_free = seen.status == state.PREPARED and not state.held(folder)
    if is_free and not damage and state.read(folder).status == state.PREPARED:
        return None
    status, loss = _outcome(folder, seen, damage, marks)
    parent = str(record.get("parent", ""))
    if loss is Loss.UNMARKED:
        record, seen = {}, state.State(state.LOST, f"{UNMARKED}: {folder}")
    objective, most_trials = _sweep(record.get("sweep"))
    return Run(
        name=folder.name,
        spec=match["spec"],
        fingerprint=str(record.get("fingerprint", match["fingerprint"])),
        attempt=int(match["attempt"] or 1),
        status=status,
        reason=damage if damage and status is RunStatus.LOST else seen.reason,
        submitted=seen.submitted or number(record.get("submitted")),
        started=seen.started,
        ended=seen.ended,
        roles=tuple(_role(name, role, is_lost=status is RunStatus.LOST) for name, role in seen.roles.items()),
        failed_role=seen.failed_role,
        reads=tuple(str(key) for key in _list(record.get("reads"))),
        compute=str(record.get("compute", "")),
        loss=loss,
        repository=str(record.get("repository", "")),
        target=str(record.get("target", "")),
        adopted=tuple(spec for spec in adopted_by(str(folder)) if spec != match["spec"]),
        provenance=provenance_in(record.get("provenance")),
        file=str(record.get("file", "")),
        code=str(record.get("code", "")),
        python=str(record.get("python", "")),
        instances=instances_in(record.get("instances")),
        variables=kept_variables(record.get("variables")),
        upstream=texts_in(record.get("upstream")),
        models=texts_in(record.get("models")),
        objective=objective,
        most_trials=most_trials,
        parent=parent,
        parameters=_parameters(record.get("parameters")),
    )


def _role(name: str, role: state.RoleState, *, is_lost: bool) -> RoleStatus:
    """A role as it was noted; nobody was left to note what became of one that went on when its run was lost."""
    status = state.LOST if is_lost and role.status in ("waiting", "running") else role.status
    return RoleStatus(name, status, role.exit, role.signal, role.started, role.ended)


def adopted_by(folder: str) -> tuple[str, ...]:
    """The specs that have adopted the run in a folder."""
    try:
        with os.scandir(f"{folder}/{ADOPTED}") as specs:
            found = tuple(sorted(spec.name for spec in specs))
    except OSError:  # as a rule there is none
        return ()
    return () if os.path.islink(folder) else found  # noqa: PTH114


def _record(folder: Path, match: re.Match[str]) -> tuple[Mapping[str, object], str]:
    """What was noted of a run when it was made, and why that is lost.

    Without it a run is still known by its name: that name is taken.
    """
    file = folder / RECORD
    if folder.is_symlink() or not folder.is_dir():
        return {}, f"{folder} is not a run's folder"
    try:
        record = read_record(file)
    except FileNotFoundError:
        return {}, f"there is no {file}"
    except Damaged as error:
        return {}, str(error)
    known = (match["spec"], match["fingerprint"], int(match["attempt"] or 1))
    if (record.get("spec"), str(record.get("fingerprint"))[:10], record.get("attempt")) != known:
        return {}, f"{file} is damaged: it is not that of {folder.name}"
    return record, ""


def _outcome(folder: Path, seen: state.State, damage: str, marks: Marks) -> tuple[RunStatus, Loss | None]:
    """Where a run is, and what became of it if that is lost."""
    status = STATUSES.get(seen.status)
    if not damage and status is not None:
        return (RunStatus.LOST, Loss.UNMARKED) if status.ended and not marks.counts_run(folder) else (status, None)
    if state.held(folder):
        return RunStatus.RUNNING, None
    _end_leftovers(folder)
    if damage or seen.status != state.LOST:
        return RunStatus.LOST, Loss.DAMAGED  # that attempt; the next one has a name of its own
    return RunStatus.LOST, Loss.NEVER_STARTED if seen.started is None else Loss.NODE_LOST


def _end_leftovers(folder: Path) -> None:
    """End what is left of a run whose supervisor and guards were all killed at once; nobody can add to that later."""
    swept = folder / "swept"
    if not folder.is_symlink() and not os.path.lexists(swept):
        from specrun.engines.local import processes  # late: it loads the C library, and few runs are ever lost

        with contextlib.suppress(requests.RequestInvalid, OSError):
            processes.sweep(requests.read(folder).marker)
            touch_private(swept)


def _sweep(values: Any) -> tuple[Objective | None, int]:
    """What a sweep is about, and how many trials it has at most."""
    try:
        return Objective(str(values["goal"]), str(values["primary_metric"])), int(values["trials"])
    except (KeyError, TypeError, ValueError):  # as a rule it is none
        return None, 0


def _parameters(values: object) -> Mapping[str, Scalar]:
    known = values if isinstance(values, dict) else {}
    return {str(name): value for name, value in known.items() if isinstance(value, str | int | float | bool)}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
