"""This machine as a place for specs: applied, destroyed, and asked what came of it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from specrun.apply.events import LogLines, OperationSettled
from specrun.apply.project import Project, open_project
from specrun.apply.walk import Outcome
from specrun.engines.base import Scope
from specrun.engines.local.engine import LocalEngine
from specrun.engines.local.stores import target_folder
from specrun.engines.registry import find_place
from specrun.plan.changes import Change, Plan
from specrun.plan.hashes import HashCache
from specrun.plan.planning import PlanOptions
from specrun.plan.submission import Submission
from specrun.spec.model import Spec
from tests.engine_double import change_of

ADDRESS = "data/default/digits"


class Machine:
    """This machine, with a home of its own, and specs applied to it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.engine = LocalEngine(find_place("local", None), home, HashCache(home), Scope())
        self.events: list[object] = []

    def plan(self, *specs: Spec) -> Plan:
        plan = self._project(*specs).plan(PlanOptions())
        assert (plan.unseen, plan.problems, plan.refusals) == ({}, (), ())
        return plan

    def change(self, address: str, *specs: Spec) -> Any:
        return change_of(self.plan(*specs), address)

    def submission(self, spec: Spec) -> Submission:
        submission: Submission = self.change(f"run/{spec.name}", spec).submission
        return submission

    def apply(self, *specs: Spec) -> Outcome:
        return self.carry_out(self.plan(*specs), *specs)

    def destroy(self, spec: Spec, *also: str) -> Outcome:
        return self.carry_out(self.destroyed(spec, *also), spec)

    def destroyed(self, spec: Spec, *also: str) -> Plan:
        return self._project(spec).plan_destruction(also)

    def carry_out(self, plan: Plan, *specs: Spec) -> Outcome:
        return self._project(*specs).carry_out(plan, self.events.append, threading.Event(), detach=False)

    def begin(self, change: Change) -> list[object]:
        """Have a change carried out; what was reported of it."""
        reports: list[object] = []
        self.engine.resources.begin(change, reports.append)
        return reports

    def target(self, name: str) -> dict[str, str]:
        """The files on a target of the default datastore."""
        folder = target_folder(self.home, "default", name)
        return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}

    def said(self) -> list[str]:
        """What the runs have printed since somebody asked."""
        lines = [line.text for event in self.events if isinstance(event, LogLines) for line in event.lines]
        self.events.clear()
        return lines

    def errors(self) -> list[str]:
        """What went wrong, in words."""
        return [event.error for event in self.events if isinstance(event, OperationSettled) and event.error]

    def _project(self, *specs: Spec) -> Project:
        return open_project(specs, "local", self.home)
