"""The local engine's own part: data, records, environments and what a run finds on disk."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest

from specrun.apply.events import LogLines, OperationSettled
from specrun.apply.project import Project, open_project
from specrun.apply.walk import Outcome
from specrun.engines.base import EngineError, Missing, Scope
from specrun.engines.local import inputs, runs, state
from specrun.engines.local.conda import pip_requirements
from specrun.engines.local.engine import LocalEngine
from specrun.engines.local.stores import target_folder
from specrun.engines.local.submission import command_line
from specrun.engines.registry import find_place
from specrun.plan.changes import Action, Change, Plan
from specrun.plan.hashes import HashCache
from specrun.plan.kinds.data import Upload
from specrun.plan.kinds.run import RunChange, Submission
from specrun.plan.observed import Run, RunStatus, Status
from specrun.plan.planning import PlanOptions
from specrun.spec.model import Input, Spec
from tests.engine_double import read_specs, write_spec

DATA = "name: {}\ndata: {{d: {{path: data, target: digits{}}}}}\n"
ADDRESS = "data/default/digits"


class Machine:
    """This machine, with a home of its own, and specs applied to it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.engine = LocalEngine(find_place("local", None), home, HashCache(home), Scope())
        self.events: list[object] = []

    def plan(self, *specs: Spec) -> Plan:
        plan = self._project(*specs).plan(PlanOptions())
        assert (plan.unseen, plan.problems, plan.refusals) == ({}, (), ())
        return plan

    def change(self, address: str, *specs: Spec) -> Change:
        return next(change for change in self.plan(*specs).changes if change.key.address == address)

    def submission(self, spec: Spec) -> Submission:
        change = self.change(f"run/{spec.name}", spec)
        assert isinstance(change, RunChange)
        return change.submission

    def apply(self, *specs: Spec) -> Outcome:
        return self.carry_out(self.plan(*specs), *specs)

    def destroy(self, spec: Spec, *also: str) -> Outcome:
        return self.carry_out(self._project(spec).plan_destruction(also), spec)

    def carry_out(self, plan: Plan, *specs: Spec) -> Outcome:
        return self._project(*specs).carry_out(plan, self.events.append, threading.Event(), detach=False)

    def begin(self, change: Change) -> list[object]:
        """Have a change carried out; what was reported of it."""
        reports: list[object] = []
        self.engine.resources.begin(change, reports.append)
        return reports

    def _project(self, *specs: Spec) -> Project:
        return open_project(specs, "local", self.home)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "home")


def data_spec(folder: Path, name: str = "job", more: str = "", **files: str) -> Spec:
    path = write_spec(folder, DATA.format(name, more), **{f"data__{file}": text for file, text in files.items()})
    return read_specs(path)[0]


def stored(machine: Machine) -> dict[str, str]:
    folder = target_folder(machine.home, "default", "digits")
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_data_is_mirrored_read_only_and_once(tmp_path: Path, machine: Machine) -> None:
    spec = data_spec(tmp_path, a_csv="1", sub__b_csv="2")
    assert machine.apply(spec).failed == []
    assert stored(machine) == {"a.csv": "1", "sub/b.csv": "2"}
    modes = {p.stat().st_mode & 0o777 for p in target_folder(machine.home, "default", "digits").rglob("*.csv")}
    assert modes == {0o444}
    assert machine.plan(spec).pending == ()
    (tmp_path / "data/a.csv").write_text("one")
    assert machine.apply(spec).failed == []
    assert stored(machine) == {"a.csv": "one", "sub/b.csv": "2"}


def test_pruning_removes_what_this_spec_sent_and_no_more(tmp_path: Path, machine: Machine) -> None:
    spec = data_spec(tmp_path / "one", "one", ", prune: true", a="1", b="2")
    machine.apply(spec)
    machine.apply(data_spec(tmp_path / "two", "two", theirs="3"))
    (target_folder(machine.home, "default", "digits") / "by-hand").write_text("4")
    (tmp_path / "one/data/b").unlink()
    assert machine.apply(spec).failed == []
    assert stored(machine) == {"a": "1", "theirs": "3", "by-hand": "4"}


def test_destroying_data_leaves_other_peoples_files(tmp_path: Path, machine: Machine) -> None:
    spec = data_spec(tmp_path / "one", "one", a="1", sub__b="2")
    machine.apply(spec)
    machine.apply(data_spec(tmp_path / "two", "two", theirs="3"))
    outcome = machine.destroy(spec, "data")
    assert (outcome.failed, stored(machine)) == ([], {"theirs": "3"})
    assert machine.change(ADDRESS, spec).action is Action.UPDATE


