"""What stands in a script literally is in the spec, and what only a run would know is told."""

from __future__ import annotations

import json

import pytest

from specrun.apply.imported import agreed
from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.report import Verdict
from specrun.convert.scripts import import_script

V1 = """
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
from azureml.core.runconfig import EnvironmentDefinition, MpiConfiguration
ws = Workspace.from_config()
{before}
src = ScriptRunConfig("src", script="train.py", compute_target="cpu", {more})
Experiment(ws, "one").submit(src)
"""
V2 = """
from pathlib import Path
from azure.ai.ml import Input, command
{before}
job = command(code="src", command="python train.py", compute="cpu", {more})
client.jobs.create_or_update(job)
"""


def imported(frame: str, more: str, before: str = "") -> Imported:
    return import_script("submit.py", frame.format(before=before, more=more), ImportOptions())[0]


def job(found: Imported) -> dict[str, object]:
    section = found.draft.values()["job"]
    assert isinstance(section, dict)
    return section


def text(found: Imported) -> str:
    """All that people see: the spec and the report."""
    return "\n".join([found.draft.text(), *(one.note for one in found.report.entries)])


def asked(found: Imported) -> list[str]:
    return [f"{one.to}: {one.note}" for one in found.report.entries if one.verdict is Verdict.NEEDS_YOU]


@pytest.mark.parametrize("registered", ['ws.environments["lgbm"]', 'ws.environments.get("lgbm")'])
def test_an_environment_of_the_workspace_is_the_registered_one(registered: str) -> None:
    assert job(imported(V1, f"environment={registered}"))["environment"] == "azureml:lgbm@latest"


def test_a_dataset_of_the_workspace_is_the_registered_one() -> None:
    found = imported(V1, 'arguments=["--data", ws.datasets["trips"].as_mount()]')
    assert job(found)["inputs"] == {"trips": {"path": "azureml:trips@latest"}}


def test_the_environment_has_its_first_name_in_old_scripts() -> None:
    found = imported(V1, "environment=env", 'env = EnvironmentDefinition()\nenv.docker.base_image = "team/train:2"')
    assert job(found)["environment"] == {"image": "team/train:2"}


def test_arguments_made_of_pairs_are_known() -> None:
    before = 'import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument("--lr", default=0.1)\n'
    before += 'args = parser.parse_args()\nparams = {"--lr": args.lr, "--epochs": 3}'
    found = imported(V1, "arguments=[str(word) for pair in params.items() for word in pair]", before)
    assert job(found)["arguments"] == ["--lr", "${{ vars.lr }}", "--epochs", "3"]
    assert found.draft.values()["vars"] == {"lr": 0.1}


def test_a_distribution_that_depends_on_something_is_taken_and_told() -> None:
    found = imported(V1, "distributed_job_config=None if nodes == 1 else MpiConfiguration(node_count=4)")
    assert job(found)["distribution"] == {"type": "mpi"}
    assert any("nodes == 1" in one for one in asked(found))


@pytest.mark.parametrize("client", ["client", "clients.make()"])
def test_what_a_client_from_elsewhere_gets_has_the_name_it_is_got_by(client: str) -> None:
    before = f'import clients\nclient = {client}\nenv = client.environments.get("lgbm", version="7")'
    before += '\nwhere = client.compute.get("gpus")'
    found = imported(V2.replace('compute="cpu"', "compute=where.name"), "environment=env", before)
    assert job(found)["environment"] == "azureml:lgbm:7"
    assert found.draft.values()["compute"] == "gpus"


def test_folders_above_the_script_are_known() -> None:
    before = "here = Path(__file__).resolve().parents[1]"
    found = imported(V2.replace('code="src"', 'code=str(here / "train")'), "", before)
    assert job(found)["code"] == "../train"


def test_a_literal_input_may_be_computed() -> None:
    found = imported(V2, 'inputs={"epochs": Input(type="integer", default=settings.epochs)}', "import settings")
    assert job(found)["inputs"] == {"epochs": "${{ vars.epochs }}"}


def test_a_default_environment_has_the_form_of_a_registered_one() -> None:
    before = (
        'import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument("--environment", default="lgbm:7")'
    )
    found = imported(V2, "environment=args.environment", f"{before}\nargs = parser.parse_args()")
    assert found.draft.values()["vars"] == {"environment": "azureml:lgbm:7"}


def test_a_variable_that_is_empty_by_default_is_read_where_specrun_runs() -> None:
    found = imported(V2, 'tags={"team": os.getenv("TEAM", "")}', "import os")
    assert job(found)["tags"] == {"team": "${{ env.TEAM }}"}


