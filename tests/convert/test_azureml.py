"""Files of the Azure ML CLI v2 become specs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from specrun.convert.azureml import import_azureml, refusal_of
from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.report import Verdict
from specrun.convert.sources import Refused, Source, read_yaml
from tests.convert.imports import mistakes, read_back, unspoken

CASES = Path(__file__).parents[1] / "cases" / "import" / "azureml"
ALONE = sorted(CASES.glob("*.yml"))
TOGETHER = [path for path in sorted(CASES.iterdir()) if path.is_dir()]
JOB = {"command": "python train.py", "environment": "azureml:base:1"}


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


def test_literals_keep_their_types() -> None:
    values = {"number": 3, "rate": 1e-5, "flag": True, "word": "3", "text": "1.10"}
    assert job_of({"inputs": values})["inputs"] == values


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
        ({"type": "pipeline", "jobs": {}}, "pipeline"),
        ({"$schema": "https://x/commandJob.schema.json", "jobs": {"a": {"command": "x"}}}, "pipeline"),
        ({"$schema": "https://x/sweepJob.schema.json"}, "sweep"),
        ({"type": "sweep_job", "trial": {}}, "sweep"),
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
    assert refusal_of(Source("a.yml", "", {"type": "pipeline"})) is not None


def test_the_options_come_first() -> None:
    workspace = {"name": "ws", "resource_group": "rg"}
    (found,) = import_azureml([Source("a.yml", "", JOB)], ImportOptions("my-name", workspace, Path()))
    spec = read_back(found)
    assert isinstance(spec, dict)
    assert (found.name, spec["name"], spec["workspace"]) == ("my-name", "my-name", workspace)
