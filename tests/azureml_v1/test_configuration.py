"""A spec's job as SDK v1's run configuration. Nothing here asks the network."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specrun.engines.azure import images
from specrun.engines.azureml_v1.command import start_of
from specrun.engines.azureml_v1.configuration import configure
from specrun.engines.base import EngineError
from specrun.spec.load import load
from specrun.spec.model import SecretUnset, Spec
from tests.azure_engines.launching import copied, planned
from tests.searching import Search

FINGERPRINT = "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AZURE_CONFIG_DIR", str(tmp_path / "home" / "azure"))


def spec_of(folder: Path, job: str, top: str = "") -> Spec:
    (folder / "src").mkdir(exist_ok=True)
    (folder / "src" / "train.py").write_text("print('hello')\n")
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "a b.csv").write_text("1\n")
    text = f"apiVersion: specrun/v1\nname: digits\ncompute: cpu-cluster\n{top}job:\n  code: src\n{job}"
    (folder / "job.yaml").write_text(text)
    loaded = load([str(folder / "job.yaml")], engine="azureml-v1")
    assert loaded.ok, loaded.diagnostics
    return loaded.specs[0]


def configured(spec: Spec) -> Any:
    submission = replace(planned(spec), fingerprint=FINGERPRINT)
    staged = copied(submission, spec.file.parent / "staged")
    return configure(submission, staged, None, "workspaceblobstore").run_config


def command_of(spec: Spec) -> str:
    assert spec.job is not None
    return start_of(spec.job).command


def in_bash(command: str, **variables: str) -> list[str]:
    """The words that bash makes of a command's arguments."""
    shown = f'python() {{ printf "%s\\0" "$@"; }}\n{command}'
    with tempfile.TemporaryDirectory() as folder:  # the command makes the folders of its outputs
        done = subprocess.run(
            ["bash", "-c", shown],
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", **variables},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\0")[:-1]


INPUTS = """  inputs:
    digits: {path: data}
    rate: 0.1
    title: it's $HOME "now"
    fast: true
"""


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("${{ inputs.digits }}", "/mnt/a b"),
        ('"${{ inputs.digits }}"', "/mnt/a b"),
        ("'${{ inputs.digits }}'", "/mnt/a b"),
        ("--data=${{inputs.digits}}/x", "--data=/mnt/a b/x"),
        ('"it\'s ${{ inputs.digits }}/x"', "it's /mnt/a b/x"),
        ("'\"'${{ inputs.digits }}", '"/mnt/a b'),
        ("\\'${{ inputs.digits }}", "'/mnt/a b"),
        ('"\\"${{ inputs.digits }}_2"', '"/mnt/a b_2'),
        ("${{ inputs.digits }}_2", "/mnt/a b_2"),
        ("${{ inputs.rate }}", "0.1"),
        ("${{ inputs.fast }}", "true"),
        ("${{ inputs.title }}", 'it\'s $HOME "now"'),
    ],
)
def test_a_reference_is_one_word_wherever_it_stands(tmp_path: Path, written: str, word: str) -> None:
    spec = spec_of(tmp_path, f"  command: |\n    python {written}\n{INPUTS}")
    command = command_of(spec)
    assert in_bash(command, AZUREML_DATAREFERENCE_digits="/mnt/a b") == [word]


def test_kept_outputs_are_there_before_the_command_and_stay_where_they_are(tmp_path: Path) -> None:
    job = "  command: cd / && python ${{ outputs.model }} ${{ outputs.logs }}\n  outputs: {model: {}, logs: {}}\n"
    config = configured(spec_of(tmp_path, job))
    assert config.script is None
    place = tmp_path / "a folder"
    place.mkdir()
    words = in_bash(f"cd '{place}'; {config.command}")
    assert words == [f"{place}/outputs/model", f"{place}/outputs/logs"]
    assert all(Path(word).is_dir() for word in words)


def test_an_output_on_a_datastore_is_the_same_folder_in_every_attempt(tmp_path: Path) -> None:
    outputs = "  outputs: {model: {path: azureml://datastores/training/paths/models/new}}\n"
    spec = spec_of(tmp_path, f"  command: python ${{{{ outputs.model }}}}\n{outputs}")
    told = []
    for attempt in (1, 2):
        submission = replace(planned(spec), fingerprint=FINGERPRINT, name=f"digits-{attempt}", attempt=attempt)
        staged = copied(submission, tmp_path / f"staged-{attempt}")
        config = configure(submission, staged, None, "workspaceblobstore").run_config
        told.append([(one.data_store_name, one.path_on_data_store) for one in config.data_references.values()])
    assert told == [[("training", "models/new")]] * 2


