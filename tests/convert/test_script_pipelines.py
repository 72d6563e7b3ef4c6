"""Pipelines that scripts build are taken apart: into what the SDK itself makes of the same scripts."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from specrun.apply.chains import with_upstream
from specrun.cli.main import run
from specrun.convert.azureml import import_azureml
from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.scripts import import_script
from specrun.convert.sources import Refused, Source
from specrun.spec.load import load
from tests.convert.imports import mistakes, read_back

CASE = Path(__file__).parents[1] / "cases" / "import" / "script-pipelines"
SCRIPTS = {
    "components": ["cleaned", "fitted", "looked"],
    "commands": ["clean-job", "fit-job"],
    "sweep": ["tuned", "looked"],
    "nested": ["small-cleaned", "small-fitted", "large-cleaned", "large-fitted", "looked"],
    "resources": ["clean-step", "train-step"],
    "loop": ["fitted-1", "fitted", "looked"],
    "data": ["counted", "added"],
}
"""Scripts that say everything, with the specs that they become."""

OF_V1 = {"steps-of-v1": ["clean-leaves", "fit", "tune", "look"]}

DEFAULTS = (("type", "uri_folder"), ("delay_evaluation", 0))
"""What the SDK writes where a script says nothing."""

BEGIN = "from azure.ai.ml import *\nfrom azure.ai.ml.dsl import pipeline\n"
JOB = "fit = command(command='ls ${{inputs.a}}', environment='azureml:e:1', inputs={'a': Input(type='uri_folder')}%s)\n"
WRITES = JOB % ", outputs={'b': Output(type='uri_folder')}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cases, in a folder that may be written to."""
    shutil.copytree(CASE, tmp_path / "cases")
    (tmp_path / "cases" / "config.json").write_text(
        json.dumps(
            {"subscription_id": "11111111-2222-3333-4444-555555555555", "resource_group": "g", "workspace_name": "ws1"}
        )
    )
    (tmp_path / "cases" / "leaves").mkdir()
    (tmp_path / "cases" / "leaves" / "a.csv").write_text("1\n")
    monkeypatch.chdir(tmp_path / "cases")
    return tmp_path / "cases"


def imported(name: str) -> list[Imported]:
    text = (CASE / f"{name}.py.txt").read_text(encoding="utf-8")
    return import_script(f"{name}.py", text, ImportOptions())


def of(text: str) -> list[Imported]:
    return import_script("a.py", BEGIN + text, ImportOptions())


def written(found: list[Imported]) -> dict[str, Any]:
    return {one.name: read_back(one) for one in found}


def asked(found: list[Imported]) -> dict[str, tuple[str, str]]:
    return {entry.source: (entry.place, entry.note) for one in found for entry in one.report.todos}


