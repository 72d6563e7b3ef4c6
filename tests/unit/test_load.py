from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from specrun.spec import load as loading
from specrun.spec import rules, source
from specrun.spec.diagnostics import Severity
from specrun.spec.load import check, load
from specrun.spec.loaded import together
from specrun.spec.model import Environment, Input, LocalPath, Secret, Spec
from specrun.spec.rules.files import Files
from specrun.spec.rules.subject import Subject

EXAMPLE = """\
apiVersion: specrun/v1
name: mnist-ps                   # a-z 0-9 -, at most 40 characters; a run is called <name>-<fingerprint>
engine: azureml
vars: {steps: 200}

workspace:
  name: ml-ws
  resource_group: ml-rg
  subscription_id: ${{ env.SUBSCRIPTION }}
  location: westeurope
  create: true

compute:
  name: gpu-cluster
  type: amlcompute
  size: STANDARD_NC4AS_T4_V3
  tier: low_priority
  min_instances: 0
  max_instances: 2
  idle_time_before_scale_down: 300
  network_settings: {vnet_name: vnet, subnet: default}

datastores:
  training:
    type: azure_blob
    account_name: mlstore
    container_name: training
    credentials:
      account_key: ${{ secrets.TRAINING_STORE_KEY }}

data:
  mnist:
    path: data
    datastore: training
    target: datasets/mnist

experiment: mnist
job:
  code: src
  command: python train.py --data ${{ inputs.mnist }} --steps ${{ vars.steps }}
  inputs:
    mnist: {data: mnist, mode: ro_mount}
  outputs:
    model: {}
  environment:
    pip: [tensorflow]
  environment_variables: {TF_CPP_MIN_LOG_LEVEL: "2"}
  distribution:
    type: tensorflow
    parameter_server_count: 1
    worker_count: 2
  resources: {instance_count: 2, gpu: true}
  limits: {timeout: 7200}
  tags: {team: vision}
"""
SMALL = "apiVersion: specrun/v1\nname: small\nvars: {steps: 1}\njob:\n  command: echo ${{ vars.steps }}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").touch()
    (tmp_path / "data").mkdir()
    (tmp_path / "job.yaml").write_text(EXAMPLE, encoding="utf-8")
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUBSCRIPTION", "12345678-1234-1234-1234-123456789abc")
    monkeypatch.setenv("TRAINING_STORE_KEY", "canary")
    return tmp_path


def write(text: str, name: str = "x.yaml") -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def only(file: str, **options: Any) -> Spec:
    loaded = load([file], **options)
    assert not loaded.diagnostics
    (spec,) = loaded.specs
    return spec


def test_the_whole_example_has_no_diagnostic_and_becomes_a_spec() -> None:
    spec = only("job.yaml")
    assert spec.name == "mnist-ps"
    assert spec.job is not None
    assert spec.job.command == "python train.py --data ${{ inputs.mnist }} --steps 200"
    assert spec.datastores["training"]["credentials"] == {"account_key": Secret("TRAINING_STORE_KEY")}
    assert spec.workspace is not None
    assert spec.workspace["subscription_id"] == "12345678-1234-1234-1234-123456789abc"
    assert "canary" not in repr(spec)


def test_an_unset_env_and_an_unset_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUBSCRIPTION")
    monkeypatch.delenv("TRAINING_STORE_KEY")
    loaded = load(["job.yaml"])
    assert [(d.code, d.severity.value, str(d.location)) for d in loaded.diagnostics] == [
        ("unset-env", "error", "job.yaml:9:20"),
        ("unset-secret", "note", "job.yaml:29:20"),
    ]
    assert not loaded.ok
    assert loaded.specs == ()


def test_notes_do_not_stand_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUBSCRIPTION")
    monkeypatch.delenv("TRAINING_STORE_KEY")
    loaded = load(["job.yaml"], engine="local", unread={"local": (("workspace",), ("datastores",))})
    assert [d.severity for d in loaded.diagnostics] == [Severity.NOTE, Severity.NOTE]
    assert loaded.ok
    assert len(loaded.specs) == 1


def test_several_files_keep_their_order_and_each_its_mistakes() -> None:
    bad = write("apiVersion: specrun/v1\nname: bad\njob:\n  code: b\n  command: ${{ vars.a }}\n", "a-bad.yaml")
    loaded = load(["small.yaml", "job.yaml", "missing.yaml", bad, "small.yaml"])
    assert [spec.name for spec in loaded.specs] == ["small", "mnist-ps", "small"]
    assert [str(d.location) for d in loaded.diagnostics] == ["missing.yaml:1:1", "a-bad.yaml:4:9", "a-bad.yaml:5:12"]


def test_check_is_load_without_the_specs() -> None:
    bad = write("apiVersion: specrun/v1\nname: bad\njob:\n  command: ${{ vars.a }}\n")
    assert check([bad, "small.yaml"]) == load([bad, "small.yaml"]).diagnostics
    assert check(["job.yaml"]) == ()


