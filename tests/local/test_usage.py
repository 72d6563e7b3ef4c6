"""What the processes of runs use: CPU, memory and GPUs."""

from __future__ import annotations

import pytest

from specrun.engines.base import Missing
from specrun.engines.local import gpus
from specrun.engines.local.usage import LocalUsage, Process, below, process_of_ps, used
from specrun.plan.observed import Used
from tests.local.runs import Runs, needs_proc, wait_until

NAME = "job-0123456789"
HOLD = "echo ready; sleep 600 & until [ -e ../inputs/go ]; do sleep 0.01; done; kill %1"


@needs_proc
def test_roles_that_run_use_something_and_those_that_have_ended_nothing(runs: Runs) -> None:
    run = runs.prepare(HOLD, NAME)
    usage = LocalUsage(runs.home)
    assert usage.read(NAME) == {}
    run.start().running()
    told = wait_until(lambda: usage.read(NAME), "a process to be noted")
    assert list(told) == ["main/0"]
    assert told["main/0"].memory > 0
    assert told["main/0"].cpu_seconds >= 0
    assert (told["main/0"].gpu, told["main/0"].gpu_memory) == (None, None)
    (run.folder / "inputs/go").touch()
    run.ended()
    assert usage.read(NAME) == {}
    with pytest.raises(Missing, match="no run job-1123456789"):
        usage.read("job-1123456789")


def test_a_role_is_all_that_is_below_its_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = {11: 70, 12: None, 13: 5}
    monkeypatch.setattr("specrun.engines.local.usage._share", lambda pid: shares[pid])
    guard = Process(10, 1, 99.0, 4.0, 1000)
    several = [Process(11, 10, 1.0, 0.5, 100), Process(12, 11, 2.0, 0.0, 50), Process(13, 10, 3.0, 0.0, 20)]
    children = {10: [several[0], several[2]], 11: [several[1]], 1: [guard]}
    found = below(10, children)
    assert {one.pid for one in found} == {11, 12, 13}
    busy = gpus.Busy({"0": 90.0, "1": 50.0, "2": 1.0}, {12: 7, 13: 8, 99: 100})
    # The share of what several have; all that one has where that is not told.
    assert used(guard, found, ("0", "1"), busy) == Used(10.5, 125, 70.0, 15)
    assert used(None, [several[0]], (), gpus.Busy()) == Used(1.5, 100)


@pytest.mark.parametrize(
    ("line", "seconds"), [("7 1 0:01.50 20", 1.5), ("7 1 1:02:03 20", 3723.0), (" 7  1 2-00:00:01.00  20", 172_801.0)]
)
def test_a_line_of_ps(line: str, seconds: float) -> None:
    assert process_of_ps(line) == Process(7, 1, seconds, 0.0, 20 * 1024)
