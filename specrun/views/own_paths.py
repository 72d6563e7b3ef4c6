"""The user's own files in what a job wrote, in place of the copies that it ran from: these are there to be opened."""

from __future__ import annotations

import os
import re

from specrun.plan.kinds.run import RunChange
from specrun.views.text import nearby

_AZURE = r"/mnt/azureml/cr/j/[0-9a-f]+/exe/wd/", r"/mnt/batch/tasks/shared/LS_root/[^\s\"']*/azureml/{run}/"
"""Where a job's code is on a node, for the service's two generations of what runs it."""


class OwnPaths:
    """Puts paths of the code folder, as they lead there from here, in place of those of a run's copy of it.

    `code` is that folder ("": nobody knows), `home` the state folder of a run of this machine ("": it ran on Azure).
    Only a file that is there is named: others the job has made. No line without the `mark` has any: where lines are
    many, that is looked for first.
    """

    def __init__(self, run: str, code: str, home: str = "") -> None:
        self._code = code
        self._home = home
        self._known: dict[str, str] = {}
        below = f"/runs/{run}/code/"
        here = [re.escape(one + below) for one in dict.fromkeys((home, os.path.realpath(home)))]
        where = "|".join(here if home else (one.format(run=re.escape(run)) for one in _AZURE))
        self._path = re.compile(rf"(?<=\")(?:{where})([^\"]+)|(?:{where})([^\s\"'`:,;()<>\[\]]+)" if code else "(?!)")
        self.mark = (below if home else "/mnt/") if code else "\n"

    def of(self, run: str) -> OwnPaths:
        """The same for another run of that code in the same place."""
        return OwnPaths(run, self._code, self._home)

    def __call__(self, text: str) -> str:
        """A line with such paths replaced."""
        return self._path.sub(self._own, text) if self.mark in text else text

    def _own(self, found: re.Match[str]) -> str:
        path = found[1] or found[2]
        if path not in self._known:
            own = os.path.normpath(os.path.join(self._code, path))  # noqa: PTH118
            self._known[path] = nearby(own) if os.path.lexists(own) else ""
        return self._known[path] or found[0]


def own_paths_of(change: RunChange, home: str) -> OwnPaths:
    """The same for the run of a plan."""
    is_here = not change.key.place.workspace
    return OwnPaths(change.submission.name, str(change.submission.job.code or ""), home if is_here else "")