def test_a_variable_is_read_as_a_yaml_scalar() -> None:
    head = "apiVersion: specrun/v1\nname: x\nvars: {n: 1}\n"
    write(head + "job:\n  command: x\n  distribution: {type: mpi}\n  resources: {instance_count: '${{ vars.n }}'}\n")
    spec = only("x.yaml", variables={"n": "3"})
    assert spec.job is not None
    assert spec.job.resources.instance_count == 3


def test_a_variable_need_only_be_declared_by_one_file() -> None:
    other = write("apiVersion: specrun/v1\nname: x\njob:\n  command: x\n")
    assert not load([other, "small.yaml"], variables={"steps": "2"}).diagnostics
    (found,) = load([other, "small.yaml"], variables={"stps": "2"}).diagnostics
    assert (found.code, str(found.location)) == ("unknown-override", "small.yaml:3:1")
    assert "steps" in found.detail


def test_an_undeclared_variable_where_there_are_no_vars() -> None:
    other = write("apiVersion: specrun/v1\nname: x\njob:\n  command: x\n")
    (found,) = load([other], variables={"n": "2"}).diagnostics
    assert (found.code, str(found.location)) == ("unknown-override", "x.yaml:1:1")


def test_the_digest_follows_what_is_given() -> None:
    assert only("small.yaml").digest != only("small.yaml", variables={"steps": "2"}).digest
    assert only("small.yaml").digest == only("small.yaml", variables={"steps": "1"}).digest


def test_input_replaces_an_input_by_a_path_from_here(folder: Path) -> None:
    (folder / "elsewhere.csv").touch()
    for path, kind in (("data", "uri_folder"), ("elsewhere.csv", "uri_file")):
        spec = only("job.yaml", inputs={"mnist": path})
        assert spec.job is not None
        found = spec.job.inputs["mnist"]
        assert (found.name, found.type, found.mode) == ("mnist", kind, Input("mnist").mode)
        assert found.data is not None
        assert (found.data.source, found.data.of_input) == (LocalPath(folder / path), True)


def test_input_starts_at_the_working_directory_not_at_the_spec(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "here" / "local").mkdir(parents=True)
    monkeypatch.chdir(folder / "here")
    spec = only("../job.yaml", inputs={"mnist": "local"})
    assert spec.job is not None
    data = spec.job.inputs["mnist"].data
    assert data is not None
    assert data.source == LocalPath(folder / "here" / "local")


def test_an_input_that_is_not_there_or_not_declared() -> None:
    (missing,) = load(["job.yaml"], inputs={"mnist": "nowhere"}).diagnostics
    assert (missing.code, missing.location.line) == ("missing-input", 42)
    (unknown,) = load(["job.yaml"], inputs={"minst": "data"}).diagnostics
    assert (unknown.code, unknown.location.line) == ("unknown-override", 41)
    assert "mnist" in unknown.detail


def test_an_input_with_a_nul_byte() -> None:
    (found,) = load(["job.yaml"], inputs={"mnist": "a\0b"}).diagnostics
    assert found.code == "invalid-path"


@pytest.mark.parametrize(
    ("name", "text", "built"),
    [
        ("current", None, None),
        ("requirements.txt", "# all\nnumpy\n\n torch>=2 # why\n", Environment(pip=("numpy", "torch>=2"))),
        ("conda.yml", "dependencies: []\n", Environment(conda_file=LocalPath(Path("HERE/conda.yml")))),
    ],
)
def test_environment_replaces_the_jobs(folder: Path, name: str, text: str | None, built: Environment | None) -> None:
    if text is not None:
        write(text, name)
    spec = only("job.yaml", environment=name)
    assert spec.job is not None
    found = spec.job.environment
    if found is not None and found.conda_file is not None:
        found = Environment(conda_file=LocalPath("HERE" / found.conda_file.absolute.relative_to(folder)))
    assert found == built


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (None, ["env.txt:1:1"]),
        ("", ["env.txt:1:1"]),
        ("numpy\n  -r more.txt\nx=1\n", ["env.txt:2:3", "env.txt:3:1"]),
    ],
)
def test_an_environment_file_that_cannot_be_used(text: str | None, places: list[str]) -> None:
    if text is not None:
        write(text, "env.txt")
    loaded = load(["job.yaml"], environment="env.txt")
    assert [str(d.location) for d in loaded.diagnostics] == places
    assert {d.code for d in loaded.diagnostics} == {"invalid-environment-file"}
    assert loaded.specs == ()


def test_a_literal_credential_shows_nowhere() -> None:
    canary = "c2VjcmV0LWNhbmFyeQ=="
    lines = EXAMPLE.replace("${{ secrets.TRAINING_STORE_KEY }}", f'"{canary}"')
    flow = "  other: {type: azure_blob, account_name: NO, container_name: x, credentials: {sas_token: KEY}, y: 1}\n"
    file = write(lines.replace("\ndata:\n", flow.replace("KEY", canary) + "\ndata:\n", 1))
    diagnostics = load([file]).diagnostics
    assert "literal-credential" in {d.code for d in diagnostics}
    for found in diagnostics:
        assert canary not in json.dumps([found.summary, found.detail, found.location.text, list(map(str, found.path))])


