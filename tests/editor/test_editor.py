"""What an editor makes of the published schema: yaml-language-server offers values, keys and words about them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from release.schemastore import SCHEMAS, write
from specrun.spec import source
from tests.editor.language_server import FOLDER, LanguageServer, Unavailable

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def editor() -> Iterator[LanguageServer]:
    try:
        with LanguageServer() as server:
            yield server
    except Unavailable as problem:
        pytest.skip(str(problem))


HEAD = "apiVersion: specrun/v1\nname: t\n"
JOB = HEAD + "job:\n  command: x\n"


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        (HEAD + "engine: ▮\njob:\n  command: x\n", ["local", "azureml", "azureml-v1"]),
        (HEAD + "engine: a▮\njob:\n  command: x\n", ["local", "azureml", "azureml-v1"]),
        (HEAD + "compute:\n  name: gpu\n  tier: ▮\n", ["dedicated", "low_priority"]),
        (HEAD + "compute:\n  name: gpu\n  type: ▮\n", ["amlcompute"]),
        (HEAD + "compute:\n  name: gpu\n  identity:\n    type: ▮\n", ["system_assigned", "user_assigned"]),
        (HEAD + "datastores:\n  s:\n    type: ▮\n", ["azure_blob", "azure_file", "azure_data_lake_gen2"]),
        (HEAD + "data:\n  d:\n    path: x\n    source: ▮\n", ["optional"]),
        (JOB + "  distribution:\n    type: ▮\n", ["tensorflow", "pytorch", "mpi"]),
        (JOB + "  resources:\n    gpu: ▮\n", ["true", "false"]),
        (JOB + "  queue_settings:\n    job_tier: ▮\n", ["spot", "basic", "standard", "premium"]),
        (JOB + "  queue_settings:\n    priority: ▮\n", ["low", "medium", "high"]),
        (JOB + "  services:\n    s:\n      type: ▮\n", ["ssh", "jupyter_lab", "tensor_board", "vs_code"]),
        (JOB + "  services:\n    s:\n      type: ssh\n      nodes: ▮\n", ["all"]),
        (JOB + "  inputs:\n    i:\n      data: d\n      mode: ▮\n", ["ro_mount", "mount", "download"]),
        (JOB + "  inputs:\n    i:\n      path: p\n      type: ▮\n", ["uri_folder", "uri_file"]),
        (JOB + "  outputs:\n    o:\n      mode: ▮\n", ["rw_mount", "upload"]),
        (JOB + "  identity:\n    type: ▮\n", ["user_identity", "managed", "aml_token"]),
        (JOB + "  environment:\n    framework: ▮\n", ["tensorflow"]),
        (JOB + "sweep:\n  sampling_algorithm: ▮\n", ["grid", "random", "bayesian"]),
        (JOB + "sweep:\n  rule: ▮\n", ["random", "sobol"]),
        (JOB + "sweep:\n  objective:\n    goal: ▮\n", ["minimize", "maximize"]),
        (JOB + "sweep:\n  early_termination:\n    type: ▮\n", ["bandit", "median_stopping", "truncation_selection"]),
    ],
)
def test_every_value_of_an_enum_is_offered(editor: LanguageServer, text: str, offered: list[str]) -> None:
    assert sorted(editor.completions(text)) == sorted(offered)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (HEAD + "▮", {"vars": "vars:\n  steps: 200", "experiment": "experiment: ${1:mnist}"}),
        (HEAD + "job:\n  ▮", {"a command": "code: src\ncommand: python train.py", "script": "script: ${1:train.py}"}),
        (HEAD + "job:\n  ▮", {"outputs": "outputs:\n  model: {}", "tags": "tags:\n  team: vision"}),
        (HEAD + "compute: ▮\n", {"a cluster that exists": "gpu-cluster"}),
        (JOB + "  distribution:\n    ▮", {"PyTorch": "type: pytorch\nprocess_count_per_instance: 4"}),
        (JOB + "sweep:\n  limits:\n    ▮", {"20 trials, 4 at once": "max_total_trials: 20\nmax_concurrent_trials: 4"}),
        (
            JOB + "sweep:\n  search_space:\n    lr:\n      ▮",
            {"a few values": "type: choice\nvalues:\n  - 32\n  - 64", "type": "type: ${1:uniform}"},
        ),
        (
            JOB + "sweep:\n  search_space:\n    lr:\n      type: uniform\n      ▮",
            {"min_value": "min_value: ${1:0.1}", "max_value": "max_value: ${1:0.9}"},
        ),
        (JOB + "  environment:\n    ▮", {"packages": "pip:\n  - tensorflow", "a Dockerfile": "build:\n  path: docker"}),
        (HEAD + "workspace:\n  ▮", {"a config.json from the portal": "from_config: config.json"}),
        (
            HEAD + "workspace:\n  ▮",  # an editor takes ${…} for a place of its own unless the dollar sign is escaped
            {
                "its coordinates": "name: ml-ws\nresource_group: ml-rg\n"
                "subscription_id: \\${{ env.AZURE_SUBSCRIPTION_ID }}"
            },
        ),
    ],
)
def test_keys_come_with_what_stands_there(editor: LanguageServer, text: str, written: dict[str, str]) -> None:
    found = editor.completions(text)
    assert {label: found[label] for label in written} == written
    assert "[object Object]" not in found


@pytest.mark.parametrize(
    ("text", "title", "words"),
    [
        (HEAD + "eng▮ine: local\n", "Engine", "Who runs the spec"),
        (HEAD + "compute:\n  name: gpu\n  ti▮er: dedicated\n", "Priority", "since 31 March 2026 Spot machines"),
        (HEAD + "datastores:\n  s:\n    ty▮pe: azure_file\n", "Kind of datastore", "azure_blob"),
        (HEAD + "datastores:\n  s:\n    account▮_name: mlstore\n", "Storage account", "without .blob.core"),
        (HEAD + "data:\n  d▮: {path: x}\n", "Data entry", "mirrored to a datastore"),
        (JOB + "  distribution:\n    type: tensor▮flow\n", "Kind of distribution", "TF_CONFIG"),
        (JOB + "  distribution:\n    type: tensorflow\n    work▮er_count: 2\n", "Workers", "one for each instance"),
        (JOB + "  distribution:\n    work▮er_count: 2\n", "Workers", "one for each instance"),
        (JOB + "  resources: {g▮pu: true}\n", "GPU", "Whether the job uses GPUs"),
        (JOB + "  resources: {g▮pu: '${{ vars.gpu }}'}\n", "GPU", "Whether the job uses GPUs"),
        (JOB + "  inputs: {i: {mo▮de: download, data: d}}\n", "Mode", "read from the store"),
        (HEAD + "job:\n  com▮mand: x\n", "Command line", "run by bash in the code folder"),
        (JOB + "sweep: {se▮ed: 1}\n", "Seed", "draws the same ones again"),
        (JOB + "sweep: {search_space: {lr: {type: loguniform, min▮_value: 1}}}\n", "Least value", "the logarithm of"),
        (
            JOB + "sweep: {limits: {max_failed▮_trials: 1}}\n",
            "Most trials that may fail",
            "with one more the sweep ends",
        ),
    ],
)
def test_a_hover_says_what_a_key_is_for(editor: LanguageServer, text: str, title: str, words: str) -> None:
    said = editor.hover(text).replace("\\", "")
    assert said.startswith(f"#### {title}\n")
    assert words in said


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        (JOB + "  resources: {gpu: '${{ vars.gpu }}', instance_count: '${{ vars.n }}'}\n", []),
        (JOB + "  distribution: {type: '${{ vars.kind }}', worker_count: 2}\nengine: ${{ env.ENGINE }}\n", []),
        (HEAD + "engine: aml\n", ['3: Value is not accepted. Valid values: "local", "azureml", "azureml-v1".']),
        (JOB + "  resources: {gpu: maybe}\n", ['5: Incorrect type. Expected "boolean".']),
        (
            JOB + "sweep: {search_space: {a: {type: choice, min_value: 1}, b: {type: uniform, min_value: a}}}\n",
            ['5: Incorrect type. Expected "number".', "5: Property min_value is not allowed."],
        ),
        (
            JOB + "sweep: {early_termination: {type: truncation_selection, truncation_percentage: 100}}\n",
            ["5: Value is above the maximum of 99."],
        ),
        (
            JOB + "sweep: {search_space: {'1 a': {type: '${{ vars.kind }}', values: [1]}}}\n",
            ["5: 1 to 255 letters, digits, hyphens and underscores, the first a letter or an underscore"],
        ),
        (JOB + "  resources: {shm_size: x}\n", ["5: a whole number and one of b, k, m, g, like 8g"]),
    ],
)
def test_what_is_underlined(editor: LanguageServer, text: str, messages: list[str]) -> None:
    assert [said for said in editor.diagnostics(text) if "Missing property" not in said] == messages


def test_schemastore_compiles_its_copies_and_tests_them(editor: LanguageServer, tmp_path: Path) -> None:
    write(tmp_path)
    for name in SCHEMAS:
        for kind in ("test", "negative_test"):
            read = (source.read(str(file))[0] for file in sorted((tmp_path / "src" / kind / name).iterdir()))
            values = {Path(one.file).name: one.values for one in read if one is not None}
            (tmp_path / f"{kind}-{name}.json").write_text(json.dumps(values))
    node = shutil.which("node")
    assert node is not None
    done = subprocess.run(
        [node, str(FOLDER / "schemastore.js"), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