def test_an_output_on_a_datastore_is_there_too(tmp_path: Path) -> None:
    outputs = "  outputs: {model: {path: azureml://datastores/training/paths/models/new}}\n"
    config = configured(spec_of(tmp_path, f"  command: python ${{{{ outputs.model }}}}\n{outputs}"))
    place = tmp_path / "mounted" / "models" / "new"
    assert in_bash(config.command, AZUREML_DATAREFERENCE_model=str(place)) == [str(place)]
    assert place.is_dir()


def test_a_command_without_outputs_goes_as_it_is(tmp_path: Path) -> None:
    config = configured(spec_of(tmp_path, "  command: python train.py | tee $LOG\n"))
    assert config.command == "python train.py | tee $LOG"


def test_a_script_stays_a_script(tmp_path: Path) -> None:
    job = "  script: train.py\n  arguments: [--data, '${{ inputs.digits }}', --out, '${{ inputs.digits }}_x', a b]\n"
    config = configured(spec_of(tmp_path, job + "  inputs: {digits: {path: data}}\n"))
    assert (config.script, config.command) == ("train.py", "")
    variable = "AZUREML_DATAREFERENCE_digits"
    assert config.arguments == ["--data", f"${variable}", "--out", f"${{{variable}}}_x", "a b"]


@pytest.mark.parametrize("outputs", ["", "  outputs: {model: {}}\n"])
def test_a_script_becomes_a_command_where_only_bash_can_do_it(tmp_path: Path, outputs: str) -> None:
    arguments = "  arguments: [--price, $5, '--data=${{ inputs.digits }}/x', '', '${{ inputs.title }}']\n"
    config = configured(spec_of(tmp_path, f"  script: train.py\n{arguments}{INPUTS}{outputs}"))
    assert (config.script, config.arguments) == (None, [])
    words = in_bash(f"cd '{tmp_path}'; {config.command}", AZUREML_DATAREFERENCE_digits="/mnt/a b")
    assert words == ["train.py", "--price", "$5", "--data=/mnt/a b/x", "", 'it\'s $HOME "now"']


def test_data_references(tmp_path: Path) -> None:
    top = "data: {digits: {path: data, target: sets/digits}, other: {path: data, datastore: training}}\n"
    job = """  command: echo
  inputs:
    digits: {data: digits}
    other: {data: other, mode: download}
    one: {path: data/a b.csv, type: uri_file}
    all: {path: azureml://datastores/training/paths/, mode: mount}
    number: 3
  outputs:
    model: {path: azureml://datastores/training/paths/models}
    digits: {path: azureml://datastores/training/paths/out, mode: upload}
"""
    config = configured(spec_of(tmp_path, job, top))
    found = {
        name: (one.data_store_name, one.path_on_data_store, one.mode, one.overwrite)
        for name, one in config.data_references.items()
    }
    assert found == {
        "digits": ("workspaceblobstore", "sets/digits", "mount", False),
        "other": ("training", "other", "download", False),
        "one": ("workspaceblobstore", "inputs/digits/one/a b.csv", "mount", False),
        "all": ("training", None, "mount", False),
        "model": ("training", "models", "mount", False),
        "digits_out": ("training", "out", "upload", True),
    }


def test_an_output_on_a_datastore_is_found_under_the_name_of_its_reference(tmp_path: Path) -> None:
    job = """  command: python ${{ inputs.digits }} ${{ outputs.digits }}
  inputs: {digits: {path: data}}
  outputs: {digits: {path: azureml://datastores/training/paths/out}}
"""
    command = command_of(spec_of(tmp_path, job))
    assert in_bash(command, AZUREML_DATAREFERENCE_digits="in", AZUREML_DATAREFERENCE_digits_out="out") == ["in", "out"]


