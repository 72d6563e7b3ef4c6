"""A pipeline job is taken apart into specs that read from each other, and such specs are one pipeline job again."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from specrun.apply.chains import with_upstream
from specrun.convert.azureml import import_azureml
from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.sources import Refused, Source, read_yaml
from specrun.convert.to_azureml import chains_of, export_chain, losses_of_chain, unfilled
from specrun.spec.load import load
from specrun.spec.model import Spec
from tests.convert.imports import mistakes, read_back, unspoken
from tests.convert.meaning.meant import meant

CASE = Path(__file__).parents[1] / "cases" / "import" / "pipeline"
STEP = {"type": "command", "command": "ls", "environment": "azureml:base:1"}
WRITES = {**STEP, "outputs": {"a": {"type": "uri_folder"}}}


def steps_of(pipeline: Mapping[str, Any], name: str | None = None) -> list[Imported]:
    return import_azureml([Source("p.yml", "", {"type": "pipeline", **pipeline})], ImportOptions(name))


def written(imported: Sequence[Imported]) -> dict[str, Any]:
    return {one.name: read_back(one) for one in imported}


def asked(imported: Sequence[Imported]) -> dict[str, str]:
    return {entry.source: entry.note for one in imported for entry in one.report.todos}


def test_the_case_is_told_whole_and_gives_valid_specs(tmp_path: Path) -> None:
    source = read_yaml(str(CASE / "pipeline.yml"))
    found = import_azureml([source], ImportOptions(folder=CASE))
    whole = Imported("all", found[0].draft, sum((one.report for one in found[1:]), found[0].report))
    assert unspoken(source, whole) == []
    for one in found:
        assert mistakes(one, tmp_path) == []
        assert one.draft.text() == (CASE / f"{one.name}.spec.yaml").read_text(encoding="utf-8")
    assert [one.name for one in found] == ["prepare-it", "train", "tune", "inner-evaluate", "last"]
    told = asked(found)
    assert told["jobs.many"] == "the step many is a parallel job, which specrun cannot run"
    assert "registered component their_own:1 is not here" in told["jobs.registered"]
    assert "output table of the step many, of which there is no spec" in told["jobs.last.inputs.table.path"]
    assert "train declares no output nothing" in told["jobs.last.inputs.nothing"]
    places = {entry.source: entry.place for one in found for entry in one.report.todos}
    assert places["jobs.last.inputs.table.path"] == "line 73"


def test_what_a_step_reads_is_the_run_of_another() -> None:
    inputs = {"x": "${{parent.jobs.One.outputs.a}}", "y": {"path": "${{ jobs.One.outputs.a }}", "mode": "download"}}
    specs = written(steps_of({"jobs": {"One": WRITES, "two": {**STEP, "inputs": inputs}}}))
    assert specs["two"]["job"]["inputs"] == {
        "x": {"run": "one", "output": "a"},
        "y": {"run": "one", "output": "a", "mode": "download"},
    }


@pytest.mark.parametrize(
    ("inputs", "step", "expected"),
    [
        ({"x": 3}, "${{parent.inputs.x}}", 3),
        ({"x": {"type": "number", "default": 0.5}}, "${{parent.inputs.x}}", 0.5),
        ({"x": 3, "y": "a"}, "${{parent.inputs.y}}-${{parent.inputs.x}}", "a-3"),
        ({"x": {"type": "uri_file", "path": "data/a.csv"}}, "${{parent.inputs.x}}", {"path": "data/a.csv"}),
        ({"x": {"path": "azureml:a:1"}}, {"path": "${{parent.inputs.x}}", "mode": "download"}, {"mode": "download"}),
        ({"x": {"type": "mlflow_model", "path": "azureml:net:3"}}, "${{parent.inputs.x}}", {"model": "net"}),
        ({"x": {"type": "custom_model", "path": "azureml:net:1.10"}}, "${{parent.inputs.x}}", {"version": "1.10"}),
        ({"x": {"type": "custom_model", "path": "azureml:net@best"}}, "${{parent.inputs.x}}", {"path": "TODO"}),
        ({"x": {"type": "number", "optional": True}}, "${{parent.inputs.x}}", None),
    ],
)
def test_an_input_of_the_pipeline_stands_where_it_is_used(inputs: object, step: object, expected: object) -> None:
    specs = written(steps_of({"inputs": inputs, "jobs": {"one": {**STEP, "inputs": {"i": step}}}}))
    found = specs["one"]["job"].get("inputs", {}).get("i")
    assert found == expected or found.items() >= expected.items()  # type: ignore[attr-defined]


def test_an_output_of_the_pipeline_is_registered_and_keeps_its_place() -> None:
    place = "azureml://datastores/d/paths/kept"
    outputs = {"m": {"type": "custom_model", "name": "net"}, "p": {"path": place, "mode": "upload"}}
    bound = {"m": "${{parent.outputs.m}}", "p": {"path": "${{parent.outputs.p}}"}}
    specs = written(steps_of({"outputs": outputs, "jobs": {"one": {**STEP, "outputs": bound}}}))
    assert specs["one"]["job"]["outputs"] == {
        "m": {"register": {"name": "net", "type": "custom_model"}},
        "p": {"path": place, "mode": "upload"},
    }


@pytest.mark.parametrize("kind", ["spark", "parallel", "automl", "if_else", "do_while", "data_transfer", "magic"])
def test_a_step_that_no_spec_can_be_is_told_and_the_others_are_imported(kind: str) -> None:
    found = steps_of({"jobs": {"one": STEP, "two": {"type": kind, "inputs": {"x": 1}}}})
    assert [one.name for one in found] == ["one"]
    assert "jobs.two" in asked(found)
    with pytest.raises(Refused, match="no step of the pipeline can be a spec; two: "):
        steps_of({"jobs": {"two": {"type": kind}}})


def test_names_are_a_specs_and_a_name_that_is_given_goes_before() -> None:
    jobs = {"Make_it": WRITES, "make-it": STEP, "end": {**STEP, "inputs": {"x": "${{parent.jobs.Make_it.outputs.a}}"}}}
    assert [*written(steps_of({"jobs": jobs}))] == ["make-it", "make-it-2", "end"]
    specs = written(steps_of({"jobs": jobs}, "all"))
    assert [*specs] == ["all-make-it", "all-make-it-2", "all-end"]
    assert specs["all-end"]["job"]["inputs"]["x"]["run"] == "all-make-it"


def test_a_pipeline_that_names_itself_ends(tmp_path: Path) -> None:
    file = tmp_path / "p.yml"
    file.write_text("type: pipeline\njobs: {a: {command: ls, environment: 'azureml:b:1'}, b: {component: ./p.yml}}\n")
    found = import_azureml([read_yaml(str(file))], ImportOptions())
    assert "the pipeline that it stands in" in asked(found)["jobs.b"]


def test_a_registered_component_is_known_by_a_file_of_its_name() -> None:
    component = {"name": "fit", "type": "command", "command": "ls", "version": 1, "environment": "azureml:base:1"}
    jobs = {"one": {"type": "command", "component": "azureml:fit:1"}}
    sources = [Source("p.yml", "", {"type": "pipeline", "jobs": jobs}), Source("fit.yml", "", component)]
    (found,) = import_azureml(sources, ImportOptions())
    assert written([found])["one"]["job"]["command"] == "ls"


def told(imported: Sequence[Imported]) -> dict[str, str]:
    return {entry.source: entry.note for one in imported for entry in one.report.entries}


def test_a_field_that_is_bound_to_an_input_of_the_pipeline_has_what_that_has(tmp_path: Path) -> None:
    jobs = {
        "one": {**STEP, "compute": "${{parent.inputs.where}}", "resources": {"instance_count": "${{parent.inputs.n}}"}}
    }
    inner = {"type": "pipeline", "inputs": {"where": {"type": "string"}, "n": {"type": "integer"}}, "jobs": jobs}
    (tmp_path / "inner.yml").write_text(yaml.safe_dump(inner))
    outer = {"inputs": {"at": "cpu", "n": 2}, "jobs": {"all": {"type": "pipeline", "component": "./inner.yml"}}}
    outer["jobs"]["all"]["inputs"] = {"where": "${{parent.inputs.at}}-cluster", "n": "${{parent.inputs.n}}"}
    source = Source(str(tmp_path / "p.yml"), "", {"type": "pipeline", **outer})
    (found,) = import_azureml([source], ImportOptions())
    spec = read_back(found)
    assert (spec["compute"], spec["job"]["resources"]["instance_count"]) == ("cpu-cluster", 2)
    notes = told([found])
    assert notes["inputs.n"] == "what the pipeline is given where it is a step stands there"
    assert notes["jobs.all.inputs.n"] == notes["inputs.at"] == "it stands in each spec that uses it"


def test_a_step_says_it_in_the_place_of_its_component_but_for_variables() -> None:
    component = {**STEP, "environment": {"image": "a"}, "environment_variables": {"A": "1", "B": "1"}}
    step = {"component": component, "environment": {"conda_file": "c.yml"}, "environment_variables": {"B": "2"}}
    found = steps_of({"jobs": {"one": step}})
    job = written(found)["one"]["job"]
    assert (job["environment"], job["environment_variables"]) == ({"conda_file": "c.yml"}, {"A": "1", "B": "2"})
    notes = told(found)
    assert notes["jobs.one.component.environment"] == "the step says another"
    assert notes["jobs.one.component.environment_variables.B"] == "the step says another"


def test_what_a_component_brings_along_is_asked_about() -> None:
    component = {**STEP, "code": "src", "additional_includes": ["../common"], "is_deterministic": False, "retries": 3}
    found = steps_of({"jobs": {"one": {"component": component}}})
    assert "the component brings ../common, too" in asked(found)["jobs.one.component.additional_includes"]
    assert "specrun apply --rerun" in told(found)["jobs.one.component.is_deterministic"]
    assert "have this field" in told(found)["jobs.one.component.retries"]


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("azureml:fit:3", "--name fit --version 3"),
        ("azureml:fit@latest", "--name fit --label latest"),
        ("azureml://registries/r/components/fit/versions/0.4.0", "--name fit --version 0.4.0 --registry-name r"),
        ("azureml://registries/r/components/fit/labels/latest", "--name fit --label latest --registry-name r"),
    ],
)
def test_how_to_see_a_registered_component_is_told(name: str, command: str) -> None:
    found = steps_of({"jobs": {"one": STEP, "two": {"component": name}}})
    assert f"`az ml component show {command}`" in asked(found)["jobs.two"]


def test_what_is_said_twice_or_written_anew_is_told() -> None:
    found = steps_of(
        {
            "experiment_name": "${NAME}",
            "compute": "azureml:other",
            "settings": {"default_compute": "azureml:cpu-cluster"},
            "inputs": {"unused": 3},
            "outputs": {"unused": None},
            "jobs": {"one": {**STEP, "outputs": {"a": "${{jobs.one.outputs.a}}"}}},
        }
    )
    notes = told(found)
    assert written(found)["one"]["compute"] == "cpu-cluster"
    assert written(found)["one"]["job"]["outputs"] == {"a": {}}
    assert notes["compute"] == "settings.default_compute goes before it"
    assert notes["experiment_name"] == 'each step that says none itself has it; written as "NAME"'
    assert (notes["inputs.unused"], notes["outputs.unused"]) == (
        "no step that became a spec reads it",
        "no step that became a spec writes it",
    )
    assert notes["jobs.one.outputs.a"] == "it is bound to itself: it is kept with the run"
    assert asked(found) == {}


def test_a_pipeline_that_is_a_component_names_the_file_to_import() -> None:
    with pytest.raises(Refused, match=r"its steps are in the component ./inner.yml: import the file of that"):
        steps_of({"component": "./inner.yml"})


def test_what_stands_twice_in_a_file_is_told_with_the_lines(tmp_path: Path) -> None:
    (tmp_path / "fit.yml").write_text("name: fit\ntype: command\ncommand: ls\ncommand: pwd\nenvironment: azureml:b:1\n")
    (tmp_path / "p.yml").write_text("type: pipeline\njobs:\n  one: {component: ./fit.yml}\ntype: pipeline\n")
    (found,) = import_azureml([read_yaml(str(tmp_path / "p.yml"))], ImportOptions())
    assert written([found])["one"]["job"]["command"] == "pwd"
    twice = [(entry.source, entry.note[:6]) for entry in found.report.entries if "once more" in entry.note]
    assert twice == [("type", "line 1"), ("command", "line 3")]


def test_each_step_is_told_at_its_line_and_a_file_it_uses_is_not_left_over(tmp_path: Path) -> None:
    text = "type: pipeline\njobs:\n  one: {command: ls, environment: 'azureml:b:1'}\n  two:\n    command: ls\n"
    (tmp_path / "p.yml").write_text(text)
    (tmp_path / "env.yml").write_text("name: b\nversion: 1\nimage: python:3.11\n")
    found = import_azureml([read_yaml(str(tmp_path / name)) for name in ("p.yml", "env.yml")], ImportOptions())
    assert [(entry.source, entry.place) for one in found for entry in one.report.todos] == [("jobs.two", "line 4")]
    assert found[1].report.places[str(tmp_path / "p.yml")](("jobs", "two", "command")) == "line 5"
    assert [note for note in told(found).values() if "no job that was given names it" in note] == []


def test_a_trial_brings_what_it_declares_with_its_paths(tmp_path: Path) -> None:
    (tmp_path / "fit").mkdir()
    trial = {
        **STEP,
        "command": "python fit.py ${{inputs.lr}} ${{outputs.a}} ${{outputs.b}}",
        "environment": {"image": "a", "conda_file": "conda.yml"},
        "inputs": {"lr": {"type": "number"}, "data": {"type": "path"}},
        "outputs": {"a": {"type": "uri_folder"}, "b": {"type": "path"}},
    }
    (tmp_path / "fit" / "fit.yml").write_text(yaml.safe_dump(trial))
    step = {
        "type": "sweep",
        "trial": "./fit/fit.yml",
        "inputs": {"data": "${{parent.jobs.one.outputs.a}}"},
        "outputs": {"a": None},
        "sampling_algorithm": "random",
        "search_space": {"lr": {"type": "choice", "values": [1, 2]}},
        "objective": {"goal": "minimize", "primary_metric": "loss"},
        "limits": {"max_total_trials": 2},
    }
    source = Source(str(tmp_path / "p.yml"), "", {"type": "pipeline", "jobs": {"one": WRITES, "two": step}})
    found = import_azureml([source], ImportOptions(folder=tmp_path))
    job = written(found)["two"]["job"]
    assert job["environment"]["conda_file"] == "fit/conda.yml"
    assert (job["inputs"], job["outputs"]) == ({"data": {"run": "one", "output": "a"}}, {"a": {}, "b": {}})
    assert asked(found) == {}


CHAIN = {
    "prep-data": "job: {command: ls, code: src, outputs: {features: {mode: upload}}}\n",
    "train": """\