def test_a_source_that_changes_after_the_plan_is_not_sent(tmp_path: Path, machine: Machine) -> None:
    spec = data_spec(tmp_path, a="1")
    plan = machine.plan(spec)
    (tmp_path / "data/a").write_text("2")
    outcome = machine.carry_out(plan, spec)
    assert (outcome.stale, stored(machine)) == ([ADDRESS], {})


def test_clusters_are_records_that_keep_what_the_spec_leaves_out(tmp_path: Path, machine: Machine) -> None:
    text = "name: job\ncompute: {name: gpu, max_instances: 2, tags: {a: b}}\n"
    machine.apply(*read_specs(write_spec(tmp_path, text)))
    (spec,) = read_specs(write_spec(tmp_path, "name: other\ncompute: {name: gpu, max_instances: 3}\n"))
    assert machine.change("compute/gpu", spec).action is Action.UPDATE
    machine.apply(spec)
    record = json.loads((machine.home / "resources/compute/gpu.json").read_text())
    assert record == {"owner": "job", "properties": {"name": "gpu", "max_instances": 3, "tags": {"a": "b"}}}
    assert machine.destroy(spec).failed == []
    assert (machine.home / "resources/compute/gpu.json").exists()


@pytest.mark.parametrize("damage", ["{", "[]", "\0"])
def test_a_damaged_record_is_named(tmp_path: Path, machine: Machine, damage: str) -> None:
    (spec,) = read_specs(write_spec(tmp_path, "name: job\ncompute: {name: gpu, max_instances: 2}\n"))
    machine.apply(spec)
    resource = machine.change("compute/gpu", spec).resource
    (machine.home / "resources/compute/gpu.json").write_text(damage)
    with pytest.raises(EngineError, match=r"gpu\.json"):
        machine.engine.resources.observe(resource)


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


def said(machine: Machine) -> list[str]:
    """What the runs of an apply have printed since somebody asked."""
    lines = [line.text for event in machine.events if isinstance(event, LogLines) for line in event.lines]
    machine.events.clear()
    return lines


def test_a_run_sees_the_files_of_its_data_entry_and_not_what_else_is_on_the_target(
    tmp_path: Path, machine: Machine
) -> None:
    (spec,) = read_specs(write_spec(tmp_path, EXTRA.replace("FILE", "x"), d__a="1", d__b="2", x="3", y="4"))
    assert machine.apply(spec).failed == []
    assert said(machine) == ["a", "b", f"{machine.home}/runs/{machine.submission(spec).name}/inputs/one/x"]
    (tmp_path / "d/a").unlink()
    (spec,) = read_specs(write_spec(tmp_path, EXTRA.replace("FILE", "y")))
    assert machine.apply(spec).failed == []
    assert said(machine) == ["b", f"{machine.home}/runs/{machine.submission(spec).name}/inputs/one/y"]
    assert stored(machine) == {"a": "1", "b": "2"}
    assert {file.name for file in target_folder(machine.home, "default", "inputs/job/one").iterdir()} == {"x", "y"}


def test_a_planned_file_that_is_gone_from_its_target_makes_the_plan_stale(tmp_path: Path, machine: Machine) -> None:
    (spec,) = read_specs(write_spec(tmp_path, EXTRA.replace("FILE", "d/b"), d__a="1", d__b="2"))
    machine.begin(machine.change(ADDRESS, spec))
    plan = machine.plan(spec)
    (target_folder(machine.home, "default", "digits") / "a").unlink()
    outcome = machine.carry_out(plan, spec)
    assert (outcome.stale, machine.engine.runs.list()) == (["run/job"], [])
    errors = [event.error for event in machine.events if isinstance(event, OperationSettled) and event.error]
    assert errors == ["the input all changed since the plan: a is no longer in digits"]


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


@pytest.mark.parametrize(
    ("text", "requirements"),
    [
        ("dependencies: [python, pip, {pip: [numpy, 'torch>=2']}]", ["numpy", "torch>=2"]),
        (f"dependencies: [python={sys.version_info[0]}.{sys.version_info[1]}]", []),
        ("dependencies: [python=2.7]", None),
        ("dependencies: [cudatoolkit=11]", None),
        ("channels: [x]", None),
        ("- a list", None),
        ("a: b: c", None),
    ],
)
def test_conda_files_as_far_as_pip_can_serve_them(tmp_path: Path, text: str, requirements: list[str] | None) -> None:
    file = tmp_path / "conda.yml"
    file.write_text(text)
    if requirements is not None:
        assert pip_requirements(file) == requirements
        return
    with pytest.raises(EngineError, match=r"conda\.yml"):
        pip_requirements(file)