def test_what_a_branch_sets_is_told() -> None:
    script = V2.replace("client.jobs", 'if settings.fast:\n    job.environment_variables["FAST"] = "1"\nclient.jobs')
    found = imported(script, 'environment_variables={"A": "b"}', "import settings")
    assert job(found)["environment_variables"] == {"A": "b", "FAST": "1"}
    assert any(one.startswith("job.environment_variables: ") and "settings.fast" in one for one in asked(found))


def test_what_both_a_branch_and_its_other_set_is_told_as_the_other() -> None:
    script = V2.replace("client.jobs", "if settings.fast:\n    pass\nelse:\n    job.instance_count = 2\nclient.jobs")
    found = imported(script, "", "import settings")
    assert any("not settings.fast" in one for one in asked(found))


def test_entries_that_are_not_known_are_asked_for() -> None:
    found = imported(V2, 'tags={**settings.tags, "team": "a"}', "import settings")
    assert job(found)["tags"] == {"team": "a"}
    assert any("`settings.tags` adds entries" in one for one in asked(found))


def test_a_path_in_a_variable_has_its_place_in_the_command() -> None:
    found = imported(V2, 'environment_variables={"OUT": "${{outputs.model}}"}, outputs={"model": None}')
    assert job(found)["environment_variables"] == {"OUT": "TODO"}
    assert any("export OUT=${{outputs.model}}" in one for one in asked(found))


def test_an_open_variable_is_asked_for_once() -> None:
    found = imported(V2, "environment=settings.environment, inputs={'a': settings.a}", "import settings")
    (told,) = agreed([found], {"submit.yaml": found.draft.text()})
    assert not [one for one in asked(told) if one.startswith("vars.")]


def test_a_dataset_is_read_whatever_its_argument_is_called() -> None:
    before = "from azureml.core import Dataset, Datastore\nstore = Datastore.get(ws, 'lake')\n"
    before += "model = Dataset.File.from_files(store.path('llama/**')).as_mount()"
    found = imported(V1, 'arguments=["--model_dir", model]', before)
    assert job(found)["inputs"] == {"model_dir": {"path": "azureml://datastores/lake/paths/llama"}}
    assert "outputs" not in job(found)


def test_the_folder_above_has_a_name_in_os() -> None:
    before = "import os\nhere = os.path.join(os.path.dirname(__file__), os.pardir)"
    assert job(imported(V1.replace('"src"', "here"), "", before))["code"] == ".."


def test_a_service_is_carried_over() -> None:
    before = "from azure.ai.ml.entities import JobService"
    found = imported(V2, 'services={"board": JobService(job_service_type="tensor_board")}', before)
    assert job(found)["services"] == {"board": {"type": "tensor_board"}}


@pytest.mark.parametrize(("workspace", "told"), [("theirs", 0), ("ours", 1)])
def test_a_datastore_of_another_workspace_is_told(workspace: str, told: int) -> None:
    address = "azureml://subscriptions/s/resourcegroups/g/workspaces/theirs/datastores/lake/paths/a"
    before = "from azure.ai.ml import MLClient, Output\n"
    before += f'client = MLClient(None, "12345678-1234-1234-1234-123456789012", "g", "{workspace}")'
    found = imported(V2, f'outputs={{"model": Output(path="{address}")}}', before)
    assert job(found)["outputs"] == {"model": {"path": "azureml://datastores/lake/paths/a"}}
    assert len([one for one in asked(found) if "in the workspace theirs" in one]) == told


@pytest.mark.parametrize(("where", "told"), [("", 1), ('compute_target="local"', 1), ('compute_target="cpu"', 0)])
def test_a_job_without_a_cluster_ran_on_this_machine(where: str, told: int) -> None:
    found = imported(V1.replace('compute_target="cpu", ', ""), where)
    assert len([one for one in found.report.entries if "SDK v1 ran it on this machine" in one.note]) == told


def with_reference(more: str) -> str:
    made = f"DataReferenceConfiguration(datastore_name=ds.name, {more})"
    lines = f"src.run_config.data_references = {{{{ds.name: {made}}}}}\nExperiment(ws"
    return V1.replace("Experiment(ws", lines)


STORE = "from azureml.core.runconfig import DataReferenceConfiguration\nds = ws.get_default_datastore()"