job:
  code: src
  command: python train.py ${{ inputs.features }} ${{ inputs.rate }} ${{ outputs.model }}
  inputs: {features: {run: prep-data, output: features, mode: download}, rate: 0.1, base: {model: net, version: latest}}
  outputs: {model: {register: {name: digits, type: mlflow_model}}}
  environment: {pip: [numpy]}
  distribution: {type: tensorflow, worker_count: 2, parameter_server_count: 1}
  resources: {instance_count: 2}
""",
    "tune": """\
job:
  code: src
  command: python tune.py ${{ inputs.features }} ${{ search_space.x }} ${{ outputs.best }}
  inputs: {features: {run: prep-data, output: features}}
  outputs: {best: {}}
sweep:
  sampling_algorithm: grid
  search_space: {x: {type: choice, values: [1, 2]}}
  objective: {goal: maximize, primary_metric: accuracy}
  limits: {max_total_trials: 2}
""",
    "evaluate": """\
job:
  code: src
  command: python evaluate.py ${{ inputs.model }} ${{ inputs.tuned }}
  inputs: {model: {run: train, output: model}, tuned: {run: tune, output: best}}
""",
}


def chain(folder: Path, chosen: Sequence[str] = tuple(CHAIN)) -> tuple[Spec, ...]:
    (folder / "src").mkdir(exist_ok=True)
    for script in ("train", "tune", "evaluate"):
        (folder / "src" / f"{script}.py").write_text("")
    for name in CHAIN:
        head = f"apiVersion: specrun/v1\nname: {name}\ncompute: cpu\nexperiment: all\n"
        (folder / f"{name}.yaml").write_text(head.replace("cpu", "cpu-cluster") + CHAIN[name])
    loaded = load([str(folder / f"{name}.yaml") for name in chosen])
    assert loaded.ok, loaded.diagnostics
    chained = with_upstream(loaded.specs, {})
    assert not chained.mistakes or chosen != tuple(CHAIN)
    return chained.specs


def test_a_chain_goes_there_and_comes_back(tmp_path: Path) -> None:
    specs = chain(tmp_path)
    (lot,) = chains_of(specs)
    files = export_chain(lot, tmp_path / "az")
    assert [*files] == ["pipeline.yml"]
    (tmp_path / "az").mkdir()
    (tmp_path / "az" / "pipeline.yml").write_text(files["pipeline.yml"])
    found = import_azureml([read_yaml(str(tmp_path / "az" / "pipeline.yml"))], ImportOptions(folder=tmp_path / "back"))
    (tmp_path / "back").mkdir()
    for one in found:
        (tmp_path / "back" / f"{one.name}.yaml").write_text(one.draft.text())
    loaded = load([str(tmp_path / "back" / f"{one.name}.yaml") for one in found])
    assert loaded.ok, loaded.diagnostics
    back = {spec.name: spec for spec in with_upstream(loaded.specs, {}).specs}
    for spec in specs:
        there, again = (_meant(one) for one in (spec, back[spec.name]))
        assert again == there


def _meant(spec: Spec) -> dict[str, Any]:
    """The meaning, with the folder of the code as the shortest path to it."""
    found = meant(spec)
    found["code"] = os.path.normpath(found["code"])
    return found


def test_the_sdk_reads_the_pipeline(tmp_path: Path) -> None:
    logging.disable(logging.WARNING)
    from azure.ai.ml import load_job

    (lot,) = chains_of(chain(tmp_path))
    (tmp_path / "pipeline.yml").write_text(export_chain(lot, tmp_path)["pipeline.yml"])
    job: Any = load_job(tmp_path / "pipeline.yml")
    assert {name: step.type for name, step in job.jobs.items()} == {
        "prep_data": "command",
        "train": "command",
        "tune": "sweep",
        "evaluate": "command",
    }
    assert job.settings.default_compute == "cpu-cluster"
    read = {name: step._to_rest_inputs() for name, step in job.jobs.items()}
    features = "${{parent.jobs.prep_data.outputs.features}}"
    assert read["train"]["features"] == {"job_input_type": "literal", "value": features, "mode": "Download"}
    assert read["tune"]["features"]["value"] == features
    assert read["evaluate"]["model"]["value"] == "${{parent.jobs.train.outputs.model}}"
    assert read["evaluate"]["tuned"]["value"] == "${{parent.jobs.tune.outputs.best}}"
    assert job.jobs["train"].outputs["model"]._data.name == "digits"
    sent = job._to_rest_object().properties.jobs
    assert sent["tune"]["search_space"]["x"]["values"] == [1, 2]
    assert sent["train"]["distribution"]["worker_count"] == 2


def test_each_step_says_where_it_runs_and_the_sdk_has_nothing_against_it(tmp_path: Path) -> None:
    logging.disable(logging.WARNING)
    from azure.ai.ml import load_job

    machines = "resources: {instance_type: STANDARD_D2, instance_count: 2}"
    (tmp_path / "a.yaml").write_text("apiVersion: specrun/v1\nname: a\njob: {command: ls, outputs: {o: {}}}\n")
    read = "inputs: {o: {run: a, output: o}, base: {model: net, version: '1.10'}}"
    (tmp_path / "b.yaml").write_text(f"apiVersion: specrun/v1\nname: b\njob: {{command: ls, {read}, {machines}}}\n")
    (lot,) = chains_of(load([str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")]).specs)
    text = export_chain(lot, tmp_path)["pipeline.yml"]
    (tmp_path / "pipeline.yml").write_text(text)
    job: Any = load_job(tmp_path / "pipeline.yml")
    assert job._validate().error_messages == {}
    assert {step.compute for step in job.jobs.values()} == {"serverless"}
    assert "# One for all steps: a spec that says none is in an experiment of its own name\nexperiment_name: b" in text
    back = written(import_azureml([read_yaml(str(tmp_path / "pipeline.yml"))], ImportOptions()))
    assert "compute" not in back["b"]
    assert back["b"]["job"]["inputs"]["base"]["version"] == "1.10"
    assert back["b"]["job"]["resources"]["instance_type"] == "STANDARD_D2"


def test_what_is_not_given_is_left_open_and_told(tmp_path: Path) -> None:
    specs = chain(tmp_path, ["train", "evaluate"])
    assert [one.detail.partition(":")[0] for one in unfilled(specs)] == ["inputs.features", "inputs.tuned"]
    (lot,) = chains_of(specs)
    values = yaml.safe_load(export_chain(lot, tmp_path)["pipeline.yml"])
    assert values["jobs"]["train"]["inputs"]["features"]["path"] == "TODO"
    assert list(losses_of_chain(lot)) == []


def test_specs_that_hang_together_are_a_pipeline_each(tmp_path: Path) -> None:
    specs = chain(tmp_path)
    assert [[spec.name for spec in lot] for lot in chains_of([*reversed(specs)])] == [
        ["prep-data", "tune", "train", "evaluate"]
    ]
    assert chains_of(specs[:1]) == []


def test_another_experiment_upstream_is_told(tmp_path: Path) -> None:
    specs = chain(tmp_path)
    other = (tmp_path / "prep-data.yaml").read_text().replace("experiment: all", "experiment: other")
    (tmp_path / "prep-data.yaml").write_text(other)
    loaded = load([str(spec.file) for spec in specs])
    (lot,) = chains_of(with_upstream(loaded.specs, {}).specs)
    assert [one.code for one in losses_of_chain(lot)] == ["not-in-azureml"]