@pytest.mark.parametrize(
    ("job", "way_out"),
    [
        ("{command: ls, environment: {image: ubuntu}}", "--environment FILE"),
        ("{command: ls, environment: 'azureml:env:1'}", "--environment FILE"),
        ("{command: 'ls ${{ inputs.d }}', inputs: {d: {path: 'azureml:asset:1'}}}", "--input d=PATH"),
        ("{command: ls, distribution: {type: mpi}}", "needs an Azure engine"),
    ],
)
def test_what_this_machine_cannot_do_names_the_way_out(
    tmp_path: Path, machine: Machine, job: str, way_out: str
) -> None:
    (spec,) = read_specs(write_spec(tmp_path, f"name: job\njob: {job}\n"))
    (found,) = machine.engine.check(spec)
    assert found.code == "not-on-this-machine"
    assert way_out in found.detail
    assert found.location.line == 3


def test_damaged_runs_are_listed_as_lost_and_left_alone(machine: Machine) -> None:
    folder = machine.home / "runs/job-0123456789-3"
    folder.mkdir(parents=True)
    for content in ("{", "[]", '{"attempt": "x", "submitted": []}', '{"reads": 7, "spec": "job"}'):
        (folder / "run.json").write_text(content)
        (run,) = machine.engine.runs.list("job")
        assert (run.name, run.fingerprint, run.status) == ("job-0123456789-3", "0123456789", RunStatus.LOST)
        assert (folder / "run.json").read_text() == content
    with pytest.raises(Missing):
        machine.engine.runs.get("job-9999999999")
    with pytest.raises(Missing):
        machine.engine.runs.cancel("../..")
    assert machine.engine.runs.list("jo") == []


def test_lines_of_a_log_are_whole_until_the_run_has_ended(tmp_path: Path) -> None:
    file = tmp_path / "main-0.txt"
    file.write_bytes(b"one\n\n10%\r20%\ntwo and")
    lines, length = runs._read_lines(file, 0, last=False)
    assert (lines, length) == (["one", "", "10%\r20%"], 13)
    assert runs._read_lines(file, length, last=True) == (["two and"], 7)
    assert runs._read_lines(file, length + 7, last=True) == ([], 0)


ENVIRONMENT = "name: job\njob: {{command: ls, environment: {{pip: [{}]}}}}\n"


def environment_change(machine: Machine, spec: Spec) -> Change:
    return next(change for change in machine.plan(spec).changes if change.resource.kind == "environment")


@pytest.mark.slow  # builds virtual environments
def test_environments_are_built_once_and_whole(tmp_path: Path, machine: Machine) -> None:
    requirement = "'specrun-no-such-package-0451 @ https://127.0.0.1:9/x.whl'"
    (spec,) = read_specs(write_spec(tmp_path / "bad", ENVIRONMENT.format(requirement)))
    bad = environment_change(machine, spec)
    with pytest.raises(EngineError, match="--environment current"):
        machine.begin(bad)
    assert machine.engine.resources.observe(bad.resource).status is Status.MISSING
    (spec,) = read_specs(write_spec(tmp_path / "good", ENVIRONMENT.format("")))
    good = environment_change(machine, spec)
    folder = machine.home / "environments" / f"{good.resource.name}-{sys.implementation.cache_tag}"
    folder.mkdir()
    (folder / "left by a killed build").write_text("")
    machine.begin(good)
    assert machine.engine.resources.observe(good.resource).status is Status.READY
    assert not (folder / "left by a killed build").exists()
    assert (folder / "bin/python").exists()
    assert machine.begin(good) == []


CONDA = "dependencies: [python, pip, {{pip: ['six=={}']}}]\n"


