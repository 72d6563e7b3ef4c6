"""Scripts with several jobs, and notebooks that make their code: which job is imported, and what stands beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.report import Entry
from specrun.convert.scripts import import_script
from specrun.convert.sources import Refused

V1 = "from azureml.core import ScriptRunConfig, Experiment, Workspace\nws = Workspace.from_config()\n"
V2 = "from azure.ai.ml import command, Input, Output, MLClient\nfrom azure.ai.ml.entities import *\n"
PREPARES = "prep = ScriptRunConfig('src', 'prepare.py', compute_target='cpu')\nExperiment(ws, 'x').submit(prep)\n"
TRAINS = "main = ScriptRunConfig('src', 'train.py', compute_target='gpu')\nExperiment(ws, 'x').submit(main)\n"
CELL = {"cell_type": "code", "metadata": {}, "outputs": []}


def imported(text: str, file: str = "a.py", **options: object) -> list[Imported]:
    return import_script(file, text, ImportOptions(**options))  # type: ignore[arg-type]


def job_of(text: str) -> Mapping[str, object]:
    job = imported(text)[0].draft.values()["job"]
    assert isinstance(job, Mapping)
    return job


def notebook(*cells: str) -> str:
    return json.dumps({"cells": [{**CELL, "source": cell} for cell in cells]})


def asked(found: Imported) -> Sequence[Entry]:
    return found.report.todos


@pytest.mark.parametrize(
    "text", [PREPARES + TRAINS, TRAINS + PREPARES, PREPARES.replace("prep", "a", 1).replace("(prep)", "(a)") + TRAINS]
)
def test_the_job_that_trains_is_imported(text: str) -> None:
    found = imported(V1 + text)
    assert [job_of(V1 + text)["script"], len(found)] == ["train.py", 1]
    assert sorted(job.name for job in found[0].jobs if job.chosen) == ["main"]


def test_a_job_is_chosen_by_number_or_name() -> None:
    by_number, by_name = (imported(V1 + PREPARES + TRAINS, job=word)[0] for word in ("1", "prep"))
    assert by_number.draft.values() == by_name.draft.values()
    assert "script: prepare.py" in by_name.draft.text()


def test_every_job_is_a_spec_of_its_own() -> None:
    one, other = imported(V1 + PREPARES + TRAINS, all_jobs=True)
    assert (one.name, other.name) == ("x", "x-2")
    assert [job.chosen for job in (*one.jobs, *other.jobs)] == [True, False, False, True]
    assert not any("another job" in entry.note for entry in asked(one))
    assert "script: prepare.py" in one.draft.text()
    assert "script: train.py" in other.draft.text()


def test_a_job_has_the_experiment_that_it_is_submitted_to() -> None:
    text = V1 + PREPARES.replace("'x'", "'first'") + TRAINS.replace("'x'", "'second'")
    found = imported(text)[0]
    assert (found.name, found.draft.values()["experiment"]) == ("second", "second")
    assert [one.name for one in imported(text, all_jobs=True)] == ["first", "second"]


def test_the_others_are_named_where_they_stand() -> None:
    entries = asked(imported(V1 + PREPARES + TRAINS)[0])
    assert [(one.source, one.place, one.flag) for one in entries if "another job" in one.note] == [
        ("ScriptRunConfig", "line 3", "--job 1")
    ]


@pytest.mark.parametrize(
    ("text", "source", "place"),
    [
        (
            "from azureml.train.hyperdrive import HyperDriveConfig\nHyperDriveConfig(run_config=main)",
            "HyperDriveConfig",
            6,
        ),
        ("from azureml.train.automl import AutoMLConfig\nAutoMLConfig(task='x')", "AutoMLConfig", 6),
        ("from azureml.pipeline.core import Pipeline\nPipeline(ws, steps=[])", "Pipeline", 6),
    ],
)
def test_what_is_no_job_of_a_spec_is_named(text: str, source: str, place: int) -> None:
    found = imported(V1 + TRAINS + text)[0]
    assert [one.place for one in asked(found) if one.source == source] == [f"line {place}"]


def test_a_sweep_is_imported_before_a_pipeline_that_nothing_submits() -> None:
    text = (
        "job = command(command='python train.py', environment='e@latest', compute='gpu')\n"
        "trial = job(lr=Choice([1, 2]))\nsweep = trial.sweep(primary_metric='x', goal='minimize')\n"
        "from azure.ai.ml.dsl import pipeline\n@pipeline\ndef steps():\n    job()\n"
    )
    found = imported(V2 + text)[0]
    assert [(one.source, one.place, one.flag) for one in asked(found)] == [("steps", "line 7", "--job 2")]
    assert [(job.name, job.chosen) for job in found.jobs] == [("sweep", True), ("steps", False)]


@pytest.mark.parametrize(
    "text",
    [
        "from azureml.train.automl import AutoMLConfig\nAutoMLConfig(task='x')",
        "from azure.ai.ml import automl\nautoml.classification(compute='c')",
        "from azure.ai.ml import dsl\n@dsl.pipeline()\ndef f():\n    pass",
    ],
)
def test_a_file_that_has_nothing_else_is_refused_with_the_place(text: str) -> None:
    with pytest.raises(Refused, match=r"\(line 2\): (automated ML|a pipeline)"):
        imported(text)


def test_a_job_that_is_not_there() -> None:
    with pytest.raises(Refused, match=r"no job `evaluate`.*1 \(prep, line 3\), 2 \(main, line 5\)"):
        imported(V1 + PREPARES + TRAINS, job="evaluate")


def test_a_file_that_stands_in_a_cell_is_written_into_the_code_folder() -> None:
    cells = (
        V1 + "import os\nfolder = os.path.join('.', 'code')\nos.makedirs(folder)",
        "%%writefile $folder/train.py\nprint('hello')",
        "%%writefile notes.txt\nnot of the job",
        "src = ScriptRunConfig(folder, 'train.py', compute_target='gpu')\nExperiment(ws, 'x').submit(src)",
    )
    found = imported(notebook(*cells), "a.ipynb")[0]
    assert found.files == {"code/train.py": "print('hello')\n"}
    assert not [one for one in asked(found) if "environment" not in one.to]


def test_a_conda_file_that_stands_in_a_cell_is_written_beside_the_spec() -> None:
    cells = (
        V1 + "from azureml.core import Environment",
        "%%writefile env.yml\ndependencies: [python=3.8]",
        "env = Environment.from_conda_specification('e', 'env.yml')\n"
        "src = ScriptRunConfig('code', 'train.py', compute_target='gpu', environment=env)",
    )
    found = imported(notebook(*cells), "a.ipynb")[0]
    assert found.files["env.yml"] == "dependencies: [python=3.8]\n"


def test_a_file_that_the_script_writes_as_text() -> None:
    text = "with open('code/a.py', 'w') as f:\n    f.write('one\\n')\n    f.write('two')\n"
    text += "with open('code/b.py', 'w') as f:\n    f.write(template.render())\n"
    found = imported(V1 + text + TRAINS.replace("src", "code"))[0]
    assert found.files == {"code/a.py": "one\ntwo\n"}
    assert [(one.source, one.place) for one in asked(found) if "code/b.py" in one.note] == [("open#2.path", "line 6")]


def test_a_credential_in_a_file_is_not_copied() -> None:
    key = "CANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARYCA=="
    cells = (V1, f"%%writefile src/a.py\nconnect('AccountKey={key}')", TRAINS)
    found = imported(notebook(*cells), "a.ipynb")[0]
    assert "src/a.py" not in found.files
    assert "CANARY" not in found.draft.text() + str(found.report)
    assert any("src/a.py" in one.note for one in asked(found))


def test_a_copy_is_made_of_what_is_there_and_asked_for_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text("print(1)\n")
    text = (
        "import shutil\nshutil.copy('train.py', 'src')\nshutil.copy('utils.py', 'src')\nshutil.copy('x', 'elsewhere')\n"
    )
    found = imported(V1 + text + TRAINS)[0]
    assert found.files == {"src/train.py": "print(1)\n"}
    assert [(one.source, one.place) for one in asked(found) if "utils.py" in one.note] == [
        ("shutil.copy#2.src", "line 5")
    ]


UPLOAD = "ds = ws.get_default_datastore()\nds.upload(src_dir='./data', target_path='sets/mnist')\n"
USES = "src = ScriptRunConfig('src', 'train.py', ['--data', {}], compute_target='gpu')\n"


@pytest.mark.parametrize(
    ("place", "inputs", "argument"),
    [
        ("ds.path('sets/mnist').as_mount()", {"data": {"data": "mnist"}}, "${{ inputs.data }}"),
        ("ds.path('sets/mnist/raw').as_mount()", {"data": {"data": "mnist"}}, "${{ inputs.data }}/raw"),
        (
            "ds.path('sets').as_mount()",
            {
                "data": {"path": "azureml://datastores/workspaceblobstore/paths/sets"},
                "data_mnist": {"data": "mnist"},
            },
            "${{ inputs.data }}",
        ),
        (
            "ds.path('other').as_mount()",
            {"data": {"path": "azureml://datastores/workspaceblobstore/paths/other"}},
            "${{ inputs.data }}",
        ),
    ],
)
def test_a_run_waits_for_what_the_script_uploads(place: str, inputs: object, argument: str) -> None:
    job = job_of(V1 + UPLOAD + USES.format(place))
    assert job["inputs"] == inputs
    assert job["arguments"] == ["--data", argument]


def test_a_path_that_is_computed_is_the_same_place() -> None:
    text = UPLOAD.replace("'sets/mnist'", "f'sets/{name}'") + USES.format("ds.path(f'sets/{name}').as_mount()")
    inputs = job_of(V1 + text)["inputs"]
    assert inputs == {"data": {"data": "data"}}


def test_an_environment_of_the_script_by_its_name() -> None:
    text = (
        "env = Environment(name='own', image='acme/train:1', conda_file='conda.yml')\n"
        "env = client.environments.create_or_update(env)\n"
        "command(command='python a.py', environment={}, compute='c')\n"
    )
    for name in ("'own@latest'", "f'{env.name}:{env.version}'", "'azureml:own:3'", "env"):
        job = job_of(V2 + text.format(name))
        assert job["environment"] == {"image": "acme/train:1", "conda_file": "conda.yml"}


def test_what_is_got_by_name() -> None:
    text = (
        "client = MLClient(c, 's', 'rg', 'workspace')\n"
        "env = client.environments.get('own', version='3')\ndata = client.data.get(name='set', label='latest')\n"
        "command(command='python a.py ${{inputs.d}}', inputs={'d': Input(path=data.id)}, environment=env, "
        "compute=client.compute.get('gpu-cluster').name)\n"
    )
    found = imported(V2 + text)[0].draft.values()
    job = found["job"]
    assert isinstance(job, Mapping)
    assert (job["environment"], job["inputs"]) == ("azureml:own:3", {"d": {"path": "azureml:set@latest"}})
    assert found["compute"] == "gpu-cluster"


def test_settings_in_a_class_and_branches_that_are_never_taken() -> None:
    text = (
        "from dataclasses import dataclass\n@dataclass\n"
        "class Settings:\n    folder: str = 'code'\n    mode: str = 'mpi'\n"
        "s = Settings(folder='other')\njob = command(code=s.folder, command='python a.py', environment='e:1', "
        "environment_variables={'ON': True})\n"
        "if s.mode == 'torch':\n    job.environment_variables['A'] = '1'\n    job.code = 'none'\n"
        "else:\n    job.environment_variables['B'] = '2'\n"
    )
    job = job_of(V2 + text)
    assert (job["code"], job["environment_variables"]) == ("other", {"ON": "True", "B": "2"})


def test_paths_beside_the_script() -> None:
    text = (
        "from pathlib import Path\nhere = Path(__file__).resolve().parent\n"
        "ScriptRunConfig(str(here.joinpath('src')), 'a.py', [f'--{k}={v}' for k, v in {'a': 1, 'b': 2}.items()],"
        " compute_target='c', environment=ws.environments['e'])\n"
    )
    job = job_of(V1 + text)
    assert (job["code"], job["arguments"]) == ("src", ["--a=1", "--b=2"])


def test_what_is_set_on_a_copy_of_a_registered_environment() -> None:
    text = (
        "from azureml.core import Environment\nenv = Environment.get(ws, 'base', version='3').clone('own')\n"
        "env.environment_variables = {'LEVEL': 'info'}\nenv.docker.base_image = 'acme/train'\n"
        "env.python.conda_dependencies.add_pip_package('numpy')\n"
        "src = ScriptRunConfig('src', 'train.py', compute_target='gpu', environment=env)\n"
    )
    job = job_of(V1 + text)
    assert (job["environment"], job["environment_variables"]) == ("azureml:base:3", {"LEVEL": "info"})
    places = [entry.place for entry in asked(imported(V1 + text)[0])]
    assert places == ["line 6", "line 7"]


def test_several_addresses_are_no_input() -> None:
    text = (
        "from azureml.core import Dataset\nweb = ['https://a.example/x.gz', 'https://a.example/y.gz']\n"
        "src = ScriptRunConfig('src', 'train.py', ['--data', Dataset.File.from_files(web).as_mount()], "
        "compute_target='gpu')\n"
    )
    assert job_of(V1 + text)["inputs"] == {"data": {"path": "TODO"}}


def test_a_placeholder_is_no_default() -> None:
    text = "import os\nsub = os.getenv('SUB', '<my-subscription>')\nWorkspace(sub, 'rg', 'workspace')\n"
    found = imported(V1.partition("\n")[0] + "\n" + text + TRAINS)[0].draft.values()["workspace"]
    assert isinstance(found, Mapping)
    assert found["subscription_id"] == "${{ env.SUB }}"


@pytest.mark.parametrize(("there", "asks"), [("print('hello')\n", False), ("print('changed')\n", True)])
def test_a_file_that_is_there_is_kept(there: str, asks: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("src").mkdir()
    Path("src/train.py").write_text(there)
    found = imported(notebook(V1, "%%writefile src/train.py\nprint('hello')", TRAINS), "a.ipynb")[0]
    assert found.files == {}
    assert any("src/train.py" in entry.note for entry in asked(found)) == asks


def test_a_file_with_a_credential_is_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text(
        "open('https://a.blob.core.windows.net/c?sig=CANARYcanaryCANARYcanary123456789012345')\n"
    )
    found = imported(V1 + "import shutil\nshutil.copy('train.py', 'src')\n" + TRAINS)[0]
    assert found.files == {}
    assert any("train.py" in entry.note for entry in asked(found))


def test_files_elsewhere_are_neither_read_nor_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "key").write_text("something of mine")
    monkeypatch.chdir(tmp_path / "other")
    text = V1 + f"import shutil\nshutil.copy('../key', '.')\nshutil.copy({str(tmp_path / 'key')!r}, './a.py')\n"
    cell = f"%%writefile {tmp_path}/key2\nhello"
    found = imported(notebook(text, cell, "%%writefile ../key3\nhello", TRAINS.replace("src", ".")), "a.ipynb")[0]
    assert found.files == {}
    assert len([entry for entry in asked(found) if entry.source.startswith("shutil.copy")]) == 2


def test_an_estimator_looks_for_its_files_in_the_code_folder() -> None:
    text = (
        "from azureml.train.estimator import Estimator\n"
        "src = Estimator('src', entry_script='train.py', compute_target='gpu', "
        "conda_dependencies_file='env/conda.yml')\n"
    )
    assert job_of(V1 + text)["environment"] == {"conda_file": "src/env/conda.yml"}
