"""What a run finds of its inputs on disk, and what its command says of them."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.engines.local import inputs, mounts
from specrun.engines.local.stores import target_folder
from specrun.engines.local.submission import command_line
from specrun.plan.kinds.data import Upload
from specrun.plan.observed import RunStatus
from specrun.plan.submission import Submission
from specrun.spec.model import Input, Spec
from tests.engine_double import change_of, read_specs, write_spec
from tests.local.machine import ADDRESS, Machine

INPUTS = """\
name: job
job:
  command: >-
    run ${{ inputs.linked }} ${{ inputs.copied }} ${{ inputs.file }} ${{ inputs.rate }}
    ${{ outputs.model }} $HOME
  inputs:
    linked: {path: data}
    copied: {path: data, mode: download}
    file: {path: data/a b.csv, type: uri_file}
    rate: 0.5
  outputs: {model: {}}
"""


@pytest.fixture
def prepared(tmp_path: Path, machine: Machine) -> tuple[Submission, Path]:
    (spec,) = read_specs(write_spec(tmp_path, INPUTS, **{"data__a b_csv": "1", "data__sub__c": "2"}))
    for change in machine.plan(spec).changes:
        if isinstance(change, Upload):
            machine.begin(change)
    submission, folder = machine.submission(spec), tmp_path / "run"
    inputs.prepare_inputs(machine.home, submission, folder / "inputs")
    return submission, folder


def test_a_mount_is_links_to_read_only_files_and_a_download_copies(prepared: tuple[Submission, Path]) -> None:
    _, folder = prepared
    linked, copied = folder / "inputs/linked/sub/c", folder / "inputs/copied/sub/c"
    assert linked.is_symlink()
    assert linked.stat().st_mode & 0o222 == 0
    assert not linked.parent.is_symlink()
    assert not copied.is_symlink()
    assert copied.stat().st_mode & 0o200
    assert (linked.read_text(), copied.read_text()) == ("2", "2")


def test_paths_in_the_command_are_quoted_and_the_shells_own_is_left(
    prepared: tuple[Submission, Path], machine: Machine
) -> None:
    submission, _ = prepared
    command = command_line(machine.home, submission, Path("/my runs/x"))
    assert command == (
        "run '/my runs/x/inputs/linked' '/my runs/x/inputs/copied' '/my runs/x/inputs/file/a b.csv' 0.5 "
        "'/my runs/x/outputs/model' $HOME"
    )


EXTRA = """\
name: job
data: {d: {path: d, target: digits}}
job:
  command: ls ${{ inputs.all }}; echo ${{ inputs.one }}
  inputs: {all: {data: d}, one: {path: FILE, type: uri_file}}