def test_a_datastore_in_the_arguments_is_the_place_that_the_configuration_says() -> None:
    frame = with_reference('path_on_datastore="trips/2019", mode="download"')
    found = imported(frame, 'arguments=["--data", str(ds.as_mount())]', STORE)
    where = {"path": "azureml://datastores/workspaceblobstore/paths/trips/2019", "mode": "download"}
    assert job(found)["inputs"] == {"data": where}
    assert not any("hand them over" in one for one in asked(found))


def test_a_reference_that_no_argument_names_is_an_input_and_told() -> None:
    found = imported(with_reference('path_on_datastore="trips"'), "", STORE)
    assert job(found)["inputs"] == {"trips": {"path": "azureml://datastores/workspaceblobstore/paths/trips"}}
    assert any("hand them over as arguments" in one for one in asked(found))


def test_inputs_that_are_computed_are_told() -> None:
    found = imported(V1.replace("Experiment(ws", 'src.run_config.data = {{"trips": made()}}\nExperiment(ws'), "")
    assert "inputs" not in job(found)
    assert any("the inputs are computed" in one for one in asked(found))


SAVED = """
from azureml.core import Dataset, Workspace
from azureml.core.runconfig import Data, DataLocation, Dataset as Registered, RunConfiguration
trips = Dataset.get_by_name(Workspace.from_config(), "trips", version=3)
run = RunConfiguration(script="profile.py")
run.target = "cpu"
run.node_count = 2
where = DataLocation(dataset=Registered(dataset_id=trips.id))
run.data = {"trips": Data(data_location=where, mechanism="download", environment_variable_name="trips")}
run.save(path="configs", name="profile")
"""


def test_a_configuration_that_is_saved_with_its_script_is_a_job() -> None:
    found = import_script("make.py", SAVED, ImportOptions())[0]
    section = job(found)
    assert (section["script"], found.draft.values()["compute"]) == ("profile.py", "cpu")
    assert section["resources"] == {"instance_count": 2}
    assert section["inputs"] == {"trips": {"path": "azureml:trips:3", "mode": "download"}}


def test_a_configuration_of_a_job_is_no_job_of_its_own() -> None:
    before = 'from azureml.core.runconfig import RunConfiguration\nrun = RunConfiguration(script="other.py")'
    found = imported(V1, "run_config=run", before)
    assert job(found)["script"] == "train.py"
    assert len(found.jobs) == 0


def test_the_registry_of_a_configuration_stands_before_its_image() -> None:
    before = (
        "from azureml.core.runconfig import ContainerRegistry, RunConfiguration\nrun = RunConfiguration()\n"
        'at = ContainerRegistry()\nat.address = "team.azurecr.io"\n'
        'run.environment.docker.base_image = "train:2"\nrun.environment.docker.base_image_registry = at'
    )
    assert job(imported(V1, "run_config=run", before))["environment"] == {"image": "team.azurecr.io/train:2"}


@pytest.mark.parametrize(("flag", "section"), [("--base_model_dir", "inputs"), ("--model_dir", "outputs")])
def test_a_model_to_begin_with_is_read(flag: str, section: str) -> None:
    found = imported(V1, f'arguments=["{flag}", ws.get_default_datastore().path("m").as_mount()]')
    assert section in job(found)


BRANCHES = {
    "a datastore": (
        'ds = ws.get_default_datastore()\nif where:\n    ds = Datastore.get(ws, "other")',
        'arguments=["--data", ds.path("d").as_mount()]',
    ),
    "an environment": (
        'env = Environment.get(ws, "cpu")\nif where == "gpu":\n    env = Environment.get(ws, "gpu")',
        "environment=env",
    ),
    "an environment in the other branch": (
        'if where:\n    env = Environment.get(ws, "cpu")\nelse:\n    env = Environment.get(ws, "gpu")',
        "environment=env",
    ),
    "an entry": ('more = {"A": "1"}\nif where:\n    more["B"] = "2"', "environment_variables=more"),
    "an item": ('more = ["--a"]\nif where:\n    more.append("--b")', "arguments=more"),
}


@pytest.mark.parametrize("name", BRANCHES)
def test_what_only_a_branch_says_is_told(name: str) -> None:
    before, more = BRANCHES[name]
    before = f"import sys\nfrom azureml.core import Datastore\nwhere = sys.argv[1]\n{before}"
    assert any("where" in one.partition("`")[2].split("`")[0] for one in asked(imported(V1, more, before)))


