"""To be imported before a command: this machine's runs are listed as slowly as a service may list its own."""

from __future__ import annotations

import time
from typing import Any

from specrun.engines.local.runs import LocalRuns

SECONDS = 0.8

_list = LocalRuns.list


def _slowly(self: LocalRuns, *arguments: Any) -> Any:
    time.sleep(SECONDS)
    return _list(self, *arguments)


LocalRuns.list = _slowly  # type: ignore[method-assign]
