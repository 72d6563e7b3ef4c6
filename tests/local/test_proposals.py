"""What a sweep tries next."""

from __future__ import annotations

from specrun.engines.local.sweeps.proposals import proposals
from specrun.spec.sweep import Objective, Sweep

GRID = Sweep("grid", {"b": {"type": "choice", "values": [1, 2]}}, Objective("maximize", "accuracy"))


def test_a_grid_is_done_after_its_last_combination() -> None:
    ahead = proposals(GRID, ())
    assert not ahead.done
    assert [ahead.next(), ahead.done, ahead.next(), ahead.done] == [{"b": 1}, False, {"b": 2}, True]
    assert ahead.next() is None
