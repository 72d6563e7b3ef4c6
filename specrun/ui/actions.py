"""What a page may have done: a run ended, or run again as it was. Whether that is right is the plan's to say."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from specrun.apply.events import Event, OperationSettled, PlanReady
from specrun.apply.journal import Journal
from specrun.apply.opening import check_allowed, open_loaded
from specrun.apply.project import Project
from specrun.engines.base import EngineError
from specrun.engines.facts import unread
from specrun.plan.kinds.run import Submit
from specrun.plan.planning import PlanOptions
from specrun.spec.errors import Error, SpecInvalid
from specrun.spec.load import load
from specrun.spec.visible import json_text
from specrun.spec.wording import command, file_word
from specrun.ui.run_page import file_of, not_again
from specrun.ui.runs import Catalog, Entry
from specrun.ui.wire import Refused
from specrun.views.data import event_data


class Actions:
    """Ends and repeats the runs of a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._one = threading.Lock()

    def cancel(self, name: str) -> Mapping[str, object]:
        """Ask for a run's end. Raises Refused and EngineError."""
        entry = self._catalog.now(name)
        if entry.run.status.ended:
            raise Refused(409, f"{name} has ended")
        if entry.source.maker and (why := entry.source.not_own(entry.run)):
            raise Refused(403, why)
        entry.place.engine.cancel(name)
        self._catalog.look_again(name)
        return {}

    def rerun(self, name: str) -> Mapping[str, object]:
        """Submit the next attempt at exactly what a run was; its name. Raises Refused and EngineError."""
        entry = self._catalog.now(name)
        if why := not_again(entry):
            raise Refused(409, why)
        with self._one:
            try:
                fresh = self._submit(entry)
            except EngineError:
                raise
            except Error as error:
                raise Refused(409, str(error) or "the spec is not valid: `specrun validate` says why") from None
        entry.place.note(entry.place.engine.run(fresh))
        return {"run": fresh}

    def _submit(self, entry: Entry) -> str:
        run, file = entry.run, file_of(entry)
        said = command("specrun", "apply", "--rerun", file_word(file))
        project = _project(entry, file)
        plan = project.plan(PlanOptions(rerun=True, max_runs=1))
        check_allowed(plan)
        submits = [one for one in plan.changes if isinstance(one, Submit)]
        if [one.submission.fingerprint for one in submits] != [run.fingerprint]:
            raise Refused(409, f"its spec, or its code or data, has changed since: `{said}` runs what is there now")
        others = [one.key.address for one in plan.pending if not isinstance(one, Submit)]
        if others:
            raise Refused(409, f"more would be done than that ({', '.join(others[:5])}): `{said}` shows it")
        errors: list[str] = []
        journal = Journal(project.home)

        def emit(event: Event) -> None:
            if journal.keeps(event):
                journal.write(event_data(event))
            if isinstance(event, OperationSettled) and (event.error or event.skipped):
                errors.append(event.error or event.skipped)

        emit(PlanReady(plan))
        try:
            project.carry_out(plan, emit, threading.Event(), detach=True)
        finally:
            journal.end()
        if errors:
            raise Refused(502, "; ".join(errors))
        return submits[0].submission.name


def _project(entry: Entry, file: str) -> Project:
    """The run's spec as it is now, for the place and target that it was for, with the variables that it had."""
    run = entry.run
    variables = {name: value if isinstance(value, str) else json_text(value) for name, value in run.variables.items()}
    loaded = load(
        [file],
        variables=variables,
        engine=entry.place.engine.place.engine,
        target=run.target or None,
        secrets_required=True,
        under_rules=True,
        unread=unread(),
    )
    if not loaded.ok:
        raise SpecInvalid([*loaded.diagnostics, *loaded.broken])
    return open_loaded(loaded, entry.place.engine.place.engine, lambda _: None, under_rules=True)