"""


def test_a_run_sees_the_files_of_its_data_entry_and_not_what_else_is_on_the_target(
    tmp_path: Path, machine: Machine
) -> None:
    (spec,) = read_specs(write_spec(tmp_path, EXTRA.replace("FILE", "x"), d__a="1", d__b="2", x="3", y="4"))
    assert machine.apply(spec).failed == []
    assert machine.said() == ["a", "b", f"{machine.home}/runs/{machine.submission(spec).name}/inputs/one/x"]
    (tmp_path / "d/a").unlink()
    (spec,) = read_specs(write_spec(tmp_path, EXTRA.replace("FILE", "y")))
    assert machine.apply(spec).failed == []
    assert machine.said() == ["b", f"{machine.home}/runs/{machine.submission(spec).name}/inputs/one/y"]
    assert machine.target("digits") == {"a": "1", "b": "2"}
    assert {file.name for file in target_folder(machine.home, "default", "inputs/job/one").iterdir()} == {"x", "y"}


def test_a_planned_file_that_is_gone_from_its_target_makes_the_plan_stale(tmp_path: Path, machine: Machine) -> None:
    (spec,) = read_specs(write_spec(tmp_path, EXTRA.replace("FILE", "d/b"), d__a="1", d__b="2"))
    machine.begin(machine.change(ADDRESS, spec))
    plan = machine.plan(spec)
    (target_folder(machine.home, "default", "digits") / "a").unlink()
    outcome = machine.carry_out(plan, spec)
    assert (outcome.stale, machine.engine.runs.list().runs) == (["run/job"], [])
    assert machine.errors() == ["the input all changed since the plan: a is no longer in digits"]


def test_a_path_in_the_cloud_is_all_that_lies_in_the_folder_that_stands_for_it(
    tmp_path: Path, machine: Machine
) -> None:
    text = "name: job\njob: {command: 'ls ${{ inputs.d }}', inputs: {d: {path: 'azureml://datastores/s/paths/a/b'}}}\n"
    (spec,) = read_specs(write_spec(tmp_path, text))
    folder = target_folder(machine.home, "s", "a/b")
    (folder / "empty").mkdir(parents=True)
    (folder / "file").write_text("1")
    assert list(machine.engine.check(spec)) == []
    inputs.prepare_inputs(machine.home, machine.submission(spec), tmp_path / "inputs")
    assert {path.name for path in (tmp_path / "inputs/d").iterdir()} == {"empty", "file"}


def test_an_input_without_files_is_an_empty_folder(tmp_path: Path, machine: Machine) -> None:
    text = "name: job\njob: {command: 'ls ${{ inputs.d }}', inputs: {d: {path: d}}}\n"
    (spec,) = read_specs(write_spec(tmp_path, text, d__a="1"))
    (tmp_path / "d/a").unlink()
    inputs.prepare_inputs(machine.home, machine.submission(spec), tmp_path / "inputs")
    assert list((tmp_path / "inputs/d").iterdir()) == []


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (3, "3"), (None, ""), ("a b", "a b")])
def test_scalars_as_text(machine: Machine, prepared: tuple[Submission, Path], value: object, text: str) -> None:
    submission, folder = prepared
    assert inputs.input_value(machine.home, submission, Input("x", value), folder) == text  # type: ignore[arg-type]


@pytest.mark.parametrize("below", ["", "/sub"])
def test_a_path_at_its_own_data_has_the_planned_files_alone(tmp_path: Path, machine: Machine, below: str) -> None:
    text = """\
name: job
data: {{digits: {{path: data, target: digits}}}}
job:
  command: 'find ${{{{ inputs.d }}}} -type l -printf "%P\\n" | sort'
  inputs: {{d: {{path: 'azureml://datastores/workspaceblobstore/paths/digits{below}'}}}}