@pytest.fixture
def installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says how an installer was called that installs nothing."""
    tools, calls = tmp_path / "tools", tmp_path / "calls"
    tools.mkdir()
    (tools / "uv").write_text(
        f'#!/bin/sh\necho "$@" >> {calls}\nfor last; do :; done\n[ $1 != venv ] || mkdir "$last"\n'
    )
    (tools / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    return calls


def test_an_environment_is_built_of_what_was_planned_and_not_of_an_edit_since(
    tmp_path: Path, machine: Machine, installer: Path
) -> None:
    text = "name: job\njob: {command: ls, environment: {conda_file: conda.yml}}\n"
    (spec,) = read_specs(write_spec(tmp_path, text, conda_yml=CONDA.format("1.16.0")))
    plan = machine.plan(spec)
    planned = environment_change(machine, spec)
    (tmp_path / "conda.yml").write_text(CONDA.format("1.17.0"))
    outcome = machine.carry_out(plan, spec)
    assert (outcome.stale, installer.exists()) == ([planned.key.address], False)
    errors = [event.error for event in machine.events if isinstance(event, OperationSettled) and event.error]
    assert errors == [f"the environment changed since the plan: {tmp_path / 'conda.yml'} is not what it was"]
    machine.begin(planned)
    assert installer.read_text().split()[-1] == "six==1.16.0"
    new = environment_change(machine, spec)
    assert (new.action, new.key == planned.key) == (Action.CREATE, False)
    machine.begin(new)
    assert installer.read_text().split()[-1] == "six==1.17.0"


def test_a_run_knows_its_spec_by_more_than_its_prefix(machine: Machine) -> None:
    for name in ("job-0123456789", "job-two-0123456789"):
        (machine.home / "runs" / name).mkdir(parents=True)
    assert [run.name for run in machine.engine.runs.list("job")] == ["job-0123456789"]
    assert isinstance(machine.engine.runs.list("job-two")[0], Run)


KEPT = """\
name: job
compute: {name: gpu, max_instances: 2}
data: {d: {path: data, target: digits}}
job:
  command: cat ${{ inputs.d }}/a
  inputs: {d: {data: d}}
  environment: {pip: []}
  distribution: {type: tensorflow}
  resources: {instance_count: 2}
"""
FINGERPRINT = "e603101c0d979acd752a64801616caf00e3c394a4784bb0953e4a4f339b6921b"
RUN = "runs/job-e603101c0d"
BUILT = f"environments/47e1cfd431-{sys.implementation.cache_tag}"


def state_folder(home: Path) -> dict[str, dict[str, object]]:
    """What every version writes into `home` for KEPT, by file; a `*` for what differs from run to run."""
    return {
        "resources/compute/gpu.json": {"owner": "job", "properties": {"name": "gpu", "max_instances": 2}},
        "resources/data/26e81fc5705f8c75.json": {"target": "data/default/digits", "owners": {"a": "job"}},
        f"{BUILT}/ready.json": {"requirements": []},
        f"{RUN}/run.json": {
            "spec": "job",
            "fingerprint": FINGERPRINT,
            "attempt": 1,
            "submitted": "*",
            "compute": "gpu",
            "reads": ["data/default/digits", "environment/47e1cfd431"],
        },
        f"{RUN}/request.json": {
            "format": 1,
            "name": "job-e603101c0d",
            "command": f"cat {home}/{RUN}/inputs/d/a",
            "slots": f"{home}/slots",
            "marker": "*",
            "cluster": {"name": "gpu", "max_instances": 2},
            "distribution": {
                "type": "tensorflow",
                "parameter_server_count": 0,
                "worker_count": 2,
                "process_count_per_instance": 1,
            },
            "instance_count": 2,
            "environment_variables": {"SPECRUN_FINGERPRINT": FINGERPRINT},
            "secret_names": [],
            "path": [f"{home}/{BUILT}/bin"],
            "gpu": None,
            "timeout": None,
            "grace": 5.0,
        },
    }


def kept_spec(folder: Path) -> Spec:
    (spec,) = read_specs(write_spec(folder, KEPT, data__a="1"))
    return spec


def test_what_is_written_is_what_earlier_versions_wrote(tmp_path: Path, machine: Machine, installer: Path) -> None:
    assert machine.apply(kept_spec(tmp_path)).failed == []
    for file, content in state_folder(machine.home).items():
        written = json.loads((machine.home / file).read_text())
        assert {name: "*" if content.get(name) == "*" else value for name, value in written.items()} == content


@pytest.mark.parametrize("never_started", [False, True])
def test_what_earlier_versions_wrote_is_found(tmp_path: Path, machine: Machine, never_started: bool) -> None:
    files = {file: json.dumps(content) for file, content in state_folder(machine.home).items()}
    status = state.PREPARED if never_started else state.SUCCEEDED
    files[f"{RUN}/state.json"] = state.encode(state.State(status, submitted=1.0))
    files |= dict.fromkeys(["datastores/default/digits/a", f"{RUN}/inputs/d/a", f"{RUN}/code/x", f"{RUN}/logs/x"], "1")
    for file, text in files.items():
        (machine.home / file).parent.mkdir(parents=True, exist_ok=True)
        (machine.home / file).write_text(text)
    spec = kept_spec(tmp_path)
    pending = [change.key.address for change in machine.plan(spec).pending]
    assert pending == (["run/job"] if never_started else [])
    ended = machine.apply(spec).ended
    assert [(run.name, run.status) for run in ended] == [("job-e603101c0d", RunStatus.SUCCEEDED)]
