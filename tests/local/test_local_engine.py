"""The local engine's own part: data, records, environments, and runs that are looked at."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.apply.events import OpenLines
from specrun.engines.base import EngineError, Missing
from specrun.engines.local import state
from specrun.engines.local.conda import pip_requirements
from specrun.engines.local.engine import LocalEngine
from specrun.engines.local.run_notes import GOING
from specrun.engines.local.stores import target_folder
from specrun.plan.changes import Action, Change
from specrun.plan.makers import Maker
from specrun.plan.observed import Loss, Run, RunStatus, Status
from specrun.spec.model import Spec
from tests.engine_double import change_of, read_specs, write_spec
from tests.local.machine import ADDRESS, Machine

DATA = "name: {}\ndata: {{d: {{path: data, target: digits{}}}}}\n"


def data_spec(folder: Path, name: str = "job", more: str = "", **files: str) -> Spec:
    path = write_spec(folder, DATA.format(name, more), **{f"data__{file}": text for file, text in files.items()})
    return read_specs(path)[0]


def test_data_is_mirrored_read_only_and_once(tmp_path: Path, machine: Machine) -> None:
    spec = data_spec(tmp_path, a_csv="1", sub__b_csv="2")
    assert machine.apply(spec).failed == []
    assert machine.target("digits") == {"a.csv": "1", "sub/b.csv": "2"}
    modes = {p.stat().st_mode & 0o777 for p in target_folder(machine.home, "default", "digits").rglob("*.csv")}
    assert modes == {0o400}
    assert machine.plan(spec).pending == ()
    (tmp_path / "data/a.csv").write_text("one")
    assert machine.apply(spec).failed == []
    assert machine.target("digits") == {"a.csv": "one", "sub/b.csv": "2"}


def test_what_has_no_content_in_a_target_is_no_file_there(tmp_path: Path, machine: Machine) -> None:
    spec = data_spec(tmp_path, a="1", b="2")
    machine.apply(spec)
    folder = target_folder(machine.home, "default", "digits")
    (folder / "b").unlink()
    os.mkfifo(folder / "b")
    (folder / "c").symlink_to("nowhere")
    assert machine.change(ADDRESS, spec).action is Action.UPDATE
    assert machine.apply(spec).failed == []
    assert machine.target("digits") == {"a": "1", "b": "2"}


def test_pruning_removes_what_this_spec_sent_and_no_more(tmp_path: Path, machine: Machine) -> None:
    spec = data_spec(tmp_path / "one", "one", ", prune: true", a="1", b="2")
    machine.apply(spec)
    machine.apply(data_spec(tmp_path / "two", "two", theirs="3"))
    (target_folder(machine.home, "default", "digits") / "by-hand").write_text("4")
    (tmp_path / "one/data/b").unlink()
    assert machine.apply(spec).failed == []
    assert machine.target("digits") == {"a": "1", "theirs": "3", "by-hand": "4"}


def test_destroying_data_leaves_other_peoples_files(tmp_path: Path, machine: Machine) -> None:
    spec = data_spec(tmp_path / "one", "one", a="1", sub__b="2")
    machine.apply(spec)
    machine.apply(data_spec(tmp_path / "two", "two", theirs="3"))
    outcome = machine.destroy(spec, "data")
    assert (outcome.failed, machine.target("digits")) == ([], {"theirs": "3"})
    assert machine.change(ADDRESS, spec).action is Action.UPDATE


def test_what_a_target_holds_stands_for_a_source_that_is_not_here(tmp_path: Path, machine: Machine) -> None:
    spec = data_spec(tmp_path, more=", source: optional", a="1", sub__b="2")
    (tmp_path / "data/a").chmod(0o755)
    job = "job: {command: 'ls ${{ inputs.d }}', inputs: {d: {data: d}}}\n"
    (reading,) = read_specs(write_spec(tmp_path, DATA.format("job", ", source: optional") + job, "reading.yaml"))
    before = machine.plan(reading).fingerprints
    machine.apply(spec)
    shutil.rmtree(tmp_path / "data")
    plan = machine.plan(reading)
    assert (plan.fingerprints, plan.notes) == (before, ())
    assert change_of(plan, ADDRESS).reason == "source not here: 2 files as they stand on the default datastore"
    assert machine.plan(spec).pending == ()

    (record,) = (machine.home / "resources/data").iterdir()
    kept = json.loads(record.read_text())
    for source, code in ((None, "source-unlisted"), ({"format": 2}, "source-unlisted"), (kept["source"], "")):
        record.write_text(json.dumps({**kept, "source": source}))
        assert [note.code for note in machine.plan(reading).notes] == [code] * bool(code)
    (target_folder(machine.home, "default", "digits") / "a").unlink()
    assert [note.code for note in machine.plan(reading).notes] == ["changed-target"]

    # What another spec put there stays, and the list with it.
    machine.apply(data_spec(tmp_path / "two", "two", theirs="3"))
    listed = json.loads(record.read_text())["source"]["files"]
    assert list(listed) == ["theirs"]
    machine.destroy(spec, "data")
    assert json.loads(record.read_text())["source"]["files"] == listed
    machine.destroy(data_spec(tmp_path / "two", "two"), "data")
    assert "source" not in json.loads(record.read_text())


def test_a_source_that_changes_after_the_plan_is_not_sent(tmp_path: Path, machine: Machine) -> None:
    spec = data_spec(tmp_path, a="1")
    plan = machine.plan(spec)
    (tmp_path / "data/a").write_text("2")
    outcome = machine.carry_out(plan, spec)
    assert (outcome.stale, machine.target("digits")) == ([ADDRESS], {})


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


def test_what_is_made_here_says_whose_it_is_and_a_run_where_it_comes_from(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_ACTIONS", "GITHUB_RUN_ID", "TF_BUILD", "BUILD_BUILDID", "GITLAB_CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOGNAME", "ann")
    text = "name: one\nvars: {steps: 20, rate: 0.5}\ncompute: {name: gpu, max_instances: 1}\n"
    text += "data: {d: {path: data, target: digits}}\n"
    written = write_spec(tmp_path / "repo", f"{text}job: {{command: 'true'}}\n", data__a="1")
    (tmp_path / "repo" / ".specrun.yaml").write_text("repository: vision\n")
    git = ["git", "-C", str(tmp_path / "repo"), "-c", "user.name=S", "-c", "user.email=s@example.org"]
    for words in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-qm", "first")):
        subprocess.run([*git, *words], check=True)
    (plain,) = read_specs(written)
    spec, other = replace(plain, target="prod"), replace(plain, target="dev")
    assert machine.apply(spec).failed == []
    whose = Maker("one", "vision", "prod")
    (run,) = machine.engine.runs.list("one").runs
    assert run.variables == {"steps": 20, "rate": 0.5}
    assert (run.maker, run.provenance.dirty, run.provenance.branch, run.provenance.user) == (
        whose,
        False,
        "main",
        "ann",
    )
    assert len(run.provenance.commit) == 40
    plan = machine.plan(spec)
    assert change_of(plan, "compute/gpu").before.maker == whose
    assert {file.maker for file in change_of(plan, ADDRESS).before.files.values()} == {whose}
    assert machine.change("run/one", other).fingerprint == run.fingerprint
    assert change_of(machine.destroyed(other), "compute/gpu").action is Action.NO_OP
    # An older version says neither repository nor target: it is every target's.
    record = machine.home / "resources/compute/gpu.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "owner": "one"}))
    assert change_of(machine.destroyed(other), "compute/gpu").action is Action.DELETE


@pytest.mark.parametrize("damage", ["{", "[]", "\0", "[" * 100_000])
def test_a_damaged_record_is_named(tmp_path: Path, machine: Machine, damage: str) -> None:
    (spec,) = read_specs(write_spec(tmp_path, "name: job\ncompute: {name: gpu, max_instances: 2}\n"))
    machine.apply(spec)
    resource = machine.change("compute/gpu", spec).resource
    (machine.home / "resources/compute/gpu.json").write_text(damage)
    with pytest.raises(EngineError, match=r"gpu\.json"):
        machine.engine.resources.observe(resource)


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


@pytest.mark.parametrize(
    ("seen", "loss"),
    [
        (state.State(state.QUEUED), Loss.NEVER_STARTED),
        (state.State(state.RUNNING, started=1.0), Loss.NODE_LOST),
        (state.State(state.FAILED, started=1.0), None),
    ],
)
def test_what_became_of_a_run_whose_supervisor_is_gone(machine: Machine, seen: state.State, loss: Loss | None) -> None:
    folder = machine.home / "runs/job-0123456789"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text('{"spec": "job", "fingerprint": "0123456789", "attempt": 1}')
    roles = {"ps/0": state.RoleState("running"), "worker/0": state.RoleState("succeeded", exit=0)}
    state.write(folder, replace(seen, roles=roles))
    run = machine.engine.runs.get("job-0123456789")
    assert (run.status is RunStatus.LOST, run.loss) == (loss is not None, loss)
    assert [role.status for role in run.roles] == ["running" if loss is None else "lost", "succeeded"]


def test_what_goes_on_is_known_without_what_has_ended(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = {"a": state.RUNNING, "b": state.QUEUED, "c": state.RUNNING, "d": state.SUCCEEDED}
    folders = {name: machine.home / "runs" / f"job-{name * 10}" for name in ends}
    for number, (name, folder) in enumerate(folders.items()):
        folder.mkdir(parents=True)
        (folder / state.FILE).write_text(state.encode(state.State(ends[name], submitted=float(number))))
        GOING.note(folder)
    locks = [state.acquire(folders[name]) for name in "ab"]
    assert [run.name for run in machine.engine.runs.going() or ()] == ["job-bbbbbbbbbb", "job-aaaaaaaaaa"]
    assert sorted(GOING.noted(machine.home)) == [folders[name].name for name in "ab"], "of what is lost none is left"
    monkeypatch.setattr("specrun.engines.local.runs.read_run", lambda folder, _: pytest.fail(f"{folder} was read"))
    for name in "ab":
        GOING.forget(folders[name])
    assert list(machine.engine.runs.going() or ()) == [], "and all others are not looked at"
    assert all(lock is not None for lock in locks)


def test_what_this_machine_stands_for_is_not_said_to_be_as_declared(machine: Machine, tmp_path: Path) -> None:
    text = "name: job\nworkspace: {name: ml-ws, create: true, location: westeurope}\ncompute: gpu\njob: {command: ls}\n"
    (spec,) = read_specs(write_spec(tmp_path, text), engine="local")
    for address in ("workspace/ml-ws", "compute/gpu"):
        change = machine.change(address, spec)
        assert (change.action, change.reason) == (Action.NO_OP, "not looked at: this machine stands for it")


def test_damaged_runs_are_listed_as_lost_and_left_alone(machine: Machine) -> None:
    folder = machine.home / "runs/job-0123456789-3"
    folder.mkdir(parents=True)
    for content in ("{", "[]", '{"attempt": "x", "submitted": []}', '{"reads": 7, "spec": "job"}'):
        (folder / "run.json").write_text(content)
        (run,) = machine.engine.runs.list("job").runs
        assert (run.name, run.fingerprint, run.status) == ("job-0123456789-3", "0123456789", RunStatus.LOST)
        assert (folder / "run.json").read_text() == content
    with pytest.raises(Missing):
        machine.engine.runs.get("job-9999999999")
    with pytest.raises(Missing):
        machine.engine.runs.cancel("../..")
    assert machine.engine.runs.list("jo").runs == []


def test_a_bar_is_seen_before_its_line_ends(tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    class Events(list[object]):
        def append(self, event: object) -> None:
            super().append(event)
            if isinstance(event, OpenLines):
                (tmp_path / "gate").touch()  # only what was seen lets the job go on

    monkeypatch.setattr(machine, "events", Events())
    script = f"printf '10%%\\r20%%'; until [ -e {tmp_path}/gate ]; do sleep 0.01; done; printf '\\r30%%\\r\\n'"
    (spec,) = read_specs(write_spec(tmp_path, "name: job\njob:\n  command: |\n    " + script))
    machine.apply(spec)
    seen = [line.text for event in machine.events if isinstance(event, OpenLines) for line in event.lines]
    assert (seen[0], machine.said()) == ("20%", ["30%"])


def test_the_end_of_a_run_is_heard_and_not_looked_for(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalEngine, "poll", 3600.0)
    (spec,) = read_specs(write_spec(tmp_path, "name: job\njob: {command: 'sleep 0.2; echo done'}\n"))
    assert [run.status for run in machine.apply(spec).ended] == [RunStatus.SUCCEEDED]
    assert machine.said() == ["done"]


ENVIRONMENT = "name: job\njob: {{command: ls, environment: {{pip: [{}]}}}}\n"


def environment_change(machine: Machine, spec: Spec) -> Change:
    return next(change for change in machine.plan(spec).changes if change.resource.kind == "environment")


@pytest.mark.slow  # builds virtual environments
def test_an_environment_that_cannot_be_built_is_not_there(tmp_path: Path, machine: Machine) -> None:
    requirement = "'specrun-no-such-package-0451 @ https://127.0.0.1:9/x.whl'"
    (spec,) = read_specs(write_spec(tmp_path / "bad", ENVIRONMENT.format(requirement)))
    bad = environment_change(machine, spec)
    with pytest.raises(EngineError, match="--environment current"):
        machine.begin(bad)
    assert machine.engine.resources.observe(bad.resource).status is Status.MISSING


def test_environments_are_built_once_and_whole(tmp_path: Path, machine: Machine, installer: Path) -> None:
    """By an installer that installs nothing: to make a real one takes four seconds of CPU, and tests of jobs do."""
    (spec,) = read_specs(write_spec(tmp_path / "good", ENVIRONMENT.format("six")))
    good = environment_change(machine, spec)
    folder = machine.home / "environments" / f"{good.resource.name}-{sys.implementation.cache_tag}"
    folder.mkdir(parents=True)
    (folder / "left by a killed build").write_text("")
    machine.begin(good)
    built = installer.read_text()
    assert machine.engine.resources.observe(good.resource).status is Status.READY
    assert not (folder / "left by a killed build").exists()
    assert (built.splitlines()[0].split()[-1], built.splitlines()[-1]) == (str(folder), "six")
    assert machine.begin(good) == []
    assert installer.read_text() == built


CONDA = "dependencies: [python, pip, {{pip: ['six=={}']}}]\n"


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
    assert machine.errors() == [f"the environment changed since the plan: {tmp_path / 'conda.yml'} is not what it was"]
    machine.begin(planned)
    assert installer.read_text().split()[-1] == "six==1.16.0"
    new = environment_change(machine, spec)
    assert (new.action, new.key == planned.key) == (Action.CREATE, False)
    machine.begin(new)
    assert installer.read_text().split()[-1] == "six==1.17.0"


def test_a_run_knows_its_spec_by_more_than_its_prefix(machine: Machine) -> None:
    for name in ("job-0123456789", "job-two-0123456789"):
        (machine.home / "runs" / name).mkdir(parents=True)
    assert [run.name for run in machine.engine.runs.list("job").runs] == ["job-0123456789"]
    assert isinstance(machine.engine.runs.list("job-two").runs[0], Run)
