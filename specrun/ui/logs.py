"""Logs of runs as a page asks for them."""

from __future__ import annotations

import os
import tempfile
import threading
from collections import OrderedDict
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from specrun.plan.home import make_home
from specrun.plan.private import make_folder, open_private
from specrun.ui.files import SANDBOX, Sent
from specrun.ui.fresh import Fresh
from specrun.ui.log_search import Search
from specrun.ui.role_log import Spool
from specrun.ui.run_log import RunLog
from specrun.ui.runs import Catalog, Entry
from specrun.ui.wire import Params, Refused, Watched, whole

KEPT = 24
"""Runs whose logs are known at once; of others it is read anew what they wrote."""

HERE_EVERY = 0.2
"""Seconds between two looks at the files of a run on this machine."""


class Logs:
    """The logs of the runs of a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[RunLog, Fresh[bool]]] = OrderedDict()

    def get(self, name: str, what: str, params: Params) -> object:
        """Lines, or where a text is found. Raises Refused and EngineError."""
        log, entry = self._looked(name)
        role = params.text("role")
        if what == "lines":
            first, count = params.number("from", 0), params.number("count", 500)
            if role and role not in log.roles:
                return {"total": 0, "from": first, "lines": [], "complete": log.complete, "begun": log.begun}
            lines = log.lines(role, first, count)
            own = self._catalog.own_paths(entry)
            for line in lines:
                line["text"] = own(str(line["text"]))
            return {
                "total": log.total(role),
                "from": first,
                "lines": lines,
                "complete": log.complete,
                "begun": log.begun,
            }
        if what == "find":
            query, total = params.needed("q"), log.total(role)
            back = params.flag("back")
            return Search(query).find(log, role, params.number("from", total - 1 if back else 0), back=back)
        if what == "state":
            return self._state(name, params)
        raise Refused(404, f"there is no `{what}` of logs")

    def watched(self, name: str, params: Params) -> Watched:
        """How far the logs of a run are."""
        entry = self._catalog.find(name)
        every = HERE_EVERY if entry.place.is_here else 0.5
        return whole(lambda: self._state(name, params), every)

    def sent(self, name: str, role: str) -> Sent:
        """All that a role wrote, or all roles did with their names in front, as a file to be saved."""
        log, _ = self._looked(name)
        path = log.role(role).path if role else None
        headers = {
            "Content-Security-Policy": SANDBOX,
            "Content-Disposition": f'attachment; filename="{name}{"-" + role.replace("/", "-") if role else ""}.txt"',
        }
        if path is not None:
            file: BinaryIO = os.fdopen(open_private(path, os.O_RDONLY), "rb")
        else:
            file = _temporary(self._catalog.find(name).source.home)
            for lines in log.texts(role):
                file.write(lines.encode("utf-8", "replace"))
            file.flush()
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        return Sent(file, size, "text/plain; charset=utf-8", headers)

    def close(self) -> None:
        """Close all files."""
        with self._lock:
            for log, _ in self._known.values():
                log.close()
            self._known.clear()

    def _state(self, name: str, params: Params) -> dict[str, object]:
        role = params.text("role")
        log, entry = self._looked(name)
        is_known = not role or role in log.roles
        failed = entry.run.failed_role or ("" if entry.run.status.value == "failed" else None)
        return {
            "total": log.total(role) if is_known else 0,
            "open": [
                {"role": one, "text": text}
                for one, its in list(log.roles.items())
                for text in its.open
                if role in ("", one)
            ],
            "roles": list(log.roles),
            "complete": log.complete,
            "first_error": log.fault(role, failed) if is_known else None,
            "begun": log.begun,
        }

    def _looked(self, name: str) -> tuple[RunLog, Entry]:
        """The logs of a run, as far as they are known by now."""
        entry = self._catalog.now(name)
        with self._lock:
            if name not in self._known:
                log = RunLog(entry.place.engine, name, partial(_spool, entry.place.sources[0].home))
                read = partial(self._read, log, name)
                self._known[name] = (log, Fresh(read, entry.place.every, lambda _: log.complete))
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)[1][0].close()
            self._known.move_to_end(name)
            log, fresh = self._known[name]
        if entry.place.is_here:
            log.look(ended=entry.run.status.ended)
        else:
            fresh.value()
        return log, entry

    def _read(self, log: RunLog, name: str) -> bool:
        # The status is read before the lines: once it is an end, these lines are the last.
        log.look(ended=self._catalog.now(name).run.status.ended)
        return True


def _spool(home: Path) -> Spool:
    return Spool(_temporary(home))


def _temporary(home: Path) -> BinaryIO:
    """A file that has no name, and is gone once it is closed."""
    make_home(home)
    make_folder(home / "cache", home)
    return cast(BinaryIO, tempfile.TemporaryFile(dir=home / "cache"))