@pytest.mark.parametrize(
    ("distribution", "framework", "communicator", "counts"),
    [
        ("type: tensorflow, worker_count: 3, parameter_server_count: 1", "TensorFlow", "ParameterServer", (3, 1)),
        ("type: tensorflow", "TensorFlow", "ParameterServer", (2, 0)),
        ("type: mpi, process_count_per_instance: 4", "Python", "IntelMpi", (4, 2)),
        ("type: pytorch, process_count_per_instance: 4", "PyTorch", "nccl", (8, 2)),
    ],
)
def test_distributions(
    tmp_path: Path, distribution: str, framework: str, communicator: str, counts: tuple[int, int]
) -> None:
    job = f"  command: echo\n  resources: {{instance_count: 2}}\n  distribution: {{{distribution}}}\n"
    config = configured(spec_of(tmp_path, job))
    assert (config.framework, config.communicator, config.node_count) == (framework, communicator, 2)
    found = {
        "TensorFlow": (config.tensorflow.worker_count, config.tensorflow.parameter_server_count),
        "Python": (config.mpi.process_count_per_node, config.mpi.node_count),
        "PyTorch": (config.pytorch.process_count, config.pytorch.node_count),
    }
    assert found[framework] == counts


def test_what_else_a_job_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_TOKEN", "hush")
    job = """  command: echo
  environment_variables: {LEVEL: "2", HUB: "${{ secrets.HUB_TOKEN }}"}
  resources: {shm_size: 8g, docker_args: --ulimit memlock=-1}
  limits: {timeout: 600}
"""
    config = configured(spec_of(tmp_path, job))
    assert config.target == "cpu-cluster"
    assert config.max_run_duration_seconds == 600
    assert config.environment_variables == {"LEVEL": "2", "HUB": "hush", "SPECRUN_FINGERPRINT": FINGERPRINT}
    assert (config.docker.shm_size, config.docker.arguments) == ("8g", ["--ulimit", "memlock=-1"])


def test_a_secret_that_is_not_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_TOKEN", "hush")
    spec = spec_of(tmp_path, '  command: echo\n  environment_variables: {HUB: "${{ secrets.HUB_TOKEN }}"}\n')
    monkeypatch.delenv("HUB_TOKEN")
    with pytest.raises(SecretUnset, match="HUB_TOKEN"):
        configured(spec)


def environment_for(tmp_path: Path, environment: str, more: str = "", top: str = "") -> Any:
    return configured(spec_of(tmp_path, f"  command: echo\n{more}  environment: {environment}\n", top)).environment


def test_a_pip_list_stands_on_a_pinned_image_as_it_was_written(tmp_path: Path) -> None:
    marker = "numpy<3; python_version >= '3.9'"
    environment = environment_for(tmp_path, f'{{pip: ["{marker}", "torch>=2"]}}')
    assert environment.docker.base_image == images.CPU_IMAGE
    pip = [*environment.python.conda_dependencies.as_dict()["dependencies"]][-1]["pip"]
    assert pip == [marker, "torch>=2", "azureml-defaults"]
    assert not environment.python.user_managed_dependencies
    assert environment.environment_variables == {}


def test_what_a_list_names_and_hides_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEED_TOKEN", "hush/hush")
    (tmp_path / "base.txt").write_text("numpy  # for arrays\n--pre\n")
    address = "--index-url https://me:{}@example.org/simple"
    lines = [address.format("${{ secrets.FEED_TOKEN }}"), "-r base.txt"]
    environment = environment_for(tmp_path, f"{{pip: {lines}}}")
    pip = [*environment.python.conda_dependencies.as_dict()["dependencies"]][-1]["pip"]
    assert pip == [address.format("hush%2Fhush"), "numpy", "--pre", "azureml-defaults"]


def test_what_a_conda_file_names_is_sent_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "env.yml").write_text("dependencies:\n  - python=3.11\n  - pip: [-r base.txt, torch]\n")
    (tmp_path / "base.txt").write_text("numpy\n")
    environment = environment_for(tmp_path, "{conda_file: env.yml}")
    dependencies = environment.python.conda_dependencies.as_dict()["dependencies"]
    assert dependencies == ["python=3.11", {"pip": ["numpy", "torch"]}]


def test_a_pip_list_may_pin_what_azure_ml_needs(tmp_path: Path) -> None:
    environment = environment_for(tmp_path, '{pip: ["azureml-defaults==1.60.0"]}')
    pip = [*environment.python.conda_dependencies.as_dict()["dependencies"]][-1]["pip"]
    assert pip == ["azureml-defaults==1.60.0"]


def test_a_gpu_takes_another_image(tmp_path: Path) -> None:
    asked = environment_for(tmp_path, "{pip: [numpy]}", "  resources: {gpu: true}\n")
    assert asked.docker.base_image == images.GPU_IMAGE
    job = "  command: echo\n  environment: {pip: [numpy]}\n"
    spec = spec_of(tmp_path, job)
    top = spec.file.read_text().replace(
        "cpu-cluster", "{name: gpu-cluster, size: STANDARD_NC4AS_T4_V3, max_instances: 1}"
    )
    spec.file.write_text(top)
    sized = load([str(spec.file)], engine="azureml-v1").specs[0]
    assert configured(sized).environment.docker.base_image == images.GPU_IMAGE