"""
    files = {"data__sub__b": "2", "data__sub__a": "1"}
    (spec,) = read_specs(write_spec(tmp_path, text.format(below=below), **files))
    machine.apply(spec)
    assert machine.said() == [f"{'sub/' * (not below)}{name}" for name in "ab"]
    (tmp_path / "data" / "sub" / "a").unlink()
    machine.apply(spec)
    assert machine.said() == [f"{'sub/' * (not below)}b"]
    assert machine.target("digits") == {"sub/a": "1", "sub/b": "2"}


def test_what_a_script_writes_to_outputs_is_kept_beside_what_the_code_has_there(
    tmp_path: Path, machine: Machine
) -> None:
    text = "name: job\njob: {code: src, command: 'cat outputs/old; echo new > outputs/new'}\n"
    (spec,) = read_specs(write_spec(tmp_path, text, src__outputs__old="from the code\n", src__x="1"))
    outcome = machine.apply(spec)
    assert machine.said() == ["from the code"]
    (run,) = outcome.ended
    assert sorted(file.path for file in machine.engine.runs.outputs(run.name)) == ["default/new", "default/old"]


def test_an_output_with_a_path_is_the_same_folder_in_every_attempt(tmp_path: Path, machine: Machine) -> None:
    text = "name: job\njob: {command: ls, outputs: {own: {}, c: {path: azureml://datastores/x/paths/c}}}\n"
    (spec,) = read_specs(write_spec(tmp_path, text))
    first = machine.submission(spec)
    folders = [tmp_path / "first", tmp_path / "second"]
    for attempt, folder in enumerate(folders, 1):
        inputs.prepare_outputs(machine.home, replace(first, attempt=attempt), folder)
    places = [[(folder / name).resolve() for folder in folders] for name in ("c", "own")]
    assert [len(set(place)) for place in places] == [1, 2]


WRITING = (
    "name: job\ndata: {digits: {path: data}}\njob: {command: 'COMMAND', inputs: {d: {data: digits, mode: MODE}}}\n"
)


EDITED = "name: job\ndata: {digits: {path: data}}\n"


def test_what_a_job_writes_to_a_mount_is_told_and_does_not_reach_the_next_run(tmp_path: Path, machine: Machine) -> None:
    def spec(command: str, mode: str = "ro_mount") -> Spec:
        text = WRITING.replace("COMMAND", command).replace("MODE", mode)
        (read,) = read_specs(write_spec(tmp_path, text, data__a_csv="1\n", data__b_csv="2\n"))
        return read

    machine.apply(spec("cat ${{ inputs.d }}/*"))
    stored = target_folder(machine.home, "default", "digits") / "a.csv"
    # What root can, anybody can who owns the files: the modes alone do not keep a job from it.
    machine.apply(spec("f=$(readlink -f ${{ inputs.d }}/a.csv); chmod u+w $f; echo 9 > $f"))
    (writer,) = [run for run in machine.engine.runs.list("job").runs if run.reason]
    assert writer.reason == "what it was to read was written to in the meantime: d/a.csv"
    assert writer.status is RunStatus.SUCCEEDED
    plan = machine.plan(spec("cat ${{ inputs.d }}/* | cat"))
    assert [(note.code, "put there: a.csv. A job" in note.detail) for note in plan.notes] == [("altered-data", True)]
    assert [file.path for file in change_of(plan, ADDRESS).transfer.changed] == ["a.csv"]
    machine.said()
    machine.apply(spec("cat ${{ inputs.d }}/* | cat"))
    assert machine.said() == ["1", "2"]
    assert (stored.read_text(), stored.stat().st_mode & 0o222) == ("1\n", 0)
    assert machine.plan(spec("ls")).notes == ()
    machine.apply(spec("chmod u+w ${{ inputs.d }}/a.csv; echo 9 > ${{ inputs.d }}/a.csv", "download"))
    assert stored.read_text() == "1\n"
    assert machine.plan(spec("ls")).notes == ()


def test_an_edit_of_the_source_is_no_alteration(tmp_path: Path, machine: Machine) -> None:
    for content in ("1", "22", "1", "333"):
        (spec,) = read_specs(write_spec(tmp_path, EDITED, data__a_csv=content))
        change = machine.change(ADDRESS, spec)
        machine.begin(change)
        assert machine.engine.resources.observe(change.resource).reason == ""
        assert machine.plan(spec).notes == ()


def test_what_a_run_may_write_as_an_output_is_no_alteration_of_its_input(tmp_path: Path) -> None:
    store, run = tmp_path / "store", tmp_path / "run"
    for folder in (store / "ours", store / "theirs", run / "inputs/x", run / "outputs"):
        folder.mkdir(parents=True)
    for name in ("ours/a", "theirs/b", "theirs/c", "theirs/old"):
        (store / name).touch()
        (run / "inputs/x" / name[-1]).symlink_to(store / name)
    os.utime(store / "theirs/old", (1, 1))
    (run / "inputs/x/own").write_text("")
    (run / "inputs/x/gone").symlink_to(store / "nowhere")
    (run / "outputs/model").symlink_to(store / "ours")
    said = mounts.written_inputs(run, 1000.0)
    assert said == "what it was to read was written to in the meantime: x/b, x/c"
    assert mounts.written_inputs(run, time.time() + 60) == ""
    (run / "outputs/model").unlink()
    assert mounts.written_inputs(run, 1000.0).endswith(": x/a, x/b, x/c")