def test_a_cluster_that_is_there_or_else_made_is_one() -> None:
    before = (
        "from azureml.core.compute import AmlCompute, ComputeTarget\nname = 'gpus'\nif name in ws.compute_targets:\n"
        "    target = ws.compute_targets[name]\nelse:\n"
        "    target = ComputeTarget.create(ws, name, AmlCompute.provisioning_configuration('NC6', max_nodes=2))"
    )
    frame = V1.replace('compute_target="cpu"', "compute_target=target")
    found = imported(frame, "", before)
    assert not any("depends on" in one for one in asked(found))


BATCH_AI = """
import utilities
from azure.mgmt.batchai import models
cfg = utilities.config("cluster.json")
client = utilities.client(cfg)
cluster = client.clusters.get(cfg.group, cfg.workspace, "nc6")
share = models.AzureFileShareReference(account_name=cfg.account, relative_mount_path="share",
    azure_file_url="https://{0}.file.core.windows.net/{1}".format(cfg.account, "share"))
blobs = models.AzureBlobFileSystemReference(account_name=cfg.account, container_name="b", relative_mount_path="blobs")
job = models.JobCreateParameters(cluster=models.ResourceId(id=cluster.id), node_count=1,
    mount_volumes=models.MountVolumes(azure_file_shares=[share], azure_blob_file_systems=[blobs]),
    custom_toolkit_settings=models.CustomToolkitSettings(
        command_line="python train.py --data /mnt/batch/tasks/shared/LS_root/mounts/all/mnist"))
client.jobs.create(cfg.group, cfg.workspace, "e", "j", job)
"""


def test_a_cluster_of_batch_ai_that_is_got_has_the_name_it_is_got_by() -> None:
    found = import_script("run.py", BATCH_AI, ImportOptions())[0]
    assert found.draft.values()["compute"] == "nc6"


def test_an_attribute_that_is_not_known_is_one_variable() -> None:
    values = import_script("run.py", BATCH_AI, ImportOptions())[0].draft.values()
    assert values["vars"] == {"account": "TODO"}
    again = BATCH_AI.replace("blobs =", 'cfg = utilities.config("other.json")\nblobs =')
    assert len(import_script("run.py", again, ImportOptions())[0].draft.values()["vars"]) == 2  # type: ignore[arg-type]


def test_the_folder_in_which_batch_ai_mounted_is_known_by_its_path() -> None:
    found = import_script("run.py", BATCH_AI, ImportOptions())[0]
    assert "LS_root" not in str(job(found)["command"])
    assert any("what is mounted at `all`" in one for one in asked(found))


LOOPED = """
from azure.ai.ml import command
{before}
for {loop}:
    job = command(code="src", command=f"python train.py --rate {{rate}}", compute="cpu")
    client.jobs.create_or_update(job)
"""


@pytest.mark.parametrize(
    ("loop", "values"),
    [
        ("rate in rates", "rate in [0.1, 0.2]"),
        ("name, rate in {'a': 1, 'b': 2}.items()", "rate in [1, 2]"),
        ("rate in range(200)", "rate in range(200)"),
    ],
)
def test_a_job_that_a_loop_makes_is_several_and_its_variable_tells_the_values(loop: str, values: str) -> None:
    found = import_script("a.py", LOOPED.format(before="rates = [0.1, 0.2]", loop=loop), ImportOptions())[0]
    assert any(one.startswith("job: in a loop over ") and "one job per spec" in one for one in asked(found))
    assert found.draft.values()["vars"] == {"rate": "TODO"}
    assert f"{values}\n" in text(found)


@pytest.mark.parametrize(
    "submitting",
    [
        "for seed in range(3):\n    client.jobs.create_or_update(job)",
        "[client.jobs.create_or_update(job) for seed in range(3)]",
        "while settings.more():\n    client.jobs.create_or_update(job)",
    ],
)
def test_a_job_that_a_loop_submits_is_several(submitting: str) -> None:
    found = imported(V2.replace("client.jobs.create_or_update(job)", submitting), "", "import settings")
    assert any("in a loop " in one and "one job per spec" in one for one in asked(found))


@pytest.mark.parametrize("loop", ["for gpus in ['a100']:", "while True:\n    break"])
def test_a_loop_that_submits_once_says_nothing(loop: str) -> None:
    found = imported(V2.replace("client.jobs", f"{loop}\n    client.jobs"), "")
    assert not any("loop" in one for one in asked(found))


def test_a_loops_variable_that_is_a_credential_tells_no_values() -> None:
    looped = LOOPED.replace("rate", "password").format(before="", loop='password in ["hunter2", "hunter3"]')
    assert "hunter" not in text(import_script("a.py", looped, ImportOptions())[0])