@pytest.mark.parametrize("name", [*SCRIPTS, *OF_V1])
def test_a_script_becomes_a_folder_of_valid_specs(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / f"{name}.py").write_text((folder / f"{name}.py.txt").read_text())
    assert run(["import", f"{name}.py", "--out-dir", ".", "--workspace", "config.json"]) == 0
    files = [f"{spec}.yaml" for spec in (SCRIPTS | OF_V1)[name]]
    assert sorted(one.name for one in folder.glob("*.yaml")) == sorted(files)
    assert run(["validate", "--strict", "--engine", "azureml", *files]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_specs_mean_what_the_sdk_builds(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, options = built(name, monkeypatch)
    values = {**json.loads(json.dumps(job._to_dict(), default=str)), **options}
    theirs = import_azureml([Source("x.yml", yaml.safe_dump(values), values)], ImportOptions())
    ours = imported(name)
    assert [*said(ours, folder)] == SCRIPTS[name]
    ours_said, theirs_said = ({*flat(said(one, folder))} for one in (ours, theirs))
    assert (sorted(ours_said - theirs_said), sorted(theirs_said - ours_said)) == ([], [])


def built(name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, dict[str, Any]]:
    """What the SDK makes of a script, and with what it is submitted."""
    logging.disable(logging.WARNING)
    import azure.ai.ml

    client = Client()
    monkeypatch.setattr(azure.ai.ml, "MLClient", client)
    text = (CASE / f"{name}.py.txt").read_text(encoding="utf-8")
    exec(
        compile(text, f"{name}.py", "exec", dont_inherit=True),
        {"__name__": "__main__", "__file__": str(Path(f"{name}.py").absolute())},
    )
    (submitted,) = client.submitted
    return submitted


class Client:
    """An MLClient that keeps what is submitted."""

    def __init__(self) -> None:
        self.submitted: list[tuple[Any, dict[str, Any]]] = []
        self.jobs = self.data = self.compute = self

    def __call__(self, *given: Any, **named: Any) -> Client:
        return self

    def from_config(self, **named: Any) -> Client:
        return self

    def create_or_update(self, made: Any, **named: Any) -> Any:
        if hasattr(made, "jobs"):
            self.submitted.append((made, named))
        return made

    begin_create_or_update = create_or_update

    def stream(self, name: str) -> None:
        """Nothing is told."""


def flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each word of what specs say, with its path."""
    if isinstance(value, Mapping) and value:
        for key, one in value.items():
            yield from flat(one, f"{path}.{key}")
    else:
        yield path, str(value)


def said(found: list[Imported], folder: Path) -> dict[str, Any]:
    """What specs say, without what stands in a pipeline's file in other words: whole paths, and the default types."""

    def plain(value: Any, path: tuple[str, ...]) -> Any:
        if isinstance(value, Mapping):
            kept = {key: plain(one, (*path, key)) for key, one in value.items()}
            return {key: one for key, one in kept.items() if (key, one) not in DEFAULTS}
        if isinstance(value, str):
            value = value.removeprefix("azureml:") if value.startswith(("azureml:/", "azureml:.")) else value
            return os.path.relpath(value, folder) if value.startswith("/") else " ".join(value.split())
        return value

    specs = {one.name: read_back(one) for one in found}
    for spec in specs.values():
        assert isinstance(spec, dict)
        for key in ("workspace", "datastores", "data"):
            spec.pop(key, None)
        if isinstance(spec.get("compute"), dict):
            spec["compute"] = spec["compute"]["name"]
        spec["job"].pop("display_name", None)
        for name, entry in spec["job"].get("inputs", {}).items():
            if isinstance(entry, dict) and "data" in entry:
                spec["job"]["inputs"][name] = {"path": f"azureml:{entry['data']}@latest"}
    return {name: plain(spec, ()) for name, spec in specs.items()}


def test_a_chain_of_a_script_is_bound_and_planned(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The specs hang together: on this machine, too, where there are data."""
    text = (folder / "components.py.txt").read_text().replace("azureml:leaves:3", "./leaves")
    (folder / "trees.py").write_text(text.replace("azureml:leaves-held-back@latest", "./leaves"))
    assert run(["import", "trees.py", "--out-dir", "specs", "--engine", "local"]) == 0
    for spec in (folder / "specs").iterdir():
        spec.write_text(spec.read_text().replace("environment: azureml:trees@latest", "environment: {pip: []}"))
    loaded = load([str(spec) for spec in sorted((folder / "specs").iterdir())], engine="local")
    assert loaded.ok, loaded.diagnostics
    assert not with_upstream(loaded.specs, {}).mistakes
    capsys.readouterr()
    assert run(["plan", "--engine", "local", "specs"]) == 0
    out = capsys.readouterr().out
    assert re.findall(r"run/(\w+)", out) == ["cleaned", "fitted", "looked"]
    assert re.findall(r"waits for (\w+)-\w+ \((\w+)\)", out) == [("cleaned", "table"), ("fitted", "model")]


def test_what_a_run_alone_knows_is_asked_for(folder: Path) -> None:
    found = imported("template")
    specs = written(found)
    assert specs["fitted"]["job"]["inputs"] == {"table": {"run": "cleaned", "output": "table"}, "depth": 4, "rate": 0.1}
    assert specs["fitted"]["vars"] == {"environment": "TODO", "cluster": "cpu-cluster"}
    assert specs["cleaned"]["job"]["inputs"]["raw"]["path"] == "${{ vars.data }}"
    assert asked(found) == {
        "jobs.fitted.environment": ("line 22", "`args.environment` is not known here: say what it is")
    }


def test_what_no_spec_can_be_is_told_with_its_line(folder: Path, tmp_path: Path) -> None:
    found = imported("unsayable")
    assert [*written(found)] == ["cleaned", "once-more", "clean"]
    told = {source: place for source, (place, _) in asked(found).items()}
    assert told == {
        "jobs.scored": "line 31",
        "jobs.count": "line 32",
        "jobs.best": "line 33",
        "jobs.planted": "line 34",
        "jobs.shared": "line 35",
        "jobs.gone": "line 36",
        "clean#2": "line 38",
        "jobs.once_more.inputs.raw": "line 38",
        "clean#3": "line 41",
        "jobs.clean.inputs.raw": "line 41",
        "jobs.clean.inputs.keep": "line 41",
    }
    assert all(mistakes(one, tmp_path) == [] for one in found)


@pytest.mark.parametrize(
    ("step", "job"),
    [
        (
            "x = fit(a=raw)\n    x.inputs.a.mode = 'download'",
            {"inputs": {"a": {"path": "azureml:d:1", "mode": "download"}}},
        ),
        ("x = fit(a=raw)\n    x.compute = 'gpu-1'", {"compute": "gpu-1"}),
        ("x = fit(a=raw)\n    x.identity = UserIdentityConfiguration()", {"identity": {"type": "user_identity"}}),
        ("x = fit(a=Input(path=raw, mode='download'))", {"inputs": {"a": {"path": "azureml:d:1", "mode": "download"}}}),
        ("x = fit(a=f'azureml:d:{1 + 1}')", {"inputs": {"a": {"path": "azureml:d:2"}}}),
        ("x = fit(**{'a': raw})", {"inputs": {"a": {"path": "azureml:d:1"}}}),
        ("x = [fit(a=one) for one in (raw,)]", {"inputs": {"a": {"path": "azureml:d:1"}}}),
        ("x = fit(a=raw)\n    x.outputs['b'].mode = 'upload'", {"outputs": {"b": {"mode": "upload"}}}),
        ("x = fit(a=raw)\n    x.environment_variables['L'] = '1'", {"environment_variables": {"L": "1"}}),
        ("x = fit(a=raw)\n    x.resources = {'instance_count': 3}", {"resources": {"instance_count": 3}}),
    ],
)
def test_what_is_set_on_a_step(step: str, job: Mapping[str, Any]) -> None:
    whole = f"@pipeline\ndef all(raw):\n    {step}\nall(Input(path='azureml:d:1'))\n"
    text = f"from azure.ai.ml.entities import *\n{WRITES}{whole}"
    (found,) = of(text)
    spec = read_back(found)
    assert isinstance(spec, dict)
    said = {**spec["job"], "compute": spec.get("compute")}
    said["inputs"] = {name: {k: v for k, v in one.items() if k != "type"} for name, one in said["inputs"].items()}
    assert {key: said[key] for key in job} == job
    assert asked([found]) == {}


@pytest.mark.parametrize(
    ("after", "source", "note"),
    [
        ("p.jobs['x'].outputs.b.mode = 'upload'", "", ""),
        ("p.inputs.raw = 3", "all.inputs.raw", "another raw later"),
        ("for n in range(3):\n    MLClient.from_config().jobs.create_or_update(p)", "Experiment.submit", "in a loop"),
    ],
)
def test_what_is_done_with_a_pipeline_afterwards(after: str, source: str, note: str) -> None:
    text = f"{WRITES}@pipeline\ndef all(raw):\n    x = fit(a=raw)\np = all(Input(path='azureml:d:1'))\n{after}\n"
    (found,) = of(text)
    outputs = read_back(found)["job"]["outputs"]  # type: ignore[index]
    assert outputs == ({"b": {}} if source else {"b": {"mode": "upload"}})
    told = asked([found])
    assert [*told] == ([source] if source else [])
    assert all(note in what for _, what in told.values())


def test_what_is_set_on_a_pipeline_within_is_told() -> None:
    inner = "@pipeline(compute='inner-1')\ndef one(raw):\n    x = fit(a=raw)\n    return {'b': x.outputs.b}\n"
    outer = "@pipeline(compute='outer-1')\ndef all(raw):\n    y = one(raw)\n    y.outputs.b.mode = 'upload'\n"
    found = of(f"{WRITES}{inner}{outer}all(Input(path='azureml:d:1'))\n")
    assert [(name, spec["compute"]) for name, spec in written(found).items()] == [("y-x", "outer-1")]
    told = {source: place for source, (place, _) in asked(found).items()}
    assert told == {"one.outputs.b.mode": "line 11", "dsl.pipeline.compute": "line 4"}


def test_a_pipeline_that_nothing_calls_asks_for_its_parameters() -> None:
    (found,) = of(f"{WRITES}@pipeline()\ndef all(raw, speed=3):\n    fit(a=raw)\n")
    assert read_back(found)["vars"] == {"raw": "TODO"}  # type: ignore[index]
    assert asked([found])["jobs.fit.inputs.a.path"][0] == "line 6"


def test_pipelines_of_one_script_are_chosen_as_jobs_are() -> None:
    text = (
        f"{WRITES}@pipeline()\ndef one(raw):\n    a = fit(a=raw)\n@pipeline()\ndef two(raw):\n    a = fit(a=raw)\n"
        "client = MLClient.from_config()\nclient.jobs.create_or_update(one(Input(path='azureml:d:1')))\n"
        "client.jobs.create_or_update(two(Input(path='azureml:d:2')))\n"
    )
    first, second, every = (
        import_script("a.py", BEGIN + text, ImportOptions(**one)) for one in ({}, {"job": "two"}, {"all_jobs": True})
    )  # type: ignore[arg-type]
    assert [one.name for one in every] == ["a", "a-2"]
    assert [written(one)["a"]["job"]["inputs"]["a"]["path"] for one in (first, second)] == [
        "azureml:d:1",
        "azureml:d:2",
    ]
    assert [(job.name, job.chosen) for job in first[0].jobs] == [("one", True), ("two", False)]


def test_a_component_that_a_notebook_writes_is_read_with_it() -> None:
    component = (
        "type: command\ninputs: {a: {type: uri_folder}}\noutputs: {b: {type: uri_folder}}\ncode: .\n"
        "environment: azureml:e:1\ncommand: python fit.py ${{inputs.a}} ${{outputs.b}}\n"
    )
    cells = [
        "folder = 'parts/fit'",
        f"%%writefile {{folder}}/fit.yml\n{component}",
        "%%writefile {folder}/fit.py\nprint(1)\n",
        f"{BEGIN}fit = load_component(source=folder + '/fit.yml')",
        "@pipeline(compute='cpu-cluster')\ndef all(raw):\n    fit(a=raw)\njob = all(Input(path='azureml:d:1'))",
    ]
    notebook = json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]})
    (found,) = import_script("a.ipynb", notebook, ImportOptions())
    assert read_back(found)["job"]["code"] == "parts/fit"  # type: ignore[index]
    assert [*found.files] == ["parts/fit/fit.yml", "parts/fit/fit.py"]


V1 = "from azureml.core import *\nfrom azureml.pipeline.core import *\nfrom azureml.pipeline.steps import *\n"
STEP = "PythonScriptStep('%s.py', name='%s', source_directory='src', compute_target='cpu-1', "


def of_v1(*lines: str) -> list[Imported]:
    text = "\n".join((V1, "from azureml.data import OutputFileDatasetConfig", "ws = Workspace.from_config()", *lines))
    return import_script("a.py", f"{text}\nExperiment(ws, 'e').submit(p)\n", ImportOptions())


def test_steps_of_sdk_v1_read_what_others_write(folder: Path) -> None:
    found = imported("steps-of-v1")
    specs = written(found)
    inputs = {name: spec["job"].get("inputs") for name, spec in specs.items()}
    table = {"run": "clean-leaves", "output": "table"}
    assert inputs == {
        "clean-leaves": {"raw": {"path": "azureml:leaves@latest"}},
        "fit": {"table": table},
        "tune": {"table": table},
        "look": {"model": {"run": "fit", "output": "model"}, "table": table},
    }
    assert specs["fit"]["job"]["outputs"] == {"model": {"path": "azureml://datastores/forest/paths/models/trees"}}
    assert specs["fit"]["job"]["arguments"][2:4] == ["--depth", 4]
    assert specs["tune"]["job"]["arguments"] == [
        *("--table", "${{ inputs.table }}", "--rate", "${{ search_space.rate }}"),
        *("--depth", "${{ search_space.depth }}"),
    ]
    assert specs["tune"]["sweep"]["limits"] == {"max_total_trials": 8}
    assert {source: place for source, (place, _) in asked(found).items()} == {"run_after": "line 62"}
    assert [(job.name, job.chosen) for job in found[0].jobs] == []


@pytest.mark.parametrize(
    ("made", "step", "expected"),
    [
        ("d = PipelineData('d')", "inputs=[d], arguments=['-i', d]", "no step of the pipeline writes d"),
        ("d = OutputFileDatasetConfig('d')", "arguments=['-i', d.as_input()]", "no step of the pipeline writes d"),
        ("d = PipelineData('d')", "outputs=[d]", "the script finds it through the SDK"),
    ],
)
def test_what_a_step_of_sdk_v1_leaves_open(made: str, step: str, expected: str) -> None:
    found = of_v1(made, f"a = {STEP % ('a', 'a')}{step})", "p = Pipeline(ws, steps=[a])")
    assert any(expected in note for _, note in asked(found).values())


def test_a_step_that_another_reads_from_is_a_part_though_nobody_lists_it() -> None:
    found = of_v1(
        "d = PipelineData('d')",
        f"a = {STEP % ('a', 'a')}outputs=[d], arguments=['-o', d])",
        f"b = {STEP % ('b', 'b')}inputs=[d], arguments=['-i', d.as_download()])",
        "p = Pipeline(ws, steps=[[b], DatabricksStep(name='c')])",
    )
    assert written(found)["b"]["job"]["inputs"] == {"d": {"run": "a", "output": "d", "mode": "download"}}
    assert any("DatabricksStep" in note for _, note in asked(found).values())


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("pass", "without steps"),
        ("load_component(source='gone.yml')(a=raw)", "gone.yml"),
        ("client.components.get('fit', version='2')(a=raw)", "the registered component fit:2"),
    ],
)
def test_a_pipeline_of_which_no_spec_can_be_made_is_refused(body: str, why: str) -> None:
    with pytest.raises(Refused, match=f"pipeline \\(line 7\\).*{why}"):
        of(
            f"client = MLClient.from_config()\n@pipeline()\ndef all(raw):\n    {body}\nall(1)\n".replace(
                "(line", "(line"
            )
        )


def test_a_credential_of_a_step_is_not_copied() -> None:
    whole = "@pipeline()\ndef all(raw):\n    fit(a=raw, api_key='abcdefghijklmnop')\nall(Input(path='azureml:d:1'))\n"
    (found,) = of(WRITES + whole)
    assert "abcdefghijklmnop" not in found.draft.text() + repr(found.report.entries)
