"""One run as a page shows it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence

from specrun.apply.failures import Failure, failure_of
from specrun.apply.lineage import registered_of
from specrun.engines.base import EngineError
from specrun.plan.observed import Run
from specrun.spec.secrets import hide
from specrun.spec.wording import command, file_word
from specrun.ui.details import Details
from specrun.ui.runs import Catalog, Entry
from specrun.ui.values import json_number
from specrun.views.data import run_data

KEPT = 200
"""Runs of which it is kept why they failed, where a person finds them, and what they are registered as."""


class RunPages:
    """The values of single runs."""

    def __init__(self, catalog: Catalog, details: Details) -> None:
        self._catalog = catalog
        self._details = details
        self._ended: dict[str, tuple[Failure, str]] = {}
        self._registered: dict[str, Sequence[Mapping[str, object]]] = {}

    def of(self, name: str) -> dict[str, object]:
        """A run as it is now. Raises Refused and EngineError."""
        entry = self._catalog.with_before(name)
        self._details.want([entry], soon=True)
        run, place = entry.run, entry.place.engine.place
        failure, address = self._around(entry)
        detail = self._details.of(entry)
        data = run_data(run)
        own = self._catalog.own_paths(entry)
        return {
            "run": data,
            "elapsed": data["elapsed"],
            "why": run.why,
            "hint": hide(failure.hint),
            "last_lines": [{"role": line.role, "text": own(hide(line.text))} for line in failure.lines],
            "params": {key: json_number(value) for key, value in detail.params.items()},
            "changes": list(detail.changes),
            "cost": self._details.cost_text(entry, time.time()),
            "spec": run.spec,
            "place": place.title,
            "engine": place.engine,
            "link": address if address.startswith("https://") else None,
            "outputs_at": address or None,
            "commands": commands(entry),
            "trials": run.most_trials if run.is_sweep else None,
            "sweep": run.parent or None,
            "previous": entry.before.name if entry.before is not None else None,
            "attempts": [_attempt(one) for one in self._attempts(run)],
            "roles": data["roles"],
            "can": self._can(entry),
        }

    def models(self, name: str) -> dict[str, object]:
        """The versions of models that a run's outputs are; what is one stays one. Raises Refused and EngineError."""
        unread: dict[str, str] = {}
        if name not in self._registered:
            entry = self._catalog.now(name)
            found = [
                {"output": output, "model": one.name, "version": one.version, "type": one.type, "path": one.path}
                for output, one in registered_of(entry.source, entry.run, unread).items()
            ]
            if not found or unread:
                return {"models": found, "unread": unread}
            while len(self._registered) >= KEPT:
                self._registered.pop(next(iter(self._registered)))
            self._registered[name] = found
        return {"models": self._registered[name], "unread": unread}

    def _around(self, entry: Entry) -> tuple[Failure, str]:
        """Why it failed, and where a person finds what it wrote: asked once of a run that has ended."""
        run, engine = entry.run, entry.place.engine
        if run.name in self._ended:
            return self._ended[run.name]
        if not run.status.ended and not entry.place.is_here:
            return Failure(), ""
        try:
            found = (failure_of(engine, run), engine.address(run.name))
        except EngineError as error:
            return Failure(unread=str(error)), ""
        if run.status.ended:
            while len(self._ended) >= KEPT:
                self._ended.pop(next(iter(self._ended)))
            self._ended[run.name] = found
        return found

    def _attempts(self, run: Run) -> list[Run]:
        entries = self._catalog.entries(again=not run.status.ended)
        same = [one.run for one in entries if one.run.fingerprint == run.fingerprint]
        alike = {one.name: one for one in same if one.spec == run.spec} | {run.name: run}
        return sorted(alike.values(), key=lambda one: one.attempt)

    def _can(self, entry: Entry) -> Mapping[str, object]:
        """What may be done with it from here."""
        run = entry.run
        not_own = entry.source.not_own(run) if entry.source.maker else ""
        why = not_again(entry)
        return {"cancel": not (run.status.ended or not_own), "cancel_not": not_own, "rerun": not why, "rerun_not": why}


def not_again(entry: Entry) -> str:
    """Why a run cannot be run again from here; "" if it may be tried."""
    run, file = entry.run, file_of(entry)
    if not run.status.ended:
        return "it goes on"
    if run.parent:
        return f"it is a trial of {run.parent}: that one, run again, runs its trials again that failed"
    if entry.source.maker and (why := entry.source.not_own(run)):
        return why
    if not file:
        return "nobody knows here in which file its spec stands"
    if not os.path.isfile(file):  # noqa: PTH113
        return f"its spec is gone: {file}"
    return ""


def file_of(entry: Entry) -> str:
    """The file of a run's spec; "" where that is not known."""
    return entry.source.file if entry.source.maker else entry.run.file


def commands(entry: Entry) -> Mapping[str, str]:
    """What does the same in a shell."""
    run, file = entry.run, file_of(entry)
    there = [] if entry.place.is_here or not file else [file_word(os.path.relpath(file)), "--run"]
    about = {
        "follow": ("logs", "--follow"),
        "cancel": ("cancel",),
        "status": ("status",),
        "outputs": ("outputs", *(["--best"] if run.is_sweep else []), "--fetch", "outputs"),
        "checkout": ("checkout",),
        "diff": ("diff",),
    }
    made = {name: command("specrun", verb, *options, *there, run.name) for name, (verb, *options) in about.items()}
    return made | {"checkout": f"{made['checkout']} {command(run.name)}"}


def alike(value: object) -> object:
    """The value without what changes as time goes by."""
    assert isinstance(value, dict)
    return {**value, "elapsed": None, "cost": None, "run": {**value["run"], "elapsed": None}}


def _attempt(run: Run) -> Mapping[str, object]:
    data = run_data(run)
    return {name: data[name] for name in ("name", "status", "reason", "submitted", "started", "ended")}
