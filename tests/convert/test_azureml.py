"""Files of the Azure ML CLI v2 become specs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from specrun.convert.azureml import import_azureml, refusal_of
from specrun.convert.document import Key
from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.report import Verdict
from specrun.convert.sources import Refused, Source, read_yaml
from tests.convert.imports import mistakes, read_back, unspoken

CASES = Path(__file__).parents[1] / "cases" / "import" / "azureml"
ALONE = sorted(CASES.glob("*.yml"))
TOGETHER = [path for path in sorted(CASES.iterdir()) if path.is_dir()]
JOB = {"command": "python train.py", "environment": "azureml:base:1"}
PATH = {"path": "azureml://datastores/d/paths/p"}


def sources_of(case: Path) -> list[Source]:
    files = sorted(case.glob("*.yml")) if case.is_dir() else [case]
    return [read_yaml(str(file)) for file in files]


def expected_of(case: Path) -> Path:
    return case / "expected.spec.yaml" if case.is_dir() else case.with_suffix(".spec.yaml")


def one(values: object, file: str = "jobs/train.yml", folder: str = "jobs", name: str | None = None) -> Imported:
    (found,) = import_azureml([Source(file, "", values)], ImportOptions(name=name, folder=Path(folder)))
    return found


def job_of(fields: dict[str, object]) -> dict[str, object]:
    spec = read_back(one({**JOB, **fields}))
    assert isinstance(spec, dict)
    found: dict[str, object] = spec["job"]
    return found


def verdict(imported: Imported, source: str) -> Verdict:
    (found,) = {entry.verdict for entry in imported.report.entries if entry.source == source}
    return found


@pytest.mark.parametrize("case", [*ALONE, *TOGETHER], ids=lambda case: case.stem)
def test_a_case_is_told_whole_and_gives_a_valid_spec(case: Path, tmp_path: Path) -> None:
    sources = sources_of(case)
    (imported,) = import_azureml(sources, ImportOptions(folder=case if case.is_dir() else case.parent))
    for source in sources:
        assert unspoken(source, imported) == []
    assert mistakes(imported, tmp_path) == []
    assert "not-to-be-copied" not in f"{imported.draft.text()}{imported.report}{imported.files}"
    assert imported.draft.text() == expected_of(case).read_text(encoding="utf-8")


def test_paths_are_written_from_the_specs_folder() -> None:
    build = {"build": {"path": "./docker", "dockerfile_path": "Dockerfile.gpu"}}
    found = one({**JOB, "code": "../src", "environment": build, "inputs": {"a": {"path": "file:data"}}}, folder="specs")
    spec = read_back(found)
    assert isinstance(spec, dict)
    assert spec["job"]["code"] == "../src"
    assert spec["job"]["environment"] == {"build": {"path": "../jobs/docker", "dockerfile_path": "Dockerfile.gpu"}}
    assert spec["job"]["inputs"] == {"a": {"path": "../jobs/data"}}


def test_literals_are_what_azure_ml_makes_of_them() -> None:
    values = {"number": 3, "rate": 1e-5, "word": "3", "text": "1.10"}
    assert job_of({"inputs": values})["inputs"] == values
    typed = {"a": True, "b": {"type": "boolean", "default": False}, "c": {"value": 3}}
    assert job_of({"inputs": typed})["inputs"] == {"a": "True", "b": "False", "c": 3}


def test_a_text_that_bash_splits_is_put_into_the_command() -> None:
    command = "run --note \"${{inputs.a}}\" --flags ${{inputs.b}} --path '${{inputs.p}}'"
    inputs = {"a": "two words", "b": {"type": "string", "default": "-v -x"}, "p": PATH, "unused": "two words"}
    spec = read_back(one({**JOB, "command": command, "inputs": inputs}))
    assert isinstance(spec, dict)
    assert spec["job"]["command"] == "run --note \"${{ vars.a }}\" --flags ${{ vars.b }} --path '${{ inputs.p }}'"
    assert spec["vars"] == {"a": "two words", "b": "-v -x"}
    assert spec["job"]["inputs"] == {"p": PATH, "unused": "two words"}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("run ${{inputs.a}}", "run ${{ inputs.a }}"),
        ("run ${{  inputs.a  }}/x", "run ${{ inputs.a }}/x"),
        ("run $[[--a ${{inputs.a}}]] end", "run --a ${{ inputs.a }} end"),
        ("run $[[--b ${{inputs.b}}]]end", "run end"),
        ("run ${{parent.inputs.size}}", "run ${{ vars.size }}"),
        ("run ${{inputs.b}}", "run ${{ inputs.b }}"),
        ("run {inputs.a} ${HOME} {inputs.other}", "run ${{ inputs.a }} ${HOME} {inputs.other}"),
    ],
)
def test_expressions_of_the_command(command: str, expected: str) -> None:
    assert job_of({"command": command, "inputs": {"a": 1}})["command"] == expected


def test_what_has_no_value_becomes_a_variable_that_asks() -> None:
    found = one({**JOB, "command": "run ${{search_space.rate}}"})
    (todo,) = found.report.todos
    assert (todo.to, todo.flag) == ("vars.rate", "--var rate=…")
    assert "rate: TODO" in found.draft.text()


def test_an_output_below_the_name_of_the_run_is_kept_with_the_run() -> None:
    path = "azureml://datastores/d/paths/models/${{name}}"
    found = one({**JOB, "outputs": {"model": {"path": path, "mode": "upload"}}})
    assert verdict(found, "outputs.model.path") is Verdict.NEEDS_YOU
    assert job_of({"outputs": {"model": {"path": path, "mode": "upload"}}})["outputs"] == {"model": {"mode": "upload"}}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("azureml:base:3", "azureml:base:3"),
        ("azureml:base@latest", "azureml:base@latest"),
        ("base:3", "azureml:base:3"),
        ("azureml://registries/azureml/environments/base/labels/latest", None),
        (
            "azureml:/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
            "/environments/base/versions/3",
            "azureml:base:3",
        ),
    ],
)
def test_registered_environments(written: str, expected: str | None) -> None:
    assert job_of({"environment": written})["environment"] == (expected or written)


def test_an_environment_in_a_file_of_its_own() -> None:
    job = Source("jobs/job.yml", "", {**JOB, "environment": "file:env/base.yml"})
    given = Source("jobs/env/base.yml", "", {"name": "base", "image": "a/b", "conda_file": "conda.yml"})
    (found,) = import_azureml([job, given], ImportOptions(folder=Path("jobs")))
    spec = read_back(found)
    assert isinstance(spec, dict)
    assert spec["job"]["environment"] == {"image": "a/b", "conda_file": "env/conda.yml"}
    assert unspoken(given, found) == []
    (alone,) = import_azureml([job], ImportOptions(folder=Path("jobs")))
    assert any("env/base.yml" in todo.note for todo in alone.report.todos)


@pytest.mark.parametrize("written", ["file:./env.yml", "file:env.yml", "./env.yml", "env.yml", "../jobs/env.yml"])
def test_an_environment_is_read_where_its_file_is(written: str, tmp_path: Path) -> None:
    folder = tmp_path / "jobs"
    folder.mkdir()
    (folder / "env.yml").write_text("{name: base, version: 3, image: a/b, conda_file: conda.yml}", encoding="utf-8")
    job = Source(str(folder / "job.yml"), "", {**JOB, "environment": written})
    (found,) = import_azureml([job], ImportOptions(folder=folder))
    spec = read_back(found)
    assert isinstance(spec, dict)
    assert spec["job"]["environment"] == {"image": "a/b", "conda_file": "conda.yml"}
    assert found.report.todos == ()
    (folder / "env.yml").write_text("{dependencies: [python=3.11]}", encoding="utf-8")
    (found,) = import_azureml([job], ImportOptions(folder=folder))
    spec = read_back(found)
    assert isinstance(spec, dict)
    assert spec["job"]["environment"] == {"conda_file": "env.yml"}


@pytest.mark.parametrize("written", ["file:env.yml", "env.yml", "envs/env.yml"])
def test_an_environment_whose_file_is_not_there_is_asked_for(written: str) -> None:
    found = one({**JOB, "environment": written})
    assert job_of({"environment": written})["environment"] == "TODO"
    (todo,) = found.report.todos
    assert (todo.source, todo.to) == ("environment", "job.environment")
    assert written.removeprefix("file:") in todo.note


def test_a_single_file_is_sent_with_its_folder(tmp_path: Path) -> None:
    (tmp_path / "score.py").touch()
    job = Source(str(tmp_path / "job.yml"), "", {**JOB, "code": "score.py"})
    (found,) = import_azureml([job], ImportOptions(folder=tmp_path))
    assert found.draft.get(("job", "code")) == "."
    assert found.report.todos == ()
    (tmp_path / "other.py").touch()
    (found,) = import_azureml([job], ImportOptions(folder=tmp_path))
    assert found.draft.get(("job", "code")) == "."
    assert [todo.source for todo in found.report.todos] == ["code"]


@pytest.mark.parametrize(
    ("fields", "place", "value"),
    [
        ({"compute": "azureml:<your-cluster>"}, ("compute",), "${{ vars.your_cluster }}"),
        ({"inputs": {"a": {"path": "<PATH>"}}}, ("job", "inputs", "a", "path"), "${{ vars.path }}"),
        (
            {"inputs": {"a": {"path": "azureml://datastores/<your store>/paths/x"}}},
            ("job", "inputs", "a", "path"),
            "azureml://datastores/${{ vars.your_store }}/paths/x",
        ),
        ({"environment": {"image": "${{ secrets.IMAGE }}"}}, ("job", "environment", "image"), "${{ vars.IMAGE }}"),
        ({"resources": {"instance_type": "<SIZE>"}}, ("job", "resources", "instance_type"), "${{ vars.size }}"),
        ({"tags": {"a": "$[[x]]"}}, ("job", "tags", "a"), "${{ vars.x }}"),
    ],
)
def test_what_somebody_has_to_put_in_is_a_variable(fields: dict[str, object], place: Key, value: str) -> None:
    found = one({**JOB, **fields})
    assert found.draft.get(place) == value
    (todo,) = found.report.todos
    assert todo.flag.startswith("--var ")
    assert found.draft.text().count(": TODO\n") == 1


def test_angle_brackets_mean_something_of_their_own_elsewhere() -> None:
    written = {
        "description": "x <b> y",
        "display_name": "<b>",
        "environment_variables": {"A": "<b>"},
        "tags": {"t": "<b>"},
    }
    assert {name: job_of(written)[name] for name in written} == written
    assert one({**JOB, **written, "inputs": {"a": "<b>"}}).report.todos == ()
    (todo,) = one({**JOB, "command": "run --key <your key> <in.txt >out"}).report.todos
    assert "<your key>" in todo.note


@pytest.mark.parametrize(
    "fields",
    [
        {"queue_settings": {"job_tier": "spot", "priority": "low"}},
        {"services": {"shell": {"type": "ssh", "ssh_public_keys": "ssh-rsa AAAA"}, "board": {"type": "tensor_board"}}},
        {"services": {"code": {"type": "vs_code", "nodes": "all"}}},
    ],
)
def test_settings_come_over_as_they_are(fields: dict[str, object]) -> None:
    found = job_of(fields)
    assert {name: found[name] for name in fields} == fields


@pytest.mark.parametrize(
    ("fields", "to"),
    [
        ({"distribution": {"type": "ray", "port": 1}}, "job.distribution.type"),
        ({"resources": {"shm_size": "much"}}, "job.resources.shm_size"),
        ({"resources": "large"}, "job.resources"),
        ({"limits": {"timeout": "soon"}}, "job.limits.timeout"),
        ({"services": {"a": {"type": "telnet"}}}, "job.services.a.type"),
        ({"identity": {"client_id": "x"}}, "job.identity.type"),
        ({"compute": "no cluster at all"}, "compute"),
        ({"environment": ["a"]}, "job.environment"),
        ({"environment": {"name": "base"}}, "job.environment"),
        ({"inputs": {"a": {"path": "hdfs://x"}}}, "job.inputs.a.path"),
        ({"outputs": {"a": {"mode": "direct"}}}, "job.outputs.a.mode"),
        ({"code": ["src"]}, "job.code"),
        ({"command": None}, "job.command"),
    ],
)
def test_what_cannot_be_read_is_open_in_the_spec(fields: dict[str, object], to: str) -> None:
    found = one({"$schema": "https://x/commandJob.schema.json", **JOB, **fields})
    (todo,) = found.report.todos
    assert todo.to == to
    assert found.draft.get(tuple(to.split("."))) == "TODO"


def test_a_cluster_in_a_region_of_its_own_is_doubted() -> None:
    cluster = {"type": "amlcompute", "name": "cpu-cluster", "size": "S", "max_instances": 1, "location": "West US"}
    (todo,) = one(cluster).report.todos
    assert (todo.source, todo.to) == ("location", "compute")
    options = ImportOptions(workspace={"name": "w", "location": "westus"})
    (found,) = import_azureml([Source("compute.yml", "", cluster)], options)
    assert found.report.todos == ()


def test_settings_of_services_stood_below_properties() -> None:
    old = {"job_service_type": "tensor_board", "nodes": "all", "properties": {"logDir": "logs", "other": 1}}
    found = one({**JOB, "services": {"board": old}})
    assert job_of({"services": {"board": old}})["services"] == {
        "board": {"type": "tensor_board", "nodes": "all", "log_dir": "logs"}
    }
    assert verdict(found, "services.board.properties.other") is Verdict.DROPPED


def test_an_asset_may_be_named_by_its_arm_id() -> None:
    asset = (
        "subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/data/d/versions/2"
    )
    assert job_of({"inputs": {"a": {"path": f"/{asset}"}}})["inputs"] == {"a": {"path": "azureml:d:2"}}


def test_an_input_that_is_written_to_is_doubted() -> None:
    found = one({**JOB, "inputs": {"a": {**PATH, "mode": "rw_mount"}}})
    assert [todo.source for todo in found.report.todos] == ["inputs.a.mode"]


def test_data_at_an_address_stands_in_the_input_that_names_it() -> None:
    asset = Source("data.yml", "", {"name": "sets", "version": 2, "type": "uri_folder", **PATH})
    job = Source("job.yml", "", {**JOB, "inputs": {"a": {"path": "azureml:sets:2"}}})
    (found,) = import_azureml([job, asset], ImportOptions())
    assert found.draft.get(("job", "inputs", "a", "path")) == PATH["path"]
    assert unspoken(asset, found) == []


def test_several_jobs_share_a_cluster_and_have_names_of_their_own() -> None:
    cluster = {
        "$schema": "https://x/amlCompute.schema.json",
        "name": "cpu",
        "size": "STANDARD_DS3_V2",
        "max_instances": 2,
    }
    sources = [
        Source("c.yml", "", {**cluster, "name": "cpu-cluster"}),
        Source("other.yml", "", {**cluster, "name": "other"}),
    ]
    jobs = [Source(f"{folder}/job.yml", "", {**JOB, "compute": "azureml:cpu-cluster"}) for folder in ("a", "b/a")]
    found = import_azureml([*sources, *jobs], ImportOptions())
    assert [imported.name for imported in found] == ["a", "a-2", "other"]
    assert all("max_instances: 2" in imported.draft.text() for imported in found)
    assert all(unspoken(sources[0], imported) == [] for imported in found[:2])


def test_what_no_job_names_is_told() -> None:
    environment = Source("env.yml", "", {"$schema": "https://x/environment.schema.json", "name": "e", "image": "i"})
    (found,) = import_azureml([Source("job.yml", "", JOB), environment], ImportOptions())
    assert unspoken(environment, found) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"type": "pipeline", "jobs": {}}, "no step of the pipeline"),
        ({"$schema": "https://x/commandJob.schema.json", "jobs": {"a": {"component": "azureml:x:1"}}}, "registered"),
        ({"$schema": "https://x/commandComponent.schema.json", "type": "command", "command": "x"}, "component"),
        ({"$schema": "https://x/managedOnlineEndpoint.schema.json"}, "endpoint"),
        ({"$schema": "https://x/managedOnlineDeployment.schema.json"}, "deployment"),
        ({"$schema": "https://x/computeInstance.schema.json", "type": "computeinstance"}, "no cluster"),
        ({"$schema": "https://x/environment.schema.json", "name": "e", "image": "i"}, "together with the job"),
        ({"$schema": "https://x/workspace.schema.json", "name": "w"}, "together with the job"),
        ({"type": "azure_data_lake_gen1", "name": "d"}, "datastore of a kind"),
        ({"on": "push", "jobs": {"a": {"runs-on": "x", "steps": []}}}, "GitHub"),
        ({"apiVersion": "v1", "kind": "Pod"}, "Kubernetes"),
        ({"apiVersion": "specrun/v1", "name": "a"}, "a spec already"),
        ({"script": "a.py", "framework": "Python", "target": "local"}, "SDK v1"),
        ({"channels": [], "dependencies": []}, "conda"),
        ({"name": "a", "type": "uri_folder", "path": "azureml://datastores/a/paths/b"}, "address"),
        (["a"], "a list"),
        (None, "nothing"),
        ({}, "neither"),
    ],
)
def test_other_files_are_refused_by_name(values: object, words: str) -> None:
    with pytest.raises(Refused, match=words):
        one(values)


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "git+https://me:{secret}@example.com/a.git"},
        {"command": "run --password {secret}"},
        {"command": "run 'AccountKey={secret}'"},
        {"environment": {"image": "https://me:{secret}@example.com/a"}},
        {
            "environment": {
                "image": "a",
                "conda_file": {"dependencies": [{"pip": ["--index-url https://a:{secret}@b/c"]}]},
            }
        },
        {"environment_variables": {"MY_TOKEN": "{secret}"}},
        {"environment_variables": {"WHERE": "https://a.blob.core.windows.net/b?sv=1&sig={secret}"}},
        {"inputs": {"password": "{secret}"}},
        {"inputs": {"data": {"path": "https://a.blob.core.windows.net/b?sig={secret}", "mode": "direct"}}},
        {"inputs": {"data": {"data": {"path": "https://a.blob.core.windows.net/b?sig={secret}"}}}},
        {"outputs": {"a": {"path": "https://a.blob.core.windows.net/b?sig={secret}"}}},
        {"tags": {"password": "{secret}"}},
        {"limits": {"timeout": "Password={secret}"}},
    ],
)
def test_a_secret_is_never_copied(fields: dict[str, object]) -> None:
    secret = "s3cretS3cretS3cret"
    values = json.loads(json.dumps({**JOB, **fields}).replace("{secret}", secret))
    found = one(values)
    assert secret not in f"{found.draft.text()}{found.report}{found.files}"


def test_a_build_beside_an_image_is_asked_for() -> None:
    found = one({**JOB, "environment": {"image": "a/b", "build": {"path": "docker"}}})
    assert verdict(found, "environment.build") is Verdict.NEEDS_YOU
    assert "docker" not in found.draft.text().replace("Dockerfile", "")


def test_a_refusal_can_be_asked_for() -> None:
    assert refusal_of(Source("a.yml", "", JOB)) is None
    assert refusal_of(Source("a.yml", "", {"type": "spark"})) is not None


def test_the_options_come_first() -> None:
    workspace = {"name": "ws", "resource_group": "rg"}
    (found,) = import_azureml([Source("a.yml", "", JOB)], ImportOptions("my-name", workspace, Path()))
    spec = read_back(found)
    assert isinstance(spec, dict)
    assert (found.name, spec["name"], spec["workspace"]) == ("my-name", "my-name", workspace)


@pytest.mark.parametrize("name", ["None", "azureml:serverless", "local"])
def test_words_that_are_no_cluster_leave_it_out(name: str) -> None:
    found = one({**JOB, "compute": name})
    spec = read_back(found)
    assert isinstance(spec, dict)
    assert "compute" not in spec
    (told,) = [entry for entry in found.report.entries if entry.path == ("compute",)]
    assert told.verdict is Verdict.DROPPED


def test_one_placeholder_in_several_places_is_one_variable(tmp_path: Path) -> None:
    file = tmp_path / "a.yml"
    file.write_text(
        "type: command\ncommand: a ${{inputs.a}} ${{outputs.b}}\nenvironment: azureml:base:1\ncompute: <cluster>\n"
        "inputs:\n  a: {path: azureml://datastores/<store>/paths/<a>}\n"
        "outputs:\n  b:\n    path: azureml://datastores/<store>/paths/b\n"
    )
    (found,) = import_azureml([read_yaml(str(file))], ImportOptions())
    spec = read_back(found)
    assert isinstance(spec, dict)
    assert sorted(spec["vars"]) == ["a", "cluster", "store"]
    assert spec["job"]["outputs"]["b"]["path"] == "azureml://datastores/${{ vars.store }}/paths/b"


def test_a_secret_that_another_tool_puts_in_keeps_its_name() -> None:
    found = one(
        {**JOB, "environment_variables": {"API_KEY": "${{secrets.OPENAI_KEY}}", "PLACE": "${{ secrets.PLACE }}"}}
    )
    spec = read_back(found)
    assert isinstance(spec, dict)
    assert "vars" not in spec
    assert spec["job"]["environment_variables"] == {
        "API_KEY": "${{ secrets.OPENAI_KEY }}",
        "PLACE": "${{ secrets.PLACE }}",
    }
    told = {entry.path[-1]: entry.note for entry in found.report.entries if entry.to.startswith("job.environment_v")}
    assert "set OPENAI_KEY" in told["API_KEY"]
    assert "set PLACE" in told["PLACE"]
