"""To be imported before a command: this machine's runs are listed as slowly as a service may list its own."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

from specrun.engines.local.runs import LocalRuns

ANSWER = "answer"
"""A look ends when the working folder has this file."""

PATIENCE = "SLOW_LOOKS_PATIENCE"
"""The variable with the seconds after which it ends all the same; without it, as many as a line would long be there."""

_list = LocalRuns.list


def _slowly(self: LocalRuns, *arguments: Any) -> Any:
    give_up = time.monotonic() + float(os.environ.get(PATIENCE, "0.8"))
    while not Path(ANSWER).exists() and time.monotonic() < give_up:
        threading.Event().wait(0.02)
    return _list(self, *arguments)


LocalRuns.list = _slowly  # type: ignore[method-assign]
