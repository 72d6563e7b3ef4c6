"""Specs by the thousand: generated, all different, about 90 lines each; valid, or with mistakes at known lines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

PER_FOLDER = 10
"""Specs that share a folder, its code and its data, as those of one team do."""

CLUSTERS = 20
"""Clusters that the specs of a repository share."""

ENVIRONMENT = {
    "AZURE_SUBSCRIPTION_ID": "01234567-89ab-cdef-0123-456789abcdef",
    "TRAINING_STORE_KEY": "not-a-key",
}
"""What the specs take from the environment."""

_COMMENTS = ("what the March report used", "ask the platform team for more", "as in the paper", "checked by hand")
_WORDS = ("mnist", "faces", "roads", "tides", "birds", "maps", "speech", "grain", "solar", "cells")
_CPU_SIZES = ("STANDARD_DS3_V2", "STANDARD_D4S_V3", "STANDARD_F8S_V2")
_GPU_SIZES = ("STANDARD_NC4AS_T4_V3", "STANDARD_NC8AS_T4_V3", "STANDARD_NC16AS_T4_V3")

_MISTAKES = (
    ("  description:", "  descripton:"),
    ("  min_instances: ", "  min_instances: 9"),
    ("  size:", "  vm_size:"),
    ("  tier: low_priority", "  tier: lowpriority"),
    ("  idle_time_before_scale_down: ", "  idle_time_before_scale_down: soon #"),
    ("  location:", "  locaton:"),
    ("experiment:", "experiment_name:"),
    ("    account_name: ", "    account_name: No Such Name "),
    ("    target: ", "    targets: "),
    ("    instance_count: ", "    instance_count: many #"),
    ("    worker_count: ", "    worker_count: -"),
    ("    timeout: ", "    timeout: 2h #"),
    ("  display_name: ", "  display-name: "),
)
"""How a line begins, and how it begins once it is wrong: misspelt keys, names of older SDKs, wrong types, min > max."""


@dataclass(frozen=True, slots=True)
class Mistaken:
    """A spec with mistakes and the lines (from 1) on which they stand."""

    text: str
    lines: tuple[int, ...]


def write_specs(folder: Path, count: int, *, wrong_every: int = 0) -> list[str]:
    """Write specs with the code and the data that they name; their paths. Every `wrong_every`th has mistakes."""
    files = []
    for number in range(count):
        team = folder / f"team-{number // PER_FOLDER:03}"
        if number % PER_FOLDER == 0:
            _write_team(team)
        wrong = wrong_every and number % wrong_every == 0
        file = team / f"job-{number:04}.yaml"
        file.write_text(mistaken_spec(number).text if wrong else valid_spec(number), encoding="utf-8")
        files.append(str(file))
    return files


def valid_spec(number: int) -> str:
    """The text of a spec in which nothing is wrong."""
    return _Writer(number).text()


def write_repository(folder: Path, count: int, *, layered: bool = False) -> list[str]:
    """Write specs of about 90 lines that share CLUSTERS clusters in two workspaces; their paths.

    `layered`: what they share stands in a base for each cluster, and not in each of them.
    """
    bases = folder / "bases"
    if layered:
        bases.mkdir(parents=True)
        for cluster in range(min(CLUSTERS, count)):
            (bases / f"cluster-{cluster:02}.yaml").write_text(_SharedWriter(cluster).base(), encoding="utf-8")
    files = []
    for number in range(count):
        team = folder / f"team-{number // PER_FOLDER:03}"
        if number % PER_FOLDER == 0:
            _write_team(team)
        file = team / f"job-{number:04}.yaml"
        writer = _SharedWriter(number)
        file.write_text(writer.rest() if layered else writer.text(), encoding="utf-8")
        files.append(str(file))
    return files


def mistaken_spec(number: int) -> Mistaken:
    """The same spec with one or two mistakes."""
    lines = valid_spec(number).splitlines()
    random = Random(-number - 1)
    at: list[int] = []
    for right, wrong in random.sample(_MISTAKES, len(_MISTAKES)):
        found = next((index for index, line in enumerate(lines) if line.startswith(right)), None)
        if found is not None:
            lines[found] = wrong + lines[found].removeprefix(right)
            at.append(found + 1)
        if len(at) == 1 + number % 2:
            break
    return Mistaken("\n".join(lines) + "\n", tuple(sorted(at)))


def _write_team(folder: Path) -> None:
    (folder / "src" / "model").mkdir(parents=True)
    for name in ("train.py", "evaluate.py", "model/__init__.py", "model/layers.py"):
        (folder / "src" / name).write_text("import sys\n")
    for name in ("train", "test"):
        (folder / "data" / name).mkdir(parents=True)
        (folder / "data" / name / "part-0.csv").write_text("1,2,3\n")


class _Writer:
    """Writes spec `number` section by section, each with a form that is chosen at random, the same every time."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._random = Random(number)
        self._word = self._random.choice(_WORDS)
        self._gpu = self._random.random() < 0.5
        self._nodes = self._random.randint(2, 8)

    @property
    def machines(self) -> tuple[bool, int]:
        """Whether the machines have GPUs, and how many there are at most."""
        return self._gpu, self._nodes

    def text(self) -> str:
        return _text(self._head(), *self._shared(), *self._own())

    def _shared(self) -> list[list[str]]:
        return [self._workspace(), self._compute(), self._datastores()]

    def _own(self) -> list[list[str]]:
        return [self._data(), [f"experiment: {self._word}-{self._number % 17}"], self._job()]

    def _comment(self) -> str:
        return f"   # {self._random.choice(_COMMENTS)}" if self._random.random() < 0.2 else ""

    def _head(self) -> list[str]:
        return [
            "# yaml-language-server: $schema=specrun.v1.schema.json",
            "#",
            f"# Experiment {self._number} on {self._word}: {self._random.choice(_COMMENTS)}.",
            "",
            "apiVersion: specrun/v1",
            f"name: {self._word}-{self._number:04}",
            f"engine: {self._random.choice(('azureml', 'azureml', 'azureml-v1'))}",
            "",
            "vars:",
            f"  steps: {self._random.randint(100, 90000)}{self._comment()}",
            f"  learning_rate: {self._random.randint(1, 99) / 1000}",
        ]

    def _workspace(self) -> list[str]:
        return [
            "workspace:",
            f"  name: ml-ws-{self._number % 5}",
            f"  resource_group: rg-{self._word}",
            "  subscription_id: ${{ env.AZURE_SUBSCRIPTION_ID }}",
            f"  location: {self._random.choice(('westeurope', 'northeurope', 'eastus'))}{self._comment()}",
            f"  create: {self._random.choice(('true', 'false'))}",
        ]

    def _compute(self) -> list[str]:
        sizes = _GPU_SIZES if self._gpu else _CPU_SIZES
        lines = [
            "compute:",
            f"  name: {self._word}-cluster{self._comment()}",
            "  type: amlcompute",
            f"  description: Machines for {self._word}, and for whoever asks",
            f"  size: {self._random.choice(sizes)}",
            f"  tier: {self._random.choice(('low_priority', 'dedicated'))}{self._comment()}",
            f"  min_instances: {self._random.randint(0, 1)}",
            f"  max_instances: {self._nodes}{self._comment()}",
            f"  idle_time_before_scale_down: {self._random.randrange(60, 1800, 60)}",
        ]
        if self._random.random() < 0.7:
            lines += ["  network_settings:", f"    vnet_name: vnet-{self._number % 7}", "    subnet: training"]
        if self._random.random() < 0.3:
            lines += ["  identity:", "    type: system_assigned"]
        return [*lines, f"  tags: {{team: {self._word}, cost_center: '{self._random.randint(100, 999)}'}}"]

    def _datastores(self) -> list[str]:
        file_share = self._random.random() < 0.3
        lines = [
            "datastores:",
            "  training:",
            "    type: azure_blob",
            f"    account_name: store{self._number}{self._comment()}",
            f"    container_name: {self._word}",
            "    credentials:",
            "      account_key: ${{ secrets.TRAINING_STORE_KEY }}",
        ]
        if file_share:
            lines += [
                "  shared:",
                "    type: azure_file",
                f"    account_name: share{self._number}",
                "    file_share_name: everyone",
            ]
        return lines

    def _data(self) -> list[str]:
        lines = ["data:"]
        for name in ("train", "test"):
            lines += [
                f"  {name}:",
                f"    path: data/{name}",
                "    datastore: training",
                f"    target: datasets/{self._word}/{self._number}/{name}{self._comment()}",
            ]
        return lines

    def _job(self) -> list[str]:
        return [
            "job:",
            f"  display_name: {self._word} with {self._nodes} machines",
            *(["  description: The baseline that all others are compared with"] * (self._random.random() < 0.5)),
            "  code: src",
            *self._command(),
            "  inputs:",
            "    train: {data: train, mode: ro_mount}",
            "    test:",
            "      data: test",
            f"      mode: {self._random.choice(('download', 'mount'))}{self._comment()}",
            f"    seed: {self._random.randint(0, 99)}",
            "  outputs:",
            "    model: {}",
            *self._environment(),
            "  environment_variables:",
            '    TF_CPP_MIN_LOG_LEVEL: "2"',
            f"    RUN_LABEL: {self._word} number {self._number}",
            *self._distribution(),
            "  limits:",
            f"    timeout: {self._random.randrange(600, 90000, 60)}{self._comment()}",
            "  tags:",
            f"    team: {self._word}",
        ]

    def _command(self) -> list[str]:
        flags = {
            "--train": "${{ inputs.train }}",
            "--test": "${{ inputs.test }}",
            "--seed": "${{ inputs.seed }}",
            "--steps": "${{ vars.steps }}",
            "--learning-rate": "${{ vars.learning_rate }}",
            "--model-dir": "${{ outputs.model }}",
        }
        if self._random.random() < 0.5:
            given = [f"    {name}: {value}" for name, value in flags.items()]
            return ["  script: train.py", "  arguments:", *given, f"    --verbose: true{self._comment()}"]
        return ["  command: >-", "    python train.py", *(f"    {name} {value}" for name, value in flags.items())]

    def _environment(self) -> list[str]:
        packages = self._random.sample(("numpy<3", "pandas", "scikit-learn", "pillow>=10", "tqdm"), 3)
        if self._random.random() < 0.3:
            packages = ["tensorflow>=2.16,<3"]
        return ["  environment:", "    pip:", *(f"      - {package}" for package in packages)]

    def _distribution(self) -> list[str]:
        workers = self._random.randint(1, self._nodes)
        lines = ["  distribution:"]
        kind = self._random.choice(("tensorflow", "tensorflow", "pytorch", "mpi"))
        if kind == "tensorflow":
            lines += [
                "    type: tensorflow",
                f"    parameter_server_count: 1{self._comment()}",
                f"    worker_count: {workers}",
            ]
        else:
            lines += [f"    type: {kind}", "    process_count_per_instance: 1"]
        return [
            *lines,
            "  resources:",
            f"    instance_count: {workers}{self._comment()}",
            f"    gpu: {'true' if self._gpu else 'false'}",
        ]


