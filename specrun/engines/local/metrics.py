"""What runs on this machine have logged: through MLflow, into the store of each role, and as TensorBoard's scalars."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from threading import Lock

from specrun.engines.base import Missing
from specrun.engines.local import state
from specrun.engines.local.logged import RunLog, keep_logged, kept_logged
from specrun.engines.local.submission import run_folder
from specrun.plan.attempts import NAME
from specrun.plan.metrics import Logged, Series

MOST_POINTS = 4_000_000
"""Points that are held, of 24 bytes each; those of the run that was asked for last always are."""


class LocalMetrics:
    """The metrics of the runs below a state folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._logs: OrderedDict[str, RunLog] = OrderedDict()
        self._lock = Lock()

    def logged(self, name: str) -> Logged:
        """Last values and parameters; one small file, of a run that has ended. Raises Missing."""
        folder = self._folder(name)
        kept = kept_logged(folder)
        if kept is not None:
            return kept
        with self._lock:
            # Before what it has logged: what comes after would be missing for good.
            ended = state.observe(folder).status not in (state.PREPARED, state.QUEUED, state.RUNNING)
            log = self._log(name, folder)
            return keep_logged(folder, log) if ended else log.logged()[0]

    def history(self, name: str, metric: str, after: int = 0) -> Series:
        """A metric's points but for the first `after`. Raises Missing."""
        folder = self._folder(name)
        with self._lock:
            return self._log(name, folder).history(metric, after)

    def _log(self, name: str, folder: Path) -> RunLog:
        """Where reading of a run goes on."""
        log = self._logs.setdefault(name, RunLog(folder))
        self._logs.move_to_end(name)
        while len(self._logs) > 1 and sum(map(len, self._logs.values())) > MOST_POINTS:
            self._logs.popitem(last=False)
        return log

    def _folder(self, name: str) -> Path:
        if NAME.fullmatch(name) is not None:  # which may hold anything, such as `..`
            folder = run_folder(self._home, name)
            if folder.is_dir() and not folder.is_symlink():
                return folder
        raise Missing(f"there is no run {name} on this machine")
