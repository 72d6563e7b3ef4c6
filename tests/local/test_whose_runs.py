"""Runs of two targets in one state folder, and one that a spec of another name has adopted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from specrun.apply.stage import stage
from specrun.engines.base import Missing
from specrun.engines.history import History
from specrun.engines.local.run_notes import GOING
from specrun.engines.local.runs import LocalRuns
from specrun.engines.reliable import Reliable
from specrun.plan.changes import Action, ResourceChange
from specrun.plan.makers import Maker
from tests.engine_double import read_specs, wait_until, write_spec
from tests.local.machine import ADDRESS, Machine

HUB = "github.com/org/models"
DEV, PROD = Maker("job", HUB, "dev"), Maker("job", HUB, "prod")
NEW = replace(DEV, spec="new")


def ran(machine: Machine, folder: Path, maker: Maker, word: str) -> str:
    """A run of somebody's that has ended; its name."""
    spec = read_specs(write_spec(folder / word, f"name: job\njob: {{command: 'echo {word}'}}\n"))[0]
    submission = replace(machine.submission(spec), maker=maker)
    (folder / word / "staged").mkdir()
    machine.engine.runs.submit(submission, stage(submission, folder / word / "staged"), lambda progress: None)
    wait_until(lambda: machine.engine.runs.get(submission.name).status.ended, submission.name)
    return submission.name


def names(machine: Machine, maker: Maker) -> list[str]:
    return [run.name for run in History(Reliable(machine.engine)).every(maker)]


def test_each_has_its_own_and_what_it_has_adopted(tmp_path: Path, machine: Machine) -> None:
    dev, prod = ran(machine, tmp_path, DEV, "one"), ran(machine, tmp_path, PROD, "two")
    assert (names(machine, DEV), names(machine, PROD)) == ([dev], [prod])
    wait_until(lambda: not GOING.noted(machine.home), "the supervisors to note the end of their runs")
    assert names(machine, Maker("job", "github.com/org/other", "dev")) == []
    runs = machine.engine.runs
    assert list(runs.list("new").runs) == []
    for _ in range(2):  # as often as one likes
        runs.adopt(dev, "new")
    assert [run.adopted for run in runs.list("new").runs] == [("new",)]
    assert (names(machine, NEW), names(machine, DEV)) == ([dev], [dev])
    assert [run.name for run in LocalRuns(machine.home).list("new").runs] == [dev], "for other processes, too"
    assert names(machine, replace(NEW, target="prod")) == []
    for maker, left in ((NEW, [dev, prod]), (replace(PROD, repository="x"), [dev, prod]), (DEV, [prod])):
        runs.delete(maker, None, lambda progress: None)
        assert sorted(run.name for run in runs.list().runs) == sorted(left)
    try:
        runs.adopt(dev, "new")
    except Missing:
        return
    raise AssertionError("it is gone")


def test_files_and_records_say_who_made_them(tmp_path: Path, machine: Machine) -> None:
    text = "name: job\ndata: {d: {path: data, target: digits}}\ncompute: {name: gpu, max_instances: 1}\n"
    spec = read_specs(write_spec(tmp_path, text, data__a="1"))[0]
    upload, cluster = machine.change(ADDRESS, spec), machine.change("compute/gpu", spec)
    for change in (upload, cluster):
        machine.begin(replace(change, resource=replace(change.resource, maker=DEV)))
    assert {file.maker for file in machine.engine.resources.observe(upload.resource).files.values()} == {DEV}
    assert machine.engine.resources.observe(cluster.resource).maker == DEV
    for maker, left in ((PROD, {"a": "1"}), (DEV, {})):
        target = replace(upload.resource, maker=maker)
        machine.begin(ResourceChange(target, Action.DELETE, "", machine.engine.resources.observe(target)))
        assert machine.target("digits") == left