class _SharedWriter(_Writer):
    """Writes specs in which a cluster, its workspace and its datastores are the same for all that use it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._cluster = number % CLUSTERS
        self._gpu, self._nodes = _Writer(self._cluster).machines

    def base(self) -> str:
        """What all specs of a cluster share."""
        return _text(["apiVersion: specrun/v1", "abstract: true"], *self._shared())

    def rest(self) -> str:
        """What a spec adds to its base."""
        return _text([*self._head(), f"extends: ../bases/cluster-{self._cluster:02}.yaml"], *self._own())

    def _shared(self) -> list[list[str]]:
        writer = _Writer(self._cluster)
        workspace = [*writer._workspace()[:1], f"  name: ml-ws-{self._cluster % 2}", *_fixed(self._cluster % 2)]
        compute = ["compute:", f"  name: cluster-{self._cluster:02}", *writer._compute()[2:]]
        return [workspace, compute, _Writer(0)._datastores()]  # which is one thing on this machine

    def _distribution(self) -> list[str]:
        return [line.replace("mpi", "pytorch") for line in super()._distribution()]  # this machine runs no other


def _fixed(workspace: int) -> list[str]:
    return [
        f"  resource_group: rg-{workspace}",
        "  subscription_id: ${{ env.AZURE_SUBSCRIPTION_ID }}",
        "  location: westeurope",
        "  create: true",
    ]


def _text(*sections: list[str]) -> str:
    return "\n".join(line for section in sections for line in [*section, ""])
