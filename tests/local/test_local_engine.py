"""The local engine's own part: data, records, environments and what a run finds on disk, without starting one."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.apply.survey import survey
from specrun.apply.walk import Outcome
from specrun.engines.base import EngineError, Missing
from specrun.engines.local import history, inputs
from specrun.engines.local.conda import pip_requirements
from specrun.engines.local.engine import LocalEngine
from specrun.engines.local.stores import target_folder
from specrun.engines.local.submission import command_line
from specrun.plan.changes import Action, Plan
from specrun.plan.destruction import plan_destruction
from specrun.plan.hashes import HashCache
from specrun.plan.observed import Run, RunStatus
from specrun.plan.planner import Planner
from specrun.plan.resources import build_graph
from specrun.spec.model import Input, Spec
from tests.engine_double import carry_out, change_of, read_specs, write_spec

DATA = "name: {}\ndata: {{d: {{path: data, target: digits{}}}}}\n"
KEY = "data/default/digits"


@pytest.fixture
def engine(tmp_path: Path) -> LocalEngine:
    return LocalEngine(tmp_path / "home", HashCache(tmp_path / "home"))


def plan_of(engine: LocalEngine, *specs: Spec) -> Plan:
    graph = build_graph(specs)
    seen = survey(engine, graph)
    assert not seen.errors, seen.errors
    return Planner(engine, seen, engine.identity, engine.home, engine.hashes).plan(graph)


def apply(engine: LocalEngine, *specs: Spec) -> Outcome:
    return carry_out(engine, plan_of(engine, *specs), engine.home)[0]  # type: ignore[arg-type]


def destroy(engine: LocalEngine, spec: Spec, *also: str) -> Outcome:
    graph = build_graph([spec])
    seen = survey(engine, graph)
    plan = plan_destruction(graph, engine, seen.observed, seen.runs, also)
    return carry_out(engine, plan, engine.home)[0]  # type: ignore[arg-type]


def data_spec(folder: Path, name: str = "job", more: str = "", **files: str) -> Spec:
    path = write_spec(folder, DATA.format(name, more), **{f"data__{file}": text for file, text in files.items()})
    return read_specs(path)[0]


def stored(engine: LocalEngine) -> dict[str, str]:
    folder = target_folder(engine.home, "default", "digits")
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_data_is_mirrored_read_only_and_once(tmp_path: Path, engine: LocalEngine) -> None:
    spec = data_spec(tmp_path, a_csv="1", sub__b_csv="2")
    assert apply(engine, spec).failed == []
    assert stored(engine) == {"a.csv": "1", "sub/b.csv": "2"}
    modes = {p.stat().st_mode & 0o777 for p in target_folder(engine.home, "default", "digits").rglob("*.csv")}
    assert modes == {0o444}
    assert plan_of(engine, spec).pending == ()
    (tmp_path / "data/a.csv").write_text("one")
    assert apply(engine, spec).failed == []
    assert stored(engine) == {"a.csv": "one", "sub/b.csv": "2"}


def test_pruning_removes_what_this_spec_sent_and_no_more(tmp_path: Path, engine: LocalEngine) -> None:
    spec = data_spec(tmp_path / "one", "one", ", prune: true", a="1", b="2")
    apply(engine, spec)
    apply(engine, data_spec(tmp_path / "two", "two", theirs="3"))
    (target_folder(engine.home, "default", "digits") / "by-hand").write_text("4")
    (tmp_path / "one/data/b").unlink()
    assert apply(engine, spec).failed == []
    assert stored(engine) == {"a": "1", "theirs": "3", "by-hand": "4"}


def test_destroying_data_leaves_other_peoples_files(tmp_path: Path, engine: LocalEngine) -> None:
    spec = data_spec(tmp_path / "one", "one", a="1", sub__b="2")
    apply(engine, spec)
    apply(engine, data_spec(tmp_path / "two", "two", theirs="3"))
    outcome = destroy(engine, spec, "data")
    assert (outcome.failed, stored(engine)) == ([], {"theirs": "3"})
    assert change_of(plan_of(engine, spec), KEY).action is Action.UPDATE


def test_a_source_that_changes_after_the_plan_is_not_sent(tmp_path: Path, engine: LocalEngine) -> None:
    spec = data_spec(tmp_path, a="1")
    plan = plan_of(engine, spec)
    (tmp_path / "data/a").write_text("2")
    outcome, _ = carry_out(engine, plan, engine.home)  # type: ignore[arg-type]
    assert (outcome.stale, stored(engine)) == ([KEY], {})


def test_clusters_are_records_that_keep_what_the_spec_leaves_out(tmp_path: Path, engine: LocalEngine) -> None:
    text = "name: job\ncompute: {name: gpu, max_instances: 2, tags: {a: b}}\n"
    apply(engine, *read_specs(write_spec(tmp_path, text)))
    (spec,) = read_specs(write_spec(tmp_path, "name: other\ncompute: {name: gpu, max_instances: 3}\n"))
    plan = plan_of(engine, spec)
    assert plan.changes[0].action is Action.UPDATE
    carry_out(engine, plan, engine.home)  # type: ignore[arg-type]
    record = json.loads((engine.home / "resources/compute/gpu.json").read_text())
    assert record == {"owner": "job", "properties": {"name": "gpu", "max_instances": 3, "tags": {"a": "b"}}}
    assert destroy(engine, spec).failed == []
    assert (engine.home / "resources/compute/gpu.json").exists()


@pytest.mark.parametrize("damage", ["{", "[]", "\0"])
def test_a_damaged_record_is_named(tmp_path: Path, engine: LocalEngine, damage: str) -> None:
    (spec,) = read_specs(write_spec(tmp_path, "name: job\ncompute: {name: gpu, max_instances: 2}\n"))
    apply(engine, spec)
    (engine.home / "resources/compute/gpu.json").write_text(damage)
    errors = survey(engine, build_graph([spec])).errors
    assert "gpu.json" in errors["compute/gpu"]


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
def prepared(tmp_path: Path, engine: LocalEngine) -> tuple[Spec, Path]:
    (spec,) = read_specs(write_spec(tmp_path, INPUTS, **{"data__a b_csv": "1", "data__sub__c": "2"}))
    plan = plan_of(engine, spec)
    for change in plan.changes:
        if change.kind == "data":
            engine.begin(change, lambda progress: None)
    folder = tmp_path / "run"
    inputs.prepare_inputs(engine.home, spec, folder / "inputs")
    return spec, folder


def test_a_mount_is_links_to_read_only_files_and_a_download_copies(prepared: tuple[Spec, Path]) -> None:
    _, folder = prepared
    linked, copied = folder / "inputs/linked/sub/c", folder / "inputs/copied/sub/c"
    assert linked.is_symlink()
    assert linked.stat().st_mode & 0o222 == 0
    assert not linked.parent.is_symlink()
    assert not copied.is_symlink()
    assert copied.stat().st_mode & 0o200
    assert (linked.read_text(), copied.read_text()) == ("2", "2")


def test_paths_in_the_command_are_quoted_and_the_shells_own_is_left(
    prepared: tuple[Spec, Path], engine: LocalEngine
) -> None:
    spec, _ = prepared
    command = command_line(engine.home, spec, Path("/my runs/x"))
    assert command == (
        "run '/my runs/x/inputs/linked' '/my runs/x/inputs/copied' '/my runs/x/inputs/file/a b.csv' 0.5 "
        "'/my runs/x/outputs/model' $HOME"
    )


def test_an_input_without_files_is_an_empty_folder(tmp_path: Path, engine: LocalEngine) -> None:
    (spec,) = read_specs(
        write_spec(tmp_path, "name: job\njob: {command: 'ls ${{ inputs.d }}', inputs: {d: {path: d}}}\n", d__a="1")
    )
    inputs.prepare_inputs(engine.home, spec, tmp_path / "inputs")
    assert list((tmp_path / "inputs/d").iterdir()) == []


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (3, "3"), (None, ""), ("a b", "a b")])
def test_scalars_as_text(engine: LocalEngine, prepared: tuple[Spec, Path], value: object, text: str) -> None:
    spec, folder = prepared
    assert inputs.input_value(engine.home, spec, Input("x", value=value), folder) == text  # type: ignore[arg-type]


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
    tmp_path: Path, engine: LocalEngine, job: str, way_out: str
) -> None:
    (spec,) = read_specs(write_spec(tmp_path, f"name: job\njob: {job}\n"))
    (found,) = engine.check(spec)
    assert found.code == "not-on-this-machine"
    assert way_out in found.detail
    assert found.location.line == 3


def test_damaged_runs_are_listed_as_lost_and_left_alone(engine: LocalEngine) -> None:
    folder = engine.home / "runs/job-0123456789-3"
    folder.mkdir(parents=True)
    for content in ("{", "[]", '{"attempt": "x", "submitted": []}', '{"reads": 7, "spec": "job"}'):
        (folder / "run.json").write_text(content)
        (run,) = engine.runs("job")
        assert (run.name, run.fingerprint, run.status) == ("job-0123456789-3", "0123456789", RunStatus.LOST)
        assert (folder / "run.json").read_text() == content
    with pytest.raises(Missing):
        engine.run("job-9999999999")
    with pytest.raises(Missing):
        engine.cancel("../..")
    assert engine.runs("jo") == []


def test_lines_of_a_log_are_whole_until_the_run_has_ended(tmp_path: Path) -> None:
    file = tmp_path / "main-0.txt"
    file.write_bytes(b"one\n\n10%\r20%\ntwo and")
    lines, length = history._read_lines(file, 0, last=False)
    assert (lines, length) == (["one", "", "10%\r20%"], 13)
    assert history._read_lines(file, length, last=True) == (["two and"], 7)
    assert history._read_lines(file, length + 7, last=True) == ([], 0)


ENVIRONMENT = "name: job\njob: {{command: ls, environment: {{pip: ['{}']}}}}\n"


@pytest.mark.slow  # builds virtual environments
def test_environments_are_built_once_and_whole(tmp_path: Path, engine: LocalEngine) -> None:
    package = tmp_path / "pkg"
    package.mkdir()
    (package / "setup.py").write_text("raise SystemExit('no wheel here')\n")
    (spec,) = read_specs(
        write_spec(tmp_path / "bad", ENVIRONMENT.format("specrun-no-such-package-0451 @ https://127.0.0.1:9/x.whl"))
    )
    job = spec.job
    assert job is not None
    plan = plan_of(engine, spec)
    environment = next(change for change in plan.changes if change.kind == "environment")
    with pytest.raises(EngineError, match="--environment current"):
        engine.begin(environment, lambda progress: None)
    assert engine.observe(environment.resource).status.value == "missing"
    assert job.environment is not None
    empty = replace(spec, job=replace(job, environment=replace(job.environment, pip=())))
    environment = next(change for change in plan_of(engine, empty).changes if change.kind == "environment")
    (engine.home / "environments").mkdir(exist_ok=True)
    folder = next(iter([engine.home / "environments" / f"{environment.resource.name}-{sys.implementation.cache_tag}"]))
    folder.mkdir()
    (folder / "left by a killed build").write_text("")
    reports: list[object] = []
    engine.begin(environment, reports.append)
    assert engine.observe(environment.resource).status.value == "ready"
    assert not (folder / "left by a killed build").exists()
    assert (folder / "bin/python").exists()
    reports.clear()
    engine.begin(environment, reports.append)
    assert reports == []


def test_a_run_knows_its_spec_by_more_than_its_prefix(engine: LocalEngine) -> None:
    for name in ("job-0123456789", "job-two-0123456789"):
        (engine.home / "runs" / name).mkdir(parents=True)
    assert [run.name for run in engine.runs("job")] == ["job-0123456789"]
    assert isinstance(engine.runs("job-two")[0], Run)