def test_a_credential_of_several_lines_shows_nowhere() -> None:
    block = "|\n        first-line-canary\n        second-line-canary ${{ env.NEVER_SET_ANYWHERE }}"
    file = write(EXAMPLE.replace("${{ secrets.TRAINING_STORE_KEY }}", block))
    diagnostics = load([file]).diagnostics
    assert "literal-credential" in {d.code for d in diagnostics}
    assert "canary" not in repr(diagnostics)


def test_a_credential_that_is_a_number_shows_nowhere() -> None:
    text = "compute:\n  name: cpu\n  size: STANDARD_D4DS_V5\n  max_instances: 1\n  ssh_settings:\n"
    text += "    admin_username: me\n    admin_password: 8675309\n"
    diagnostics = load([write("apiVersion: specrun/v1\nname: x\n" + text)]).diagnostics
    assert diagnostics
    assert "8675309" not in repr(diagnostics)


def test_today_is_an_iso_date() -> None:
    assert len(loading._today()) == 10


def parents(values: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a tree."""
    items = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for key, value in items:
        yield values, key
        yield from parents(value)


@pytest.mark.parametrize("wrong", [None, [], {}, "", "x", 0, -1, True, 0.5, [[None]], {"a": None}, "${{ env.X", "a\0b"])
def test_no_rule_crashes_on_what_the_schema_refuses(wrong: Any) -> None:
    document, _ = source.read("job.yaml")
    assert document is not None
    values = copy.deepcopy(document.values)
    values["job"]["environment"]["build"] = {"path": "x", "dockerfile_path": "y"}
    values["job"]["arguments"] = {"--x": [1]}
    places = list(parents(values))
    assert len(places) > 60
    for container, key in places:
        before = container[key]
        container[key] = copy.deepcopy(wrong)
        rules.check(Subject(document, values, "azureml", "", Files(), "2026-11-23"))
        container[key] = before


def test_a_credential_in_place_of_the_credentials_shows_nowhere() -> None:
    canary = "c2VjcmV0LWNhbmFyeQ=="
    store = "datastores: {s: {type: azure_blob, account_name: abc, container_name: abc, KEY: VALUE}}\n"
    for key in ("credentials", "credential", "account_key", "sas_token"):
        text = "apiVersion: specrun/v1\nname: x\n" + store.replace("KEY", key).replace("VALUE", canary)
        (found,) = load([write(text)]).diagnostics
        assert canary not in json.dumps([found.summary, found.detail, found.location.text])
    for line in (f"{{s: {{credentials: {{account_key={canary}}}}}}}", f"\n  account_key {canary}\n  x: 1"):
        for found in load([write(f"apiVersion: specrun/v1\nname: x\ndatastores: {line}\n")]).diagnostics:
            assert canary not in json.dumps([found.summary, found.detail, found.location.text])


def test_a_mistake_in_a_base_is_one_of_so_many_specs(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("apiVersion: specrun/v1\nabstract: true\ncompute: {name: gpu, vm_size: big}\n")
    files = [tmp_path / f"{number}.yaml" for number in range(5)]
    for number, file in enumerate(files):
        file.write_text(f"apiVersion: specrun/v1\nname: s{number}\nextends: base.yaml\njob: {{command: ls}}\n")
    (found,) = load([str(file) for file in files]).diagnostics
    assert (found.code, Path(found.location.file).name, found.specs) == ("unknown-key", "base.yaml", 5)
    parts = [load([str(file) for file in some]) for some in (files[:2], files[2:])]
    assert [one.specs for one in together(parts, [str(file) for file in files]).diagnostics] == [5]


def test_what_two_entries_of_a_spec_contradict_each_other_in_is_shown_of_both(tmp_path: Path) -> None:
    """Nothing that is hidden at the one place shows at the other."""
    job = tmp_path / "job.yaml"
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "x").write_text("1")
    job.write_text(
        "apiVersion: specrun/v1\nname: n\ndata: {a: {path: d, target: t}, b: {path: d, target: t}}\n"
        "datastores: {s: {type: azure_blob, account_name: abc, container_name: def, "
        "credentials: {account_key: K3y+sEcret}}}\n"
    )
    found = {one.code: one for one in load([str(job)]).diagnostics}
    (other,) = found["duplicate-target"].others
    assert (other.line, other.column, other.text.startswith("data: {a:")) == (3, 8, True)
    flow = job.read_text().replace("\ndatastores", ", datastores").replace("name: n\ndata", "name: n, data")
    job.write_text("{" + flow.replace("\nname", ", name").strip() + "}\n")
    found = {one.code: one for one in load([str(job)]).diagnostics}
    assert "K3y+sEcret" not in str(found["duplicate-target"])
