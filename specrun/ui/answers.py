"""What a page or a widget asks, answered: the same engine calls as the verbs, as JSON values. It decides nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from specrun import __version__
from specrun.apply.runs_of import RunsOf
from specrun.apply.submitted import Submitted, compare_runs
from specrun.plan.run_diff import Side
from specrun.ui import run_page
from specrun.ui.actions import Actions
from specrun.ui.details import Details
from specrun.ui.files import Files, Sent
from specrun.ui.logs import Logs
from specrun.ui.metrics import Metrics
from specrun.ui.plans import OpenProject, Plans
from specrun.ui.runs import Catalog, Entry
from specrun.ui.table import Table
from specrun.ui.trials import Trials
from specrun.ui.usage import Usage
from specrun.ui.watching import Watching
from specrun.ui.wire import Params, Refused, Watched, whole

__all__ = ["Answers", "Refused"]

EVERY = 0.5
"""Seconds between two looks at what is known: what is asked of a service is asked less often, for all together."""


class Answers:
    """The answers about some sources of runs. Paths and values are those that the page's source asks for.

    `open_project` reads the specs whose plan is shown (None: there are none).
    """

    def __init__(self, sources: Sequence[RunsOf], title: str = "", open_project: OpenProject | None = None) -> None:
        self._sources = sources
        self._title = title
        self._catalog = Catalog(sources)
        self._details = Details(self._catalog.note)
        self._table = Table(self._catalog, self._details)
        self._pages = run_page.RunPages(self._catalog, self._details)
        self._logs = Logs(self._catalog)
        self._metrics = Metrics(self._catalog)
        self._trials = Trials(self._catalog)
        self._usage = Usage(self._catalog)
        self._files = Files(self._catalog)
        self._plans = Plans(open_project, sources[0].home if sources else None)
        self._actions = Actions(self._catalog)

    def get(self, path: str, params: Mapping[str, object] | None = None) -> Any:
        """The value at a path. Raises Refused, and EngineError."""
        given = Params(params or {})
        match path.strip("/").split("/"):
            case ["session"]:
                return self._session()
            case ["runs"]:
                return self._table.rows(given)
            case ["columns"]:
                return self._table.columns(given)
            case ["plan"]:
                return self._plans.get()
            case ["diff"]:
                return self._diff(given.needed("a"), given.needed("b"))
            case ["runs", name]:
                return self._pages.of(name)
            case ["runs", name, "logs", *rest] if len(rest) < 2:
                return self._logs.get(name, rest[0] if rest else "lines", given)
            case ["runs", name, "metrics"]:
                return self._metrics.of(name)
            case ["runs", name, "metrics", "history"]:
                return self._metrics.history(name, given.needed("name"), given.number("after", 0))
            case ["runs", name, "trials"]:
                return self._trials.of(name)
            case ["runs", name, "models"]:
                return self._pages.models(name)
            case ["runs", name, "usage"]:
                return self._usage.get(name)
            case ["runs", name, "files"]:
                return self._files.listed(name, given)
            case ["runs", name, "file"]:
                return self._files.value(name, given)
            case ["runs", name, "spec"]:
                return self._files.spec(name)
        raise Refused(404, f"there is no `{path[:100]}`")

    def watched(self, path: str, params: Mapping[str, object] | None = None) -> Watched:
        """The value at a path, to be looked at again and again. Raises Refused."""
        given = Params(params or {})
        match path.strip("/").split("/"):
            case ["runs"]:
                return self._table.watched(given, EVERY)
            case ["plan"]:
                return self._plans.watched()
            case ["runs", name]:
                return whole(partial(self._pages.of, name), EVERY, run_page.alike)
            case ["runs", name, "logs", "state"]:
                return self._logs.watched(name, given)
            case ["runs", name, "metrics"]:
                return self._metrics.watched(name)
            case ["runs", name, "metrics", "history"]:
                return self._metrics.history_watched(name, given)
            case ["runs", name, "trials"]:
                return self._trials.watched(name)
            case ["runs", name, "usage"]:
                return self._usage.watched(name)
        raise Refused(404, f"nobody can watch `{path[:100]}`")

    def watch(self, path: str, params: Mapping[str, object], send: Callable[[object], None]) -> Callable[[], None]:
        """Have `send` called, in another thread, with the value at a path whenever it changes; returns what stops it.

        A watch that is refused gives `send` the Refused, and is over. Raises Refused.
        """
        watching = Watching()
        watching.add(0, self.watched(path, params))

        def tell(message: dict[str, object] | None) -> None:
            if message is not None and "error" in message:
                error: Any = message["error"]
                send(Refused(error["status"], error["message"]))
                watching.stop()
            elif message is not None:
                send(message["data"])

        threading.Thread(target=watching.run, args=(tell,), name=f"watch {path}", daemon=True).start()
        return watching.stop

    def sent(self, path: str, params: Params) -> Sent | None:
        """The bytes at a path, where these are asked for; None where its value is meant. Raises Refused."""
        match path.strip("/").split("/"):
            case ["runs", name, "file"] if not params.text("as"):
                return self._files.sent(name, params)
            case ["runs", name, "log.txt"]:
                return self._logs.sent(name, params.text("role"))
        return None

    def post(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Have something done. Raises Refused, and EngineError."""
        match path.strip("/").split("/"):
            case ["plan"]:
                return self._plans.make()
            case ["runs", name, "cancel"]:
                return self._actions.cancel(name)
            case ["runs", name, "rerun"]:
                return self._actions.rerun(name)
        raise Refused(404, f"nothing can be done at `{path[:100]}`")

    def close(self) -> None:
        """Close what is open: nobody asks any more."""
        self._logs.close()

    def _diff(self, one: str, other: str) -> Any:
        from specrun.views.run_diff import run_diff_data  # late: not everybody compares

        sides = [self._catalog.now(name) for name in (one, other)]
        found = compare_runs(*(Submitted(side.place.engine, side.run) for side in sides))
        priced = [self._priced(one, entry) for one, entry in zip((found.before, found.after), sides, strict=True)]
        return run_diff_data(replace(found, before=priced[0], after=priced[1]))

    def _priced(self, side: Side, entry: Entry) -> Side:
        """A side with what it has cost, where that is known and paid."""
        cost = self._details.cost(entry, time.time())
        if cost is None or cost.amount is None or not entry.place.engine.place.workspace:
            return side
        return replace(side, cost=float(cost.amount), currency=cost.currency)

    def _session(self) -> dict[str, object]:
        specs = [
            {"name": one.spec, "place": one.engine.place.title, "engine": one.engine.place.engine, "file": one.file}
            for one in self._sources
            if one.maker
        ]
        return {
            "version": __version__,
            "title": self._title,
            "specs": specs,
            "reads_only": False,
            "now": time.time(),
        }