def test_an_image_alone_brings_its_own_python(tmp_path: Path) -> None:
    environment = environment_for(tmp_path, "{image: example.org/train:1}")
    assert environment.docker.base_image == "example.org/train:1"
    assert environment.python.user_managed_dependencies


def test_an_image_may_be_the_base_of_a_conda_file(tmp_path: Path) -> None:
    (tmp_path / "env.yml").write_text("dependencies:\n  - python=3.11\n  - pip: [numpy]\n")
    environment = environment_for(tmp_path, "{image: example.org/train:1, conda_file: env.yml}")
    assert environment.docker.base_image == "example.org/train:1"
    assert environment.python.conda_dependencies.as_dict()["dependencies"] == ["python=3.11", {"pip": ["numpy"]}]


def test_a_conda_file_that_changes_after_the_plan_stays_as_it_was_planned(tmp_path: Path) -> None:
    file = tmp_path / "env.yml"
    file.write_text("dependencies: [six=1.16.0]\n")
    submission = planned(spec_of(tmp_path, "  command: echo\n  environment: {conda_file: env.yml}\n"))
    staged = copied(submission, tmp_path / "staged")
    file.write_text("dependencies: [six=1.17.0]\n")
    environment = configure(submission, staged, None, "workspaceblobstore").run_config.environment
    assert environment.python.conda_dependencies.as_dict()["dependencies"] == ["six=1.16.0"]


def test_no_environment_is_a_pinned_python(tmp_path: Path) -> None:
    environment = configured(spec_of(tmp_path, "  command: echo\n")).environment
    assert environment.docker.base_image == images.CPU_IMAGE
    assert environment.python.conda_dependencies.as_dict()["dependencies"] == [
        f"python={images.PYTHON}",
        {"pip": ["azureml-defaults"]},
    ]


def test_an_unknown_version_of_a_framework_names_those_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "azureml.train.dnn", raising=False)  # another test may have needed it
    with pytest.raises(EngineError, match=r"1\.10, 1\.12, 1\.13, 2\.0, 2\.1, 2\.2, 2\.3, and not 2\.16"):
        environment_for(tmp_path, '{framework: tensorflow, version: "2.16"}')
    assert "azureml.train.dnn" not in sys.modules


@pytest.mark.long
@pytest.mark.slow
def test_a_framework_goes_through_its_estimator(tmp_path: Path, search: Search) -> None:
    """In a process of its own: the estimator is only imported when a spec asks for it. That takes ten seconds; that
    what it makes is run is shown by the conformance suite each time.
    """
    if not search.whole:
        pytest.skip("only with -m long")
    spec_of(tmp_path, '  command: echo\n  environment: {framework: tensorflow, version: "2.3"}\n')
    code = """
import sys
from specrun.engines.azureml_v1.environments import FRAMEWORK_VERSIONS
from specrun.spec.load import load
from tests.azureml_v1.test_configuration import configured
spec = load([sys.argv[1]], engine="azureml-v1").specs[0]
assert "azureml.train.dnn" not in sys.modules
config = configured(spec)
from azureml.train.dnn import TensorFlow
assert tuple(TensorFlow.get_supported_versions()) == FRAMEWORK_VERSIONS
print(config.environment.docker.base_image)
print(config.environment.python.conda_dependencies.serialize_to_string())
print(config.target, config.node_count, config.command)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "job.yaml")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "tensorflow==2.3" in done.stdout
    assert done.stdout.splitlines()[-1] == "cpu-cluster 1 echo"


def test_services_are_endpoints_of_the_run(tmp_path: Path) -> None:
    from azureml.core._serialization_utils import _serialize_to_dict

    services = "{shell: {type: ssh, ssh_public_keys: AAAA}, board: {type: tensor_board, log_dir: runs}, lab: {type: "
    services += "jupyter_lab, port: 8888}}"
    sent = _serialize_to_dict(configured(spec_of(tmp_path, f"  command: echo\n  services: {services}\n")))
    assert sent["applicationEndpoints"] == {
        "shell": {"type": "SSH", "port": None, "properties": {"sshPublicKeys": "AAAA"}},
        "board": {"type": "TensorBoard", "port": None, "properties": {"logDir": "runs"}},
        "lab": {"type": "JupyterLab", "port": 8888, "properties": {}},
    }
