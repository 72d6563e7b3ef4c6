"""Two runs side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specrun.api.shown import WIDTH, Shown
from specrun.apply.submitted import Submitted, compare_runs
from specrun.views.run_diff import run_diff_data, run_diff_text
from specrun.views.text import Paint


class Difference(Shown):
    """What differs between two runs: code line by line, parameters, environment, data; and what became of them. As text
    it is what `specrun diff` prints.
    """

    def __init__(self, before: Submitted, after: Submitted) -> None:
        self._found = compare_runs(before, after)

    def data(self) -> Mapping[str, Any]:
        """The same as `specrun diff -o json` has it."""
        return run_diff_data(self._found)

    def _text(self, paint: Paint) -> str:
        return run_diff_text(self._found, paint, WIDTH)