@pytest.mark.parametrize(
    ("before", "arguments"),
    [
        ('if settings.fast:\n    words.append("--fast")\nelse:\n    words.append("--slow")', ["${{ vars.words }}"]),
        ('if settings.fast:\n    words += ["--fast"]\nelse:\n    words += ["--slow"]', ["${{ vars.words }}"]),
        ('for key, value in {"--lr": 0.1}.items():\n    words += [key, str(value)]', ["--lr", "0.1"]),
        ('words += [f"--{key}={value}" for key, value in {"lr": 0.1, "n": 2}.items()]', ["--lr=0.1", "--n=2"]),
        ('for word in ["--lr", "--n"]:\n    words.append(word)', ["--lr", "--n"]),
        ("for word in settings.words:\n    words.append(word)\n    words.append('-x')", ["${{ vars.words }}"]),
    ],
)
def test_what_branches_and_loops_add_to_a_list_is_what_they_would_add(before: str, arguments: list[str]) -> None:
    found = imported(V1, "arguments=words", f'import settings\nwords = ["--a"]\n{before}')
    assert job(found)["arguments"] == ["--a", *arguments]
    assert "--fast" not in text(found) or "['--fast'] if settings.fast else ['--slow']" in text(found)


def test_a_text_that_a_branch_adds_to_keeps_its_beginning() -> None:
    before = 'import settings\nline = "python train.py"\nif settings.fast:\n    line += " --fast"'
    found = imported(V2.replace('command="python train.py"', "command=line"), "", before)
    assert job(found)["command"] == "python train.py${{ vars.line }}"
    assert "' --fast' if settings.fast else ''" in text(found)


def test_a_credential_that_a_branch_adds_is_not_shown() -> None:
    before = 'import settings\nwords = ["--a"]\nif settings.fast:\n    words += ["--password", "hunter2"]'
    assert "hunter2" not in text(imported(V1, "arguments=words", before))


@pytest.mark.parametrize("end", ["path", "id"])
def test_a_data_asset_that_a_computed_name_gets(end: str) -> None:
    before = 'import settings\nasset = client.data.get(settings.name, label="latest")'
    found = imported(V2, f'inputs={{"data": Input(type="uri_folder", path=asset.{end})}}', before)
    assert job(found)["inputs"] == {"data": {"path": "azureml:${{ vars.name }}@latest", "type": "uri_folder"}}


def test_a_setting_with_a_default_is_a_variable_with_it() -> None:
    before = 'import json\nsettings = json.load(open("a.json")).get("job", {})\n'
    found = imported(
        V2, 'instance_count=settings.get("nodes", 2), tags={"key": settings.get("api_key", "hunter2")}', before
    )
    variables = found.draft.values()["vars"]
    assert isinstance(variables, dict)
    assert variables["nodes"] == 2
    assert "hunter2" not in text(found)


def test_a_class_that_the_command_line_fills_has_its_defaults() -> None:
    before = "import tyro\nclass Options:\n    name: str\n    nodes: int = 2\noptions = tyro.cli(Options)"
    found = imported(V2, "instance_count=options.nodes, tags={'a': options.name, 'b': options.name}", before)
    assert found.draft.values()["vars"] == {"nodes": 2, "name": "TODO"}


def test_a_literal_input_without_a_value_is_asked_for() -> None:
    found = imported(V2.replace("train.py", "train.py ${{{{inputs.name}}}}"), 'inputs={"name": Input(type="string")}')
    assert job(found)["inputs"] == {"name": "${{ vars.name }}"}
    assert found.draft.values()["vars"] == {"name": "TODO"}
    assert any("without a value" in one for one in asked(found))


@pytest.mark.parametrize(
    "line", ["pip install azure-ai-ml", "pip show azure-ai-ml", "ls -l src", "cd ..", "conda list"]
)
def test_a_cell_may_have_a_command_without_its_mark(line: str) -> None:
    cells = [{"cell_type": "code", "source": [line]}, {"cell_type": "code", "source": [V2.format(before="", more="")]}]
    assert import_script("a.ipynb", json.dumps({"cells": cells}), ImportOptions())[0].name


def test_an_address_in_a_workspace_that_may_be_another_than_the_specs_is_told() -> None:
    address = "azureml://subscriptions/s/resourcegroups/g/workspaces/lake/datastores/raw/paths/a"
    before = "import os\nfrom azure.ai.ml import MLClient\nMLClient(None, 's', 'g', os.getenv('WORKSPACE'))"
    found = imported(V2, f'inputs={{"data": Input(type="uri_folder", path="{address}")}}', before)
    assert "it lies in the workspace lake" in text(found)
